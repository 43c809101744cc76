"""Where and when a survey row was collected: period, corridor and day, checked once for each combination."""

from collections.abc import Sequence
from datetime import date
from operator import itemgetter
from typing import NamedTuple

from app.domain.geography import Geography
from app.domain.quotes import quarter_end
from app.sources.cells import Cell, CellError, Remembered, date_of, named, period_of, text_of
from app.sources.rpw_layouts import Columns

_QUARTER_MONTHS = 3
_CORRIDOR_LENGTH = len("GBRPHL")
_EPOCH = date(1970, 1, 1)
_MILLISECONDS_A_DAY = 86_400_000


class Way(NamedTuple):
    """A corridor and its two countries."""

    corridor: str
    sending_country: str
    receiving_country: str


class Day(NamedTuple):
    """A day, with its midnight in milliseconds since 1970 (UTC) and in ISO 8601."""

    on: date
    milliseconds: int
    iso: str


class Scene(NamedTuple):
    """A corridor on a day. ``local_currency`` is the receiving country's own.

    ``is_outside_quarter``: the day is not in the period that the row names.
    """

    period: str
    way: Way
    day: Day
    local_currency: str | None
    is_outside_quarter: bool


class Scenes:
    """Reads the scenes of one table's rows; ``periods`` are those that its rows name."""

    def __init__(self, columns: Columns, geography: Geography) -> None:
        """``geography`` knows the countries by their present and old codes."""
        position = columns.position
        self._geography = geography
        self._has_corridor = "corridor" in position
        self._period, self._date = position["period"], position["date"]
        self._way_cells = itemgetter(
            position["source_code"], position["destination_code"], position.get("corridor", position["source_code"])
        )
        self.periods: set[str] = set()
        self._periods = Remembered(self._read_period)
        self._ways = Remembered(self._read_way)
        self._days = Remembered(_read_day)
        self._currencies = Remembered(self._local_currency)
        self._is_outside = Remembered(_is_outside)

    def period(self, cells: Sequence[Cell]) -> str:
        """Return a row's period; raises ``CellError``, naming the column."""
        return self._periods[cells[self._period]]

    def scene(self, cells: Sequence[Cell]) -> Scene:
        """Return a row's scene; raises ``CellError``, naming the column."""
        period = self._periods[cells[self._period]]
        way = self._ways[self._way_cells(cells)]
        day = self._days[cells[self._date]]
        on = day.on
        return Scene(period, way, day, self._currencies[way.receiving_country, on], self._is_outside[period, on])

    def _read_period(self, cell: Cell) -> str:
        period = named("period", period_of, cell)
        self.periods.add(period)
        return period

    def _read_way(self, cells: tuple[Cell, ...]) -> Way:
        sender, receiver, corridor = cells
        sending, receiving = self._country(sender, "source_code"), self._country(receiver, "destination_code")
        if sending == receiving:
            raise CellError("two different countries", "destination_code")
        if self._has_corridor:
            self._check_corridor(corridor, sending, receiving)
        return Way(f"{sending}-{receiving}", sending, receiving)

    def _local_currency(self, question: tuple[str, date]) -> str | None:
        return self._geography.local_currency(*question)

    def _country(self, cell: Cell, column: str) -> str:
        text = named(column, text_of, cell)
        country = self._geography.find_country(text.strip()) if text else None
        if country is None:
            raise CellError("a country's ISO 3166 code, such as GBR", column)
        return country.code

    def _check_corridor(self, cell: Cell, sending: str, receiving: str) -> None:
        text = (named("corridor", text_of, cell) or "").strip()
        if not text:
            return
        sides = [self._geography.find_country(side) for side in (text[:3], text[-3:])]
        if len(text) != _CORRIDOR_LENGTH or [side and side.code for side in sides] != [sending, receiving]:
            raise CellError(f"{sending}{receiving}, as the two countries' codes say", "corridor")


def _read_day(cell: Cell) -> Day:
    on = named("date", date_of, cell)
    return Day(on, (on - _EPOCH).days * _MILLISECONDS_A_DAY, on.isoformat())


def _is_outside(question: tuple[str, date]) -> bool:
    period, on = question
    end = quarter_end(period)
    return on.year != end.year or not end.month - _QUARTER_MONTHS < on.month <= end.month
