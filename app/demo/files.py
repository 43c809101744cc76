"""Writing the survey: a workbook row by row in bounded memory, or a CSV, gzipped where its name says so."""

import csv
import gzip
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from app.demo.geography import all_countries
from app.demo.plan import SHEET_ROWS, DemoError, Plan
from app.demo.rows import NOT_GIVEN, Row, row
from app.demo.sheets import (
    COUNTRY_HEADER,
    CSV_COLUMNS,
    LEGEND,
    METHODOLOGY,
    NUMBERS,
    SHEETS,
    TERMS_OF_USE,
    WORKBOOK_COLUMNS,
)
from app.demo.traps import Layout

Progress = Callable[[int], None]

# A workbook carries a creation date; this one makes equal arguments give equal bytes.
_CREATED = datetime(2026, 9, 30, tzinfo=UTC)
_PROGRESS_EVERY = 500
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def write_csv(plan: Plan, path: Path, progress: Progress) -> None:
    """Write the plan's only layout as CSV to ``path``, gzipped where its name ends in ``.gz``.

    The file appears when it is complete; ``progress`` is told how many rows are written.
    """
    (layout,) = plan.layouts
    columns = CSV_COLUMNS[layout]
    with appearing(path) as unfinished, _text(unfinished, is_packed=path.suffix == ".gz") as text:
        lines = csv.writer(text, lineterminator="\n")
        lines.writerow(columns)
        for number, place in enumerate(plan.places(layout), 1):
            made = row(place, plan.seed)
            made.cells["date"] = text_date(made) if made.is_dated_by_text else f"{made.surveyed} 00:00:00"
            lines.writerow([made.cells.get(column, "") for column in columns])
            if number % _PROGRESS_EVERY == 0 or number == plan.rows:
                progress(number)


def write_workbook(plan: Plan, path: Path, progress: Progress) -> None:
    """Write a workbook with the survey's six sheets to ``path``; raise DemoError where a sheet cannot hold its rows.

    The file appears when it is complete; ``progress`` is told how many rows are written.
    """
    largest = max(plan.rows_of(layout) for layout in Layout)
    if largest > SHEET_ROWS:
        message = f"A sheet holds {SHEET_ROWS} rows and this survey needs {largest}: ask for fewer, or for CSV."
        raise DemoError(message)
    with appearing(path) as unfinished, TemporaryDirectory(dir=path.parent, prefix=".demo-") as folder:
        book = xlsxwriter.Workbook(
            unfinished, {"constant_memory": True, "strings_to_urls": False, "tmpdir": folder, "in_memory": False}
        )
        book.set_properties({"title": "SYNTHETIC demonstration survey", "created": _CREATED.replace(tzinfo=None)})
        _write_front(book)
        as_date = book.add_format({"num_format": "dd/mmm/yyyy"})
        written = 0
        for layout in Layout:
            data = _DataSheet(book.add_worksheet(SHEETS[layout]), WORKBOOK_COLUMNS[layout], as_date)
            data.write_header()
            for number, place in enumerate(plan.places(layout), 1):
                data.write(number, row(place, plan.seed), has_unnamed=layout is Layout.NEW)
                if (written + number) % _PROGRESS_EVERY == 0:
                    progress(written + number)
            written += plan.rows_of(layout)
        progress(written)
        book.close()


@dataclass(frozen=True, slots=True)
class _DataSheet:
    """One of the two data sheets."""

    sheet: Worksheet
    columns: tuple[str, ...]
    as_date: Format

    def write_header(self) -> None:
        """Write the first row."""
        for column, name in enumerate(self.columns):
            self.sheet.write_string(0, column, name)

    def write(self, number: int, made: Row, *, has_unnamed: bool) -> None:
        """Write one row; ``has_unnamed`` adds cells below no header: the year, and both codes with it."""
        if made.is_dated_by_text:
            made.cells["date"] = text_date(made)
        for column, name in enumerate(self.columns):
            self._write_cell(number, column, name, made)
        if has_unnamed:
            year, after = made.cells["period"][:4], len(self.columns)
            self.sheet.write_number(number, after, int(year))
            self.sheet.write_string(number, after + 1, made.cells["source_code"] + year)
            self.sheet.write_string(number, after + 2, made.cells["destination_code"] + year)

    def _write_cell(self, number: int, column: int, name: str, made: Row) -> None:
        """Write one cell as the official workbook has it: a number, a text, a date or a formula with its value."""
        value = made.cells.get(name, "")
        if name in made.formulas:
            self.sheet.write_formula(number, column, made.formulas[name], None, value)
        elif name == "date" and not made.is_dated_by_text:
            self.sheet.write_datetime(number, column, made.surveyed, self.as_date)
        elif name in NUMBERS and not made.numbers_are_text and value and value != NOT_GIVEN:
            self.sheet.write_number(number, column, float(value))
        elif value:
            self.sheet.write_string(number, column, value)


def _write_front(book: xlsxwriter.Workbook) -> None:
    """Write the four sheets before the data."""
    for name, lines, column in (("Terms of Use", TERMS_OF_USE, 1), ("Methodology", METHODOLOGY, 0)):
        sheet = book.add_worksheet(name)
        for number, line in enumerate(lines):
            sheet.write_string(number, column, line)
    sheet = book.add_worksheet("Legend")
    for number, (term, definition) in enumerate(LEGEND):
        sheet.write_string(number, 0, term)
        sheet.write_string(number, 1, definition)
    sheet = book.add_worksheet("Countries")
    facts = [(one.code, one.name, one.region) for one in all_countries().values()]
    lines_of_facts = [COUNTRY_HEADER, *((*fact, NOT_GIVEN, NOT_GIVEN, NOT_GIVEN) for fact in facts)]
    for number, values in enumerate(lines_of_facts, 1):
        for column, value in enumerate(values):
            sheet.write_string(number, column, value)


def text_date(made: Row) -> str:
    """Return ``22/Jan/2011``, in English whatever the locale."""
    day = made.surveyed
    return f"{day.day:02d}/{_MONTHS[day.month - 1]}/{day.year}"


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """Give a name beside ``path`` to write to, and put the file in its place when it is complete."""
    unfinished = path.with_name(f".{path.name}.unfinished-{os.getpid()}")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def _text(path: Path, *, is_packed: bool) -> Iterator[io.TextIOWrapper]:
    """Open a file for text; a packed one without name and time, so that equal rows give equal bytes."""
    with path.open("wb") as raw:
        if not is_packed:
            with io.TextIOWrapper(raw, encoding="utf-8", newline="") as text:
                yield text
            return
        with (
            gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=raw, mtime=0) as packed,
            io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
        ):
            yield text
