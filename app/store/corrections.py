"""What was put right, told publicly: corrections, withdrawals, providers hidden and shown again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Text
from sqlmodel import Field

from app.db import KeyText, QuoteId, UtcDateTime
from app.store.schema import Row, table


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
