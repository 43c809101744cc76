"""Wise's comparisons: what an answer says becomes quotes exactly, and what cannot be is refused with its place."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from app.domain.file_errors import SourceError
from app.domain.terms import AmountFee, terms_from
from app.domain.vocabulary import TransferSpeed
from app.sources import wise
from app.sources.json_documents import Number
from app.sources.live_records import microseconds
from app.sources.source import Ask, Known
from app.sources.transfer_times import speed_of
from tests.sources.wise_answers import (
    DOCUMENTED,
    SOURCE,
    Document,
    by_key,
    changed,
    given_quotes,
    markup,
    quote_of,
    read,
    received,
    recorded,
    setting,
)

# ---------------------------------------------------------------- what is read


@pytest.mark.parametrize("name", ["v4", "v3", "v4_received"])
def test_received_amounts_and_markups_follow_from_the_stored_terms(name: str) -> None:
    reading = read(recorded(name))
    given = given_quotes(recorded(name))
    assert reading.refused == []
    assert len(reading.quotes) == len(given) == reading.counts["quotes"]
    for record, quote in zip(reading.quotes, given, strict=True):
        terms = terms_from(record.terms)
        wanted = quote["receivedAmount"]
        if wanted is not None:
            # Where the amount to be received was asked for, the amount sent is what was rounded: to a penny.
            assert abs(received(terms) - Fraction(wanted)) <= (
                Fraction(71, 100) if "received" in name else Fraction(1, 200)
            )
        assert round(markup(terms), 8) == Fraction(quote["markup"])
        assert terms.published_fx_margin_percent == quote["markup"]


def test_the_documented_answer_gives_the_documented_amounts(shared_data: Path) -> None:
    body = (shared_data / DOCUMENTED).read_bytes()
    reading = read(body)
    assert reading.refused == []
    assert reading.counts["corridor_unknown"] == 1  # Wise's own quote names no country, and the euro is at home in many
    given = {(quote["alias"], quote["targetCountry"]): quote for quote in given_quotes(body)}
    found = {(record.service.provider, record.corridor): terms_from(record.terms) for record in reading.quotes}
    assert set(found) == {("barclays", "GBR-ESP"), ("barclays", "GBR-FIN")}
    for (_, corridor), terms in found.items():
        quote = given["barclays", {"GBR-ESP": "ES", "GBR-FIN": "FI"}[corridor]]
        assert round(received(terms), 2) == Fraction(quote["receivedAmount"])
        assert round(markup(terms), 8) == Fraction(quote["markup"])


def test_the_documented_answer_in_the_shape_of_version_3_says_the_same(shared_data: Path) -> None:
    document = json.loads((shared_data / DOCUMENTED).read_bytes())
    document["sendAmount"], document["providerType"] = document.pop("amount"), document.pop("providerTypes")
    del document["amountType"]
    for provider in document["providers"]:
        provider["logo"] = provider["logos"]["normal"]["svgUrl"]
        for quote in provider["quotes"]:
            del quote["isConsideredMidMarketRate"], quote["sendAmount"]
    newer, older = read((shared_data / DOCUMENTED).read_bytes()), read(json.dumps(document).encode())
    assert older == newer


def test_a_quote_says_what_the_answer_says_in_our_words() -> None:
    record = by_key(read(recorded("v4")))["invented-bank/GBR-PHL/GBP-PHP/150"]
    assert record.evidence == "aggregator_estimate"
    assert (record.sending_currency, record.receiving_currency) == ("GBP", "PHP")
    assert record.observed_at == microseconds(datetime(2026, 11, 23, 12, 58, 4, 123456, UTC))
    service = record.service
    assert (service.provider, service.provider_name, service.provider_type) == (
        "invented-bank",
        "Invented Bank",
        "bank",
    )
    assert (service.payment_instruments, service.access_points) == (("bank_account",), ("internet",))
    assert service.receiving_methods == ("bank_account",)
    assert (service.customer, service.transfer_speed) == ("unknown", "next_day")
    terms = terms_from(record.terms)
    assert terms.fee == AmountFee(Decimal(0), Decimal(150))
    assert terms.rates[0].rate == Decimal("68.21875")
    assert terms.declared_mid_market_rate == Decimal("70.512")


def test_provider_types_are_read_in_both_spellings_and_new_ones_are_counted() -> None:
    types = {record.service.provider: record.service.provider_type for record in read(recorded("v4")).quotes}
    assert types["wise"] == types["example-remit"] == "money_transfer_operator"
    assert types["invented-bank"] == types["fictional-building-bank"] == "bank"
    assert types["silent-travel-cash"] == "travel_money"
    reading = read(changed(lambda document: document["providers"][1].update(type="neobank")))
    assert reading.counts["provider_type_unknown"] == 1
    assert by_key(reading)["invented-bank/GBR-PHL/GBP-PHP/150"].service.provider_type == "unknown"


def test_several_quotes_of_a_provider_in_a_corridor_are_told_apart_by_their_speed() -> None:
    keys = [key for key in by_key(read(recorded("v4"))) if key.startswith("example-remit")]
    assert keys == [
        "example-remit/GBR-PHL/GBP-PHP/150/under_1_hour",
        "example-remit/GBR-PHL/GBP-PHP/150/3_5_days",
        "example-remit/GBR-USA/GBP-PHP/150",
    ]


def test_a_quote_that_is_alone_keeps_its_key_when_it_gets_faster() -> None:
    slower = read(changed(setting(deliveryEstimation={"duration": {"min": None, "max": "P9D"}})))
    assert set(by_key(slower)) == set(by_key(read(recorded("v4"))))


def test_equal_quotes_count_once_and_others_of_one_speed_are_numbered() -> None:
    def repeat(document: Document) -> None:
        quotes = document["providers"][1]["quotes"]
        quotes += [dict(quotes[0]), {**quotes[0], "rate": 68.2, "receivedAmount": 10230.0, "markup": 3.27887452}]

    reading = read(changed(repeat))
    assert reading.counts["repeated"] == 1
    keys = [key for key in by_key(reading) if key.startswith("invented-bank")]
    assert keys == ["invented-bank/GBR-PHL/GBP-PHP/150/next_day", "invented-bank/GBR-PHL/GBP-PHP/150/next_day/2"]


def test_the_same_answer_gives_the_same_records() -> None:
    assert read(recorded("v4")) == read(recorded("v4"))


def test_numbers_are_read_from_their_text() -> None:
    body = recorded("v4").replace(b'"rate": 68.21875', b'"rate": 6.8218750000E+1').replace(b'"fee": 0.0', b'"fee": 0')
    assert body != recorded("v4")
    assert read(body) == read(recorded("v4"))


def test_fields_that_are_added_are_no_fault() -> None:
    def add(document: Document) -> None:
        document["newField"] = {"deep": [1, 2, {"er": None}]}
        document["providers"][0]["rating"] = 4.5
        quote_of(document)["promotion"] = "none"

    assert read(changed(add)) == read(recorded("v4"))


@pytest.mark.parametrize(
    ("estimation", "speed"),
    [
        (None, TransferSpeed.UNKNOWN),
        ({"duration": None}, TransferSpeed.UNKNOWN),
        ({"duration": {"min": None, "max": None}}, TransferSpeed.UNKNOWN),
        ({"duration": {"min": "PT2H", "max": None}}, TransferSpeed.UNKNOWN),
        ({"duration": {"min": "PT1S", "max": "PT1H"}}, TransferSpeed.UNDER_1_HOUR),
        ({"duration": {"min": None, "max": "PT1H0.000001S"}}, TransferSpeed.SAME_DAY),
        ({"duration": {"min": "PT20H8M16.305111S", "max": "PT20H8M16.305111S"}}, TransferSpeed.NEXT_DAY),
        ({"duration": {"max": "PT24H"}}, TransferSpeed.NEXT_DAY),
        ({"duration": {"max": Number("86400.5")}}, TransferSpeed.TWO_DAYS),
        ({"duration": {"max": "172800"}}, TransferSpeed.TWO_DAYS),
        ({"duration": {"max": "P2DT1M"}}, TransferSpeed.THREE_TO_FIVE_DAYS),
        ({"duration": "P5D"}, TransferSpeed.THREE_TO_FIVE_DAYS),
        ({"duration": {"max": "P1W"}}, TransferSpeed.SIX_DAYS_OR_MORE),
        ({"duration": {"max": "-PT1H"}}, None),
        ({"duration": {"max": Number("-1")}}, None),
        ({"duration": {"max": "P1M"}}, None),
        ({"duration": {"max": "PT"}}, None),
        ({"duration": {"max": "soon"}}, None),
        ({"duration": {"max": ["PT1H"]}}, None),
    ],
)
def test_the_upper_end_of_a_duration_decides_the_speed(estimation: object, speed: TransferSpeed | None) -> None:
    assert speed_of(estimation) is speed


def test_a_duration_that_cannot_be_read_leaves_the_quote_with_unknown_speed_and_is_counted() -> None:
    reading = read(changed(setting(deliveryEstimation={"duration": {"min": 1, "max": "soon"}})))
    assert reading.counts["speed_not_read"] == 1
    assert by_key(reading)["invented-bank/GBR-PHL/GBP-PHP/150"].service.transfer_speed == "unknown"


# ---------------------------------------------------------------- corridors


@pytest.mark.parametrize(
    ("quote", "answer", "corridor"),
    [
        (("GB", "PH"), ("GB", "PH"), "GBR-PHL"),
        (("IM", None), ("GB", "PH"), "IMN-PHL"),
        ((None, None), ("JE", "PH"), "JEY-PHL"),
        ((None, "US"), (None, None), "GBR-USA"),
        ((None, None), (None, None), "GBR-PHL"),
    ],
)
def test_a_corridor_is_the_quotes_else_the_requests_else_the_currencies_home(
    quote: tuple[str | None, str | None], answer: tuple[str | None, str | None], corridor: str
) -> None:
    def change(document: Document) -> None:
        document["sourceCountry"], document["targetCountry"] = answer
        quote_of(document).update(sourceCountry=quote[0], targetCountry=quote[1])

    found = [record.corridor for record in read(changed(change)).quotes if record.service.provider == "invented-bank"]
    assert found == [corridor]


@pytest.mark.parametrize("currency", ["EUR", "USD", "XOF", "XAF", "XCD", "XPF"])
def test_a_currency_of_many_countries_leaves_a_quote_without_a_corridor(currency: str) -> None:
    def change(document: Document) -> None:
        document["targetCurrency"] = currency
        document["targetCountry"] = None

    reading = read(changed(change))
    assert reading.counts["corridor_unknown"] == 3  # those that name no country of arrival, Wise's own among them
    assert all(record.corridor in {"GBR-PHL", "GBR-USA"} for record in reading.quotes)


def test_the_countries_that_were_asked_for_stand_where_the_answer_names_none() -> None:
    ask = Ask("", "", wanted=(("corridor", "IRL-PHL"),))
    document = json.loads(recorded("v3"))
    reading = read(json.dumps(document).encode(), ask)
    assert by_key(reading)["wise/IRL-PHL/GBP-PHP/150"].corridor == "IRL-PHL"
    assert reading.scopes == ("GBP-PHP/IRL-PHL/150",)


# ---------------------------------------------------------------- what is asked


def test_every_pair_is_asked_at_both_amounts_in_the_sending_currency() -> None:
    known = Known(
        today="2026-11-23",
        pairs=(
            ("GBR-PHL", "GBP", "PHP"),
            ("USA-MEX", "USD", "MXN"),
            ("USA-SLV", "USD", "USD"),
            ("JPN-PHL", "JPY", "PHP"),
        ),
        usd_rates=(("GBP", "0.7412"), ("PHP", "58")),
    )
    asks = wise.asks(SOURCE, known)
    assert [ask.target for ask in asks] == [
        "GBR-PHL/GBP-PHP/usd_200",
        "GBR-PHL/GBP-PHP/usd_500",
        "USA-MEX/USD-MXN/usd_200",
        "USA-MEX/USD-MXN/usd_500",
    ]
    assert asks[0].url == (
        "https://api.wise.com/v4/comparisons/?sourceCurrency=GBP&targetCurrency=PHP&sendAmount=150"
        "&sourceCountry=GB&targetCountry=PH&numberOfProviders=1000"
    )
    assert [dict(ask.wanted)["amount"] for ask in asks] == ["150", "370", "200", "500"]


def test_an_answer_to_an_ask_is_of_its_tier() -> None:
    known = Known(today="2026-11-23", pairs=(("GBR-PHL", "GBP", "PHP"),), usd_rates=(("GBP", "0.75"),))
    small, large = wise.asks(SOURCE, known)
    reading = read(recorded("v4"), small)
    assert {record.tier for record in reading.quotes} == {"usd_200"}
    assert "wise/GBR-PHL/GBP-PHP" in by_key(reading)
    assert reading.scopes == ("GBP-PHP/GBR-PHL/usd_200",)
    with pytest.raises(SourceError, match="/amount: expected the amount that was asked for, 380, found 150"):
        read(recorded("v4"), large)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (("sending_currency", "EUR"), "/sourceCurrency: expected EUR"),
        (("receiving_currency", "INR"), "/targetCurrency: expected INR"),
        (("corridor", "GBR-IND"), "/targetCountry: expected IND"),
    ],
)
def test_an_answer_to_another_question_is_no_answer(wanted: tuple[str, str], told: str) -> None:
    with pytest.raises(SourceError, match=told):
        read(recorded("v4"), Ask("", "", wanted=(wanted,)))


def test_its_figures_are_private_and_fetched_gently() -> None:
    assert SOURCE.is_private
    assert not SOURCE.reuse.display
    assert SOURCE.licence == "terms of reuse unknown"
    assert "competes" in SOURCE.attribution
    assert SOURCE.fetching is not None
    assert SOURCE.fetching.schedule.every_minutes == 60
    assert SOURCE.fetching.pause_seconds >= 1
    assert SOURCE.fetching.hosts == ("api.wise.com",)
