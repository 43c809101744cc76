"""How a source is: its state, what it missed, and when time alone will change that; from facts, without a clock.

A publication is missed when it was due an hour ago and is not here, whatever the reason: the source did not answer,
answered with yesterday's file, or nobody asked.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from app.domain.calendars import is_publication_day
from app.domain.methodology import GRACE, NEWEST_OBSERVED_WITHIN
from app.domain.schedules import Timetable, due_to_serve, missed, newest_due, next_due

LONGEST_DETAIL: Final = 300

_DAY: Final = timedelta(days=1)
_ROUND: Final = timedelta(hours=6)
_QUERY: Final = re.compile(r"(?P<address>[a-z][a-z0-9+.-]*://[^\s?#\"'<>]*)[?#][^\s\"'<>]*", re.IGNORECASE)
_USERINFO: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^\s/?#\"'<>]*@", re.IGNORECASE)


class HealthState(StrEnum):
    """How a source is, the first that holds: ``manual`` ones are imported by hand, the others are fetched."""

    MANUAL = "manual"
    PAUSED = "paused"
    NEVER_FETCHED = "never_fetched"
    FAILING = "failing"
    LATE = "late"
    OK = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """When and why something failed last; ``detail`` is null where it would show what is the operator's own."""

    at: datetime
    code: str
    detail: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetFacts:
    """What became of one target of a source: its newest success and failure, and since when it fails (null: it works).

    ``rows`` and ``refused_rows`` are those of the newest answer that was stored.
    """

    target: str
    success_at: datetime | None
    failure: Failure | None
    failing_since: datetime | None
    rows: int | None
    refused_rows: int | None

    @property
    def asked_at(self) -> datetime:
        """When it was asked last."""
        failed_at = None if self.failure is None else self.failure.at
        found = _latest([self.success_at, failed_at])
        if found is None:
            raise ValueError("a target that was never asked is none")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """What is stored about a source.

    ``newest_day``: the newest fixing of its institutions;
    ``newest_observed_at``: of its current quotes. ``imported_at`` and ``import_failure``: its newest imports, which
    tell of a source that was never asked for anything.
    """

    targets: tuple[TargetFacts, ...] = ()
    paused_at: datetime | None = None
    paused_reason: str | None = None
    served_until: datetime | None = None
    newest_day: date | None = None
    newest_observed_at: datetime | None = None
    imported_at: datetime | None = None
    import_failure: Failure | None = None
    imported_rows: int | None = None
    refused_rows: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """How a source is at an instant.

    ``since``: since when it is failing, late or paused. ``missed_publications``: null where nothing is scheduled or
    nothing has arrived yet; ``missed_since``: when the first of them counted as missed, null for none.
    ``next_due_at`` in the past: it was due then, and nobody has served it. ``changes_at``: when time alone changes any
    of this, null for never. ``rows`` and ``refused_rows`` are those of the newest success.
    """

    state: HealthState
    since: datetime | None
    last_success_at: datetime | None
    last_failure: Failure | None
    missed_publications: int | None
    missed_since: datetime | None
    next_due_at: datetime | None
    targets: int
    failing_targets: int
    rows: int | None
    refused_rows: int | None
    changes_at: datetime | None


def health(facts: SourceFacts, timetable: Timetable | None, at: datetime) -> SourceHealth:
    """Judge a source at an instant; ``timetable`` is null where nothing is fetched.

    Of a source that is asked for many targets, those count that it was asked for within six hours of its newest call:
    what it was asked for before may be asked for no more. It fails when at least half of them fail.
    """
    current = _asked_lately(facts.targets)
    failing = [target for target in current if target.failing_since is not None]
    missing = None if timetable is None else _missing(facts, timetable, at)
    state = _state(facts, timetable, is_failing=2 * len(failing) >= max(1, len(current)), missing=missing)
    is_scheduled = timetable is not None and facts.paused_at is None
    stored = [target for target in current if target.rows is not None]
    failures = [target.failure for target in facts.targets] or [facts.import_failure]
    return SourceHealth(
        state=state,
        since=_since(state, facts, failing, missing),
        last_success_at=_newest_success(facts),
        last_failure=max((failure for failure in failures if failure), key=lambda failure: failure.at, default=None),
        missed_publications=None if missing is None else missing.count,
        missed_since=None if missing is None else missing.since,
        next_due_at=_next_due(facts, timetable, at) if timetable is not None and is_scheduled else None,
        targets=len(current),
        failing_targets=len(failing),
        rows=sum(target.rows or 0 for target in stored) if stored else facts.imported_rows,
        refused_rows=sum(target.refused_rows or 0 for target in stored) if stored else facts.refused_rows,
        changes_at=_changes_at(timetable, at, missing, is_scheduled=is_scheduled),
    )


@dataclass(frozen=True, slots=True)
class _Missing:
    """How many publications are missing, since when, and when the next will be."""

    count: int
    since: datetime | None
    next_at: datetime


def _asked_lately(targets: Iterable[TargetFacts]) -> list[TargetFacts]:
    known = list(targets)
    newest = max((target.asked_at for target in known), default=None)
    return [target for target in known if newest is not None and target.asked_at > newest - _ROUND]


def _state(
    facts: SourceFacts, timetable: Timetable | None, *, is_failing: bool, missing: _Missing | None
) -> HealthState:
    if timetable is None:
        return HealthState.MANUAL
    if facts.paused_at is not None:
        return HealthState.PAUSED
    if facts.targets and is_failing:
        return HealthState.FAILING
    if missing is not None and missing.count:
        return HealthState.LATE
    return HealthState.OK if facts.targets else HealthState.NEVER_FETCHED


def _since(
    state: HealthState, facts: SourceFacts, failing: list[TargetFacts], missing: _Missing | None
) -> datetime | None:
    if state is HealthState.PAUSED:
        return facts.paused_at
    if state is HealthState.FAILING:
        return min(target.failing_since for target in failing if target.failing_since is not None)
    return missing.since if state is HealthState.LATE and missing is not None else None


def _missing(facts: SourceFacts, timetable: Timetable, at: datetime) -> _Missing | None:
    """Count the publications that should be here: days of rates, or due instants since the newest answer."""
    if facts.newest_day is not None:
        return _missing_days(timetable, facts.newest_day, at)
    success = _newest_success(facts)
    if success is None:
        return None
    if facts.newest_observed_at is not None:
        success = min(success, facts.newest_observed_at + NEWEST_OBSERVED_WITHIN)
    late_at = at - GRACE
    is_any = newest_due(timetable, late_at) > success
    first = next_due(timetable, success) + GRACE
    return _Missing(
        count=missed(timetable, success, late_at) + 1 if is_any else 0,
        since=first if is_any else None,
        next_at=next_due(timetable, max(success, late_at)) + GRACE,
    )


def _missing_days(timetable: Timetable, newest: date, at: datetime) -> _Missing:
    count, since = 0, None
    for day in _publication_days(timetable, newest):
        expected = _published_at(timetable, day) + GRACE
        if expected > at:
            return _Missing(count=count, since=since, next_at=expected)
        count, since = count + 1, since or expected
    raise AssertionError("there is always a next publication day")


def _publication_days(timetable: Timetable, after: date) -> Iterator[date]:
    day = after
    while True:
        day += _DAY
        if is_publication_day(timetable.days, day):
            yield day


def _published_at(timetable: Timetable, day: date) -> datetime:
    """Return when a day's rates can be fetched: at the declared time, or when the day is over."""
    if timetable.at_utc is None:
        return datetime.combine(day + _DAY, time(), tzinfo=UTC)
    return datetime.combine(day, time.fromisoformat(timetable.at_utc), tzinfo=UTC)


def _next_due(facts: SourceFacts, timetable: Timetable, at: datetime) -> datetime:
    return due_to_serve(timetable, facts.served_until, at) or next_due(timetable, at)


def _changes_at(
    timetable: Timetable | None, at: datetime, missing: _Missing | None, *, is_scheduled: bool
) -> datetime | None:
    instants = [] if missing is None else [missing.next_at]
    if timetable is not None and is_scheduled:
        instants.append(next_due(timetable, at))
    return min(instants, default=None)


def _newest_success(facts: SourceFacts) -> datetime | None:
    """Return when a call or an import last went well: a file that a person imported tells as much as an answer."""
    return _latest([*(target.success_at for target in facts.targets), facts.imported_at])


def _latest(instants: Iterable[datetime | None]) -> datetime | None:
    return max((instant for instant in instants if instant is not None), default=None)


def safe_detail(text: str) -> str:
    """Return what a failure said, fit to be shown to anyone: one line of at most 300 characters.

    Addresses lose their query, fragment and user, where keys and passwords are written; what cannot be printed is
    escaped, so that nobody can forge a line.
    """
    cleaned = _QUERY.sub(r"\g<address>", _USERINFO.sub(r"\g<scheme>", " ".join(text.split())))
    shown = "".join(character if character.isprintable() else ascii(character)[1:-1] for character in cleaned)
    return shown if len(shown) <= LONGEST_DETAIL else f"{shown[: LONGEST_DETAIL - 1]}…"
