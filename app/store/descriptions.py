"""Descriptions of services: each is kept once, under the hash of its content, with the published texts."""

import json
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, LargeBinary, Text, select
from sqlalchemy import Row as Result
from sqlmodel import Field

from app.db import KeyText
from app.domain.quotes import Description
from app.domain.vocabulary import (
    AccessPoint,
    Customer,
    NetworkCoverage,
    PaymentInstrument,
    ProviderType,
    ReceivingMethod,
    SurveyNote,
    TransferSpeed,
)
from app.store import bulk
from app.store.schema import Row, table

Word = TypeVar("Word", bound=StrEnum)


class DescriptionRow(Row, table=True):
    """A service in our words, and in ``published`` the source's own labels and notes, as JSON."""

    __tablename__ = "descriptions"

    id: bytes = Field(primary_key=True, sa_type=LargeBinary)
    provider: str = Field(sa_type=KeyText, index=True)
    provider_name: str = Field(sa_type=Text)
    provider_type: str = Field(sa_type=KeyText)
    payment_instruments: str = Field(sa_type=KeyText)
    access_points: str = Field(sa_type=KeyText)
    receiving_methods: str = Field(sa_type=KeyText)
    transfer_speed: str = Field(sa_type=KeyText)
    network_coverage: str = Field(sa_type=KeyText)
    customer: str = Field(sa_type=KeyText)
    is_transparent: bool
    is_promotional: bool | None
    payout_currency: str | None = Field(sa_type=KeyText)
    notes: str = Field(sa_type=KeyText)
    published: str = Field(sa_type=Text)


descriptions = table(DescriptionRow)


class DescriptionRecord(NamedTuple):
    """A description in storage form."""

    id: bytes
    provider: str
    provider_name: str
    provider_type: str
    payment_instruments: str
    access_points: str
    receiving_methods: str
    transfer_speed: str
    network_coverage: str
    customer: str
    is_transparent: bool
    is_promotional: bool | None
    payout_currency: str | None
    notes: str
    published: str


def append(connection: Connection, records: Iterable[DescriptionRecord]) -> int:
    """Append descriptions; those that are there stay. Returns how many were new."""
    return bulk.append(connection, bulk.Target(descriptions, DescriptionRecord._fields, ignore_existing=True), records)


def find_all(connection: Connection, ids: Iterable[bytes]) -> dict[bytes, Description]:
    """Return the descriptions with these ids."""
    found: dict[bytes, Description] = {}
    for chunk in bulk.chunks((id_,) for id_ in ids):
        wanted = [id_ for (id_,) in chunk]
        for row in connection.execute(select(descriptions).where(descriptions.c.id.in_(wanted))):
            found[bytes(row.id)] = description(row)
    return found


def published_texts(connection: Connection, id_: bytes) -> dict[str, Any]:
    """Return a description's labels and notes as the source published them."""
    text = connection.execute(select(descriptions.c.published).where(descriptions.c.id == id_)).scalar_one()
    texts: dict[str, Any] = json.loads(text)
    return texts


@lru_cache(maxsize=4096)
def _words(kind: type[Word], text: str) -> tuple[Word, ...]:
    """Read a stored list of words; the same few lists come back thousands of times."""
    return tuple(map(kind, json.loads(text)))


def description(row: Result[Any]) -> Description:
    """Return a stored row as the domain's description."""
    return Description(
        provider=row.provider,
        provider_name=row.provider_name,
        provider_type=ProviderType(row.provider_type),
        payment_instruments=_words(PaymentInstrument, row.payment_instruments),
        access_points=_words(AccessPoint, row.access_points),
        receiving_methods=_words(ReceivingMethod, row.receiving_methods),
        transfer_speed=TransferSpeed(row.transfer_speed),
        network_coverage=NetworkCoverage(row.network_coverage),
        customer=Customer(row.customer),
        is_transparent=bool(row.is_transparent),
        is_promotional=None if row.is_promotional is None else bool(row.is_promotional),
        payout_currency=row.payout_currency,
        notes=_words(SurveyNote, row.notes),
    )
