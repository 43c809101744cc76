"""POST /v1/quotes: what a partner pushes, judged item by item, and stored in one transaction with the answer."""

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from app.api.bodies import read_json_bytes, request_body, unreadable
from app.api.deps import JsonOnlyDep, Writing, WritingDep
from app.api.formats import Json, encode
from app.api.idempotency import IdempotencyKeyHeader, Remember, Write, Written, exactly_once, fingerprint
from app.api.inputs import StrictRoute, YesNo
from app.api.limits import charge_rows
from app.api.problems import MEDIA_TYPE, BadRequestError, ErrorItem, problem_of
from app.api.shapes import Money, Number, OpenWord, ProblemShape, Shape
from app.api.v1.offers import money, percent, rate
from app.api.v1.quote_bodies import QuoteIn
from app.api.writers import write
from app.domain.file_errors import UnreadableFile, WrongLayout
from app.domain.push_errors import QuotesRejected
from app.domain.verdicts import Finding, Outcome, Verdict
from app.observability import log
from app.push.batch import MOST_ITEMS, Batch, Pushed, Pusher, push, read_batch, weigh
from app.push.previews import Preview, previews
from app.push.recording import ID_BYTES, new_import_id
from app.push.taking import PushedItem

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["writes"])

MOST_BYTES: Final = 16 * 2**20
MOST_ERRORS: Final = 100
"""So many faults a problem document names in ``errors``; ``quotes`` names all."""


class FindingShape(Shape):
    """What one rule found."""

    rule: str
    verdict: Annotated[str, OpenWord(Verdict)]
    detail: str
    pointer: str = Field(description="Where in the quote: a JSON pointer, empty for the whole.")
    limit: str | None
    value: str | None


class PreviewShape(Shape):
    """What a quote would come to, when `amount` is paid in all."""

    verdicts: dict[str, str] = Field(description="What each rule said.")
    amount: Money | None
    recipient_gets: Money | None
    fee: Money | None
    offered_rate: Number | None
    mid_market_rate: Number | None
    fx_margin_percent: Number | None
    total_cost: Money | None
    total_cost_percent: Number | None
    price_reason: str | None = Field(description="Why there is no price at that amount.")
    rank: int | None = Field(description="In its corridor's live comparison, in its currency.")
    rank_reason: str | None
    offers: int | None = Field(description="That are ranked there.")


class PushedQuote(Shape):
    """What became of one quote."""

    index: int = Field(description="Its place in the batch, from 0.")
    external_id: str | None = Field(description="Null where it could not be read.")
    outcome: Annotated[str, OpenWord(Outcome)]
    quote_id: str | None = Field(description="Null where it was rejected.")
    standing: str | None = Field(description="Of a duplicate: what became of the one that is there.")
    findings: list[FindingShape]
    preview: PreviewShape | None = Field(description="Of a dry run, where the quote could be read.")


class OutcomeCounts(Shape):
    """How many quotes became what."""

    accepted: int
    duplicate: int
    quarantined: int
    rejected: int


class PushedBatch(Shape):
    """What became of a batch, quote by quote, in its order."""

    import_id: str | None = Field(description="How the batch is known from now on; null for a dry run.")
    dry_run: bool
    dataset_version: int | None = Field(description="In which it is shown; null where nothing that is shown changed.")
    counts: OutcomeCounts
    quotes: list[PushedQuote]


class QuotesRejectedShape(ProblemShape, PushedBatch):
    """A batch of which nothing was taken: a problem document that also says what became of each quote."""


class QuoteBatch(Shape):
    """Quotes, each judged by itself."""

    quotes: list[QuoteIn] = Field(min_length=1, max_length=MOST_ITEMS)


@router.post(
    "/quotes",
    name="push_quotes",
    summary="Push quotes",
    status_code=201,
    responses={201: {"model": PushedBatch}, 200: {"model": PushedBatch}, 422: {"model": QuotesRejectedShape}},
    openapi_extra=request_body(QuoteBatch),
)
async def push_quotes(
    request: Request,
    writing: WritingDep,
    _json: JsonOnlyDep,
    dry_run: Annotated[
        Annotated[bool | None, YesNo()],
        Query(description="`true` stores nothing, and says what each quote would cost and how it would rank."),
    ] = None,
    atomic: Annotated[
        Annotated[bool | None, YesNo()],
        Query(description="`true` takes all quotes or, where one is rejected, none."),
    ] = None,
    _key: IdempotencyKeyHeader = None,
) -> Response:
    """Take up to 10,000 quotes; acknowledged means stored. 201 when something was accepted or put into quarantine.

    200 for a dry run, or when nothing is new but something is a duplicate; 422 when all were rejected, or one of an
    `atomic` batch. A quote in quarantine waits for a person, and is in no public answer until then.
    """
    body = await read_json_bytes(request, MOST_BYTES)
    return await write(_answer, writing, body, is_dry_run=bool(dry_run), is_atomic=bool(atomic))


def _answer(writing: Writing, body: bytes, *, is_dry_run: bool, is_atomic: bool) -> Response:
    batch = _batch(body)
    if is_dry_run:
        charge_rows(writing.request, len(batch.items))
        return _rehearsed(writing, batch, is_atomic=is_atomic).response(writing.request)

    def act(remember: Remember) -> Written:
        charge_rows(writing.request, len(batch.items))
        return _taken(writing, batch, remember, is_atomic=is_atomic)

    asked_for = Write(
        request=writing.request,
        engine=writing.shared.engine,
        partner=writing.caller.partner.id,
        now=writing.now,
        fingerprint=fingerprint(writing.request, body),
    )
    return exactly_once(asked_for, act, is_required=True)


def _batch(body: bytes) -> Batch:
    try:
        batch = read_batch(body)
    except WrongLayout as error:
        raise _misshapen("/body", f"body: {error.problem}") from None
    except UnreadableFile as error:
        raise unreadable(error) from None
    if not 1 <= len(batch.items) <= MOST_ITEMS:
        raise _misshapen("/body/quotes", f"quotes: expected 1 to {MOST_ITEMS:,} quotes, found {len(batch.items):,}.")
    return batch


def _misshapen(pointer: str, detail: str) -> BadRequestError:
    return BadRequestError([ErrorItem(pointer=pointer, code="invalid-body", detail=detail)])


def _taken(writing: Writing, batch: Batch, remember: Remember, *, is_atomic: bool) -> Written:
    """Take a batch for good; the answer is stored with it."""
    answered: list[Written] = []

    def answer(connection: Connection, pushed: Pushed) -> None:
        written = _written(writing, pushed, is_atomic=is_atomic)
        answered.append(written)
        remember(connection, written)

    by = _pusher(writing)
    public_id = new_import_id(secrets.token_bytes(ID_BYTES))
    pushed = push(
        writing.shared.engine,
        batch,
        by=by,
        geography=writing.shared.geography,
        public_id=public_id,
        is_atomic=is_atomic,
        answer=answer,
    )
    log.info(
        "quotes_pushed",
        request_id=writing.request_id,
        partner=by.partner.id,
        import_id=public_id,
        dataset_version=pushed.dataset_version,
        **{outcome.value: count for outcome, count in _counted(pushed.items).items()},
    )
    return answered[-1]


def _rehearsed(writing: Writing, batch: Batch, *, is_atomic: bool) -> Written:
    by = _pusher(writing)
    weighed = weigh(writing.shared.engine, batch, by=by, geography=writing.shared.geography, is_atomic=is_atomic)
    shown = previews(
        weighed,
        board=writing.shared.current_board(),
        source=by.partner.source,
        geography=writing.shared.geography,
        now=writing.now,
    )
    items = [one.item() for one in weighed]
    previewed = [None if one is None else _preview(one, writing) for one in shown]
    body = _body(items, previewed, import_id=None, dataset_version=None)
    return Written(status=200, body=encode(body))


def _pusher(writing: Writing) -> Pusher:
    return Pusher(
        partner=writing.caller.partner,
        key_id=writing.caller.key_id,
        request_id=writing.request_id,
        now=writing.now,
        clock=writing.shared.clock,
        is_sandbox=writing.is_sandbox,
    )


def _written(writing: Writing, pushed: Pushed, *, is_atomic: bool) -> Written:
    """Return the answer to a batch that was taken, or of which nothing could be."""
    body = _body(
        pushed.items, [None] * len(pushed.items), import_id=pushed.public_id, dataset_version=pushed.dataset_version
    )
    counts = _counted(pushed.items)
    headers = {"Location": f"/v1/imports/{pushed.public_id}"}
    if counts[Outcome.ACCEPTED] or counts[Outcome.QUARANTINED]:
        return Written(status=201, body=encode(body), headers=headers)
    if counts[Outcome.DUPLICATE] and not (is_atomic and counts[Outcome.REJECTED]):
        return Written(status=200, body=encode(body), headers=headers)
    error = QuotesRejected(rejected=counts[Outcome.REJECTED], of=len(pushed.items), is_atomic=is_atomic)
    problem = problem_of(error).document(writing.request_id)
    errors: Sequence[Json] = [
        {"pointer": f"/body/quotes/{item.place}{finding.pointer}", "code": finding.rule, "detail": finding.detail}
        for item in pushed.items
        for finding in item.findings
        if finding.verdict is Verdict.REJECT
    ][:MOST_ERRORS]
    whole: Mapping[str, Json] = {**problem, "errors": errors, **body}
    return Written(status=422, body=encode(whole), media_type=MEDIA_TYPE, headers=headers)


def _body(
    items: Sequence[PushedItem],
    previewed: Sequence[Mapping[str, Json] | None],
    *,
    import_id: str | None,
    dataset_version: int | None,
) -> Mapping[str, Json]:
    counts = _counted(items)
    quotes: Any = [_told(item, preview) for item, preview in zip(items, previewed, strict=True)]
    return {
        "import_id": import_id,
        "dry_run": import_id is None,
        "dataset_version": dataset_version,
        "counts": {outcome.value: counts[outcome] for outcome in Outcome},
        "quotes": quotes,
    }


def _counted(items: Sequence[PushedItem]) -> Counter[Outcome]:
    return Counter(item.outcome for item in items)


def finding_row(finding: Finding) -> Mapping[str, Json]:
    """Return what a rule found as answers give it."""
    return {
        "rule": finding.rule,
        "verdict": finding.verdict,
        "detail": finding.detail,
        "pointer": finding.pointer,
        "limit": finding.limit,
        "value": finding.value,
    }


class _ToldQuote(msgspec.Struct, frozen=True):
    """As PushedQuote; a compiled shape, since there are ten thousand of them in an answer."""

    index: int
    external_id: str | None
    outcome: Outcome
    quote_id: UUID | None
    standing: str | None
    findings: tuple[Finding, ...]
    preview: msgspec.Raw | None


def _told(item: PushedItem, preview: Mapping[str, Json] | None) -> _ToldQuote:
    return _ToldQuote(
        index=item.place,
        external_id=item.external_id,
        outcome=item.outcome,
        quote_id=None if item.quote_id is None else UUID(bytes=item.quote_id),
        standing=item.standing,
        findings=item.findings,
        preview=None if preview is None else msgspec.Raw(encode(preview)),
    )


def _preview(preview: Preview, writing: Writing) -> Mapping[str, Json]:
    geography = writing.shared.geography
    price, currency = preview.price, preview.currency
    cost = None if price is None else price.total_cost
    received = None if price is None or price.receiving_currency is None else price.recipient_gets
    return {
        "verdicts": dict(preview.verdicts),
        "amount": None if preview.amount is None else money(preview.amount, currency, geography),
        "recipient_gets": (
            None
            if price is None or price.receiving_currency is None or received is None
            else money(received, price.receiving_currency, geography)
        ),
        "fee": None if price is None else money(price.fee, currency, geography),
        "offered_rate": None if price is None else rate(price.offered_rate),
        "mid_market_rate": None if price is None else rate(price.mid_market_rate),
        "fx_margin_percent": None if price is None else percent(price.fx_margin_percent),
        "total_cost": None if cost is None else money(cost, currency, geography),
        "total_cost_percent": None if price is None else percent(price.total_cost_percent),
        "price_reason": preview.price_reason,
        "rank": preview.rank,
        "rank_reason": preview.rank_reason,
        "offers": preview.offers,
    }
