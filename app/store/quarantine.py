"""Quotes that wait for a person, and items that were refused: neither is in any public answer."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Text
from sqlmodel import Field

from app.db import KeyText, QuoteId, UtcDateTime
from app.store.schema import Row, table


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
