"""API keys: never the key itself, only its keyed hash and the first characters by which people tell keys apart."""

from datetime import datetime

from sqlalchemy import LargeBinary, Text
from sqlmodel import Field

from app.db import KeyText, UtcDateTime
from app.store.schema import Row, table


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
