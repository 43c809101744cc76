"""The price curve of one surveyed service: its published prices at two amounts, and what lies between them."""

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from app.domain.money import exact
from app.domain.observed_spans import laid_out, observed_window
from app.domain.polynomials import Polynomial, Span
from app.domain.price_curves import Gap, Piece, PriceCurve, first_reason
from app.domain.quotes import Quote
from app.domain.vocabulary import CostStatus, Exclusion, FeeMode, FxMarginStatus, PriceBasis

DOUBTS = {
    FxMarginStatus.UNDISCLOSED: Exclusion.UNDISCLOSED_MARGIN,
    FxMarginStatus.NOT_MEASURED: Exclusion.MARGIN_NOT_MEASURED,
    FxMarginStatus.ZERO_UNEXPLAINED: Exclusion.ZERO_UNEXPLAINED,
    FxMarginStatus.INCOMPLETE: Exclusion.INCOMPLETE_PRICE,
}
"""The statuses of a margin on which no ranking rests, and the reason each gives."""


def survey_curves(quotes: tuple[Quote, ...]) -> tuple[PriceCurve, ...]:
    """Return the curves of one service, one per sending currency, in the currencies' alphabetical order."""
    currencies = sorted({quote.sending_currency for quote in quotes})
    return tuple(
        _curve(
            tuple(
                sorted(
                    (q for q in quotes if q.sending_currency == currency), key=lambda q: (q.amount, q.tier or "", q.id)
                )
            )
        )
        for currency in currencies
    )


def recomputed_total_percent(quote: Quote) -> Fraction | None:
    """Return fee % + margin % of a quote; null where a part is missing."""
    if quote.fee is None or quote.fx_margin_percent is None:
        return None
    return 100 * _share(quote.fee, quote.amount) + exact(quote.fx_margin_percent)


def ranking_total_percent(quote: Quote) -> Fraction:
    """Return the total on which a ranking may rest: the larger of published and recomputed where they disagree."""
    published = exact(quote.published_total_percent)
    if quote.cost_status is CostStatus.CONSISTENT:
        return published
    recomputed = recomputed_total_percent(quote)
    return published if recomputed is None else max(published, recomputed)


def _curve(points: tuple[Quote, ...]) -> PriceCurve:
    pieces, gaps = laid_out(
        points, lambda point: _window(point.amount), observed=_observed, between=_between, outside=_outside
    )
    first = points[0]
    return PriceCurve(
        currency=first.sending_currency,
        receiving_currency=first.receiving_currency,
        pieces=pieces,
        gaps=gaps,
        outside=Exclusion.AMOUNT_NOT_OBSERVED,
        known_amounts=tuple(exact(point.amount) for point in points),
    )


def _observed(point: Quote, window: Span) -> Piece | Gap:
    """Within 1 % the published percentages stand, and money is those percentages of the amount asked."""
    fee = None if point.fee is None else Polynomial(linear=_share(point.fee, point.amount))
    doubt = DOUBTS.get(point.fx_margin_status)
    if doubt is not None or fee is None or point.fx_margin_percent is None:
        return Gap(window, doubt or Exclusion.INCOMPLETE_PRICE, point.published_total_percent, fee)
    return Piece(
        span=window,
        basis=PriceBasis.OBSERVED,
        fee_mode=FeeMode.ON_TOP,
        fee=fee,
        fx_margin_percent=Polynomial(exact(point.fx_margin_percent)),
        total_cost=Polynomial(linear=ranking_total_percent(point) / 100),
        quote_ids=(point.id,),
        published_total_percent=point.published_total_percent,
        is_total_suspect=point.cost_status is CostStatus.SUSPECT,
        fx_margin_status=point.fx_margin_status,
        tier=point.tier,
    )


def _between(left: Quote, right: Quote, span: Span) -> Piece | Gap:
    """Between two sound amounts the fee (money) and the margin are linear in the principal."""
    ends = (left, right)
    fee = _line_of(left.amount, left.fee, right.amount, right.fee)
    margin = _line_of(left.amount, left.fx_margin_percent, right.amount, right.fx_margin_percent)
    doubts = [DOUBTS[quote.fx_margin_status] for quote in ends if quote.fx_margin_status in DOUBTS]
    if doubts:
        return Gap(span, first_reason(doubts), fee=fee)
    if fee is None or margin is None or any(quote.cost_status is CostStatus.SUSPECT for quote in ends):
        return Gap(span, Exclusion.AMOUNT_NOT_OBSERVED, fee=fee)
    return Piece(
        span=span,
        basis=PriceBasis.INTERPOLATED,
        fee_mode=FeeMode.ON_TOP,
        fee=fee,
        fx_margin_percent=margin,
        total_cost=fee + margin.times_x().scaled(Fraction(1, 100)),
        quote_ids=(left.id, right.id),
        fee_bounds=_bounds(fee, left.amount, right.amount),
        margin_bounds=_bounds(margin, left.amount, right.amount),
        fx_margin_status=left.fx_margin_status if left.fx_margin_status is right.fx_margin_status else None,
    )


def _outside(point: Quote, span: Span) -> Gap:
    """Beyond the observed amounts nothing is extrapolated."""
    return Gap(span, DOUBTS.get(point.fx_margin_status, Exclusion.AMOUNT_NOT_OBSERVED))


# The survey asks for few amounts and providers charge few fees: the same lines come back thousands of times.


@lru_cache(maxsize=4096)
def _window(amount: Decimal) -> tuple[Fraction, Fraction]:
    return observed_window(exact(amount))


@lru_cache(maxsize=16384)
def _share(part: Decimal, whole: Decimal) -> Fraction:
    return exact(part) / exact(whole)


@lru_cache(maxsize=16384)
def _line_of(x1: Decimal, y1: Decimal | None, x2: Decimal, y2: Decimal | None) -> Polynomial | None:
    if y1 is None or y2 is None:
        return None
    slope = (exact(y2) - exact(y1)) / (exact(x2) - exact(x1))
    return Polynomial(exact(y1) - slope * exact(x1), slope)


def _bounds(line: Polynomial, x1: Decimal, x2: Decimal) -> tuple[Fraction, Fraction]:
    """Return the lower and the higher end of a line between two amounts."""
    ends = (line(exact(x1)), line(exact(x2)))
    return min(ends), max(ends)
