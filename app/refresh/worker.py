"""A worker: keeps every source fresh at once, each by a thread of its own, so that a slow one holds up no other."""

import socket
import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from os import getpid
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.db import DatabaseError, transact
from app.observability import Metrics, log, log_away
from app.refresh.keeping import LOOK_SECONDS, Keeper
from app.refresh.world import StoredBreakers, surroundings
from app.settings import Settings
from app.sources.source import Source
from app.store import fetches

KEPT: Final = timedelta(days=90)
"""How long records of calls are kept; the newest of each target stay for ever."""

PRUNED_EVERY: Final = timedelta(days=1)
GRACE_SECONDS: Final = 10.0
"""How long a worker that is asked to end waits for the calls that are under way."""


class Worker:
    """Fetches sources when they are due, until it is told to end. Any number of workers may share a database."""

    def __init__(  # noqa: PLR0913 - what is kept fresh, and the world that it happens in
        self,
        settings: Settings,
        engine: Engine,
        sources: dict[str, Source],
        *,
        clock: Callable[[], datetime],
        metrics: Metrics,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        """``wait`` waits so many seconds and says whether this process is asked to end; real time unless told."""
        self._ending = threading.Event()
        self.clock = clock
        self.wait = self._ending.wait if wait is None else wait
        self.engine = engine
        breakers = StoredBreakers(engine, clock, metrics)
        world = surroundings(settings, engine, clock=clock, wait=self.wait, breakers=breakers)
        owner = f"{socket.gethostname()}:{getpid()}:{uuid.uuid4().hex[:8]}"
        self.keepers = [Keeper(world, source, owner=owner, metrics=metrics) for source in sources.values()]
        self._threads: list[threading.Thread] = []
        self._pruned_at: datetime | None = None

    def run(self) -> None:
        """Keep the sources fresh until ``end`` is called, from another thread or a signal's handler."""
        log.info("refresh_started", sources=[keeper.source.key for keeper in self.keepers])
        self._threads = [
            threading.Thread(target=keeper.keep, name=f"refresh-{keeper.source.key}", daemon=True)
            for keeper in self.keepers
        ]
        for thread in self._threads:
            thread.start()
        self._prune()
        while not self.wait(LOOK_SECONDS):
            self._prune()
        self._close()

    def once(self) -> bool:
        """Serve what is due now, one source after the other; say whether everything that was asked went well."""
        for keeper in self.keepers:
            if self.wait(0):
                break
            keeper.turn()
        self._prune()
        return not any(keeper.has_failed for keeper in self.keepers)

    def end(self) -> None:
        """Ask the worker to end: calls under way may finish, no further one begins."""
        self._ending.set()

    def _close(self) -> None:
        """Wait a little for the calls that are under way, then let go of the leases, so that others may go on."""
        for thread in self._threads:
            thread.join(GRACE_SECONDS / len(self._threads))
        for keeper in self.keepers:
            keeper.let_go()
        log.info("refresh_ended", abandoned=[thread.name for thread in self._threads if thread.is_alive()])

    def _prune(self) -> None:
        """Forget old records of calls, once a day; after a clock was set back, too."""
        now = self.clock()
        if self._pruned_at is not None and abs(now - self._pruned_at) < PRUNED_EVERY:
            return
        self._pruned_at = now
        try:
            forgotten = transact(self.engine, lambda connection: fetches.prune(connection, now - KEPT))
        except (DatabaseError, SQLAlchemyError) as error:
            log_away(error)
        else:
            log.info("fetches_pruned", forgotten=forgotten)
