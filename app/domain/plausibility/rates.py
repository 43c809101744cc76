"""Rates of fetched quotes that can hardly be true: an absurd margin, another market, a jump of a service's own."""

from decimal import Context, Decimal
from fractions import Fraction
from typing import Final

from app.domain.costs import fx_margin_percent
from app.domain.money import exact
from app.domain.plausibility.fixings import FIXING_JUMP_FACTOR

IMPLAUSIBLE_RATE: Final = "implausible-rate"
"""The code of a refusal by what follows here."""

LEAST_MARGIN_PERCENT, MOST_MARGIN_PERCENT = -20, 50
"""An offered rate with a margin outside is a mistake (inverted, off by 10 or 100, of another pair), not a price. Of the
19,628 margins that the survey measured from 2011-Q1 to 2013-Q3 none is below -17 or above 37. Since 2026-11-24."""

MID_MARKET_FACTOR: Final = Decimal("1.5")
"""A mid-market rate that a source declares may be up to this many times the reference rate, or the same part of it: the
two are of other hours, and a market may differ from the official rate. Since 2026-11-24."""

_EXACT = Context(prec=80)


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
