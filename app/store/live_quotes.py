"""Which live quotes are current: an index of them, so that nobody scans their history to learn what stands today."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from sys import intern
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, select
from sqlalchemy import Row as Result
from sqlmodel import Field

from app.db import KeyText, QuoteId, UtcDateTime, instant, microseconds
from app.domain.quotes import Description, LiveQuote
from app.domain.terms import Terms, terms_from
from app.store import bulk
from app.store.quotes import EVIDENCE, TIERS, described, is_current, quotes
from app.store.schema import Row, table

CORRIDORS_AT_ONCE: Final = 500
NO_TIER: Final = ""

LIVE_COLUMNS: Final = tuple(
    quotes.c[name]
    for name in (
        *("id", "source", "source_key", "evidence", "corridor", "tier", "observed_at", "description_id"),
        *("sending_currency", "receiving_currency", "valid_until", "terms"),
    )
)


class LiveQuoteRow(Row, table=True):
    """The current quote of a service at one tier (empty: none) in a source.

    ``scope`` is what one answer of the source is complete for (a file, a currency pair at an amount): what a newer
    answer for the same scope lacks is no longer current.
    """

    __tablename__ = "live_quotes"

    source: str = Field(primary_key=True, sa_type=KeyText)
    source_key: str = Field(primary_key=True, sa_type=KeyText)
    tier: str = Field(primary_key=True, sa_type=KeyText)
    scope: str = Field(sa_type=KeyText, index=True)
    corridor: str = Field(sa_type=KeyText, index=True)
    observed_at: datetime = Field(sa_type=UtcDateTime)
    quote_id: UUID = Field(sa_type=QuoteId)


live_quotes = table(LiveQuoteRow)


class LiveQuoteRecord(NamedTuple):
    """A live quote in storage form: what ``append`` takes; ``terms`` as ``domain.terms.terms_text`` writes them.

    ``observed_at`` and ``valid_until`` are microseconds since 1970 (UTC), ``place_row`` is the item's place in a push,
    from 0, and the rest is as in QuoteRecord.
    """

    id: bytes
    source: str
    source_key: str
    evidence: str
    tier: str | None
    corridor: str
    observed_at: int
    valid_until: int | None
    description_id: bytes
    sending_currency: str
    receiving_currency: str
    fee_mode: str
    terms: str
    flags: str
    place_row: int | None
    content_hash: bytes


class Service(NamedTuple):
    """What a newer quote replaces the older of: the source's own key of a service, at a tier (empty: none)."""

    source_key: str
    tier: str


class Current(NamedTuple):
    """A current live quote in storage form: ``observed_at`` in microseconds since 1970, ``quote_id`` 16 bytes."""

    source: str
    source_key: str
    tier: str
    scope: str
    corridor: str
    observed_at: int
    quote_id: bytes


class Offer(NamedTuple):
    """What a quote offers, between which currencies."""

    sending_currency: str
    receiving_currency: str
    terms: Terms


def append(
    connection: Connection,
    records: Iterable[LiveQuoteRecord],
    *,
    import_id: int,
    dataset_version: int,
    recorded_at: datetime,
) -> int:
    """Append live quotes; return how many. One that is there is an IntegrityError."""
    same = {"import_id": import_id, "dataset_version": dataset_version, "recorded_at": microseconds(recorded_at)}
    target = bulk.Target(quotes, (*LiveQuoteRecord._fields, "fx_margin_status", "cost_status"), same)
    return bulk.append(connection, target, ((*record, "", "") for record in records))


def known(
    connection: Connection, source: str, source_keys: Collection[str], scopes: Collection[str]
) -> dict[Service, Current]:
    """Return a source's current quotes that have one of these keys or are of one of these scopes."""
    found: dict[Service, Current] = {}
    for name, values in (("source_key", source_keys), ("scope", scopes)):
        lookup = bulk.Lookup(live_quotes, (name,), Current._fields, {"source": source})
        for row in bulk.find(connection, lookup, ((value,) for value in sorted(values))):
            current = Current(*row)
            found[Service(current.source_key, current.tier)] = current
    return found


def offers(connection: Connection, these: Iterable[Current]) -> dict[bytes, Offer]:
    """Return what current quotes offer, by id; each is found by its whole key."""
    columns = quotes.c
    found: dict[bytes, Offer] = {}
    for one in these:
        row = connection.execute(
            select(columns.sending_currency, columns.receiving_currency, columns.terms).where(
                columns.corridor == one.corridor,
                columns.observed_at == instant(one.observed_at),
                columns.id == UUID(bytes=one.quote_id),
            )
        ).one()
        found[one.quote_id] = Offer(row.sending_currency, row.receiving_currency, terms_from(row.terms))
    return found


def replace(connection: Connection, source: str, ended: Iterable[Service], begun: Iterable[Current]) -> None:
    """Take services out of the index, and put current quotes in, each in the place of its service's other one."""
    current = list(begun)
    gone = set(ended).difference(Service(one.source_key, one.tier) for one in current)
    bulk.remove(connection, bulk.Lookup(live_quotes, Service._fields, (), {"source": source}), gone)
    bulk.append(connection, bulk.Target(live_quotes, Current._fields, replace_existing=True), current)


def corridors(connection: Connection, sources: Collection[str] | None = None) -> list[str]:
    """Return the corridors that have a current live quote, of these sources where they are named, sorted."""
    column = live_quotes.c.corridor
    query = select(column).where(*_of(sources)).distinct().order_by(column)
    return list(connection.execute(query).scalars())


def current(
    connection: Connection,
    in_corridors: Sequence[str],
    sources: Collection[str] | None = None,
    shared: dict[bytes, Description] | None = None,
) -> Iterator[LiveQuote]:
    """Give the current live quotes of corridors, of these sources where they are named, in order of corridor and id.

    Each is found by the key that the index holds; quotes that are no longer current are not touched. ``shared``
    carries descriptions over several calls.
    """
    columns = live_quotes.c
    for start in range(0, len(in_corridors), CORRIDORS_AT_ONCE):
        query = (
            select(*LIVE_COLUMNS)
            .join_from(live_quotes, quotes, is_its_quote())
            .where(columns.corridor.in_(in_corridors[start : start + CORRIDORS_AT_ONCE]), *_of(sources))
            .order_by(columns.corridor, columns.quote_id)
        )
        for row, description in described(connection, query, shared):
            yield live_quote(row, description)


def current_as_of(
    connection: Connection,
    corridor: str | None,
    as_of: int,
    sources: Collection[str] | None = None,
) -> Iterator[LiveQuote]:
    """Give the live quotes that were current as known at a dataset version, in order of corridor and id.

    Of one corridor (null: of all); of these sources, where they are named. Its whole history is looked through.
    """
    columns = quotes.c
    query = select(*LIVE_COLUMNS).where(columns.terms.is_not(None), is_current(as_of=as_of))
    if corridor is not None:
        query = query.where(columns.corridor == corridor)
    if sources is not None:
        query = query.where(columns.source.concat("").in_(sorted(sources)))  # their index would lead to all of theirs
    for row, description in described(connection, query.order_by(columns.corridor, columns.id)):
        yield live_quote(row, description)


def live_quote(row: Result[*tuple[Any, ...]], description: Description) -> LiveQuote:
    """Return a row that has LIVE_COLUMNS as the domain's live quote; words that many share are kept once."""
    return LiveQuote(
        id=row.id,
        source=intern(row.source),
        source_key=row.source_key,
        evidence=EVIDENCE[row.evidence],
        corridor=intern(row.corridor),
        tier=TIERS[row.tier],
        observed_at=row.observed_at,
        valid_until=row.valid_until,
        description=description,
        sending_currency=intern(row.sending_currency),
        receiving_currency=intern(row.receiving_currency),
        terms=terms_from(row.terms),
    )


def is_its_quote() -> ColumnElement[bool]:
    """Return the condition that joins the index with the quotes: the whole key of a quote."""
    columns = live_quotes.c
    return and_(
        quotes.c.corridor == columns.corridor,
        quotes.c.observed_at == columns.observed_at,
        quotes.c.id == columns.quote_id,
    )


def _of(sources: Collection[str] | None) -> list[ColumnElement[bool]]:
    return [] if sources is None else [live_quotes.c.source.in_(sorted(sources))]
