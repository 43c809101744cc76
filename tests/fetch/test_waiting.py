"""How long we wait: what a host says about it, read with suspicion, and our own random pauses."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.fetch.waiting import pause, retry_at

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("120", timedelta(minutes=2)),
        (" 120 ", timedelta(minutes=2)),
        ("86400", DAY),
        ("86401", DAY),
        ("9" * 20, DAY),
        ("Mon, 23 Nov 2026 12:00:30 GMT", timedelta(seconds=30)),
        ("Monday, 23-Nov-26 12:00:30 GMT", timedelta(seconds=30)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", DAY),
        ("0", None),
        ("-1", None),
        ("+5", None),
        ("1.5", None),
        ("1e3", None),
        ("", None),
        ("soon", None),
        ("9" * 21, None),
        ("\u0661\u0662", None),
        ("Mon, 23 Nov 2026 12:00:00 GMT", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
        ("Mon, 99 Nov 2026 99:00:00 GMT", None),
        ("Mon, 23 Nov 2026 12:00:30 +0900", None),
        ("GMT", None),
        ("Mon, 23 Nov " + "2" * 100 + " 12:00:30 GMT", None),
        (None, None),
    ],
)
def test_a_time_to_come_again_is_read_in_both_forms_and_bounded(header: str | None, expected: timedelta | None) -> None:
    assert retry_at(header, NOW) == (None if expected is None else NOW + expected)


@given(st.one_of(st.text(), st.text().map(lambda text: f"{text} GMT"), st.integers().map(str)))
def test_any_text_is_a_time_within_a_day_or_none(header: str) -> None:
    wanted = retry_at(header, NOW)
    assert wanted is None or NOW < wanted <= NOW + DAY


@given(st.integers(1, 60), st.floats(0, 1))
def test_a_pause_is_random_from_none_to_a_bound_that_doubles(failed: int, random: float) -> None:
    most = pause(failed, 1.0)
    assert most == min(10.0, 0.5 * 2 ** (failed - 1))
    assert 0 <= pause(failed, random) <= most
    assert pause(failed, 0.0) == 0
