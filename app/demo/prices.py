"""Invented prices: fee, margin and total of the two tiers, related as the survey's rounding relates them."""

from dataclasses import dataclass, replace
from decimal import Context, Decimal

from app.demo.draws import around, quantile
from app.demo.geography import Corridor
from app.demo.targets import (
    FEE_PERCENT,
    FEE_RATIO,
    FIRST_ROUND_LEVEL,
    LAST_ROUND_LEVEL,
    NEGATIVE_MARGIN,
    POSITIVE_MARGIN,
)

# How far a service's rank may lie from its corridor's: costs differ within a corridor nearly as much as between them.
_FEE_SPREAD = 22000
_MARGIN_SPREAD = 30000
_SIX_DIGITS = Context(prec=6)
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier: amount and fee in hundredths of the currency, margin and total in hundredths of a percent."""

    amount: int
    fee: int
    margin: int
    total: int

    def with_total(self, total: int) -> "Tier":
        """Return the tier with another published total."""
        return replace(self, total=total)


@dataclass(frozen=True, slots=True)
class Rates:
    """The provider's rate and the interbank rate, as the survey prints them."""

    offered: str
    interbank: str


NO_RATES = Rates("1.0", "1.0")


def tier(amount: int, fee: int, margin: int) -> Tier:
    """Return a tier of ``fee`` (hundredths) and ``margin`` (ten-thousandths of a percent); both sums round half up.

    The total is rounded from the unrounded margin, so that the published parts miss it by up to 0.01, as the survey's.
    """
    numerator, denominator = fee * _MILLION + margin * amount, amount * 100
    return Tier(amount, fee, (2 * margin + 100) // 200, (2 * numerator + denominator) // (2 * denominator))


def tiers(
    corridor: Corridor, level: int, service: tuple[int, ...], now: tuple[int, ...], trap: str | None
) -> tuple[Tier, Tier]:
    """Return the price of a service in one round; ``level`` 0..1000 says how late in the series the round is."""
    trend = FIRST_ROUND_LEVEL + (LAST_ROUND_LEVEL - FIRST_ROUND_LEVEL) * level // 1000
    rank = around(around(corridor.rank, service[4], _FEE_SPREAD), now[0], 2500)
    fee_percent = quantile(FEE_PERCENT, rank) * trend // 1000
    small, large = corridor.amounts
    step = round_step(small)
    fee = max(fee_percent * small // _MILLION // step, 1) * step
    larger_fee = fee * quantile(FEE_RATIO, around(service[5], now[1], 2500)) // 1000 // step * step
    margin = _margin(corridor, trend, service, now, trap)
    if trap in {"zero_fee", "negative_total"}:
        fee = larger_fee = 0
    if trap == "total_above_100":
        fee = larger_fee = small * 105 // 100
    return tier(small, fee, margin), tier(large, larger_fee, margin)


def rates(corridor: Corridor, margin: int, level: int, draw: int) -> Rates:
    """Return rates of six digits that show ``margin`` (hundredths of a percent); the level drifts over the rounds."""
    interbank = corridor.rate * (100_000 - 12 * (1000 - level) + draw * 3000 // 65536) / 100_000
    offered = interbank * (10_000 - margin) / 10_000
    return Rates(six_digits(offered), six_digits(interbank))


def _margin(corridor: Corridor, trend: int, service: tuple[int, ...], now: tuple[int, ...], trap: str | None) -> int:
    """Return a margin in ten-thousandths of a percent."""
    if trap is not None and trap.startswith("negative_"):
        return -quantile(NEGATIVE_MARGIN, now[2])
    rank = around(around(corridor.margin_rank, service[6], _MARGIN_SPREAD), now[2], 4000)
    return quantile(POSITIVE_MARGIN, rank) * trend // 1000


def round_step(amount: int) -> int:
    """Return the step of round fees, in hundredths: 1, 2 or 5 times a power of ten, at most a 400th of ``amount``."""
    size = 1
    while size * 10 <= amount // 400:
        size *= 10
    return max(factor * size for factor in (1, 2, 5) if factor * size <= max(amount // 400, 1))


def six_digits(rate: Decimal) -> str:
    """Return the rate with six significant digits, without an exponent."""
    text = f"{_SIX_DIGITS.plus(rate):f}"
    return text if "." in text else f"{text}.0"
