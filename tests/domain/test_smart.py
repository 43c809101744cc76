"""The SmaRT estimate: which services qualify, and the mean of the three cheapest."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.indicators import mean
from app.domain.methodology import SMART_RULE
from app.domain.quotes import Quote
from app.domain.smart import qualifies, sdg_status, smart_estimate
from app.domain.vocabulary import NetworkCoverage, ReceivingMethod, SdgStatus, TransferSpeed
from tests.domain.builders import description, quote

ACCOUNT = (ReceivingMethod.BANK_ACCOUNT,)


def paid(total: str, provider: str = "a", **changes: Any) -> Quote:  # noqa: ANN401 - whatever a case changes
    return quote("100", total, "0", total, provider=provider, **changes)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"is_transparent": False}, False),
        ({"transfer_speed": TransferSpeed.UNKNOWN}, False),
        ({"transfer_speed": TransferSpeed.THREE_TO_FIVE_DAYS}, True),
        ({"transfer_speed": TransferSpeed.SIX_DAYS_OR_MORE}, False),
        ({"network_coverage": NetworkCoverage.LOW}, False),
        ({"network_coverage": NetworkCoverage.MAIN_CITY}, False),
        ({"network_coverage": NetworkCoverage.URBAN}, False),
        ({"network_coverage": NetworkCoverage.RURAL}, False),
        ({"network_coverage": NetworkCoverage.UNKNOWN}, False),
        ({"network_coverage": NetworkCoverage.MAJOR_CITIES}, True),
        ({"network_coverage": NetworkCoverage.MEDIUM}, True),
        ({"network_coverage": NetworkCoverage.LOW, "receiving_methods": ACCOUNT}, True),
        ({"network_coverage": NetworkCoverage.UNKNOWN, "receiving_methods": (ReceivingMethod.MOBILE_WALLET,)}, True),
        ({"network_coverage": NetworkCoverage.UNKNOWN, "receiving_methods": (ReceivingMethod.CARD,)}, True),
        ({"network_coverage": NetworkCoverage.LOW, "receiving_methods": (ReceivingMethod.ATM,)}, False),
        ({"transfer_speed": TransferSpeed.UNKNOWN, "receiving_methods": ACCOUNT}, False),
    ],
)
def test_a_service_qualifies_by_transparency_speed_and_coverage(changes: dict[str, Any], *, expected: bool) -> None:
    assert qualifies(description(**changes)) is expected


def test_it_is_the_mean_of_the_three_cheapest() -> None:
    smart = smart_estimate([paid(total) for total in ("9", "4", "1", "2")])
    assert smart.percent == Fraction(7, 3)
    assert [q.published_total_percent for q in smart.members] == [Decimal(1), Decimal(2), Decimal(4)]


def test_what_does_not_qualify_does_not_count_however_cheap() -> None:
    slow = paid("0", transfer_speed=TransferSpeed.SIX_DAYS_OR_MORE)
    assert smart_estimate([slow, paid("5")]).percent == 5
    patient = replace(SMART_RULE, max_speed=TransferSpeed.SIX_DAYS_OR_MORE)
    assert smart_estimate([slow, paid("5")], patient).percent == Fraction(5, 2)


def test_without_a_qualifying_service_there_is_none() -> None:
    assert smart_estimate([paid("1", is_transparent=False)]).percent is None
    assert smart_estimate([]).members == ()


def test_one_service_of_each_provider_where_that_is_asked() -> None:
    rule = replace(SMART_RULE, one_per_provider=True)
    pool = [paid("1"), paid("2"), paid("3", "b"), paid("9", "c"), paid("10", "d")]
    assert smart_estimate(pool, rule).percent == Fraction(13, 3)
    assert smart_estimate(pool).percent == 2
    assert smart_estimate(pool, replace(SMART_RULE, services=1)).percent == 1


def test_members_of_equal_cost_are_chosen_by_provider() -> None:
    chosen = smart_estimate([paid("2", "d"), paid("2", "b"), paid("2", "c"), paid("2", "a")]).members
    assert [q.description.provider for q in chosen] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("percent", "status"),
    [
        (None, SdgStatus.UNKNOWN),
        (Fraction(299, 100), SdgStatus.WITHIN_TARGET),
        (Fraction(3), SdgStatus.WITHIN_CEILING),
        (Fraction(5), SdgStatus.WITHIN_CEILING),
        (Fraction(501, 100), SdgStatus.ABOVE_CEILING),
    ],
)
def test_the_status_is_of_the_corridors_smart(percent: Fraction | None, status: SdgStatus) -> None:
    assert sdg_status(percent) is status


@given(st.lists(st.integers(-500, 2000).map(lambda cents: str(Decimal(cents) / 100)), min_size=1, max_size=12))
def test_smart_is_at_most_the_average_of_the_same_pool(totals: list[str]) -> None:
    pool = [quote("100", "0", total, total) for total in totals]
    smart = smart_estimate(pool).percent
    average = mean([Fraction(total) for total in totals])
    assert smart is not None
    assert average is not None
    assert min(Fraction(total) for total in totals) <= smart <= average
