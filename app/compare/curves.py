"""The cost curve: comparisons at several amounts, and every change of the cheapest service between them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from app.compare.answers import Comparison, known_between
from app.domain.price_curves import PriceCurve
from app.domain.ranking import Candidate, Ranking, tie_order
from app.domain.switches import Switch, switches
from app.domain.vocabulary import Exclusion, PriceBasis

SCHEDULES_FOLLOWED_TO = 10
"""A schedule without an end is followed to so many times the largest amount that is asked."""


@dataclass(frozen=True, slots=True)
class CostCurve:
    """Rankings at several amounts, the services that can ever be priced, and where the cheapest of them changes.

    ``switches`` refer to ``services`` by place and cover the known amounts from ``first`` to ``last``; the reason says
    why there is none.
    """

    comparisons: tuple[Comparison, ...]
    services: tuple[Candidate, ...]
    first: Fraction | None
    last: Fraction | None
    switches: tuple[Switch, ...]
    switches_reason: str | None

    @property
    def evaluated_at(self) -> datetime:
        """The last instant at which any of the rankings changed."""
        return max(one.evaluated_at for one in self.comparisons)

    @property
    def fresh_until(self) -> datetime | None:
        """When time alone will change the first of the rankings; null: never."""
        return min((one.fresh_until for one in self.comparisons if one.fresh_until is not None), default=None)


def cost_curve(
    compared: Callable[[Decimal | None], Comparison], amounts: Sequence[Decimal], *, exact_only: bool = False
) -> CostCurve:
    """Compare at each amount and find every switch of the cheapest service between the known amounts.

    ``compared`` answers the question at one amount (null: the default), as ``compare`` does. Every service that the
    filters leave takes part wherever its price is known, whatever amounts are asked; ``exact_only`` leaves out what
    lies between surveyed amounts.
    """
    comparisons = tuple(compared(amount) for amount in amounts) or (compared(None),)
    first = comparisons[0]
    priced = [
        (candidate, curve)
        for candidate in sorted(_meant(first.ranking), key=tie_order)
        if (curve := _known(candidate.curve(first.sending_currency), exact_only=exact_only)) is not None
    ]
    services, curves = tuple(service for service, _ in priced), [curve for _, curve in priced]
    horizon = SCHEDULES_FOLLOWED_TO * max(one.amount for one in comparisons)
    known = known_between(curves, first.amount_is, horizon)
    if known is None:
        return CostCurve(comparisons, services, None, None, (), "no_known_price")
    known = max(known[0], Fraction(1, first.amount_units)), known[1]
    found = switches(
        curves, *known, first.amount_units, first.amount_is, by_received=first.ranking.key == "recipient_gets"
    )
    reason = None if found else "one_service_is_cheapest_throughout"
    return CostCurve(comparisons, services, *known, tuple(found), reason)


def _meant(ranking: Ranking) -> list[Candidate]:
    """Return every service that no filter left out."""
    left_out = ("filtered_", "unknown_", Exclusion.PROMOTION_ONLY)
    excluded = [
        e.candidate for e in ranking.excluded if e.candidate.barred is None and not e.reason.startswith(left_out)
    ]
    ranked = [candidate for offer in ranking.offers for candidate in offer.members]
    return ranked + excluded


def _known(curve: PriceCurve | None, *, exact_only: bool) -> PriceCurve | None:
    """Return the curve if it has a price anywhere."""
    if curve is None:
        return None
    if exact_only:
        observed = tuple(piece for piece in curve.pieces if piece.basis is not PriceBasis.INTERPOLATED)
        curve = replace(curve, pieces=observed)
    return curve if curve.pieces else None
