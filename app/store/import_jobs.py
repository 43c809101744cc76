"""Files that partners sent, waiting for their import: stored before they are acknowledged, so that none is lost."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Connection, Text, and_, insert, or_, select, update
from sqlalchemy import Row as Result
from sqlmodel import Field

from app.db import KeyText, UtcDateTime
from app.store.schema import Row, table


class JobState(StrEnum):
    """How far a file is. ``running``: somebody began; whoever is at it holds a claim that ends with its process."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


OPEN = (JobState.WAITING, JobState.RUNNING)


class ImportJobRow(Row, table=True):
    """One file on its way in; ``id`` is public and cannot be guessed, ``state``: waiting, running, done, failed.

    ``import_id`` is that of its run once it committed. ``attempts`` counts those that were begun and never ended.
    """

    __tablename__ = "import_jobs"

    id: str = Field(primary_key=True, sa_type=KeyText)
    partner: str = Field(sa_type=KeyText, index=True)
    key_id: str = Field(sa_type=KeyText)
    request_id: str = Field(sa_type=KeyText)
    file_hash: str = Field(sa_type=KeyText)
    media_type: str = Field(sa_type=KeyText)
    size_bytes: int = Field(sa_type=BigInteger)
    received_at: datetime = Field(sa_type=UtcDateTime)
    state: str = Field(sa_type=KeyText, index=True)
    attempts: int
    import_id: int | None
    failure: str | None = Field(sa_type=Text)


import_jobs = table(ImportJobRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedFile:
    """A file that was received whole and is kept: whose it is, who sent it by which request, and what it is."""

    id: str
    partner: str
    key_id: str
    request_id: str
    file_hash: str
    media_type: str
    size_bytes: int
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A received file and how far its import is; ``failure`` has a code and a detail."""

    file: ReceivedFile
    state: JobState
    attempts: int
    import_id: int | None
    failure: Mapping[str, Any] | None


_FILE = tuple(ReceivedFile.__dataclass_fields__)


def add(connection: Connection, file: ReceivedFile) -> None:
    """Let a file wait for its import."""
    said = {name: getattr(file, name) for name in _FILE}
    connection.execute(insert(import_jobs).values(**said, state=JobState.WAITING, attempts=0))


def find(connection: Connection, job_id: str) -> Job | None:
    """Return one job."""
    row = connection.execute(select(import_jobs).where(import_jobs.c.id == job_id)).one_or_none()
    return None if row is None else _job(row)


def open_jobs(connection: Connection, *, limit: int = 100) -> list[Job]:
    """Return the jobs that are to be done, or were begun and not ended; the oldest first."""
    columns = import_jobs.c
    rows = connection.execute(
        select(import_jobs).where(columns.state.in_(OPEN)).order_by(columns.received_at, columns.id).limit(limit)
    )
    return [_job(row) for row in rows]


def listed(connection: Connection, partner: str, *, limit: int, after: tuple[datetime, str] | None = None) -> list[Job]:
    """Return a partner's jobs, the newest first; ``after``: only those behind the job of this time and id."""
    columns = import_jobs.c
    query = select(import_jobs).where(columns.partner == partner)
    if after is not None:
        at, job_id = after
        query = query.where(or_(columns.received_at < at, and_(columns.received_at == at, columns.id < job_id)))
    rows = connection.execute(query.order_by(columns.received_at.desc(), columns.id.desc()).limit(limit))
    return [_job(row) for row in rows]


def begin(connection: Connection, job: Job) -> None:
    """Count an attempt, before it is made: one that kills its process is counted too."""
    _set(connection, job, state=JobState.RUNNING, attempts=job.attempts + 1)


def put_back(connection: Connection, job: Job) -> None:
    """Let a job wait again whose attempt failed through no fault of its own: it counts as never begun."""
    _set(connection, job, state=JobState.WAITING, attempts=job.attempts)


def done(connection: Connection, job: Job, import_id: int) -> None:
    """Record that a job's import is committed with this transaction."""
    _set(connection, job, state=JobState.DONE, import_id=import_id, attempts=0)


def fail(connection: Connection, job: Job, *, code: str, detail: str) -> None:
    """Record why a file cannot be imported; nothing of it is stored."""
    failure = json.dumps({"code": code, "detail": detail}, ensure_ascii=False, sort_keys=True)
    _set(connection, job, state=JobState.FAILED, failure=failure)


def _set(connection: Connection, job: Job, **values: Any) -> None:  # noqa: ANN401 - columns have several types
    connection.execute(update(import_jobs).where(import_jobs.c.id == job.file.id).values(**values))


def _job(row: Result[Any]) -> Job:
    return Job(
        file=ReceivedFile(**{name: getattr(row, name) for name in _FILE}),
        state=JobState(row.state),
        attempts=row.attempts,
        import_id=row.import_id,
        failure=None if row.failure is None else json.loads(row.failure),
    )
