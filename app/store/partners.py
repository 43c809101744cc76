"""Partners: who may push quotes, for which providers, and under which plan."""

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field

from app.db import KeyText, UtcDateTime
from app.store.schema import Row, table


class PartnerRow(Row, table=True):
    """One partner; ``kind``: a ``provider`` speaks for itself, an ``aggregator`` for any provider."""

    __tablename__ = "partners"

    id: str = Field(primary_key=True, sa_type=KeyText)
    name: str = Field(sa_type=Text)
    kind: str = Field(sa_type=KeyText)
    plan: str = Field(sa_type=KeyText)
    created_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(sa_type=UtcDateTime)


class PartnerProviderRow(Row, table=True):
    """A provider that a partner speaks for, with the name and type under which its quotes are shown."""

    __tablename__ = "partner_providers"

    partner: str = Field(primary_key=True, sa_type=KeyText)
    provider: str = Field(primary_key=True, sa_type=KeyText)
    provider_name: str = Field(sa_type=Text)
    provider_type: str = Field(sa_type=KeyText)


partners = table(PartnerRow)
partner_providers = table(PartnerProviderRow)
