"""Where a service meets the 3 % target, and where the cheapest service changes: exact, by the minor unit."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from app.domain.methodology import TARGET_PERCENT
from app.domain.polynomials import Polynomial, Span, negative_runs
from app.domain.price_curves import PriceCurve


@dataclass(frozen=True, slots=True)
class AmountRange:
    """Amounts from the first to the last minor unit, both included, in major units."""

    start: Fraction
    end: Fraction


@dataclass(frozen=True, slots=True)
class TargetRanges:
    """The known principals that cost less than 3 %, or why there is none."""

    ranges: tuple[AmountRange, ...]
    reason: str | None = None


def meets_target_between(curve: PriceCurve, minor_per_major: int) -> TargetRanges:
    """Return the ranges of known principals, smallest to largest observed, where the total cost is below 3 %.

    Between observed amounts the straight line is tested, not its bounds. Ranges that touch are joined. Reasons:
    ``no_known_price`` (nothing sound was observed) and ``target_not_met``.
    """
    units: list[tuple[int, int]] = []
    is_known = False
    limits = (min(curve.known_amounts), max(curve.known_amounts)) if curve.known_amounts else None
    for piece in curve.pieces:
        span = _grid(piece.span, limits, minor_per_major)
        if piece.total_cost is None or span is None:
            continue
        is_known = True
        over = piece.total_cost - Polynomial(linear=TARGET_PERCENT / 100)
        units += negative_runs(over, *span, minor_per_major)
    if not units:
        return TargetRanges((), "target_not_met" if is_known else "no_known_price")
    return TargetRanges(tuple(_joined(sorted(units), minor_per_major)))


_LARGEST = 10**12


def _grid(span: Span, limits: tuple[Fraction, Fraction] | None, units: int) -> tuple[int, int] | None:
    """Return the first and last minor unit of a span inside the known amounts (a schedule: up to 10^12)."""
    first, last = span.grid(units)
    low, high = (limits[0] * units, limits[1] * units) if limits else (Fraction(1), Fraction(_LARGEST * units))
    first = max(first, -(-low.numerator // low.denominator), 1)
    last = int(high) if last is None else min(last, int(high))
    return (first, last) if first <= last else None


def _joined(runs: Sequence[tuple[int, int]], units: int) -> list[AmountRange]:
    joined: list[tuple[int, int]] = []
    for start, end in runs:
        if joined and start <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return [AmountRange(Fraction(start, units), Fraction(end, units)) for start, end in joined]
