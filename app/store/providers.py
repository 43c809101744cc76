"""Providers, and how each source spells their names."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, Text, select, text, update
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
    """A spelling that a source published, and whom it means; ``since_version``: the dataset version that brought it."""

    __tablename__ = "provider_spellings"

    source: str = Field(primary_key=True, sa_type=KeyText)
    published: str = Field(primary_key=True, sa_type=KeyText)
    provider: str = Field(sa_type=KeyText, foreign_key="providers.id")
    since_version: int = Field(sa_column_kwargs={"server_default": text("0")})


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


def add_spellings(connection: Connection, spellings: Iterable[Spelling], *, dataset_version: int) -> int:
    """Add published spellings of providers that are there, in a dataset version; returns how many were new."""
    same = {"since_version": dataset_version}
    target = bulk.Target(provider_spellings, Spelling._fields, same, ignore_existing=True)
    return bulk.append(connection, target, spellings)


def names(connection: Connection) -> dict[str, str]:
    """Return every provider's name by id, in the order of the ids."""
    rows = connection.execute(select(providers.c.id, providers.c.name).order_by(providers.c.id))
    return {row.id: row.name for row in rows}


def spellings(connection: Connection, as_of: int | None = None) -> list[Spelling]:
    """Return every published spelling, ordered by source and spelling; ``as_of``: as known at that dataset version."""
    columns = provider_spellings.c
    query = select(columns.source, columns.published, columns.provider).order_by(columns.source, columns.published)
    rows = connection.execute(query if as_of is None else query.where(columns.since_version <= as_of))
    return [Spelling(*row) for row in rows]
