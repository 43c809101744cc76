"""The price curve of one service as one live source describes it: a declared tariff, or prices seen at some amounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from uuid import UUID

from app.domain.costs import fx_margin_percent
from app.domain.money import exact
from app.domain.observed_spans import laid_out, observed_window
from app.domain.polynomials import Polynomial, Span
from app.domain.price_curves import Gap, Piece, PriceCurve
from app.domain.quotes import LiveQuote
from app.domain.tariffs import FeeBand, RateStep, Tariff, tariff_curve
from app.domain.terms import AmountFee, PercentFee, Terms
from app.domain.vocabulary import AmountTier, Exclusion, FeeMode, FxMarginStatus, PriceBasis


@dataclass(frozen=True, slots=True)
class Benchmarked:
    """A live quote with the mid-market rate that it is measured against; null where there is none."""

    quote: LiveQuote
    mid_market_rate: Fraction | None


def live_curve(quotes: Sequence[Benchmarked]) -> PriceCurve:
    """Return the curve of one service in one source, from its current quotes in any order.

    A tariff speaks for every amount, so that the newest one, where there is any, is the curve; prices at amounts are
    observations with straight lines between, as a survey's are.
    """
    newest = sorted(quotes, key=lambda one: (one.quote.observed_at, one.quote.id), reverse=True)
    for one in newest:
        if not isinstance(one.quote.terms.fee, AmountFee):
            return tariff_curve(_tariff(one))
    points: dict[Fraction, _Point] = {}
    for one in newest:
        point = _point(one)
        points.setdefault(point.principal, point)  # of two prices at one amount the newer
    ordered = [points[principal] for principal in sorted(points)]
    pieces, gaps = laid_out(
        ordered, lambda point: observed_window(point.principal), observed=_observed, between=_between, outside=_outside
    )
    first = ordered[0].one.quote
    return PriceCurve(
        currency=first.sending_currency,
        receiving_currency=first.receiving_currency,
        pieces=pieces,
        gaps=gaps,
        outside=Exclusion.AMOUNT_NOT_OBSERVED,
        known_amounts=tuple(point.principal for point in ordered),
    )


def _tariff(one: Benchmarked) -> Tariff:
    quote, terms = one.quote, one.quote.terms
    return Tariff(
        quote_id=quote.id,
        currency=quote.sending_currency,
        receiving_currency=quote.receiving_currency,
        fee_mode=terms.fee_mode,
        bands=_bands(terms),
        is_marginal=not isinstance(terms.fee, AmountFee | PercentFee) and terms.fee.is_marginal,
        rates=tuple(RateStep(exact(band.start), exact(band.rate)) for band in terms.rates),
        mid_market_rate=one.mid_market_rate,
        min_amount=None if terms.min_amount is None else exact(terms.min_amount),
        max_amount=None if terms.max_amount is None else exact(terms.max_amount),
    )


def _bands(terms: Terms) -> tuple[FeeBand, ...]:
    if isinstance(terms.fee, AmountFee):
        raise TypeError("a fee at one amount is no schedule")
    if isinstance(terms.fee, PercentFee):
        return (FeeBand(Fraction(0), percent=exact(terms.fee.percent)),)
    return tuple(
        FeeBand(
            exact(band.start),
            exact(band.fixed),
            exact(band.percent),
            None if band.minimum is None else exact(band.minimum),
            None if band.maximum is None else exact(band.maximum),
        )
        for band in terms.fee.bands
    )


@dataclass(frozen=True, slots=True)
class _Point:
    """A price at one amount, by its principal."""

    one: Benchmarked
    principal: Fraction
    fee: Fraction
    rate: Fraction | None
    margin: Fraction | None

    @property
    def quote_id(self) -> UUID:
        return self.one.quote.id

    @property
    def tier(self) -> AmountTier | None:
        return self.one.quote.tier


def _point(one: Benchmarked) -> _Point:
    terms = one.quote.terms
    if not isinstance(terms.fee, AmountFee):
        raise TypeError("a schedule is no price at one amount")
    fee, amount = exact(terms.fee.amount), exact(terms.fee.at_amount)
    principal = amount - fee if terms.fee_mode is FeeMode.DEDUCTED else amount
    if principal <= 0:
        raise ValueError("a fee must leave something to convert")
    holds = [band.rate for band in terms.rates if band.start <= terms.fee.at_amount]
    rate = exact(holds[-1]) if holds else None
    mid = one.mid_market_rate
    margin = None if rate is None or mid is None else fx_margin_percent(rate, mid)
    return _Point(one, principal, fee, rate, margin)


def _observed(point: _Point, window: Span) -> Piece:
    """Within 1 % the fee is the same share, and the rate and the margin are those that were seen."""
    share = Polynomial(linear=point.fee / point.principal)
    margin = None if point.margin is None else Polynomial(point.margin)
    return Piece(
        span=window,
        basis=PriceBasis.OBSERVED,
        fee_mode=point.one.quote.terms.fee_mode,
        fee=share,
        fx_margin_percent=margin,
        total_cost=None if margin is None else share + margin.times_x().scaled(Fraction(1, 100)),
        quote_ids=(point.quote_id,),
        offered_rate=point.rate,
        mid_market_rate=point.one.mid_market_rate,
        fx_margin_status=None if margin is None else FxMarginStatus.MEASURED,
    )


def _between(left: _Point, right: _Point, span: Span) -> Piece | Gap:
    """Between two amounts the fee (money) and the margin are linear; a rate is known only where both ends agree."""
    fee = _line(left.principal, left.fee, right.principal, right.fee)
    rate = left.rate if left.rate == right.rate else None
    margin = None
    if left.margin is not None and right.margin is not None:
        margin = _line(left.principal, left.margin, right.principal, right.margin)
    if margin is None and rate is None:
        return Gap(span, Exclusion.AMOUNT_NOT_OBSERVED, fee=fee)
    ends = (left.principal, right.principal)
    same_mid = left.one.mid_market_rate == right.one.mid_market_rate
    return Piece(
        span=span,
        basis=PriceBasis.INTERPOLATED,
        fee_mode=left.one.quote.terms.fee_mode,
        fee=fee,
        fx_margin_percent=margin,
        total_cost=None if margin is None else fee + margin.times_x().scaled(Fraction(1, 100)),
        quote_ids=(left.quote_id, right.quote_id),
        fee_bounds=_bounds(fee, ends),
        margin_bounds=None if margin is None else _bounds(margin, ends),
        offered_rate=rate,
        mid_market_rate=left.one.mid_market_rate if same_mid else None,
        fx_margin_status=None if margin is None else FxMarginStatus.MEASURED,
    )


def _outside(_point: _Point, span: Span) -> Gap:
    return Gap(span, Exclusion.AMOUNT_NOT_OBSERVED)


def _line(x1: Fraction, y1: Fraction, x2: Fraction, y2: Fraction) -> Polynomial:
    slope = (y2 - y1) / (x2 - x1)
    return Polynomial(y1 - slope * x1, slope)


def _bounds(line: Polynomial, ends: tuple[Fraction, Fraction]) -> tuple[Fraction, Fraction]:
    values = [line(end) for end in ends]
    return min(values), max(values)
