"""Appending many records at once: ``executemany`` on SQLite, COPY (by a staging table where it must) on PostgreSQL.

Records are tuples in storage form, the same for both databases: ids and hashes as bytes, instants as microseconds
since 1970, decimals as canonical text, lists as JSON text.
"""

import itertools
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from sqlalchemy import Boolean, Column, Connection, Integer, LargeBinary, Table
from sqlalchemy.exc import IntegrityError

from app.db import QuoteId, UtcDateTime, instant, is_sqlite

Stored = str | bytes | int | None
"""A value in storage form."""

CHUNK: Final = 2_000
"""Records that are held at once."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where records go: a table, and the columns that their values stand for, in order.

    ``same_for_all``: whole numbers for further columns, the same in every row. ``ignore_existing``: a record whose
    primary key is there, or comes a second time, changes nothing; otherwise it raises IntegrityError.
    """

    table: Table
    names: Sequence[str]
    same_for_all: Mapping[str, int] = field(default_factory=dict)
    ignore_existing: bool = False

    @property
    def conflict(self) -> str:
        """The clause for records whose key is there."""
        return " ON CONFLICT DO NOTHING" if self.ignore_existing else ""


def append(connection: Connection, target: Target, records: Iterable[Sequence[Stored]]) -> int:
    """Append records; return how many rows were new."""
    if is_sqlite(connection):
        return _append_sqlite(connection, target, records)
    return _append_postgresql(connection, target, records)


def chunks(records: Iterable[Sequence[Stored]], size: int = CHUNK) -> Iterator[list[Sequence[Stored]]]:
    """Cut a stream of records into lists of at most ``size``."""
    iterator = iter(records)
    while chunk := list(itertools.islice(iterator, size)):
        yield chunk


def _append_sqlite(connection: Connection, target: Target, records: Iterable[Sequence[Stored]]) -> int:
    columns = ", ".join([*target.names, *target.same_for_all])
    values = ", ".join(["?"] * len(target.names) + [str(int(value)) for value in target.same_for_all.values()])
    statement = f"INSERT INTO {target.table.name} ({columns}) VALUES ({values}){target.conflict}"  # noqa: S608 - our own names
    raw = connection.connection.driver_connection
    if not isinstance(raw, sqlite3.Connection):
        raise TypeError("the connection is not SQLite's")
    try:
        return max(raw.executemany(statement, records).rowcount, 0)
    except sqlite3.IntegrityError as error:
        raise IntegrityError(statement, None, error) from error


def _append_postgresql(connection: Connection, target: Target, records: Iterable[Sequence[Stored]]) -> int:
    into = target.table.name
    names = ", ".join([*target.names, *target.same_for_all])
    if target.ignore_existing:  # COPY cannot skip what is there: it fills a table beside it first
        into = f"staging_{target.table.name}"
        connection.exec_driver_sql(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {into} (LIKE {target.table.name}) ON COMMIT DROP"
        )
    copied = _copy(connection, target, f"COPY {into} ({names}) FROM STDIN", records)
    if not target.ignore_existing:
        return copied
    inserted = connection.exec_driver_sql(
        f"INSERT INTO {target.table.name} ({names}) SELECT {names} FROM {into}{target.conflict}"  # noqa: S608 - our own names
    ).rowcount
    connection.exec_driver_sql(f"TRUNCATE {into}")
    return inserted


def _copy(connection: Connection, target: Target, statement: str, records: Iterable[Sequence[Stored]]) -> int:
    columns = [target.table.columns[name] for name in target.names]
    texts = [_column_text(column) for column in columns]
    same = [_column_text(target.table.columns[name])([value])[0] for name, value in target.same_for_all.items()]
    end = "".join(f"\t{value}" for value in same) + "\n"
    with closing(connection.connection.cursor()) as raw:
        try:
            with raw.copy(statement) as copy:
                for chunk in chunks(records):
                    by_column = [text(values) for text, values in zip(texts, zip(*chunk, strict=True), strict=True)]
                    copy.write(end.join(map("\t".join, zip(*by_column, strict=True))) + end)
        except raw.connection.IntegrityError as error:
            raise IntegrityError(statement, None, error) from error
        return int(raw.rowcount)


ColumnText = Callable[[Sequence[Any]], Sequence[str]]
"""Writes one column of a chunk as COPY's text format wants it; a column at a time is several times faster."""

_NULL: Final = "\\N"
_SPECIAL: Final = re.compile(r"[\\\t\n\r]")
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _column_text(column: Column[Any]) -> ColumnText:
    if isinstance(column.type, QuoteId):
        return lambda values: [_NULL if value is None else value.hex() for value in values]
    if isinstance(column.type, LargeBinary):
        return lambda values: [_NULL if value is None else f"\\\\x{value.hex()}" for value in values]
    if isinstance(column.type, UtcDateTime):
        written = cache(lambda value: instant(value).isoformat())
        return lambda values: [_NULL if value is None else written(value) for value in values]
    if isinstance(column.type, Boolean | Integer):
        return lambda values: [_NULL if value is None else str(value) for value in values]
    return _plain_text


def _plain_text(values: Sequence[str | None]) -> Sequence[str]:
    texts = [_NULL if value is None else value for value in values]
    if _SPECIAL.search("".join([value for value in values if value is not None])):
        return [_NULL if value is None else value.translate(_ESCAPES) for value in values]
    return texts
