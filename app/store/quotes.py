"""Quotes: observations that are appended and never overwritten, and the changes that end or restore one.

A quote is *current* while its newest change is absent or ``reinstated``. Ids are made from content, so a source that
publishes A, then B, then A again ends with A reinstated and B superseded, and every step can be told.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from sys import intern
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Index,
    LargeBinary,
    Select,
    Text,
    and_,
    exists,
    false,
    select,
)
from sqlalchemy import Row as Result
from sqlmodel import Field

from app.db import ExactDecimal, KeyText, QuoteId, UtcDateTime, microseconds
from app.domain.quotes import Description, Quote
from app.domain.vocabulary import AmountTier, CostStatus, Evidence, FeeMode, FxMarginStatus
from app.store import bulk, descriptions
from app.store.corridors import corridors
from app.store.schema import Row, table

KEYS_AT_ONCE: Final = 1_000
MILLISECONDS_SHIFT: Final = 80  # of 128 bits, the first 48 are the time

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class QuoteRow(Row, table=True):
    """One observation. No foreign keys and no unique constraint beside the key, so that time partitions accept it.

    A survey's row has a published total and no ``terms``; a live one has its price in ``terms`` (canonical JSON), and
    ``fx_margin_status`` and ``cost_status`` are empty: those words are about what a survey published.
    """

    __tablename__ = "quotes"
    __table_args__ = (
        Index("ix_quotes_source_period_source_key", "source", "period", "source_key"),
        Index("ix_quotes_import_id", "import_id"),
    )

    corridor: str = Field(primary_key=True, sa_type=KeyText)
    observed_at: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    id: UUID = Field(primary_key=True, sa_type=QuoteId)
    source: str = Field(sa_type=KeyText)
    source_key: str = Field(sa_type=KeyText)
    evidence: str = Field(sa_type=KeyText)
    period: str | None = Field(sa_type=KeyText)
    tier: str | None = Field(sa_type=KeyText)
    description_id: bytes = Field(sa_type=LargeBinary)
    sending_currency: str = Field(sa_type=KeyText)
    receiving_currency: str | None = Field(sa_type=KeyText)
    amount: Decimal | None = Field(sa_type=ExactDecimal)
    denomination_usd: Decimal | None = Field(sa_type=ExactDecimal)
    fee: Decimal | None = Field(sa_type=ExactDecimal)
    fee_mode: str = Field(sa_type=KeyText)
    fx_margin_percent: Decimal | None = Field(sa_type=ExactDecimal)
    published_total_percent: Decimal | None = Field(sa_type=ExactDecimal)
    published_rate: Decimal | None = Field(sa_type=ExactDecimal)
    published_mid_market_rate: Decimal | None = Field(sa_type=ExactDecimal)
    fx_margin_status: str = Field(sa_type=KeyText)
    cost_status: str = Field(sa_type=KeyText)
    flags: str = Field(sa_type=KeyText)
    valid_until: datetime | None = Field(sa_type=UtcDateTime)
    terms: str | None = Field(sa_type=Text)
    place_sheet: str | None = Field(sa_type=Text)
    place_row: int | None
    content_hash: bytes = Field(sa_type=LargeBinary)
    import_id: int
    dataset_version: int
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class Change(StrEnum):
    """What may happen to a stored quote."""

    SUPERSEDED = "superseded"
    CORRECTED = "corrected"
    REINSTATED = "reinstated"
    WITHDRAWN = "withdrawn"


REPLACED: Final = frozenset({Change.SUPERSEDED, Change.CORRECTED})
"""What happened to a quote in whose place another one stands."""


class QuoteChangeRow(Row, table=True):
    """A change of a quote's standing in one dataset version; ``other_quote_id`` is its successor or predecessor."""

    __tablename__ = "quote_changes"
    __table_args__ = (Index("ix_quote_changes_other_quote_id", "other_quote_id"),)

    quote_id: UUID = Field(primary_key=True, sa_type=QuoteId)
    dataset_version: int = Field(primary_key=True)
    change: str = Field(sa_type=KeyText)
    other_quote_id: UUID | None = Field(sa_type=QuoteId)
    reason: str = Field(sa_type=Text)


quotes = table(QuoteRow)
quote_changes = table(QuoteChangeRow)


class QuoteRecord(NamedTuple):
    """A quote in storage form: what ``append`` takes. Any sequence of these values in this order will do.

    ``id``, ``description_id`` and ``content_hash`` are 16 bytes each, ``observed_at`` microseconds since 1970 (UTC),
    decimals canonical text without exponent or trailing zeros, ``flags`` a comma list or empty.
    """

    id: bytes
    source: str
    source_key: str
    evidence: str
    period: str | None
    tier: str | None
    corridor: str
    observed_at: int
    description_id: bytes
    sending_currency: str
    receiving_currency: str | None
    amount: str
    denomination_usd: str | None
    fee: str | None
    fee_mode: str
    fx_margin_percent: str | None
    published_total_percent: str
    published_rate: str | None
    published_mid_market_rate: str | None
    fx_margin_status: str
    cost_status: str
    flags: str
    place_sheet: str | None
    place_row: int | None
    content_hash: bytes


class Place(NamedTuple):
    """A stored quote's key: the corridor, the microseconds since 1970 of its observation, the 16 bytes of its id."""

    corridor: str
    observed_at: int
    id: bytes


class ChangeRecord(NamedTuple):
    """A change in storage form.

    ``other_quote_id``: the successor of a superseded or corrected one, the one that a reinstated replaces.
    """

    quote_id: bytes
    change: str
    other_quote_id: bytes | None
    reason: str


class KnownQuote(NamedTuple):
    """What an import needs to know of a quote that is stored already."""

    source_key: str
    tier: str | None
    quote_id: bytes
    content_hash: bytes
    is_current: bool
    corridor: str


def append(
    connection: Connection,
    records: Iterable[Sequence[bulk.Stored]],
    *,
    import_id: int,
    dataset_version: int,
    recorded_at: datetime,
) -> int:
    """Append quotes (each in the order of QuoteRecord); return how many. One that is there is an IntegrityError."""
    same = {"import_id": import_id, "dataset_version": dataset_version, "recorded_at": microseconds(recorded_at)}
    return bulk.append(connection, bulk.Target(quotes, QuoteRecord._fields, same), records)


def stored(connection: Connection, places: Iterable[Place]) -> set[bytes]:
    """Return the ids of those quotes that are stored, current or not."""
    key = ("corridor", "observed_at", "id")
    return {id_ for (id_,) in bulk.find(connection, bulk.Lookup(quotes, key, ("id",)), places)}


def newest_changes(connection: Connection, ids: Collection[bytes]) -> dict[bytes, Change]:
    """Return the newest change of those quotes that have one, by id."""
    lookup = bulk.Lookup(quote_changes, ("quote_id",), ("dataset_version", "quote_id", "change"))
    found = sorted(bulk.find(connection, lookup, ((id_,) for id_ in ids)))
    return {id_: Change(change) for _, id_, change in found}


def append_changes(connection: Connection, records: Iterable[ChangeRecord], *, dataset_version: int) -> int:
    """Append changes of stored quotes, at most one for each quote in a version; return how many."""
    same = {"dataset_version": dataset_version}
    return bulk.append(connection, bulk.Target(quote_changes, ChangeRecord._fields, same), records)


def is_current(stored: FromClause = quotes, as_of: int | None = None) -> ColumnElement[bool]:
    """Return the condition that a stored quote is current, or was as known at a dataset version."""
    change, later = quote_changes.alias("newest_change"), quote_changes.alias("later_change")
    superseded_later = exists().where(
        later.c.quote_id == change.c.quote_id, later.c.dataset_version > change.c.dataset_version
    )
    ends = [change.c.quote_id == stored.c.id, change.c.change != Change.REINSTATED.value]
    if as_of is None:
        return ~exists().where(*ends, ~superseded_later)
    superseded_later = superseded_later.where(later.c.dataset_version <= as_of)
    ended = exists().where(*ends, change.c.dataset_version <= as_of, ~superseded_later)
    return and_(stored.c.dataset_version <= as_of, ~ended)


def has_id(quote_id: UUID) -> ColumnElement[bool]:
    """Return the condition that a stored quote has this id, asked so that the primary key suffices.

    An id begins with the milliseconds of its observation; within each corridor the key leads straight to it.
    """
    since = timedelta(milliseconds=quote_id.int >> MILLISECONDS_SHIFT)
    try:
        first = _EPOCH + since
    except OverflowError:  # an id that no quote of ours can have
        return false()
    columns = quotes.c
    return and_(
        columns.corridor.in_(select(corridors.c.id)),
        columns.observed_at >= first,
        columns.observed_at < first + timedelta(milliseconds=1),
        columns.id == quote_id,
    )


def known(
    connection: Connection, source: str, period: str | None, source_keys: Sequence[str]
) -> dict[str, list[KnownQuote]]:
    """Return the stored quotes, current or not, of these keys of one period, grouped by key."""
    found: dict[str, list[KnownQuote]] = {}
    columns = quotes.c
    for start in range(0, len(source_keys), KEYS_AT_ONCE):
        rows = connection.execute(
            select(columns.source_key, columns.tier, columns.id, columns.content_hash, is_current(), columns.corridor)
            .where(
                columns.source == source,
                columns.period == period,
                columns.source_key.in_(source_keys[start : start + KEYS_AT_ONCE]),
            )
            .order_by(columns.source_key, columns.tier, columns.id)
        )
        for key, tier, id_, content_hash, current, corridor in rows:
            quote = KnownQuote(key, tier, id_.bytes, bytes(content_hash), bool(current), corridor)
            found.setdefault(key, []).append(quote)
    return found


def current_keys(connection: Connection, source: str, period: str) -> set[str]:
    """Return the source's own keys of all current quotes of a period: what a newer edition may lack."""
    columns = quotes.c
    rows = connection.execute(
        select(columns.source_key).where(columns.source == source, columns.period == period, is_current()).distinct()
    )
    return set(rows.scalars())


DOMAIN_COLUMNS: Final = tuple(
    quotes.c[name]
    for name in (
        *("id", "source", "source_key", "evidence", "corridor", "period", "tier", "observed_at", "description_id"),
        *("sending_currency", "receiving_currency", "amount", "denomination_usd", "fee", "fee_mode"),
        *("fx_margin_percent", "published_total_percent", "published_rate", "published_mid_market_rate"),
        *("fx_margin_status", "cost_status"),
    )
)

TIERS: Final[dict[str | None, AmountTier | None]] = {None: None, **{tier.value: tier for tier in AmountTier}}
EVIDENCE: Final = {evidence.value: evidence for evidence in Evidence}
_FEE_MODES: Final = {mode.value: mode for mode in FeeMode}
_MARGIN_STATUSES: Final = {status.value: status for status in FxMarginStatus}
_COST_STATUSES: Final = {status.value: status for status in CostStatus}


def read(
    connection: Connection, query: Select[*tuple[Any, ...]], shared: dict[bytes, Description] | None = None
) -> Iterator[tuple[Quote, Result[*tuple[Any, ...]]]]:
    """Stream a query that begins with DOMAIN_COLUMNS as domain quotes, each with its row for what else was asked.

    ``shared`` as of ``described``.
    """
    for row, description in described(connection, query, shared):
        yield quote(row, description), row


def described(
    connection: Connection, query: Select[*tuple[Any, ...]], shared: dict[bytes, Description] | None = None
) -> Iterator[tuple[Result[*tuple[Any, ...]], Description]]:
    """Stream a query of quotes, each with the description of its service.

    Quotes with one description share the object; ``shared`` carries them over several calls.
    """
    known_descriptions = {} if shared is None else shared
    result = connection.execution_options(yield_per=bulk.CHUNK).execute(query)
    for rows in result.partitions():
        missing = {row.description_id for row in rows} - known_descriptions.keys()
        known_descriptions.update(descriptions.find_all(connection, sorted(missing)))
        for row in rows:
            yield row, known_descriptions[row.description_id]


def quote(row: Result[*tuple[Any, ...]], description: Description) -> Quote:
    """Return a row that begins with DOMAIN_COLUMNS as the domain's quote; words that many share are kept once."""
    return Quote(
        id=row[0],
        source=intern(row[1]),
        source_key=row[2],
        evidence=EVIDENCE[row[3]],
        corridor=intern(row[4]),
        period=row[5] and intern(row[5]),
        tier=TIERS[row[6]],
        observed_at=row[7],
        description=description,
        sending_currency=intern(row[9]),
        receiving_currency=row[10] and intern(row[10]),
        amount=row[11],
        denomination_usd=row[12],
        fee=row[13],
        fee_mode=_FEE_MODES[row[14]],
        fx_margin_percent=row[15],
        published_total_percent=row[16],
        published_rate=row[17],
        published_mid_market_rate=row[18],
        fx_margin_status=_MARGIN_STATUSES[row[19]],
        cost_status=_COST_STATUSES[row[20]],
    )
