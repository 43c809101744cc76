"""On which days TARGET is closed, and what that says of a day without a rate."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from app.domain.calendars import TARGET, Days, easter, is_publication_day, target_closing_days, why_none

SUNDAYS = {2000: "04-23", 2008: "03-23", 2011: "04-24", 2024: "03-31", 2025: "04-20", 2038: "04-25", 1954: "04-18"}


@pytest.mark.parametrize(("year", "day"), SUNDAYS.items())
def test_easter_is_where_the_almanacs_have_it(year: int, day: str) -> None:
    assert easter(year) == date.fromisoformat(f"{year}-{day}")


def test_target_is_closed_on_six_days_a_year() -> None:
    assert target_closing_days(2025) == {
        date(2025, 1, 1): "new_years_day",
        date(2025, 4, 18): "good_friday",
        date(2025, 4, 21): "easter_monday",
        date(2025, 5, 1): "labour_day",
        date(2025, 12, 25): "christmas_day",
        date(2025, 12, 26): "day_after_christmas",
    }


def test_the_first_years_had_calendars_of_their_own() -> None:
    assert set(target_closing_days(1999).values()) == {"new_years_day", "christmas_day", "change_of_millennium"}
    assert date(2000, 12, 31) not in target_closing_days(2000)
    assert date(2001, 12, 31) in target_closing_days(2001)
    assert target_closing_days(1998) == {}


def test_every_rule_says_who_declared_it() -> None:
    assert all("European Central Bank" in rule.reference for rule in TARGET)


def test_the_ecb_published_on_exactly_the_days_that_the_calendar_names(shared_data: Path) -> None:
    lines = (shared_data / "fx" / "eurofxref-hist.csv").read_text().splitlines()[1:]
    published = {date.fromisoformat(line.partition(",")[0]) for line in lines}
    assert len(published) == 3839
    first, last = min(published), max(published)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    assert {day for day in days if is_publication_day("target", day)} == published


@pytest.mark.parametrize(
    ("days", "day", "is_one"),
    [
        ("every", "2025-12-25", True),
        ("every", "2025-12-28", True),
        ("weekdays", "2025-12-25", True),
        ("weekdays", "2025-12-27", False),
        ("target", "2025-12-25", False),
        ("target", "2025-12-28", False),
        ("target", "2025-12-29", True),
    ],
)
def test_a_day_of_publication(days: Days, day: str, *, is_one: bool) -> None:
    assert is_publication_day(days, date.fromisoformat(day)) is is_one


@pytest.mark.parametrize(
    ("days", "day", "why"),
    [
        ("target", "2025-12-27", "weekend"),
        ("target", "2025-12-26", "closing_day"),
        ("target", "2025-12-29", "not_published"),
        ("weekdays", "2025-12-26", "not_published"),
        ("every", "2025-12-27", "not_published"),
    ],
)
def test_why_a_day_has_nothing(days: Days, day: str, why: str) -> None:
    assert why_none(days, date.fromisoformat(day)) == why


def test_what_is_asked_for_is_nobody_elses_to_change() -> None:
    target_closing_days(2024).clear()
    assert len(target_closing_days(2024)) == 6
