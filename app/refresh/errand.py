"""An errand: one source is asked everything there is to ask, each answer is stored or its failure recorded.

One answer is one transaction with the record of its call. A target that fails changes nothing of what is stored, and
the others go on. Adapters are asked again for asks until they have none that is new, since some learn from the first
answers what else there is.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from app.archive import ArchiveError
from app.db import DatabaseError, reading, transact
from app.domain.errors import LeaseLost
from app.domain.fetch_errors import FetchError, LeftAlone
from app.domain.file_errors import Place, SourceError, SyntheticMix
from app.fetch import Received, Request
from app.ingest.answers import Taken, adapter_of, rules_hash, take
from app.observability import log
from app.refresh.fetched import declared
from app.refresh.known import known_to
from app.sources.source import Ask, Doubt, Source
from app.store import fetches, imports, leases
from app.store.fetches import Fetched, Newest
from app.store.leases import Lease

MOST_ROUNDS: Final = 5
"""How often an adapter is asked what else there is: each round asks only for targets that are new."""

NOT_MODIFIED: Final = 304


def _ignore(_asks: list[Ask]) -> None:
    """Take what nobody wants to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The world as an errand meets it.

    ``get`` asks over HTTP. ``wait`` waits so many seconds and says whether this process is asked to end.
    ``public_sources`` are shown to everybody although their terms are unknown.
    """

    engine: Engine
    data_dir: Path
    get: Callable[[Request], Received]
    clock: Callable[[], datetime]
    wait: Callable[[float], bool]
    public_sources: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What to ask of whom. ``due_at`` is the due instant that it serves, null when a person wants it.

    ``corridors`` narrow what a source of quotes is asked for, ``skipped`` are targets that are not asked. Under a
    ``lease`` no answer and no call is written once it is lost. A dry run stores and records nothing, and asks one round
    only.
    """

    source: Source
    due_at: datetime | None = None
    corridors: tuple[str, ...] = ()
    skipped: frozenset[str] = frozenset()
    lease: Lease | None = None
    is_dry_run: bool = False
    on_asks: Callable[[list[Ask]], None] = _ignore


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one ask. ``fetched`` is what was recorded, if ``is_recorded``.

    A host that is left alone was not asked, so nothing is recorded; ``retry_at`` is when it may be.
    """

    fetched: Fetched
    refused: list[Doubt] = field(default_factory=list)
    dataset_version: int | None = None
    is_recorded: bool = True
    retry_at: datetime | None = None

    @property
    def is_failure(self) -> bool:
        """Whether the target brought nothing."""
        return self.fetched.outcome == fetches.FAILED


def run(world: Surroundings, errand: Errand) -> Iterator[Outcome]:
    """Ask a source and store what it answers; yield what became of each ask, as it happens.

    Ends early when the process is asked to end. Raises LeaseLost, DatabaseError, SyntheticMix where the database holds
    the other kind of prices, and whatever an adapter raises that cannot say what to ask.
    """
    seen = set(errand.skipped)
    pause = 0.0
    for _ in range(MOST_ROUNDS):
        asks, before = _look(world, errand)
        new = [ask for ask in {ask.target: ask for ask in reversed(asks)}.values() if ask.target not in seen][::-1]
        if not new:
            return
        errand.on_asks(new)
        for ask in new:
            if world.wait(pause):
                return
            seen.add(ask.target)
            outcome = _Call(world, errand, ask, _repeatable(errand.source, ask, before.get(ask.target))).outcome()
            pause = declared(errand.source).pause_seconds if outcome.fetched.attempts else 0.0
            yield outcome
        if errand.is_dry_run:
            return


def request_for(source: Source, ask: Ask, before: Fetched | None = None) -> Request:
    """Return the call of an ask, conditional where what came ``before`` would be taken in the same way again."""
    fetching = declared(source)
    return Request(
        url=ask.url,
        hosts=fetching.hosts,
        accept=ask.accept,
        etag=None if before is None else before.etag,
        last_modified=None if before is None else before.last_modified,
        deadline_seconds=fetching.deadline_seconds,
        max_bytes=fetching.max_bytes,
        max_unpacked_bytes=fetching.max_unpacked_bytes,
    )


def _question_hash(source: Source, ask: Ask) -> str:
    """Return a hash of an address and of the rules by which its answer is read: what a validator belongs to."""
    return sha256(f"{ask.url} {rules_hash(source.key)}".encode()).hexdigest()


def _repeatable(source: Source, ask: Ask, newest: Newest | None) -> Fetched | None:
    """Return the newest call of a target if its answer still says what the source has to say.

    Not where it was the answer to another address, or judged by other rules, and not after a failure.
    """
    if newest is None or newest.success is None or newest.is_failing:
        return None
    return newest.success if newest.success.question_hash == _question_hash(source, ask) else None


def _look(world: Surroundings, errand: Errand) -> tuple[list[Ask], dict[str, Newest]]:
    """Return what the adapter wants to ask now, and the newest calls of each target."""
    source = errand.source
    with reading(world.engine) as connection:
        holds_synthetic = imports.is_synthetic(connection)
        if holds_synthetic not in {None, source.is_synthetic}:
            raise SyntheticMix(database_is_synthetic=bool(holds_synthetic), place=Place(file=source.key))
        known = known_to(connection, source, world.clock().date(), errand.corridors)
        newest = fetches.newest(connection)
    before = {target: found for (key, target), found in newest.items() if key == source.key}
    return adapter_of(source).asks(source, known), before


@dataclass(frozen=True, slots=True)
class _Call:
    """One ask on its way: asked, taken or refused, and recorded."""

    world: Surroundings
    errand: Errand
    ask: Ask
    before: Fetched | None

    def outcome(self) -> Outcome:
        """Ask, and store what comes; raise only what concerns more than this target."""
        begun = self._fetched(started_at=self.world.clock())
        try:
            received = self.world.get(request_for(self.errand.source, self.ask, self.before))
            begun = replace(
                begun,
                attempts=received.attempts,
                received_bytes=received.received_bytes,
                etag=received.etag,
                last_modified=received.last_modified,
            )
            return self._not_modified(begun) if received.status == NOT_MODIFIED else self._taken(begun, received.body)
        except LeftAlone as error:
            failed = _failed(begun, error.code, error.detail, self.world.clock())
            return Outcome(fetched=replace(failed, attempts=0), is_recorded=False, retry_at=error.retry_at)
        except FetchError as error:
            begun = replace(begun, attempts=error.attempts, received_bytes=error.received_bytes)
            return self._recorded(_failed(begun, error.code, error.detail, self.world.clock()))
        except SourceError as error:
            return self._recorded(_failed(begun, error.code, error.detail, self.world.clock()))
        except ArchiveError as error:
            return self._recorded(_failed(begun, "archive-error", str(error), self.world.clock()))
        except (LeaseLost, DatabaseError, SQLAlchemyError):
            raise
        except Exception as error:  # noqa: BLE001 -- an adapter's fault: it must not keep the other targets from being asked
            log.exception("fetch_unexpected", source=begun.source, target=begun.target)
            detail = f"An error that nobody expected ({type(error).__name__}); the log of this moment says more."
            return self._recorded(_failed(begun, "unexpected-error", detail, self.world.clock()))

    def _fetched(self, started_at: datetime) -> Fetched:
        return Fetched(
            source=self.errand.source.key,
            target=self.ask.target,
            due_at=self.errand.due_at,
            started_at=started_at,
            finished_at=started_at,
            outcome=fetches.FAILED,
            question_hash=_question_hash(self.errand.source, self.ask),
        )

    def _not_modified(self, begun: Fetched) -> Outcome:
        """Record that the source has nothing newer; what was said with the stored answer still holds of it."""
        before = self.before
        fetched = replace(begun, outcome="unchanged", finished_at=self.world.clock())
        if before is not None:
            fetched = replace(fetched, content_hash=before.content_hash, rows=before.rows, import_id=before.import_id)
        return self._recorded(fetched)

    def _taken(self, begun: Fetched, body: bytes) -> Outcome:
        """Store an answer and record its call in the same transaction."""

        def success(taken: Taken) -> Fetched:
            return replace(
                begun,
                finished_at=self.world.clock(),
                outcome=taken.outcome,
                content_hash=taken.content_hash,
                question_hash=begun.question_hash if taken.is_final else None,
                rows=taken.rows,
                refused_rows=len(taken.refused),
                import_id=taken.import_id,
            )

        taken = take(
            self.world.engine,
            self.errand.source,
            self.ask,
            body,
            data_dir=self.world.data_dir,
            now=self.world.clock(),
            on_stored=lambda connection, taken: self._write(connection, success(taken)),
            is_dry_run=self.errand.is_dry_run,
            public_sources=self.world.public_sources,
            clock=self.world.clock,
        )
        return Outcome(
            fetched=success(taken),
            refused=taken.refused,
            dataset_version=taken.dataset_version,
            is_recorded=not self.errand.is_dry_run,
        )

    def _recorded(self, fetched: Fetched) -> Outcome:
        if self.errand.is_dry_run:
            return Outcome(fetched=fetched, is_recorded=False)
        transact(self.world.engine, lambda connection: self._write(connection, fetched))
        return Outcome(fetched=fetched)

    def _write(self, connection: Connection, fetched: Fetched) -> None:
        """Record a call, unless the lease was lost; whoever still works holds it for its whole time again."""
        if self.errand.lease is not None:
            leases.renew(connection, self.errand.lease, fetched.finished_at)
        fetches.record(connection, fetched)


def _failed(begun: Fetched, code: str, detail: str, now: datetime) -> Fetched:
    return replace(begun, outcome=fetches.FAILED, failure_code=code, failure_detail=detail, finished_at=now)
