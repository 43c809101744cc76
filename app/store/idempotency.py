"""Answers to writes that carried an Idempotency-Key: stored in the write's own transaction, replayed for a day."""

from datetime import datetime

from sqlalchemy import LargeBinary, Text
from sqlmodel import Field

from app.db import KeyText, UtcDateTime
from app.store.schema import Row, table


class IdempotentAnswerRow(Row, table=True):
    """The first answer to a partner's key; ``fingerprint`` is a hash of the route and the body that it answered."""

    __tablename__ = "idempotent_answers"

    partner: str = Field(primary_key=True, sa_type=KeyText)
    key_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    fingerprint: bytes = Field(sa_type=LargeBinary)
    status: int
    headers: str = Field(sa_type=Text)
    body: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)


idempotent_answers = table(IdempotentAnswerRow)
