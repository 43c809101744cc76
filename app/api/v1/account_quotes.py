"""GET /v1/account/quotes: a partner's own quotes, whatever became of them, since when and why."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from app.api.callers import PRIVATE
from app.api.deps import AccountDep, JsonOnlyDep, PagingDep
from app.api.formats import Answer, Json, encode, respond
from app.api.inputs import OneOf, StrictRoute, Text
from app.api.pages import next_link, token_of
from app.api.problems import InvalidPageTokenError
from app.api.shapes import CorridorId, Moment, OpenWord, Shape
from app.api.v1.imports import IMPORT_ID
from app.api.v1.quote_writes import FindingShape, finding_row
from app.db import reading
from app.domain.push_errors import UnknownImport
from app.domain.verdicts import findings_from
from app.store import imports, own_quotes
from app.store.own_quotes import Asked, OwnQuote, Place, Standing

router = APIRouter(prefix="/v1/account", route_class=StrictRoute, tags=["account"])

EXTERNAL_ID: Final = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$"
_PLACE: Final = re.compile(
    r"(?:[A-Za-z0-9][A-Za-z0-9._:-]{0,99})?/"
    r"(?:[01]/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|2/[0-9]{12}/[0-9]{12})",
    re.ASCII,
)


class AccountQuote(Shape):
    """What became of a quote of yours, or of an item that was refused."""

    external_id: str | None = Field(description="Null where it could not be read.")
    quote_id: str | None = Field(description="Null of an item that was refused.")
    status: Annotated[str, OpenWord(Standing)]
    since: Moment
    why: str | None = Field(description="Of what is not shown; the findings say more.")
    findings: list[FindingShape] = Field(description="What the rules found in what waits or was refused.")
    flags: list[str] = Field(description="The rules that found something in what is stored.")
    corridor: CorridorId | None
    observed_at: Moment | None
    valid_until: Moment | None
    recorded_at: Moment = Field(description="When it came.")
    superseded_by: str | None = Field(description="The quote that stands in its place.")
    import_id: str | None = Field(description="The batch or file that brought it.")
    url: str | None = Field(description="Where it is told; null of what waits.")
    shown_in: str | None = Field(description="The comparison that shows it; null of what is not shown.")


class AccountQuotes(Shape):
    """Your quotes by external id, within it the oldest first, then what waits, then what was refused."""

    quotes: list[AccountQuote]
    next_page_token: str | None = Field(description="Pass it as page_token to get the next page; null on the last.")


@router.get(
    "/quotes", name="account_quotes", summary="What became of your quotes", responses={200: {"model": AccountQuotes}}
)
def account_quotes(
    writing: AccountDep,
    paging: PagingDep,
    _json: JsonOnlyDep,
    status: Annotated[
        Annotated[Standing | None, OneOf(Standing, Standing)], Query(description="Only these; all unless told.")
    ] = None,
    external_id: Annotated[
        Annotated[str | None, Text(EXTERNAL_ID, "an external_id of yours", "GBPPHP-cash-agent")],
        Query(description="Only quotes of this service, as you name it."),
    ] = None,
    import_id: Annotated[
        Annotated[str | None, Text(IMPORT_ID, "the id of an import", "imp_ob2wyzdjnztgm5lmnrqxgzdfmi")],
        Query(description="Only what this batch or file brought."),
    ] = None,
) -> Response:
    """List your quotes: shown, quarantined, superseded, expired, withdrawn or rejected; since when, why, and where.

    A quote is `expired` once it is not ranked any more, because its `valid_until` has passed or it was observed more
    than 7 days ago. Rejected items are kept for 30 days.
    """
    partner, engine = writing.caller.partner, writing.shared.engine
    with reading(engine) as connection:
        run = None if import_id is None else imports.find_pushed(connection, import_id)
        if import_id is not None and (run is None or run.file.identity.source != partner.source):
            raise UnknownImport(text=import_id)
        asked = Asked(
            partner=partner.id,
            source=partner.source,
            now=writing.now,
            standing=status,
            external_id=external_id,
            import_id=None if run is None else run.id,
        )
        found = own_quotes.listed(connection, asked, after=_place(paging.after), limit=paging.size + 1)
    shown = found[: paging.size]
    token, links = None, []
    if len(found) > paging.size:
        place = shown[-1].place
        token = token_of((place.external_id, str(place.kind), place.own), paging.path, paging.parameters)
        links = [next_link(paging.path, paging.parameters, token)]
    body = encode({"quotes": [_row(one) for one in shown], "next_page_token": token})
    return respond(writing.request, Answer(body=body, cache_control=PRIVATE, links=tuple(links)))


def _place(after: tuple[str, ...] | None) -> Place | None:
    if after is None:
        return None
    if not _PLACE.fullmatch("/".join(after)):
        raise InvalidPageTokenError
    return Place(after[0], int(after[1]), after[2])


def _row(one: OwnQuote) -> dict[str, Json]:
    quote_id = None if one.quote_id is None else str(one.quote_id)
    is_shown = one.standing is Standing.SHOWN
    return {
        "external_id": one.place.external_id or None,
        "quote_id": quote_id,
        "status": one.standing,
        "since": one.since,
        "why": one.why,
        "findings": [finding_row(finding) for finding in findings_from(one.findings)],
        "flags": [flag for flag in one.flags.split(",") if flag],
        "corridor": one.corridor,
        "observed_at": one.observed_at,
        "valid_until": one.valid_until,
        "recorded_at": one.recorded_at,
        "superseded_by": None if one.successor is None else str(one.successor),
        "import_id": one.import_id,
        "url": _url(one),
        "shown_in": f"/v1/corridors/{one.corridor}/comparison?basis=live" if is_shown else None,
    }


def _url(one: OwnQuote) -> str | None:
    if one.place.kind == own_quotes.STORED:
        return f"/v1/quotes/{one.quote_id}"
    if one.place.kind == own_quotes.REFUSED and one.import_id is not None:
        return f"/v1/imports/{one.import_id}/refused"
    return None
