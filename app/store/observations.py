"""Quotes as they are asked for one by one or listed: with their provenance, and with what became of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, false, or_, select
from sqlalchemy import Row as Result

from app.domain.quotes import Quote
from app.store import descriptions
from app.store.descriptions import descriptions as description_table
from app.store.imports import imports
from app.store.quotes import DOMAIN_COLUMNS, Change, has_id, is_current, quote_changes, quotes, read

PROVENANCE_COLUMNS = (
    *(quotes.c.flags, quotes.c.place_sheet, quotes.c.place_row, quotes.c.content_hash),
    *(quotes.c.import_id, quotes.c.dataset_version, quotes.c.recorded_at),
)


class ChangeOfQuote(NamedTuple):
    """What happened to a quote in a dataset version; ``other_quote_id`` is its successor or the one it replaces."""

    change: Change
    dataset_version: int
    other_quote_id: UUID | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A stored quote with where it is from. ``place_row`` counts from 1 as a spreadsheet shows it."""

    quote: Quote
    is_current: bool
    flags: tuple[str, ...]
    place_sheet: str | None
    place_row: int | None
    content_hash: bytes
    import_id: int
    dataset_version: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """One observation with all that is known of it: published texts, the file's hash, and every change, oldest first.

    ``superseded_by`` is the quote that stands in its place, null while it is current or withdrawn.
    """

    observation: Observation
    published: dict[str, Any]
    file_hash: str
    labels_hash: str
    corrections_hash: str
    changes: tuple[ChangeOfQuote, ...]
    superseded_by: UUID | None


class Position(NamedTuple):
    """Where a page of the listing ended: its last quote's key."""

    corridor: str
    observed_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationFilter:
    """What a listing asks for; each tuple is matched by *any* of its values, and empty asks for nothing special.

    Lists of a description (instruments, access points, receiving methods) match when they share a value.
    """

    corridors: tuple[str, ...] = ()
    sending_countries: tuple[str, ...] = ()
    receiving_countries: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    sending_currencies: tuple[str, ...] = ()
    fx_margin_statuses: tuple[str, ...] = ()
    cost_statuses: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    provider_types: tuple[str, ...] = ()
    payment_instruments: tuple[str, ...] = ()
    access_points: tuple[str, ...] = ()
    receiving_methods: tuple[str, ...] = ()
    transfer_speeds: tuple[str, ...] = ()
    network_coverages: tuple[str, ...] = ()
    is_transparent: bool | None = None
    with_superseded: bool = False


def listed(
    connection: Connection, wanted: ObservationFilter, *, limit: int, after: Position | None = None
) -> list[Observation]:
    """Return the next ``limit`` observations after a position, ordered by corridor, observation time and id."""
    key = (quotes.c.corridor, quotes.c.observed_at, quotes.c.id)
    query = (
        select(*DOMAIN_COLUMNS, *PROVENANCE_COLUMNS, is_current().label("is_current"))
        .where(*_conditions(wanted))
        .order_by(*key)
        .limit(limit)
    )
    if after is not None:
        query = query.where(_is_after(after))
    return [_observation(quote, row) for quote, row in read(connection, query)]


def find(connection: Connection, quote_id: UUID) -> Provenance | None:
    """Return one observation with all that is known of it."""
    query = (
        select(
            *DOMAIN_COLUMNS,
            *PROVENANCE_COLUMNS,
            is_current().label("is_current"),
            imports.c.file_hash,
            imports.c.labels_hash,
            imports.c.corrections_hash,
        )
        .join_from(quotes, imports, imports.c.id == quotes.c.import_id)
        .where(has_id(quote_id))
    )
    for quote, row in list(read(connection, query)):
        changes = changes_of(connection, quote_id)
        newest = changes[-1] if changes else None
        return Provenance(
            observation=_observation(quote, row),
            published=descriptions.published_texts(connection, row.description_id),
            file_hash=row.file_hash,
            labels_hash=row.labels_hash,
            corrections_hash=row.corrections_hash,
            changes=changes,
            superseded_by=newest.other_quote_id if newest and newest.change is Change.SUPERSEDED else None,
        )
    return None


def changes_of(connection: Connection, quote_id: UUID) -> tuple[ChangeOfQuote, ...]:
    """Return what happened to a quote, the oldest first."""
    columns = quote_changes.c
    rows = connection.execute(
        select(columns.change, columns.dataset_version, columns.other_quote_id, columns.reason)
        .where(columns.quote_id == quote_id)
        .order_by(columns.dataset_version)
    )
    return tuple(ChangeOfQuote(Change(change), *rest) for change, *rest in rows)


def _observation(quote: Quote, row: Result[*tuple[Any, ...]]) -> Observation:
    return Observation(
        quote=quote,
        is_current=bool(row.is_current),
        flags=tuple(row.flags.split(",")) if row.flags else (),
        place_sheet=row.place_sheet,
        place_row=row.place_row,
        content_hash=bytes(row.content_hash),
        import_id=row.import_id,
        dataset_version=row.dataset_version,
        recorded_at=row.recorded_at,
    )


def _is_after(position: Position) -> ColumnElement[bool]:
    columns = quotes.c
    later = or_(
        columns.corridor > position.corridor,
        columns.observed_at > position.observed_at,
        and_(columns.observed_at == position.observed_at, columns.id > position.id),
    )
    return and_(columns.corridor >= position.corridor, later)  # the first half is what an index can seek


def _conditions(wanted: ObservationFilter) -> Iterator[ColumnElement[bool]]:
    columns = quotes.c
    if not wanted.with_superseded:
        yield is_current()
    for column, values in (
        (columns.corridor, wanted.corridors),
        (columns.period, wanted.periods),
        (columns.source, wanted.sources),
        (columns.tier, wanted.tiers),
        (columns.sending_currency, wanted.sending_currencies),
        (columns.fx_margin_status, wanted.fx_margin_statuses),
        (columns.cost_status, wanted.cost_statuses),
    ):
        if values:
            yield column.in_(values)
    if wanted.sending_countries:
        yield or_(*(columns.corridor.startswith(f"{code}-", autoescape=True) for code in wanted.sending_countries))
    if wanted.receiving_countries:
        yield or_(*(columns.corridor.endswith(f"-{code}", autoescape=True) for code in wanted.receiving_countries))
    described = list(_description_conditions(wanted))
    if described:
        yield columns.description_id.in_(select(description_table.c.id).where(*described))


def _description_conditions(wanted: ObservationFilter) -> Iterator[ColumnElement[bool]]:
    columns = description_table.c
    for column, values in (
        (columns.provider, wanted.providers),
        (columns.provider_type, wanted.provider_types),
        (columns.transfer_speed, wanted.transfer_speeds),
        (columns.network_coverage, wanted.network_coverages),
    ):
        if values:
            yield column.in_(values)
    for column, values in (
        (columns.payment_instruments, wanted.payment_instruments),
        (columns.access_points, wanted.access_points),
        (columns.receiving_methods, wanted.receiving_methods),
    ):
        if values:
            yield _shares(column, values)
    if wanted.is_transparent is not None:
        yield columns.is_transparent == wanted.is_transparent


def _shares(column: ColumnElement[str], values: Iterable[str]) -> ColumnElement[bool]:
    """A stored JSON list holds one of the values: their quotation marks keep ``card`` out of ``debit_card``."""
    return or_(false(), *(column.contains(f'"{value}"', autoescape=True) for value in values))
