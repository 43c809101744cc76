"""A batch of pushed items: one transaction, one import, and an answer that is stored with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, Engine

from app.db import reading, transact
from app.domain.geography import Geography
from app.domain.partners import Partner
from app.domain.verdicts import Outcome
from app.ingest.answers import rules_hash
from app.push.collecting import uncollected
from app.push.recording import Tally
from app.push.taking import PushedItem, Taking, Weighed, reject_all
from app.sources.pushed_items import split_batch
from app.store import imports

__all__ = ["MOST_ITEMS", "Batch", "Pushed", "PushedItem", "Pusher", "Taking", "push", "read_batch", "started", "weigh"]

MOST_ITEMS: Final = 10_000
_LAYOUT: Final = "push"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What was pushed at once: the JSON of each item, and the SHA-256 of the whole as hex."""

    items: Sequence[bytes]
    content_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pusher:
    """Who pushes, and when. ``clock`` says the time at which the work ends; null: ``now``."""

    partner: Partner
    key_id: str | None
    request_id: str | None
    now: datetime
    clock: Callable[[], datetime] | None = None
    is_sandbox: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What became of a batch. ``dataset_version`` is null where nothing that is shown changed.

    ``import_id`` and ``public_id`` name the import that it was.
    """

    items: Sequence[PushedItem]
    import_id: int
    public_id: str
    dataset_version: int | None


def read_batch(body: bytes) -> Batch:
    """Return the items of a body, none of them judged. Raises UnreadableFile or WrongLayout."""
    return Batch(items=split_batch(body), content_hash=sha256(body).hexdigest())


def push(  # noqa: PLR0913 - what is pushed, by whom, where to, and how
    engine: Engine,
    batch: Batch,
    *,
    by: Pusher,
    geography: Geography,
    public_id: str,
    is_atomic: bool = False,
    answer: Callable[[Connection, Pushed], None],
) -> Pushed:
    """Take a batch in one transaction and return what became of each item.

    ``is_atomic``: where one item is rejected, all are. ``answer`` is called inside the transaction, at its end: what it
    writes stands and falls with the quotes, and when it raises nothing is stored.
    """

    def work(connection: Connection) -> Pushed:
        pushed_by = imports.PushedBy(
            public_id=public_id, partner=by.partner.id, key_id=by.key_id, request_id=by.request_id
        )
        import_id = started(connection, by.partner, batch.content_hash, now=by.now, pushed_by=pushed_by)
        taking = _taking(connection, by, geography, import_id)
        weighed = taking.weigh(batch.items)
        if is_atomic and any(one.outcome is Outcome.REJECTED for one in weighed):
            reject_all(weighed)
        items = taking.keep(weighed)
        version = taking.finish(by.clock)
        finished_at = by.now if by.clock is None else by.clock()
        tally = Tally()
        tally.add(items)
        imports.finish(connection, import_id, finished_at=finished_at, counts=tally.counts(), dataset_version=version)
        pushed = Pushed(items=items, import_id=import_id, public_id=public_id, dataset_version=version)
        answer(connection, pushed)
        return pushed

    with uncollected():
        return transact(engine, work)


def weigh(engine: Engine, batch: Batch, *, by: Pusher, geography: Geography, is_atomic: bool = False) -> list[Weighed]:
    """Return what would become of a batch; nothing is stored, and no writer waits."""
    with uncollected(), reading(engine) as connection:
        weighed = _taking(connection, by, geography, None).weigh(batch.items)
    if is_atomic and any(one.outcome is Outcome.REJECTED for one in weighed):
        reject_all(weighed)
    return weighed


def started(
    connection: Connection, partner: Partner, content_hash: str, *, now: datetime, pushed_by: imports.PushedBy
) -> int:
    """Record that an import of a partner runs, in the caller's transaction; return its id.

    It is of the kind that the data are: a partner's sandbox lies over invented ones.
    """
    identity = imports.FileIdentity(
        source=partner.source, file_hash=content_hash, labels_hash=rules_hash(partner.source), corrections_hash=""
    )
    is_synthetic = bool(imports.is_synthetic(connection))
    file = imports.ImportFile(identity=identity, file_name="", layout=_LAYOUT, is_synthetic=is_synthetic)
    return imports.start(connection, file, started_at=now, pushed_by=pushed_by)


def _taking(connection: Connection, by: Pusher, geography: Geography, import_id: int | None) -> Taking:
    return Taking(
        connection,
        partner=by.partner,
        geography=geography,
        import_id=import_id,
        now=by.now,
        is_sandbox=by.is_sandbox,
    )
