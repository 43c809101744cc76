"""GET /v1/corridors/{corridor}/cost-curve: what services cost over amounts, and where the cheapest one changes."""

from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from app.api.answers import answer_with
from app.api.deps import ReadingDep
from app.api.formats import Json
from app.api.inputs import Numbers, StrictRoute
from app.api.noted import note_quotes
from app.api.past import as_known
from app.api.projection import FieldsOf
from app.api.rounds import prices_of
from app.api.shapes import CurrencyCode, Money, Number, OpenWord, Shape
from app.api.v1.comparison import EpochShape, answer_one, epoch
from app.api.v1.offers import ServiceShape, money, percent, service
from app.api.v1.questions import AskedDep, CorridorPath, FiltersDep, question_of
from app.compare import Comparison, CostCurve, cost_curve
from app.domain import vocabulary as words
from app.domain.geography import Geography
from app.domain.money import money_out
from app.domain.switches import Switch

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["comparison"])

MOST_AMOUNTS = 50


class CurveService(ServiceShape):
    """A service that has a price at some amount; costs and switches name it by its place."""

    place: int
    source: str
    quote_ids: list[str]


class PointCost(Shape):
    """What one service costs at one amount."""

    service: int = Field(description="The service's place in services.")
    rank: int
    total_cost: Money | None
    total_cost_percent: Number | None
    total_cost_percent_low: Number | None
    total_cost_percent_high: Number | None
    price_basis: Annotated[str, OpenWord(words.PriceBasis)]


class Point(Shape):
    """All prices at one amount, cheapest first."""

    amount: Money
    cheapest: PointCost | None
    costs: list[PointCost]
    excluded: dict[str, int]


class SwitchShape(Shape):
    """The first amount where another service is the cheapest; an interval where a price is interpolated."""

    at: Number
    earliest: Number
    latest: Number
    before: int | None
    after: int | None


class KnownAmounts(Shape):
    """The smallest and the largest amount at which any price is known."""

    smallest: Number | None
    largest: Number | None
    currency: CurrencyCode


class CostCurveShape(EpochShape):
    """What services cost at several amounts, and every change of the cheapest between the known amounts."""

    amount_is: Annotated[str, OpenWord(words.AmountIs)]
    sending_currency: CurrencyCode
    receiving_currency: CurrencyCode | None
    services: list[CurveService]
    points: list[Point]
    known_amounts: KnownAmounts
    switches: list[SwitchShape]
    switches_reason: str | None = Field(description="Why there is no switch.")


@router.get(
    "/corridors/{corridor}/cost-curve",
    summary="Costs over amounts, and where the cheapest changes",
    responses={200: {"model": CostCurveShape}},
)
def cost_curve_of(  # noqa: PLR0913, PLR0917 -- each is a parameter of the contract
    reading: ReadingDep,
    corridor: CorridorPath,
    asked: AskedDep,
    filters: FiltersDep,
    amounts: Annotated[
        Annotated[list[Decimal] | None, Numbers(MOST_AMOUNTS)],
        Query(description=f"Up to {MOST_AMOUNTS} amounts; default: the comparison's."),
    ] = None,
    fields: Annotated[
        Annotated[list[str] | None, FieldsOf(CostCurveShape)], Query(description="Only these fields, by dotted names.")
    ] = None,
) -> Response:
    """Compare at each amount; nothing is extrapolated beyond what was observed."""
    reading = as_known(reading, asked.as_of, corridor)
    found = prices_of(reading, corridor, basis=asked.basis, period=asked.period)
    wanted = filters.on(reading.board)

    def compared(amount: Decimal | None) -> Comparison:
        question = question_of(asked, wanted, amount)
        return answer_one(reading, found, question)

    curve = cost_curve(compared, amounts or (), exact_only=asked.exact_only)
    first = curve.comparisons[0]
    note_quotes(reading.request, (id_ for one in curve.services for id_ in one.quote_ids))
    whole = {
        **epoch(first, reading.board.sources, reading.language, reading.as_of),
        "evaluated_at": curve.evaluated_at,
        "fresh_until": curve.fresh_until if reading.as_of is None else None,
        "amount_is": first.amount_is,
        "sending_currency": first.sending_currency,
        "receiving_currency": first.receiving_currency,
        **_curve(curve, reading.shared.geography),
    }
    return answer_with(reading, whole, fields=fields, fresh_until=curve.fresh_until)


def _curve(curve: CostCurve, geography: Geography) -> dict[str, Json]:
    first = curve.comparisons[0]
    units = geography.currency(first.amount_currency).minor_units
    places = {candidate.key: place for place, candidate in enumerate(curve.services)}
    return {
        "services": [
            {
                "place": place,
                **service(one.description),
                "source": one.source,
                "quote_ids": [str(quote) for quote in one.quote_ids],
            }
            for place, one in enumerate(curve.services)
        ],
        "points": [_point(one, places, geography) for one in curve.comparisons],
        "known_amounts": {
            "smallest": _amount(curve.first, units),
            "largest": _amount(curve.last, units),
            "currency": first.amount_currency,
        },
        "switches": [_switch(one, units) for one in curve.switches],
        "switches_reason": curve.switches_reason,
    }


def _amount(value: Fraction | None, units: int) -> Decimal | None:
    return None if value is None else money_out(value, units)


def _switch(one: Switch, units: int) -> dict[str, Json]:
    return {
        "at": money_out(one.at, units),
        "earliest": money_out(one.earliest, units),
        "latest": money_out(one.latest, units),
        "before": one.before,
        "after": one.after,
    }


def _point(compared: Comparison, places: dict[tuple[str, str], int], geography: Geography) -> dict[str, Json]:
    costs: list[Json] = [
        {
            "service": places[one.candidate.key],
            "rank": one.rank,
            "total_cost": None
            if one.price.total_cost is None
            else money(one.price.total_cost, one.price.currency, geography),
            "total_cost_percent": percent(one.price.total_cost_percent),
            "total_cost_percent_low": percent(one.price.total_cost_percent_low),
            "total_cost_percent_high": percent(one.price.total_cost_percent_high),
            "price_basis": one.price.basis,
        }
        for one in compared.ranking.offers
    ]
    excluded: dict[str, Json] = {}
    for one in compared.ranking.excluded:
        count = excluded.get(str(one.reason), 0)
        excluded[str(one.reason)] = (count if isinstance(count, int) else 0) + 1
    return {
        "amount": money(compared.amount, compared.amount_currency, geography),
        "cheapest": costs[0] if costs else None,
        "costs": costs,
        "excluded": excluded,
    }
