"""Where along the amounts the cheapest service changes: break-evens in closed form, and every switch of many curves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from app.domain.polynomials import Polynomial, negative_runs
from app.domain.price_curves import Piece, PriceCurve
from app.domain.vocabulary import AmountIs

_PERCENT = Fraction(1, 100)
_NOTHING = Fraction(0)


def break_even_principal(fee_1: Fraction, margin_1: Fraction, fee_2: Fraction, margin_2: Fraction) -> Fraction | None:
    """Return A* = 100·(f1 − f2)/(g2 − g1): the principal at which two constant fees on top cost the same.

    Null where there is none above 0 (equal margins, or one dearer throughout). METHODOLOGY, A price at any amount.
    """
    if margin_1 == margin_2:
        return None
    amount = 100 * (fee_1 - fee_2) / (margin_2 - margin_1)
    return amount if amount > 0 else None


def break_even_total_paid(fee_1: Fraction, rate_1: Fraction, fee_2: Fraction, rate_2: Fraction) -> Fraction | None:
    """Return T* = (f1·r1 − f2·r2)/(r1 − r2): the total paid from which two flat fees pay out the same.

    Where only margins are known, give 1 − g/100 for r. Null where nothing above both fees solves it.
    """
    if rate_1 == rate_2:
        return None
    amount = (fee_1 * rate_1 - fee_2 * rate_2) / (rate_1 - rate_2)
    return amount if amount > max(fee_1, fee_2) else None


@dataclass(frozen=True, slots=True)
class Switch:
    """The first minor unit (in major units) where another service becomes the cheapest.

    ``before`` and ``after`` are places in the list of curves; null where no price is known. ``earliest`` and
    ``latest`` bound the switch where a price is interpolated; they are ``at`` where both are exact.
    """

    at: Fraction
    before: int | None
    after: int | None
    earliest: Fraction
    latest: Fraction


@dataclass(frozen=True, slots=True)
class _Line:
    """One curve's rank key on an elementary stretch, with its bounds where it is interpolated."""

    place: int
    key: Polynomial
    low: Polynomial
    high: Polynomial


def switches(  # noqa: PLR0913 - two amounts, their unit, and what is held equal and compared
    curves: Sequence[PriceCurve],
    first: Fraction,
    last: Fraction,
    minor_per_major: int,
    amount_is: AmountIs,
    *,
    by_received: bool = False,
) -> list[Switch]:
    """Return every change of the cheapest among curves of one currency, between two amounts held equal.

    ``curves`` in the order that breaks ties. Only strictly cheaper services take over. ``by_received``: at equal total
    paid, who pays out most is cheapest, which needs no benchmark; pieces without a rate then have no price.
    """
    first_unit, last_unit = -(-first * minor_per_major // 1), last * minor_per_major // 1
    pieces = [
        (place, piece, grid)
        for place, curve in enumerate(curves)
        for piece in curve.pieces
        if _has_key(piece, amount_is, by_received=by_received)
        and (grid := _grid(piece, minor_per_major, amount_is, int(last_unit))) is not None
    ]
    edges = {int(first_unit), int(last_unit) + 1}
    edges |= {edge for _, _, (start, end) in pieces for edge in (start, end + 1) if first_unit <= edge <= last_unit}
    found: list[Switch] = []
    winner: int | None = None
    ordered = sorted(edges)
    for start, end in pairwise(ordered):
        lines = [
            _line(place, piece, amount_is, by_received=by_received)
            for place, piece, grid in pieces
            if grid[0] <= start <= grid[1]
        ]
        for at, line, earliest, latest in _envelope(lines, winner, start, end - 1, minor_per_major):
            place = None if line is None else line.place
            if at > first_unit and place != winner:
                units = (Fraction(unit, minor_per_major) for unit in (at, earliest, latest))
                at_amount, earliest_amount, latest_amount = units
                found.append(Switch(at_amount, winner, place, earliest_amount, latest_amount))
            winner = place
    return found


def _has_key(piece: Piece, amount_is: AmountIs, *, by_received: bool) -> bool:
    if amount_is is AmountIs.RECEIVED or by_received:
        return piece.offered_rate is not None
    return piece.total_cost is not None


def _grid(piece: Piece, units: int, amount_is: AmountIs, last: int) -> tuple[int, int] | None:
    span = piece.span_of(amount_is)
    if span is None:
        return None
    start, end = span.grid(units)
    end = last if end is None else min(end, last)
    return (max(start, 1), end) if start <= end else None


def _line(place: int, piece: Piece, amount_is: AmountIs, *, by_received: bool) -> _Line:
    principal = piece.principal_for(amount_is)
    if principal is None:
        raise ValueError("only pieces with a price come here")
    steps = piece.fee_bounds
    if amount_is is AmountIs.RECEIVED:
        key = piece.sender_pays.after(principal)
        bounds = [
            key if steps is None else key + (Polynomial(step) - piece.fee.after(principal))
            for step in steps or (_NOTHING, _NOTHING)
        ]
        return _Line(place, key, *bounds)
    if by_received:
        rate = _NOTHING if piece.offered_rate is None else -piece.offered_rate
        key = principal.scaled(rate)
        bounds = [
            key if steps is None else _paid_less(step, piece).scaled(rate) for step in steps or (_NOTHING, _NOTHING)
        ]
        return _Line(place, key, *bounds)
    if piece.total_cost is None:
        raise ValueError("only pieces with a price come here")
    cost = piece.total_cost + piece.tax if amount_is is AmountIs.TOTAL_PAID else piece.total_cost
    key = cost.after(principal)
    if steps is None or piece.margin_bounds is None:
        return _Line(place, key, key, key)
    ends = [_bound(fee, margin, piece, amount_is) for fee, margin in zip(steps, piece.margin_bounds, strict=True)]
    return _Line(place, key, ends[0], ends[1])


def _paid_less(fee: Fraction, piece: Piece) -> Polynomial:
    """Return the principal as a line in the total paid, for a constant fee."""
    return Polynomial(-fee, Fraction(1)).scaled(1 / (1 + piece.tax.linear))


def _bound(fee: Fraction, margin: Fraction, piece: Piece, amount_is: AmountIs) -> Polynomial:
    """Return fee + principal·margin as a line in the principal, or fee + tax + principal·margin in the total paid."""
    if amount_is is AmountIs.TOTAL_PAID:
        return Polynomial(fee) + _paid_less(fee, piece).scaled(margin * _PERCENT + piece.tax.linear)
    return Polynomial(fee, margin * _PERCENT)


def _envelope(
    lines: list[_Line], winner: int | None, start: int, end: int, units: int
) -> Iterator[tuple[int, _Line | None, int, int]]:
    """Yield (first unit, line, earliest, latest) for each winner along one stretch."""
    if not lines:
        yield start, None, start, start
        return
    x = Fraction(start, units)
    current = min(lines, key=lambda line: (line.key(x), line.place != winner, line.place))
    held = next((line for line in lines if line.place == winner), current)
    yield (start, current, *_uncertain(held, current, start, (start, end), units))
    at = start
    while at < end:
        takeovers = [
            (runs[0][0], line)
            for line in lines
            if line is not current and (runs := list(negative_runs(line.key - current.key, at + 1, end, units)))
        ]
        if not takeovers:
            return
        at = min(unit for unit, _ in takeovers)
        x = Fraction(at, units)
        following = min((line for unit, line in takeovers if unit == at), key=lambda line: (line.key(x), line.place))
        yield (at, following, *_uncertain(current, following, at, (start, end), units))
        current = following


def _uncertain(before: _Line, after: _Line, at: int, stretch: tuple[int, int], units: int) -> tuple[int, int]:
    """Return the first and last unit around a switch where the bounds of the two overlap."""
    if before is after or (before.low is before.key and after.low is after.key):
        return at, at
    start, end = stretch
    surely_before = list(negative_runs(before.high - after.low, start, at - 1, units))
    surely_after = list(negative_runs(after.high - before.low, at, end, units))
    earliest = surely_before[-1][1] + 1 if surely_before else start
    latest = surely_after[0][0] if surely_after else end
    return earliest, latest
