"""The price curve of one surveyed service: its published prices at two amounts, and what lies between them."""

from decimal import Decimal
from fractions import Fraction

from app.domain.methodology import OBSERVED_WITHIN
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

_NOTHING = Fraction(0)


def survey_curves(quotes: tuple[Quote, ...]) -> tuple[PriceCurve, ...]:
    """Return the curves of one service, one per sending currency, in the currencies' alphabetical order."""
    currencies = sorted({quote.sending_currency for quote in quotes})
    return tuple(
        _curve(tuple(sorted((q for q in quotes if q.sending_currency == currency), key=lambda q: (q.amount, q.id))))
        for currency in currencies
    )


def recomputed_total_percent(quote: Quote) -> Fraction | None:
    """Return fee % + margin % of a quote; null where a part is missing."""
    if quote.fee is None or quote.fx_margin_percent is None:
        return None
    return 100 * Fraction(quote.fee) / Fraction(quote.amount) + Fraction(quote.fx_margin_percent)


def ranking_total_percent(quote: Quote) -> Fraction:
    """Return the total on which a ranking may rest: the larger of published and recomputed where they disagree."""
    published = Fraction(quote.published_total_percent)
    recomputed = recomputed_total_percent(quote)
    if quote.cost_status is CostStatus.CONSISTENT or recomputed is None:
        return published
    return max(published, recomputed)


def _curve(points: tuple[Quote, ...]) -> PriceCurve:
    pieces: list[Piece] = []
    gaps: list[Gap] = []
    known_to = _NOTHING
    left: Quote | None = None
    for point in points:
        amount = Fraction(point.amount)
        start, end = max(amount * (1 - OBSERVED_WITHIN), known_to), amount * (1 + OBSERVED_WITHIN)
        if known_to < start:
            before = Span(known_to, start, includes_start=False)
            _add(pieces, gaps, _between(left, point, before) if left else _outside(point, before))
        if start < end:
            _add(pieces, gaps, _observed(point, Span(start, end, includes_start=start > known_to, includes_end=True)))
        known_to, left = end, point
    _add(pieces, gaps, _outside(points[-1], Span(known_to, None, includes_start=False)))
    first = points[0]
    return PriceCurve(
        currency=first.sending_currency,
        receiving_currency=first.receiving_currency,
        pieces=tuple(pieces),
        gaps=tuple(gaps),
        outside=Exclusion.AMOUNT_NOT_OBSERVED,
        known_amounts=tuple(Fraction(point.amount) for point in points),
    )


def _add(pieces: list[Piece], gaps: list[Gap], stretch: Piece | Gap) -> None:
    if isinstance(stretch, Piece):
        pieces.append(stretch)
    else:
        gaps.append(stretch)


def _observed(point: Quote, window: Span) -> Piece | Gap:
    """Within 1 % the published percentages stand, and money is those percentages of the amount asked."""
    amount = Fraction(point.amount)
    fee = None if point.fee is None else Polynomial(linear=Fraction(point.fee) / amount)
    doubt = DOUBTS.get(point.fx_margin_status)
    if doubt is not None or fee is None or point.fx_margin_percent is None:
        return Gap(window, doubt or Exclusion.INCOMPLETE_PRICE, point.published_total_percent, fee)
    return Piece(
        span=window,
        basis=PriceBasis.OBSERVED,
        fee_mode=FeeMode.ON_TOP,
        fee=fee,
        fx_margin_percent=Polynomial(Fraction(point.fx_margin_percent)),
        total_cost=Polynomial(linear=ranking_total_percent(point) / 100),
        quote_ids=(point.id,),
        published_total_percent=point.published_total_percent,
        is_total_suspect=point.cost_status is CostStatus.SUSPECT,
        fx_margin_status=point.fx_margin_status,
        tier=point.tier,
    )


def _between(left: Quote, right: Quote, span: Span) -> Piece | Gap:
    """Between two sound amounts the fee (money) and the margin are linear in the principal."""
    doubts = [DOUBTS[q.fx_margin_status] for q in (left, right) if q.fx_margin_status in DOUBTS]
    if doubts:
        return Gap(span, first_reason(doubts))
    ends = (left, right)
    if any(q.cost_status is CostStatus.SUSPECT or q.fee is None or q.fx_margin_percent is None for q in ends):
        return Gap(span, Exclusion.AMOUNT_NOT_OBSERVED)
    fees = [Fraction(q.fee or 0) for q in ends]
    margins = [Fraction(q.fx_margin_percent or 0) for q in ends]
    fee = _line(left.amount, fees[0], right.amount, fees[1])
    margin = _line(left.amount, margins[0], right.amount, margins[1])
    return Piece(
        span=span,
        basis=PriceBasis.INTERPOLATED,
        fee_mode=FeeMode.ON_TOP,
        fee=fee,
        fx_margin_percent=margin,
        total_cost=fee + margin.times_x().scaled(Fraction(1, 100)),
        quote_ids=(left.id, right.id),
        fee_bounds=(min(fees), max(fees)),
        margin_bounds=(min(margins), max(margins)),
        fx_margin_status=left.fx_margin_status if left.fx_margin_status is right.fx_margin_status else None,
    )


def _outside(point: Quote, span: Span) -> Gap:
    """Beyond the observed amounts nothing is extrapolated."""
    return Gap(span, DOUBTS.get(point.fx_margin_status, Exclusion.AMOUNT_NOT_OBSERVED))


def _line(x1: Decimal, y1: Fraction, x2: Decimal, y2: Fraction) -> Polynomial:
    slope = (y2 - y1) / (Fraction(x2) - Fraction(x1))
    return Polynomial(y1 - slope * Fraction(x1), slope)
