"""Quotes as they are asked for one by one or listed: with their provenance, and with what became of them."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, and_, false, or_, select, true
from sqlalchemy import Row as Result

from app.domain.quotes import Description, LiveQuote, Quote
from app.domain.vocabulary import Basis
from app.store import descriptions
from app.store.descriptions import descriptions as description_table
from app.store.imports import imports
from app.store.live_quotes import is_its_quote, live_quote, live_quotes
from app.store.quotes import (
    DOMAIN_COLUMNS,
    REPLACED,
    Change,
    described,
    has_id,
    is_current,
    quote,
    quote_changes,
    quotes,
)
from app.store.versions import dataset_versions

PROVENANCE_COLUMNS = (
    *(quotes.c.valid_until, quotes.c.terms),
    *(quotes.c.flags, quotes.c.place_sheet, quotes.c.place_row, quotes.c.content_hash),
    *(quotes.c.import_id, quotes.c.dataset_version, quotes.c.recorded_at),
)


class ChangeOfQuote(NamedTuple):
    """What happened to a quote in a dataset version; ``other_quote_id`` is its successor or the one it replaces.

    ``recorded_at``: since when that is known.
    """

    change: Change
    dataset_version: int
    other_quote_id: UUID | None
    reason: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A stored quote with where it is from. ``place_row`` counts from 1 as a spreadsheet shows it."""

    quote: Quote | LiveQuote
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

    Lists of a description (instruments, access points, receiving methods) match when they share a value. ``basis``:
    live quotes, or those of surveys; null for both.
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
    basis: Basis | None = None
    with_superseded: bool = False


def listed(  # noqa: PLR0913 - what is asked for, from where on, and what may be seen of it
    connection: Connection,
    wanted: ObservationFilter,
    *,
    limit: int,
    after: Position | None = None,
    shown: Collection[str] | None = None,
    hidden: Collection[str] = (),
) -> list[Observation]:
    """Return the next ``limit`` observations after a position, ordered by corridor, observation time and id.

    Those of sources that are not in ``shown``, and of ``hidden`` providers, are not there at all; null shows every
    source. Current live quotes are
    found by their index, so that nobody waits for their history.
    """
    conditions = [*_conditions(wanted), *_seen(shown, is_round=bool(wanted.periods))]
    if hidden:
        of_hidden = select(description_table.c.id).where(description_table.c.provider.in_(sorted(hidden)))
        conditions.append(quotes.c.description_id.not_in(of_hidden))
    if after is not None:
        conditions.append(_is_after(after))

    def page(query: Select[*tuple[Any, ...]]) -> list[Observation]:
        rows = described(connection, query.where(*conditions).limit(limit))
        return [_observation(row, description) for row, description in rows]

    if wanted.with_superseded:
        return page(_in_order(wanted.basis))
    live = page(_current_live(wanted)) if wanted.basis is not Basis.SURVEY else []
    if wanted.basis is Basis.LIVE:
        return live
    if len(live) == limit:  # nothing after them is on this page
        conditions.append(quotes.c.corridor <= live[-1].quote.corridor)
    surveyed = page(_in_order(Basis.SURVEY).where(is_current()))
    return sorted(live + surveyed, key=lambda one: (one.quote.corridor, one.quote.observed_at, one.quote.id))[:limit]


def _in_order(basis: Basis | None) -> Select[*tuple[Any, ...]]:
    """Ask for quotes in the order of their key, which leads to a page of them without sorting the others."""
    columns = quotes.c
    query = select(*DOMAIN_COLUMNS, *PROVENANCE_COLUMNS, is_current().label("is_current"))
    if basis is not None:
        query = query.where(columns.terms.is_not(None) if basis is Basis.LIVE else columns.terms.is_(None))
    return query.order_by(columns.corridor, columns.observed_at, columns.id)


def _current_live(wanted: ObservationFilter) -> Select[*tuple[Any, ...]]:
    """Ask for the live quotes that their index names."""
    columns = live_quotes.c
    query = select(*DOMAIN_COLUMNS, *PROVENANCE_COLUMNS, true().label("is_current"))
    query = query.join_from(live_quotes, quotes, is_its_quote())
    if wanted.corridors:
        query = query.where(columns.corridor.in_(wanted.corridors))
    return query.order_by(columns.corridor, columns.observed_at, columns.quote_id)


def find(connection: Connection, quote_id: UUID, *, shown: Collection[str] | None = None) -> Provenance | None:
    """Return one observation with all that is known of it; ``shown`` as of ``listed``."""
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
        .where(has_id(quote_id), *_seen(shown))
    )
    for row, description in list(described(connection, query)):
        changes = changes_of(connection, quote_id)
        newest = changes[-1] if changes else None
        return Provenance(
            observation=_observation(row, description),
            published=descriptions.published_texts(connection, row.description_id),
            file_hash=row.file_hash,
            labels_hash=row.labels_hash,
            corrections_hash=row.corrections_hash,
            changes=changes,
            superseded_by=newest.other_quote_id if newest and newest.change in REPLACED else None,
        )
    return None


def changes_of(connection: Connection, quote_id: UUID) -> tuple[ChangeOfQuote, ...]:
    """Return what happened to a quote, the oldest first."""
    columns = quote_changes.c
    rows = connection.execute(
        select(
            columns.change,
            columns.dataset_version,
            columns.other_quote_id,
            columns.reason,
            dataset_versions.c.committed_at,
        )
        .join_from(quote_changes, dataset_versions, dataset_versions.c.version == columns.dataset_version)
        .where(columns.quote_id == quote_id)
        .order_by(columns.dataset_version)
    )
    return tuple(ChangeOfQuote(Change(change), *rest) for change, *rest in rows)


def _observation(row: Result[*tuple[Any, ...]], description: Description) -> Observation:
    return Observation(
        quote=quote(row, description) if row.terms is None else live_quote(row, description),
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


def _seen(shown: Collection[str] | None, *, is_round: bool = False) -> list[ColumnElement[bool]]:
    return [] if shown is None else [_is_of(shown, is_round=is_round)]


def _is_of(sources: Collection[str], *, is_round: bool) -> ColumnElement[bool]:
    """A quote is of one of the sources; only beside a round may their index lead, else it leads to all that is theirs.

    Otherwise it is said so that no index fits, and the order of the key leads to a page.
    """
    source = quotes.c.source if is_round else quotes.c.source.concat("")
    return source.in_(sorted(sources))


def _conditions(wanted: ObservationFilter) -> Iterator[ColumnElement[bool]]:
    columns = quotes.c
    for column, values in (
        (columns.corridor, wanted.corridors),
        (columns.period, wanted.periods),
        (columns.tier, wanted.tiers),
        (columns.sending_currency, wanted.sending_currencies),
        (columns.fx_margin_status, wanted.fx_margin_statuses),
        (columns.cost_status, wanted.cost_statuses),
    ):
        if values:
            yield column.in_(values)
    if wanted.sources:
        yield _is_of(wanted.sources, is_round=bool(wanted.periods))
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
