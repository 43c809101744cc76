"""Quotes that wait for a person, and items that were refused: neither is in any public answer."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, Text, and_, delete, func, or_, select, update
from sqlalchemy import Row as Result
from sqlmodel import Field

from app.db import KeyText, QuoteId, UtcDateTime, microseconds
from app.store import bulk
from app.store.schema import Row, table


class WaitingStatus(StrEnum):
    """What became of a quote that was put into quarantine."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


WAITING: Final = WaitingStatus.WAITING.value

REJECTED_KEPT_FOR: Final = timedelta(days=30)
"""How long it is remembered what was refused, and why."""


class QuarantinedQuoteRow(Row, table=True):
    """A quote that waits, or waited; ``record`` holds all of it, so that an accepted one is stored like any other.

    ``status``: waiting, accepted, refused, withdrawn. ``findings``: what the rules found, as canonical JSON.
    """

    __tablename__ = "quarantined_quotes"

    quote_id: UUID = Field(primary_key=True, sa_type=QuoteId)
    source: str = Field(sa_type=KeyText)
    partner: str = Field(sa_type=KeyText, index=True)
    external_id: str = Field(sa_type=KeyText)
    corridor: str = Field(sa_type=KeyText)
    import_id: int = Field(index=True)
    place: int
    record: str = Field(sa_type=Text)
    findings: str = Field(sa_type=Text)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    status: str = Field(sa_type=KeyText, index=True)
    decided_at: datetime | None = Field(sa_type=UtcDateTime)
    decided_by: str | None = Field(sa_type=Text)
    decision_reason: str | None = Field(sa_type=Text)


class RejectedItemRow(Row, table=True):
    """An item that was refused: where it was, and why, so that a partner can look it up; kept for 30 days."""

    __tablename__ = "rejected_items"

    import_id: int = Field(primary_key=True)
    place: int = Field(primary_key=True)
    partner: str = Field(sa_type=KeyText, index=True)
    external_id: str | None = Field(sa_type=KeyText)
    findings: str = Field(sa_type=Text)
    recorded_at: datetime = Field(sa_type=UtcDateTime, index=True)


quarantined_quotes = table(QuarantinedQuoteRow)
rejected_items = table(RejectedItemRow)


class WaitingRecord(NamedTuple):
    """A quote that has to wait, in storage form; ``record`` and ``findings`` as their own modules write them."""

    quote_id: bytes
    source: str
    partner: str
    external_id: str
    corridor: str
    place: int
    record: str
    findings: str


class RejectedRecord(NamedTuple):
    """An item that was refused, in storage form."""

    place: int
    partner: str
    external_id: str | None
    findings: str


def put_in(connection: Connection, records: Iterable[WaitingRecord], *, import_id: int, recorded_at: datetime) -> int:
    """Put quotes of one import into quarantine, where none of them is yet; return how many."""
    same = {"import_id": import_id, "recorded_at": microseconds(recorded_at)}
    target = bulk.Target(quarantined_quotes, (*WaitingRecord._fields, "status"), same)
    return bulk.append(connection, target, ((*record, WAITING) for record in records))


def append_rejected(
    connection: Connection, records: Iterable[RejectedRecord], *, import_id: int, recorded_at: datetime
) -> int:
    """Keep which items of one import were refused; return how many."""
    same = {"import_id": import_id, "recorded_at": microseconds(recorded_at)}
    return bulk.append(connection, bulk.Target(rejected_items, RejectedRecord._fields, same), records)


def standings(connection: Connection, quote_ids: Iterable[bytes]) -> dict[bytes, str]:
    """Return the status of those quotes that are, or were, in quarantine, by id."""
    lookup = bulk.Lookup(quarantined_quotes, ("quote_id",), ("quote_id", "status"))
    return dict(bulk.find(connection, lookup, ((quote_id,) for quote_id in quote_ids)))


class Quarantined(NamedTuple):
    """A quote that waits or waited."""

    quote_id: UUID
    source: str
    partner: str
    external_id: str
    corridor: str
    import_id: int
    place: int
    record: str
    findings: str
    recorded_at: datetime
    status: WaitingStatus
    decided_at: datetime | None
    decided_by: str | None
    decision_reason: str | None


class Wanted(NamedTuple):
    """Which quarantined quotes are asked for; null means any, and so does an empty list of ids."""

    status: WaitingStatus | None = None
    partner: str | None = None
    corridor: str | None = None
    import_id: int | None = None
    external_id: tuple[str, ...] = ()
    quote_id: tuple[UUID, ...] = ()

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """The conditions of a query."""
        columns = quarantined_quotes.c
        wanted = self._asdict()
        lists = {name: values for name in ("external_id", "quote_id") if (values := wanted.pop(name))}
        return [
            *(columns[name] == value for name, value in wanted.items() if value is not None),
            *(columns[name].in_(values) for name, values in lists.items()),
        ]


def rejected(connection: Connection, import_id: int, *, after: int, limit: int) -> list[RejectedRecord]:
    """Return the items of one import that were refused, in order, those behind the place ``after``."""
    columns = rejected_items.c
    query = select(*(columns[name] for name in RejectedRecord._fields)).where(
        columns.import_id == import_id, columns.place > after
    )
    return [RejectedRecord(*row) for row in connection.execute(query.order_by(columns.place).limit(limit))]


def forget_rejected(connection: Connection, before: datetime) -> int:
    """Delete what was refused before an instant; return how many."""
    return connection.execute(delete(rejected_items).where(rejected_items.c.recorded_at < before)).rowcount


def find(connection: Connection, quote_id: UUID) -> Quarantined | None:
    """Return a quote that waits or waited, null where none with this id ever did."""
    row = connection.execute(_all().where(quarantined_quotes.c.quote_id == quote_id)).one_or_none()
    return None if row is None else _quarantined(row)


def listed(
    connection: Connection, wanted: Wanted, *, after: tuple[datetime, UUID] | None = None, limit: int
) -> list[Quarantined]:
    """Return quarantined quotes, the first that came first; ``after`` is the last of the page before."""
    columns = quarantined_quotes.c
    query = _all().where(*wanted.conditions).order_by(columns.recorded_at, columns.quote_id).limit(limit)
    if after is not None:
        at, quote_id = after
        query = query.where(or_(columns.recorded_at > at, and_(columns.recorded_at == at, columns.quote_id > quote_id)))
    return [_quarantined(row) for row in connection.execute(query)]


def count(connection: Connection, wanted: Wanted) -> int:
    """Return how many quarantined quotes are asked for."""
    query = select(func.count()).select_from(quarantined_quotes).where(*wanted.conditions)
    return int(connection.execute(query).scalar_one())


def decide(  # noqa: PLR0913 - what was decided, by whom, when and why
    connection: Connection, quote_id: UUID, *, status: WaitingStatus, at: datetime, by: str, reason: str
) -> bool:
    """Record a decision about a quote that waits; false where it does not wait (any more)."""
    columns = quarantined_quotes.c
    done = connection.execute(
        update(quarantined_quotes)
        .where(columns.quote_id == quote_id, columns.status == WAITING)
        .values(status=status.value, decided_at=at, decided_by=by, decision_reason=reason)
    )
    return done.rowcount == 1


def _all() -> Select[Any]:
    return select(*(quarantined_quotes.c[name] for name in Quarantined._fields))


def _quarantined(row: Result[Any]) -> Quarantined:
    return Quarantined._make(row)._replace(status=WaitingStatus(row.status))
