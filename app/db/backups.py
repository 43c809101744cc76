"""Backups of SQLite: a copy of one state of the database, made while others write, and the way back.

A backup is one file by itself, without a log beside it. Restoring replaces what a database holds in one transaction of
SQLite's own: whoever stops it, however, finds the database as it was, or as the backup is.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from app.db.engines import display_url, file_lock, is_sqlite, open_engine, reading, sqlite_file
from app.db.errors import BackupRefused, DatabaseError, DatabaseFailed, DatabaseInUse
from app.db.schema import check_integrity, refuse_unknown, schema_revision

ONLY_FOR_ITS_OWNER: Final = 0o600
PAGES_AT_ONCE: Final = 4_096


class Backup(NamedTuple):
    """A backup that was found whole: how large it is, and its schema's revision."""

    file: Path
    size: int
    revision: str


def make_backup(engine: Engine, file: Path, *, is_forced: bool = False) -> Backup:
    """Write what is committed now into a file that appears whole, checked and synced, or not at all.

    Readers and writers go on meanwhile. Raises BackupRefused where the file is there, unless forced, or cannot be
    written, and DatabaseFailed where the database is not whole.
    """
    _refuse_postgresql(engine, 'pg_dump --format=custom --file="$FILE" "$THREEPERCENT_DATABASE_URL"')
    if file.exists() and not is_forced:
        raise BackupRefused(f"{file} is there already. Choose another name, or overwrite it with --force.")
    if file.exists() and sqlite_file(engine).exists() and file.samefile(sqlite_file(engine)):
        raise BackupRefused(f"{file} is the database itself. Choose another name.")
    with reading(engine):
        """The database is there and can be opened; else this says why not."""
    incoming = file.with_name(f".{file.name}.{os.getpid()}.incoming")
    try:
        _copy(sqlite_file(engine), incoming)
        found = check_backup(incoming)
        incoming.replace(file)
        _sync_folder(file.absolute().parent)
    except (OSError, sqlite3.Error) as error:
        raise BackupRefused(f"{file} cannot be written: {_reason(error)}. Nothing was changed.") from error
    finally:
        for ending in ("", "-journal", "-wal", "-shm"):
            with suppress(OSError):
                incoming.with_name(incoming.name + ending).unlink()
    return found._replace(file=file)


def check_backup(file: Path) -> Backup:
    """Read a backup through; raise BackupRefused where it is not a whole database of this software.

    Raises SchemaTooNew for one that a newer release made.
    """
    if not file.is_file():
        raise BackupRefused(f"There is no file {file}.")
    engine = open_engine(f"sqlite:///{file}")
    try:
        with reading(engine) as connection:
            revision = schema_revision(connection)
        faults = check_integrity(engine)
    except (DatabaseError, DBAPIError) as error:
        raise BackupRefused(f"{file} is not a backup that can be read: {_reason(error)}.") from error
    finally:
        engine.dispose()
    if faults:
        raise BackupRefused(f"{file} is damaged: {faults[0]}.")
    if revision is None:
        raise BackupRefused(f"{file} holds nothing of this software.")
    refuse_unknown(revision)
    return Backup(file, file.stat().st_size, revision)


def restore_backup(engine: Engine, file: Path, *, is_forced: bool = False) -> None:
    """Make the database what a checked backup is.

    Raises BackupRefused where the database is there, unless forced, and DatabaseInUse while any process has it open. A
    database that cannot be opened any more is first moved aside, to ``<file>.damaged``.
    """
    _refuse_postgresql(engine, 'pg_restore --clean --if-exists --dbname="$THREEPERCENT_DATABASE_URL" "$FILE"')
    target = sqlite_file(engine)
    if target.exists() and not is_forced:
        raise BackupRefused(f"{target} is there already. Overwrite what it holds with --force.")
    if target.exists() and target.samefile(file):
        raise BackupRefused(f"{file} is the database itself.")
    engine.dispose()

    def is_written() -> None:
        raise _in_use(target)

    with file_lock(target, is_written):
        try:
            with _alone(target) as connection, closing(_opened(file, "ro")) as source:
                source.backup(connection)
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except (OSError, sqlite3.Error) as error:
            raise DatabaseFailed(
                f"Restoring {target} failed: {_reason(error)}. It holds what it held before. Mend that and try again."
            ) from error
        _sync_folder(target.parent)


@contextmanager
def _alone(target: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection beside which there is none, and keep it so: every other one holds a lock that this one needs.

    What it writes goes to the log first, so that a kill leaves what was there.
    """
    if target.exists() and not _can_be_opened(target):
        for ending in ("-wal", "-shm", "-journal", ""):
            part = target.with_name(target.name + ending)
            if part.exists():
                part.replace(target.with_name(f"{target.name}.damaged{ending}"))
    with closing(_opened(target, "rwc")) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                raise _in_use(target) from error
            raise
        yield connection


def _in_use(target: Path) -> DatabaseInUse:
    return DatabaseInUse(
        f"A server or another command has {target} open. Stop it first; then restore, and start it again."
    )


def _can_be_opened(target: Path) -> bool:
    """Say whether SQLite can read a database at all; one in use can be."""
    try:
        with closing(_opened(target, "rw")) as connection:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.DatabaseError as error:
        return error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
    return True


def _copy(database: Path, file: Path) -> None:
    """Copy one committed state; the copy is nobody else's to read, and needs no log beside it."""
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, ONLY_FOR_ITS_OWNER))
    with closing(_opened(database, "ro")) as source, closing(_opened(file, "rw")) as copy:
        copy.execute("PRAGMA synchronous = OFF")  # it is synced as a whole below
        source.execute("BEGIN")  # one state, however long copying takes
        source.execute("SELECT 1 FROM sqlite_schema").fetchone()
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _opened(file: Path, mode: str) -> sqlite3.Connection:
    location = f"file:{quote(str(file.absolute()))}?mode={mode}"
    connection = sqlite3.connect(location, uri=True, isolation_level=None, timeout=0)
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    return connection


def _refuse_postgresql(engine: Engine, instead: str) -> None:
    if not is_sqlite(engine):
        raise BackupRefused(f"{display_url(engine.url)} is PostgreSQL, which has tools of its own: {instead}")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: Exception) -> str:
    cause = error.__cause__ if isinstance(error, DatabaseError) and error.__cause__ else error
    reason = (cause.strerror if isinstance(cause, OSError) else None) or str(getattr(cause, "orig", None) or cause)
    return reason.splitlines()[0].rstrip(".") if reason else type(error).__name__
