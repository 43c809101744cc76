"""GET /v1/corridors/{corridor}/comparison: the main answer, offers ranked for an amount."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from app.api.answers import answer_with
from app.api.deps import Reading, ReadingDep
from app.api.formats import Json
from app.api.inputs import AnyOf, Number, OneOf, StrictRoute, Whole
from app.api.noted import note_quotes
from app.api.past import as_known
from app.api.problems import caused_by
from app.api.projection import FieldsOf
from app.api.provenance import attribution
from app.api.rounds import prices_of
from app.api.shapes import CorridorName, CurrencyCode, Moment, Money, OpenWord, Period, Provenance, Shape
from app.api.shapes import Number as NumberShape
from app.api.v1.offers import ExcludedShape, OfferShape, excluded, money, offer, percent, rate
from app.api.v1.questions import AskedDep, CorridorPath, FiltersDep, check_providers, question_of
from app.compare import Comparison, ComparisonQuestion, Prices, Summary, compare
from app.domain import vocabulary as words
from app.domain.geography import Geography
from app.domain.indicators import CorridorFigures
from app.domain.methodology import METHODOLOGY_VERSION
from app.domain.money import money_out
from app.reference import names
from app.sources.source import Source

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["comparison"])

DEFAULT_LIMIT = 20
LARGEST_LIMIT = 500


class SummaryShape(Shape):
    """All ranked offers at the amount and filters, whatever the limit; averages over services."""

    offers: int = Field(description="Offers that are ranked.")
    services: int = Field(description="Services that they stand for.")
    providers: int = Field(description="Providers among them.")
    cheapest_percent: NumberShape | None
    median_percent: NumberShape | None
    average_percent: NumberShape | None


class IndicatorsShape(Shape):
    """The corridor's figures at the survey's USD 200 tier, whatever the amount and filters, as published."""

    period: Period
    amount_tier: Annotated[str, OpenWord(words.AmountTier)]
    services: int = Field(description="Services that disclose their rate: the base of every average.")
    providers: int
    excluded_services: int = Field(description="Services that do not disclose their rate.")
    average_percent: NumberShape | None
    average_recomputed_percent: NumberShape | None = Field(
        description="The average of fee + margin, where it differs from the published one by more than 0.05."
    )
    median_percent: NumberShape | None
    cheapest_percent: NumberShape | None
    cheapest_ranked_percent: NumberShape | None = Field(description="The cheapest on which a ranking may rest.")
    smart_estimate_percent: NumberShape | None
    smart_services_used: int
    sdg_status: Annotated[str, OpenWord(words.SdgStatus)]
    comparable: bool


class ExcludedOffers(Shape):
    """Services that are not ranked: how many by reason, and one by one with ``expand=excluded``."""

    counts: dict[str, int] = Field(description="Services by reason; only reasons that occur.")
    offers: list[ExcludedShape] | None = Field(description="Null unless `expand=excluded` asked for them.")


class RelaxationShape(Shape):
    """What one filter alone removed from an answer that is empty."""

    parameter: str
    removed_services: int
    offers_without: int = Field(description="Offers there would be without this filter.")


class EpochShape(Provenance):
    """What every answer about one corridor and round begins with."""

    corridor: CorridorName
    basis: Annotated[str, OpenWord(words.Basis)]
    basis_reason: str
    period: Period | None
    freshness: Annotated[str, OpenWord(words.Freshness)]
    evaluated_at: Moment = Field(description="The last instant at which this answer changed.")
    fresh_until: Moment | None = Field(description="When time alone will change this answer; null: never.")
    as_of: Moment | None = Field(description="As known at which instant; null: as known now.")


class ComparisonShape(EpochShape):
    """The main answer: what sending money along a corridor costs, cheapest first."""

    amount: Money = Field(description="The amount that is held equal.")
    amount_is: Annotated[str, OpenWord(words.AmountIs)]
    sending_currency: CurrencyCode = Field(description="What the sender pays in.")
    receiving_currency: CurrencyCode | None = Field(description="What was asked for; null where nothing was.")
    surveyed_amount_usd: NumberShape | None = Field(description="What the surveyed amount was worth, in US dollars.")
    surveyed_amount_usd_reason: str | None = Field(
        description="Why surveyed_amount_usd and amount_drifted are null: no_reference_rate."
    )
    amount_drifted: bool | None = Field(
        description="Whether the surveyed amount was no longer near the survey's USD 200."
    )
    benchmark: str = Field(
        description="What margins are measured against: `published` (a survey's own), `default` (the rate that the "
        "source declares, else the newest reference rate), or an institution."
    )
    benchmarks_available: list[str] = Field(description="Institutions that can be asked for as `benchmark` here.")
    mid_market_rate: NumberShape | None = Field(description="What all ranked offers are measured against, if one rate.")
    mid_market_rate_reason: str | None = Field(description="not_used, differs_by_offer, no_reference_rate, no_offers.")
    ranked_by: str = Field(description="What was compared: total_cost, recipient_gets, sender_pays, …")
    rank_stable: bool | None = Field(description="Whether the order is the same under every available benchmark.")
    rank_stable_reason: str | None = Field(description="Why rank_stable is null.")
    summary: SummaryShape
    indicators: IndicatorsShape | None = Field(description="Null where the corridor was never surveyed.")
    offers: list[OfferShape] = Field(description="The cheapest first, as many as `limit` says.")
    excluded: ExcludedOffers
    relax: list[RelaxationShape] = Field(description="Where filters left nothing: what each alone removed.")


def answer_one(reading: Reading, found: Prices, question: ComparisonQuestion) -> Comparison:
    """Compare prices for one question; what is wrong with a parameter is said of it."""
    geography, board = reading.shared.geography, reading.board
    check_providers(question.filters.provider, board.providers)
    for parameter in ("sending_currency", "receiving_currency"):
        if (code := getattr(question, parameter)) is not None:
            with caused_by(parameter):
                geography.currency(code)
    return compare(found, question, board=board, geography=geography, now=reading.now)


@router.get(
    "/corridors/{corridor}/comparison",
    summary="Offers ranked for an amount",
    responses={200: {"model": ComparisonShape}},
)
def comparison(  # noqa: PLR0913, PLR0917 -- each is a parameter of the contract
    reading: ReadingDep,
    corridor: CorridorPath,
    asked: AskedDep,
    filters: FiltersDep,
    amount: Annotated[
        Annotated[Decimal | None, Number()],
        Query(description="Default: the survey's most frequent amount near USD 200."),
    ] = None,
    sort: Annotated[
        Annotated[str | None, OneOf(("cost", "transfer_speed"))], Query(description="Default: cost.")
    ] = None,
    limit: Annotated[
        Annotated[int | None, Whole(1, LARGEST_LIMIT)], Query(description=f"Offers shown, {DEFAULT_LIMIT} unless told.")
    ] = None,
    expand: Annotated[
        Annotated[list[str] | None, AnyOf(("excluded",))], Query(description="`excluded` lists what is not ranked.")
    ] = None,
    fields: Annotated[
        Annotated[list[str] | None, FieldsOf(ComparisonShape)],
        Query(description="Only these fields, by dotted names; where the figures are from is always there."),
    ] = None,
) -> Response:
    """Rank what providers charge for an amount, with what is uncertain, excluded and why.

    Newest rounds are answered from memory; a past `period`, and `as_of`, ask the database.
    """
    reading = as_known(reading, asked.as_of, corridor)
    found = prices_of(reading, corridor, basis=asked.basis, period=asked.period)
    question = question_of(asked, filters.on(reading.board), amount, by_speed=sort == "transfer_speed")
    answer = answer_one(reading, found, question)
    most = limit or DEFAULT_LIMIT
    note_quotes(reading.request, (id_ for one in answer.ranking.offers[:most] for id_ in one.quote_ids))
    whole = comparison_document(
        answer,
        reading.shared.geography,
        reading.board.sources,
        language=reading.language,
        limit=most,
        with_excluded="excluded" in (expand or ()),
        as_of=reading.as_of,
    )
    return answer_with(reading, whole, fields=fields, fresh_until=answer.fresh_until)


def comparison_document(  # noqa: PLR0913 -- the answer, what its words need, and how much of it is written
    answer: Comparison,
    geography: Geography,
    known: Mapping[str, Source],
    *,
    language: str = "en",
    limit: int = DEFAULT_LIMIT,
    with_excluded: bool = False,
    as_of: datetime | None = None,
) -> dict[str, Json]:
    """Return a comparison as the API and the command line's ``--json`` write it; ``known``: the board's sources."""
    left_out = answer.ranking.excluded
    return {
        **epoch(answer, known, language, as_of),
        "amount": money(answer.amount, answer.amount_currency, geography),
        "amount_is": answer.amount_is,
        "sending_currency": answer.sending_currency,
        "receiving_currency": answer.receiving_currency,
        "surveyed_amount_usd": None if answer.surveyed_amount_usd is None else money_out(answer.surveyed_amount_usd, 2),
        "surveyed_amount_usd_reason": _no_usd(answer),
        "amount_drifted": answer.amount_drifted,
        "benchmark": answer.benchmark,
        "benchmarks_available": answer.benchmarks_available,
        "mid_market_rate": rate(answer.mid_market_rate),
        "mid_market_rate_reason": answer.mid_market_rate_reason,
        "ranked_by": answer.ranking.key,
        "rank_stable": answer.rank_stable,
        "rank_stable_reason": answer.rank_stable_reason,
        "summary": _summary(answer.summary),
        "indicators": indicators(answer),
        "offers": [offer(answer, one, geography) for one in answer.ranking.offers[:limit]],
        "excluded": {
            "counts": dict(sorted(Counter(str(one.reason) for one in left_out).items())),
            "offers": [excluded(one) for one in left_out] if with_excluded else None,
        },
        "relax": [
            {
                "parameter": one.parameter,
                "removed_services": one.removed_services,
                "offers_without": one.offers_without,
            }
            for one in answer.relax
        ],
    }


def _no_usd(answer: Comparison) -> str | None:
    if answer.surveyed_amount_usd is not None:
        return None
    return "not_surveyed" if answer.basis is words.Basis.LIVE else "no_reference_rate"


def indicators(answer: Comparison) -> dict[str, Json] | None:
    """Return the corridor's figures of the round that the answer is about, else of its newest; null where none is."""
    if answer.figures is None:
        return None
    return {"period": answer.figures_period, "amount_tier": words.AmountTier.USD_200, **figures(answer.figures)}


def _summary(found: Summary) -> dict[str, Json]:
    return {
        "offers": found.offers,
        "services": found.services,
        "providers": found.providers,
        "cheapest_percent": percent(found.cheapest_percent),
        "median_percent": percent(found.median_percent),
        "average_percent": percent(found.average_percent),
    }


def epoch(
    answer: Comparison, known: Mapping[str, Source], language: str, as_of: datetime | None = None
) -> dict[str, Json]:
    """Return what every answer about one corridor and round begins with.

    ``as_of``: the instant as known at which it is; time changes such an answer no more.
    """
    return {
        "corridor": corridor_name(answer.corridor, language),
        "basis": answer.basis,
        "basis_reason": answer.basis_reason,
        "period": answer.period,
        "freshness": answer.freshness,
        "notices": [{"code": notice.code, "text": notice.text} for notice in answer.notices],
        "evaluated_at": answer.evaluated_at,
        "fresh_until": answer.fresh_until if as_of is None else None,
        "as_of": as_of,
        "attribution": attribution(answer.sources, known),
        "dataset_version": answer.dataset_version,
        "methodology_version": METHODOLOGY_VERSION,
    }


def corridor_name(corridor: str, language: str) -> dict[str, Json]:
    """Return a corridor with its countries' names."""
    known = names(language).countries
    sending, receiving = corridor.split("-")
    return {
        "id": corridor,
        "sending_country": {"code": sending, "name": known[sending]},
        "receiving_country": {"code": receiving, "name": known[receiving]},
    }


def figures(found: CorridorFigures) -> dict[str, Json]:
    """Return a corridor's indicators."""
    return {
        "services": found.services,
        "providers": found.providers,
        "excluded_services": found.excluded_services,
        "average_percent": percent(found.average_percent),
        "average_recomputed_percent": percent(found.average_recomputed_percent),
        "median_percent": percent(found.median_percent),
        "cheapest_percent": percent(found.cheapest_percent),
        "cheapest_ranked_percent": percent(found.cheapest_ranked_percent),
        "smart_estimate_percent": percent(found.smart.percent),
        "smart_services_used": len(found.smart.members),
        "sdg_status": found.sdg_status,
        "comparable": found.comparable,
    }
