"""GET /v1/corridors/{corridor}: one corridor, with what there is to choose from, each with its count."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from app.api.answers import answer_with
from app.api.deps import PeriodParameter, ReadingDep
from app.api.formats import Json
from app.api.inputs import OneOf, StrictRoute
from app.api.past import AsOfParameter, as_known
from app.api.projection import FieldsOf
from app.api.rounds import prices_of
from app.api.shapes import CurrencyCode, Money, OpenWord, Period, Shape
from app.api.v1.comparison import EpochShape, IndicatorsShape, epoch, indicators
from app.api.v1.corridors import cautions
from app.api.v1.offers import money
from app.api.v1.questions import CorridorPath
from app.compare import Comparison, ComparisonQuestion, Prices, SurveyPrices, compare
from app.domain import vocabulary as words
from app.domain.ranking import Candidate
from app.domain.terms import AmountFee

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["corridors"])


class WordChoice(Shape):
    """A word that can be asked for, and how many services of the round have it."""

    code: str
    services: int


class ProviderChoice(Shape):
    """A provider that can be asked for, and how many services it has."""

    id: str
    name: str
    services: int


class AmountChoice(Shape):
    """An amount that was surveyed, and how many services were asked for it."""

    amount: Money
    tier: Annotated[str, OpenWord(words.AmountTier)] | None
    services: int


class Choices(Shape):
    """What a comparison of this round can be asked for; counts are of services, ``unknown`` included."""

    sending_currencies: list[WordChoice]
    amounts: list[AmountChoice]
    providers: list[ProviderChoice]
    provider_types: list[WordChoice]
    payment_instruments: list[WordChoice]
    access_points: list[WordChoice]
    receiving_methods: list[WordChoice]
    transfer_speeds: list[WordChoice]


class CorridorShape(EpochShape):
    """One corridor: its figures and what there is to choose from."""

    newest_period: Period | None = Field(description="The newest survey round; null: never surveyed.")
    periods: list[Period]
    default_amount: Money | None
    sending_currency: CurrencyCode
    indicators: IndicatorsShape | None = Field(description="Null where the corridor was never surveyed.")
    cautions: list[str]
    choices: Choices


@router.get(
    "/corridors/{corridor}",
    summary="One corridor and its choices",
    responses={200: {"model": CorridorShape}},
)
def corridor(  # noqa: PLR0913, PLR0917 -- each is a parameter of the contract
    reading: ReadingDep,
    corridor: CorridorPath,
    basis: Annotated[
        Annotated[words.Basis | None, OneOf(words.Basis, words.Basis)],
        Query(description="Default: as in the comparison."),
    ] = None,
    period: PeriodParameter = None,
    as_of: AsOfParameter = None,
    fields: Annotated[
        Annotated[list[str] | None, FieldsOf(CorridorShape)], Query(description="Only these fields, by dotted names.")
    ] = None,
) -> Response:
    """Return a corridor's figures and what can be asked about it; a past `period`, and `as_of`, ask the database."""
    reading = as_known(reading, as_of, corridor)
    found = prices_of(reading, corridor, basis=basis, period=period)
    geography, board = reading.shared.geography, reading.board
    answer = compare(found, ComparisonQuestion(), board=board, geography=geography, now=reading.now)
    periods = board.periods.get(answer.corridor, ())
    whole: dict[str, Json] = {
        **epoch(answer, board.sources, reading.language, reading.as_of),
        "newest_period": periods[-1] if periods else None,
        "periods": periods,
        "default_amount": money(answer.amount, answer.amount_currency, geography),
        "sending_currency": answer.sending_currency,
        "indicators": indicators(answer),
        "cautions": [] if answer.figures is None else cautions(answer.figures),
        "choices": _choices(answer, _amounts(found)),
    }
    return answer_with(reading, whole, fields=fields, fresh_until=answer.fresh_until)


def _amounts(found: Prices) -> list[Json]:
    """Return the amounts that prices were asked for, the surveyed ones or those of live sources."""
    if isinstance(found, SurveyPrices):
        return [
            {"amount": {"amount": one.amount, "currency": one.currency}, "tier": one.tier, "services": one.services}
            for one in found.round.amounts
        ]
    asked = Counter(
        (quote.sending_currency, quote.terms.fee.at_amount, quote.tier)
        for service in found.live.services
        for sighting in service.sightings
        for quote in sighting.quotes
        if isinstance(quote.terms.fee, AmountFee)
    )
    return [
        {"amount": {"amount": amount, "currency": currency}, "tier": tier, "services": count}
        for (currency, amount, tier), count in sorted(asked.items(), key=lambda one: (one[0][0], one[0][1]))
    ]


def _choices(answer: Comparison, amounts: list[Json]) -> dict[str, Json]:
    ranked = [candidate for offer in answer.ranking.offers for candidate in offer.members]
    services = ranked + [one.candidate for one in answer.ranking.excluded]
    providers = Counter((one.description.provider, one.description.provider_name) for one in services)
    by_id: dict[str, tuple[str, int]] = {}
    for (provider, name), count in sorted(providers.items()):
        first, before = by_id.get(provider, (name, 0))
        by_id[provider] = (first, before + count)
    return {
        "sending_currencies": _counted(services, lambda one: [curve.currency for curve in one.curves]),
        "amounts": amounts,
        "providers": [
            {"id": provider, "name": name, "services": count} for provider, (name, count) in sorted(by_id.items())
        ],
        "provider_types": _counted(services, lambda one: [one.description.provider_type]),
        "payment_instruments": _counted(services, lambda one: one.description.payment_instruments),
        "access_points": _counted(services, lambda one: one.description.access_points),
        "receiving_methods": _counted(services, lambda one: one.description.receiving_methods),
        "transfer_speeds": _counted(services, lambda one: [one.description.transfer_speed]),
    }


def _counted(services: Iterable[Candidate], words_of: Callable[[Candidate], Iterable[str]]) -> list[Json]:
    """Count services by word, the most frequent first; a service that has two words counts in both."""
    counts = Counter(str(word) for one in services for word in set(words_of(one)))
    return [{"code": word, "services": count} for word, count in sorted(counts.items(), key=lambda c: (-c[1], c[0]))]
