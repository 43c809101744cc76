"""A source's health follows from facts: what succeeded, what failed, what should be here by now and is not."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.calendars import Days
from app.domain.methodology import GRACE, NEWEST_OBSERVED_WITHIN
from app.domain.source_health import (
    Failure,
    HealthState,
    SourceFacts,
    SourceHealth,
    TargetFacts,
    health,
    safe_detail,
)

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Timetable:
    every_minutes: int | None = None
    at_utc: str | None = None
    days: Days = "every"


DAILY = Timetable(at_utc="15:10", days="target")
HOURLY = Timetable(every_minutes=60)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


MONDAY_NOON = at("2026-11-23T12:00")


def target(
    name: str = "daily",
    *,
    success: datetime | None = None,
    failed: datetime | None = None,
    since: datetime | None = None,
) -> TargetFacts:
    return TargetFacts(
        target=name,
        success_at=success,
        failure=None if failed is None else Failure(at=failed, code="fetch-too-slow", detail="gave no answer"),
        failing_since=since,
        rows=None if success is None else 30,
        refused_rows=None if success is None else 1,
    )


def rates(newest: date, success: datetime) -> SourceFacts:
    return SourceFacts(targets=(target(success=success),), newest_day=newest, served_until=success)


# ---------------------------------------------------------------- publications of days


@pytest.mark.parametrize(
    ("instant", "state", "missed", "since", "changes_at"),
    [
        ("2026-11-20T15:11", HealthState.OK, 0, None, "2026-11-23T15:10"),  # a Friday's rates; what changes is the due
        ("2026-11-22T12:00", HealthState.OK, 0, None, "2026-11-23T15:10"),  # the weekend
        ("2026-11-23T15:09", HealthState.OK, 0, None, "2026-11-23T15:10"),
        ("2026-11-23T16:09:59", HealthState.OK, 0, None, "2026-11-23T16:10"),  # an hour's grace
        ("2026-11-23T16:10", HealthState.LATE, 1, "2026-11-23T16:10", "2026-11-24T15:10"),
        ("2026-11-25T16:10", HealthState.LATE, 3, "2026-11-23T16:10", "2026-11-26T15:10"),
    ],
)
def test_rates_are_late_an_hour_after_a_publication_day_s_own_hour(
    instant: str, state: HealthState, missed: int, since: str | None, changes_at: str
) -> None:
    found = health(rates(date(2026, 11, 20), at(instant) - MINUTE), DAILY, at(instant))
    assert (found.state, found.missed_publications) == (state, missed)
    assert found.since == (None if since is None else at(since))
    assert found.changes_at == at(changes_at)


def test_yesterday_s_file_is_late_although_every_fetch_succeeds() -> None:
    answered = at("2026-11-24T15:10")
    found = health(rates(date(2026, 11, 23), answered), DAILY, answered + GRACE)
    assert (found.state, found.missed_publications, found.failing_targets) == (HealthState.LATE, 1, 0)
    assert found.last_success_at == answered


def test_closing_days_of_target_are_not_missed() -> None:
    christmas = rates(date(2026, 12, 24), at("2026-12-24T15:10"))
    assert health(christmas, DAILY, at("2026-12-28T15:00")).missed_publications == 0
    on_weekdays = replace(DAILY, days="weekdays")
    assert health(christmas, on_weekdays, at("2026-12-28T15:00")).missed_publications == 1


def test_rates_without_a_declared_hour_are_expected_when_their_day_is_over() -> None:
    often = Timetable(every_minutes=360, days="weekdays")
    facts = rates(date(2026, 11, 20), at("2026-11-24T00:00"))
    assert health(facts, often, at("2026-11-24T00:59")).missed_publications == 0
    assert health(facts, often, at("2026-11-24T01:00")).missed_publications == 1


# ---------------------------------------------------------------- publications every so many minutes


def live(success: datetime, observed: datetime | None = None) -> SourceFacts:
    return SourceFacts(targets=(target(success=success),), newest_observed_at=observed, served_until=success)


@pytest.mark.parametrize(
    ("instant", "missed"),
    [("10:00", 0), ("11:59", 0), ("12:00", 1), ("12:59", 1), ("13:00", 2), ("22:00", 11)],
)
def test_each_due_instant_since_the_newest_answer_is_missed_an_hour_later(instant: str, missed: int) -> None:
    moment = at(f"2026-11-23T{instant}")
    found = health(live(at("2026-11-23T10:00:05")), HOURLY, moment)
    assert found.missed_publications == missed
    assert found.state is (HealthState.LATE if missed else HealthState.OK)
    assert found.since == (at("2026-11-23T12:00") if missed else None)


def test_old_observations_are_late_however_new_the_answer_is() -> None:
    success = at("2026-11-23T12:00")
    assert health(live(success, success - 20 * HOUR), HOURLY, success + MINUTE).state is HealthState.OK
    found = health(live(success, success - NEWEST_OBSERVED_WITHIN - 3 * HOUR), HOURLY, success + MINUTE)
    assert (found.state, found.missed_publications) == (HealthState.LATE, 2)


# ---------------------------------------------------------------- states


def test_a_source_that_is_imported_by_hand_is_never_late() -> None:
    failure = Failure(at=MONDAY_NOON, code="wrong-layout", detail=None)
    facts = SourceFacts(imported_at=at("2020-01-01"), import_failure=failure, imported_rows=7, refused_rows=0)
    found = health(facts, None, MONDAY_NOON)
    assert found == SourceHealth(
        state=HealthState.MANUAL,
        since=None,
        last_success_at=at("2020-01-01"),
        last_failure=failure,
        missed_publications=None,
        missed_since=None,
        next_due_at=None,
        targets=0,
        failing_targets=0,
        rows=7,
        refused_rows=0,
        changes_at=None,
    )


def test_what_was_never_fetched_is_neither_late_nor_failing() -> None:
    found = health(SourceFacts(), HOURLY, MONDAY_NOON + MINUTE)
    assert (found.state, found.missed_publications, found.since) == (HealthState.NEVER_FETCHED, None, None)
    assert (found.rows, found.last_success_at, found.last_failure) == (None, None, None)
    assert found.next_due_at == MONDAY_NOON


def test_rates_that_a_person_imported_grow_old_like_fetched_ones() -> None:
    facts = SourceFacts(newest_day=date(2026, 11, 20), imported_at=at("2026-11-20T16:00"), imported_rows=30)
    assert health(facts, DAILY, at("2026-11-23T16:09")).state is HealthState.NEVER_FETCHED
    found = health(facts, DAILY, at("2026-11-24T16:10"))
    assert (found.state, found.missed_publications) == (HealthState.LATE, 2)
    assert found.since == found.missed_since == at("2026-11-23T16:10")
    assert (found.last_success_at, found.rows) == (facts.imported_at, 30)


def test_quotes_that_a_person_imported_grow_old_like_fetched_ones() -> None:
    imported = at("2026-11-23T10:00:05")
    facts = SourceFacts(imported_at=imported, newest_observed_at=imported)
    assert health(facts, HOURLY, at("2026-11-23T11:59")).state is HealthState.NEVER_FETCHED
    found = health(facts, HOURLY, at("2026-11-23T12:00"))
    assert (found.state, found.missed_publications) == (HealthState.LATE, 1)


def test_a_failed_call_does_not_make_an_import_forgotten() -> None:
    imported = MONDAY_NOON - 3 * HOUR
    failing = target(failed=MONDAY_NOON, since=MONDAY_NOON)
    facts = SourceFacts(targets=(failing,), newest_day=date(2026, 11, 18), imported_at=imported, imported_rows=30)
    found = health(facts, DAILY, MONDAY_NOON)
    assert (found.state, found.since) == (HealthState.FAILING, MONDAY_NOON)
    assert (found.last_success_at, found.rows) == (imported, 30)
    assert (found.missed_publications, found.missed_since) == (2, at("2026-11-19T16:10"))


def test_a_paused_source_says_since_when_and_is_not_due() -> None:
    facts = replace(live(MONDAY_NOON - 9 * HOUR), paused_at=MONDAY_NOON - HOUR, paused_reason="asked to")
    found = health(facts, HOURLY, MONDAY_NOON)
    assert (found.state, found.since, found.next_due_at) == (HealthState.PAUSED, MONDAY_NOON - HOUR, None)
    assert found.missed_publications == 8


def test_a_failing_source_is_failing_since_its_first_failure_after_the_last_success() -> None:
    failing = target(success=MONDAY_NOON - 3 * HOUR, failed=MONDAY_NOON, since=MONDAY_NOON - 2 * HOUR)
    found = health(SourceFacts(targets=(failing,)), HOURLY, MONDAY_NOON)
    assert (found.state, found.since) == (HealthState.FAILING, MONDAY_NOON - 2 * HOUR)
    assert found.last_success_at == MONDAY_NOON - 3 * HOUR
    assert found.last_failure == failing.failure
    assert found.rows == 30


def test_a_source_that_never_answered_is_failing_not_late() -> None:
    failing = target(failed=MONDAY_NOON, since=MONDAY_NOON)
    found = health(SourceFacts(targets=(failing,)), HOURLY, MONDAY_NOON + 9 * HOUR)
    assert (found.state, found.missed_publications, found.rows) == (HealthState.FAILING, None, None)


@pytest.mark.parametrize(("failing", "state"), [(0, HealthState.OK), (1, HealthState.OK), (2, HealthState.FAILING)])
def test_a_source_of_many_targets_fails_when_half_of_them_do(failing: int, state: HealthState) -> None:
    good = [target(f"good {n}", success=MONDAY_NOON) for n in range(4 - failing)]
    bad = [target(f"bad {n}", failed=MONDAY_NOON, since=MONDAY_NOON) for n in range(failing)]
    found = health(SourceFacts(targets=(*good, *bad)), HOURLY, MONDAY_NOON + MINUTE)
    assert (found.state, found.targets, found.failing_targets) == (state, 4, failing)
    assert (found.rows, found.refused_rows) == (30 * len(good), len(good))


def test_a_target_that_is_asked_no_more_does_not_count() -> None:
    once = target("history", failed=MONDAY_NOON - 7 * HOUR, since=MONDAY_NOON - 7 * HOUR)
    found = health(SourceFacts(targets=(once, target(success=MONDAY_NOON))), HOURLY, MONDAY_NOON + MINUTE)
    assert (found.state, found.targets) == (HealthState.OK, 1)
    assert found.last_failure == once.failure


@pytest.mark.parametrize(("before", "targets"), [(6 * HOUR, 1), (6 * HOUR - MINUTE, 2)])
def test_targets_count_that_were_asked_for_less_than_six_hours_before_the_newest(
    before: timedelta, targets: int
) -> None:
    asked = (target("old", success=MONDAY_NOON - before), target("new", success=MONDAY_NOON))
    found = health(SourceFacts(targets=asked), HOURLY, MONDAY_NOON + MINUTE)
    assert (found.targets, found.rows) == (targets, 30 * targets)


def test_what_is_due_and_not_served_was_due_then() -> None:
    served = live(at("2026-11-23T11:00"))
    assert health(served, HOURLY, at("2026-11-23T11:30")).next_due_at == at("2026-11-23T12:00")
    assert health(served, HOURLY, at("2026-11-23T12:30")).next_due_at == at("2026-11-23T12:00")


@given(
    success=st.integers(0, 40 * 24 * 60),
    later=st.integers(0, 20 * 24 * 60),
    timetable=st.sampled_from([DAILY, HOURLY, Timetable(every_minutes=35), Timetable(at_utc="00:00", days="weekdays")]),
    has_day=st.booleans(),
)
def test_nothing_changes_before_the_told_instant_and_something_does_then(
    *, success: int, later: int, timetable: Timetable, has_day: bool
) -> None:
    """The tick is exact: cached answers are right until it, and no longer."""
    answered = at("2026-03-20") + success * MINUTE
    facts = rates(answered.date(), answered) if has_day else live(answered)
    moment = answered + later * MINUTE
    now = health(facts, timetable, moment)
    assert now.changes_at is not None
    assert now.changes_at > moment
    before = health(facts, timetable, now.changes_at - timedelta.resolution)
    assert replace(before, changes_at=None) == replace(now, changes_at=None)
    then = health(facts, timetable, now.changes_at)
    assert then.missed_publications is not None
    assert now.missed_publications is not None
    assert then.missed_publications >= now.missed_publications
    assert then != now


# ---------------------------------------------------------------- what a failure says


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("https://api.example/v4?key=s3cret gave 500", "https://api.example/v4 gave 500"),
        ("https://api.example/v4#s3cret gave 500", "https://api.example/v4 gave 500"),
        ("HTTP://me:s3cret@api.example:81/x?s3cret", "HTTP://api.example:81/x"),
        ('at "https://api.example/?a=s3cret&b=s3cret": no', 'at "https://api.example/": no'),
        ("two\nlines\tand \x1b[31mred", r"two lines and \x1b[31mred"),
        ("forged \u202e direction", r"forged \u202e direction"),
        ("why? nobody knows", "why? nobody knows"),
        ("x" * 300, "x" * 300),
        ("x" * 301, "x" * 299 + "…"),
    ],
)
def test_a_detail_is_one_short_line_without_secrets(said: str, shown: str) -> None:
    assert safe_detail(said) == shown


@given(st.text())
def test_a_cleaned_detail_can_be_printed_and_stays_as_it_is(text: str) -> None:
    shown = safe_detail(text)
    assert shown.isprintable()
    assert len(shown) <= 300
