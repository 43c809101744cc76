"""Partners: who may push quotes, for which providers, and under which plan."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Text, delete, insert, select, update
from sqlalchemy import Row as Result
from sqlmodel import Field

from app.db import KeyText, UtcDateTime
from app.domain.partners import GivenProvider, Partner, PartnerKind
from app.domain.vocabulary import ProviderType
from app.store import bulk
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


class Membership(NamedTuple):
    """A partner since when, and until when; null while it lasts."""

    partner: Partner
    created_at: datetime
    ended_at: datetime | None


def everybody(connection: Connection) -> list[Partner]:
    """Return every partner there ever was that may push quotes, by id, without the providers that it speaks for.

    So each of them is a source. The operator's own accounts are none.
    """
    columns = partners.c
    pushing = select(columns.id, columns.name, columns.kind, columns.plan).where(
        columns.kind != PartnerKind.OPERATOR.value
    )
    rows = connection.execute(pushing.order_by(columns.id))
    return [Partner(id=row.id, name=row.name, kind=PartnerKind(row.kind), plan=row.plan) for row in rows]


def find(connection: Connection, partner: str) -> Partner | None:
    """Return a partner that was not ended, with the providers that it speaks for."""
    row = connection.execute(select(partners).where(partners.c.id == partner, partners.c.ended_at.is_(None))).first()
    if row is None:
        return None
    return _partner(row, _given(connection, partner).get(partner, {}))


def listed(connection: Connection) -> list[Membership]:
    """Return every partner there is or was, operators too, by id, with the providers that each speaks for."""
    given = _given(connection)
    rows = connection.execute(select(partners).order_by(partners.c.id))
    return [Membership(_partner(row, given.get(row.id, {})), row.created_at, row.ended_at) for row in rows]


def active_ids(connection: Connection) -> list[str]:
    """Return the ids of the partners that were not ended."""
    return list(connection.scalars(select(partners.c.id).where(partners.c.ended_at.is_(None)).order_by(partners.c.id)))


def exists(connection: Connection, partner: str) -> bool:
    """Say whether there is or was a partner with this id."""
    return connection.scalar(select(partners.c.id).where(partners.c.id == partner)) is not None


def add(connection: Connection, partner: Partner, now: datetime) -> None:
    """Store a new partner with the providers that it speaks for."""
    connection.execute(
        insert(partners).values(
            id=partner.id,
            name=partner.name,
            kind=partner.kind.value,
            plan=partner.plan,
            created_at=now,
            ended_at=None,
        )
    )
    give(connection, partner.id, partner.providers)


def end(connection: Connection, partner: str, now: datetime) -> None:
    """End a partner; one that was ended before keeps its time."""
    is_one = (partners.c.id == partner, partners.c.ended_at.is_(None))
    connection.execute(update(partners).where(*is_one).values(ended_at=now))


def give(connection: Connection, partner: str, providers: Mapping[str, GivenProvider]) -> None:
    """Let a partner speak for providers; one that it spoke for before is shown as it is given now."""
    take(connection, partner, providers)
    rows = [
        {"partner": partner, "provider": key, "provider_name": given.name, "provider_type": given.type.value}
        for key, given in sorted(providers.items())
    ]
    if rows:
        connection.execute(insert(partner_providers), rows)


def met(connection: Connection, partner: str, providers: Mapping[str, GivenProvider]) -> None:
    """Remember providers whose quotes a partner brought; one that it speaks for already is shown as before."""
    records = [(partner, key, given.name, given.type.value) for key, given in sorted(providers.items())]
    names = ("partner", "provider", "provider_name", "provider_type")
    bulk.append(connection, bulk.Target(partner_providers, names, ignore_existing=True), records)


def take(connection: Connection, partner: str, providers: Iterable[str]) -> None:
    """Let a partner speak no longer for providers."""
    columns = partner_providers.c
    for provider in sorted(providers):
        connection.execute(delete(partner_providers).where(columns.partner == partner, columns.provider == provider))


def _given(connection: Connection, partner: str | None = None) -> dict[str, dict[str, GivenProvider]]:
    """Return who speaks for which providers, of one partner or of all, by ids."""
    columns = partner_providers.c
    query = select(partner_providers).order_by(columns.partner, columns.provider)
    found: dict[str, dict[str, GivenProvider]] = {}
    for row in connection.execute(query if partner is None else query.where(columns.partner == partner)):
        given = GivenProvider(row.provider_name, ProviderType(row.provider_type))
        found.setdefault(row.partner, {})[row.provider] = given
    return found


def _partner(row: Result[Any], providers: Mapping[str, GivenProvider]) -> Partner:
    return Partner(id=row.id, name=row.name, kind=PartnerKind(row.kind), plan=row.plan, providers=providers)
