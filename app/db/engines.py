"""Engines for SQLite and PostgreSQL, and the transaction scopes: ``reading`` and ``writing`` are the only ways in.

One transaction writes at a time: on SQLite behind a file lock beside the database that every process holds for each
write transaction and its checkpoint (SQLite before 3.51.3 can corrupt a WAL when two connections write or checkpoint
at once), on PostgreSQL behind an advisory lock. So dataset versions are committed in the order of their numbers, and
what an import looked up stays true to its end.
"""

import fcntl
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

import sqlalchemy.exc
from sqlalchemy import Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError

from app.db.errors import DatabaseBusy, DatabaseFailed, DatabaseUnreachable, UnsupportedDatabase

LOCK_SECONDS: Final = 600.0
LOCK_POLL_SECONDS: Final = 0.02
LOCK_TOLD_SECONDS: Final = 1.0
BUSY_SECONDS: Final = 30
CONNECT_SECONDS: Final = 10
WAL_BYTES_KEPT: Final = 64 * 1024**2
WRITER_CACHE_KIB: Final = 32 * 1024
WRITE_LOCK: Final = 0x3_00_0A11  # PostgreSQL's advisory lock of the one writer; any constant of our own
SERIALIZATION_FAILURE: Final = "40001"
LOCK_NOT_AVAILABLE: Final = "55P03"
ATTEMPTS: Final = 5

_SQLITE_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_SQLITE_FAILS: Final = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOTADB,
    }
)
_POSTGRESQL_FAILS: Final = frozenset({"25006", "42501", "XX001", "XX002"})  # besides its operational errors

_WRITER: Final = "threepercent_writer"
_SECRET_KEYS: Final = frozenset({"password", "passfile", "sslpassword", "service"})
"""What a PostgreSQL URL may say after its question mark that is, or leads to, a password."""

Result = TypeVar("Result")


def open_engine(url: str) -> Engine:
    """Return an engine for ``sqlite:///file.db`` or ``postgresql://…``; connects to nothing yet.

    Its own connections only read. On SQLite they are opened read-only, so that a reader can never checkpoint;
    ``writing`` uses a second engine that this one carries.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise UnsupportedDatabase(
            "The database URL cannot be read. Expected sqlite:///file.db or postgresql://user:password@host/name."
        ) from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _sqlite_engine(parsed)
    if backend == "postgresql":
        return _postgresql_engine(parsed)
    raise UnsupportedDatabase(f"The database {backend!r} is not supported. Expected sqlite:///… or postgresql://….")


def is_sqlite(engine: Engine | Connection) -> bool:
    """Say whether this is SQLite; else it is PostgreSQL."""
    return engine.dialect.name == "sqlite"


def sqlite_file(engine: Engine) -> Path:
    """Return the file of a SQLite engine."""
    return Path(str(engine.url.database))


def display_url(url: str | URL) -> str:
    """Return a database URL without its secrets, for messages: no password, nor a query key that holds or names one."""
    parsed = make_url(url)
    secret = [key for key in parsed.query if key.lower() in _SECRET_KEYS]
    return parsed.difference_update_query(secret).render_as_string(hide_password=True)


def _sqlite_engine(url: URL) -> Engine:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise UnsupportedDatabase("SQLite needs a file: sqlite:///relative/file.db or sqlite:////absolute/file.db.")
    file = Path(url.database).absolute()
    bare = URL.create("sqlite", database=str(file))
    writer = create_engine(bare, creator=_opener(file, "rwc"), poolclass=NullPool)
    reader = create_engine(bare, creator=_opener(file, "ro"), execution_options={_WRITER: writer})
    event.listen(writer, "connect", _prepare_sqlite_writer)
    event.listen(writer, "begin", _begin_immediate)
    event.listen(reader, "connect", _prepare_sqlite_reader)
    event.listen(reader, "begin", _begin_deferred)
    return reader


def _opener(file: Path, mode: str) -> Callable[[], sqlite3.Connection]:
    location = f"file:{quote(str(file))}?mode={mode}"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(location, uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_SECONDS)

    return connect


def _prepare_sqlite_writer(connection: sqlite3.Connection, _record: object) -> None:
    for statement in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"journal_size_limit = {WAL_BYTES_KEPT}",
        f"cache_size = -{WRITER_CACHE_KIB}",
    ):
        connection.execute(f"PRAGMA {statement}")


def _prepare_sqlite_reader(connection: sqlite3.Connection, _record: object) -> None:
    for statement in ("query_only = ON", "wal_autocheckpoint = 0", "schema_version"):  # the last reads the file
        connection.execute(f"PRAGMA {statement}")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_deferred(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _postgresql_engine(url: URL) -> Engine:
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "threepercent",
            "options": f"{url.query.get('options', '')} -c timezone=UTC".strip(),
        },
    )


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees one state of the database from its first query on, and changes nothing."""
    with _connected(engine) as connection:
        if not is_sqlite(connection):
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)  # noqa: PLW2901 - the same connection
        with connection.begin():
            yield connection


def _silent() -> None:
    """Say nothing of having to wait."""


@contextmanager
def writing(engine: Engine, on_wait: Callable[[], None] = _silent) -> Iterator[Connection]:
    """Give the one connection that may write, commit at the end, or leave nothing behind when the body raises.

    Waits until no other process writes, and calls ``on_wait`` when that takes longer than a second; raises DatabaseBusy
    after ``LOCK_SECONDS``, and DatabaseFailed where the database gives up in the middle.
    """
    with _explained(engine), _writing(engine, on_wait) as connection:
        yield connection


@contextmanager
def _writing(engine: Engine, on_wait: Callable[[], None]) -> Iterator[Connection]:
    if is_sqlite(engine):
        writer: Engine = engine.get_execution_options()[_WRITER]
        with file_lock(sqlite_file(engine), on_wait), _connected(writer) as connection, connection.begin():
            yield connection
    else:
        with _connected(engine) as connection, connection.begin():
            _advisory_lock(connection, on_wait)
            yield connection


def transact(engine: Engine, work: Callable[[Connection], Result], on_wait: Callable[[], None] = _silent) -> Result:
    """Do the work in a ``writing`` scope, again from the start when the database gives SQLSTATE 40001.

    Distributed PostgreSQL does so where transactions meet; ``work`` must be safe to repeat.
    """
    with _explained(engine):
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with _writing(engine, on_wait if attempt == 1 else _silent) as connection:
                    return work(connection)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) != SERIALIZATION_FAILURE or attempt == ATTEMPTS:
                    raise
    raise AssertionError("the last attempt returns or raises")


@contextmanager
def _explained(engine: Engine) -> Iterator[None]:
    """Turn what an operator can mend into a DatabaseError; faults of our own statements go on as they are."""
    try:
        yield
    except Exception as error:
        original = error.orig if isinstance(error, DBAPIError) else error
        state = getattr(original, "sqlstate", None)
        code = getattr(original, "sqlite_errorcode", 0) & 0xFF
        if state == LOCK_NOT_AVAILABLE or code in _SQLITE_BUSY:
            raise DatabaseBusy(_busy(engine)) from error
        if code in _SQLITE_FAILS or state in _POSTGRESQL_FAILS or _is_operational(original):
            where, reason = display_url(engine.url), _reason(original)
            raise DatabaseFailed(
                f"The database at {where} failed: {reason}. Nothing of this transaction was stored."
            ) from error
        raise


def _is_operational(error: BaseException | None) -> bool:
    """Say whether this is PostgreSQL's way to say that it was stopped, is full, or cannot be reached any more."""
    driver = sys.modules.get("psycopg")
    return driver is not None and isinstance(error, driver.OperationalError | driver.InterfaceError)


def _reason(error: BaseException | None) -> str:
    lines = str(error or "").strip().splitlines()
    return lines[0].rstrip(".") if lines else "no reason given"


def _busy(engine: Engine) -> str:
    return f"Another process has been writing to {display_url(engine.url)} for {LOCK_SECONDS:.0f} seconds. Try later."


def _advisory_lock(connection: Connection, on_wait: Callable[[], None]) -> None:
    """Take PostgreSQL's lock of the one writer; the server itself gives up after ``LOCK_SECONDS``."""
    told_at = time.monotonic() + min(LOCK_TOLD_SECONDS, LOCK_SECONDS)
    while not connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({WRITE_LOCK})").scalar():
        if time.monotonic() > told_at:
            on_wait()
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {max(1, int(LOCK_SECONDS * 1000))}")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
            connection.exec_driver_sql("SET LOCAL lock_timeout TO DEFAULT")
            return
        time.sleep(LOCK_POLL_SECONDS)


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    try:
        connection = engine.connect()
    except (sqlalchemy.exc.DatabaseError, sqlite3.DatabaseError) as error:
        raise DatabaseUnreachable(_unreachable(engine, error)) from error
    with connection:
        yield connection


def _unreachable(engine: Engine, error: Exception) -> str:
    where = display_url(engine.url)
    if is_sqlite(engine) and not sqlite_file(engine).exists():
        return f"There is no database at {where}. Create it with: threepercent db upgrade"
    reason = str(getattr(error, "orig", None) or error).strip() or "no reason given"
    verb = "cannot be opened" if is_sqlite(engine) else "does not answer"
    return f"The database at {where} {verb}: {reason.splitlines()[0]}"


@contextmanager
def file_lock(database: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold ``<database>.lock``; the operating system lets go of it when a process dies, however it dies."""
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(f"{database}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise DatabaseUnreachable(f"The folder of {database} cannot be written: {error.strerror}.") from error
    try:
        began, is_told = time.monotonic(), False
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                waited = time.monotonic() - began
                if waited > LOCK_TOLD_SECONDS and not is_told:
                    is_told = True
                    on_wait()
                if waited > LOCK_SECONDS:
                    raise DatabaseBusy(
                        f"Another process has been writing to {database} for {LOCK_SECONDS:.0f} seconds. Try later."
                    ) from None
                time.sleep(LOCK_POLL_SECONDS)
        yield
    finally:
        os.close(descriptor)
