"""Providers that the operator hid, and showed again: by dataset version, so that the past can be replayed."""

from sqlalchemy import Connection, Text, exists, insert, select
from sqlmodel import Field

from app.db import KeyText
from app.store.descriptions import descriptions
from app.store.live_quotes import is_its_quote, live_quotes
from app.store.quotes import is_current, quotes
from app.store.rounds import rounds
from app.store.schema import Row, table


class ProviderVisibilityRow(Row, table=True):
    """That a provider is hidden, or shown again, from a dataset version on."""

    __tablename__ = "provider_visibility"

    provider: str = Field(primary_key=True, sa_type=KeyText)
    dataset_version: int = Field(primary_key=True)
    is_hidden: bool
    reason: str = Field(sa_type=Text)


provider_visibility = table(ProviderVisibilityRow)


def hidden(connection: Connection, as_of: int | None = None) -> frozenset[str]:
    """Return the providers that are hidden, or were as known at a dataset version."""
    columns, later = provider_visibility.c, provider_visibility.alias("later")
    is_newer = [later.c.provider == columns.provider, later.c.dataset_version > columns.dataset_version]
    query = select(columns.provider).where(columns.is_hidden)
    if as_of is not None:
        is_newer.append(later.c.dataset_version <= as_of)
        query = query.where(columns.dataset_version <= as_of)
    return frozenset(connection.execute(query.where(~exists().where(*is_newer))).scalars())


def append(connection: Connection, provider: str, *, is_hidden: bool, reason: str, dataset_version: int) -> None:
    """Record that a provider is hidden, or shown again, from a dataset version on."""
    connection.execute(
        insert(provider_visibility).values(
            provider=provider, dataset_version=dataset_version, is_hidden=is_hidden, reason=reason
        )
    )


def standing_quotes(connection: Connection, provider: str) -> dict[str, int]:
    """Return in which corridors a provider has quotes that stand, live or of any survey round, and how many."""
    columns = quotes.c
    of_provider = columns.description_id.in_(select(descriptions.c.id).where(descriptions.c.provider == provider))
    live = select(columns.corridor).join_from(live_quotes, quotes, is_its_quote()).where(of_provider)
    surveyed = select(columns.corridor).where(
        columns.source.in_(select(rounds.c.source).distinct()), columns.period.is_not(None), of_provider, is_current()
    )
    found: dict[str, int] = {}
    for query in (live, surveyed):
        for corridor in connection.execute(query).scalars():
            found[corridor] = found.get(corridor, 0) + 1
    return dict(sorted(found.items()))
