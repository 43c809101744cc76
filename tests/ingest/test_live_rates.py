"""Rates of live quotes that cannot be are refused by what is known already, and end no price that can."""

from collections.abc import Iterable
from decimal import Decimal

import pytest
from sqlalchemy import Connection, Engine, select

from app.db import reading, writing
from app.domain.file_errors import SourceError
from app.domain.terms import PercentFee, RateBand, Terms
from app.domain.vocabulary import FeeMode
from app.ingest.report import Stored
from app.sources.source import LiveRecord
from app.store import rates
from app.store.quotes import is_current, quotes
from tests.store.live_records import arrive, at, live

ECB = ("ecb", "ecb", "European Central Bank", None, "EUR", None, None, None)
FIXED = (("2026-11-20", "GBP", "0.8726"), ("2026-11-20", "PHP", "69.266"))


def terms(*offered: str, declared: str | None = None) -> Terms:
    return Terms(
        fee_mode=FeeMode.ON_TOP,
        fee=PercentFee(Decimal(1)),
        rates=tuple(RateBand(Decimal(100 * nth), Decimal(rate)) for nth, rate in enumerate(offered)),
        declared_mid_market_rate=None if declared is None else Decimal(declared),
    )


def offering(*offered: str, key: str = "a", hours: float = 0, declared: str | None = None) -> LiveRecord:
    return live(key, hours, terms=terms(*offered, declared=declared))


def fix(connection: Connection, fixings: Iterable[tuple[str, str, str]] = FIXED) -> None:
    """Store what the ECB fixed: on 20 November a pound is 79.379 pesos."""
    rates.add_institutions(connection, [ECB], dataset_version=1)
    records = [("ecb", day, "EUR", currency, value) for day, currency, value in fixings]
    rates.append(connection, records, import_id=1, dataset_version=1, recorded_at=at(0))


def standing(connection: Connection) -> dict[bytes, str]:
    """Return the flags of the quotes that are current, by id."""
    return {
        row.id.bytes: row.flags for row in connection.execute(select(quotes.c.id, quotes.c.flags).where(is_current()))
    }


def arrived(engine: Engine, *answers: list[LiveRecord], is_fixed: bool = True) -> tuple[Stored, dict[bytes, str]]:
    """Let answers arrive one after the other; return what became of the last one, and what is current then."""
    with writing(engine) as connection:
        if is_fixed:
            fix(connection)
        stored = [arrive(connection, answer) for answer in answers]
        return stored[-1], standing(connection)


@pytest.mark.parametrize("factor", [100, Decimal("0.01")])
def test_an_answer_that_is_off_by_a_hundred_throughout_is_refused_as_a_whole(
    empty_engine: Engine, factor: Decimal
) -> None:
    good = [offering("78.9", declared="79.4"), offering("77", key="b", declared="79.4")]
    wrong = [
        offering(str(Decimal(rate) * factor), key=key, hours=1, declared=str(Decimal("79.4") * factor))
        for rate, key in (("78.9", "a"), ("77", "b"))
    ]
    _, before = arrived(empty_engine, good)
    with pytest.raises(
        SourceError, match="not one of its 2 quotes can be used; the first, at a: expected a mid-market"
    ):
        arrived(empty_engine, wrong, is_fixed=False)
    with reading(empty_engine) as connection:
        assert standing(connection) == before
    assert set(before.values()) == {""}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (offering("7890", hours=1), "expected a margin from -20 to 50 percent against the reference rate 79.3789"),
        (offering("39", hours=1), "of 2026-11-20"),
        (offering("95.3", hours=1), "expected a margin"),
        (offering("78.9", "789", hours=1), "expected a margin"),
        (offering("78.9", hours=1, declared="120"), "at most 1.5 times it, or of the same part of it"),
        (offering("78.9", hours=1, declared="52"), "a mid-market rate"),
    ],
)
def test_a_rate_far_from_the_reference_rate_is_refused_alone_and_supersedes_nothing(
    empty_engine: Engine, wrong: LiveRecord, told: str
) -> None:
    known, other = offering("78.9"), offering("78", key="b", hours=1)
    stored, standing_now = arrived(empty_engine, [known, offering("70", key="c")], [wrong, other])
    (doubt,) = stored.refused
    assert (doubt.place, doubt.code) == ("a", "implausible-rate")
    assert told in doubt.reason
    assert stored.rows == {"new": 1, "unchanged": 0, "superseded": 0, "withdrawn": 0}
    assert standing_now.keys() == {known.id, other.id, offering("70", key="c").id}


@pytest.mark.parametrize("rate", ["39.7", "79.4", "95.2"])
def test_a_rate_within_the_declared_margins_is_accepted(empty_engine: Engine, rate: str) -> None:
    stored, _ = arrived(empty_engine, [offering(rate, declared="53"), offering(rate, key="b", declared="119")])
    assert (stored.rows["new"], stored.refused) == (2, ())


def test_the_rate_counts_that_was_known_when_the_quote_was_observed(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        fix(connection, [*FIXED, ("2026-09-01", "GBP", "0.8726"), ("2026-09-01", "PHP", "6926.6")])
    days = -24 * (23 + 31 + 30 - 3)  # the third of September
    stored, _ = arrived(
        empty_engine, [offering("7890", hours=days), offering("78.9", key="b", hours=days)], is_fixed=False
    )
    assert [doubt.place for doubt in stored.refused] == ["b"]


def test_without_a_reference_rate_a_service_is_compared_with_itself(empty_engine: Engine) -> None:
    known = offering("78.9")
    wrong, true = offering("236.7", hours=1), offering("230", hours=2)
    stored, standing_now = arrived(empty_engine, [known], [wrong, offering("78", key="b")], is_fixed=False)
    assert [(doubt.place, doubt.given) for doubt in stored.refused] == [("a", "236.7")]
    assert "less than 3 times it, and more than the same part of it, beside the 78.9" in stored.refused[0].reason
    assert known.id in standing_now
    _, standing_now = arrived(empty_engine, [true], is_fixed=False)
    assert standing_now[true.id] == ""


def test_after_a_month_its_own_price_says_nothing_and_the_new_one_is_flagged(empty_engine: Engine) -> None:
    late = offering("7890", hours=24 * 31)
    _, standing_now = arrived(empty_engine, [offering("78.9")], [late], is_fixed=False)
    assert standing_now == {late.id: "rate_unchecked"}


def test_a_quote_without_a_rate_is_no_question_of_rates(empty_engine: Engine) -> None:
    _, standing_now = arrived(empty_engine, [offering()])
    assert standing_now == {offering().id: ""}


def test_a_quote_that_is_stored_is_not_judged_again(empty_engine: Engine) -> None:
    unchecked = offering("7890")
    arrived(empty_engine, [unchecked], is_fixed=False)
    stored, _ = arrived(empty_engine, [unchecked])
    assert (stored.rows["unchanged"], stored.refused) == (1, ())
