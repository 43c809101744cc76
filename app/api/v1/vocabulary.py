"""GET /v1/vocabulary: every word of the API's enums, labelled for people."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from app.api.deps import ListReadingDep, Words
from app.api.inputs import OneOf, StrictRoute
from app.api.lists import Row, Rows, add_list, answer_list, listing
from app.api.pages import page_by_key
from app.api.projection import FieldsOf
from app.api.provenance import about
from app.api.shapes import ListAnswer, Shape
from app.domain import vocabulary as words
from app.domain.corridor_ranking import CorridorSort
from app.domain.geography import Geography
from app.domain.searching import matches
from app.reference import load

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["reference"])

ENUMS: dict[str, type[StrEnum]] = {
    "access_point": words.AccessPoint,
    "amount_is": words.AmountIs,
    "amount_tier": words.AmountTier,
    "basis": words.Basis,
    "caution": words.Caution,
    "corridor_sort": CorridorSort,
    "cost_status": words.CostStatus,
    "customer": words.Customer,
    "evidence": words.Evidence,
    "exclusion": words.Exclusion,
    "fee_mode": words.FeeMode,
    "freshness": words.Freshness,
    "fx_margin_status": words.FxMarginStatus,
    "network_coverage": words.NetworkCoverage,
    "payment_instrument": words.PaymentInstrument,
    "price_basis": words.PriceBasis,
    "provider_type": words.ProviderType,
    "receiving_method": words.ReceivingMethod,
    "sdg_status": words.SdgStatus,
    "survey_note": words.SurveyNote,
    "transfer_speed": words.TransferSpeed,
}
_LABELS = {
    "2_days": "2 days",
    "3_5_days": "3 to 5 days",
    "6_days_or_more": "6 days or more",
    "under_1_hour": "Under 1 hour",
    "usd_200": "USD 200",
    "usd_500": "USD 500",
    "atm": "ATM",
    "non_bank_fi": "Non-bank financial institution",
    "provider_api": "Provider's API",
    "smart": "SmaRT",
}


class Term(Shape):
    """One word of one enum; ``place`` is its order there."""

    vocabulary: str
    code: str
    place: int
    label: str = Field(description="For people, in English where there is no translation.")


class Vocabulary(ListAnswer):
    """Every word that answers and filters use."""

    terms: list[Term]


TERMS = listing("terms", "Vocabulary", Term)


def region_code(name: str) -> str:
    """Return the World Bank's name of a region or an income group as we write codes: ``east_asia_and_pacific``."""
    return name.lower().replace("&", "and").replace(" ", "_").replace("-", "_")


def region_codes(geography: Geography) -> dict[str, str]:
    """Return the regions' names by code."""
    names = sorted({country.region for country in geography.countries.values() if country.region})
    return {region_code(name): name for name in names}


def income_codes(geography: Geography) -> dict[str, str]:
    """Return the income groups' names by code."""
    names = sorted({country.income_group for country in geography.countries.values() if country.income_group})
    return {region_code(name): name for name in names}


def label(code: str) -> str:
    """Return a word of ours for people."""
    return _LABELS.get(code) or code.replace("_", " ").capitalize()


def _terms() -> Iterator[Row]:
    for vocabulary, kind in ENUMS.items():
        for place, word in enumerate(kind):
            yield {"vocabulary": vocabulary, "code": word.value, "place": place, "label": label(word.value)}
    for vocabulary, names in (("income_group", income_codes(load())), ("region", region_codes(load()))):
        for place, (code, name) in enumerate(names.items()):
            yield {"vocabulary": vocabulary, "code": code, "place": place, "label": name}


@add_list(router, "/vocabulary", summary="Every word of the enums, labelled", responses={200: {"model": Vocabulary}})
def vocabulary(
    reading: ListReadingDep,
    vocabulary: Annotated[
        Annotated[str | None, OneOf((*ENUMS, "income_group", "region"))], Query(description="One vocabulary only.")
    ] = None,
    q: Words = None,
    fields: Annotated[
        Annotated[list[str] | None, FieldsOf(Vocabulary)], Query(description="Only these fields, by dotted names.")
    ] = None,
) -> Response:
    """List the words of one enum, or of all, each with a label for people and its place in the order."""
    found = {
        f"{term['vocabulary']}/{term['place']:03}": term
        for term in _terms()
        if vocabulary in {None, term["vocabulary"]} and matches(q or "", (str(term["code"]), str(term["label"])))
    }
    page = page_by_key(found, after=reading.paging.after, size=reading.paging.size)
    rows = Rows(
        rows=page.rows,
        about=about((), reading.board),
        next_position=page.next_position,
        fields=fields,
    )
    return answer_list(reading, TERMS, rows)
