"""Answers to writes that carried an Idempotency-Key: stored in the write's own transaction, replayed for a day."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, LargeBinary, Text, delete, insert, select
from sqlmodel import Field

from app.db import KeyText, UtcDateTime
from app.store.schema import Row, table

KEPT: Final = timedelta(hours=24)
"""How long an answer is replayed."""

_QUICK: Final = 1


class IdempotentAnswerRow(Row, table=True):
    """The first answer to a partner's key; ``fingerprint`` is a hash of the route and the body that it answered.

    ``body`` is packed: an answer repeats its words for each item.
    """

    __tablename__ = "idempotent_answers"

    partner: str = Field(primary_key=True, sa_type=KeyText)
    key_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    fingerprint: bytes = Field(sa_type=LargeBinary)
    status: int
    headers: str = Field(sa_type=Text)
    body: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)


idempotent_answers = table(IdempotentAnswerRow)


@dataclass(frozen=True, slots=True)
class Asked:
    """A write under a key: whose, the key's hash, and a hash of what it asks for."""

    partner: str
    key_hash: bytes
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as it is given again: its status, the headers that are ours, its bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def find(connection: Connection, asked: Asked, now: datetime) -> tuple[bytes, Answered] | None:
    """Return what a key's first write asked for (its fingerprint) and was answered, null where there was none."""
    columns = idempotent_answers.c
    row = connection.execute(
        select(columns.fingerprint, columns.status, columns.headers, columns.body).where(
            columns.partner == asked.partner, columns.key_hash == asked.key_hash, columns.created_at > now - KEPT
        )
    ).one_or_none()
    if row is None:
        return None
    return bytes(row.fingerprint), Answered(row.status, json.loads(row.headers), zlib.decompress(row.body))


def store(connection: Connection, asked: Asked, answered: Answered, now: datetime) -> None:
    """Store the first answer to a key, and forget those that are older than a day.

    One that is there is an IntegrityError: the key was not free, and nothing of this transaction may be stored.
    """
    connection.execute(delete(idempotent_answers).where(idempotent_answers.c.created_at <= now - KEPT))
    connection.execute(
        insert(idempotent_answers).values(
            partner=asked.partner,
            key_hash=asked.key_hash,
            fingerprint=asked.fingerprint,
            status=answered.status,
            headers=json.dumps(dict(answered.headers), sort_keys=True),
            body=zlib.compress(answered.body, _QUICK),
            created_at=now,
        )
    )
