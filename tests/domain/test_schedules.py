"""Due instants follow from the schedule and the time alone, and no clock that jumps makes a source flood or starve."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import schedules
from app.domain.calendars import Days
from app.domain.schedules import RETRIES, due_to_serve, missed, newest_due, next_due, retry_at
from app.sources.source import sources


@dataclass(frozen=True)
class Timetable:
    every_minutes: int | None = None
    at_utc: str | None = None
    days: Days = "every"


HOURLY = Timetable(every_minutes=60)
ECB = Timetable(at_utc="15:10", days="target")
TIMETABLES = [
    HOURLY,
    ECB,
    Timetable(every_minutes=7),
    Timetable(every_minutes=45, days="weekdays"),
    Timetable(every_minutes=2880),
    Timetable(at_utc="00:00"),
    Timetable(at_utc="23:59", days="weekdays"),
]
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - given the zone


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("timetable", "now", "newest", "following"),
    [
        (HOURLY, "2026-11-23 12:34:56", "2026-11-23 12:00", "2026-11-23 13:00"),
        (HOURLY, "2026-11-23 12:00", "2026-11-23 12:00", "2026-11-23 13:00"),
        (HOURLY, "2026-11-23 11:59:59.999999", "2026-11-23 11:00", "2026-11-23 12:00"),
        (ECB, "2026-11-23 15:09:59", "2026-11-20 15:10", "2026-11-23 15:10"),  # a Monday: the newest is Friday's
        (ECB, "2026-11-23 15:10", "2026-11-23 15:10", "2026-11-24 15:10"),
        (ECB, "2026-12-27 12:00", "2026-12-24 15:10", "2026-12-28 15:10"),  # Christmas is a closing day
        (ECB, "2027-03-27 12:00", "2027-03-25 15:10", "2027-03-30 15:10"),  # so is Easter
        (Timetable(every_minutes=45, days="weekdays"), "2026-11-22 12:00", "2026-11-20 23:15", "2026-11-23 00:00"),
    ],
)
def test_due_instants_by_hand(timetable: Timetable, now: str, newest: str, following: str) -> None:
    assert newest_due(timetable, at(now)) == at(newest)
    assert next_due(timetable, at(now)) == at(following)


@pytest.mark.parametrize("timetable", TIMETABLES)
@given(INSTANTS)
def test_there_is_no_due_instant_between_the_newest_and_the_next(timetable: Timetable, now: datetime) -> None:
    newest, following = newest_due(timetable, now), next_due(timetable, now)
    assert newest <= now < following
    assert newest_due(timetable, newest) == newest
    assert next_due(timetable, newest) == following
    assert newest_due(timetable, following - timedelta.resolution) == newest


@pytest.mark.parametrize("timetable", TIMETABLES)
@given(INSTANTS, st.integers(0, 40))
def test_missed_instants_are_counted_one_by_one(timetable: Timetable, begin: datetime, steps: int) -> None:
    served, now = newest_due(timetable, begin), begin
    for _ in range(steps):
        now = next_due(timetable, now)
    assert missed(timetable, served, now) == max(0, steps - 1)


def test_a_source_that_was_never_served_is_due_at_once_and_missed_nothing() -> None:
    now = at("2026-11-23 12:34")
    assert due_to_serve(HOURLY, None, now) == at("2026-11-23 12:00")
    assert missed(HOURLY, None, now) == 0


def test_missed_instants_are_caught_up_by_the_newest_alone() -> None:
    now = at("2026-11-23 12:34")
    assert due_to_serve(HOURLY, at("2026-11-23 09:00"), now) == at("2026-11-23 12:00")
    assert missed(HOURLY, at("2026-11-23 09:00"), now) == 2
    assert due_to_serve(HOURLY, at("2026-11-23 12:00"), now) is None


def test_a_clock_that_is_set_back_a_little_fetches_nothing_twice() -> None:
    assert due_to_serve(HOURLY, at("2026-11-23 13:00"), at("2026-11-23 12:59:30")) is None


def test_a_clock_that_was_a_year_ahead_starves_nothing_once_it_is_right() -> None:
    assert due_to_serve(HOURLY, at("2027-11-23 13:00"), at("2026-11-23 12:59:30")) == at("2026-11-23 12:00")
    assert missed(HOURLY, at("2027-11-23 13:00"), at("2026-11-23 12:59:30")) == 0


def test_retries_are_bounded_and_come_later_each_time() -> None:
    failed = at("2026-11-23 12:00")
    waits = [retry_at(failures, failed) for failures in range(1, len(RETRIES) + 1)]
    assert waits == sorted(wait for wait in waits if wait is not None)
    assert retry_at(len(RETRIES) + 1, failed) is None


@pytest.mark.parametrize("wrong", [Timetable(), Timetable(every_minutes=0), Timetable(every_minutes=-5)])
def test_a_schedule_that_says_nothing_is_an_error_and_no_endless_loop(wrong: Timetable) -> None:
    for function in (newest_due, next_due):
        with pytest.raises(ValueError, match="schedule"):
            function(wrong, at("2026-11-23 12:00"))


def test_a_schedule_without_publication_days_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedules, "is_publication_day", lambda *_: False)
    for function in (newest_due, next_due):
        with pytest.raises(ValueError, match="publication day"):
            function(HOURLY, at("2026-11-23 12:00"))


def test_every_declared_schedule_has_due_instants() -> None:
    for source in sources().values():
        if source.fetching is not None:
            schedule = source.fetching.schedule
            assert (schedule.every_minutes is None) is not (schedule.at_utc is None), source.key
            assert newest_due(schedule, at("2026-11-23 12:00")) < next_due(schedule, at("2026-11-23 12:00"))
