"""The ranked list of corridors: by one figure, what is not comparable or not known always last."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from app.domain.indicators import CorridorFigures


class CorridorSort(StrEnum):
    """What corridors can be ranked by."""

    AVERAGE = "average"
    MEDIAN = "median"
    SMART = "smart"
    CHEAPEST = "cheapest"
    CORRIDOR = "corridor"


@dataclass(frozen=True, slots=True)
class RankedCorridor:
    """A corridor with its competition rank; null where it is not ranked."""

    corridor: str
    rank: int | None


def sort_value(figures: CorridorFigures, sort: CorridorSort) -> Fraction | None:
    """Return the figure that ranks a corridor; the cheapest is the cheapest on which a ranking may rest."""
    match sort:
        case CorridorSort.AVERAGE:
            return figures.average_percent
        case CorridorSort.MEDIAN:
            return figures.median_percent
        case CorridorSort.SMART:
            return figures.smart.percent
        case CorridorSort.CHEAPEST:
            return figures.cheapest_ranked_percent
        case CorridorSort.CORRIDOR:
            return None


def rank_corridors(
    corridors: Mapping[str, CorridorFigures | None], sort: CorridorSort, *, descending: bool = False
) -> list[RankedCorridor]:
    """Order corridors by a figure: ranked ones first, then those not comparable, then those without the figure.

    Ties by id. ``descending`` reverses the ranked ones only; their ranks count from its beginning. Figures null: the
    corridor was not surveyed, and stands last.
    """
    if sort is CorridorSort.CORRIDOR:
        return [RankedCorridor(corridor, None) for corridor in sorted(corridors, reverse=descending)]
    values = {
        corridor: None if figures is None else sort_value(figures, sort) for corridor, figures in corridors.items()
    }
    ranked: list[tuple[Fraction, str]] = []
    doubtful: list[str] = []
    unknown: list[str] = []
    for corridor, figures in corridors.items():
        value = values[corridor]
        if figures is None or value is None:
            unknown.append(corridor)
        elif figures.comparable:
            ranked.append((-value if descending else value, corridor))
        else:
            doubtful.append(corridor)
    ranked.sort()
    found: list[RankedCorridor] = []
    for index, (value, corridor) in enumerate(ranked):
        is_tie = index > 0 and ranked[index - 1][0] == value
        found.append(RankedCorridor(corridor, found[-1].rank if is_tie else index + 1))
    unknown.sort(key=lambda corridor: (corridors[corridor] is None, corridor))
    return found + [RankedCorridor(corridor, None) for corridor in [*sorted(doubtful), *unknown]]
