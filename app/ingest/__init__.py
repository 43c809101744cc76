"""Ingest: a source's file is read, judged and stored. One run is one transaction; a failed one leaves only its record.

The bytes are archived first, then read by a child process that maps and judges every row (``app/sources``), and
appended here. Only this room commits an import.
"""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine

from app import archive
from app.db import DatabaseBusy, DatabaseError, reading, transact, writing
from app.domain.file_errors import Place, SourceError, SyntheticMix, UnreadableFile
from app.domain.methodology import METHODOLOGY_VERSION
from app.ingest.answer_files import AnswerFile, answer_file
from app.ingest.answers import take
from app.ingest.differences import Difference
from app.ingest.report import Report, answer_counts, counts_of, refused_row
from app.ingest.storing import Storing
from app.reference import load
from app.sources.child import Limits, read_survey
from app.sources.frames import Batch, Message, Opened, Tally
from app.sources.labels import Labels, label_file
from app.sources.source import Refused
from app.store import imports, rounds, versions

__all__ = ["Limits", "Order", "Progress", "Report", "run", "shown_name"]

REAL, DEMO = "rpw", "demo"
_REFERENCE = ("countries.json", "currencies.json")


class Progress(NamedTuple):
    """How far an import is: rows read, and how much of the whole work is done, in a unit of the file's own."""

    rows_read: int
    done: int
    total: int


def _silent() -> None:
    """Say nothing of having to wait."""


def _ignore(_: object) -> None:
    """Take a message that nobody wants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to import and how. ``on_progress`` and ``on_refused`` are told while it goes on.

    ``now`` is recorded as its beginning, and ``clock`` is asked when it ends (null: the same again).

    ``on_wait`` is called once where another import has to end first.

    A dry run stores nothing, keeps no bytes, and reports the difference that the import would make. ``source`` says
    whose the file is where its content alone would not; ``public_sources`` as the settings have them.
    """

    file: Path
    data_dir: Path
    now: datetime
    limits: Limits = field(default_factory=Limits)
    is_dry_run: bool = False
    on_progress: Callable[[Progress], None] = _ignore
    on_refused: Callable[[Refused], None] = _ignore
    on_wait: Callable[[], None] = _silent
    source: str | None = None
    public_sources: Collection[str] = ()
    clock: versions.Clock | None = None


@dataclass(slots=True)
class _Content:
    """What a file is and was when the import began; ``opened`` once its reader has said what it holds."""

    order: Order
    file_hash: str
    stamp: tuple[int, int, int]
    opened: Opened | None = None

    @property
    def place(self) -> Place:
        return Place(file=self.order.file.name)

    def identity(self, source: str) -> imports.FileIdentity:
        labels = Labels(label_file(REAL), load().currencies)
        return imports.FileIdentity(
            source=source,
            file_hash=self.file_hash,
            labels_hash=_rules_hash(labels.labels_hash),
            corrections_hash=labels.corrections_hash,
        )

    def file(self, source: str, layout: str | None) -> imports.ImportFile:
        return imports.ImportFile(
            identity=self.identity(source),
            file_name=shown_name(self.order.file),
            layout=layout,
            is_synthetic=source == DEMO,
        )

    def report(self, source: str, counts: dict[str, Any]) -> Report:
        return Report(source=source, file_hash=self.file_hash, counts=counts)


@cache
def _rules_hash(labels_hash: str) -> str:
    """Return a hash of what decides how bytes become figures: labels, reference data and the methodology's version."""
    digest = sha256(f"{labels_hash} {METHODOLOGY_VERSION}".encode())
    for name in _REFERENCE:
        digest.update(files("app.reference").joinpath(name).read_bytes())
    return digest.hexdigest()


class _DryRunEndsError(Exception):
    """Raised to roll a dry run back; carries its report and what it would have changed."""

    def __init__(self, report: Report, difference: Difference) -> None:
        super().__init__("a dry run stores nothing")
        self.report = report
        self.difference = difference


def run(engine: Engine, order: Order) -> Report:
    """Import a survey, or a file that holds what another source would answer; return what was done.

    A file whose bytes, labels and corrections are those of the state in the database is recognised and left alone.
    Raises a ``SourceError`` where the whole file cannot be imported, ``archive.ArchiveError`` where its bytes cannot be
    kept, ``DatabaseError`` where the database gives up; then nothing is stored but the failed run.
    """
    answer = answer_file(order.file, order.now, order.source)
    if answer is not None:
        return _take(engine, order, answer)
    content = _Content(order, "", _stamp(order.file))
    try:
        content.file_hash = _kept(order)
    except archive.ArchiveError as error:
        content.file_hash = archive.content_hash(order.file)
        _record_failure(engine, content, "archive-error", str(error))
        raise
    with reading(engine) as connection:
        finished = _finished(connection, [content.identity(REAL), content.identity(DEMO)])
    if finished is not None:
        return replace(content.report(finished.file.identity.source, dict(finished.counts)), already=finished.id)
    try:
        return transact(engine, lambda connection: _import(connection, content), order.on_wait)
    except _DryRunEndsError as end:
        with reading(engine) as connection:
            return replace(end.report, difference=end.difference.found(connection))
    except SourceError as error:
        _record_failure(engine, content, error.code, error.detail)
        raise
    except DatabaseBusy:
        raise  # nothing was begun, and a record would have to wait as long again
    except DatabaseError as error:
        _record_failure(engine, content, "database-error", str(error))
        raise


def _take(engine: Engine, order: Order, answer: AnswerFile) -> Report:
    """Take a file as the answer that it holds."""
    size = len(answer.body)
    order.on_progress(Progress(0, 0, size))
    try:
        taken = take(
            engine,
            answer.source,
            answer.ask,
            answer.body,
            data_dir=order.data_dir,
            now=order.now,
            on_wait=order.on_wait,
            file_name=shown_name(order.file),
            is_dry_run=order.is_dry_run,
            public_sources=order.public_sources,
            clock=order.clock,
        )
    except SourceError as error:
        if error.place.file is None:  # what reads answers knows no file
            error.detail = f"{Place(file=order.file.name)}: {error.detail}"
            error.args = (error.detail,)
        raise
    order.on_progress(Progress(taken.rows + len(taken.refused), size, size))
    for doubt in taken.refused:
        order.on_refused(refused_row(doubt))
    counts = answer_counts(answer.ask.target, taken.rows, taken.refused, taken.counts)
    report = Report(source=answer.source.key, file_hash=taken.content_hash, counts=counts)
    if taken.outcome == "unchanged":
        return replace(report, already=taken.import_id)
    version = None if order.is_dry_run else taken.dataset_version
    return replace(report, import_id=taken.import_id, dataset_version=version)


def shown_name(file: Path) -> str:
    """Return a file's name as text that every database takes, whatever bytes it is made of."""
    return os.fsencode(file.name).decode("utf-8", "backslashreplace")


def _kept(order: Order) -> str:
    try:
        return archive.content_hash(order.file) if order.is_dry_run else archive.keep(order.file, order.data_dir)
    except OSError as error:
        raise UnreadableFile(f"cannot be opened ({error.strerror}).", place=Place(file=order.file.name)) from None


def _stamp(file: Path) -> tuple[int, int, int]:
    """Return what changes when a file is written to or replaced."""
    try:
        status = file.stat()
    except OSError as error:
        raise UnreadableFile(f"cannot be opened ({error.strerror}).", place=Place(file=file.name)) from None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _finished(connection: Connection, identities: list[imports.FileIdentity]) -> imports.Import | None:
    """Return the committed import of the same content, unless a later one changed the data since."""
    newest = versions.newest_version(connection)
    for identity in identities:
        found = imports.find_finished(connection, identity)
        if found is not None and (newest is None or newest.import_id is None or newest.import_id <= found.id):
            return found
    return None


def _import(connection: Connection, content: _Content) -> Report:
    order = content.order
    with closing(read_survey(order.file, order.limits)) as messages:
        opened = content.opened = _opened(next(messages, None), content.place)
        source = DEMO if opened.is_synthetic else REAL
        database_is_synthetic = imports.is_synthetic(connection)
        if database_is_synthetic not in {None, opened.is_synthetic}:
            raise SyntheticMix(database_is_synthetic=bool(database_is_synthetic), place=content.place)
        import_id = imports.start(connection, content.file(source, opened.layout), started_at=order.now)
        known_periods = rounds.surveyed_periods(connection, source)
        storing = Storing(connection, source, known_periods, import_id=import_id, now=order.now, clock=order.clock)
        difference = Difference(connection, source) if order.is_dry_run else None
        tally = _store_all(messages, opened, storing, difference, order)
    if tally is None:
        raise UnreadableFile("ended before its reader had finished.", place=content.place)
    if _stamp(order.file) != content.stamp:
        raise UnreadableFile("was changed while it was being imported; import it again.", place=content.place)
    vanished = storing.vanished()
    storing.rows.vanished = {period: len(keys) for period, keys in vanished.items()}
    report = content.report(source, counts_of(tally, storing.rows))
    storing.services.settle_names()
    version = storing.record_version()
    if difference is not None:
        difference.look(connection, storing.touched, vanished)
        raise _DryRunEndsError(report, difference)
    imports.finish(connection, import_id, finished_at=order.now, counts=report.counts, dataset_version=version)
    return replace(report, import_id=import_id, dataset_version=version)


def _opened(message: Message | None, place: Place) -> Opened:
    if not isinstance(message, Opened):
        raise UnreadableFile("holds no table.", place=place)
    return message


def _store_all(
    messages: Iterator[Message], opened: Opened, storing: Storing, difference: Difference | None, order: Order
) -> Tally | None:
    tally = None
    for message in messages:
        if isinstance(message, Batch):
            for refused in message.refused:
                order.on_refused(refused)
            if difference is not None:
                difference.notice(message)
            storing.store(message)
            order.on_progress(Progress(message.rows_read, message.done, opened.total))
        elif isinstance(message, Tally):
            tally = message
    return tally


def _record_failure(engine: Engine, content: _Content, code: str, detail: str) -> None:
    """Record that the run failed and why, in a transaction of its own, where the database still answers."""
    if content.order.is_dry_run:
        return
    now, opened = content.order.now, content.opened
    source = DEMO if opened is not None and opened.is_synthetic else REAL
    with suppress(DatabaseError), writing(engine) as connection:
        file = content.file(source, None if opened is None else opened.layout)
        import_id = imports.start(connection, file, started_at=now)
        imports.fail(connection, import_id, finished_at=now, failure={"code": code, "detail": detail})
