"""Quotes that wait for a person, and items that were refused: neither is in any public answer."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Text, select
from sqlmodel import Field

from app.db import KeyText, QuoteId, UtcDateTime, microseconds
from app.store import bulk
from app.store.schema import Row, table

WAITING: Final = "waiting"


class QuarantinedQuoteRow(Row, table=True):
    """A quote that waits, or waited; ``record`` holds all of it, so that an accepted one is stored like any other.

    ``status``: waiting, accepted, refused, withdrawn. ``findings``: what the rules found, as canonical JSON.
    """

    __tablename__ = "quarantined_quotes"

    quote_id: UUID = Field(primary_key=True, sa_type=QuoteId)
    source: str = Field(sa_type=KeyText)
    partner: str = Field(sa_type=KeyText, index=True)
    external_id: str = Field(sa_type=KeyText)
    corridor: str = Field(sa_type=KeyText)
    import_id: int = Field(index=True)
    place: int
    record: str = Field(sa_type=Text)
    findings: str = Field(sa_type=Text)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    status: str = Field(sa_type=KeyText, index=True)
    decided_at: datetime | None = Field(sa_type=UtcDateTime)
    decided_by: str | None = Field(sa_type=Text)
    decision_reason: str | None = Field(sa_type=Text)


class RejectedItemRow(Row, table=True):
    """An item that was refused: where it was, and why, so that a partner can look it up; kept for 30 days."""

    __tablename__ = "rejected_items"

    import_id: int = Field(primary_key=True)
    place: int = Field(primary_key=True)
    partner: str = Field(sa_type=KeyText, index=True)
    external_id: str | None = Field(sa_type=Text)
    findings: str = Field(sa_type=Text)
    recorded_at: datetime = Field(sa_type=UtcDateTime, index=True)


quarantined_quotes = table(QuarantinedQuoteRow)
rejected_items = table(RejectedItemRow)


class WaitingRecord(NamedTuple):
    """A quote that has to wait, in storage form; ``record`` and ``findings`` as their own modules write them."""

    quote_id: bytes
    source: str
    partner: str
    external_id: str
    corridor: str
    place: int
    record: str
    findings: str


class RejectedRecord(NamedTuple):
    """An item that was refused, in storage form."""

    place: int
    partner: str
    external_id: str | None
    findings: str


def put_in(connection: Connection, records: Iterable[WaitingRecord], *, import_id: int, recorded_at: datetime) -> int:
    """Put quotes of one import into quarantine, where none of them is yet; return how many."""
    same = {"import_id": import_id, "recorded_at": microseconds(recorded_at)}
    target = bulk.Target(quarantined_quotes, (*WaitingRecord._fields, "status"), same)
    return bulk.append(connection, target, ((*record, WAITING) for record in records))


def append_rejected(
    connection: Connection, records: Iterable[RejectedRecord], *, import_id: int, recorded_at: datetime
) -> int:
    """Keep which items of one import were refused; return how many."""
    same = {"import_id": import_id, "recorded_at": microseconds(recorded_at)}
    return bulk.append(connection, bulk.Target(rejected_items, RejectedRecord._fields, same), records)


def standings(connection: Connection, quote_ids: Iterable[bytes]) -> dict[bytes, str]:
    """Return the status of those quotes that are, or were, in quarantine, by id."""
    columns = quarantined_quotes.c
    wanted = [UUID(bytes=quote_id) for quote_id in quote_ids]
    found: dict[bytes, str] = {}
    for start in range(0, len(wanted), bulk.CHUNK):
        rows = connection.execute(
            select(columns.quote_id, columns.status).where(columns.quote_id.in_(wanted[start : start + bulk.CHUNK]))
        )
        found.update((row.quote_id.bytes, row.status) for row in rows)
    return found
