"""The documented answer of the Wise comparison API, priced by the domain: what it says is received, and its markups."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.domain.costs import Price
from app.domain.tariffs import FeeBand, RateStep, Tariff, tariff_curve
from app.domain.vocabulary import AmountIs, FeeMode

ANSWER = "wise/wise_v4_comparisons_docs_example.json"


@pytest.fixture
def answer(shared_data: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared_data / ANSWER).read_text("utf-8"), parse_float=Fraction)
    return found


@pytest.fixture
def quotes(answer: dict[str, Any]) -> list[dict[str, Any]]:
    found = [quote for provider in answer["providers"] for quote in provider["quotes"]]
    assert len(found) == 3
    return found


def priced(answer: dict[str, Any], quote: dict[str, Any], mode: FeeMode, fee_at: Fraction) -> Price:
    """A quote valid at the amount asked, as a tariff; the mid-market rate is the one its own answer declares."""
    mid = next(q["rate"] for p in answer["providers"] for q in p["quotes"] if q["isConsideredMidMarketRate"])
    tariff = Tariff(
        quote_id=UUID(int=1),
        currency=answer["sourceCurrency"],
        receiving_currency=answer["targetCurrency"],
        fee_mode=mode,
        bands=(FeeBand(start=Fraction(0), fixed=Fraction(quote["fee"])),),
        rates=(RateStep(Fraction(0), quote["rate"]),),
        mid_market_rate=mid,
    )
    found = tariff_curve(tariff).price(fee_at, AmountIs.TOTAL_PAID)
    assert isinstance(found, Price)
    return found


def test_received_amounts_are_what_the_documentation_says(answer: dict[str, Any], quotes: list[dict[str, Any]]) -> None:
    total = Fraction(answer["amount"])
    computed = [priced(answer, quote, FeeMode.DEDUCTED, total).recipient_gets for quote in quotes]
    assert all(
        received == (total - quote["fee"]) * quote["rate"] for received, quote in zip(computed, quotes, strict=True)
    )
    assert [round(received or 0, 2) for received in computed] == [quote["receivedAmount"] for quote in quotes]


def test_markups_are_the_margins(answer: dict[str, Any], quotes: list[dict[str, Any]]) -> None:
    total = Fraction(answer["amount"])
    margins = [priced(answer, quote, FeeMode.DEDUCTED, total).fx_margin_percent for quote in quotes]
    assert [round(margin or 0, 8) for margin in margins] == [Fraction(quote["markup"]) for quote in quotes]


def test_the_same_quotes_written_on_top_give_the_same_amounts(
    answer: dict[str, Any], quotes: list[dict[str, Any]]
) -> None:
    total = Fraction(answer["amount"])
    for quote in quotes:
        deducted, on_top = (priced(answer, quote, mode, total) for mode in FeeMode)
        assert deducted.recipient_gets == on_top.recipient_gets
        assert deducted.total_cost == on_top.total_cost
        assert deducted.cost_of_total_paid_percent == on_top.cost_of_total_paid_percent
