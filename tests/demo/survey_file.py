"""Reading generated files as the tests see them: without the generator and without the importer."""

import csv
import gzip
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from app.demo.files import write_csv, write_workbook
from app.demo.plan import DEFAULT_SEED, Plan
from app.demo.traps import Layout

Line = dict[str, str]
OLD_SHEET, NEW_SHEET = "Dataset (up to Q1 2016)", "Dataset (from Q2 2016)"


def nothing(_written: int) -> None:
    """Take no notice of progress."""


def written_csv(folder: Path, rows: int, layout: Layout, *, name: str = "survey.csv", seed: int = DEFAULT_SEED) -> Path:
    """Write a CSV survey and return where it is."""
    path = folder / name
    write_csv(Plan(rows, seed, (layout,)), path, nothing)
    return path


def written_workbook(folder: Path, rows: int, *, name: str = "survey.xlsx") -> Path:
    """Write a workbook and return where it is."""
    path = folder / name
    write_workbook(Plan(rows), path, nothing)
    return path


def csv_lines(path: Path) -> list[Line]:
    """Return a CSV's rows by column."""
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
            return list(csv.DictReader(text))
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def sheet_values(path: Path, sheet: str) -> list[list[Any]]:
    """Return a sheet's rows as values, header first: numbers, texts, dates, the cached values of formulas."""
    return list(CalamineWorkbook.from_path(path).get_sheet_by_name(sheet).iter_rows())


def formula_cells(path: Path, sheet: str) -> Counter[int]:
    """Return how many cells of each column hold a formula."""
    book = load_workbook(path, read_only=True)
    try:
        return Counter(
            place for row in book[sheet].iter_rows() for place, cell in enumerate(row) if cell.data_type == "f"
        )
    finally:
        book.close()


def number(text: str) -> Decimal | None:
    """Return a published number, or None where it is not given."""
    return None if text in {"", ".."} else Decimal(text)


def count(lines: list[Line], is_it: Callable[[Line], bool]) -> int:
    """Return how many lines are so."""
    return sum(1 for line in lines if is_it(line))
