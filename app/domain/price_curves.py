"""What one service costs at any amount: known pieces, and gaps that say why nothing is known there.

A curve covers every amount. Nothing is extrapolated: METHODOLOGY, A price at any amount. The argument of every piece
is the principal; a schedule whose fee is deducted is rewritten so, exactly, which is why one tariff ranks the same in
either fee mode.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from app.domain.costs import Price, total_cost
from app.domain.polynomials import Polynomial, Span
from app.domain.vocabulary import AmountIs, AmountTier, Exclusion, FeeMode, FxMarginStatus, PriceBasis

IDENTITY = Polynomial(linear=Fraction(1))
NO_TAX = Polynomial()


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of principals where a price is known.

    ``fee`` is money, ``fx_margin_percent`` percent and ``total_cost`` money, each as a function of the principal. The
    bounds, where the price is interpolated, are the lowest and highest value that a fee charged in steps can have.
    ``tax`` is the sender's, money as a function of the principal.
    """

    span: Span
    basis: PriceBasis
    fee_mode: FeeMode
    fee: Polynomial
    fx_margin_percent: Polynomial | None
    total_cost: Polynomial | None
    quote_ids: tuple[UUID, ...]
    fee_bounds: tuple[Fraction, Fraction] | None = None
    margin_bounds: tuple[Fraction, Fraction] | None = None
    offered_rate: Fraction | None = None
    mid_market_rate: Fraction | None = None
    published_total_percent: Decimal | None = None
    is_total_suspect: bool = False
    fx_margin_status: FxMarginStatus | None = None
    tier: AmountTier | None = None
    tax: Polynomial = NO_TAX

    @property
    def sender_pays(self) -> Polynomial:
        """T + tax as a function of the principal."""
        return IDENTITY + self.fee + self.tax

    def principal_for(self, amount_is: AmountIs) -> Polynomial | None:
        """Return the principal as a line in the amount held equal; null where that needs a rate that is not known."""
        if amount_is is AmountIs.PRINCIPAL:
            return IDENTITY
        if amount_is is AmountIs.TOTAL_PAID:
            return self.sender_pays.inverse() if self.sender_pays.linear > 0 else None
        return None if self.offered_rate is None else Polynomial(linear=1 / self.offered_rate)

    def span_of(self, amount_is: AmountIs) -> Span | None:
        """Return the stretch of amounts held equal that this piece answers."""
        line = self.principal_for(amount_is)
        return None if line is None else self.span.through(line.inverse())


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of principals without a price, why, and the published total that the cost is at least."""

    span: Span
    reason: Exclusion
    at_least_percent: Decimal | None = None
    fee: Polynomial | None = None
    tax: Polynomial = NO_TAX

    def principal(self, amount: Fraction, amount_is: AmountIs) -> Fraction | None:
        """Return the principal of an amount held equal; null where that needs a fee or a rate that is not known."""
        if amount_is is AmountIs.PRINCIPAL:
            return amount
        if amount_is is AmountIs.RECEIVED or self.fee is None:
            return None
        return (IDENTITY + self.fee + self.tax).inverse()(amount)


@dataclass(frozen=True, slots=True)
class NoPrice:
    """Why a service has no price at an amount."""

    reason: Exclusion
    at_least_percent: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceCurve:
    """All that is known of one service's price in one sending currency."""

    currency: str
    receiving_currency: str | None
    pieces: tuple[Piece, ...]
    gaps: tuple[Gap, ...]
    outside: Exclusion
    known_amounts: tuple[Fraction, ...] = ()

    def price(self, amount: Fraction, amount_is: AmountIs = AmountIs.PRINCIPAL) -> Price | NoPrice:
        """Return the price where ``amount`` (major units) is the principal, the total paid or what is received.

        Where more than one principal fits, the observed one is taken, and else the one that is best for the sender.
        """
        solutions = list(self._solutions(amount, amount_is))
        if solutions:
            piece, principal = max(
                solutions,
                key=lambda found: (
                    found[0].basis is PriceBasis.OBSERVED,
                    found[1] * (found[0].offered_rate or 1),
                    -found[0].sender_pays(found[1]),
                ),
            )
            return self._price(piece, principal, amount_is)
        return self._why_not(amount, amount_is)

    def known_between(self, amount_is: AmountIs) -> tuple[Fraction, Fraction] | None:
        """Return the smallest and largest amount held equal with a price, within the surveyed principals."""
        if not self.known_amounts:
            return None
        lowest, highest = min(self.known_amounts), max(self.known_amounts)
        ends: list[Fraction] = []
        for piece in self.pieces:
            line = piece.principal_for(amount_is)
            if line is not None:
                principals = (piece.span.start, highest if piece.span.end is None else piece.span.end)
                ends += [line.inverse()(min(max(principal, lowest), highest)) for principal in principals]
        return (min(ends), max(ends)) if ends else None

    def _solutions(self, amount: Fraction, amount_is: AmountIs) -> Iterator[tuple[Piece, Fraction]]:
        for piece in self.pieces:
            line = piece.principal_for(amount_is)
            if line is not None and (principal := line(amount)) > 0 and principal in piece.span:
                yield piece, principal

    def _why_not(self, amount: Fraction, amount_is: AmountIs) -> NoPrice:
        """Name the gap that the amount falls into, or the first doubt of those that it may fall into."""
        for gap in self.gaps:
            principal = gap.principal(amount, amount_is)
            if principal is not None and principal in gap.span:
                return NoPrice(gap.reason, gap.at_least_percent)
        if amount_is is AmountIs.RECEIVED and all(piece.offered_rate is None for piece in self.pieces):
            return NoPrice(first_reason([*(gap.reason for gap in self.gaps), Exclusion.RATE_NOT_RECORDED]))
        return NoPrice(first_reason([*self._doubts_around(amount, amount_is)] or [self.outside]))

    def _doubts_around(self, amount: Fraction, amount_is: AmountIs) -> Iterator[Exclusion]:
        """Give the reasons of the gaps between the known pieces on either side of an amount held equal."""
        spans = [(piece.span, held) for piece in self.pieces if (held := piece.span_of(amount_is)) is not None]
        after = max((span.end for span, held in spans if span.end and held.end and held.end <= amount), default=None)
        before = min((span.start for span, held in spans if held.start >= amount), default=None)
        for gap in self.gaps:
            is_after = after is None or gap.span.start >= after
            is_before = before is None or (gap.span.end is not None and gap.span.end <= before)
            if is_after and is_before:
                yield gap.reason

    def _price(self, piece: Piece, principal: Fraction, amount_is: AmountIs) -> Price:
        cost = None if piece.total_cost is None else piece.total_cost(principal)
        fee = piece.fee(principal)
        low, high = cost, cost
        percent_low = percent_high = None if cost is None else 100 * cost / principal
        if piece.fee_bounds is not None and piece.margin_bounds is not None:
            paid = piece.sender_pays(principal)
            corners = [
                (total_cost(converted, step, margin), converted)
                for step in piece.fee_bounds
                for margin in piece.margin_bounds
                for converted in [
                    (paid - step) / (1 + piece.tax.linear) if amount_is is AmountIs.TOTAL_PAID else principal
                ]
            ]
            low, high = min(cost for cost, _ in corners), max(cost for cost, _ in corners)
            percents = [100 * cost / converted for cost, converted in corners]
            percent_low, percent_high = min(percents), max(percents)
        return Price(
            basis=piece.basis,
            currency=self.currency,
            receiving_currency=self.receiving_currency,
            fee_mode=piece.fee_mode,
            principal=principal,
            fee=fee,
            fx_margin_percent=None if piece.fx_margin_percent is None else piece.fx_margin_percent(principal),
            total_cost=cost,
            total_cost_low=low,
            total_cost_high=high,
            total_cost_percent_low=percent_low,
            total_cost_percent_high=percent_high,
            offered_rate=piece.offered_rate,
            mid_market_rate=piece.mid_market_rate,
            published_total_percent=piece.published_total_percent,
            is_total_suspect=piece.is_total_suspect,
            fx_margin_status=piece.fx_margin_status,
            tier=piece.tier,
            quote_ids=piece.quote_ids,
            tax=piece.tax(principal),
            fee_bounds=piece.fee_bounds,
        )


def taxed(curve: PriceCurve, percent: Fraction) -> PriceCurve:
    """Return the curve with a sender's tax of so many percent of the principal."""
    tax = Polynomial(linear=percent / 100)
    return replace(
        curve,
        pieces=tuple(replace(piece, tax=tax) for piece in curve.pieces),
        gaps=tuple(replace(gap, tax=tax) for gap in curve.gaps),
    )


_ORDER = {reason: place for place, reason in enumerate(Exclusion)}


def first_reason(reasons: list[Exclusion]) -> Exclusion:
    """Return the reason that is tried first among several that fit."""
    return min(reasons, key=_ORDER.__getitem__)
