"""What one service said one after the other: a quote between those that it replaced and those that replaced it."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, select

from app.store.observations import ChangeOfQuote, changes_of
from app.store.quotes import REPLACED, has_id, is_current, quote_changes, quotes

MOST_EACH_WAY: Final = 10
"""So many quotes before and after one are told; a service that is priced each hour has thousands."""


class Link(NamedTuple):
    """A quote of a chain: when it was true, since when it was known, and what became of it last (null: nothing)."""

    id: UUID
    observed_at: datetime
    recorded_at: datetime
    dataset_version: int
    is_current: bool
    newest_change: ChangeOfQuote | None


class Chain(NamedTuple):
    """Quotes of one service in the order in which each replaced the one before; not ``is_whole``: there are more."""

    links: tuple[Link, ...]
    is_whole: bool


def chain_of(connection: Connection, quote_id: UUID, *, most: int = MOST_EACH_WAY) -> Chain:
    """Return a stored quote in its chain, with at most so many before and after it."""
    seen = {quote_id}
    before, is_first = _followed(connection, quote_id, _replaced_by, most, seen)
    after, is_last = _followed(connection, quote_id, _successor_of, most, seen)
    ids = [*reversed(before), quote_id, *after]
    links = tuple(link for id_ in ids if (link := _link(connection, id_)) is not None)
    return Chain(links, is_first and is_last)


Step = Callable[[Connection, UUID], UUID | None]


def _followed(connection: Connection, start: UUID, step: Step, most: int, seen: set[UUID]) -> tuple[list[UUID], bool]:
    """Follow a chain one way; say what was met and whether its end was."""
    found: list[UUID] = []
    at = step(connection, start)
    while at is not None and at not in seen:
        if len(found) == most:
            return found, False
        seen.add(at)
        found.append(at)
        at = step(connection, at)
    return found, True


def _successor_of(connection: Connection, quote_id: UUID) -> UUID | None:
    columns = quote_changes.c
    found: UUID | None = connection.execute(
        select(columns.other_quote_id)
        .where(columns.quote_id == quote_id, columns.change.in_(sorted(REPLACED)))
        .order_by(columns.dataset_version.desc())
        .limit(1)
    ).scalar()
    return found


def _replaced_by(connection: Connection, quote_id: UUID) -> UUID | None:
    columns = quote_changes.c
    found: UUID | None = connection.execute(
        select(columns.quote_id)
        .where(columns.other_quote_id == quote_id, columns.change.in_(sorted(REPLACED)))
        .order_by(columns.dataset_version.desc(), columns.quote_id.desc())
        .limit(1)
    ).scalar()
    return found


def _link(connection: Connection, quote_id: UUID) -> Link | None:
    columns = quotes.c
    row = connection.execute(
        select(columns.observed_at, columns.recorded_at, columns.dataset_version, is_current().label("is_current"))
        .where(has_id(quote_id))
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    changes = changes_of(connection, quote_id)
    return Link(
        id=quote_id,
        observed_at=row.observed_at,
        recorded_at=row.recorded_at,
        dataset_version=row.dataset_version,
        is_current=bool(row.is_current),
        newest_change=changes[-1] if changes else None,
    )
