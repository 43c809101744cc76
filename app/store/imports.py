"""Imports, and the dataset versions that they commit: what was known when."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Index, Text, and_, func, insert, or_, select, update
from sqlalchemy import Row as Result
from sqlmodel import Field

from app.db import KeyText, UtcDateTime
from app.store.schema import Row, table


class ImportStatus(StrEnum):
    """How an import ended.

    ``running`` is what its own transaction says until it commits, so nobody else ever sees it: a run that died leaves
    no record, as it leaves nothing else. A ``held`` one was judged and kept and changed nothing; once it is
    ``released``, a run of its own has imported it.
    """

    RUNNING = "running"
    COMMITTED = "committed"
    FAILED = "failed"
    HELD = "held"
    RELEASED = "released"


class ImportRow(Row, table=True):
    """One run of an import. ``file_name`` is the operator's own and is never published.

    What a partner pushed has a ``public_id`` that cannot be guessed, and names the ``partner``, the key and the
    request. ``withdrawn_version``: since when all of it is taken back.
    """

    __tablename__ = "imports"
    __table_args__ = (
        Index("ix_imports_source_status_id", "source", "status", "id"),
        Index("ix_imports_source_status_layout_id", "source", "status", "layout", "id"),
    )

    id: int = Field(primary_key=True)
    source: str = Field(sa_type=KeyText)
    file_name: str = Field(sa_type=Text)
    file_hash: str = Field(sa_type=KeyText, index=True)
    labels_hash: str = Field(sa_type=KeyText)
    corrections_hash: str = Field(sa_type=KeyText)
    layout: str | None = Field(sa_type=KeyText)
    is_synthetic: bool
    status: str = Field(sa_type=KeyText)
    started_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(sa_type=UtcDateTime)
    dataset_version: int | None
    counts: str = Field(sa_type=Text)
    failure: str | None = Field(sa_type=Text)
    public_id: str | None = Field(sa_type=KeyText, unique=True, index=True)
    partner: str | None = Field(sa_type=KeyText, index=True)
    key_id: str | None = Field(sa_type=KeyText)
    request_id: str | None = Field(sa_type=KeyText)
    withdrawn_version: int | None


imports = table(ImportRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileIdentity:
    """What recognises a file that was imported before: its hash with those of the labels and corrections, as hex.

    ``labels_hash`` also covers the reference data and the methodology's version: all that turns bytes into figures.
    """

    source: str
    file_hash: str
    labels_hash: str
    corrections_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFile:
    """A file that is imported; ``file_name`` is never published."""

    identity: FileIdentity
    file_name: str
    layout: str | None
    is_synthetic: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedBy:
    """Who pushed what an import holds, by which request; ``public_id`` is how they know it and nobody else can."""

    public_id: str
    partner: str
    key_id: str | None
    request_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """A run of an import as it is stored. ``counts`` is what its report says.

    ``pushed_by`` is null where nobody pushed it; ``withdrawn_version``: since when all of it is taken back.
    """

    id: int
    file: ImportFile
    status: ImportStatus
    started_at: datetime
    finished_at: datetime | None
    dataset_version: int | None
    counts: Mapping[str, Any]
    failure: Mapping[str, Any] | None
    pushed_by: PushedBy | None = None
    withdrawn_version: int | None = None


def start(connection: Connection, file: ImportFile, *, started_at: datetime, pushed_by: PushedBy | None = None) -> int:
    """Record that an import runs, for this transaction's own use until ``finish`` or ``fail``; return its id."""
    statement = (
        insert(imports)
        .values(
            source=file.identity.source,
            file_name=file.file_name,
            file_hash=file.identity.file_hash,
            labels_hash=file.identity.labels_hash,
            corrections_hash=file.identity.corrections_hash,
            layout=file.layout,
            is_synthetic=file.is_synthetic,
            status=ImportStatus.RUNNING,
            started_at=started_at,
            counts="{}",
            public_id=pushed_by and pushed_by.public_id,
            partner=pushed_by and pushed_by.partner,
            key_id=pushed_by and pushed_by.key_id,
            request_id=pushed_by and pushed_by.request_id,
        )
        .returning(imports.c.id)
    )
    return int(connection.execute(statement).scalar_one())


def finish(
    connection: Connection,
    import_id: int,
    *,
    finished_at: datetime,
    counts: Mapping[str, Any],
    dataset_version: int | None,
) -> None:
    """Record that an import committed; ``dataset_version`` null where it changed nothing."""
    connection.execute(
        update(imports)
        .where(imports.c.id == import_id)
        .values(
            status=ImportStatus.COMMITTED,
            finished_at=finished_at,
            counts=_json(counts),
            dataset_version=dataset_version,
        )
    )


def fail(connection: Connection, import_id: int, *, finished_at: datetime, failure: Mapping[str, Any]) -> None:
    """Record why an import failed; nothing of it is stored."""
    connection.execute(
        update(imports)
        .where(imports.c.id == import_id)
        .values(status=ImportStatus.FAILED, finished_at=finished_at, failure=_json(failure))
    )


def hold(connection: Connection, file: ImportFile, *, at: datetime, counts: Mapping[str, Any]) -> int:
    """Record a file that was judged and kept, and is not imported until it is released; return its number."""
    import_id = start(connection, file, started_at=at)
    values = {"status": ImportStatus.HELD, "finished_at": at, "counts": _json(counts)}
    connection.execute(update(imports).where(imports.c.id == import_id).values(values))
    return import_id


def release(connection: Connection, import_id: int, *, at: datetime) -> None:
    """Record that a held file was imported, by a run of its own."""
    values = {"status": ImportStatus.RELEASED, "finished_at": at}
    connection.execute(update(imports).where(imports.c.id == import_id).values(values))


def mark_withdrawn(connection: Connection, import_id: int, version: int) -> None:
    """Record since which dataset version all of an import is taken back."""
    connection.execute(update(imports).where(imports.c.id == import_id).values(withdrawn_version=version))


def find(connection: Connection, import_id: int) -> Import | None:
    """Return one import."""
    row = connection.execute(select(imports).where(imports.c.id == import_id)).one_or_none()
    return None if row is None else _import(row)


def find_pushed(connection: Connection, public_id: str) -> Import | None:
    """Return the import that a partner knows by this id."""
    row = connection.execute(select(imports).where(imports.c.public_id == public_id)).one_or_none()
    return None if row is None else _import(row)


def pushed_by_partner(
    connection: Connection, partner: str, *, limit: int, after: tuple[datetime, str] | None = None
) -> list[Import]:
    """Return what a partner pushed, the newest first; ``after``: only what is behind the one of this time and id."""
    columns = imports.c
    query = select(imports).where(columns.partner == partner, columns.public_id.is_not(None))
    if after is not None:
        at, public_id = after
        query = query.where(or_(columns.started_at < at, and_(columns.started_at == at, columns.public_id < public_id)))
    rows = connection.execute(query.order_by(columns.started_at.desc(), columns.public_id.desc()).limit(limit))
    return [_import(row) for row in rows]


def find_finished(connection: Connection, identity: FileIdentity) -> Import | None:
    """Return the newest committed import of the same bytes under the same labels and corrections.

    One that was withdrawn does not count: whoever imports its file again wants it back.
    """
    row = connection.execute(
        select(imports)
        .where(
            imports.c.source == identity.source,
            imports.c.file_hash == identity.file_hash,
            imports.c.labels_hash == identity.labels_hash,
            imports.c.corrections_hash == identity.corrections_hash,
            imports.c.status == ImportStatus.COMMITTED,
            imports.c.withdrawn_version.is_(None),
        )
        .order_by(imports.c.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _import(row)


def find_newest_answer(connection: Connection, file: ImportFile) -> Import | None:
    """Return the newest import of a source's answer for a target (``layout``) if it was of the same bytes and rules.

    Null where the same bytes may bring something else now: where that import was not final, since something was refused
    by the clock or by what was stored then, and where another one of the source has changed the data since.
    """
    columns = imports.c
    of_source = (columns.source == file.identity.source, columns.status == ImportStatus.COMMITTED)
    row = connection.execute(
        select(imports).where(*of_source, columns.layout == file.layout).order_by(columns.id.desc()).limit(1)
    ).one_or_none()
    if row is None:
        return None
    found = _import(row)
    if found.file.identity != file.identity or not found.counts.get("is_final", True):
        return None
    later = select(columns.id).where(*of_source, columns.id > row.id, columns.dataset_version.is_not(None)).limit(1)
    return None if connection.execute(later).scalar() is not None else found


def listed(connection: Connection, *, limit: int = 100) -> list[Import]:
    """Return the newest imports, the newest first."""
    return [_import(row) for row in connection.execute(select(imports).order_by(imports.c.id.desc()).limit(limit))]


def count(connection: Connection) -> int:
    """Return how many imports were ever started."""
    return int(connection.execute(select(func.count()).select_from(imports)).scalar_one())


def is_synthetic(connection: Connection) -> bool | None:
    """Say whether the data are invented; null while there are none. A database never holds both kinds.

    Only imports that changed the data count: one whose rows were all refused decides nothing.
    """
    found = connection.execute(
        select(imports.c.is_synthetic)
        .where(imports.c.status == ImportStatus.COMMITTED, imports.c.dataset_version.is_not(None))
        .limit(1)
    ).scalar()
    return None if found is None else bool(found)


def newest_of(connection: Connection, sources: Iterable[str]) -> dict[str, int]:
    """Return the id of each source's newest committed import; sources without one are left out."""
    found: dict[str, int] = {}
    for source in sources:
        committed = (imports.c.source == source, imports.c.status == ImportStatus.COMMITTED)
        newest = connection.execute(select(func.max(imports.c.id)).where(*committed)).scalar()
        if newest is not None:
            found[source] = int(newest)
    return found


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _import(row: Result[Any]) -> Import:
    return Import(
        id=row.id,
        file=ImportFile(
            identity=FileIdentity(
                source=row.source,
                file_hash=row.file_hash,
                labels_hash=row.labels_hash,
                corrections_hash=row.corrections_hash,
            ),
            file_name=row.file_name,
            layout=row.layout,
            is_synthetic=bool(row.is_synthetic),
        ),
        status=ImportStatus(row.status),
        started_at=row.started_at,
        finished_at=row.finished_at,
        dataset_version=row.dataset_version,
        counts=json.loads(row.counts),
        failure=None if row.failure is None else json.loads(row.failure),
        pushed_by=None
        if row.public_id is None
        else PushedBy(public_id=row.public_id, partner=row.partner, key_id=row.key_id, request_id=row.request_id),
        withdrawn_version=row.withdrawn_version,
    )
