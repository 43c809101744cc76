"""Lists as tables: the same rows as CSV (with a CSVW metadata file beside it) and as NDJSON, columns from the model."""

import csv
import io
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from app.api.formats import JSON, Json, encode, moment, number

CSV = "text/csv"
NDJSON = "application/x-ndjson"
CSV_METADATA = "application/csvm+json"
TABLE_FORMATS = (JSON, CSV, NDJSON)
METADATA_SUFFIX = "csv-metadata.json"
SUFFIXES = {"csv": CSV, "ndjson": NDJSON, METADATA_SUFFIX: CSV_METADATA}
LIST_SEPARATOR = ";"
SPREADSHEET_RUNS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its dotted name, where its value is in a row, what it holds and what that means."""

    name: str
    path: tuple[str, ...]
    datatype: str
    description: str
    is_list: bool


def columns_of(model: type[BaseModel], prefix: tuple[str, ...] = ()) -> tuple[Column, ...]:
    """Return the columns of a model: nested objects become ``outer.inner``, lists one cell each."""
    return tuple(_columns(model, prefix))


def _columns(model: type[BaseModel], prefix: tuple[str, ...]) -> Iterator[Column]:
    for name, info in model.model_fields.items():
        path = (*prefix, name)
        kind, is_list = _kind(info.annotation)
        if not is_list and isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _columns(kind, path)
        else:
            yield Column(
                name=".".join(path),
                path=path,
                datatype=_DATATYPES.get(kind, "string"),
                description=info.description or "",
                is_list=is_list,
            )


def _kind(annotation: Any) -> tuple[Any, bool]:  # noqa: ANN401 -- an annotation can be anything
    if hasattr(annotation, "__metadata__"):
        return _kind(get_args(annotation)[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        return _kind(next(item for item in get_args(annotation) if item is not type(None)))
    if get_origin(annotation) is list:
        return _kind(get_args(annotation)[0])[0], True
    return annotation, False


_DATATYPES: Mapping[Any, str] = {
    bool: "boolean",
    int: "integer",
    Decimal: "decimal",
    date: "date",
    datetime: "dateTime",
}


def as_csv(rows: Iterable[Mapping[str, Json]], columns: Sequence[Column], *, raw: bool) -> bytes:
    """Write rows as RFC 4180 CSV in UTF-8. Text that a spreadsheet would run gets an apostrophe, unless ``raw``."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([column.name for column in columns])
    for row in rows:
        writer.writerow([_cell(_at(row, column.path), raw=raw) for column in columns])
    return buffer.getvalue().encode()


def _at(row: Json, path: tuple[str, ...]) -> Json:
    for name in path:
        if not isinstance(row, Mapping):
            return None
        row = row.get(name)
    return row


def _cell(value: Json, *, raw: bool) -> str:
    if isinstance(value, list | tuple):
        return _text(value, raw=raw)
    if isinstance(value, str):
        return value if raw else neutral(value)
    if isinstance(value, Decimal):
        return number(value)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _text(values: Sequence[Json], *, raw: bool) -> str:
    if any(isinstance(item, Mapping) for item in values):
        return encode(values).decode()
    return LIST_SEPARATOR.join(_cell(item, raw=raw) for item in values)


def neutral(text: str) -> str:
    """Return text that no spreadsheet will run as a formula."""
    return f"'{text}" if text.startswith(SPREADSHEET_RUNS) else text


def as_ndjson(rows: Iterable[Mapping[str, Json]]) -> bytes:
    """Write rows as one JSON object a line."""
    return b"".join(encode(row) + b"\n" for row in rows)


def csv_metadata(
    *, url: str, title: str, columns: Sequence[Column], raw: bool, about: Mapping[str, Json]
) -> dict[str, Json]:
    """Describe a CSV file as CSVW (W3C) does: columns, types, separators, and where its figures are from."""
    notes: list[Json] = [dict(about)]
    if not raw:
        notes.append(
            "Text that begins with = + - @, tab or carriage return has an apostrophe in front, unless raw=true."
        )
    return {
        "@context": "http://www.w3.org/ns/csvw",
        "url": url,
        "dc:title": title,
        "dialect": {"encoding": "utf-8", "lineTerminators": ["\r\n"], "header": True},
        "tableSchema": {"columns": [_described(column) for column in columns]},
        "notes": notes,
    }


def _described(column: Column) -> dict[str, Json]:
    described: dict[str, Json] = {"name": column.name.replace(".", "_"), "titles": column.name}
    described["datatype"] = column.datatype
    if column.description:
        described["dc:description"] = column.description
    if column.is_list:
        described["separator"] = LIST_SEPARATOR
    return described
