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

from app.db import QuoteId, UtcDateTime, instant, is_sqlite, microseconds

Stored = str | bytes | int | None
"""A value in storage form."""

CHUNK: Final = 2_000
"""Records that are held at once."""

KEYS_AT_ONCE: Final = 1_000
"""Keys that are looked up at once; a key of three columns makes three parameters, of which SQLite takes 32,766."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where records go: a table, and the columns that their values stand for, in order.

    ``same_for_all``: whole numbers for further columns, the same in every row. A record whose primary key is there
    raises IntegrityError; with ``ignore_existing`` it changes nothing, nor when it comes a second time; with
    ``replace_existing`` it takes the other's place.
    """

    table: Table
    names: Sequence[str]
    same_for_all: Mapping[str, int] = field(default_factory=dict)
    ignore_existing: bool = False
    replace_existing: bool = False

    @property
    def conflict(self) -> str:
        """The clause for records whose key is there."""
        if self.replace_existing:
            key = [column.name for column in self.table.primary_key]
            new = ", ".join(f"{name} = excluded.{name}" for name in self.names if name not in key)
            return f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {new}"
        return " ON CONFLICT DO NOTHING" if self.ignore_existing else ""


def append(connection: Connection, target: Target, records: Iterable[Sequence[Stored]]) -> int:
    """Append records; return how many rows were new."""
    if is_sqlite(connection):
        return _append_sqlite(connection, target, records)
    return _append_postgresql(connection, target, records)


@dataclass(frozen=True, slots=True)
class Onward:
    """The row of another table that a found row leads to, by an index as well: ``on`` are its columns and the first's.

    ``wanted`` are the columns of it that come after those of the row that was found.
    """

    table: Table
    on: Mapping[str, str]
    wanted: Sequence[str]


@dataclass(frozen=True, slots=True)
class Lookup:
    """Which rows are to be found, by many keys at once: one step of an index for each, whatever the table holds.

    ``names`` are the columns of a key, which an index must begin with (after those of ``same_for_all``, whose values
    all rows have), ``wanted`` those of a row that is found; one that leads ``onward`` to no row is not found.
    """

    table: Table
    names: Sequence[str]
    wanted: Sequence[str]
    same_for_all: Mapping[str, str] = field(default_factory=dict)
    onward: Onward | None = None

    @property
    def columns(self) -> list[Column[Any]]:
        """All columns that are wanted."""
        further = () if self.onward is None else (self.onward.table.columns[name] for name in self.onward.wanted)
        return [*(self.table.columns[name] for name in self.wanted), *further]


def find(connection: Connection, lookup: Lookup, keys: Iterable[Sequence[Stored]]) -> Iterator[tuple[Any, ...]]:
    """Give the rows with these keys, in any order, their values in storage form; keys without a row give none."""
    find_in = _find_sqlite if is_sqlite(connection) else _find_postgresql
    for chunk in chunks(keys, KEYS_AT_ONCE):
        yield from find_in(connection, lookup, chunk)


def remove(connection: Connection, lookup: Lookup, keys: Iterable[Sequence[Stored]]) -> None:
    """Remove the rows with these keys, each of which is one row's or none's; what is ``wanted`` does not matter."""
    values = tuple(lookup.same_for_all.values())
    if is_sqlite(connection):
        whole = " AND ".join(f"{name} = ?" for name in (*lookup.names, *lookup.same_for_all))
        statement = f"DELETE FROM {lookup.table.name} WHERE {whole}"  # noqa: S608 - our own names
        every = [(*key, *values) for key in keys]
        if every:
            connection.exec_driver_sql(statement, every)
        return
    for chunk in chunks(keys, KEYS_AT_ONCE):
        sought, by_column = _sought(lookup, chunk)
        statement = f"DELETE FROM {lookup.table.name} USING {sought} WHERE {_joined(lookup, '%s')}"  # noqa: S608 - our own names
        connection.exec_driver_sql(statement, (*by_column, *values))


def _find_sqlite(connection: Connection, lookup: Lookup, keys: Sequence[Sequence[Stored]]) -> list[tuple[Any, ...]]:
    """Walk the keys in the outer loop, which CROSS JOIN makes sure of, and step into the table's index for each."""
    one = f"({', '.join('?' * len(lookup.names))})"
    statement = (
        f"WITH sought ({', '.join(lookup.names)}) AS (VALUES {', '.join([one] * len(keys))}) "  # noqa: S608 - our own names
        f"SELECT {', '.join(map(str, lookup.columns))} "
        f"FROM sought CROSS JOIN {lookup.table.name} ON {_joined(lookup, '?')}"
    )
    if lookup.onward is not None:
        statement += f" CROSS JOIN {lookup.onward.table.name} ON {_joined_onward(lookup, lookup.onward)}"
    values = [value for key in keys for value in key]
    return _driver_rows(connection, statement, (*values, *lookup.same_for_all.values()))


def _find_postgresql(connection: Connection, lookup: Lookup, keys: Sequence[Sequence[Stored]]) -> list[tuple[Any, ...]]:
    """Step into the table's index for each key, which OFFSET 0 makes sure of: a join may be planned as a scan."""
    sought, by_column = _sought(lookup, keys)
    parts = [sought, _stepped_into(lookup.table, _joined(lookup, "%s"))]
    if lookup.onward is not None:
        parts.append(_stepped_into(lookup.onward.table, _joined_onward(lookup, lookup.onward)))
    columns = lookup.columns
    statement = f"SELECT {', '.join(map(_as_bytes, columns))} FROM {' CROSS JOIN '.join(parts)}"  # noqa: S608 - our own names
    rows = _driver_rows(connection, statement, (*by_column, *lookup.same_for_all.values()))
    instants = [place for place, column in enumerate(columns) if isinstance(column.type, UtcDateTime)]
    if not instants or not rows:
        return rows
    by_place: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for place in instants:
        by_place[place] = [value and microseconds(value) for value in by_place[place]]
    return list(zip(*by_place, strict=True))


def _stepped_into(table: Table, condition: str) -> str:
    return f"LATERAL (SELECT * FROM {table.name} WHERE {condition} OFFSET 0) AS {table.name}"  # noqa: S608 - our own names


def _as_bytes(column: Column[Any]) -> str:
    return f"uuid_send({column})" if isinstance(column.type, QuoteId) else str(column)


def _driver_rows(connection: Connection, statement: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Return rows as the driver gives them, which takes a third of the time that rows with names take."""
    cursor = connection.exec_driver_sql(statement, parameters).cursor
    if cursor is None:
        raise TypeError("the statement gives no rows")
    return list(cursor.fetchall())


def _sought(lookup: Lookup, keys: Sequence[Sequence[Stored]]) -> tuple[str, list[str]]:
    """Return PostgreSQL's table of keys, and its parameters: an array for each column, written as one text."""
    columns = [lookup.table.columns[name] for name in lookup.names]
    arrays = ", ".join(f"%s::{_array_of(column)}[]" for column in columns)
    by_column = [_array(column, values) for column, values in zip(columns, zip(*keys, strict=True), strict=True)]
    return f"unnest({arrays}) AS sought ({', '.join(lookup.names)})", by_column


def _joined(lookup: Lookup, mark: str) -> str:
    table = lookup.table.name
    parts = [f"{table}.{name} = sought.{name}" for name in lookup.names]
    return " AND ".join([*parts, *(f"{table}.{name} = {mark}" for name in lookup.same_for_all)])


def _joined_onward(lookup: Lookup, onward: Onward) -> str:
    first, other = lookup.table.name, onward.table.name
    return " AND ".join(f"{other}.{name} = {first}.{its_name}" for name, its_name in onward.on.items())


def _array_of(column: Column[Any]) -> str:
    if isinstance(column.type, QuoteId):
        return "uuid"
    return "timestamptz" if isinstance(column.type, UtcDateTime) else "text"


def _array(column: Column[Any], values: Sequence[Any]) -> str:
    """Return values, none of them null, as PostgreSQL writes an array."""
    if isinstance(column.type, QuoteId):
        return f"{{{','.join([value.hex() for value in values])}}}"
    if isinstance(column.type, UtcDateTime):
        written = cache(lambda value: instant(value).isoformat())
        return f"{{{','.join(map(written, values))}}}"
    if any(map(_QUOTED.search, values)):
        values = [_QUOTED.sub(r"\\\g<0>", value) for value in values]
    inner = '","'.join(values)
    return f'{{"{inner}"}}' if values else "{}"


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
    if target.conflict:  # COPY cannot skip or replace what is there: it fills a table beside it first
        into = f"staging_{target.table.name}"
        connection.exec_driver_sql(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {into} (LIKE {target.table.name}) ON COMMIT DROP"
        )
    copied = _copy(connection, target, f"COPY {into} ({names}) FROM STDIN", records)
    if not target.conflict:
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
_QUOTED: Final = re.compile(r'[\\"]')
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
