"""Tariff files: the documented example is read to the digit, and each fault is told with its place."""

import copy
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.domain.file_errors import SourceError
from app.domain.terms import AmountFee, Band, PercentFee, RateBand, ScheduleFee, Terms, terms_from
from app.domain.vocabulary import FeeMode
from app.sources import demo_tariffs, quote_file
from app.sources.live_records import microseconds
from app.sources.source import Ask, Known, LiveReading, LiveRecord, sources

PAGE = Path(__file__).parents[2] / "docs" / "tariff-files.md"
SOURCE = sources()["quote_file"]
FILE = Ask("file", "", wanted=(("day", "2026-11-24"),))
Document = dict[str, Any]
Change = Callable[[Document], object]


def example() -> Document:
    """The example of the documentation, whole."""
    found = re.findall(r"^```json\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    document: Document = json.loads(found[0])
    return document


def read(document: Document, source: str = "quote_file") -> LiveReading:
    return quote_file.read(sources()[source], FILE, json.dumps(document).encode())


def changed(change: Change, quote: int = 0) -> LiveReading:
    document = example()
    change(document["quotes"][quote])
    return read(document)


def refusal(change: Change, quote: int = 0) -> tuple[str, str, str]:
    reading = changed(change, quote)
    assert len(reading.refused) == 1
    assert len(reading.quotes) == 1
    doubt = reading.refused[0]
    assert doubt.code == "invalid-quote"
    return doubt.place, doubt.reason, doubt.given


def terms(record: LiveRecord) -> Terms:
    return terms_from(record.terms)


# ---------------------------------------------------------------- what is read


def test_the_documented_example_is_accepted_whole() -> None:
    reading = read(example())
    assert reading.refused == []
    assert reading.scopes == ("example-bank/GBR-PHL", "example-transfer/GBR-PHL")
    assert reading.counts == {"quotes": 2, "providers": 2}


def test_a_whole_schedule_on_top_is_read_to_the_digit() -> None:
    record = read(example()).quotes[0]
    assert (record.source, record.evidence) == ("quote_file", "published_tariff")
    assert record.source_key == "example-transfer/GBR-PHL/cash-agent"
    assert (record.corridor, record.tier, record.scope) == ("GBR-PHL", "", "example-transfer/GBR-PHL")
    assert record.observed_at == microseconds(datetime(2026, 11, 20, 9, tzinfo=UTC))
    assert record.valid_until == microseconds(datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert terms(record) == Terms(
        fee_mode=FeeMode.ON_TOP,
        fee=ScheduleFee(
            (
                Band(start=Decimal(0), fixed=Decimal("2.9")),
                Band(
                    start=Decimal(100),
                    fixed=Decimal("1.9"),
                    percent=Decimal(1),
                    minimum=Decimal("2.9"),
                    maximum=Decimal(20),
                ),
            )
        ),
        rates=(RateBand(Decimal(0), Decimal("76.85")), RateBand(Decimal(500), Decimal("77.1"))),
        min_amount=Decimal(1),
        max_amount=Decimal(8000),
    )


def test_a_marginal_schedule_that_is_deducted_is_read_too() -> None:
    record = read(example()).quotes[1]
    fee = terms(record).fee
    assert isinstance(fee, ScheduleFee)
    assert fee.is_marginal
    assert terms(record).fee_mode is FeeMode.DEDUCTED
    assert record.valid_until is None
    assert record.service.customer == "returning"


def test_words_stand_in_the_order_of_the_vocabulary_and_the_evidence_beside_them() -> None:
    reading = changed(lambda quote: quote.update(receiving_methods=["bank_account", "cash"]))
    service = reading.quotes[0].service
    assert service.receiving_methods == ("cash", "bank_account")
    assert service == read(example()).quotes[0].service
    assert dict(service.published) == example()["quotes"][0]["evidence"]


@pytest.mark.parametrize(
    ("fee", "read_as"),
    [
        ({"kind": "amount", "amount": "2.99", "at_amount": 150}, AmountFee(Decimal("2.99"), Decimal(150))),
        ({"kind": "percent", "percent": 0}, PercentFee(Decimal(0))),
        ({"kind": "percent", "percent": "100.00"}, PercentFee(Decimal(100))),
    ],
)
def test_every_kind_of_fee_is_read(fee: Document, read_as: AmountFee | PercentFee) -> None:
    assert terms(changed(lambda quote: quote.update(fee=fee)).quotes[0]).fee == read_as


def test_a_number_and_its_text_are_the_same_quote() -> None:
    def as_text(quote: Document) -> None:
        quote["fee"]["bands"][1].update(fixed="1.90", percent="1", minimum="02.9")

    assert changed(as_text) == read(example())


def test_digits_that_no_double_holds_are_kept() -> None:
    body = json.dumps(example()).replace('"76.4"', "0.123456789012345").encode()
    assert terms(quote_file.read(SOURCE, FILE, body).quotes[1]).rates[0].rate == Decimal("0.123456789012345")


def test_a_rate_may_be_left_out() -> None:
    assert terms(changed(lambda quote: quote.pop("offered_rates")).quotes[0]).rates == ()


def test_bands_may_begin_at_the_least_amount() -> None:
    def start(quote: Document) -> None:
        quote["offered_rates"][0]["from"] = quote["fee"]["bands"][0]["from"] = quote["min_amount"]

    assert changed(start).refused == []


def test_another_file_of_the_same_service_has_its_key_and_another_id() -> None:
    before, after = read(example()).quotes[0], changed(lambda quote: quote.update(max_amount=9000)).quotes[0]
    assert before.source_key == after.source_key
    assert before.id != after.id


# ---------------------------------------------------------------- what is refused


def band(index: int, **fields: object) -> Change:
    return lambda quote: quote["fee"]["bands"][index].update(fields)


def evidence(**fields: object) -> Change:
    return lambda quote: quote["evidence"].update(fields)


def field(**fields: object) -> Change:
    return lambda quote: quote.update(fields)


@pytest.mark.parametrize(
    ("change", "place", "reason"),
    [
        (lambda quote: quote.pop("customer"), "", "missing required field `customer`"),
        (lambda quote: quote.pop("evidence"), "", "missing required field `evidence`"),
        (lambda quote: quote["evidence"].pop("page_sha256"), "/evidence", "missing required field `page_sha256`"),
        (field(promo="x"), "", "a field that is not known"),
        (band(0, floor=1), "/fee/bands/0", "a field that is not known"),
        (field(provider_type="shop"), "/provider_type", "expected one of bank, money_transfer_operator"),
        (field(payment_instruments=["cash", "barter"]), "/payment_instruments/1", "expected one of cash, bank_account"),
        (field(payment_instruments=[]), "/payment_instruments", "expected one word or more"),
        (field(access_points=["agent", "agent"]), "/access_points", "each once"),
        (field(receiving_methods=["cash", "unknown"]), "/receiving_methods", "unknown only by itself"),
        (field(fee={"kind": "free"}), "/fee/kind", "expected one of amount, percent, schedule"),
        (field(fee_mode="included"), "/fee_mode", "expected one of on_top, deducted"),
        (field(external_id="a b"), "/external_id", "expected 1 to 100 letters"),
        (field(external_id="x" * 101), "/external_id", "expected 1 to 100 letters"),
        (field(provider="Example Transfer"), "/provider", "such as example-transfer"),
        (field(provider="\u202e"), "/provider", "expected a provider's id"),
        (field(provider_name="Exаmple"), "/provider_name", "look alike"),  # noqa: RUF001 - a Cyrillic letter
        (field(corridor="GBR-XYZ"), "/corridor", "expected a corridor"),
        (field(corridor="GBR-GBR"), "/corridor", "goes from a country to itself"),
        (field(sending_currency="ZZZ"), "/sending_currency", "expected the ISO 4217 code"),
        (field(receiving_currency="php"), "/receiving_currency", "expected the ISO 4217 code"),
        (field(receiving_currency="DEM"), "/receiving_currency", "in use"),
        (field(observed_at="2026-11-20"), "/observed_at", "expected a time with its zone"),
        (field(observed_at="2026-11-21T00:00:00Z"), "/observed_at", "up to 2026-11-20"),
        (field(valid_until="2026-11-20T09:00:00Z"), "/valid_until", "after observed_at"),
        (field(valid_until="for ever"), "/valid_until", "after observed_at"),
        (field(min_amount=-1), "/min_amount", "not negative"),
        (field(max_amount=0), "/max_amount", "expected more than 0"),
        (field(max_amount="0.5"), "/max_amount", "no less than min_amount"),
        (evidence(url="http://example.com/"), "/evidence/url", "expected the https address"),
        (evidence(url="https://user:secret@example.com/"), "/evidence/url", "without a user's name"),
        (evidence(url="https://"), "/evidence/url", "expected the https address"),
        (evidence(url="https://[/"), "/evidence/url", "expected the https address"),
        (evidence(url="https://example.com/\u202e"), "/evidence/url", "expected the https address"),
        (evidence(retrieved_on="2026-11-21"), "/evidence/retrieved_on", "up to that of the review, 2026-11-20"),
        (evidence(retrieved_on="20.11.2026"), "/evidence/retrieved_on", "expected a day"),
        (evidence(page_sha256="ab" * 31), "/evidence/page_sha256", "64 digits"),
        (evidence(page_sha256="AB" * 32), "/evidence/page_sha256", "64 digits"),
        (band(0, **{"from": 5}), "/fee/bands/0/from", "expected 0 or min_amount, 1"),
        (band(1, **{"from": 0}), "/fee/bands/1/from", "expected more than 0"),
        (band(1, **{"from": "1e2"}), "/fee/bands/1/from", "exponents are not read"),
        (band(1, **{"from": "١٠٠"}), "/fee/bands/1/from", "only the digits 0 to 9"),  # noqa: RUF001 - Arabic digits
        (band(1, **{"from": True}), "/fee/bands/1/from", "expected a number"),
        (band(1, fixed="1.2345678901234567"), "/fee/bands/1/fixed", "more than 15 significant digits"),
        (band(1, fixed=-1), "/fee/bands/1/fixed", "not negative"),
        (band(1, fixed=None, percent=None), "/fee/bands/1", "expected fixed, percent or both"),
        (band(1, percent=100.5), "/fee/bands/1/percent", "at most 100"),
        (band(1, maximum=2), "/fee/bands/1/maximum", "no less than the minimum, 2.9"),
        (lambda quote: quote["fee"].update(bands=[]), "/fee/bands", "expected 1 to 1000 bands"),
        (lambda quote: quote["fee"].update(marginal=True), "/fee/bands/1/minimum", "no bounds in a marginal schedule"),
        (field(fee={"kind": "amount", "amount": 1}), "/fee", "missing required field `at_amount`"),
        (field(fee={"kind": "amount", "amount": 1, "at_amount": 0}), "/fee/at_amount", "more than 0"),
        (field(fee_mode="deducted", fee={"kind": "percent", "percent": 100}), "/fee/percent", "less than 100"),
        (
            field(fee_mode="deducted", fee={"kind": "amount", "amount": 5, "at_amount": 5}),
            "/fee/amount",
            "less than at_amount",
        ),
        (field(offered_rate=77), "/offered_rate", "not both"),
        (field(offered_rates=None, offered_rate=0), "/offered_rate", "more than 0"),
        (field(offered_rates=None, offered_rate="NaN"), "/offered_rate", "must be finite"),
        (field(offered_rates=[{"from": 0, "rate": -1}]), "/offered_rates/0/rate", "more than 0"),
        (field(offered_rates=[{"from": 0, "rate": 1}, {"from": 0, "rate": 2}]), "/offered_rates/1/from", "more than 0"),
        (field(receiving_currency="GBP"), "/offered_rates", "expected a rate of 1"),
    ],
)
def test_a_quote_that_is_not_right_is_refused_with_place_and_expectation(
    change: Change, place: str, reason: str
) -> None:
    found = refusal(change)
    assert found[0] == f"/quotes/0{place}"
    assert reason in found[1]


def test_a_refusal_shows_what_was_given() -> None:
    assert refusal(field(corridor="GBR-XYZ"), 1)[0] == "/quotes/1/corridor"
    assert refusal(field(corridor="GBR-XYZ"))[2] == "GBR-XYZ"
    assert refusal(field(min_amount=-1.50))[2] == "-1.5"
    assert refusal(field(promo="x"))[2] == "promo"


def test_an_id_that_a_provider_has_twice_in_a_corridor_is_refused_the_second_time() -> None:
    document = example()
    document["quotes"].append(copy.deepcopy(document["quotes"][0]))
    reading = read(document)
    assert [(doubt.place, doubt.code) for doubt in reading.refused] == [("/quotes/2/external_id", "duplicate-quote")]
    assert "/quotes/0 has it already" in reading.refused[0].reason
    document["quotes"][2]["corridor"] = "IRL-PHL"
    assert read(document).refused == []


def test_a_file_of_which_nothing_is_right_refuses_every_quote() -> None:
    document = example()
    for quote in document["quotes"]:
        quote["corridor"] = "nowhere"
    reading = read(document)
    assert (reading.quotes, reading.scopes, len(reading.refused)) == ([], (), 2)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (field(format="threepercent-tariffs-2"), "/format: expected threepercent-tariffs-1"),
        (field(synthetic=True), "/synthetic: this file holds invented tariffs"),
        (field(synthetic="no"), "/synthetic"),
        (field(reviewed_by=""), "/reviewed_by: expected a person's name"),
        (field(reviewed_on="2026-11-25"), "/reviewed_on: expected a day that is not ahead of us"),
        (field(reviewed_on="2026-02-30"), "/reviewed_on"),
        (field(quotes=[]), "/quotes: expected at least one quote"),
        (field(quotes={}), "/quotes"),
        (field(approved=True), "a field that is not known"),
        (lambda document: document.pop("reviewed_by"), "reviewed_by"),
    ],
)
def test_a_head_that_is_not_right_refuses_the_file(change: Change, told: str) -> None:
    document = example()
    change(document)
    with pytest.raises(SourceError, match=told):
        read(document)


# ---------------------------------------------------------------- whose it is


def test_a_files_content_says_whose_it_is() -> None:
    document = example()
    assert quote_file.source_of(json.dumps(document).encode()) == "quote_file"
    document["synthetic"] = True
    assert quote_file.source_of(json.dumps(document).encode()) == "demo_tariffs"
    assert {record.source for record in read(document, "demo_tariffs").quotes} == {"demo_tariffs"}
    assert quote_file.source_of(b'{"providers": []}') is None
    assert quote_file.source_of(b'["threepercent-tariffs-1"]') is None
    with pytest.raises(SourceError, match="not JSON"):
        quote_file.source_of(b'{"format": "threepercent-tariffs-1",')


def test_invented_tariffs_are_read_by_the_same_adapter_and_nothing_is_fetched() -> None:
    assert demo_tariffs.read is quote_file.read
    assert quote_file.asks(SOURCE, Known(today="2026-11-24")) == []
    assert not SOURCE.is_synthetic
    assert sources()["demo_tariffs"].is_synthetic
