"""The World Bank's survey, Remittance Prices Worldwide: a row of either layout becomes a record, or is refused.

One row is one service in one round; its two tiers are prices of that service (METHODOLOGY, Service, current, epoch).
A row is accepted whole or refused whole, with the cell and the reason.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from operator import itemgetter
from typing import NamedTuple, TypeVar

from app.domain.errors import DuplicateRow, InvalidCell, UnmappedLabel
from app.domain.geography import Geography
from app.domain.quotes import quarter_end
from app.sources.cells import Cell, CellError, date_of, key_of, period_of, text_of
from app.sources.labels import Correction, Labels, UnmappedError
from app.sources.rpw_layouts import SYNTHETIC, Columns
from app.sources.rpw_prices import TIERS, Day, Flag, Prices, Setting
from app.sources.rpw_services import Services
from app.sources.source import Accepted, Mapped, Refused, SurveyQuote

REAL, DEMO = "rpw", "demo"
_QUARTER_MONTHS = 3
_GIVEN_LENGTH = 100
_MID_MARKET = "inter lcu bank fx"

Read = TypeVar("Read")


class Way(NamedTuple):
    """A corridor as a row names it."""

    corridor: str
    sending_country: str
    receiving_country: str


class Survey:
    """What the tables of one file have in common: what was seen and what was corrected.

    ``seen`` holds the keys by period, ``corrections_applied`` the declared corrections that matched.
    """

    def __init__(self, labels: Labels, geography: Geography, *, is_synthetic: bool) -> None:
        """``is_synthetic`` decides the source: our own generator's or the World Bank's."""
        self.labels = labels
        self.geography = geography
        self.source = DEMO if is_synthetic else REAL
        self.is_synthetic = is_synthetic
        self.seen: dict[str, set[str]] = {}
        self.corrections: dict[tuple[str, str], list[Correction]] = {}
        self.corrections_applied: set[Correction] = set()
        for correction in () if is_synthetic else labels.corrections:
            self.corrections.setdefault((correction.period, correction.id), []).append(correction)

    def idle_corrections(self) -> list[Correction]:
        """Return the declared corrections whose period the file holds and that matched nothing."""
        declared = [correction for group in self.corrections.values() for correction in group]
        return [each for each in declared if each.period in self.seen and each not in self.corrections_applied]


class Table:
    """Reads the rows of one table (a sheet or a CSV file); ``statuses`` and ``flags`` count the accepted prices."""

    def __init__(self, survey: Survey, columns: Columns, sheet: str) -> None:
        """``columns`` are the header's, ``sheet`` names the table in reports."""
        self.sheet = sheet
        self.services = Services(columns, survey.labels)
        self.prices: Counter[tuple[str, str, str, str]] = Counter()
        self.not_published: Counter[str] = Counter()
        self._survey = survey
        self._columns = columns
        self._prices = Prices(survey.labels, survey.geography)
        position = columns.position
        self._labels_of = itemgetter(*self.services.positions)
        self._way_cells = itemgetter(
            position["source_code"], position["destination_code"], position.get("corridor", position["source_code"])
        )
        self._has_corridor = "corridor" in position
        self._tiers = tuple((tier, itemgetter(*(position[name] for name in tier.columns))) for tier in TIERS)
        self._periods: dict[Cell, str] = {}
        self._ways: dict[tuple[Cell, Cell, Cell], Way] = {}
        self._days: dict[Cell, Day] = {}
        self._local: dict[tuple[str, date], str | None] = {}
        self._within: dict[tuple[str, date], bool] = {}

    def read(self, cells: Sequence[Cell], place_row: int) -> Accepted | Refused:
        """Turn one row of cells into a record, or say why it is refused."""
        period = key = ""
        try:
            self._check_width(cells)
            period, key = self._identity(cells)
            return self._row(cells, place_row, period, key)
        except CellError as error:
            column = error.column or "id"
            return self._refused(
                cells, place_row, (period, key, column), InvalidCell.code, f"expected {error.expected}"
            )
        except UnmappedError as error:
            reason = f"expected a label mapped under {error.vocabulary}"
            refused = self._refused(cells, place_row, (period, key, error.vocabulary), UnmappedLabel.code, reason)
            return refused._replace(given=error.label[:_GIVEN_LENGTH])
        except _DuplicateKeyError:
            reason = "this id occurs twice in this period; the first row is kept"
            return self._refused(cells, place_row, (period, key, "id"), DuplicateRow.code, reason)

    def _check_width(self, cells: Sequence[Cell]) -> None:
        if len(cells) != self._columns.width:
            raise CellError(f"{self._columns.width} cells as in the header, found {len(cells)}", "id")

    def _identity(self, cells: Sequence[Cell]) -> tuple[str, str]:
        position = self._columns.position
        published = cells[position["period"]]
        period = self._periods.get(published)
        if period is None:
            period = self._periods[published] = _named("period", period_of, published)
        cell = cells[position["id"]]
        if type(cell) is float and cell.is_integer() and 0 < cell < 1e12:  # noqa: PLR2004 - as cells.number_of
            return period, str(int(cell))
        return period, _named("id", key_of, cell)

    def _row(self, cells: Sequence[Cell], place_row: int, period: str, key: str) -> Accepted:
        survey, position = self._survey, self._columns.position
        self._claim(cells, period, key)
        cells, corrected = self._corrected(cells, period, key)
        way = self._way(cells)
        day = self._day(cells[position["date"]])
        mid = self._prices.numbers.not_negative(cells[position[_MID_MARKET]], _MID_MARKET)
        service = self.services.service(self._labels_of(cells), self._local_currency(way.receiving_country, day.on))
        setting = Setting(
            survey.source,
            f"{period}/{key}",
            period,
            way.corridor,
            way.sending_country,
            way.receiving_country,
            day,
            service,
            mid,
            self.sheet,
            place_row,
        )
        outside = () if self._is_within(day.on, period) else (Flag.DATE_OUTSIDE_QUARTER,)
        quotes = []
        for tier, cells_of in self._tiers:
            flags = (*outside, Flag.CORRECTED) if corrected and corrected.intersection(tier.columns) else outside
            quote = self._prices.price(tier, cells_of(cells), setting, flags)
            if quote is not None:
                quotes.append(quote)
        self._count(quotes, service)
        return Accepted(period, setting.source_key, tuple(quotes))

    def _claim(self, cells: Sequence[Cell], period: str, key: str) -> None:
        survey = self._survey
        seen = survey.seen.get(period)
        if seen is None:
            seen = survey.seen[period] = set()
        if key in seen:
            raise _DuplicateKeyError
        seen.add(key)
        if survey.is_synthetic and text_of(cells[self._columns.position[SYNTHETIC]]) != "yes":
            raise CellError("yes in every row of a synthetic file", SYNTHETIC)

    def _corrected(self, cells: Sequence[Cell], period: str, key: str) -> tuple[Sequence[Cell], set[str]]:
        """Return the cells with declared corrections made, and the columns that were corrected."""
        columns: set[str] = set()
        for correction in self._survey.corrections.get((period, key), ()):
            where = self._columns.position.get(correction.column)
            if where is not None and _named(correction.column, text_of, cells[where]) == correction.published:
                changed = list(cells)
                changed[where] = correction.corrected
                cells = changed
                columns.add(correction.column)
                self._survey.corrections_applied.add(correction)
        return cells, columns

    def _way(self, cells: Sequence[Cell]) -> Way:
        named = self._way_cells(cells)
        known = self._ways.get(named)
        if known is None:
            sender, receiver, corridor = named
            sending, receiving = self._country(sender, "source_code"), self._country(receiver, "destination_code")
            if sending == receiving:
                raise CellError("two different countries", "destination_code")
            if self._has_corridor:
                self._check_corridor(corridor, sending, receiving)
            known = self._ways[named] = Way(f"{sending}-{receiving}", sending, receiving)
        return known

    def _country(self, cell: Cell, column: str) -> str:
        text = _named(column, text_of, cell)
        country = self._survey.geography.find_country(text.strip()) if text else None
        if country is None:
            raise CellError("a country's ISO 3166 code, such as GBR", column)
        return country.code

    def _check_corridor(self, cell: Cell, sending: str, receiving: str) -> None:
        text = (_named("corridor", text_of, cell) or "").strip()
        if not text:
            return
        find = self._survey.geography.find_country
        sides = [find(text[:3]), find(text[-3:])]
        if len(text) != len("GBRPHL") or [side and side.code for side in sides] != [sending, receiving]:
            raise CellError(f"{sending}{receiving}, as the two countries' codes say", "corridor")

    def _day(self, cell: Cell) -> Day:
        known = self._days.get(cell)
        if known is None:
            known = self._days[cell] = Day.of(_named("date", date_of, cell))
        return known

    def _local_currency(self, country: str, on: date) -> str | None:
        question = country, on
        if question not in self._local:
            self._local[question] = self._survey.geography.local_currency(country, on)
        return self._local[question]

    def _is_within(self, on: date, period: str) -> bool:
        question = period, on
        if question not in self._within:
            end = quarter_end(period)
            self._within[question] = on.year == end.year and end.month - _QUARTER_MONTHS < on.month <= end.month
        return self._within[question]

    def _count(self, quotes: Sequence[SurveyQuote], service: Mapped) -> None:
        self.services.count(service)
        for quote in quotes:
            self.prices[quote.tier, quote.fx_margin_status, quote.cost_status, quote.flags] += 1
        if len(quotes) < len(TIERS):
            published = {quote.tier for quote in quotes}
            self.not_published.update(tier.tier.value for tier in TIERS if tier.tier.value not in published)

    def _refused(
        self, cells: Sequence[Cell], place_row: int, where: tuple[str, str, str], code: str, reason: str
    ) -> Refused:
        period, key, column = where
        index = self._columns.position.get(column)
        cell = cells[index] if index is not None and index < len(cells) else None
        given = "" if cell is None else str(cell)[:_GIVEN_LENGTH]
        return Refused(self.sheet, place_row, period, key, column, given, code, reason)


class _DuplicateKeyError(Exception):
    """An id that the file's period had before."""


def _named(column: str, read: Callable[[Cell], Read], cell: Cell) -> Read:
    """Read a cell; an error names its column."""
    try:
        return read(cell)
    except CellError as error:
        raise CellError(error.expected, column) from None
