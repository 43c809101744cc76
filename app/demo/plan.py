"""Which rows a survey of a given size has: rounds, corridors, services and the trap each row carries."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from math import isqrt

from app.demo.geography import Corridor, corridors
from app.demo.services import PAID_OUT_AS_SENT
from app.demo.traps import LOT_TRAPS, SCHEDULE_TRAPS, TEXT_QUARTERS, Layout, lot, lot_table

DEFAULT_SEED = 3
DEFAULT_ROWS = 7500
SERVICES_PER_CORRIDOR = 12
CORRIDOR_AS_FORMULA_EVERY = 11
NAME_AS_FORMULA_EVERY = 101
SHEET_ROWS = 1_048_575
_DROPPED_EVERY = 17
_OF_THE_ROW_BEFORE = frozenset({"alike_in_all_but_id", "id_twice_in_period"})
_ZERO_MARGINS = frozenset({"paid_out_as_sent", "zero_unexplained"})
_NO_SURVEY = frozenset({"2011_2Q", "2011_4Q", "2012_2Q", "2012_4Q", "2025_2Q"})


class DemoError(ValueError):
    """What was asked for cannot be generated."""


@dataclass(frozen=True, slots=True)
class Round:
    """One quarter's survey: how many rows it has and which corridors it covers."""

    period: str
    layout: Layout
    level: int
    rows: int
    corridors: tuple[Corridor, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where one row stands: its round and corridor, its service's number there, and the lot trap it carries.

    ``index`` counts the rows of a layout (a sheet) from 0, ``number`` those of a period; ``service`` is the number
    whose attributes and prices the row shows: the row before's where it repeats that row.
    """

    survey_round: Round
    corridor: Corridor
    index: int
    number: int
    service: int
    trap: str | None


def periods() -> tuple[tuple[str, Layout], ...]:
    """Return every quarter with a survey, 2011-Q1 to 2026-Q3, with its layout."""
    found = []
    for ordinal in range(2011 * 4, 2026 * 4 + 3):
        period = f"{ordinal // 4}_{ordinal % 4 + 1}Q"
        if period not in _NO_SURVEY:
            found.append((period, Layout.OLD if period <= "2016_1Q" else Layout.NEW))
    return tuple(found)


class Plan:
    """A survey of exactly ``rows`` rows in the given layouts: a function of its arguments and nothing else."""

    def __init__(self, rows: int, seed: int = DEFAULT_SEED, layouts: tuple[Layout, ...] = tuple(Layout)) -> None:
        """Choose corridors and rounds; raise DemoError where ``rows`` is not positive."""
        if rows < 1:
            message = f"A survey needs at least one row; {rows} were asked for."
            raise DemoError(message)
        self.rows = rows
        self.seed = seed
        self.layouts = layouts
        chosen = corridors()[: max(1, isqrt(rows // 2))]
        self.rounds = tuple(_rounds(rows, layouts, chosen))

    def rows_of(self, layout: Layout) -> int:
        """Return how many rows a layout's sheet has."""
        return sum(one.rows for one in self.rounds if one.layout is layout)

    def places(self, layout: Layout) -> Iterator[Place]:
        """Yield the rows of one layout in the order of the file."""
        owners = lot_table(layout)
        index = 0
        for survey_round in self.rounds:
            if survey_round.layout is not layout:
                continue
            number = 0
            for corridor, services in _shares(survey_round):
                shown = -1
                for service in range(services):
                    trap = _fitting(owners[lot(index)], corridor, survey_round.period, is_first=service == 0)
                    shown = shown if trap == "alike_in_all_but_id" else service
                    yield Place(survey_round, corridor, index, number, shown, trap)
                    index += 1
                    number += 1

    def trap_counts(self) -> dict[str, int]:
        """Return how many rows carry each trap, declared order, zeros included."""
        counts = Counter[str]()
        for layout in self.layouts:
            earlier, current, period = set[int](), set[int](), ""
            for place in self.places(layout):
                if place.survey_round.period != period:
                    earlier, current, period = earlier | current, set(), place.survey_round.period
                identifier = id_of(place)
                current.add(identifier)
                counts["id_repeated_between_periods"] += identifier in earlier
                counts.update(_traps_of(place))
        return {key: counts[key] for key in (*(trap.key for trap in LOT_TRAPS), *SCHEDULE_TRAPS)}


def _fitting(trap: str | None, corridor: Corridor, period: str, *, is_first: bool) -> str | None:
    """Return the trap that a lot means in this place: not each makes sense for the first row and in each corridor."""
    if trap is None or (is_first and trap in _OF_THE_ROW_BEFORE):
        return None
    if trap == "number_as_text" and period in TEXT_QUARTERS:
        return None
    if corridor.is_one_currency and (trap in _ZERO_MARGINS or trap.startswith("negative_")):
        return None
    if trap == "paid_out_as_sent" and corridor.currency not in PAID_OUT_AS_SENT:
        return "note_usd_service"
    return trap


def _period(place: Place) -> str:
    return place.survey_round.period


def _is_old(place: Place) -> bool:
    return place.survey_round.layout is Layout.OLD


_ON_SCHEDULE: dict[str, Callable[[Place], bool]] = {
    "quarter_of_text_numbers": lambda place: _period(place) in TEXT_QUARTERS,
    "kosovo_as_ksv": lambda place: place.corridor.receiving.code == "XKX" and is_ksv(place),
    "kosovo_as_xkx": lambda place: place.corridor.receiving.code == "XKX" and not is_ksv(place),
    "netherlands_antilles": lambda place: place.corridor.receiving.code == "ANT",
    "cfa": lambda place: _is_old(place) and place.corridor.currency in {"XOF", "XAF"},
    "sent_from_russia": lambda place: place.corridor.sending.code == "RUS",
    "one_currency": lambda place: place.corridor.is_one_currency,
    "corridor_as_formula": lambda place: place.index % CORRIDOR_AS_FORMULA_EVERY == 0,
    "name_as_formula": lambda place: place.index % NAME_AS_FORMULA_EVERY == 0,
    "date_as_text": lambda place: _period(place) < "2025",
    "date_as_date": lambda place: _period(place) >= "2025",
    "unnamed_columns": lambda place: not _is_old(place),
}


def _traps_of(place: Place) -> Iterator[str]:
    """Yield the keys of all traps that a row carries, ids between periods apart."""
    if place.trap:
        yield place.trap
    yield from (key for key, is_carried in _ON_SCHEDULE.items() if is_carried(place))


def id_of(place: Place) -> int:
    """Return the row's id: they start anew with each period, so that they are unique in a period only."""
    first = 10_000 if place.survey_round.layout is Layout.OLD else 1_212_000_000
    return first + place.number - (place.trap == "id_twice_in_period")


def is_ksv(place: Place) -> bool:
    """Whether this row writes Kosovo as KSV."""
    return place.service % 2 == 0


def _rounds(rows: int, layouts: tuple[Layout, ...], chosen: tuple[Corridor, ...]) -> Iterator[Round]:
    """Yield the rounds, oldest first: so many that each corridor has a dozen services, the newest of each layout."""
    everything = periods()
    by_layout = {layout: [period for period, its in everything if its is layout] for layout in layouts}
    available = sum(len(its) for its in by_layout.values())
    wanted = min(max(rows // (len(chosen) * SERVICES_PER_CORRIDOR), 1), available)
    taken = by_layout[layouts[-1]]
    if len(layouts) > 1 and wanted > 1:
        old, new = by_layout[Layout.OLD], by_layout[Layout.NEW]
        count = max(1, wanted * len(old) // available)
        taken = old[-count:] + new[-(wanted - count) :]
    taken = taken[-wanted:]
    names = [period for period, _ in everything]
    weights = [3 if period <= "2016_1Q" else 5 for period in taken]
    ends = [rows * end // sum(weights) for end in accumulate(weights)]
    for number, period in enumerate(taken):
        age = len(taken) - 1 - number
        yield Round(
            period=period,
            layout=Layout.OLD if period <= "2016_1Q" else Layout.NEW,
            level=names.index(period) * 1000 // (len(names) - 1),
            rows=ends[number] - (ends[number - 1] if number else 0),
            corridors=tuple(
                corridor for place, corridor in enumerate(chosen) if _is_surveyed(place, corridor, period, age)
            ),
        )


def _is_surveyed(place: int, corridor: Corridor, period: str, age: int) -> bool:
    """Whether a round covers a corridor: some dropped out of the newest rounds, and two countries long ago."""
    if corridor.receiving.code == "ANT" and period > "2016_1Q":
        return False
    if corridor.sending.code == "RUS" and period > "2021_4Q":
        return False
    return (place + 1) % _DROPPED_EVERY != 0 or age > place % 3


def _shares(survey_round: Round) -> Iterator[tuple[Corridor, int]]:
    """Yield how many of a round's rows each of its corridors has, by weight, exactly summing up."""
    total = sum(corridor.weight for corridor in survey_round.corridors)
    begin = weight = 0
    for corridor in survey_round.corridors:
        weight += corridor.weight
        end = survey_round.rows * weight // total
        yield corridor, end - begin
        begin = end
