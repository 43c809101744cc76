"""A breaker opens after some failures, lets one probe out, closes on success, and no clock can jam it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.breakers import COOL_DOWN, LONGEST, OPENS_AFTER, Breaker

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - UTC is added


def failed(times: int, now: datetime = NOW) -> Breaker:
    breaker = Breaker()
    for _ in range(times):
        breaker = breaker.after_failure(now)
    return breaker


def test_a_new_breaker_lets_everything_out() -> None:
    assert Breaker().allows(NOW)
    assert not Breaker().is_half_open(NOW)


def test_it_opens_when_enough_calls_in_a_row_have_failed() -> None:
    assert failed(OPENS_AFTER - 1).allows(NOW)
    opened = failed(OPENS_AFTER)
    assert opened == Breaker(OPENS_AFTER, NOW + COOL_DOWN)
    assert not opened.allows(NOW)
    assert not opened.allows(NOW + COOL_DOWN - SECOND)
    assert opened.allows(NOW + COOL_DOWN)
    assert opened.is_half_open(NOW + COOL_DOWN)


def test_a_success_in_between_begins_the_count_anew() -> None:
    assert failed(OPENS_AFTER - 1).after_success().after_failure(NOW) == Breaker(1, None)


def test_each_further_failure_doubles_the_time_up_to_an_hour() -> None:
    minutes = []
    for failures in range(OPENS_AFTER, OPENS_AFTER + 9):
        until = failed(failures).open_until
        assert until is not None
        minutes.append((until - NOW) / timedelta(minutes=1))
    assert minutes == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_only_one_probe_goes_out_until_its_outcome_is_known() -> None:
    probing = failed(OPENS_AFTER).while_probing(NOW + COOL_DOWN, 30 * SECOND)
    assert not probing.allows(NOW + COOL_DOWN)
    assert not probing.allows(NOW + COOL_DOWN + 29 * SECOND)
    assert probing.after_success() == Breaker()
    assert probing.after_failure(NOW) == Breaker(OPENS_AFTER + 1, NOW + 2 * COOL_DOWN)


def test_a_probe_that_never_ends_lets_the_next_one_out() -> None:
    probing = failed(OPENS_AFTER).while_probing(NOW, 30 * SECOND)
    assert probing.allows(NOW + 30 * SECOND)
    assert failed(OPENS_AFTER).while_probing(NOW, timedelta(days=9)).allows(NOW + LONGEST)


@pytest.mark.parametrize(
    ("asked", "left_alone"),
    [
        (timedelta(minutes=5), timedelta(minutes=5)),
        (timedelta(days=400), LONGEST),
        (timedelta(0), None),
        (timedelta(days=-1), None),
    ],
)
def test_a_host_that_names_its_time_opens_it_at_once(asked: timedelta, left_alone: timedelta | None) -> None:
    breaker = Breaker().after_failure(NOW, NOW + asked)
    assert breaker.open_until == (None if left_alone is None else NOW + left_alone)


def test_of_the_host_s_time_and_ours_the_later_counts() -> None:
    breaker = failed(OPENS_AFTER - 1)
    assert breaker.after_failure(NOW, NOW + SECOND).open_until == NOW + COOL_DOWN
    assert breaker.after_failure(NOW, NOW + 2 * COOL_DOWN).open_until == NOW + 2 * COOL_DOWN


@given(st.lists(INSTANTS, min_size=1, max_size=20), INSTANTS)
def test_however_its_clock_jumps_it_refuses_nothing_for_longer_than_the_longest_time(
    failures: list[datetime], now: datetime
) -> None:
    breaker = Breaker()
    for instant in failures:
        breaker = breaker.after_failure(instant).while_probing(instant, SECOND).after_failure(instant)
    assert breaker.allows(now) or breaker.allows(now + LONGEST)


def test_a_clock_that_is_set_back_by_a_year_does_not_keep_it_open() -> None:
    assert failed(50, NOW + timedelta(days=365)).allows(NOW)


def test_a_clock_that_is_set_forward_lets_one_probe_out() -> None:
    later = NOW + timedelta(days=365)
    assert failed(50).is_half_open(later)


@given(st.integers(0, 10**9), INSTANTS)
def test_any_stored_count_can_be_counted_on_from(failures: int, now: datetime) -> None:
    breaker = Breaker(failures, None).after_failure(now)
    assert 0 < breaker.failures <= 1_000_000
    assert breaker.open_until is None or breaker.open_until <= now + LONGEST
