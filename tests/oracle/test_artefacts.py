"""Figures that only look cheap head no ranking: forgotten fees, margins never measured, margins of 0 unexplained."""

from fractions import Fraction
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.oracle.checking import Answer, parsed
from tests.oracle.conftest import Listed
from tests.oracle.figures import transparent
from tests.oracle.prices import is_tender
from tests.oracle.survey import Row, rounds

PERIODS = ["2011-Q1", "2011-Q3", "2012-Q1", "2012-Q3", "2013-Q1", "2013-Q2", "2013-Q3"]
SORTS = [f"{sign}{name}" for name in ("average", "median", "smart", "cheapest") for sign in ("", "-")]


@pytest.mark.parametrize("sort", SORTS)
def test_singapore_to_thailand_with_forgotten_fees_heads_no_ranking(sort: str, listed: Listed) -> None:
    corridors = listed("2013-Q3", sort)
    place = [one["id"] for one in corridors].index("SGP-THA")
    found = corridors[place]
    assert round(found["average_percent"], 2) == Fraction("1.37")
    assert round(found["average_recomputed_percent"], 2) == Fraction("5.60")
    assert found["comparable"] is False
    assert found["rank"] is None
    assert not any(one["comparable"] for one in corridors[place:])


@pytest.mark.parametrize(
    ("period", "sort"), [(period, "average") for period in PERIODS] + [("2013-Q3", sort) for sort in SORTS[1:]]
)
def test_no_corridor_from_russia_precedes_a_measured_one(period: str, sort: str, listed: Listed) -> None:
    corridors = listed(period, sort)
    russian = [place for place, one in enumerate(corridors) if one["id"].startswith("RUS-")]
    measured = [place for place, one in enumerate(corridors) if one["comparable"]]
    assert len(russian) == 13
    assert max(measured) < min(russian)
    assert {corridors[place]["rank"] for place in russian} == {None}


@pytest.mark.slow
def test_a_margin_of_zero_is_ranked_first_only_with_a_common_currency_or_a_caution(
    client: TestClient, shared_data: Path
) -> None:
    suspicious = {key: found for key, members in rounds(shared_data).items() if (found := zero_and_cheapest(members))}
    assert len(suspicious) == 359  # in 357 of them it is the first of the cheapest in the file's order
    first_without_reason = [
        f"{corridor} {period} {offer['provider']['id']}"
        for corridor, period in suspicious
        for offer in asked(client, corridor, period)["offers"]
        if offer["rank"] == 1 and offer["fx_margin_percent"] == 0 and not has_reason(offer, corridor)
        if offer["total_cost_percent"] == suspicious[corridor, period][0].first.total
    ]
    assert not first_without_reason


def zero_and_cheapest(members: tuple[Row, ...]) -> list[Row]:
    """The cheapest published rows, where one of them has margin 0 with both rates 1."""
    eligible = transparent(members)
    least = min(row.first.total for row in eligible)
    return [
        row
        for row in eligible
        if row.first.total == least and row.first.margin == 0 and row.first.rate == 1 and row.interbank == 1
    ]


def asked(client: TestClient, corridor: str, period: str) -> Answer:
    path = f"/v1/corridors/{corridor}/comparison"
    return parsed(client.get(path, params={"period": period, "limit": "500"}).text)


def has_reason(offer: Answer, corridor: str) -> bool:
    """One legal tender or par on both sides, a caution, or a margin that was measured to be 0."""
    if offer["fx_margin_status"] == "same_currency":
        currency = offer["fee"]["currency"]
        return is_tender(currency, corridor[:3]) and is_tender(currency, corridor[4:])
    return offer["fx_margin_status"] == "measured" or "receiver_converts_later" in offer["cautions"]
