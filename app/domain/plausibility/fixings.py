"""Fixings that can hardly be true: each is judged by its institution's newest of the month before, and known jumps."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Context, Decimal
from typing import Final

FIXING_JUMP_FACTOR: Final = 3
"""A fixing this many times its predecessor, or more, or the same part of it, is refused. Since 2026-11-24."""

COMPARED_WITHIN_DAYS: Final = 30
"""A predecessor older than this says nothing, so that a jump which nobody declared is believed after a month."""

_EXACT = Context(prec=80)


@dataclass(frozen=True, slots=True)
class KnownJump:
    """A currency that did change its worth by more than the factor, in fixings of these days (both included)."""

    currency: str
    since: date
    until: date
    reference: str

    def holds(self, day: date) -> bool:
        """Say whether a fixing of this day may have jumped."""
        return self.since <= day <= self.until


KNOWN_JUMPS: Final = (
    KnownJump("MMK", date(2012, 4, 1), date(2012, 4, 30), "Central Bank of Myanmar: managed float from 2012-04-02"),
    KnownJump("SSP", date(2015, 12, 14), date(2015, 12, 31), "Bank of South Sudan: peg ended on 2015-12-14"),
    KnownJump("LYD", date(2021, 1, 3), date(2021, 1, 31), "Central Bank of Libya: 0.156 SDR from 2021-01-03"),
    KnownJump("SDG", date(2021, 2, 21), date(2021, 3, 7), "Central Bank of Sudan: managed float from 2021-02-21"),
    KnownJump("VES", date(2021, 10, 1), date(2021, 10, 8), "Decreto 4.553: six zeros less from 2021-10-01"),
    KnownJump("LBP", date(2023, 2, 1), date(2023, 2, 15), "Banque du Liban: 15,000 per US dollar from 2023-02-01"),
    KnownJump("LBP", date(2024, 1, 31), date(2024, 3, 15), "Banque du Liban: 89,500 per US dollar from early 2024"),
)


class FixingTrail:
    """One institution's values by day, against which its next one is judged."""

    def __init__(self, known: Mapping[tuple[date, str, str], Decimal]) -> None:
        """``known``: values by (day, base, quote)."""
        self._days: dict[tuple[str, str], list[date]] = {}
        self._values: dict[tuple[str, str], dict[date, Decimal]] = {}
        for day, base, quote in sorted(known):
            self.add(day, base, quote, known[day, base, quote])

    def add(self, day: date, base: str, quote: str, value: Decimal) -> None:
        """Believe a value: the next ones are judged against it."""
        values = self._values.setdefault((base, quote), {})
        if day not in values:
            days = self._days.setdefault((base, quote), [])
            if days and days[-1] > day:
                days.insert(bisect_left(days, day), day)
            else:
                days.append(day)
        values[day] = value

    def doubt(self, day: date, base: str, quote: str, value: Decimal) -> str | None:
        """Say why a positive value can hardly be true, or null: the newest value of the 30 days before decides."""
        days = self._days.get((base, quote), [])
        place = bisect_left(days, day)
        if not place or day - days[place - 1] > timedelta(days=COMPARED_WITHIN_DAYS):
            return None
        before = days[place - 1]
        was = self._values[base, quote][before]
        low, high = sorted((was, value))
        if high < _EXACT.multiply(low, Decimal(FIXING_JUMP_FACTOR)):
            return None
        if any(jump.currency in {base, quote} and jump.holds(day) for jump in KNOWN_JUMPS):
            return None
        return f"more than {FIXING_JUMP_FACTOR} times, or less than a third of, the {was:f} of {before.isoformat()}"
