"""What partners used and when their keys were, kept in memory and stored every few seconds: no request waits for it."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from threading import Event, Lock, Thread
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from app.db import DatabaseError, transact
from app.observability import log_away
from app.store import keys, usage

STORE_SECONDS: Final = 5.0
STOP_SECONDS: Final = 3.0


class Used(NamedTuple):
    """Requests that were answered and counted, and quotes that were judged."""

    requests: int = 0
    quotes: int = 0


class UsageCounts:
    """Counts that are not stored yet; a process that is killed loses those of its last seconds.

    They are shown, and nothing is decided by them: limits have counts of their own.
    """

    def __init__(self, engine: Engine) -> None:
        """``engine`` is where they are stored."""
        self._engine = engine
        self._counted: defaultdict[tuple[str, date], Used] = defaultdict(Used)
        self._keys: dict[str, datetime] = {}
        self._lock = Lock()
        self._end = Event()
        self._thread: Thread | None = None

    def count(self, partner: str, day: date, *, requests: int = 0, quotes: int = 0) -> None:
        """Count what a partner used."""
        with self._lock:
            before = self._counted[partner, day]
            self._counted[partner, day] = Used(before.requests + requests, before.quotes + quotes)

    def note_key(self, key_id: str, at: datetime) -> None:
        """Note when a key was used last."""
        with self._lock:
            self._keys[key_id] = at

    def store(self) -> None:
        """Store what was counted; what cannot be stored now is stored later."""
        with self._lock:
            counted, self._counted = dict(self._counted), defaultdict(Used)
            used, self._keys = self._keys, {}
        if not counted and not used:
            return

        def work(connection: Connection) -> None:
            usage.add(connection, counted)
            keys.record_uses(connection, used)

        try:
            transact(self._engine, work)
        except (DatabaseError, SQLAlchemyError) as error:
            log_away(error)
            self._keep(counted, used)

    def start(self) -> None:
        """Store every few seconds from now on, in a thread of its own."""
        self._end.clear()
        self._thread = Thread(target=self._run, name="usage", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Store once more and end; while an import writes, nobody who is told to stop waits for its end."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while not self._end.wait(STORE_SECONDS):
            self.store()
        self.store()

    def _keep(self, counted: Mapping[tuple[str, date], Used], used: Mapping[str, datetime]) -> None:
        for (partner, day), spent in counted.items():
            self.count(partner, day, requests=spent.requests, quotes=spent.quotes)
        with self._lock:
            self._keys = {**used, **self._keys}
