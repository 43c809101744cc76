"""Which stored quotes a withdrawal means, and which ones they had replaced."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, or_, select
from sqlalchemy import Row as Result

from app.db import microseconds
from app.store.corridors import corridors
from app.store.descriptions import descriptions
from app.store.imports import ImportStatus, imports
from app.store.live_quotes import is_its_quote, live_quotes
from app.store.quotes import MILLISECONDS_SHIFT, Change, has_id, quote_changes, quotes

KEYS_AT_ONCE: Final = 500
LONGEST_GAP_MILLISECONDS: Final = 3_600_000
"""Quotes that were observed further apart than this are not looked for with one query."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which quotes of a source are meant: those for which all holds that is not null or empty; something is.

    ``sent``: when their import began. Times are from the first, included, to the second, excluded; null is open.
    """

    source: str
    quote_ids: tuple[UUID, ...] = ()
    source_keys: tuple[str, ...] = ()
    corridor: str | None = None
    observed_from: datetime | None = None
    observed_until: datetime | None = None
    sent_from: datetime | None = None
    sent_until: datetime | None = None
    import_id: int | None = None

    @property
    def is_of_services(self) -> bool:
        """Whether services are meant, as they are offered now, and not quotes of some time."""
        times = (self.observed_from, self.observed_until, self.sent_from, self.sent_until)
        return not self.quote_ids and self.import_id is None and not any(times)


class Found(NamedTuple):
    """A stored quote as a withdrawal needs it. ``tier`` is empty where there is none, ``period`` null of live quotes.

    ``change`` and ``other``: what happened to it last, and the quote that stands in its place; null for nothing.
    """

    id: bytes
    source_key: str
    tier: str
    period: str | None
    corridor: str
    observed_at: int
    dataset_version: int
    import_id: int
    provider: str
    is_live: bool
    change: Change | None
    other: bytes | None

    @property
    def is_current(self) -> bool:
        """Whether it stands."""
        return self.change is None or self.change is Change.REINSTATED


def find(connection: Connection, selection: Selection) -> list[Found]:
    """Return the quotes that are meant and not withdrawn yet, in the order of their keys.

    Of services only what is current; of a time, of an import or by their ids all, also those that were superseded
    since: they must never stand again.
    """
    if selection.is_of_services:
        queries = [_current(selection, keys) for keys in _parts(selection.source_keys)]
    else:
        queries = [_stored(selection, keys) for keys in _parts(selection.source_keys)]
    rows = [_found(row) for query in queries for row in connection.execute(query)]
    return sorted(
        (row for row in rows if row.change is not Change.WITHDRAWN),
        key=lambda row: (row.corridor, row.observed_at, row.id),
    )


def find_one(connection: Connection, source: str, quote_id: UUID) -> Found | None:
    """Return a live quote of a source, whatever became of it; null where it has none with this id."""
    query = _all().where(has_id(quote_id), quotes.c.source == source, quotes.c.terms.is_not(None))
    row = connection.execute(query).one_or_none()
    return None if row is None else _found(row)


def replaced_by(connection: Connection, ids: Collection[bytes]) -> list[Found]:
    """Return the quotes that one of these superseded and nothing happened to since, but none of these."""
    change, later = quote_changes.alias("change"), quote_changes.alias("later")
    superseded_later = exists().where(
        later.c.quote_id == change.c.quote_id, later.c.dataset_version > change.c.dataset_version
    )
    found: set[bytes] = set()
    for chunk in _chunks(sorted(ids)):
        query = select(change.c.quote_id).where(
            change.c.other_quote_id.in_([UUID(bytes=id_) for id_ in chunk]),
            change.c.change == Change.SUPERSEDED.value,
            ~superseded_later,
        )
        found.update(id_.bytes for id_ in connection.execute(query).scalars())
    return list(_by_id(connection, found.difference(ids)))


def _parts(source_keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut keys into parts that one query can name; no keys are one part."""
    if not source_keys:
        yield ()
    yield from _chunks(sorted(set(source_keys)))


def _chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), KEYS_AT_ONCE):
        yield items[start : start + KEYS_AT_ONCE]


def _current(selection: Selection, source_keys: Sequence[str]) -> Select[Any]:
    """Ask for current quotes by their index."""
    columns = live_quotes.c
    query = _all().join(live_quotes, is_its_quote()).where(columns.source == selection.source)
    if source_keys:
        query = query.where(columns.source_key.in_(source_keys))
    return query if selection.corridor is None else query.where(columns.corridor == selection.corridor)


def _stored(selection: Selection, source_keys: Sequence[str]) -> Select[Any]:
    """Ask for quotes, whatever became of them, so that an index leads to them and none to a source's whole past."""
    columns = quotes.c
    query = _all().where(columns.source == selection.source)
    if selection.import_id is not None:
        query = query.where(columns.import_id == selection.import_id)
    else:
        query = query.where(columns.terms.is_not(None))
    if selection.quote_ids:
        query = query.where(or_(*map(has_id, selection.quote_ids)))
    if source_keys:
        query = query.where(columns.period.is_(None), columns.source_key.in_(source_keys))
    if selection.corridor is not None:
        query = query.where(columns.corridor == selection.corridor)
    sent = list(_between(imports.c.started_at, selection.sent_from, selection.sent_until))
    if sent:
        of_source = (imports.c.source == selection.source, imports.c.status == ImportStatus.COMMITTED.value)
        query = query.where(columns.import_id.in_(select(imports.c.id).where(*of_source, *sent)))
    observed = list(_between(columns.observed_at, selection.observed_from, selection.observed_until))
    if observed:
        query = query.where(columns.corridor.in_(select(corridors.c.id)), *observed)
    return query


def _between(column: ColumnElement[Any], first: datetime | None, end: datetime | None) -> Iterator[ColumnElement[bool]]:
    if first is not None:
        yield column >= first
    if end is not None:
        yield column < end


def _all() -> Select[Any]:
    columns = quotes.c
    newest = (
        select(quote_changes.c.dataset_version)
        .where(quote_changes.c.quote_id == columns.id)
        .order_by(quote_changes.c.dataset_version.desc())
        .limit(1)
        .correlate(quotes)
        .scalar_subquery()
    )
    change = and_(quote_changes.c.quote_id == columns.id, quote_changes.c.dataset_version == newest)
    return (
        select(
            *(columns.id, columns.source_key, columns.tier, columns.period, columns.corridor, columns.observed_at),
            *(columns.dataset_version, columns.import_id, descriptions.c.provider),
            *(columns.terms.is_not(None).label("is_live"), quote_changes.c.change, quote_changes.c.other_quote_id),
        )
        .select_from(quotes)
        .join(descriptions, descriptions.c.id == columns.description_id)
        .join(quote_changes, change, isouter=True)
    )


def _by_id(connection: Connection, ids: Iterable[bytes]) -> Iterator[Found]:
    """Give quotes by their ids, several with one query where they were observed close together.

    An id begins with the milliseconds of its observation; within each corridor the key leads there.
    """
    columns = quotes.c
    for close in _close_together(sorted(ids)):
        first, last = (_EPOCH + timedelta(milliseconds=_milliseconds(id_)) for id_ in (close[0], close[-1]))
        query = _all().where(
            columns.corridor.in_(select(corridors.c.id)),
            columns.observed_at >= first,
            columns.observed_at < last + timedelta(milliseconds=1),
            columns.id.in_([UUID(bytes=id_) for id_ in close]),
        )
        yield from map(_found, connection.execute(query))


def _close_together(ids: Iterable[bytes]) -> Iterator[list[bytes]]:
    close: list[bytes] = []
    for id_ in ids:
        is_far = close and _milliseconds(id_) - _milliseconds(close[-1]) > LONGEST_GAP_MILLISECONDS
        if is_far or len(close) == KEYS_AT_ONCE:
            yield close
            close = []
        close.append(id_)
    if close:
        yield close


def _milliseconds(id_: bytes) -> int:
    return int.from_bytes(id_) >> MILLISECONDS_SHIFT


def _found(row: Result[Any]) -> Found:
    return Found(
        id=row.id.bytes,
        source_key=row.source_key,
        tier=row.tier or "",
        period=row.period,
        corridor=row.corridor,
        observed_at=microseconds(row.observed_at),
        dataset_version=row.dataset_version,
        import_id=row.import_id,
        provider=row.provider,
        is_live=bool(row.is_live),
        change=None if row.change is None else Change(row.change),
        other=None if row.other_quote_id is None else row.other_quote_id.bytes,
    )
