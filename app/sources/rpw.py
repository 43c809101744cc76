"""The World Bank's survey, Remittance Prices Worldwide: a row of either layout becomes a record, or is refused.

One row is one service in one round; its two tiers are prices of that service (METHODOLOGY, Service, current, epoch).
A row is accepted whole or refused whole, with the cell and the reason.
"""

from collections import Counter
from collections.abc import Sequence
from operator import itemgetter

from app.domain.file_errors import DuplicateRow, InvalidCell, UnmappedLabel
from app.domain.geography import Geography
from app.sources.cells import Cell, CellError, key_of, named, text_of
from app.sources.labels import Correction, Labels, UnmappedError
from app.sources.rpw_layouts import SYNTHETIC, Columns
from app.sources.rpw_prices import TIERS, Prices, Setting
from app.sources.rpw_scenes import Scenes
from app.sources.rpw_services import Services
from app.sources.source import Accepted, Mapped, Refused, SurveyQuote

REAL, DEMO = "rpw", "demo"
_GIVEN_LENGTH = 100


class Survey:
    """What the tables of one file have in common: what was seen and what was corrected.

    ``seen`` holds, by period, each key and the table and row where it first came, ``refused`` those of such rows that
    were not accepted, ``corrections_applied`` the declared corrections that matched.
    """

    def __init__(self, labels: Labels, geography: Geography, *, is_synthetic: bool) -> None:
        """``is_synthetic`` decides the source: our own generator's or the World Bank's."""
        self.labels = labels
        self.geography = geography
        self.source = DEMO if is_synthetic else REAL
        self.is_synthetic = is_synthetic
        self.seen: dict[str, dict[str, tuple[str, int]]] = {}
        self.refused: set[tuple[str, int]] = set()
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
        self._scenes = Scenes(columns, survey.geography)
        self._prices = Prices(columns, survey.labels, survey.geography)
        self._labels_of = itemgetter(*self.services.positions)
        self._id = columns.position["id"]

    @property
    def periods(self) -> list[str]:
        """The periods that the rows read so far name."""
        return sorted(self._scenes.periods)

    def read(self, cells: Sequence[Cell], place_row: int) -> Accepted | Refused:
        """Turn one row of cells into a record, or say why it is refused."""
        period = key = ""
        if len(cells) != self._columns.width:
            period, key = self._where(cells)
            reason = f"expected {self._columns.width} cells as in the header, found {len(cells)}"
            return self._refused(cells, place_row, (period, key, "id"), InvalidCell.code, reason)
        try:
            period = self._scenes.period(cells)
            key = self._key(cells)
            return self._row(cells, place_row, period, key)
        except CellError as error:
            column = error.column or "id"
            return self._refused(
                cells, place_row, (period, key, column), InvalidCell.code, f"expected {error.expected}"
            )
        except UnmappedError as error:
            reason = f"expected a label mapped under {error.vocabulary}"
            column = self.services.column_of(error.vocabulary)
            refused = self._refused(cells, place_row, (period, key, column), UnmappedLabel.code, reason)
            return refused._replace(given=error.label[:_GIVEN_LENGTH])
        except _DuplicateKeyError as error:
            sheet, row, was_refused = error.first
            where = f"row {row}" if sheet == self.sheet else f'row {row} of "{sheet}"'
            reason = f"this id occurs twice in this period; the first row of this id is at {where}"
            reason += ", and was refused" if was_refused else ", and is kept"
            return self._refused(cells, place_row, (period, key, "id"), DuplicateRow.code, reason)

    def _where(self, cells: Sequence[Cell]) -> tuple[str, str]:
        """Return a row's period and id as far as they can be read; both or none, since neither alone says which row."""
        try:
            return self._scenes.period(cells), self._key(cells)
        except (CellError, IndexError):
            return "", ""

    def _key(self, cells: Sequence[Cell]) -> str:
        cell = cells[self._id]
        if type(cell) is float and cell.is_integer() and 0 < cell < 1e12:  # noqa: PLR2004 - as cells.number_of
            return str(int(cell))
        return named("id", key_of, cell)

    def _row(self, cells: Sequence[Cell], place_row: int, period: str, key: str) -> Accepted:
        self._claim(cells, place_row, period, key)
        corrected: set[str] = set()
        if (period, key) in self._survey.corrections:
            cells, corrected = self._corrected(cells, period, key)
        scene = self._scenes.scene(cells)
        service = self.services.service(self._labels_of(cells), scene.local_currency)
        source_key = f"{period}/{key}"
        setting = Setting(self._survey.source, source_key, scene, service, self.sheet, place_row)
        quotes = self._prices.prices(cells, setting, corrected)
        self._count(quotes, service)
        return Accepted(period, source_key, tuple(quotes))

    def _claim(self, cells: Sequence[Cell], place_row: int, period: str, key: str) -> None:
        survey = self._survey
        seen = survey.seen.get(period)
        if seen is None:
            seen = survey.seen[period] = {}
        here = self.sheet, place_row
        first = seen.setdefault(key, here)
        if first is not here:
            raise _DuplicateKeyError(first, was_refused=first in survey.refused)
        if survey.is_synthetic and text_of(cells[self._columns.position[SYNTHETIC]]) != "yes":
            raise CellError("yes in every row of a synthetic file", SYNTHETIC)

    def _corrected(self, cells: Sequence[Cell], period: str, key: str) -> tuple[Sequence[Cell], set[str]]:
        """Return the cells with declared corrections made, and the columns that were corrected."""
        columns: set[str] = set()
        for correction in self._survey.corrections[period, key]:
            where = self._columns.position.get(correction.column)
            if where is not None and named(correction.column, text_of, cells[where]) == correction.published:
                changed = list(cells)
                changed[where] = correction.corrected
                cells = changed
                columns.add(correction.column)
                self._survey.corrections_applied.add(correction)
        return cells, columns

    def _count(self, quotes: Sequence[SurveyQuote], service: Mapped) -> None:
        self.services.count(service)
        for quote in quotes:
            self.prices[quote.tier, quote.fx_margin_status, quote.cost_status, quote.flags] += 1
        if len(quotes) < len(TIERS):
            published = {quote.tier for quote in quotes}
            self.not_published.update(tier.name for tier in TIERS if tier.name not in published)

    def _refused(
        self, cells: Sequence[Cell], place_row: int, where: tuple[str, str, str], code: str, reason: str
    ) -> Refused:
        period, key, column = where
        if period and key:
            self._survey.refused.add((self.sheet, place_row))
        index = self._columns.position.get(column)
        cell = cells[index] if index is not None and index < len(cells) else None
        given = "" if cell is None else str(cell)[:_GIVEN_LENGTH]
        return Refused(self.sheet, place_row, period, key, column, given, code, reason)


class _DuplicateKeyError(Exception):
    """An id that the file's period had before; ``first`` is where, and whether that row was refused."""

    def __init__(self, first: tuple[str, int], *, was_refused: bool) -> None:
        super().__init__("an id that occurs twice")
        self.first = (*first, was_refused)
