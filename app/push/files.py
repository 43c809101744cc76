"""A partner's file into the store: read, judged and stored like a push, in one transaction, however large it is.

The file is kept before it is acknowledged. Whoever works on it claims its job, and the transaction that stores it also
says that it is done: so one that was killed begins again from the kept file, and none is stored twice.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import Connection, Engine

from app import archive
from app.db import DatabaseError, claim, reading, transact
from app.domain.file_errors import SourceError, UnreadableFile
from app.domain.geography import Geography
from app.domain.partners import Partner
from app.domain.push_errors import TooManyQuotes
from app.push.batch import PushedItem, Taking, started
from app.push.progress import Progress, forget, tell
from app.push.recording import Tally
from app.sources.partner_files import FileFormat, PartnerFile
from app.store import import_jobs, imports, partners, usage
from app.store.import_jobs import OPEN, Job

ITEMS_AT_ONCE: Final = 2_000
TOLD_EVERY_SECONDS: Final = 0.5
MOST_ATTEMPTS: Final = 5
"""How often a file may end its process before it is given up."""

_TOO_OFTEN: Final = "The import was begun several times and never came to its end. Send the file in smaller parts."
_ENDED: Final = "The partner's account was ended before the file was imported."


class Quota(Protocol):
    """What a partner may still have judged today."""

    def charge_rows(self, rows: int) -> None:
        """Charge quotes that are to be judged; raises TooManyQuotes beyond the quota."""
        ...

    def give_back(self) -> None:
        """Take back all that was charged."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FileWorld:
    """Where files are worked on.

    ``most_bytes`` bounds a file unpacked. ``quota`` is asked what a partner may have judged; nothing bounds it unless
    given. ``is_ending`` says whether the process is asked to end.
    """

    engine: Engine
    data_dir: Path
    geography: Geography
    clock: Callable[[], datetime]
    most_bytes: int
    is_sandbox: bool = False
    quota: Callable[[Partner], Quota] | None = None
    is_ending: Callable[[], bool] = bool


class _EndingError(Exception):
    """Raised to roll an import back since its process ends; it begins again where one goes on."""


def work_off(world: FileWorld, job_id: str) -> Job | None:
    """Import a file that waits; return its job as it is then, null where somebody else is at it.

    Raises DatabaseError, OSError where the kept file is out of reach, and what nobody expected; then it waits on.
    """
    with claim(world.engine, f"import/{job_id}") as is_ours:
        if not is_ours:
            return None
        job = transact(world.engine, lambda connection: _begun(connection, job_id))
        if job is not None and job.state in OPEN:
            _attempt(world, job)
    forget(world.data_dir, job_id)
    with reading(world.engine) as connection:
        return import_jobs.find(connection, job_id)


def _begun(connection: Connection, job_id: str) -> Job | None:
    """Count the attempt that is about to be made; a job that ends its process again and again is given up."""
    job = import_jobs.find(connection, job_id)
    if job is None or job.state not in OPEN:
        return job
    if job.attempts >= MOST_ATTEMPTS:
        import_jobs.fail(connection, job, code="given-up", detail=_TOO_OFTEN)
        return import_jobs.find(connection, job_id)
    import_jobs.begin(connection, job)
    return job


def _attempt(world: FileWorld, job: Job) -> None:
    try:
        with archive.kept(job.file.file_hash, world.data_dir):
            transact(world.engine, lambda connection: _import(connection, world, job))
    except (SourceError, TooManyQuotes) as error:
        said = error.code, f"{error.detail[:1].upper()}{error.detail[1:]}"
        transact(world.engine, lambda connection: import_jobs.fail(connection, job, code=said[0], detail=said[1]))
    except _EndingError:
        transact(world.engine, lambda connection: import_jobs.put_back(connection, job))
    except (DatabaseError, OSError):  # not the file's fault: it may be tried as often as it takes
        transact(world.engine, lambda connection: import_jobs.put_back(connection, job))
        raise


def _import(connection: Connection, world: FileWorld, job: Job) -> None:
    """Take a kept file in, in the caller's transaction."""
    file = job.file
    newest = import_jobs.find(connection, file.id)
    if newest is None or newest.state not in OPEN:  # a claim was lost with its connection, and another was quicker
        return
    partner = partners.find(connection, file.partner)
    if partner is None:
        import_jobs.fail(connection, job, code="partner-ended", detail=_ENDED)
        return
    now = world.clock()
    pushed_by = imports.PushedBy(public_id=file.id, partner=partner.id, key_id=file.key_id, request_id=file.request_id)
    import_id = started(connection, partner, file.file_hash, now=file.received_at, pushed_by=pushed_by)
    taking = Taking(
        connection,
        partner=partner,
        geography=world.geography,
        import_id=import_id,
        now=now,
        is_sandbox=world.is_sandbox,
    )
    tally = _charged(world, taking, job, partner)
    version = taking.finish(world.clock)
    imports.finish(connection, import_id, finished_at=world.clock(), counts=tally.counts(), dataset_version=version)
    import_jobs.done(connection, job, import_id)
    usage.add(connection, {(partner.id, now.date()): (0, tally.items)})


def _charged(world: FileWorld, taking: Taking, job: Job, partner: Partner) -> Tally:
    """Take the items of a kept file and charge them to the partner's quota; a file that is not stored costs nothing."""
    quota = None if world.quota is None else world.quota(partner)
    try:
        return _take(world, taking, job, quota)
    except BaseException:
        if quota is not None:
            quota.give_back()
        raise


def _take(world: FileWorld, taking: Taking, job: Job, quota: Quota | None) -> Tally:
    """Take the items of a kept file; raises a SourceError where the file as a whole cannot be used."""
    tally, told_at, kept = Tally(), 0.0, job.file
    with archive.kept(kept.file_hash, world.data_dir) as received:
        file_format = FileFormat(kept.media_type)
        file = PartnerFile(received, file_format, size=kept.size_bytes, most_bytes=world.most_bytes)
        for items in taken(file, taking):
            if quota is not None:
                quota.charge_rows(len(items))
            tally.add([item for item, _ in items])
            if world.is_ending():
                raise _EndingError
            if time.monotonic() - told_at > TOLD_EVERY_SECONDS:
                told_at = time.monotonic()
                progress = Progress(bytes_read=file.bytes_read, outcomes=dict(tally.outcomes))
                tell(world.data_dir, kept.id, progress)
    return tally


def taken(file: PartnerFile, taking: Taking, *, is_kept: bool = True) -> Iterator[list[tuple[PushedItem, int]]]:
    """Yield what became of a file's items, part by part, each with its line; raises UnreadableFile for none at all.

    Where nothing ``is_kept``, what would become of them.
    """
    items = file.items()
    place = 0
    while part := list(islice(items, ITEMS_AT_ONCE)):
        raw = [item.raw for item in part]
        judged = taking.take(raw, place) if is_kept else [one.item() for one in taking.weigh(raw, place)]
        place += len(part)
        yield [(item, found.line) for item, found in zip(judged, part, strict=True)]
    if place == 0:
        raise UnreadableFile("holds no quotes.")
