"""What was put right, told publicly: corrections, withdrawals, providers hidden and shown again."""

from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Text, and_, exists, insert, or_, select
from sqlmodel import Field

from app.db import KeyText, QuoteId, UtcDateTime
from app.store.providers import provider_spellings
from app.store.schema import Row, table


class Kind(StrEnum):
    """What was put right."""

    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"
    PROVIDER_HIDDEN = "provider_hidden"
    PROVIDER_SHOWN = "provider_shown"


class CorrectionRow(Row, table=True):
    """One thing that was put right, of one quote (``quote_id``) or of ``quotes`` many in a corridor of a provider.

    ``kind``: corrected, withdrawn, provider_hidden, provider_shown. ``reason`` is public.
    """

    __tablename__ = "corrections"

    id: int = Field(primary_key=True)
    kind: str = Field(sa_type=KeyText)
    dataset_version: int = Field(index=True)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    source: str = Field(sa_type=KeyText)
    corridor: str | None = Field(sa_type=KeyText)
    provider: str | None = Field(sa_type=KeyText)
    quotes: int
    quote_id: UUID | None = Field(sa_type=QuoteId)
    successor_id: UUID | None = Field(sa_type=QuoteId)
    reason: str = Field(sa_type=Text)


corrections = table(CorrectionRow)


class CorrectionRecord(NamedTuple):
    """One thing that was put right: as of ``CorrectionRow``; ``source`` is empty where it is about every source."""

    kind: Kind
    source: str
    corridor: str | None
    provider: str | None
    quotes: int
    quote_id: UUID | None
    successor_id: UUID | None
    reason: str


class Correction(NamedTuple):
    """One thing that was put right, as it is stored."""

    id: int
    dataset_version: int
    recorded_at: datetime
    kind: Kind
    source: str
    corridor: str | None
    provider: str | None
    quotes: int
    quote_id: UUID | None
    successor_id: UUID | None
    reason: str


class Wanted(NamedTuple):
    """Which corrections are asked for; each tuple is matched by any of its values, and empty asks for nothing."""

    kinds: tuple[Kind, ...] = ()
    corridors: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


def append(
    connection: Connection, records: Iterable[CorrectionRecord], *, dataset_version: int, recorded_at: datetime
) -> None:
    """Append what a dataset version put right."""
    same = {"dataset_version": dataset_version, "recorded_at": recorded_at}
    values = [{**record._asdict(), "kind": record.kind.value, **same} for record in records]
    if values:
        connection.execute(insert(corrections), values)


def listed(
    connection: Connection,
    wanted: Wanted,
    *,
    limit: int,
    before: int | None = None,
    shown: Collection[str] | None = None,
) -> list[Correction]:
    """Return what was put right, the newest first, from before an id on.

    What is about sources that are not in ``shown``, or providers that only those have, is not there at all.
    """
    columns = corrections.c
    query = select(*(columns[name] for name in Correction._fields)).order_by(columns.id.desc()).limit(limit)
    for column, values in (
        (columns.kind, [kind.value for kind in wanted.kinds]),
        (columns.corridor, wanted.corridors),
        (columns.provider, wanted.providers),
        (columns.source, wanted.sources),
    ):
        if values:
            query = query.where(column.in_(values))
    if before is not None:
        query = query.where(columns.id < before)
    if shown is not None:
        query = query.where(_is_of(shown))
    rows = connection.execute(query)
    return [Correction._make(row)._replace(kind=Kind(row.kind)) for row in rows]


def _is_of(sources: Collection[str]) -> ColumnElement[bool]:
    columns, spelled = corrections.c, provider_spellings.c
    is_known = exists().where(spelled.provider == columns.provider, spelled.source.in_(sorted(sources)))
    return or_(columns.source.in_(sorted(sources)), and_(columns.source == "", is_known))
