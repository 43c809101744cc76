"""A partner's own quotes, whatever became of them: stored ones, those in quarantine, and items that were refused.

They are listed by external id, and within it stored ones first, oldest first, then those of quarantine, then refused
items; each of the three is read by its own index, from where the page before ended.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, exists, func, or_, select
from sqlalchemy import Row as Result

from app.domain.methodology import STALE_AFTER
from app.store.imports import imports
from app.store.live_quotes import is_its_quote, live_quotes
from app.store.quarantine import WaitingStatus, quarantined_quotes, rejected_items
from app.store.quotes import REPLACED, Change, quote_changes, quotes
from app.store.versions import dataset_versions

STORED, WAITED, REFUSED = 0, 1, 2
"""The three kinds, in their order within an external id."""


class Standing(StrEnum):
    """What became of a quote, as its partner is told."""

    SHOWN = "shown"
    QUARANTINED = "quarantined"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"


_ENDED: Final[Mapping[Standing | None, Sequence[str]]] = {
    Standing.SUPERSEDED: sorted(REPLACED),
    Standing.WITHDRAWN: [Change.WITHDRAWN.value],
}
"""Changes that end a quote, by what its partner is told."""


class Place(NamedTuple):
    """Where a page ended: ``own`` is a quote's id, or the import and the place of an item that was refused."""

    external_id: str
    kind: int
    own: str


class OwnQuote(NamedTuple):
    """What became of a quote or item, since when and why; what was never stored has no quote id.

    ``successor`` stands in place of a superseded one; ``findings`` is canonical JSON, empty where nothing is kept of
    them, ``flags`` the rules that found something in a stored one; ``import_id`` is the public one.
    """

    place: Place
    standing: Standing
    since: datetime
    why: str | None
    quote_id: UUID | None
    corridor: str | None
    observed_at: datetime | None
    valid_until: datetime | None
    recorded_at: datetime
    successor: UUID | None
    findings: str
    flags: str
    import_id: str | None


class Asked(NamedTuple):
    """Whose quotes, at which time, and which of them; null means any."""

    partner: str
    source: str
    now: datetime
    standing: Standing | None = None
    external_id: str | None = None
    import_id: int | None = None


def listed(connection: Connection, asked: Asked, *, after: Place | None, limit: int) -> list[OwnQuote]:
    """Return a partner's quotes in their order, from the first after a place."""
    streams = (_stored(connection, asked, after, limit), _waited(connection, asked, after, limit))
    refused = _refused(connection, asked, after, limit)
    return list(islice(heapq.merge(*streams, refused, key=lambda one: one.place), limit))


def _stored(connection: Connection, asked: Asked, after: Place | None, limit: int) -> Iterator[OwnQuote]:
    if asked.standing in {Standing.QUARANTINED, Standing.REJECTED}:
        return
    columns, key = quotes.c, quotes.c.source_key
    change, is_newest = _newest_change()
    query = select(
        *(columns[name] for name in ("id", "source_key", "corridor", "observed_at", "valid_until")),
        *(columns[name] for name in ("recorded_at", "flags")),
        change.c.change,
        change.c.other_quote_id,
        change.c.reason,
        dataset_versions.c.committed_at,
        imports.c.public_id,
    )
    if asked.standing in {Standing.SHOWN, Standing.EXPIRED}:  # the index leads past all that is no longer current
        key = live_quotes.c.source_key
        query = query.join_from(live_quotes, quotes, is_its_quote())
        query = query.where(live_quotes.c.source == asked.source, _is_good(asked))
    else:
        query = query.select_from(quotes).where(columns.source == asked.source, columns.period.is_(None))
    if asked.standing in _ENDED:
        query = query.where(change.c.change.in_(_ENDED[asked.standing]))
    if after is not None:
        query = query.where(_is_after(key, columns.id, STORED, after))
    query = (
        query.outerjoin(change, and_(change.c.quote_id == columns.id, is_newest))
        .outerjoin(dataset_versions, dataset_versions.c.version == change.c.dataset_version)
        .outerjoin(imports, imports.c.id == columns.import_id)
        .order_by(key, columns.id)
    )
    for row in connection.execute(_narrowed(query, asked, key, columns.import_id).limit(limit)):
        yield _stored_quote(row, asked.now)


def _newest_change() -> tuple[FromClause, ColumnElement[bool]]:
    """Return the changes of quotes, and the condition that one is a quote's newest."""
    change, later = quote_changes.alias("newest"), quote_changes.alias("later")
    is_older = and_(later.c.quote_id == change.c.quote_id, later.c.dataset_version > change.c.dataset_version)
    return change, ~exists().where(is_older)


def _is_good(asked: Asked) -> ColumnElement[bool]:
    columns = quotes.c
    has_ended = func.coalesce(columns.valid_until <= asked.now, False)
    is_stale = columns.observed_at < asked.now - STALE_AFTER
    return or_(has_ended, is_stale) if asked.standing is Standing.EXPIRED else and_(~has_ended, ~is_stale)


def _stored_quote(row: Result[Any], now: datetime) -> OwnQuote:
    standing, since, why = _standing(row, now)
    return OwnQuote(
        place=Place(row.source_key, STORED, str(row.id)),
        standing=standing,
        since=since,
        why=why,
        quote_id=row.id,
        corridor=row.corridor,
        observed_at=row.observed_at,
        valid_until=row.valid_until,
        recorded_at=row.recorded_at,
        successor=row.other_quote_id if standing is Standing.SUPERSEDED else None,
        findings="[]",
        flags=row.flags,
        import_id=row.public_id,
    )


def _standing(row: Result[Any], now: datetime) -> tuple[Standing, datetime, str | None]:
    if row.change in REPLACED:
        return Standing.SUPERSEDED, row.committed_at, row.reason
    if row.change is not None and row.change != Change.REINSTATED:
        return Standing(row.change), row.committed_at, row.reason
    stale_from = row.observed_at + STALE_AFTER
    if row.valid_until is not None and row.valid_until <= min(now, stale_from):
        return Standing.EXPIRED, row.valid_until, "it was valid until then"
    if stale_from < now:
        return Standing.EXPIRED, stale_from, f"it was observed more than {STALE_AFTER.days} days ago"
    return Standing.SHOWN, row.committed_at or row.recorded_at, None


_OF_QUARANTINE: Final = {
    WaitingStatus.WAITING: Standing.QUARANTINED,
    WaitingStatus.REFUSED: Standing.REJECTED,
    WaitingStatus.WITHDRAWN: Standing.WITHDRAWN,
}
"""An accepted one is stored, and is listed there."""


def _waited(connection: Connection, asked: Asked, after: Place | None, limit: int) -> Iterator[OwnQuote]:
    statuses = [status.value for status, standing in _OF_QUARANTINE.items() if asked.standing in {None, standing}]
    if not statuses:
        return
    columns = quarantined_quotes.c
    query = (
        select(quarantined_quotes, imports.c.public_id)
        .outerjoin(imports, imports.c.id == columns.import_id)
        .where(columns.partner == asked.partner, columns.status.in_(statuses))
        .order_by(columns.external_id, columns.quote_id)
    )
    if after is not None:
        query = query.where(_is_after(columns.external_id, columns.quote_id, WAITED, after))
    for row in connection.execute(_narrowed(query, asked, columns.external_id, columns.import_id).limit(limit)):
        yield OwnQuote(
            place=Place(row.external_id, WAITED, str(row.quote_id)),
            standing=_OF_QUARANTINE[WaitingStatus(row.status)],
            since=row.decided_at or row.recorded_at,
            why=row.decision_reason,
            quote_id=row.quote_id,
            corridor=row.corridor,
            observed_at=None,
            valid_until=None,
            recorded_at=row.recorded_at,
            successor=None,
            findings=row.findings,
            flags="",
            import_id=row.public_id,
        )


def _refused(connection: Connection, asked: Asked, after: Place | None, limit: int) -> Iterator[OwnQuote]:
    if asked.standing not in {None, Standing.REJECTED}:
        return
    columns = rejected_items.c
    external_id = func.coalesce(columns.external_id, "")
    query = (
        select(rejected_items, imports.c.public_id)
        .outerjoin(imports, imports.c.id == columns.import_id)
        .where(columns.partner == asked.partner)
        .order_by(external_id, columns.import_id, columns.place)
    )
    if after is not None:
        query = query.where(_is_refused_after(external_id, after))
    for row in connection.execute(_narrowed(query, asked, external_id, columns.import_id).limit(limit)):
        yield OwnQuote(
            place=Place(row.external_id or "", REFUSED, f"{row.import_id:012d}/{row.place:012d}"),
            standing=Standing.REJECTED,
            since=row.recorded_at,
            why=None,
            quote_id=None,
            corridor=None,
            observed_at=None,
            valid_until=None,
            recorded_at=row.recorded_at,
            successor=None,
            findings=row.findings,
            flags="",
            import_id=row.public_id,
        )


def _narrowed(
    query: Select[Any], asked: Asked, external_id: ColumnElement[Any], import_id: ColumnElement[Any]
) -> Select[Any]:
    if asked.external_id is not None:
        query = query.where(external_id == asked.external_id)
    return query if asked.import_id is None else query.where(import_id == asked.import_id)


def _is_after(external_id: ColumnElement[Any], own: ColumnElement[Any], kind: int, after: Place) -> ColumnElement[bool]:
    if kind < after.kind:
        return external_id > after.external_id
    if kind > after.kind:
        return external_id >= after.external_id
    return or_(external_id > after.external_id, and_(external_id == after.external_id, own > UUID(after.own)))


def _is_refused_after(external_id: ColumnElement[Any], after: Place) -> ColumnElement[bool]:
    if after.kind < REFUSED:
        return external_id >= after.external_id
    import_id, place = map(int, after.own.split("/"))
    columns = rejected_items.c
    is_later = or_(columns.import_id > import_id, and_(columns.import_id == import_id, columns.place > place))
    return or_(external_id > after.external_id, and_(external_id == after.external_id, is_later))
