"""The audit log: every administrative act, appended, each entry chained to the one before by its hash."""

from datetime import datetime

from sqlalchemy import LargeBinary, Text
from sqlmodel import Field

from app.db import KeyText, UtcDateTime
from app.store.schema import Row, table


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
