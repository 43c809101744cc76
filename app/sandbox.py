"""Sandboxes: where a partner's test key rehearses, over invented data of the day, seen by nobody else, and wiped daily.

Each partner has a database of its own: a copy of the day's, which is made from the demonstration data when the first
test key of the day asks. So one partner's versions, quotes and waiting times tell another nothing. All of it lies in
``<data_dir>/sandbox/<day>/`` (UTC); what is of earlier days is deleted. Servers on several machines have their own.
"""

import fcntl
import os
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from sqlite3 import connect
from threading import BoundedSemaphore, Lock
from typing import Final

from sqlalchemy import Connection, Engine

from app.board import Board, load
from app.db import open_engine, reading, upgrade, writing
from app.domain.geography import Geography
from app.domain.partners import Partner, PartnerKind
from app.store import partners, versions

SURVEY_ROWS: Final = 1500
TARIFFS: Final = 600
RATE_DAYS: Final = 60
MOST_OPEN: Final = 64
"""So many partners' sandboxes a worker holds in memory; the one that was longest unused makes room."""

MOST_WAITING: Final = 8
"""So many requests of a worker wait while a day's data are made; the rest have to come again, or nobody else's would
find a thread."""


class SandboxNotReadyError(Exception):
    """The day's data are being made, and enough others wait for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """One partner's sandbox at this moment: its database, its board, and the partner with the providers it named."""

    engine: Engine
    board: Board
    partner: Partner


class _Open:
    """A sandbox that this worker holds open."""

    def __init__(self, file: Path) -> None:
        self.engine = open_engine(f"sqlite:///{file}")
        self.lock = Lock()
        self.given: Partner | None = None
        self.board: Board | None = None


class Sandboxes:
    """The sandboxes of all partners; safe to use from many threads and processes."""

    def __init__(self, data_dir: Path, geography: Geography) -> None:
        """``data_dir``: the folder of the settings."""
        self._folder = data_dir / "sandbox"
        self._geography = geography
        self._lock = Lock()
        self._making = Lock()
        self._waiting = BoundedSemaphore(MOST_WAITING)
        self._day: date | None = None
        self._open = OrderedDict[str, _Open]()
        self._demonstration: Board | None = None

    def of(self, partner: Partner, now: datetime) -> Sandbox:
        """Return a partner's sandbox of today with the newest board; the day's first call takes some seconds.

        ``now`` is the true time, whatever a clock header says. To be called off the event loop. Raises
        SandboxNotReadyError where too many wait.
        """
        held = self._held(partner, now.astimezone(UTC).date())
        with held.lock:
            if held.given != partner:
                with writing(held.engine) as connection:
                    _introduce(connection, partner, now)
                held.given = partner
            with reading(held.engine) as connection:
                held.board = board = self._newest(connection, held.board, now)
                known = partners.find(connection, partner.id) or partner
        return Sandbox(engine=held.engine, board=board, partner=known)

    def close(self) -> None:
        """Let go of every database; what is asked for afterwards is opened again."""
        with self._lock:
            self._let_go()

    def _newest(self, connection: Connection, before: Board | None, now: datetime) -> Board:
        if before is not None and versions.newest_version(connection) == before.version:
            return before
        return load(connection, self._geography, now, before or self._demonstration, with_private=True)

    def _held(self, partner: Partner, day: date) -> _Open:
        """Return a sandbox that is open, or open it; only those whose file has to be made first wait for that."""
        found = self._find(partner, day)
        if found is not None:
            return found
        if not self._waiting.acquire(blocking=False):
            raise SandboxNotReadyError
        try:
            with self._making:
                file = self._copied(partner, day)
        finally:
            self._waiting.release()
        with self._lock:
            if self._day != day:  # midnight came meanwhile
                raise SandboxNotReadyError
            held = self._open.setdefault(partner.id, _Open(file))
            while len(self._open) > MOST_OPEN:
                self._open.popitem(last=False)[1].engine.dispose()
            return held

    def _find(self, partner: Partner, day: date) -> _Open | None:
        with self._lock:
            if self._day != day:
                self._let_go()
                self._day, self._demonstration = day, None
            held = self._open.get(partner.id)
            if held is not None:
                self._open.move_to_end(partner.id)
            return held

    def _copied(self, partner: Partner, day: date) -> Path:
        """Return the file of a partner's sandbox, made by the first process that needs it."""
        folder = self._folder / day.isoformat()
        file = folder / f"{partner.id}.db"
        with _locked(self._folder):
            demonstration = folder / ".demonstration.db"  # no partner's id begins so
            if not demonstration.exists():
                self._wipe(before=day)
                folder.mkdir(exist_ok=True)
                with _appearing(demonstration) as unfinished:
                    make_demonstration(unfinished, day)
            if self._demonstration is None:
                board = self._board_of(demonstration, day)
                with self._lock:
                    if self._day == day:
                        self._demonstration = board
            if not file.exists():
                with _appearing(file) as unfinished:
                    shutil.copyfile(demonstration, unfinished)
        return file

    def _board_of(self, file: Path, day: date) -> Board:
        """Return the board of the day's data, which all sandboxes share as far as their partners change nothing."""
        engine = open_engine(f"sqlite:///{file}")
        try:
            with reading(engine) as connection:
                return load(connection, self._geography, _midnight(day), with_private=True)
        finally:
            engine.dispose()

    def _wipe(self, *, before: date) -> None:
        for old in self._folder.iterdir():
            if old.is_dir() and old.name < before.isoformat():
                shutil.rmtree(old, ignore_errors=True)  # another process may delete it too

    def _let_go(self) -> None:
        while self._open:
            self._open.popitem()[1].engine.dispose()


def _introduce(connection: Connection, partner: Partner, now: datetime) -> None:
    """Make a partner known in its sandbox as it is known outside; an aggregator keeps the providers it named here."""
    if not partners.exists(connection, partner.id):
        partners.add(connection, partner, now)
        return
    known = partners.find(connection, partner.id)
    if known is not None and partner.kind is PartnerKind.PROVIDER:
        partners.take(connection, partner.id, known.providers.keys() - partner.providers.keys())
    partners.give(connection, partner.id, partner.providers)


def make_demonstration(file: Path, day: date) -> None:
    """Write a database with an invented survey, and reference rates and tariffs invented for a day.

    It depends on the day alone, and is all known from the day's first instant on.
    """
    from app.demo.files import write_workbook  # heavy, and needed once a day
    from app.demo.plan import DEFAULT_SEED, Plan
    from app.demo.rates import write_rates
    from app.demo.tariffs import write_tariffs
    from app.ingest import Order, run

    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".making-") as name:
        folder = Path(name)
        survey, rates, tariffs = folder / "survey.xlsx", folder / "rates.csv", folder / "tariffs.json"
        write_workbook(Plan(SURVEY_ROWS), survey, lambda _: None)
        write_rates(rates, RATE_DAYS, day)
        write_tariffs(tariffs, TARIFFS, DEFAULT_SEED, day)
        engine = open_engine(f"sqlite:///{folder / 'made.db'}")
        try:
            upgrade(engine)
            for made in (survey, rates, tariffs):
                run(engine, Order(file=made, data_dir=folder, now=_midnight(day)))
        finally:
            engine.dispose()
        with closing(connect(folder / "made.db")) as whole:  # into one file that needs no journal beside it
            whole.execute("VACUUM INTO ?", (str(file),))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


@contextmanager
def _appearing(file: Path) -> Iterator[Path]:
    """Give a name beside a file to write to, and put it in its place when it is complete."""
    unfinished = file.with_name(f"{file.name}.unfinished-{os.getpid()}")
    try:
        yield unfinished
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the sandboxes' lock over all processes; the operating system lets go of it when a process dies."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
