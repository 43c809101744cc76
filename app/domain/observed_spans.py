"""Where a price was observed, what lies between two observations, and what lies outside them all."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TypeVar

from app.domain.methodology import OBSERVED_WITHIN
from app.domain.polynomials import Span
from app.domain.price_curves import Gap, Piece

_NOTHING = Fraction(0)
Point = TypeVar("Point")


def observed_window(amount: Fraction) -> tuple[Fraction, Fraction]:
    """Return the principals for which a price observed at ``amount`` stands: within 1 % (METHODOLOGY)."""
    return amount * (1 - OBSERVED_WITHIN), amount * (1 + OBSERVED_WITHIN)


def laid_out(
    points: Sequence[Point],
    window: Callable[[Point], tuple[Fraction, Fraction]],
    *,
    observed: Callable[[Point, Span], Piece | Gap],
    between: Callable[[Point, Point, Span], Piece | Gap],
    outside: Callable[[Point, Span], Gap],
) -> tuple[tuple[Piece, ...], tuple[Gap, ...]]:
    """Cover every principal: the windows of the points (in rising order), what is between them, and the rest."""
    stretches: list[Piece | Gap] = []
    known_to = _NOTHING
    left: Point | None = None
    for point in points:
        from_amount, end = window(point)
        start = max(from_amount, known_to)
        if known_to < start:
            before = Span(known_to, start, includes_start=False)
            stretches.append(outside(point, before) if left is None else between(left, point, before))
        if start < end:
            stretches.append(observed(point, Span(start, end, includes_start=start > known_to, includes_end=True)))
        known_to, left = end, point
    stretches.append(outside(points[-1], Span(known_to, None, includes_start=False)))
    pieces = tuple(stretch for stretch in stretches if isinstance(stretch, Piece))
    return pieces, tuple(stretch for stretch in stretches if isinstance(stretch, Gap))
