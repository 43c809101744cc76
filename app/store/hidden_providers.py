"""Providers that the operator hid, and showed again: by dataset version, so that the past can be replayed."""

from sqlalchemy import Text
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
