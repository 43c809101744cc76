"""Partners: who may push quotes, for which providers, and under which plan."""

from datetime import datetime

from sqlalchemy import Connection, Text, select
from sqlmodel import Field

from app.db import KeyText, UtcDateTime
from app.domain.partners import GivenProvider, Partner, PartnerKind
from app.domain.vocabulary import ProviderType
from app.store.schema import Row, table


class PartnerRow(Row, table=True):
    """One partner; ``kind``: a ``provider`` speaks for those it was given, an ``aggregator`` for any.

    An ``operator`` pushes nothing: its keys decide on what others push.
    """

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


def everybody(connection: Connection) -> list[Partner]:
    """Return every partner there ever was, by id, without the providers that it speaks for: who its source names."""
    columns = partners.c
    rows = connection.execute(select(columns.id, columns.name, columns.kind, columns.plan).order_by(columns.id))
    return [Partner(id=row.id, name=row.name, kind=PartnerKind(row.kind), plan=row.plan) for row in rows]


def find(connection: Connection, partner: str) -> Partner | None:
    """Return a partner that was not ended, with the providers that it speaks for."""
    row = connection.execute(select(partners).where(partners.c.id == partner, partners.c.ended_at.is_(None))).first()
    if row is None:
        return None
    given = connection.execute(select(partner_providers).where(partner_providers.c.partner == partner))
    return Partner(
        id=row.id,
        name=row.name,
        kind=PartnerKind(row.kind),
        plan=row.plan,
        providers={
            each.provider: GivenProvider(each.provider_name, ProviderType(each.provider_type))
            for each in sorted(given, key=lambda each: str(each.provider))
        },
    )
