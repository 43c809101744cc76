"""POST /v1/quotes/withdrawals and POST /v1/imports/{import_id}/withdrawal: a partner takes quotes back."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import ConfigDict, Field
from sqlalchemy import Connection
from starlette.responses import Response

from app.api.bodies import json_as, read_json_bytes, request_body
from app.api.deps import JsonOnlyDep, Writing, WritingDep
from app.api.formats import Json, encode
from app.api.idempotency import IdempotencyKeyHeader, Remember, Write, Written, exactly_once, fingerprint
from app.api.inputs import CORRIDOR, StrictRoute, YesNo
from app.api.problems import BadRequestError, ErrorItem, without_echo
from app.api.shapes import CorridorId, Moment, OpenWord, Shape
from app.api.v1.imports import ImportId
from app.api.v1.quote_bodies import MomentIn
from app.api.writers import write
from app.db import instant, reading
from app.domain.audit import by_key
from app.domain.errors import ThreePercentError
from app.domain.push_errors import ImportUnfinished, UnknownImport
from app.domain.reasons import LONGEST_REASON, VISIBLE, reason
from app.mend.acts import Acted, Hand
from app.mend.imports import withdraw_import
from app.mend.withdrawals import Withdrawn, withdraw
from app.sources.live_records import instant_of
from app.store import import_jobs, imports
from app.store.quarantine import Quarantined
from app.store.withdrawals import Found, Selection

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["writes"])

MOST_EXTERNAL_IDS: Final = 1_000
MOST_QUOTE_IDS: Final = 100
MOST_LISTED: Final = 1_000
ReasonIn = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_REASON,
        pattern=VISIBLE,
        description="Why, in a line that everybody can read in GET /v1/corrections.",
        examples=["sent by mistake"],
    ),
]


class WithdrawalIn(Shape):
    """Quotes for which all holds that is given, beside the reason at least one thing.

    With a time, or named by their ids, they are taken back as if they had never been sent: what they had replaced
    stands again. Services that are named without a time end: nothing stands in their place.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 2})

    reason: ReasonIn
    external_ids: list[Annotated[str, Field(min_length=1)]] | None = Field(
        default=None, min_length=1, max_length=MOST_EXTERNAL_IDS
    )
    quote_ids: list[UUID] | None = Field(default=None, min_length=1, max_length=MOST_QUOTE_IDS)
    corridor: Annotated[str, Field(pattern=CORRIDOR, examples=["GBR-PHL"])] | None = None
    observed_from: MomentIn | None = Field(default=None, description="Observed then or later.")
    observed_until: MomentIn | None = Field(default=None, description="Observed before.")
    sent_from: MomentIn | None = Field(
        default=None, description="Sent then or later: when we received the batch or file."
    )
    sent_until: MomentIn | None = Field(default=None, description="Sent before.")


class ReasonAlone(Shape):
    """Why."""

    reason: ReasonIn


class WithdrawalBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which quotes to withdraw, and why."""

    reason: str
    external_ids: list[str] | None = None
    quote_ids: list[str] | None = None
    corridor: str | None = None
    observed_from: str | None = None
    observed_until: str | None = None
    sent_from: str | None = None
    sent_until: str | None = None


class ReasonBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why."""

    reason: str


class WithdrawnQuote(Shape):
    """A quote that was taken back, and how it stood."""

    quote_id: str
    external_id: str
    corridor: CorridorId
    observed_at: Moment | None = Field(description="Null of a quote that waited in quarantine.")
    was: Annotated[str, OpenWord(("shown", "superseded", "quarantined"))]


class Withdrawal(Shape):
    """What was withdrawn, or would be."""

    dry_run: bool
    withdrawn: int = Field(description="How many quotes were taken back.")
    from_quarantine: int = Field(description="How many more, which waited in quarantine.")
    returned: int = Field(description="How many older quotes stand again, because what had replaced them is gone.")
    dataset_version: int | None = Field(description="Null where nothing that is shown changed.")
    quotes: list[WithdrawnQuote] = Field(description=f"Those taken back, the first {MOST_LISTED:,}.")


DryRun = Annotated[
    Annotated[bool | None, YesNo()], Query(description="`true`: change nothing, and say what would be withdrawn.")
]


@router.post(
    "/quotes/withdrawals",
    name="withdraw_quotes",
    summary="Take quotes back",
    responses={200: {"model": Withdrawal}},
    openapi_extra=request_body(WithdrawalIn),
)
async def withdraw_quotes(
    request: Request, writing: WritingDep, _json: JsonOnlyDep, dry_run: DryRun = None, _key: IdempotencyKeyHeader = None
) -> Response:
    """Take quotes of yours back, by their ids, `external_id`, corridor or time; no answer shows them within seconds.

    What was shown stays on record: `as_of` shows it, and GET /v1/corrections says that it was withdrawn.
    """
    body = await read_json_bytes(request)
    asked = json_as(body, WithdrawalBody)
    selection = _selection(writing, asked)
    hand = hand_of(writing, asked.reason)
    engine = writing.shared.engine

    def act(remember: Callable[[Connection, Acted], None]) -> Withdrawn:
        return withdraw(engine, selection, hand, is_dry_run=bool(dry_run), remember=remember)

    return await write(_answered, writing, body, act, is_dry_run=bool(dry_run))


@router.post(
    "/imports/{import_id}/withdrawal",
    name="withdraw_import",
    summary="Take a whole import back",
    responses={200: {"model": Withdrawal}},
    openapi_extra=request_body(ReasonAlone),
)
async def withdraw_one_import(
    import_id: ImportId,
    request: Request,
    writing: WritingDep,
    _json: JsonOnlyDep,
    dry_run: DryRun = None,
    _key: IdempotencyKeyHeader = None,
) -> Response:
    """Take back all that a batch or file of yours brought; what it had replaced stands again. Twice is like once."""
    body = await read_json_bytes(request)
    hand = hand_of(writing, json_as(body, ReasonBody).reason)
    found = await asyncio.to_thread(_own_import, writing, import_id)

    def act(remember: Callable[[Connection, Acted], None]) -> Withdrawn:
        engine = writing.shared.engine
        return withdraw_import(engine, found, hand, is_dry_run=bool(dry_run), remember=remember).withdrawn

    return await write(_answered, writing, body, act, is_dry_run=bool(dry_run))


def _answered(
    writing: Writing,
    body: bytes,
    act: Callable[[Callable[[Connection, Acted], None]], Withdrawn],
    *,
    is_dry_run: bool,
) -> Response:
    asked_for = Write(
        request=writing.request,
        engine=writing.shared.engine,
        partner=writing.caller.partner.id,
        now=writing.now,
        fingerprint=fingerprint(writing.request, body),
    )

    def done(remember: Remember) -> Written:
        def at_the_end(connection: Connection, acted: Acted) -> None:
            if isinstance(acted, Withdrawn):
                remember(connection, _written(acted, is_dry_run=is_dry_run))

        return _written(act(at_the_end), is_dry_run=is_dry_run)

    return exactly_once(asked_for, done, is_required=False)


def _own_import(writing: Writing, import_id: str) -> imports.Import:
    """Return an import of the caller's; another partner's is as unknown as one that never was."""
    partner = writing.caller.partner.id
    with reading(writing.shared.engine) as connection:
        found = imports.find_pushed(connection, import_id)
        job = import_jobs.find(connection, import_id)
    if found is not None and found.pushed_by is not None and found.pushed_by.partner == partner:
        return found
    if found is None and job is not None and job.file.partner == partner:
        raise ImportUnfinished(has_failed=job.state not in import_jobs.OPEN)
    raise UnknownImport(text=import_id)


def hand_of(writing: Writing, why: str) -> Hand:
    """Return the hand that acts by a key, for a reason of the body; BadRequestError where it is none."""
    with _in_body("reason"):
        said = reason(why)
    return Hand(actor=by_key(writing.caller.key_id), reason=said, clock=writing.shared.clock)


def _selection(writing: Writing, asked: WithdrawalBody) -> Selection:
    corridor = None
    if asked.corridor is not None:
        with _in_body("corridor"):
            corridor = writing.shared.geography.corridor(asked.corridor, ()).id
    selection = Selection(
        source=writing.caller.partner.source,
        source_keys=_listed(asked.external_ids, "external_ids", MOST_EXTERNAL_IDS),
        quote_ids=tuple(map(_uuid, _listed(asked.quote_ids, "quote_ids", MOST_QUOTE_IDS))),
        corridor=corridor,
        observed_from=_time("observed_from", asked.observed_from),
        observed_until=_time("observed_until", asked.observed_until),
        sent_from=_time("sent_from", asked.sent_from),
        sent_until=_time("sent_until", asked.sent_until),
    )
    if selection.is_of_services and not selection.source_keys and selection.corridor is None:
        raise _refused("", "expected external_ids, quote_ids, corridor or a time beside the reason")
    return selection


def _listed(texts: list[str] | None, name: str, most: int) -> tuple[str, ...]:
    if texts is not None and not 1 <= len(texts) <= most:
        raise _refused(name, f"expected 1 to {most:,} of them")
    return tuple(dict.fromkeys(texts or ()))


def _uuid(text: str) -> UUID:
    try:
        found = UUID(text)
    except ValueError:
        found = None
    if found is None or str(found) != text.lower():
        raise _refused("quote_ids", "expected ids of quotes, as answers name them")
    return found


def _time(name: str, text: str | None) -> datetime | None:
    at = None if text is None else instant_of(text)
    if at is None and text is not None:
        raise _refused(name, "expected a time with its zone, such as 2026-11-23T02:00:00Z")
    return at


@contextmanager
def _in_body(name: str) -> Iterator[None]:
    """Let a domain error point at the field of the body whose value caused it."""
    try:
        yield
    except ThreePercentError as error:
        item = ErrorItem(pointer=f"/body/{name}", code="invalid-parameter", detail=without_echo(error))
        raise BadRequestError([item]) from None


def _refused(name: str, expected: str) -> BadRequestError:
    pointer = f"/body/{name}" if name else "/body"
    detail = f"{name}: {expected}." if name else f"The body: {expected}."
    return BadRequestError([ErrorItem(pointer=pointer, code="invalid-parameter", detail=detail)])


def _written(withdrawn: Withdrawn, *, is_dry_run: bool) -> Written:
    listed = [_shown(one) for one in withdrawn.quotes[:MOST_LISTED]]
    listed += [_waited(one) for one in withdrawn.waiting[: MOST_LISTED - len(listed)]]
    answer: dict[str, Json] = {
        "dry_run": is_dry_run,
        "withdrawn": len(withdrawn.quotes),
        "from_quarantine": len(withdrawn.waiting),
        "returned": len(withdrawn.returned),
        "dataset_version": withdrawn.dataset_version,
        "quotes": listed,
    }
    return Written(status=200, body=encode(answer))


def _shown(one: Found) -> dict[str, Json]:
    return {
        "quote_id": str(UUID(bytes=one.id)),
        "external_id": one.source_key,
        "corridor": one.corridor,
        "observed_at": instant(one.observed_at),
        "was": "shown" if one.is_current else "superseded",
    }


def _waited(one: Quarantined) -> dict[str, Json]:
    return {
        "quote_id": str(one.quote_id),
        "external_id": one.external_id,
        "corridor": one.corridor,
        "observed_at": None,
        "was": "quarantined",
    }
