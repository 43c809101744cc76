"""Where and when a survey row was collected: period, corridor and day, checked once for each combination."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from typing import NamedTuple

from app.domain.geography import Geography
from app.domain.quotes import quarter_end
from app.sources.cells import Cell, CellError, Remembered, date_of, named, period_of, text_of
from app.sources.rpw_layouts import Columns

_QUARTER_MONTHS = 3
_CORRIDOR_LENGTH = len("GBRPHL")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Scene(NamedTuple):
    """A corridor on a day. ``microseconds`` count since 1970 (UTC); ``local_currency`` is the receiving country's own.

    ``is_outside_quarter``: the day is not in the period that the row names.
    """

    period: str
    corridor: str
    sending_country: str
    receiving_country: str
    on: date
    at: datetime
    microseconds: int
    local_currency: str | None
    is_outside_quarter: bool
    canonical: str


class Scenes:
    """Reads the scenes of one table's rows."""

    def __init__(self, columns: Columns, geography: Geography) -> None:
        """``geography`` knows the countries by their present and old codes."""
        position = columns.position
        self._geography = geography
        self._has_corridor = "corridor" in position
        self._period = position["period"]
        self._cells = itemgetter(
            position["period"],
            position["source_code"],
            position["destination_code"],
            position.get("corridor", position["source_code"]),
            position["date"],
        )
        self._periods = Remembered(_read_period)
        self._scenes = Remembered(self._read)

    def period(self, cells: Sequence[Cell]) -> str:
        """Return a row's period; raises ``CellError``, naming the column."""
        return self._periods[cells[self._period]]

    def scene(self, cells: Sequence[Cell]) -> Scene:
        """Return a row's scene; raises ``CellError``, naming the column."""
        return self._scenes[self._cells(cells)]

    def _read(self, cells: tuple[Cell, ...]) -> Scene:
        published, sender, receiver, corridor, day = cells
        period = self._periods[published]
        sending, receiving = self._country(sender, "source_code"), self._country(receiver, "destination_code")
        if sending == receiving:
            raise CellError("two different countries", "destination_code")
        if self._has_corridor:
            self._check_corridor(corridor, sending, receiving)
        on = named("date", date_of, day)
        at = datetime(on.year, on.month, on.day, tzinfo=UTC)
        end = quarter_end(period)
        is_within = on.year == end.year and end.month - _QUARTER_MONTHS < on.month <= end.month
        return Scene(
            period,
            f"{sending}-{receiving}",
            sending,
            receiving,
            on,
            at,
            (at - _EPOCH) // timedelta(microseconds=1),
            self._geography.local_currency(receiving, on),
            not is_within,
            f"{sending}-{receiving}|{on.isoformat()}",
        )

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


def _read_period(cell: Cell) -> str:
    return named("period", period_of, cell)
