"""Corridors that a source has had quotes for."""

from collections.abc import Iterable

from sqlalchemy import Connection, select
from sqlmodel import Field

from app.db import KeyText
from app.store import bulk
from app.store.schema import Row, table


class CorridorRow(Row, table=True):
    """A corridor: ``GBR-PHL``, and its two countries by ISO 3166 alpha-3 code."""

    __tablename__ = "corridors"

    id: str = Field(primary_key=True, sa_type=KeyText)
    sending_country: str = Field(sa_type=KeyText)
    receiving_country: str = Field(sa_type=KeyText)


corridors = table(CorridorRow)


def add(connection: Connection, ids: Iterable[str]) -> int:
    """Add corridors by id; one that is there stays. Returns how many were new."""
    records = ((corridor, *corridor.split("-")) for corridor in ids)
    target = bulk.Target(corridors, ("id", "sending_country", "receiving_country"), ignore_existing=True)
    return bulk.append(connection, target, records)


def ids(connection: Connection) -> list[str]:
    """Return the ids of all corridors, sorted."""
    return list(connection.execute(select(corridors.c.id).order_by(corridors.c.id)).scalars())
