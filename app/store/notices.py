"""Notices of the operator, shown in every answer that they touch."""

from datetime import datetime

from sqlalchemy import Connection, Text, or_, select
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
