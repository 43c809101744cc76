"""Works off the files that partners sent, one after the other, while the server runs; of many workers one takes each.

A worker that is killed leaves its claim with its life: the next one to look begins the file again.
"""

from dataclasses import replace
from threading import Event, Thread
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from app.db import DatabaseError, reading
from app.observability import Metrics, log, log_away
from app.push.files import FileWorld, work_off
from app.store import import_jobs
from app.store.import_jobs import Job

LOOK_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 10.0
STOP_SECONDS: Final = 10.0


class ImportWorker:
    """A thread that imports waiting files; it can be told to end, and what it was at is then begun again elsewhere."""

    def __init__(self, world: FileWorld, metrics: Metrics) -> None:
        """``world`` is where the files and the database are."""
        self._ending = Event()
        self._world = replace(world, is_ending=self._ending.is_set)
        self._metrics = metrics
        self._thread: Thread | None = None

    def start(self) -> None:
        """Work from now on, in a thread of its own."""
        self._thread = Thread(target=self.run, name="imports", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Begin no further file, and wait a little for the one that is under way."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def run(self) -> None:
        """Work until told to end."""
        while not self._ending.is_set():
            is_well = self.turn()
            self._ending.wait(LOOK_SECONDS if is_well else RETRY_SECONDS)

    def turn(self) -> bool:
        """Work off what waits now; say whether nothing went wrong that time may mend."""
        try:
            with reading(self._world.engine) as connection:
                waiting = import_jobs.open_jobs(connection)
        except (DatabaseError, SQLAlchemyError) as error:
            log_away(error)
            return False
        outcomes = [self._done(job) for job in waiting if not self._ending.is_set()]
        return all(outcomes)

    def _done(self, job: Job) -> bool:
        try:
            ended = work_off(self._world, job.file.id)
        except (DatabaseError, SQLAlchemyError) as error:
            log_away(error, import_id=job.file.id)
            return False
        except OSError as error:
            log.error("import_file_away", import_id=job.file.id, error=type(error).__name__, said=error.strerror)
            return False
        except Exception as error:  # noqa: BLE001 -- one file must not keep the others from being imported
            self._metrics.errors.inc()
            log.error("import_not_ended", import_id=job.file.id, request_id=job.file.request_id, exc_info=error)
            return False
        if ended is not None:
            log.info("import_ended", import_id=ended.file.id, request_id=ended.file.request_id, state=ended.state.value)
        return True
