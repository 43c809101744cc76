"""POST /v1/quotes/{quote_id}/correction: a partner corrects a quote; GET /v1/corrections: what was put right."""

import secrets
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Header, Path, Query, Request
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from app import db
from app.api.bodies import json_as, read_json_bytes, request_body
from app.api.deps import JsonOnlyDep, ListReadingDep, SlugsParameter, SourcesParameter, Writing, WritingDep
from app.api.formats import Json, encode, entity_tag, is_condition_met
from app.api.idempotency import IdempotencyKeyHeader, Remember, Write, Written, exactly_once, fingerprint
from app.api.inputs import CORRIDOR, AnyOf, StrictRoute, Texts
from app.api.limits import charge_rows
from app.api.lists import Rows, add_list, answer_list, listing
from app.api.problems import InvalidPageTokenError, caused_by
from app.api.projection import FieldsOf
from app.api.provenance import about
from app.api.shapes import CorridorId, ListAnswer, Moment, OpenWord, Shape
from app.api.v1.quote_bodies import QuoteIn
from app.api.v1.quote_writes import FindingShape, finding_row
from app.api.v1.quotes import quote_uuid, whole_quote
from app.api.v1.withdrawals import DryRun, ReasonIn, hand_of
from app.api.writers import write
from app.domain.push_errors import ConditionMissing
from app.mend.acts import Acted
from app.mend.corrections import Corrected, Correction, correct
from app.push.batch import Pusher
from app.push.recording import ID_BYTES, new_import_id
from app.store import corrections as stored
from app.store.corrections import Kind, Wanted

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["quotes"])

_MOST_DIGITS: Final = 12


class CorrectionIn(Shape):
    """A whole quote that is to stand in the place of another, and why."""

    reason: ReasonIn
    quote: QuoteIn


class _CorrectionBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same, with the quote as it was sent: it is read and judged like any other."""

    reason: str
    quote: dict[str, Any]


class _QuoteBytes(msgspec.Struct, frozen=True):
    quote: msgspec.Raw


class CorrectionAnswer(Shape):
    """What a correction came to."""

    dry_run: bool
    corrected: str = Field(description="The quote that does not stand any more.")
    quote_id: str = Field(description="The quote that stands in its place.")
    import_id: str | None = Field(description="How the correction is known from now on; null for a dry run.")
    dataset_version: int | None = Field(description="In which it is shown; null for a dry run.")
    findings: list[FindingShape]


@router.post(
    "/quotes/{quote_id}/correction",
    name="correct_quote",
    summary="Correct a quote",
    tags=["writes"],
    responses={200: {"model": CorrectionAnswer}, 412: {}, 428: {}},
    openapi_extra=request_body(CorrectionIn),
)
async def correct_quote(
    request: Request,
    writing: WritingDep,
    quote_id: Annotated[str, Path(description="The id of a quote of yours that stands.")],
    _json: JsonOnlyDep,
    dry_run: DryRun = None,
    _key: IdempotencyKeyHeader = None,
    _if_match: Annotated[
        str | None,
        Header(
            alias="If-Match", description="The `ETag` of GET /v1/quotes/{quote_id}: what you correct is what you saw."
        ),
    ] = None,
) -> Response:
    """Put a whole quote in the place of one of yours that was wrong, from its `observed_at` on.

    The error stays on record, `as_of` before shows it, and GET /v1/corrections says that it was corrected. 409 where
    the quote does not stand any more, with the one that does.
    """
    wrong = quote_uuid(quote_id)
    body = await read_json_bytes(request)
    return await write(_corrected, writing, wrong, body, is_dry_run=bool(dry_run))


def _corrected(writing: Writing, wrong: UUID, body: bytes, *, is_dry_run: bool) -> Response:
    request = writing.request
    asked = json_as(body, _CorrectionBody)
    conditions = _conditions(request)
    hand = hand_of(writing, asked.reason)
    correction = Correction(
        quote_id=wrong,
        item=bytes(msgspec.json.decode(body, type=_QuoteBytes).quote),
        content_hash=sha256(body).hexdigest(),
        public_id=new_import_id(secrets.token_bytes(ID_BYTES)),
    )

    def is_as_seen(connection: Connection) -> bool:
        whole = whole_quote(connection, wrong, writing.shared.current_board())
        return is_condition_met(conditions, entity_tag(encode(whole)))

    def act(remember: Remember) -> Written:
        def at_the_end(connection: Connection, acted: Acted) -> None:
            if isinstance(acted, Corrected):
                remember(connection, _written(acted, is_dry_run=is_dry_run))

        charge_rows(writing.request, 1)
        done = correct(
            writing.shared.engine,
            correction,
            hand,
            by=_pusher(writing),
            geography=writing.shared.geography,
            is_as_seen=is_as_seen,
            is_dry_run=is_dry_run,
            remember=at_the_end,
        )
        return _written(done, is_dry_run=is_dry_run)

    asked_for = Write(
        request=request,
        engine=writing.shared.engine,
        partner=writing.caller.partner.id,
        now=writing.now,
        fingerprint=fingerprint(request, body),
    )
    return exactly_once(asked_for, act, is_required=False)


def _conditions(request: Request) -> list[str]:
    found = [line for line in request.headers.getlist("if-match") if line.strip()]
    if not found:
        raise ConditionMissing
    return found


def _pusher(writing: Writing) -> Pusher:
    return Pusher(
        partner=writing.caller.partner,
        key_id=writing.caller.key_id,
        request_id=writing.request_id,
        now=writing.now,
        clock=writing.shared.clock,
        is_sandbox=writing.is_sandbox,
    )


def _written(corrected: Corrected, *, is_dry_run: bool) -> Written:
    successor = str(UUID(bytes=corrected.successor.id))
    answer: dict[str, Json] = {
        "dry_run": is_dry_run,
        "corrected": str(corrected.quote_id),
        "quote_id": successor,
        "import_id": corrected.public_id,
        "dataset_version": corrected.dataset_version,
        "findings": [finding_row(finding) for finding in corrected.findings],
    }
    headers = {} if is_dry_run else {"Location": f"/v1/quotes/{successor}"}
    return Written(status=200, body=encode(answer), headers=headers)


# --- What was put right, for everybody ------------------------------------------------------------------------------


class CorrectionRow(Shape):
    """Something that was put right: one quote, or several of a provider in a corridor."""

    kind: Annotated[str, OpenWord(Kind)]
    recorded_at: Moment
    in_version: int = Field(description="The dataset version since which it is so.")
    source: str | None = Field(description="Null of a provider that is hidden, or shown again, whatever the source.")
    corridor: CorridorId | None
    provider: str | None
    quotes: int = Field(description="How many quotes it is about.")
    quote_id: str | None = Field(description="Where it is one.")
    successor_id: str | None = Field(description="The quote that stands in its place.")
    reason: str


class Corrections(ListAnswer):
    """What was put right, the newest first."""

    corrections: list[CorrectionRow]


CORRECTIONS = listing("corrections", "What was put right", CorrectionRow)


@add_list(router, "/corrections", summary="What was put right", responses={200: {"model": Corrections}})
def corrections(  # noqa: PLR0913, PLR0917 -- each is a parameter of the contract
    reading: ListReadingDep,
    kind: Annotated[list[Kind] | None, AnyOf(Kind, Kind), Query(description="Only these kinds.")] = None,
    corridor: Annotated[
        Annotated[list[str] | None, Texts(CORRIDOR, "corridors, such as GBR-PHL", "GBR-PHL")],
        Query(description="Only about quotes in these corridors."),
    ] = None,
    provider: SlugsParameter = None,
    source: SourcesParameter = None,
    fields: Annotated[
        Annotated[list[str] | None, FieldsOf(Corrections)], Query(description="Only these fields, by dotted names.")
    ] = None,
) -> Response:
    """List what was corrected, withdrawn or hidden, with the reason: nothing that was wrong goes silently.

    Reads the database.
    """
    geography, size = reading.shared.geography, reading.paging.size
    with caused_by("corridor"):
        corridors = tuple(geography.corridor(text, reading.board.corridors).id for text in corridor or ())
    wanted = Wanted(
        kinds=tuple(kind or ()), corridors=corridors, providers=tuple(provider or ()), sources=tuple(source or ())
    )
    before = _position(reading.paging.after)
    with db.reading(reading.shared.engine) as connection:
        found = stored.listed(connection, wanted, limit=size + 1, before=before, shown=reading.board.shown)
    shown = found[:size]
    rows = Rows(
        rows=[_row(one) for one in shown],
        about=about({one.source for one in shown if one.source}, reading.board),
        next_position=(str(shown[-1].id),) if len(found) > size else None,
        fields=fields,
    )
    return answer_list(reading, CORRECTIONS, rows)


def _position(after: Sequence[str] | None) -> int | None:
    if after is None:
        return None
    with suppress(ValueError):
        (text,) = after
        if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
            return int(text)
    raise InvalidPageTokenError


def _row(one: stored.Correction) -> dict[str, Json]:
    return {
        "kind": one.kind,
        "recorded_at": one.recorded_at,
        "in_version": one.dataset_version,
        "source": one.source or None,
        "corridor": one.corridor,
        "provider": one.provider,
        "quotes": one.quotes,
        "quote_id": None if one.quote_id is None else str(one.quote_id),
        "successor_id": None if one.successor_id is None else str(one.successor_id),
        "reason": one.reason,
    }
