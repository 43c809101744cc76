"""Claims: a name is one caller's at a time, over all threads and processes, and a process that dies leaves none behind.

Nobody waits: who does not get a name is told so at once. A claim is no proof that nothing was done, only that nobody
else is at it now: what must not happen twice is decided by what is stored, inside the transaction that stores it.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from typing import Final, Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from app.db.engines import display_url, is_sqlite, sqlite_file
from app.db.errors import DatabaseUnreachable

_PLACES: Final = 2**62  # of a file's bytes, and of PostgreSQL's advisory locks: so many names there can be


class _Locks(Protocol):
    """The locks of one process in a place that all processes see; ``take`` never waits."""

    def take(self, place: int) -> bool: ...

    def give_back(self, place: int) -> None: ...

    def close(self) -> None: ...


class _FileLocks:
    """Locks of single bytes in ``<database>.claims``, which stays empty.

    A process has one such file open at most: closing any other handle of it would let go of all its locks.
    """

    def __init__(self, engine: Engine) -> None:
        file = f"{sqlite_file(engine)}.claims"
        try:
            self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise DatabaseUnreachable(f"The file {file} cannot be written: {error.strerror}.") from error

    def take(self, place: int) -> bool:
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except (BlockingIOError, PermissionError):  # either means that another process has it
            return False
        return True

    def give_back(self, place: int) -> None:
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, place)

    def close(self) -> None:
        os.close(self._descriptor)


class _ServerLocks:
    """Advisory locks of PostgreSQL, all of one connection, so that they end with it and need no second one each."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    def take(self, place: int) -> bool:
        try:
            return self._asked("pg_try_advisory_lock", place)
        except SQLAlchemyError:  # the server was started anew, or has ended the connection: then its locks ended too
            self.close()
        try:
            return self._asked("pg_try_advisory_lock", place)
        except SQLAlchemyError as error:
            self.close()
            where = display_url(self._engine.url)
            raise DatabaseUnreachable(f"The database at {where} does not answer.") from error

    def give_back(self, place: int) -> None:
        if self._connection is None:
            return
        try:
            self._asked("pg_advisory_unlock", place)
        except SQLAlchemyError:
            self.close()

    def close(self) -> None:
        if self._connection is not None:
            with suppress(SQLAlchemyError):
                self._connection.invalidate()  # not given back to the pool: whatever it still holds ends here
                self._connection.close()
            self._connection = None

    def _asked(self, function: str, place: int) -> bool:
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        return bool(self._connection.exec_driver_sql(f"SELECT {function}({place})").scalar_one())


class _Held:
    """What this process has claimed in one database; there while it has claimed anything."""

    def __init__(self, engine: Engine) -> None:
        self.locks: _Locks = _FileLocks(engine) if is_sqlite(engine) else _ServerLocks(engine)
        self.places: set[int] = set()


_HELD: dict[URL, _Held] = {}  # of the process, as its locks are
_GUARD = threading.Lock()


@contextmanager
def claim(engine: Engine, name: str) -> Iterator[bool]:
    """Give whether the name is ours until the end of the scope; false where another caller has it, here or elsewhere.

    Raises DatabaseUnreachable where it cannot be known.
    """
    place = int.from_bytes(blake2b(name.encode(), digest_size=8, person=b"claim").digest()) % _PLACES
    is_ours = _take(engine, place)
    try:
        yield is_ours
    finally:
        if is_ours:
            _give_back(engine.url, place)


def _take(engine: Engine, place: int) -> bool:
    with _GUARD:
        held = _HELD.get(engine.url) or _Held(engine)
        is_ours = False
        try:
            is_ours = place not in held.places and held.locks.take(place)
        finally:
            if is_ours:
                held.places.add(place)
                _HELD[engine.url] = held
            elif not held.places:
                held.locks.close()
        return is_ours


def _give_back(url: URL, place: int) -> None:
    with _GUARD:
        held = _HELD[url]
        held.places.discard(place)
        held.locks.give_back(place)
        if not held.places:
            del _HELD[url]
            held.locks.close()
