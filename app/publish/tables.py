"""One quarter's quotes as two files of the same rows: canonical CSV, and Parquet made from it.

The CSV *is* the canonical form: UTF-8, lines that end in LF, minimal quoting, decimals without exponent or trailing
zeros, rows by corridor, source, the source's key, tier and id. Its SHA-256 is the quarter's logical checksum, whatever
wrote the Parquet.
"""

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from app.db import decimal_text
from app.publish.columns import COLUMNS, SEPARATOR, Column

ROW_GROUP: Final = 122_880
_PROGRESS_EVERY: Final = 20_000


class UnfitQuoteError(Exception):
    """A stored quote does not fit the release's columns; the message names it."""


def write_csv(path: Path, rows: Iterable[Any], on_rows: Callable[[int], None]) -> int:
    """Write a quarter's rows (of ``store.release_rows.rows``) as canonical CSV; return how many.

    ``on_rows`` is told now and then how many were written since.
    """
    count = told = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([column.name for column in COLUMNS])
        for record in _records(rows):
            writer.writerow(record)
            count += 1
            if count - told >= _PROGRESS_EVERY:
                on_rows(count - told)
                told = count
        file.flush()
        os.fsync(file.fileno())
    on_rows(count - told)
    return count


def _records(rows: Iterable[Any]) -> Iterator[Sequence[str]]:
    lists: dict[str, str] = {}
    for row in rows:
        corridor: str = row.corridor
        values = {
            **row._mapping,  # noqa: SLF001 - SQLAlchemy's own name for a row as a mapping
            "quote_id": row.id,
            "observed_on": row.observed_at,
            "sending_country": corridor[:3],
            "receiving_country": corridor[4:],
        }
        yield [_field(column, values[column.name], lists) for column in COLUMNS]


def _field(column: Column, value: object, lists: dict[str, str]) -> str:
    """Return a value in its canonical form; null is an empty field."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, datetime):
        return value.date().isoformat()
    if column.kind == "truth":
        return "true" if value else "false"
    text = str(value)
    if column.kind == "words" and text.startswith("["):
        known = lists.get(text)
        if known is None:
            known = lists[text] = SEPARATOR.join(json.loads(text))
        return known
    return text.replace(",", SEPARATOR) if column.kind == "words" else text


def write_parquet(source: Path, target: Path) -> None:
    """Write a quarter's CSV as Parquet: typed, in the same order, zstd; the same bytes for any number of threads."""
    import duckdb

    columns = ", ".join(f"'{column.name}': '{column.sql_type}'" for column in COLUMNS)
    required = [column.name for column in COLUMNS if column.is_required and column.kind in {"text", "words"}]
    chosen = ", ".join(f"coalesce({name}, '') AS {name}" if name in required else name for name in names())
    with duckdb.connect(":memory:") as database:
        database.execute("SET preserve_insertion_order = true")
        try:
            database.execute(
                f"COPY (SELECT {chosen} FROM read_csv(?, header = true, auto_detect = false, columns = {{{columns}}}, "  # noqa: S608 - our own names
                f"delim = ',', quote = '\"', escape = '\"', nullstr = '', parallel = false)) TO '{_quoted(target)}' "
                f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})",
                [str(source)],
            )
        except duckdb.ConversionException as error:
            told = [line.strip() for line in str(error).splitlines() if line.strip()]
            raise UnfitQuoteError(f"A stored quote does not fit a release: {' '.join(told[:4])}") from error
    with target.open("rb+") as file:
        os.fsync(file.fileno())


def names() -> list[str]:
    """Return the columns' names in order."""
    return [column.name for column in COLUMNS]


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
