"""Builds small survey files: rows that are valid until a test changes a cell."""

import csv
import gzip
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from app.sources.rpw_layouts import NEW, OLD

Rows = Iterable[dict[str, Any]]

OLD_ROW: dict[str, Any] = {
    "id": 1,
    "period": "2013_3Q",
    "source_code": "GBR",
    "destination_code": "PHL",
    "firm": "Multi Money Transfer",
    "firm_type": "Money Transfer Operator",
    "product": "Cash to cash",
    "sending location": "at Branch",
    "speed actual": "Same day",
    "cc1 lcu amount": 120.0,
    "cc1 denomination amount": 200,
    "cc1 lcu code": "GBP",
    "cc1 lcu fee": 4.0,
    "cc1 lcu fx rate": 66.1,
    "cc1 fx margin": 0.11,
    "cc1 total cost %": 3.44,
    "cc2 lcu amount": 300.0,
    "cc2 denomination amount": 500,
    "cc2 lcu code": "GBP",
    "cc2 lcu fee": 4.0,
    "cc2 lcu fx rate": 66.1,
    "cc2 fx margin": 0.11,
    "cc2 total cost %": 1.44,
    "inter lcu bank fx": 66.17,
    "transparent": "yes",
    "note1": "",
    "note2": "",
    "coverage": "Nationwide",
    "pick-up method": "Cash",
    "date": "19/Jul/2013",
    "corridor": "GBRPHL",
}
_RENAMED = {
    "sending location": "access point",
    "coverage": "receiving network coverage",
    "pick-up method": "pickup method",
}
NEW_ROW: dict[str, Any] = {
    **{_RENAMED.get(name, name): value for name, value in OLD_ROW.items() if name not in {"product", "note1"}},
    "period": "2025_3Q",
    "date": "2025-09-01 00:00:00",
    "access point": "Agent",
    "receiving network coverage": "High",
    "payment instrument": "Cash",
    "Standard Note": "",
    "pickup location": "",
}


def old(**cells: Any) -> dict[str, Any]:  # noqa: ANN401 - any cell
    """Return a valid row of the old layout with some cells changed; ``_`` stands for a space."""
    return _changed(OLD_ROW, cells)


def new(**cells: Any) -> dict[str, Any]:  # noqa: ANN401 - any cell
    """Return a valid row of the new layout with some cells changed; ``_`` stands for a space."""
    return _changed(NEW_ROW, cells)


def _changed(row: dict[str, Any], cells: dict[str, Any]) -> dict[str, Any]:
    names = {name.replace(" ", "_").replace("%", "percent").replace("-", "_"): name for name in row}
    return {**row, **{names.get(name, name): value for name, value in cells.items()}}


def csv_file(path: Path, rows: Sequence[dict[str, Any]], header: Sequence[str] | None = None) -> Path:
    """Write rows as CSV (gzipped when the name ends so)."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(header or rows[0]), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def workbook(
    path: Path, old_rows: Rows = (), new_rows: Rows = (), sheets: dict[str, list[list[Any]]] | None = None
) -> Path:
    """Write a workbook with the sheets that have rows, after the other sheets that the official one has."""
    book = xlsxwriter.Workbook(str(path), {"nan_inf_to_errors": True})
    for name, rows in (sheets or {"Terms of Use": [["terms"]], "Legend": [["id", "an id"]]}).items():
        _write(book.add_worksheet(name), rows)
    for layout, given in ((OLD, list(old_rows)), (NEW, list(new_rows))):
        if given:
            _write(book.add_worksheet(layout.sheet), table(given))
    book.close()
    return path


def table(rows: Sequence[dict[str, Any]]) -> list[list[Any]]:
    """Return rows below their header."""
    header = list(rows[0])
    return [header, *([row.get(name, "") for name in header] for row in rows)]


def _write(sheet: Any, rows: list[list[Any]]) -> None:  # noqa: ANN401 - published without types
    for index, row in enumerate(rows):
        for column, cell in enumerate(row):
            sheet.write(index, column, cell)
