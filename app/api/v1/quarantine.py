"""GET /v1/quarantine and POST /v1/quarantine/{quote_id}/decision: what waits for a person, and what that decides."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from app.api.bodies import json_as, read_json_bytes
from app.api.callers import PRIVATE
from app.api.deps import JsonOnlyDep, PagingDep, ReviewingDep, Writing
from app.api.formats import Answer, Json, encode, respond
from app.api.idempotency import IdempotencyKeyHeader, Remember, Write, Written, exactly_once, fingerprint
from app.api.inputs import CORRIDOR, SLUG, OneOf, StrictRoute, Text
from app.api.pages import next_link, token_of
from app.api.problems import InvalidPageTokenError
from app.api.shapes import CorridorId, CurrencyCode, Moment, OpenWord, Shape
from app.api.v1.quote_terms import TermsShape, terms_answer
from app.api.v1.quote_writes import FindingShape, finding_row
from app.api.v1.withdrawals import hand_of
from app.api.writers import write
from app.db import instant, reading
from app.domain import vocabulary as words
from app.domain.reasons import LONGEST_REASON, VISIBLE
from app.domain.review_errors import UnknownQuarantined
from app.domain.terms import terms_from
from app.domain.verdicts import findings_from
from app.mend.acts import Acted
from app.mend.decisions import Decided, decide
from app.sources.kept_records import record_from
from app.store import quarantine
from app.store.quarantine import Quarantined, WaitingStatus, Wanted

router = APIRouter(prefix="/v1/quarantine", route_class=StrictRoute, tags=["review"])

DECISION_SCHEMA: Final = {
    "type": "object",
    "properties": {
        "decision": {"type": "string", "enum": ["accept", "refuse"]},
        "reason": {
            "type": "string",
            "minLength": 1,
            "maxLength": LONGEST_REASON,
            "pattern": VISIBLE,
            "description": "Why, in a line that the partner reads.",
            "examples": ["their page says the same"],
        },
    },
    "required": ["decision", "reason"],
    "additionalProperties": False,
}


class DecisionBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is decided, and why."""

    decision: Literal["accept", "refuse"]
    reason: str


class QuarantinedQuote(Shape):
    """A quote that waits or waited, and what was found."""

    quote_id: str
    status: Annotated[str, OpenWord(WaitingStatus)]
    partner: str = Field(description="The id of the partner that pushed it.")
    external_id: str
    corridor: CorridorId
    provider: str
    provider_name: str
    payment_instruments: list[Annotated[str, OpenWord(words.PaymentInstrument)]]
    access_points: list[Annotated[str, OpenWord(words.AccessPoint)]]
    receiving_methods: list[Annotated[str, OpenWord(words.ReceivingMethod)]]
    transfer_speed: Annotated[str, OpenWord(words.TransferSpeed)]
    customer: Annotated[str, OpenWord(words.Customer)]
    sending_currency: CurrencyCode
    receiving_currency: CurrencyCode
    terms: TermsShape
    observed_at: Moment
    valid_until: Moment | None
    recorded_at: Moment = Field(description="When it came.")
    findings: list[FindingShape]
    decided_at: Moment | None
    decided_by: str | None = Field(description="The key, by its id, or the operator's hand.")
    decision_reason: str | None


class QuarantineList(Shape):
    """What waits, or waited, the first that came first."""

    quotes: list[QuarantinedQuote]
    next_page_token: str | None = Field(description="Pass it as page_token to get the next page; null on the last.")


class Decision(Shape):
    """What was decided."""

    quote_id: str
    status: Annotated[str, OpenWord((WaitingStatus.ACCEPTED.value, WaitingStatus.REFUSED.value))]
    reason: str
    dataset_version: int | None = Field(description="In which it is shown; null where it was refused.")
    url: str | None = Field(description="Where the quote is shown; null where it was refused.")


@router.get("", name="quarantine", summary="Quotes that wait for a person", responses={200: {"model": QuarantineList}})
def list_quarantine(
    writing: ReviewingDep,
    paging: PagingDep,
    _json: JsonOnlyDep,
    status: Annotated[
        Annotated[WaitingStatus | None, OneOf(WaitingStatus, WaitingStatus)],
        Query(description="`waiting` unless told."),
    ] = None,
    partner: Annotated[
        Annotated[str | None, Text(SLUG, "the id of a partner", "example-transfer")],
        Query(description="Only what this partner pushed."),
    ] = None,
    corridor: Annotated[
        Annotated[str | None, Text(CORRIDOR, "a corridor, such as GBR-PHL", "GBR-PHL", upper=True)],
        Query(description="Only quotes of this corridor."),
    ] = None,
) -> Response:
    """List quotes that the rules put into quarantine, with what they found; the first that came first."""
    its_corridor = None if corridor is None else writing.shared.geography.corridor(corridor, ()).id
    wanted = Wanted(status=status or WaitingStatus.WAITING, partner=partner, corridor=its_corridor)
    with reading(writing.shared.engine) as connection:
        found = quarantine.listed(connection, wanted, after=_position(paging.after), limit=paging.size + 1)
    shown = found[: paging.size]
    token, links = None, []
    if len(found) > paging.size:
        last = shown[-1]
        token = token_of((last.recorded_at.isoformat(), str(last.quote_id)), paging.path, paging.parameters)
        links = [next_link(paging.path, paging.parameters, token)]
    body = encode({"quotes": [_row(one) for one in shown], "next_page_token": token})
    return respond(writing.request, Answer(body=body, cache_control=PRIVATE, links=tuple(links)))


@router.post(
    "/{quote_id}/decision",
    name="decide",
    summary="Accept or refuse a quote that waits",
    responses={200: {"model": Decision}},
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": DECISION_SCHEMA}}}},
)
async def decide_one(
    quote_id: Annotated[str, Path(description="`quote_id` of GET /v1/quarantine.")],
    request: Request,
    writing: ReviewingDep,
    _json: JsonOnlyDep,
    _key: IdempotencyKeyHeader = None,
) -> Response:
    """Accept a quote, which is shown at once, or refuse it for good; nobody decides about quotes of their own.

    Who decided, when and why is recorded. The partner reads the reason; no public answer names a reviewer.
    """
    body = await read_json_bytes(request)
    return await write(_decided, writing, _uuid(quote_id), body)


def _decided(writing: Writing, quote_id: UUID, body: bytes) -> Response:
    asked = json_as(body, DecisionBody)
    hand, reviewer = hand_of(writing, asked.reason), writing.caller.partner.id
    engine = writing.shared.engine

    def act(remember: Remember) -> Written:
        def at_the_end(connection: Connection, acted: Acted) -> None:
            if isinstance(acted, Decided):
                remember(connection, _written(acted, hand.reason))

        is_accepted = asked.decision == "accept"
        decided = decide(engine, [quote_id], hand, is_accepted=is_accepted, reviewer=reviewer, remember=at_the_end)
        return _written(decided, hand.reason)

    asked_for = Write(
        request=writing.request,
        engine=engine,
        partner=reviewer,
        now=writing.now,
        fingerprint=fingerprint(writing.request, body),
    )
    return exactly_once(asked_for, act, is_required=False)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise UnknownQuarantined(text=text) from None


def _written(decided: Decided, reason: str) -> Written:
    quote_id = str(decided.quotes[0].quote_id)
    answer: dict[str, Json] = {
        "quote_id": quote_id,
        "status": decided.status,
        "reason": reason,
        "dataset_version": decided.dataset_version,
        "url": f"/v1/quotes/{quote_id}" if decided.status is WaitingStatus.ACCEPTED else None,
    }
    return Written(status=200, body=encode(answer))


def _position(after: tuple[str, ...] | None) -> tuple[datetime, UUID] | None:
    if after is None:
        return None
    try:
        at, quote_id = after
        return datetime.fromisoformat(at), UUID(quote_id)
    except ValueError:
        raise InvalidPageTokenError from None


def _row(one: Quarantined) -> dict[str, Json]:
    record = record_from(one.record)
    service = record.service
    return {
        "quote_id": str(one.quote_id),
        "status": one.status,
        "partner": one.partner,
        "external_id": one.external_id,
        "corridor": one.corridor,
        "provider": service.provider,
        "provider_name": service.provider_name,
        "payment_instruments": service.payment_instruments,
        "access_points": service.access_points,
        "receiving_methods": service.receiving_methods,
        "transfer_speed": service.transfer_speed,
        "customer": service.customer,
        "sending_currency": record.sending_currency,
        "receiving_currency": record.receiving_currency,
        "terms": terms_answer(terms_from(record.terms)),
        "observed_at": instant(record.observed_at),
        "valid_until": None if record.valid_until is None else instant(record.valid_until),
        "recorded_at": one.recorded_at,
        "findings": [finding_row(finding) for finding in findings_from(one.findings)],
        "decided_at": one.decided_at,
        "decided_by": one.decided_by,
        "decision_reason": one.decision_reason,
    }
