"""Exact polynomials of at most second degree, and where on a grid of minor units they are negative.

Every price here is one: a fee is linear in the principal, and so is an exchange-rate margin in percent, so that their
sum in money is at most quadratic.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Polynomial:
    """``constant + linear·x + square·x²``, exactly."""

    constant: Fraction = ZERO
    linear: Fraction = ZERO
    square: Fraction = ZERO

    def __call__(self, x: Fraction) -> Fraction:
        """Return the value at ``x``."""
        return self.constant + x * (self.linear + x * self.square)

    def __add__(self, other: "Polynomial") -> "Polynomial":
        """Return the sum."""
        return Polynomial(self.constant + other.constant, self.linear + other.linear, self.square + other.square)

    def __sub__(self, other: "Polynomial") -> "Polynomial":
        """Return the difference."""
        return Polynomial(self.constant - other.constant, self.linear - other.linear, self.square - other.square)

    def scaled(self, factor: Fraction) -> "Polynomial":
        """Return this times a number."""
        return Polynomial(self.constant * factor, self.linear * factor, self.square * factor)

    def times_x(self) -> "Polynomial":
        """Return this line times ``x``."""
        if self.square:
            raise ValueError("the product would be of third degree")
        return Polynomial(ZERO, self.constant, self.linear)

    def after(self, line: "Polynomial") -> "Polynomial":
        """Return this as a function of ``x`` where its argument is ``line(x)``."""
        if line.square:
            raise ValueError("only a line can be put into a polynomial of second degree")
        a, b = line.constant, line.linear
        return Polynomial(
            self(a),
            b * (self.linear + 2 * self.square * a),
            self.square * b * b,
        )

    def inverse(self) -> "Polynomial":
        """Return the inverse of a rising line."""
        if self.square or self.linear <= 0:
            raise ValueError("only a rising line has an inverse here")
        return Polynomial(-self.constant / self.linear, 1 / self.linear)


@dataclass(frozen=True, slots=True)
class Span:
    """An interval of amounts in major units; ``end`` null: without end."""

    start: Fraction
    end: Fraction | None
    includes_start: bool = True
    includes_end: bool = False

    def __contains__(self, x: Fraction) -> bool:
        """Say whether the amount lies inside."""
        if x < self.start or (x == self.start and not self.includes_start):
            return False
        return self.end is None or x < self.end or (x == self.end and self.includes_end)

    def through(self, line: Polynomial) -> "Span":
        """Return the interval of ``line(x)`` for ``x`` inside, for a rising line."""
        return Span(
            line(self.start),
            None if self.end is None else line(self.end),
            includes_start=self.includes_start,
            includes_end=self.includes_end,
        )

    def grid(self, units: int) -> tuple[int, int | None]:
        """Return the first and last whole number of minor units inside (``units`` to one major unit)."""
        first = ceil(self.start * units)
        if not self.includes_start and first == self.start * units:
            first += 1
        if self.end is None:
            return first, None
        last = floor(self.end * units)
        if not self.includes_end and last == self.end * units:
            last -= 1
        return first, last


def negative_runs(polynomial: Polynomial, first: int, last: int, units: int) -> Iterator[tuple[int, int]]:
    """Yield the runs ``(from, to)`` of whole minor units in ``first..last`` where the polynomial is below zero.

    A parabola changes direction once: on either side of its vertex it is monotone, so each edge is found by bisection.
    """
    if first > last:
        return
    vertex = None
    if polynomial.square:
        vertex = floor(-polynomial.linear / (2 * polynomial.square) * units)
    sides = [(first, last)] if vertex is None or not first <= vertex < last else [(first, vertex), (vertex + 1, last)]
    run: tuple[int, int] | None = None
    for low, high in sides:
        found = _negative_in_monotone(polynomial, low, high, units)
        if found is None:
            continue
        if run is not None and found[0] == run[1] + 1:
            run = (run[0], found[1])
            continue
        if run is not None:
            yield run
        run = found
    if run is not None:
        yield run


def _negative_in_monotone(polynomial: Polynomial, low: int, high: int, units: int) -> tuple[int, int] | None:
    def is_negative(minor: int) -> bool:
        return polynomial(Fraction(minor, units)) < 0

    at_low, at_high = is_negative(low), is_negative(high)
    if at_low == at_high:
        return (low, high) if at_low else None
    left, right = low, high
    while right - left > 1:
        middle = (left + right) // 2
        if is_negative(middle) == at_low:
            left = middle
        else:
            right = middle
    return (low, left) if at_low else (right, high)
