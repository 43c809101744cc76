"""When a source is due: the instants of its schedule, which of them is to be served now, and when a failure is retried.

Due instants are the same for every worker, since they follow from the schedule and the time alone: every so many
minutes counted from 1970, or a time of day (UTC), on publication days only. Several that were missed are caught up by
serving the newest: what a source published before is in its newest answer, or was never meant to be kept.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Protocol

from app.domain.calendars import Days, is_publication_day

RETRIES: Final = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=20))
"""How long to wait after the first, the second, … failure within one due instant; after the last it is given up."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)
_DAYS_SEARCHED: Final = 30


class Timetable(Protocol):
    """The fields of a declared schedule: either ``every_minutes`` or ``at_utc`` (``15:10``), and on which ``days``."""

    @property
    def every_minutes(self) -> int | None:
        """Minutes between two due instants."""

    @property
    def at_utc(self) -> str | None:
        """The time of day, UTC, as ``HH:MM``."""

    @property
    def days(self) -> Days:
        """``every``, ``weekdays`` or ``target``."""


def newest_due(timetable: Timetable, at: datetime) -> datetime:
    """Return the newest due instant at or before an instant; raise ValueError where the schedule names none."""
    day = _utc(at).date()
    for _ in range(_DAYS_SEARCHED):
        if is_publication_day(timetable.days, day):
            found = _newest_of(timetable, day, at)
            if found is not None:
                return found
        day -= _DAY
    raise ValueError(f"no publication day among the {_DAYS_SEARCHED} days before {at}")


def next_due(timetable: Timetable, after: datetime) -> datetime:
    """Return the first due instant after an instant; raise ValueError where the schedule names none."""
    day = _utc(after).date()
    for _ in range(_DAYS_SEARCHED):
        if is_publication_day(timetable.days, day):
            found = _first_of(timetable, day, after)
            if found is not None:
                return found
        day += _DAY
    raise ValueError(f"no publication day among the {_DAYS_SEARCHED} days after {after}")


def due_to_serve(timetable: Timetable, served_until: datetime | None, at: datetime) -> datetime | None:
    """Return the due instant that is to be served at an instant, null where the newest is served.

    ``served_until`` later than the next due instant was written under a clock that was ahead: it is not believed, so
    that a source does not wait for a year that has not come. One within it is: a clock that is set back by a little
    makes nothing be fetched twice.
    """
    newest = newest_due(timetable, at)
    if served_until is None or served_until < newest or served_until > next_due(timetable, at):
        return newest
    return None


def missed(timetable: Timetable, served_until: datetime | None, at: datetime) -> int:
    """Return how many due instants after ``served_until`` and before the newest at ``at`` nobody served; 0 at first."""
    if served_until is None:
        return 0
    newest = newest_due(timetable, at)
    begin = _utc(served_until)
    days = (begin.date() + _DAY * number for number in range((newest.date() - begin.date()).days + 1))
    passed = sum(_count(timetable, day, begin, newest) for day in days if is_publication_day(timetable.days, day))
    return max(0, passed - 1)


def retry_at(failures: int, failed_at: datetime) -> datetime | None:
    """Return when to ask again after so many failures within one due instant, null where that is given up."""
    return failed_at + RETRIES[failures - 1] if failures <= len(RETRIES) else None


def _newest_of(timetable: Timetable, day: date, at: datetime) -> datetime | None:
    """Return the newest due instant of a day at or before an instant."""
    begin = _midnight(day)
    if timetable.every_minutes is None:
        due = _at_time(timetable, day)
    else:
        due = _grid(timetable.every_minutes, min(_utc(at), begin + _DAY - timedelta.resolution))
    return due if begin <= due <= at else None


def _first_of(timetable: Timetable, day: date, after: datetime) -> datetime | None:
    """Return the first due instant of a day after an instant."""
    begin = _midnight(day)
    if timetable.every_minutes is None:
        due = _at_time(timetable, day)
    else:
        before = max(_utc(after), begin - timedelta.resolution)
        due = _grid(timetable.every_minutes, before) + timetable.every_minutes * _MINUTE
    return due if after < due < begin + _DAY else None


def _count(timetable: Timetable, day: date, after: datetime, until: datetime) -> int:
    """Count the due instants of a day after an instant and at or before another."""
    begin = _midnight(day)
    if timetable.every_minutes is None:
        return int(after < _at_time(timetable, day) <= until)
    first, last = max(after, begin - timedelta.resolution), min(until, begin + _DAY - timedelta.resolution)
    steps = timetable.every_minutes * _MINUTE
    return max(0, (last - _EPOCH) // steps - (first - _EPOCH) // steps)


def _grid(minutes: int, at: datetime) -> datetime:
    """Return the newest multiple of so many minutes since 1970."""
    if minutes < 1:
        raise ValueError("a schedule has at least one minute between two due instants")
    step = minutes * _MINUTE
    return _EPOCH + (at - _EPOCH) // step * step


def _at_time(timetable: Timetable, day: date) -> datetime:
    if timetable.at_utc is None:
        raise ValueError("a schedule names either every_minutes or at_utc")
    return datetime.combine(day, time.fromisoformat(timetable.at_utc), tzinfo=UTC)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
