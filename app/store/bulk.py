"""Appending many records at once: ``executemany`` on SQLite, COPY into a staging table on PostgreSQL.

Records are tuples in storage form, the same for both databases: ids and hashes as bytes, instants as microseconds
since 1970, decimals as canonical text, lists as JSON text.
"""

import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Boolean, Column, Connection, Integer, LargeBinary, Table
from sqlalchemy.exc import IntegrityError

from app.db import ExactDecimal, QuoteId, UtcDateTime, is_sqlite

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
    table, names = target.table, target.names
    staging = f"staging_{table.name}"
    columns = [table.columns[name] for name in names]
    raw_columns = ", ".join(f"{column.name} {_raw_type(column)}" for column in columns)
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE IF NOT EXISTS {staging} ({raw_columns}) ON COMMIT DROP")
    with closing(connection.connection.cursor()) as raw, raw.copy(f"COPY {staging} FROM STDIN") as copy:
        for chunk in chunks(records):
            copy.write("".join(map(_copy_line, chunk)))
    targets = ", ".join([*names, *target.same_for_all])
    same = (_typed(table.columns[name], int(value)) for name, value in target.same_for_all.items())
    values = ", ".join([*map(_from_raw, columns), *same])
    inserted = connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({targets}) SELECT {values} FROM {staging}{target.conflict}"  # noqa: S608 - our own names
    ).rowcount
    connection.exec_driver_sql(f"TRUNCATE {staging}")
    return inserted


_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _copy_line(record: Sequence[Stored]) -> str:
    """Write one record in the text format of COPY; joining text is several times faster than typed rows."""
    return "\t".join([_copy_value(value) for value in record]) + "\n"


def _copy_value(value: Stored) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(_ESCAPES) if not value.isalnum() else value
    if isinstance(value, bytes):
        return "\\\\x" + value.hex()
    return str(value)


def _raw_type(column: Column[object]) -> str:
    if isinstance(column.type, QuoteId | LargeBinary):
        return "bytea"
    if isinstance(column.type, UtcDateTime):
        return "bigint"
    if isinstance(column.type, Boolean):
        return "boolean"
    return "integer" if isinstance(column.type, Integer) else "text"


def _from_raw(column: Column[object]) -> str:
    if isinstance(column.type, QuoteId):
        return f"encode({column.name}, 'hex')::uuid"
    if isinstance(column.type, ExactDecimal):
        return f"{column.name}::numeric"
    return _typed(column, column.name)


def _typed(column: Column[object], expression: str | int) -> str:
    if isinstance(column.type, UtcDateTime):
        return f"timestamptz '1970-01-01 00:00:00+00' + {expression} * interval '1 microsecond'"
    return str(expression)
