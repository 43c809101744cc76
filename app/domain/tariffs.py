"""Declared tariffs: a banded fee on top of the principal or deducted from what is paid, and a banded rate."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from uuid import UUID

from app.domain.costs import fx_margin_percent
from app.domain.polynomials import Polynomial, Span
from app.domain.price_curves import IDENTITY, Piece, PriceCurve
from app.domain.vocabulary import Exclusion, FeeMode, PriceBasis

_NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True)
class FeeBand:
    """A fee from an amount (included) to the next band's (excluded): ``fixed`` + ``percent`` of the amount.

    ``minimum`` and ``maximum`` bound the fee of the whole amount, in money.
    """

    start: Fraction
    fixed: Fraction = _NOTHING
    percent: Fraction = _NOTHING
    minimum: Fraction | None = None
    maximum: Fraction | None = None


@dataclass(frozen=True, slots=True)
class RateStep:
    """A rate (receiving currency per 1 sending) for the whole amount, from an amount (included) on."""

    start: Fraction
    rate: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """A published or pushed price list of one service.

    Bands and limits are amounts of principal when the fee is on top, of what the sender pays when it is deducted.
    ``is_marginal``: each band prices only its own slice of the amount. ``rates`` rise in their starts and always hold
    for the whole amount; below the first there is none. ``mid_market_rate`` is receiving currency per 1 sending.
    """

    quote_id: UUID
    currency: str
    receiving_currency: str | None
    fee_mode: FeeMode
    bands: tuple[FeeBand, ...]
    is_marginal: bool = False
    rates: tuple[RateStep, ...] = ()
    mid_market_rate: Fraction | None = None
    min_amount: Fraction | None = None
    max_amount: Fraction | None = None


def tariff_curve(tariff: Tariff) -> PriceCurve:
    """Return the exact curve of a tariff; what it does not cover the provider refuses.

    Raises ValueError for bands or rates out of order, a deducted fee of 100 % or more, or bounds on marginal slices.
    """
    starts = [[band.start for band in tariff.bands], [step.start for step in tariff.rates]]
    if not tariff.bands or any(a >= b for steps in starts for a, b in pairwise(steps)):
        raise ValueError("bands must rise, each from a higher amount than the one before")
    return PriceCurve(
        currency=tariff.currency,
        receiving_currency=tariff.receiving_currency,
        pieces=tuple(
            _piece(tariff, part, fee, rate) for span, fee in _stretches(tariff) for part, rate in _rated(span, tariff)
        ),
        gaps=(),
        outside=Exclusion.AMOUNT_NOT_OFFERED,
    )


def _rated(span: Span, tariff: Tariff) -> Iterator[tuple[Span, Fraction | None]]:
    """Split a stretch where the rate changes; each part with its rate, null where none was said."""
    inside = [step for step in tariff.rates if step.start > span.start and (span.end is None or step.start < span.end)]
    rate = next((step.rate for step in reversed(tariff.rates) if step.start <= span.start), None)
    for step in inside:
        yield replace(span, end=step.start, includes_end=False), rate
        span, rate = replace(span, start=step.start, includes_start=True), step.rate
    yield span, rate


def _piece(tariff: Tariff, span: Span, fee: Polynomial, rate: Fraction | None) -> Piece:
    if tariff.fee_mode is FeeMode.DEDUCTED:
        if fee.linear >= 1:
            raise ValueError("a deducted fee must leave something to convert")
        principal = IDENTITY - fee
        span, fee = span.through(principal), fee.after(principal.inverse())
    margin = None
    if rate is not None and tariff.mid_market_rate is not None:
        margin = Polynomial(fx_margin_percent(rate, tariff.mid_market_rate))
    return Piece(
        span=span,
        basis=PriceBasis.SCHEDULE,
        fee_mode=tariff.fee_mode,
        fee=fee,
        fx_margin_percent=margin,
        total_cost=None if margin is None else fee + margin.times_x().scaled(Fraction(1, 100)),
        quote_ids=(tariff.quote_id,),
        offered_rate=rate,
        mid_market_rate=tariff.mid_market_rate,
    )


def _stretches(tariff: Tariff) -> Iterator[tuple[Span, Polynomial]]:
    """Yield the stretches of one straight line each, within the tariff's limits."""
    before = _NOTHING
    ends = [band.start for band in tariff.bands[1:]]
    for band, end in zip(tariff.bands, [*ends, None], strict=True):
        line = Polynomial(band.fixed, band.percent / 100)
        if tariff.is_marginal:
            if band.minimum is not None or band.maximum is not None:
                raise ValueError("a marginal band has no minimum or maximum of its own")
            line = Polynomial(before + band.fixed - line.linear * band.start, line.linear)
            before = _NOTHING if end is None else line(end)
        for start, stop, fee in _bounded(band, end, line):
            span = _limited(Span(start, stop), tariff)
            if span is not None:
                yield span, fee


def _bounded(
    band: FeeBand, end: Fraction | None, line: Polynomial
) -> Iterator[tuple[Fraction, Fraction | None, Polynomial]]:
    """Split a band where its fee meets its minimum or maximum."""
    cuts = {band.start}
    for bound in (band.minimum, band.maximum):
        if bound is not None and line.linear:
            cut = (bound - line.constant) / line.linear
            if cut > band.start and (end is None or cut < end):
                cuts.add(cut)
    starts = sorted(cuts)
    for start, stop in zip(starts, [*starts[1:], end], strict=True):
        middle = line(start + 1 if stop is None else (start + stop) / 2)
        fee = line
        if band.minimum is not None and middle < band.minimum:
            fee = Polynomial(band.minimum)
        elif band.maximum is not None and middle > band.maximum:
            fee = Polynomial(band.maximum)
        yield start, stop, fee


def _limited(span: Span, tariff: Tariff) -> Span | None:
    low, high = tariff.min_amount, tariff.max_amount
    if low is not None and low > span.start:
        if span.end is not None and low >= span.end:
            return None
        span = replace(span, start=low)
    if high is not None and (span.end is None or high < span.end):
        if high < span.start:
            return None
        span = replace(span, end=high, includes_end=True)
    return span
