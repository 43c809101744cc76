"""The audit log: every administrative act, appended, each entry chained to the one before by its hash."""

from collections.abc import Generator
from contextlib import closing
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, LargeBinary, Text, insert, select
from sqlalchemy import Row as Result
from sqlmodel import Field

from app.db import KeyText, UtcDateTime
from app.domain.audit import NOTHING_BEFORE, Act, Action, Detail, Entry, detail_text, entry_after, first_broken
from app.store.schema import Row, table

ENTRIES_AT_ONCE: Final = 1_000


class AuditEntryRow(Row, table=True):
    """One act: who (``key:<id>`` or ``cli:<user>``), what, on what, with which details (canonical JSON)."""

    __tablename__ = "audit_log"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=UtcDateTime)
    actor: str = Field(sa_type=Text)
    action: str = Field(sa_type=KeyText)
    subject: str = Field(sa_type=Text)
    detail: str = Field(sa_type=Text)
    previous_hash: bytes = Field(sa_type=LargeBinary)
    hash: bytes = Field(sa_type=LargeBinary)


audit_log = table(AuditEntryRow)


def append(  # noqa: PLR0913 - when, who, what, on what, how
    connection: Connection, *, at: datetime, actor: str, action: Action, subject: str, detail: Detail
) -> Entry:
    """Append an act in its own transaction: both are stored or neither is. The one writer makes its number certain.

    ``actor``: ``domain.audit.by_key`` or ``by_login``; ``subject``: the id of what was acted on. Never a key's text.
    """
    last = head(connection)
    number, previous = (1, NOTHING_BEFORE) if last is None else (last.act.number + 1, last.hash)
    act = Act(
        number=number,
        at=at,
        actor=actor,
        action=action.value,
        subject=subject,
        detail=detail_text(detail),
    )
    entry = entry_after(previous, act)
    connection.execute(
        insert(audit_log).values(
            number=number,
            at=at,
            actor=actor,
            action=act.action,
            subject=subject,
            detail=act.detail,
            previous_hash=entry.previous_hash,
            hash=entry.hash,
        )
    )
    return entry


def head(connection: Connection) -> Entry | None:
    """Return the newest entry, null while there is none."""
    return next(iter(newest(connection, 1)), None)


def find(connection: Connection, number: int) -> Entry | None:
    """Return one entry."""
    row = connection.execute(select(audit_log).where(audit_log.c.number == number)).one_or_none()
    return None if row is None else _entry(row)


def newest(connection: Connection, limit: int) -> list[Entry]:
    """Return the newest entries, the newest first."""
    query = select(audit_log).order_by(audit_log.c.number.desc()).limit(limit)
    return [_entry(row) for row in connection.execute(query)]


def entries(connection: Connection) -> Generator[Entry]:
    """Stream the whole log, the oldest first."""
    query = select(audit_log).order_by(audit_log.c.number).execution_options(yield_per=ENTRIES_AT_ONCE)
    with connection.execute(query) as rows:  # closed too where the reader stops early
        for row in rows:
            yield _entry(row)


def verify(connection: Connection) -> int | None:
    """Return the number of the first entry that is not as it was written, null if the whole chain holds."""
    with closing(entries(connection)) as log:
        return first_broken(log)


def _entry(row: Result[Any]) -> Entry:
    act = Act(
        number=row.number,
        at=row.at,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        detail=row.detail,
    )
    return Entry(act=act, previous_hash=bytes(row.previous_hash), hash=bytes(row.hash))
