"""Notices of the operator, shown in every answer that they touch."""

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field

from app.db import KeyText, UtcDateTime
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
