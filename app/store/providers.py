"""Providers, and how each source spells their names."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, Text, select, update
from sqlmodel import Field

from app.db import KeyText
from app.store import bulk
from app.store.schema import Row, table


class ProviderRow(Row, table=True):
    """A provider under its own id, with the spelling that we show."""

    __tablename__ = "providers"

    id: str = Field(primary_key=True, sa_type=KeyText)
    name: str = Field(sa_type=Text)


class ProviderSpellingRow(Row, table=True):
    """A spelling that a source published, and whom it means."""

    __tablename__ = "provider_spellings"

    source: str = Field(primary_key=True, sa_type=KeyText)
    published: str = Field(primary_key=True, sa_type=KeyText)
    provider: str = Field(sa_type=KeyText, foreign_key="providers.id")


providers = table(ProviderRow)
provider_spellings = table(ProviderSpellingRow)


class Spelling(NamedTuple):
    """A published spelling of a provider's name."""

    source: str
    published: str
    provider: str


def add_providers(connection: Connection, names: Iterable[tuple[str, str]]) -> int:
    """Add providers as (id, name); one that is there keeps its name. Returns how many were new."""
    return bulk.append(connection, bulk.Target(providers, ("id", "name"), ignore_existing=True), names)


def rename(connection: Connection, provider: str, name: str) -> None:
    """Show a provider under another of its spellings."""
    connection.execute(update(providers).where(providers.c.id == provider).values(name=name))


def add_spellings(connection: Connection, spellings: Iterable[Spelling]) -> int:
    """Add published spellings of providers that are there; returns how many were new."""
    return bulk.append(connection, bulk.Target(provider_spellings, Spelling._fields, ignore_existing=True), spellings)


def names(connection: Connection) -> dict[str, str]:
    """Return every provider's name by id, in the order of the ids."""
    rows = connection.execute(select(providers.c.id, providers.c.name).order_by(providers.c.id))
    return {row.id: row.name for row in rows}


def spellings(connection: Connection) -> list[Spelling]:
    """Return every published spelling, ordered by source and spelling."""
    columns = provider_spellings.c
    rows = connection.execute(
        select(columns.source, columns.published, columns.provider).order_by(columns.source, columns.published)
    )
    return [Spelling(*row) for row in rows]
