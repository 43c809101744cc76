"""On which days an institution publishes: weekends and the closing days of the TARGET system, as dated rules.

The European Central Bank fixes its reference rates on every TARGET day. Other institutions keep calendars of their own,
which nobody declares here: on a weekday of theirs without a rate nothing is known but that none was published.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

Days = Literal["every", "weekdays", "target"]

SATURDAY = 5
FIRST_DAY = date(1950, 1, 1)
"""Nobody is asked about rates of a day before."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)

_LONG_TERM = (
    "European Central Bank, 2000-12-14: long-term calendar for TARGET closing days, from 2002 until further notice"
)
_FROM_2000 = f"European Central Bank, 1999-07-15: TARGET closing days in 2000; {_LONG_TERM}"
_YEAR_1999 = "European Central Bank, 1999-03-31: closing of TARGET on 31 December 1999"
_YEAR_2001 = "European Central Bank: TARGET closing days in 2001 (not checked against its press release)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingDay:
    """A day of each year from ``since`` to ``until`` on which TARGET is closed; null is open.

    It is a ``month`` and ``day``, or so many days ``from_easter`` Sunday of the western churches.
    """

    name: str
    reference: str
    month: int = 0
    day: int = 0
    from_easter: int | None = None
    since: int = 1999
    until: int | None = None

    def on(self, year: int) -> date | None:
        """Return the day in a year, null where the rule did not hold."""
        if year < self.since or (self.until is not None and year > self.until):
            return None
        if self.from_easter is not None:
            return easter(year) + timedelta(days=self.from_easter)
        return date(year, self.month, self.day)


TARGET = (
    ClosingDay(name="new_years_day", month=1, day=1, reference=_LONG_TERM),
    ClosingDay(name="good_friday", from_easter=-2, since=2000, reference=_FROM_2000),
    ClosingDay(name="easter_monday", from_easter=1, since=2000, reference=_FROM_2000),
    ClosingDay(name="labour_day", month=5, day=1, since=2000, reference=_FROM_2000),
    ClosingDay(name="christmas_day", month=12, day=25, reference=_LONG_TERM),
    ClosingDay(name="day_after_christmas", month=12, day=26, since=2000, reference=_FROM_2000),
    ClosingDay(name="change_of_millennium", month=12, day=31, until=1999, reference=_YEAR_1999),
    ClosingDay(name="change_to_euro_cash", month=12, day=31, since=2001, until=2001, reference=_YEAR_2001),
)
"""In force until further notice since 2002; each of the years before had a calendar of its own."""


def easter(year: int) -> date:
    """Return Easter Sunday of the western churches in a Gregorian year (anonymous algorithm, Nature, 20 April 1876)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    weekday = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * weekday) // 433
    month = (h + weekday - 7 * m + 90) // 25
    return date(year, month, (h + weekday - 7 * m + 33 * month + 19) % 32)


@lru_cache(maxsize=256)
def _closing_days(year: int) -> dict[date, str]:
    found = {day: rule.name for rule in TARGET if (day := rule.on(year)) is not None}
    return dict(sorted(found.items()))


def target_closing_days(year: int) -> dict[date, str]:
    """Return the days of a year on which TARGET is closed, weekends apart, each with its name."""
    return dict(_closing_days(year))


def is_weekend(day: date) -> bool:
    """Say whether a day is a Saturday or a Sunday."""
    return day.weekday() >= SATURDAY


def is_publication_day(days: Days, day: date) -> bool:
    """Say whether something is to be published on a day: on ``every`` day, on ``weekdays``, on ``target`` days."""
    if days == "every":
        return True
    return not is_weekend(day) and (days == "weekdays" or day not in _closing_days(day.year))


def why_none(days: Days, day: date) -> str:
    """Say why a day has nothing: ``weekend``, ``closing_day``, or ``not_published`` on a publication day."""
    if is_publication_day(days, day):
        return "not_published"
    return "weekend" if is_weekend(day) else "closing_day"


def read_day(text: str) -> date | None:
    """Read a day as ISO 8601 writes it, ``2025-12-31``; null where it is none, or one before ``FIRST_DAY``."""
    if not _DAY.fullmatch(text):
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found >= FIRST_DAY else None
