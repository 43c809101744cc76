"""Providers that the operator hid, and showed again: by dataset version, so that the past can be replayed."""

from sqlalchemy import Connection, Text, exists, select
from sqlmodel import Field

from app.db import KeyText
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
