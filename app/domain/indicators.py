"""Averages over services, unweighted, as published: the figures that reproduce the official series.

E(q) are the services of a quarter that disclose their rate; t is the published total at one tier (METHODOLOGY,
Averages). Beside a published average stands the recomputed one where the two differ.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from app.domain.methodology import RECOMPUTED_SHOWN_ABOVE_PERCENTAGE_POINTS
from app.domain.money import exact
from app.domain.quotes import Quote
from app.domain.smart import SmartEstimate, sdg_status, smart_estimate
from app.domain.survey_curves import DOUBTS, ranking_total_percent, recomputed_total_percent
from app.domain.vocabulary import AmountTier, Caution, CostStatus, FxMarginStatus, SdgStatus, SurveyNote

_NOT_COMPARABLE = frozenset(
    {FxMarginStatus.INCOMPLETE, FxMarginStatus.NOT_MEASURED, FxMarginStatus.ZERO_UNEXPLAINED},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorridorFigures:
    """The indicators of one corridor in one round at one tier; percentages exact, null where there is nothing.

    ``services`` and ``providers`` count E(q), the base of every average; ``excluded_services`` those that do not
    disclose. ``cheapest_percent`` is the lowest published total of E(q), ``cheapest_ranked_percent`` the lowest on
    which a ranking may rest. ``cautions``: ``receiver_converts_later`` where that holds for a member of SmaRT or for
    more than half of E(q), ``published_total_suspect`` where the recomputed average differs.
    """

    services: int
    providers: int
    excluded_services: int
    average_percent: Fraction | None
    average_recomputed_percent: Fraction | None
    median_percent: Fraction | None
    cheapest_percent: Fraction | None
    cheapest_ranked_percent: Fraction | None
    smart: SmartEstimate
    sdg_status: SdgStatus
    comparable: bool
    cautions: tuple[Caution, ...]


def disclosed(quotes: Iterable[Quote], tier: AmountTier = AmountTier.USD_200) -> list[Quote]:
    """Return E(q): the quotes of a tier whose service discloses its exchange rate."""
    return [quote for quote in quotes if quote.tier is tier and quote.description.is_transparent]


def corridor_figures(quotes: Iterable[Quote], tier: AmountTier = AmountTier.USD_200) -> CorridorFigures:
    """Return the figures of the quotes of one corridor and round."""
    of_tier = [quote for quote in quotes if quote.tier is tier]
    base = disclosed(of_tier, tier)
    totals = [exact(quote.published_total_percent) for quote in base]
    smart = smart_estimate(base)
    average = mean(totals)
    recomputed = _recomputed_average(base, average)
    return CorridorFigures(
        services=len(base),
        providers=len({quote.description.provider for quote in base}),
        excluded_services=len(of_tier) - len(base),
        average_percent=average,
        average_recomputed_percent=recomputed,
        median_percent=percentile(totals, Fraction(1, 2)),
        cheapest_percent=min(totals, default=None),
        cheapest_ranked_percent=min(
            (ranking_total_percent(quote) for quote in base if quote.fx_margin_status not in DOUBTS),
            default=None,
        ),
        smart=smart,
        sdg_status=sdg_status(smart.percent),
        comparable=is_comparable(base),
        cautions=_cautions(base, smart, is_recomputed=recomputed is not None),
    )


def _cautions(base: Sequence[Quote], smart: SmartEstimate, *, is_recomputed: bool) -> tuple[Caution, ...]:
    later = [quote for quote in base if _converts_later(quote)]
    found = []
    if 2 * len(later) > len(base) or any(_converts_later(quote) for quote in smart.members):
        found.append(Caution.RECEIVER_CONVERTS_LATER)
    if is_recomputed:
        found.append(Caution.PUBLISHED_TOTAL_SUSPECT)
    return tuple(found)


def _converts_later(quote: Quote) -> bool:
    is_noted = SurveyNote.RECEIVER_CONVERTS_LATER in quote.description.notes
    return is_noted or quote.fx_margin_status is FxMarginStatus.PAID_OUT_IN_SENDING_CURRENCY


def is_comparable(base: Sequence[Quote]) -> bool:
    """Say whether a corridor may stand in a ranking of corridors: at most half of E(q) is doubtful."""
    doubtful = sum(q.cost_status is CostStatus.SUSPECT or q.fx_margin_status in _NOT_COMPARABLE for q in base)
    return bool(base) and 2 * doubtful <= len(base)


def _recomputed_average(base: Sequence[Quote], published: Fraction | None) -> Fraction | None:
    """Return the mean of fee % + margin % (the published total where a part is missing), if it differs enough.

    Rows that are not suspect differ by 0.011 at most, so that alone they cannot move the mean by 0.05.
    """
    if all(quote.cost_status is CostStatus.CONSISTENT for quote in base):
        return None
    recomputed = mean(
        [
            exact(quote.published_total_percent) if (total := recomputed_total_percent(quote)) is None else total
            for quote in base
        ]
    )
    if published is None or recomputed is None:
        return None
    return recomputed if abs(recomputed - published) > RECOMPUTED_SHOWN_ABOVE_PERCENTAGE_POINTS else None


def mean(values: Sequence[Fraction]) -> Fraction | None:
    """Return the exact mean; null of nothing."""
    return sum(values, Fraction(0)) / len(values) if values else None


def percentile(values: Sequence[Fraction], share: Fraction) -> Fraction | None:
    """Return the exact percentile of type 7 (Hyndman and Fan, 1996): null of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = place.numerator // place.denominator
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


@dataclass(frozen=True, slots=True)
class Indicator:
    """An average as a declaration: which of E(q) count, and what they are grouped by (null: one figure for all)."""

    name: str
    counts: Callable[[Quote], bool]
    group: Callable[[Quote], str | None]


def _everyone(_: Quote) -> bool:
    return True


def _sending(quote: Quote) -> str:
    return quote.corridor[:3]


CORRIDOR_AVERAGE = Indicator("corridor", _everyone, lambda quote: quote.corridor)
SENDING_COUNTRY_AVERAGE = Indicator("sending_country", _everyone, _sending)
RECEIVING_COUNTRY_AVERAGE = Indicator("receiving_country", _everyone, lambda quote: quote.corridor[4:])
GLOBAL_AVERAGE = Indicator("global", lambda quote: _sending(quote) != "RUS", lambda _: "global")
"""Without sender RUS, whose margins the survey did not measure (verified against the published series)."""


def averages(
    indicator: Indicator, quotes: Iterable[Quote], tier: AmountTier = AmountTier.USD_200
) -> dict[str, Fraction]:
    """Return the mean published total of each group of an indicator, over services, unweighted."""
    groups: dict[str, list[Fraction]] = {}
    for quote in disclosed(quotes, tier):
        group = indicator.group(quote) if indicator.counts(quote) else None
        if group is not None:
            groups.setdefault(group, []).append(exact(quote.published_total_percent))
    return {group: average for group, totals in sorted(groups.items()) if (average := mean(totals)) is not None}
