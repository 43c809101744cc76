"""A fixing is judged by the one before it: a factor of three, a month, and the jumps that are known."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from app.domain.plausibility.fixings import KNOWN_JUMPS, FixingTrail
from app.reference import load

DAY = date(2024, 6, 28)


def doubted(was: str, value: str, *, days: int = 1, quote: str = "PHP", day: date = DAY) -> str | None:
    trail = FixingTrail({(day - timedelta(days=days), "EUR", quote): Decimal(was)})
    return trail.doubt(day, "EUR", quote, Decimal(value))


@pytest.mark.parametrize("value", ["62.56", "187.67", "20.86", "62.5600"])
def test_a_move_within_the_factor_is_believed(value: str) -> None:
    assert doubted("62.56", value) is None


@pytest.mark.parametrize("value", ["187.68", "6256", "0.6256", "20.85", "1000000"])
def test_a_move_by_the_factor_or_more_is_not_and_the_reason_names_what_it_was_measured_by(value: str) -> None:
    told = doubted("62.56", value)
    assert told is not None
    assert "62.56 of 2024-06-27" in told


def test_the_first_fixing_and_one_after_a_month_are_believed() -> None:
    assert FixingTrail({}).doubt(DAY, "EUR", "PHP", Decimal(6256)) is None
    assert doubted("62.56", "6256", days=30) is not None
    assert doubted("62.56", "6256", days=31) is None


def test_the_same_day_and_later_days_do_not_judge() -> None:
    known = {(DAY, "EUR", "PHP"): Decimal("0.6256"), (DAY + timedelta(days=1), "EUR", "PHP"): Decimal("0.6256")}
    assert FixingTrail(known).doubt(DAY, "EUR", "PHP", Decimal("62.56")) is None


def test_another_pair_does_not_judge() -> None:
    known = {(DAY - timedelta(days=1), "EUR", "INR"): Decimal(89)}
    assert FixingTrail(known).doubt(DAY, "EUR", "PHP", Decimal("0.62")) is None


def test_what_is_believed_judges_what_comes_after_it_whatever_the_order_of_arrival() -> None:
    trail = FixingTrail({})
    trail.add(DAY, "EUR", "PHP", Decimal(62))
    trail.add(DAY - timedelta(days=2), "EUR", "PHP", Decimal(600))
    assert trail.doubt(DAY - timedelta(days=1), "EUR", "PHP", Decimal(62)) is not None
    trail.add(DAY - timedelta(days=2), "EUR", "PHP", Decimal(61))
    assert trail.doubt(DAY - timedelta(days=1), "EUR", "PHP", Decimal(62)) is None


def test_a_known_jump_is_believed_in_its_days_and_only_then() -> None:
    jump = date(2021, 2, 22)
    assert doubted("55", "375", quote="SDG", day=jump) is None
    assert doubted("55", "375", quote="SDG", day=date(2021, 2, 20)) is not None
    assert doubted("55", "375", quote="PHP", day=jump) is not None


def test_known_jumps_are_of_known_currencies_dated_and_referenced() -> None:
    for jump in KNOWN_JUMPS:
        assert jump.currency in load().currencies
        assert timedelta(0) <= jump.until - jump.since <= timedelta(days=60)
        assert jump.reference
