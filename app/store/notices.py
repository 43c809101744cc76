"""Notices of the operator, shown in every answer that they touch."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Text, insert, or_, select, true, update
from sqlmodel import Field

from app.db import KeyText, UtcDateTime
from app.domain.operator_notices import NoticeAbout, OperatorNotice
from app.store.schema import Row, table


class NoticeRow(Row, table=True):
    """One notice about everything (``about`` is ``all``), a ``corridor``, a ``provider`` or a ``source``.

    It stands from dataset version ``since_version`` on, until ``until_version`` (excluded), null so far.
    """

    __tablename__ = "notices"

    id: int = Field(primary_key=True)
    about: str = Field(sa_type=KeyText)
    subject: str = Field(sa_type=KeyText)
    text: str = Field(sa_type=Text)
    since_version: int
    until_version: int | None
    recorded_at: datetime = Field(sa_type=UtcDateTime)


notices = table(NoticeRow)


def standing(connection: Connection, as_of: int | None = None) -> tuple[OperatorNotice, ...]:
    """Return the notices that stand, or stood as known at a dataset version, in the order of their ids."""
    columns = notices.c
    query = select(columns.about, columns.subject, columns.text).order_by(columns.id)
    if as_of is None:
        query = query.where(columns.until_version.is_(None))
    else:
        is_open = or_(columns.until_version.is_(None), columns.until_version > as_of)
        query = query.where(columns.since_version <= as_of, is_open)
    return tuple(OperatorNotice(NoticeAbout(row.about), row.subject, row.text) for row in connection.execute(query))


class Notice(NamedTuple):
    """A notice as it is stored."""

    id: int
    about: NoticeAbout
    subject: str
    text: str
    since_version: int
    until_version: int | None
    recorded_at: datetime


def add(connection: Connection, notice: OperatorNotice, *, since_version: int, recorded_at: datetime) -> int:
    """Let a notice stand from a dataset version on; return its number."""
    statement = (
        insert(notices)
        .values(
            about=notice.about.value,
            subject=notice.subject,
            text=notice.text,
            since_version=since_version,
            recorded_at=recorded_at,
        )
        .returning(notices.c.id)
    )
    return int(connection.execute(statement).scalar_one())


def end(connection: Connection, number: int, *, until_version: int) -> None:
    """Let a notice stand until a dataset version, excluded."""
    connection.execute(update(notices).where(notices.c.id == number).values(until_version=until_version))


def find(connection: Connection, number: int) -> Notice | None:
    """Return one notice, whether it stands or not."""
    return next(iter(_read(connection, notices.c.id == number)), None)


def listed(connection: Connection, *, with_ended: bool = False) -> list[Notice]:
    """Return the notices that stand, or all there ever were, the newest first."""
    return _read(connection, true() if with_ended else notices.c.until_version.is_(None))


def _read(connection: Connection, condition: ColumnElement[bool]) -> list[Notice]:
    columns = [notices.c[name] for name in Notice._fields]
    rows = connection.execute(select(*columns).where(condition).order_by(notices.c.id.desc()))
    return [Notice._make(row)._replace(about=NoticeAbout(row.about)) for row in rows]
