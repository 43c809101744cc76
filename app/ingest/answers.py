"""What a source answered is kept, read, judged and stored: one answer is one import, and one transaction.

The same for an answer that was fetched and for a file with the same bytes. An answer that says what its source's newest
one said changes nothing and is not even read, unless something of that one was refused only for now.
"""

import importlib
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal, cast

from sqlalchemy import Connection, Engine

from app import archive
from app.db import DatabaseBusy, DatabaseError, reading, transact, writing
from app.domain.file_errors import Place, SourceError, SyntheticMix
from app.domain.methodology import METHODOLOGY_VERSION
from app.ingest.rates import store_rates
from app.ingest.report import Stored, answer_counts
from app.sources.source import Adapter, Ask, Doubt, LiveReading, RateReading, Source
from app.store import imports
from app.store.versions import Clock

__all__ = ["Taken", "adapter_of", "rules_hash", "take"]

_REFERENCE: Final = ("countries.json", "currencies.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What an answer brought. ``import_id`` is that of the earlier import where the same bytes came again.

    ``dataset_version`` is null where nothing changed; ``rows`` counts the records that were accepted, ``counts`` what
    became of them. ``import_id`` is null where a dry run would have stored something. ``is_final``: nothing was refused
    by the clock or by what is stored, so that the same bytes can bring no more another time.
    """

    import_id: int | None
    dataset_version: int | None
    rows: int
    refused: list[Doubt]
    counts: dict[str, int]
    content_hash: str
    outcome: Literal["stored", "unchanged"]
    is_final: bool = True


def _nothing_more(_connection: Connection, _taken: Taken) -> None:
    """Do nothing beside the import."""


def _silent() -> None:
    """Say nothing of having to wait."""


class _DryRunEndsError(Exception):
    """Raised to roll a dry run back; carries what it would have stored."""

    def __init__(self, taken: Taken) -> None:
        super().__init__("a dry run stores nothing")
        self.taken = taken


def adapter_of(source: Source) -> Adapter:
    """Return the module that knows how to ask and read a source: the one named as its key."""
    return cast("Adapter", importlib.import_module(f"app.sources.{source.key}"))


def take(  # noqa: PLR0913 - what is taken, where it goes, and when
    engine: Engine,
    source: Source,
    ask: Ask,
    body: bytes,
    *,
    data_dir: Path,
    now: datetime,
    public_sources: Collection[str],
    on_stored: Callable[[Connection, Taken], None] = _nothing_more,
    on_wait: Callable[[], None] = _silent,
    file_name: str | None = None,
    is_dry_run: bool = False,
    clock: Clock | None = None,
) -> Taken:
    """Keep an answer's bytes, read and judge it, store what is accepted, and return what became of it.

    ``on_stored`` is called inside the same transaction at its end (also for an unchanged answer, never for a dry run):
    what it writes stands and falls with the answer, and when it raises nothing is stored. ``file_name`` where the bytes
    are a file's; ``public_sources`` are shown to everybody although their terms are unknown, so that what changes their
    corridors is told to everybody too. ``clock`` as of ``versions.record_version``.

    Raises a ``SourceError`` where the answer as a whole cannot be used, ``archive.ArchiveError`` where its bytes cannot
    be kept, ``DatabaseError`` where the database gives up; then nothing is stored but the failed import.
    """
    content_hash = sha256(body).hexdigest()
    name = ask.target if file_name is None else file_name
    answer = _Answer(
        engine, source, ask, content_hash, name, now, is_dry_run, public_sources, clock, is_file=file_name is not None
    )
    try:
        if not is_dry_run:
            archive.keep_bytes(body, data_dir)
        found = None
        with reading(engine) as connection:
            is_known = answer.known(connection) is not None
        if not is_known:
            found = adapter_of(source).read(source, ask, body)
        return transact(engine, lambda connection: answer.store(connection, found, body, on_stored), on_wait)
    except _DryRunEndsError as end:
        return end.taken
    except SourceError as error:
        answer.record_failure(error.code, error.detail)
        raise
    except archive.ArchiveError as error:
        answer.record_failure("archive-error", str(error))
        raise
    except DatabaseBusy:
        raise  # nothing was begun, and a record would have to wait as long again
    except DatabaseError as error:
        answer.record_failure("database-error", str(error))
        raise


@dataclass(frozen=True, slots=True)
class _Answer:
    """One answer on its way into the store."""

    engine: Engine
    source: Source
    ask: Ask
    content_hash: str
    name: str
    now: datetime
    is_dry_run: bool
    public_sources: Collection[str]
    clock: Clock | None
    is_file: bool

    @property
    def file(self) -> imports.ImportFile:
        return imports.ImportFile(
            identity=imports.FileIdentity(
                source=self.source.key,
                file_hash=self.content_hash,
                labels_hash=rules_hash(self.source.key),
                corrections_hash="",
            ),
            file_name=self.name,
            layout=self.ask.target,
            is_synthetic=self.source.is_synthetic,
        )

    def known(self, connection: Connection) -> imports.Import | None:
        """Return the import of the same bytes, unless the source brought something else for them since.

        Nor where that was withdrawn and a person imports the file again; what is only fetched again stays withdrawn.
        """
        found = imports.find_newest_answer(connection, self.file)
        return None if found is not None and self.is_file and found.withdrawn_version is not None else found

    def store(
        self,
        connection: Connection,
        found: RateReading | LiveReading | None,
        body: bytes,
        on_stored: Callable[[Connection, Taken], None],
    ) -> Taken:
        before = self.known(connection)
        if before is not None:
            taken = self._unchanged(before)
        else:
            if found is None:  # the import that knew these bytes was overtaken in between
                found = adapter_of(self.source).read(self.source, self.ask, body)
            taken = self._stored(connection, found)
        if self.is_dry_run:
            raise _DryRunEndsError(taken if before is not None else replace(taken, import_id=None))
        on_stored(connection, taken)
        return taken

    def record_failure(self, code: str, detail: str) -> None:
        """Record that the run failed and why, in a transaction of its own, where the database still answers."""
        if self.is_dry_run:
            return
        with suppress(DatabaseError), writing(self.engine) as connection:
            import_id = imports.start(connection, self.file, started_at=self.now)
            imports.fail(connection, import_id, finished_at=self.now, failure={"code": code, "detail": detail})

    def _unchanged(self, before: imports.Import) -> Taken:
        return Taken(
            import_id=before.id,
            dataset_version=None,
            rows=int(before.counts.get("records_accepted", 0)),
            refused=[],
            counts={},
            content_hash=self.content_hash,
            outcome="unchanged",
        )

    def _stored(self, connection: Connection, found: RateReading | LiveReading) -> Taken:
        database_is_synthetic = imports.is_synthetic(connection)
        if database_is_synthetic not in {None, self.source.is_synthetic}:
            raise SyntheticMix(database_is_synthetic=bool(database_is_synthetic), place=Place(file=self.name))
        import_id = imports.start(connection, self.file, started_at=self.now)
        stored = self._store(connection, found, import_id)
        taken = Taken(
            import_id=import_id,
            dataset_version=stored.dataset_version,
            rows=_accepted(found) - len(stored.refused),
            refused=[*found.refused, *stored.refused],
            counts={**found.counts, **stored.rows},
            content_hash=self.content_hash,
            outcome="stored",
            is_final=not stored.refused,
        )
        counts = answer_counts(self.ask.target, taken.rows, taken.refused, taken.counts)
        imports.finish(
            connection,
            import_id,
            finished_at=self.now,
            counts=counts | {"is_final": taken.is_final},
            dataset_version=stored.dataset_version,
        )
        return taken

    def _store(self, connection: Connection, found: RateReading | LiveReading, import_id: int) -> Stored:
        if isinstance(found, RateReading):
            return store_rates(
                connection,
                found,
                source=self.source,
                import_id=import_id,
                now=self.now,
                public_sources=self.public_sources,
                clock=self.clock,
            )
        from app.ingest.live import store_live

        return store_live(connection, found, source=self.source, import_id=import_id, now=self.now, clock=self.clock)


def _accepted(found: RateReading | LiveReading) -> int:
    if isinstance(found, LiveReading):
        return len(found.quotes)
    return len(found.fixings) or len(found.institutions)


@cache
def rules_hash(source: str) -> str:
    """Return a hash of what decides how bytes become figures: reference data, labels and the methodology's version."""
    digest = sha256(METHODOLOGY_VERSION.encode())
    for name in _REFERENCE:
        digest.update(files("app.reference").joinpath(name).read_bytes())
    labels = files("app.sources").joinpath("labels", f"{source}.toml")
    if labels.is_file():
        digest.update(labels.read_bytes())
    return digest.hexdigest()
