"""GET /v1/countries and /v1/currencies: reference data, who has prices there, and who publishes reference rates."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from app import db
from app.api.deps import ListReading, ListReadingDep, Words
from app.api.formats import Json
from app.api.inputs import StrictRoute
from app.api.lists import Rows, add_list, answer_list, listing
from app.api.pages import page_by_key
from app.api.projection import FieldsOf
from app.api.provenance import about
from app.api.shapes import CountryCode, CurrencyCode, ListAnswer, Number, OpenWord, Shape
from app.api.v1.vocabulary import income_codes, region_code, region_codes
from app.board import Board
from app.domain.geography import Country
from app.domain.money import Currency
from app.domain.rates import Institution
from app.domain.searching import matches
from app.reference import home_country, load, names, pegs
from app.store import rates as stored_rates
from app.store.rates import Coverage

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["reference"])

WORLD_BANK: dict[str, Json] = {
    "source": "world_bank_countries",
    "licence": "CC-BY-4.0",
    "text": "Region and income group: The World Bank, country classification of 2023",
    "link": "https://datahelpdesk.worldbank.org/knowledgebase/articles/906519",
    "reuse": {"display": True, "store": True, "redistribute": True},
}


class CountryRow(Shape):
    """A country of ISO 3166, with the World Bank's classification and its money today."""

    code: CountryCode
    alpha2: str
    numeric: str | None = Field(description="ISO numeric code; null where it has none.")
    name: str
    region: Annotated[str, OpenWord(tuple(region_codes(load())))] | None
    income_group: Annotated[str, OpenWord(tuple(income_codes(load())))] | None
    is_historic: bool
    currencies: list[CurrencyCode] = Field(description="Legal tender that has not ended, its own first.")
    corridors_from: int = Field(description="Corridors with prices that begin here.")
    corridors_to: int


class Countries(ListAnswer):
    """Every country, those without prices included."""

    countries: list[CountryRow]


class QuotingInstitution(Shape):
    """An institution that publishes reference rates of a currency."""

    institution: str
    name: str
    first_day: str
    last_day: str
    days: int = Field(description="On how many days it published one.")


class PegShape(Shape):
    """A fixed rate by declaration: 1 `base` = `value` `quote`, both days included; null is open."""

    base: CurrencyCode
    quote: CurrencyCode
    value: Number
    since: str | None
    until: str | None
    reference: str = Field(description="The law or authority, and what was not checked.")


class CurrencyRow(Shape):
    """A currency of ISO 4217, whose prices are quoted in it, and whose reference rates there are."""

    code: CurrencyCode
    numeric: str | None = Field(description="ISO numeric code; null where it has none.")
    name: str
    minor_units: int
    is_historic: bool
    services: int = Field(description="Services of the newest rounds and live quotes whose price is in it.")
    quoted_by: list[str] = Field(description="Sources whose prices are in it.")
    home_country: CountryCode | None = Field(description="Whose own money it is; null for that of many (EUR, USD).")
    rates_since: str | None = Field(description="The first day with a reference rate here; null: none has one.")
    rates_until: str | None = Field(description="The newest day with one.")
    rates_by: list[QuotingInstitution] = Field(description="Who publishes its reference rates, since when.")
    pegs: list[PegShape] = Field(description="Declared pegs, those that ended included.")


class Currencies(ListAnswer):
    """Every currency, and who quotes it."""

    currencies: list[CurrencyRow]


COUNTRIES = listing("countries", "Countries", CountryRow)
CURRENCIES = listing("currencies", "Currencies", CurrencyRow)


@add_list(router, "/countries", summary="Countries", responses={200: {"model": Countries}})
def countries(
    reading: ListReadingDep,
    q: Words = None,
    fields: Annotated[
        Annotated[list[str] | None, FieldsOf(Countries)], Query(description="Only these fields, by dotted names.")
    ] = None,
) -> Response:
    """List countries by code; `q` finds them by names in the language of the answer, in English, by code or alias."""
    board = reading.board
    senders = Counter(corridor[:3] for corridor in board.corridors)
    receivers = Counter(corridor[4:] for corridor in board.corridors)
    spoken = names(reading.language).countries
    found = {
        country.code: _country(country, spoken[country.code], senders[country.code], receivers[country.code])
        for country in reading.shared.geography.countries.values()
        if matches(
            q or "",
            (spoken[country.code], country.name, country.code, country.alpha2, *country.codes, *country.aliases),
        )
    }
    page = page_by_key(found, after=reading.paging.after, size=reading.paging.size)
    said = about((), board)
    said["attribution"] = [WORLD_BANK]
    rows = Rows(rows=page.rows, about=said, next_position=page.next_position, fields=fields)
    return answer_list(reading, COUNTRIES, rows)


def _country(country: Country, name: str, senders: int, receivers: int) -> dict[str, Json]:
    return {
        "code": country.code,
        "alpha2": country.alpha2,
        "numeric": country.numeric,
        "name": name,
        "region": region_code(country.region) if country.region else None,
        "income_group": region_code(country.income_group) if country.income_group else None,
        "is_historic": country.is_historic,
        "currencies": list(dict.fromkeys(tender.currency for tender in country.tenders if tender.until is None)),
        "corridors_from": senders,
        "corridors_to": receivers,
    }


@add_list(router, "/currencies", summary="Currencies, and who quotes them", responses={200: {"model": Currencies}})
def currencies(
    reading: ListReadingDep,
    q: Words = None,
    fields: Annotated[
        Annotated[list[str] | None, FieldsOf(Currencies)], Query(description="Only these fields, by dotted names.")
    ] = None,
) -> Response:
    """List currencies by code, historic ones included: services priced in each, and who publishes rates of it."""
    board = reading.board
    quoted, rated = _quoted(board), _rated(reading)
    spoken = names(reading.language).currencies
    found = {
        currency.code: {
            **_currency(currency, spoken[currency.code], quoted[currency.code]),
            **_rates(currency.code, rated[currency.code], board.institutions),
        }
        for currency in reading.shared.geography.currencies.values()
        if matches(q or "", (spoken[currency.code], currency.name, currency.code))
    }
    page = page_by_key(found, after=reading.paging.after, size=reading.paging.size)
    used = {source for by in quoted.values() for source in by}
    used |= {board.institutions[one.institution].source for by in rated.values() for one in by}
    said = about(used, board)
    rows = Rows(rows=page.rows, about=said, next_position=page.next_position, fields=fields)
    return answer_list(reading, CURRENCIES, rows)


def _rated(reading: ListReading) -> defaultdict[str, list[Coverage]]:
    """Return who quotes each currency since when; it is read anew only when rates were imported."""
    shared, board = reading.shared, reading.board
    kept = shared.rate_coverage
    if kept is None or kept[0] != board.rates_from:
        with db.reading(shared.engine) as connection:
            kept = shared.rate_coverage = board.rates_from, stored_rates.coverage(connection)
    rated: defaultdict[str, list[Coverage]] = defaultdict(list)
    for one in kept[1]:
        if one.institution in board.institutions:
            rated[one.currency].append(one)
    return rated


def _rates(code: str, rated: Sequence[Coverage], known: Mapping[str, Institution]) -> dict[str, Json]:
    return {
        "home_country": home_country(code),
        "rates_since": min((one.first for one in rated), default=None),
        "rates_until": max((one.last for one in rated), default=None),
        "rates_by": [
            {
                "institution": one.institution,
                "name": known[one.institution].name,
                "first_day": one.first,
                "last_day": one.last,
                "days": one.fixings,
            }
            for one in rated
        ],
        "pegs": [
            {
                "base": peg.currency if peg.is_per_currency else peg.anchor,
                "quote": peg.anchor if peg.is_per_currency else peg.currency,
                "value": peg.value,
                "since": peg.since,
                "until": peg.until,
                "reference": peg.reference,
            }
            for peg in pegs()
            if peg.currency == code
        ],
    }


def _quoted(board: Board) -> defaultdict[str, Counter[str]]:
    """Count the services of the newest rounds and of current live quotes by currency and source."""
    quoted: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for newest in board.rounds.values():
        for candidate in newest.candidates:
            for curve in candidate.curves:
                quoted[curve.currency][candidate.source] += 1
    for quotes in board.live_quotes.values():
        for source, _, currency in {(one.source, one.source_key, one.sending_currency) for one in quotes}:
            quoted[currency][source] += 1
    return quoted


def _currency(currency: Currency, name: str, quoted: Counter[str]) -> dict[str, Json]:
    return {
        "code": currency.code,
        "numeric": currency.numeric,
        "name": name,
        "minor_units": currency.minor_units,
        "is_historic": currency.is_historic,
        "services": quoted.total(),
        "quoted_by": sorted(quoted),
    }
