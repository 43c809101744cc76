"""GET /v1/quotes and /v1/quotes/{quote_id}: the observations behind every figure, each with its provenance."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from app import db
from app.api.answers import answer_with
from app.api.deps import (
    ANY_OF,
    CurrencyParameter,
    ListReadingDep,
    PeriodParameter,
    ReadingDep,
    SlugsParameter,
    SourcesParameter,
    ViewDep,
)
from app.api.formats import Json
from app.api.inputs import CORRIDOR, AnyOf, OneOf, StrictRoute, Texts, YesNo
from app.api.inputs import known as words_of
from app.api.lists import Rows, add_list, answer_list, listing
from app.api.noted import note_quotes
from app.api.problems import InvalidPageTokenError, caused_by
from app.api.projection import FieldsOf
from app.api.provenance import about
from app.api.rounds import check_basis, check_period
from app.api.shapes import (
    CorridorId,
    CurrencyCode,
    ListAnswer,
    Moment,
    Money,
    Number,
    OpenWord,
    Period,
    Provenance,
)
from app.api.v1.offers import ServiceShape, service
from app.api.v1.questions import check_providers, check_sources
from app.api.v1.quote_provenance import ProvenanceShape, provenance
from app.api.v1.quote_terms import TermsShape, terms_answer
from app.board import Board
from app.domain import vocabulary as words
from app.domain.errors import CorridorNotCovered, PeriodNotSurveyed, UnknownQuote
from app.domain.quotes import LiveQuote, Quote
from app.store import chains, observations
from app.store.observations import Observation, ObservationFilter, Position

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["quotes"])


class QuoteShape(ServiceShape):
    """One observation: what was published for one service, at one amount or for a span of them, mapped to our words.

    What only surveys say is null for a live quote, and `terms` and `valid_until` are null for a survey's.
    """

    id: str
    source: str
    source_key: str = Field(description="The source's own key of the row, a survey's with its period.")
    evidence: Annotated[str, OpenWord(words.Evidence)]
    basis: Annotated[str, OpenWord(words.Basis)]
    corridor: CorridorId
    period: Period | None
    amount_tier: Annotated[str, OpenWord(words.AmountTier)] | None
    observed_at: str = Field(description="A survey's: the day on which it was seen. A live quote's: the instant.")
    valid_until: Moment | None = Field(description="When a live price ends; null where no end was said.")
    amount: Money | None = Field(description="The principal for which a survey asked the price.")
    denomination_usd: Number | None = Field(description="The survey's round figure in US dollars.")
    fee: Money | None = Field(description="As published by a survey, in the currency of the amount.")
    fee_mode: Annotated[str, OpenWord(words.FeeMode)]
    fx_margin_percent: Number | None = Field(description="As published by a survey.")
    published_total_percent: Number | None = Field(description="Fee and margin together, as published by a survey.")
    sending_currency: CurrencyCode
    receiving_currency: CurrencyCode | None
    published_rate: Number | None = Field(description="As published by a survey; its unit is unreliable.")
    published_mid_market_rate: Number | None = Field(description="As published by a survey; its unit is unreliable.")
    fx_margin_status: Annotated[str, OpenWord(words.FxMarginStatus)] | None
    cost_status: Annotated[str, OpenWord(words.CostStatus)] | None
    terms: TermsShape | None = Field(description="A live price: its fee, rates and limits.")
    flags: list[str] = Field(description="What the import noticed about it.")
    is_current: bool = Field(description="False where another quote superseded it, or its source withdrew it.")
    dataset_version: int = Field(description="The version that brought it.")
    recorded_at: Moment = Field(description="When it was imported.")


class Quotes(ListAnswer):
    """Observations in the order of corridor, time and id."""

    quotes: list[QuoteShape]


class OneQuote(Provenance):
    """One observation with its provenance."""

    quote: QuoteShape
    provenance: ProvenanceShape


QUOTES = listing("quotes", "Observed prices", QuoteShape)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Which place, time and money observations are asked about."""

    corridors: tuple[str, ...]
    basis: words.Basis | None
    period: str | None
    sending_currency: str | None


def _about(
    shared: ViewDep,
    corridor: Annotated[
        Annotated[list[str] | None, Texts(CORRIDOR, "corridors, such as GBR-PHL", "GBR-PHL")],
        Query(description="Corridors; all unless told."),
    ] = None,
    basis: Annotated[
        Annotated[words.Basis | None, OneOf(words.Basis, words.Basis)],
        Query(description="Live quotes or those of surveys; both unless told."),
    ] = None,
    period: PeriodParameter = None,
    sending_currency: Annotated[CurrencyParameter, Query(description="The currency that is sent.")] = None,
) -> About:
    check_basis(basis, period)
    geography, board = shared.geography, shared.current_board()
    with caused_by("corridor"):
        ids = tuple(geography.corridor(text, board.corridors).id for text in corridor or ())
        for found in ids:
            if found not in board.periods and found not in board.live_quotes:
                raise CorridorNotCovered(corridor=found)
    if sending_currency is not None:
        with caused_by("sending_currency"):
            geography.currency(sending_currency)
    if period is not None:
        surveyed = [found for found in ids if found in board.periods]
        if ids and not surveyed:
            raise PeriodNotSurveyed(corridor=ids[0], period=period, known=())
        check_period(board, period, surveyed)
    return About(corridors=ids, basis=basis, period=period, sending_currency=sending_currency)


def _described(  # noqa: PLR0913, PLR0917 -- each is a parameter of the contract
    about: Annotated[About, Depends(_about)],
    amount_tier: Annotated[list[words.AmountTier] | None, AnyOf(words.AmountTier), ANY_OF] = None,
    source: SourcesParameter = None,
    provider: SlugsParameter = None,
    provider_type: Annotated[list[str] | None, AnyOf(words_of(words.ProviderType)), ANY_OF] = None,
    payment_instrument: Annotated[list[str] | None, AnyOf(words_of(words.PaymentInstrument)), ANY_OF] = None,
    access_point: Annotated[list[str] | None, AnyOf(words_of(words.AccessPoint)), ANY_OF] = None,
    receiving_method: Annotated[list[str] | None, AnyOf(words_of(words.ReceivingMethod)), ANY_OF] = None,
    transfer_speed: Annotated[list[str] | None, AnyOf(words_of(words.TransferSpeed)), ANY_OF] = None,
    fx_margin_status: Annotated[list[str] | None, AnyOf(words.FxMarginStatus), ANY_OF] = None,
    cost_status: Annotated[list[str] | None, AnyOf(words.CostStatus), ANY_OF] = None,
    superseded: Annotated[
        Annotated[bool | None, YesNo()], Query(description="`true` lists superseded observations too.")
    ] = None,
) -> ObservationFilter:
    return ObservationFilter(
        corridors=about.corridors,
        basis=about.basis,
        periods=() if about.period is None else (about.period,),
        sending_currencies=() if about.sending_currency is None else (about.sending_currency,),
        tiers=tuple(amount_tier or ()),
        sources=tuple(source or ()),
        providers=tuple(provider or ()),
        provider_types=tuple(provider_type or ()),
        payment_instruments=tuple(payment_instrument or ()),
        access_points=tuple(access_point or ()),
        receiving_methods=tuple(receiving_method or ()),
        transfer_speeds=tuple(transfer_speed or ()),
        fx_margin_statuses=tuple(fx_margin_status or ()),
        cost_statuses=tuple(cost_status or ()),
        with_superseded=bool(superseded),
    )


@add_list(router, "/quotes", summary="Observations behind the figures", responses={200: {"model": Quotes}})
def quotes(
    reading: ListReadingDep,
    wanted: Annotated[ObservationFilter, Depends(_described)],
    fields: Annotated[
        Annotated[list[str] | None, FieldsOf(Quotes)], Query(description="Only these fields, by dotted names.")
    ] = None,
) -> Response:
    """List observations, live ones and those of surveys; without `superseded=true` those that stand today.

    Reads the database.
    """
    check_providers(wanted.providers, reading.board.providers)
    check_sources(wanted.sources, reading.board.sources)
    size = reading.paging.size
    after = None if reading.paging.after is None else _position(reading.paging.after)
    with db.reading(reading.shared.engine) as connection:
        found = observations.listed(
            connection, wanted, limit=size + 1, after=after, shown=reading.board.shown, hidden=reading.board.hidden
        )
    shown = found[:size]
    note_quotes(reading.request, (one.quote.id for one in shown))
    rows = Rows(
        rows=[_quote(one) for one in shown],
        about=about({one.quote.source for one in shown}, reading.board),
        next_position=_key(shown[-1]) if len(found) > size else None,
        fields=fields,
    )
    return answer_list(reading, QUOTES, rows)


def _key(last: Observation) -> tuple[str, str, str]:
    return last.quote.corridor, last.quote.observed_at.isoformat(), str(last.quote.id)


def _position(after: tuple[str, ...]) -> Position:
    try:
        corridor, observed_at, quote_id = after
        return Position(corridor, datetime.fromisoformat(observed_at), UUID(quote_id))
    except ValueError as error:
        raise InvalidPageTokenError from error


@router.get(
    "/quotes/{quote_id}",
    name="quote",
    summary="One observation with its provenance",
    responses={200: {"model": OneQuote}},
)
def one_quote(
    reading: ReadingDep,
    quote_id: Annotated[str, Path(description="A quote's id, from `quote_ids` of an answer or GET /v1/quotes.")],
    fields: Annotated[
        Annotated[list[str] | None, FieldsOf(OneQuote)], Query(description="Only these fields, by dotted names.")
    ] = None,
) -> Response:
    """Return an observation with where it stood, what was published, and what became of it. Reads the database."""
    with db.reading(reading.shared.engine) as connection:
        whole = whole_quote(connection, quote_uuid(quote_id), reading.board)
    note_quotes(reading.request, [quote_uuid(quote_id)])
    return answer_with(reading, whole, fields=fields)


def whole_quote(connection: Connection, quote_id: UUID, board: Board) -> dict[str, Json]:
    """Return all that is answered of a quote; it changes only with the quote, so that its ETag says its state."""
    found = observations.find(connection, quote_id, shown=board.shown)
    if found is None:
        raise UnknownQuote(text=str(quote_id))
    chain = chains.chain_of(connection, quote_id)
    brought_by = [link.dataset_version for link in chain.links]
    changed_by = [link.newest_change.dataset_version for link in chain.links if link.newest_change is not None]
    return {
        "quote": _quote(found.observation),
        "provenance": provenance(found, chain),
        **about((found.observation.quote.source,), board),
        "dataset_version": max(brought_by + changed_by, default=found.observation.dataset_version),
    }


def quote_uuid(text: str) -> UUID:
    """Return a quote's id; raise UnknownQuote for what can be none."""
    try:
        found = UUID(text)
    except ValueError:
        raise UnknownQuote(text=text) from None
    if str(found) != text.lower():  # urn:uuid:…, {…} and bare digits are ids elsewhere, not here
        raise UnknownQuote(text=text)
    return found


def _quote(one: Observation) -> dict[str, Json]:
    quote = one.quote
    return {
        "id": str(quote.id),
        "source": quote.source,
        "source_key": quote.source_key,
        "evidence": quote.evidence,
        "corridor": quote.corridor,
        "amount_tier": quote.tier,
        "sending_currency": quote.sending_currency,
        "receiving_currency": quote.receiving_currency,
        **(_live(quote) if isinstance(quote, LiveQuote) else _surveyed(quote)),
        **service(quote.description),
        "flags": one.flags,
        "is_current": one.is_current,
        "dataset_version": one.dataset_version,
        "recorded_at": one.recorded_at,
    }


def _surveyed(quote: Quote) -> dict[str, Json]:
    return {
        "basis": words.Basis.SURVEY,
        "period": quote.period,
        "observed_at": quote.observed_at.date().isoformat(),
        "valid_until": None,
        "amount": {"amount": quote.amount, "currency": quote.sending_currency},
        "denomination_usd": quote.denomination_usd,
        "fee": None if quote.fee is None else {"amount": quote.fee, "currency": quote.sending_currency},
        "fee_mode": quote.fee_mode,
        "fx_margin_percent": quote.fx_margin_percent,
        "published_total_percent": quote.published_total_percent,
        "published_rate": quote.published_rate,
        "published_mid_market_rate": quote.published_mid_market_rate,
        "fx_margin_status": quote.fx_margin_status,
        "cost_status": quote.cost_status,
        "terms": None,
    }


def _live(quote: LiveQuote) -> dict[str, Json]:
    of_surveys: dict[str, Json] = dict.fromkeys(_ONLY_SURVEYS_SAY)
    return {
        **of_surveys,
        "basis": words.Basis.LIVE,
        "observed_at": quote.observed_at,
        "valid_until": quote.valid_until,
        "fee_mode": quote.terms.fee_mode,
        "terms": terms_answer(quote.terms),
    }


_ONLY_SURVEYS_SAY = (
    *("period", "amount", "denomination_usd", "fee", "fx_margin_percent", "published_total_percent"),
    *("published_rate", "published_mid_market_rate", "fx_margin_status", "cost_status"),
)
