"""API keys: never the key itself, only its keyed hash and the first characters by which people tell keys apart."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, LargeBinary, Text, insert, or_, select, update
from sqlalchemy import Row as Result
from sqlmodel import Field

from app.db import KeyText, UtcDateTime
from app.domain.key_rights import KeyRecord, read_networks
from app.domain.partners import KeyKind, Scope
from app.store.schema import Row, json_list, table


class ApiKeyRow(Row, table=True):
    """One key. ``scopes`` and ``networks`` (addresses it may be used from, empty for all) are canonical JSON lists."""

    __tablename__ = "api_keys"

    id: str = Field(primary_key=True, sa_type=KeyText)
    digest: bytes = Field(sa_type=LargeBinary, unique=True)
    partner: str = Field(sa_type=KeyText, index=True)
    kind: str = Field(sa_type=KeyText)
    shown: str = Field(sa_type=KeyText)
    name: str = Field(sa_type=Text)
    scopes: str = Field(sa_type=Text)
    networks: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str = Field(sa_type=Text)
    expires_at: datetime | None = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(sa_type=UtcDateTime)
    successor: str | None = Field(sa_type=KeyText)


api_keys = table(ApiKeyRow)


def find_by_digest(connection: Connection, digest: bytes) -> KeyRecord | None:
    """Return the key of a digest, revoked and expired ones too."""
    row = connection.execute(select(api_keys).where(api_keys.c.digest == digest)).first()
    return None if row is None else _record(row)


def find(connection: Connection, key_id: str) -> KeyRecord | None:
    """Return a key by its id, whosever it is: callers check that."""
    row = connection.execute(select(api_keys).where(api_keys.c.id == key_id)).first()
    return None if row is None else _record(row)


def listed(connection: Connection, partner: str | None = None) -> list[KeyRecord]:
    """Return all keys, or a partner's, by partner and the time they were made."""
    columns = api_keys.c
    query = select(api_keys).order_by(columns.partner, columns.created_at, columns.id)
    rows = connection.execute(query if partner is None else query.where(columns.partner == partner))
    return [_record(row) for row in rows]


def add(connection: Connection, key: KeyRecord, digest: bytes) -> None:
    """Store a new key."""
    connection.execute(
        insert(api_keys).values(
            id=key.id,
            digest=digest,
            partner=key.partner,
            kind=key.kind.value,
            shown=key.shown,
            name=key.name,
            scopes=json_list(sorted(key.scopes)),
            networks=json_list(str(network) for network in key.networks),
            created_at=key.created_at,
            created_by=key.created_by,
            expires_at=key.expires_at,
            revoked_at=None,
            last_used_at=None,
            successor=None,
        )
    )


def revoke(connection: Connection, key_id: str, now: datetime) -> None:
    """End a key for good; one that was revoked before keeps its time."""
    columns = api_keys.c
    connection.execute(
        update(api_keys).where(columns.id == key_id, columns.revoked_at.is_(None)).values(revoked_at=now)
    )


def succeed(connection: Connection, key_id: str, successor: str, ends_at: datetime) -> None:
    """Let another key take a key's place, which ends at an instant, or when it would have ended anyway, if earlier."""
    columns = api_keys.c
    connection.execute(update(api_keys).where(columns.id == key_id).values(successor=successor))
    connection.execute(
        update(api_keys)
        .where(columns.id == key_id, or_(columns.expires_at.is_(None), columns.expires_at > ends_at))
        .values(expires_at=ends_at)
    )


def record_uses(connection: Connection, used: Mapping[str, datetime]) -> None:
    """Note when keys were last used, where that is later than what is known."""
    columns = api_keys.c
    for key_id, at in sorted(used.items()):
        is_later = or_(columns.last_used_at.is_(None), columns.last_used_at < at)
        connection.execute(update(api_keys).where(columns.id == key_id, is_later).values(last_used_at=at))


def _record(row: Result[Any]) -> KeyRecord:
    return KeyRecord(
        id=row.id,
        partner=row.partner,
        kind=KeyKind(row.kind),
        shown=row.shown,
        name=row.name,
        scopes=frozenset(Scope(scope) for scope in json.loads(row.scopes)),
        networks=read_networks(json.loads(row.networks)),
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        successor=row.successor,
    )
