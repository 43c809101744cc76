"""What can hardly be true although it can be read: rules that judge a record beside what is known already.

They are our own [O]: dated parameters. What they refuse is counted and told, and the rest of the answer is kept.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Context, Decimal
from fractions import Fraction
from typing import Final

from app.domain.costs import fx_margin_percent
from app.domain.money import exact

FIXING_JUMP_FACTOR: Final = 3
"""A fixing this many times its predecessor, or more, or the same part of it, is refused. Since 2026-11-24."""

COMPARED_WITHIN_DAYS: Final = 30
"""A predecessor older than this says nothing, so that a jump which nobody declared is believed after a month."""

IMPLAUSIBLE_RATE: Final = "implausible-rate"
"""The code of a refusal by what follows here."""

LEAST_MARGIN_PERCENT, MOST_MARGIN_PERCENT = -20, 50
"""An offered rate with a margin outside is a mistake (inverted, off by 10 or 100, of another pair), not a price. Of the
19,628 margins that the survey measured from 2011-Q1 to 2013-Q3 none is below -17 or above 37. Since 2026-11-24."""

MID_MARKET_FACTOR: Final = Decimal("1.5")
"""A mid-market rate that a source declares may be up to this many times the reference rate, or the same part of it: the
two are of other hours, and a market may differ from the official rate. Since 2026-11-24."""

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


def offered_rate_doubt(offered: Decimal, reference: Fraction) -> str | None:
    """Say what was expected where an offered rate, more than 0, is too far from a reference rate; else null."""
    margin = fx_margin_percent(exact(offered), reference)
    if LEAST_MARGIN_PERCENT <= margin <= MOST_MARGIN_PERCENT:
        return None
    return f"expected a margin from {LEAST_MARGIN_PERCENT} to {MOST_MARGIN_PERCENT} percent"


def mid_market_doubt(declared: Decimal, reference: Fraction) -> str | None:
    """Say what was expected where a declared mid-market rate is too far from a reference rate; else null."""
    low, high = sorted((exact(declared), reference))
    if high <= low * exact(MID_MARKET_FACTOR):
        return None
    return f"expected a mid-market rate of at most {MID_MARKET_FACTOR} times it, or of the same part of it"


def jump_doubt(rate: Decimal, before: Decimal) -> str | None:
    """Say what was expected where a service's rate is too far from its own of the last 30 days; else null."""
    low, high = sorted((rate, before))
    if high < _EXACT.multiply(low, Decimal(FIXING_JUMP_FACTOR)):
        return None
    return f"expected less than {FIXING_JUMP_FACTOR} times it, and more than the same part of it"
