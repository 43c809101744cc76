"""What the tables of every noun share: one metadata, and how a row keeps a list."""

import json
from collections.abc import Iterable

from sqlalchemy import MetaData, Table
from sqlmodel import SQLModel

from app.db import metadata

METADATA: MetaData = metadata()


class Row(SQLModel):
    """The base of our table classes. They do not validate: rows are built from records that were judged before."""

    metadata = METADATA


def table(row: type[Row]) -> Table:
    """Return the Core table of a table class, for queries without objects."""
    return METADATA.tables[str(row.__tablename__)]


def json_list(items: Iterable[str]) -> str:
    """Return a list's canonical JSON text: the same bytes on both databases."""
    return json.dumps(list(items), ensure_ascii=False, separators=(",", ":"))
