"""Files that partners sent, waiting for their import: stored before they are acknowledged, so that none is lost."""

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field

from app.db import KeyText, UtcDateTime
from app.store.schema import Row, table


class ImportJobRow(Row, table=True):
    """One file on its way in; ``id`` is public and cannot be guessed, ``state``: waiting, running, done, failed.

    ``import_id`` is that of its run once it committed.
    """

    __tablename__ = "import_jobs"

    id: str = Field(primary_key=True, sa_type=KeyText)
    partner: str = Field(sa_type=KeyText, index=True)
    key_id: str = Field(sa_type=KeyText)
    request_id: str = Field(sa_type=KeyText)
    file_hash: str = Field(sa_type=KeyText)
    media_type: str = Field(sa_type=KeyText)
    size_bytes: int
    received_at: datetime = Field(sa_type=UtcDateTime)
    state: str = Field(sa_type=KeyText, index=True)
    attempts: int
    import_id: int | None
    failure: str | None = Field(sa_type=Text)


import_jobs = table(ImportJobRow)
