"""The child process that reads a survey file, so that a hostile one can harm nothing (RELIABILITY 5).

``python -m app.sources.reader FILE MEMORY_BYTES``: limits its own address space, then writes frames to standard
output. Whatever happens here, the parent sees a message or that the process died.
"""

import contextlib
import gc
import os
import resource
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from app.domain.file_errors import (
    EncryptedFile,
    FileTooLarge,
    MissingColumn,
    MissingSheet,
    Place,
    SourceError,
    WrongLayout,
)
from app.reference import load
from app.sources.cells import NOT_GIVEN, Cell
from app.sources.frames import Batch, Failed, Opened, PriceCount, SheetCount, Tally, send
from app.sources.labels import Labels, label_file
from app.sources.rpw import REAL, Survey, Table
from app.sources.rpw_layouts import LAYOUTS, recognise
from app.sources.source import Accepted, Refused, SurveyQuote
from app.sources.tables import SurveyTable, tables

BATCH_ROWS = 500
_MOST_LISTED = 1000
_NOTHING = frozenset({"", None})


def main(arguments: Sequence[str]) -> int:
    """Read the file and tell the parent; return the exit status."""
    path, memory = Path(arguments[0]), int(arguments[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.disable()  # nothing here makes cycles, and what is remembered would be walked again and again
    # Nothing else may write between the frames: what libraries print goes to standard error.
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)
        with contextlib.suppress(BrokenPipeError):
            read(path, out, memory)
            return 0
    return 1


def read(path: Path, out: IO[bytes], memory: int) -> None:
    """Write the file's rows as messages, the last of them a ``Tally`` or ``Failed``."""
    try:
        Reading(path, out, memory).run()
    except SourceError as error:
        send(out, failed(error))
    except MemoryError:
        send(out, failed(FileTooLarge(f"needs more than {memory // 2**20:,} MiB of memory to read.")))


class _Gathered:
    """The rows of one batch."""

    def __init__(self) -> None:
        self.rows = 0
        self.quotes: list[SurveyQuote] = []
        self.bare: list[tuple[str, str]] = []
        self.refused: list[Refused] = []

    def accept(self, row: Accepted) -> None:
        if row.quotes:
            self.quotes.extend(row.quotes)
        else:
            self.bare.append((row.period, row.source_key))


class Reading:
    """One file being read: what was met so far, and what is still to be sent."""

    def __init__(self, path: Path, out: IO[bytes], memory: int) -> None:
        """``memory`` also bounds what a workbook may say that it unpacks to."""
        self._path, self._out, self._memory = path, out, memory
        self._rows_read = self._rows_accepted = self._numbers_as_text = 0
        self._layouts: list[str] = []
        self._sheets: list[SheetCount] = []
        self._is_workbook = False
        self._refused_counts: Counter[tuple[str, str]] = Counter()
        self._unmapped_labels: Counter[tuple[str, str]] = Counter()

    def run(self) -> None:
        """Read all tables and send them."""
        geography = load()
        labels = Labels(label_file(REAL), geography.currencies)
        survey: Survey | None = None
        read_tables = []
        for table in tables(self._path, Place(), self._memory):
            rows = iter(table.rows)
            where = Place(sheet=table.name) if table.layout else Place()
            columns = recognise(next(rows, ()), where, table.layout)
            if survey is None:
                survey = Survey(labels, geography, is_synthetic=columns.is_synthetic)
                layout = "workbook" if table.has_types else f"csv_{columns.layout.name}"
                send(self._out, Opened(columns.is_synthetic, layout, table.total))
            elif survey.is_synthetic != columns.is_synthetic:
                raise WrongLayout("is synthetic in one sheet and not in the other.", place=where)
            self._is_workbook = table.has_types
            self._layouts.append(columns.layout.name)
            read_tables.append(Table(survey, columns, table.name))
            typed_total = columns.position["cc1 total cost %"] if table.has_types else None
            before = self._rows_read, self._rows_accepted
            self._send_rows(read_tables[-1], table, rows, typed_total)
            counts = self._rows_read - before[0], self._rows_accepted - before[1]
            self._sheets.append(SheetCount(table.name, *counts, read_tables[-1].periods))
        if survey is not None:
            send(self._out, self._tally(survey, read_tables))

    def _send_rows(
        self, reading: Table, table: SurveyTable, rows: Iterator[Sequence[Cell]], typed_total: int | None
    ) -> None:
        """Read the rows below a header and send them in batches.

        ``typed_total`` is the place of a number that a workbook should store as one.
        """
        batch = _Gathered()
        read_row = reading.read
        place_row = 1
        for cells in rows:
            place_row += 1
            if (not cells or cells[0] == "") and not any(cell not in _NOTHING for cell in cells):
                continue
            batch.rows += 1
            if typed_total is not None and type(cells[typed_total]) is str and cells[typed_total] not in NOT_GIVEN:
                self._numbers_as_text += 1
            found = read_row(cells, place_row)
            if isinstance(found, Accepted):
                self._rows_accepted += 1
                batch.accept(found)
            else:
                self._count_refused(found)
                batch.refused.append(found)
            if batch.rows == BATCH_ROWS:
                self._send(reading, batch, table.done(place_row))
                batch = _Gathered()
        self._send(reading, batch, table.done(place_row))

    def _send(self, reading: Table, batch: "_Gathered", done: int) -> None:
        self._rows_read += batch.rows
        services, reading.services.fresh = reading.services.fresh, []
        send(self._out, Batch(self._rows_read, done, services, batch.quotes, batch.bare, batch.refused))

    def _count_refused(self, refused: Refused) -> None:
        self._refused_counts[refused.code, refused.column] += 1
        if refused.code == "unmapped-label":
            key = refused.reason.rpartition(" ")[2], refused.given  # the vocabulary that should map it
            if key in self._unmapped_labels or len(self._unmapped_labels) < _MOST_LISTED:
                self._unmapped_labels[key] += 1

    def _tally(self, survey: Survey, read_tables: list[Table]) -> Tally:
        prices: Counter[tuple[str, str, str, str]] = Counter()
        not_published: Counter[str] = Counter()
        notes: Counter[str] = Counter()
        for table in read_tables:
            prices.update(table.prices)
            not_published.update(table.not_published)
            notes.update(table.services.unmapped_notes)
        return Tally(
            rows_read=self._rows_read,
            rows_accepted=self._rows_accepted,
            layouts=self._layouts,
            periods=sorted(survey.seen),
            prices=[PriceCount(*kind, count) for kind, count in sorted(prices.items())],
            not_published=dict(sorted(not_published.items())),
            refused=[(*kind, count) for kind, count in sorted(self._refused_counts.items())],
            unmapped_labels=[(*label, count) for label, count in self._unmapped_labels.most_common()],
            unmapped_notes=dict(notes.most_common()),
            rows_with_numbers_as_text=self._numbers_as_text,
            corrections_applied=len(survey.corrections_applied),
            idle_corrections=[
                f"{each.period} id {each.id}, {each.column}: {each.published} to {each.corrected}"
                for each in survey.idle_corrections()
            ],
            sheets=self._sheets,
            sheets_absent=[
                layout.sheet for layout in LAYOUTS if self._is_workbook and layout.name not in self._layouts
            ],
        )


def failed(error: SourceError) -> Failed:
    """Return an error as a message from which the parent can make it again."""
    arguments: dict[str, Any] = {"detail": error.problem}
    if isinstance(error, MissingSheet):
        arguments = {"expected": error.expected, "found": error.found}
    elif isinstance(error, MissingColumn):
        arguments = {"columns": error.columns}
    elif isinstance(error, EncryptedFile):
        arguments = {}
    place = error.place
    return Failed(code=error.code, arguments=arguments, sheet=place.sheet, row=place.row, column=place.column)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
