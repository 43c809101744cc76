"""A corridor's figures over its transparent rows E(q) at USD 200, and the world's."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import TypeVar

from tests.oracle.prices import margin_status
from tests.oracle.survey import SPEED_ORDER, Row

Value = TypeVar("Value", str, Fraction)

SLOW_OR_UNKNOWN = {"6_days_or_more", "unknown"}
LOW_COVERAGE = {"low", "main_city", "urban", "rural", "unknown"}
CREDITED = {"bank_account", "mobile_wallet", "card"}
DOUBTFUL = {"incomplete", "not_measured", "zero_unexplained"}


@dataclass(frozen=True)
class Figures:
    services: int
    providers: int
    average: Fraction
    recomputed: Fraction
    median: Fraction
    cheapest: Fraction
    smart: Fraction | None
    smart_services_used: int
    comparable: bool

    @property
    def shown_recomputed(self) -> Fraction | None:
        return self.recomputed if abs(self.recomputed - self.average) > Fraction(5, 100) else None

    @property
    def sdg_status(self) -> str:
        if self.smart is None:
            return "unknown"
        if self.smart < 3:
            return "within_target"
        return "within_ceiling" if self.smart <= 5 else "above_ceiling"


def mean(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def percentile(values: Sequence[Fraction], share: Fraction) -> Fraction:
    """Type 7: linear between order statistics."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    below = floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def transparent(members: Sequence[Row]) -> list[Row]:
    return [row for row in members if row.is_transparent]


def figures(members: Sequence[Row]) -> Figures:
    eligible = transparent(members)
    totals = [row.first.total for row in eligible]
    best = sorted(row.first.total for row in eligible if qualifies(row))[:3]
    doubtful = sum(margin_status(row, row.first) in DOUBTFUL or row.first.is_suspect for row in eligible)
    return Figures(
        services=len(eligible),
        providers=len({row.provider for row in eligible}),
        average=mean(totals),
        recomputed=mean([_recomputed(row) for row in eligible]),
        median=percentile(totals, Fraction(1, 2)),
        cheapest=min(totals),
        smart=mean(best) if best else None,
        smart_services_used=len(best),
        comparable=2 * doubtful <= len(eligible),
    )


def qualifies(row: Row) -> bool:
    """SmaRT: known speed of five days or less; coverage not low, unless an account, wallet or card is credited."""
    assert row.speed in SPEED_ORDER
    if row.speed in SLOW_OR_UNKNOWN:
        return False
    return bool(row.received & CREDITED) or row.coverage not in LOW_COVERAGE


def _recomputed(row: Row) -> Fraction:
    found = row.first.recomputed
    return row.first.total if found is None else found


def global_average(every: Sequence[Row], period: str) -> Fraction:
    """Over E(q) without the sender RUS."""
    return mean([r.first.total for r in every if r.period == period and r.is_transparent and r.sender != "RUS"])


def default_currency(members: Sequence[Row]) -> str:
    return _most_frequent([row.first.currency for row in members])


def default_amount(members: Sequence[Row]) -> Fraction:
    currency = default_currency(members)
    return _most_frequent([row.first.amount for row in members if row.first.currency == currency])


def second_amount(members: Sequence[Row]) -> Fraction | None:
    """The most frequent surveyed amount of the USD 500 tier, in the default currency."""
    currency = default_currency(members)
    seen = [tier.amount for row in members if (tier := row.tiers[1]) is not None and tier.currency == currency]
    return _most_frequent(seen) if seen else None


def _most_frequent(values: Sequence[Value]) -> Value:
    counted = Counter(values)
    return min(counted, key=lambda value: (-counted[value], value))
