"""/v1/imports: files of quotes, received as a stream and imported in the background; and all that a partner pushed."""

import asyncio
import csv
import io
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from pydantic import Field
from sqlalchemy import Connection
from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse

from app import archive
from app.api.bodies import pieces_of
from app.api.callers import PRIVATE
from app.api.deps import JsonOnlyDep, PagingDep, Writing, WritingDep
from app.api.formats import Answer, Json, encode, respond
from app.api.idempotency import IdempotencyKeyHeader, Remember, Write, Written, exactly_once, fingerprint
from app.api.inputs import StrictRoute, Text
from app.api.limits import Limits
from app.api.pages import next_link, token_of
from app.api.problems import InvalidPageTokenError
from app.api.shapes import Moment, OpenWord, Shape
from app.api.tables import CSV, NDJSON, neutral
from app.api.writers import rehearse, write
from app.db import reading, transact
from app.domain.body_errors import BodyOfOtherKind, BodyUnreadable
from app.domain.push_errors import UnknownImport
from app.domain.verdicts import Finding, Outcome, findings_from
from app.push.files import FileWorld, work_off
from app.push.progress import Progress, told
from app.push.recording import ID_BYTES, new_import_id, outcomes_of
from app.store import import_jobs, imports, quarantine
from app.store.import_jobs import Job, JobState, ReceivedFile

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["writes"])

IMPORT_ID: Final = r"^imp_[a-z2-7]{26}$"
MEDIA_TYPES: Final = {CSV: CSV, NDJSON: NDJSON, "application/ndjson": NDJSON, "application/jsonl": NDJSON}
ENCODINGS: Final = frozenset({"identity", "gzip", "x-gzip"})
HANDED_OVER_BYTES: Final = 2**20
REFUSED_AT_ONCE: Final = 2_000
FILE: Final = {"type": "string", "format": "binary", "minLength": 1}
_NOT_KEPT: Final = {"Cache-Control": PRIVATE}
REFUSED_COLUMNS: Final = ("item", "external_id", "rule", "pointer", "detail", "limit", "value")

ImportId = Annotated[
    Annotated[str, Text(IMPORT_ID, "the id of an import", "imp_ob2wyzdjnztgm5lmnrqxgzdfmi")],
    Path(description="`import_id` of an answer, or of GET /v1/imports."),
]


class ImportCounts(Shape):
    """What became of the items; those of a file that is being imported so far."""

    accepted: int
    duplicate: int
    quarantined: int
    rejected: int


class ImportFailure(Shape):
    """Why nothing of a file could be imported."""

    code: str
    detail: str


class ImportShape(Shape):
    """Something that was pushed: a batch, or a file."""

    id: str
    kind: Annotated[str, OpenWord(("batch", "file"))]
    state: Annotated[str, OpenWord(("waiting", "running", "done", "failed", "withdrawn"))]
    received_at: Moment
    finished_at: Moment | None
    content_sha256: str = Field(description="Of the bytes as they were received.")
    size_bytes: int | None = Field(description="Of a file.")
    bytes_read: int | None = Field(description="Of a file, while it is being imported.")
    counts: ImportCounts
    dataset_version: int | None = Field(description="In which it is shown; null where nothing that is shown changed.")
    failure: ImportFailure | None
    refused: str | None = Field(description="Where the items that were refused are told, as CSV; null where none was.")


class ImportList(Shape):
    """What you pushed, the newest first."""

    imports: list[ImportShape]
    next_page_token: str | None = Field(description="Pass it as page_token to get the next page; null on the last.")


@router.post(
    "/imports",
    name="create_import",
    summary="Send a file of quotes",
    status_code=202,
    responses={202: {"model": ImportShape}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "A file as docs/partner-files.md describes it, packed with gzip or not.",
            "content": {CSV: {"schema": FILE}, NDJSON: {"schema": FILE}},
        }
    },
)
async def create_import(
    request: Request, writing: WritingDep, _json: JsonOnlyDep, _key: IdempotencyKeyHeader = None
) -> Response:
    """Take a file, keep it, and import it in the background, in one transaction; the answer says where to look.

    CSV or NDJSON, as a stream, of any size up to the limit of this installation.
    """
    media_type = _media_type(request)
    settings = writing.main.settings
    with archive.receiving(settings.data_dir) as incoming:
        file_hash = await _received(request, incoming, settings.import_bytes)
    received = ReceivedFile(
        id=new_import_id(secrets.token_bytes(ID_BYTES)),
        partner=writing.caller.partner.id,
        key_id=writing.caller.key_id,
        request_id=writing.request_id,
        file_hash=file_hash,
        media_type=media_type,
        size_bytes=incoming.size,
        received_at=writing.now,
    )
    response = await write(_accept, writing, received)
    if writing.is_sandbox:  # which no worker looks after: it is there for this day and this partner
        response.background = BackgroundTask(rehearse, _rehearse, writing, received.id)
    return response


def _accept(writing: Writing, received: ReceivedFile) -> Response:
    job = Job(file=received, state=JobState.WAITING, attempts=0, import_id=None, failure=None)
    location = {"Location": f"/v1/imports/{received.id}"}
    written = Written(status=202, body=encode(_of_job(job, Progress())), headers=location)

    def act(remember: Remember) -> Written:
        def work(connection: Connection) -> None:
            import_jobs.add(connection, received)
            remember(connection, written)

        transact(writing.shared.engine, work)
        return written

    asked_for = Write(
        request=writing.request,
        engine=writing.shared.engine,
        partner=received.partner,
        now=writing.now,
        fingerprint=fingerprint(writing.request, received.file_hash.encode()),
    )
    return exactly_once(asked_for, act, is_required=True)


def _rehearse(writing: Writing, job_id: str) -> None:
    limits: Limits = writing.request.app.state.limits
    world = FileWorld(
        engine=writing.shared.engine,
        data_dir=writing.main.settings.data_dir,
        geography=writing.shared.geography,
        clock=writing.shared.clock,
        most_bytes=writing.main.settings.import_bytes,
        is_sandbox=True,
        quota=partial(limits.of_partner, is_sandbox=True),
    )
    work_off(world, job_id)


def _media_type(request: Request) -> str:
    given, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    if given.strip() not in MEDIA_TYPES or parameters.replace(" ", "").replace('"', "") not in {"", "charset=utf-8"}:
        raise BodyOfOtherKind(expected=f"the Content-Type {CSV} or {NDJSON}")
    if request.headers.get("content-encoding", "identity").strip().lower() not in ENCODINGS:
        raise BodyOfOtherKind(expected="a file that is packed with gzip, or not at all")
    return MEDIA_TYPES[given.strip()]


async def _received(request: Request, incoming: archive.Incoming, most: int) -> str:
    """Keep a body, handed over to another thread in pieces that are worth it; return its hash."""
    held = bytearray()
    async for piece in pieces_of(request, most):
        held += piece
        if len(held) >= HANDED_OVER_BYTES:
            await asyncio.to_thread(incoming.write, bytes(held))
            held.clear()
    if held:
        await asyncio.to_thread(incoming.write, bytes(held))
    if incoming.size == 0:
        raise BodyUnreadable(problem="it is empty, and a file of quotes was expected.")
    return await asyncio.to_thread(incoming.keep)


@router.get("/imports", name="imports", summary="What you pushed", responses={200: {"model": ImportList}})
def list_imports(writing: WritingDep, paging: PagingDep, _json: JsonOnlyDep) -> Response:
    """List batches and files that you pushed, the newest first."""
    after = _position(paging.after)
    partner, size = writing.caller.partner.id, paging.size
    with reading(writing.shared.engine) as connection:
        jobs = import_jobs.listed(connection, partner, limit=size + 1, after=after)
        pushed = imports.pushed_by_partner(connection, partner, limit=size + 1, after=after)
    found: dict[str, tuple[datetime, Job | None, imports.Import | None]] = {
        job.file.id: (job.file.received_at, job, None) for job in jobs
    }
    for run in pushed:
        if run.pushed_by is not None:
            job = found.get(run.pushed_by.public_id, (None, None, None))[1]
            found[run.pushed_by.public_id] = (run.started_at, job, run)
    keys = sorted(found, key=lambda key: (found[key][0], key), reverse=True)
    chosen = keys[:size]
    rows: list[Json] = [_row(writing, key, found[key][1], found[key][2]) for key in chosen]
    token, links = None, []
    if len(keys) > size:
        token = token_of((found[chosen[-1]][0].isoformat(), chosen[-1]), paging.path, paging.parameters)
        links = [next_link(paging.path, paging.parameters, token)]
    body = encode({"imports": rows, "next_page_token": token})
    return respond(writing.request, Answer(body=body, cache_control=PRIVATE, links=tuple(links)))


def _position(after: tuple[str, ...] | None) -> tuple[datetime, str] | None:
    if after is None:
        return None
    try:
        at, import_id = after
        return datetime.fromisoformat(at), import_id
    except ValueError:
        raise InvalidPageTokenError from None


@router.get(
    "/imports/{import_id}", name="import", summary="How far an import is", responses={200: {"model": ImportShape}}
)
def show_import(import_id: ImportId, writing: WritingDep, _json: JsonOnlyDep) -> Response:
    """Return how far a file is, and what became of its items; the same for a batch."""
    with reading(writing.shared.engine) as connection:
        job, run = _found(connection, import_id, writing)
    return respond(writing.request, Answer(body=encode(_row(writing, import_id, job, run)), cache_control=PRIVATE))


@router.get(
    "/imports/{import_id}/refused",
    name="import_refused",
    summary="What was refused of an import, and why",
    response_class=Response,
    responses={200: {"content": {CSV: {"schema": {"type": "string"}}}}},
)
def show_refused(import_id: ImportId, writing: WritingDep) -> Response:
    """Return the items that were refused, as CSV: a line for each thing that was found; kept for 30 days."""
    with reading(writing.shared.engine) as connection:
        _, run = _found(connection, import_id, writing)
    return StreamingResponse(
        _refused_lines(writing, run), media_type=f"{CSV}; charset=utf-8; header=present", headers=_NOT_KEPT
    )


def _refused_lines(writing: Writing, run: imports.Import | None) -> Iterator[bytes]:
    """Give the file in parts: of a large import a great many items can be refused."""
    yield _csv([REFUSED_COLUMNS])
    after = -1 if run is not None else None
    while run is not None and after is not None:
        with reading(writing.shared.engine) as connection:
            items = quarantine.rejected(connection, run.id, after=after, limit=REFUSED_AT_ONCE)
        yield _csv(
            (str(item.place + 1), item.external_id, *_said(finding))
            for item in items
            for finding in findings_from(item.findings)
        )
        after = items[-1].place if len(items) == REFUSED_AT_ONCE else None


def _said(finding: Finding) -> tuple[str | None, ...]:
    return finding.rule, finding.pointer, finding.detail, finding.limit, finding.value


def _csv(rows: Iterable[Sequence[str | None]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerows([neutral(cell or "") for cell in row] for row in rows)
    return buffer.getvalue().encode()


def _found(connection: Connection, import_id: str, writing: Writing) -> tuple[Job | None, imports.Import | None]:
    """Return a caller's own import; another partner's is as unknown as one that never was."""
    partner = writing.caller.partner.id
    job = import_jobs.find(connection, import_id)
    run = imports.find_pushed(connection, import_id)
    owners = {found for found in (job and job.file.partner, run and run.pushed_by and run.pushed_by.partner) if found}
    if owners != {partner}:
        raise UnknownImport(text=import_id)
    return job, run


def _row(writing: Writing, import_id: str, job: Job | None, run: imports.Import | None) -> Mapping[str, Json]:
    if run is not None:
        return _of_run(import_id, run, job)
    if job is None:
        raise UnknownImport(text=import_id)
    is_open = job.state in import_jobs.OPEN
    return _of_job(job, told(writing.main.settings.data_dir, import_id) if is_open else Progress())


def _of_job(job: Job, progress: Progress) -> Mapping[str, Json]:
    return {
        "id": job.file.id,
        "kind": "file",
        "state": job.state.value,
        "received_at": job.file.received_at,
        "finished_at": None,
        "content_sha256": job.file.file_hash,
        "size_bytes": job.file.size_bytes,
        "bytes_read": progress.bytes_read if job.state in import_jobs.OPEN else None,
        "counts": _counts(progress.outcomes),
        "dataset_version": None,
        "failure": None if job.failure is None else dict(job.failure),
        "refused": None,
    }


def _of_run(import_id: str, run: imports.Import, job: Job | None) -> Mapping[str, Json]:
    outcomes = outcomes_of(run.counts)
    return {
        "id": import_id,
        "kind": "batch" if job is None else "file",
        "state": "withdrawn" if run.withdrawn_version is not None else JobState.DONE.value,
        "received_at": run.started_at,
        "finished_at": run.finished_at,
        "content_sha256": run.file.identity.file_hash,
        "size_bytes": None if job is None else job.file.size_bytes,
        "bytes_read": None,
        "counts": _counts(outcomes),
        "dataset_version": run.dataset_version,
        "failure": None,
        "refused": f"/v1/imports/{import_id}/refused" if outcomes[Outcome.REJECTED] else None,
    }


def _counts(outcomes: Mapping[Outcome, int]) -> Mapping[str, Json]:
    return {outcome.value: outcomes.get(outcome, 0) for outcome in Outcome}
