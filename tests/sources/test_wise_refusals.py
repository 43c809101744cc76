"""What Wise's answers cannot say is refused: one quote with its place, or an answer as a whole."""

from datetime import UTC, datetime

import pytest

from app.domain.file_errors import FileTooLarge, SourceError
from app.domain.terms import terms_from
from app.sources.live_records import instant_of
from app.sources.source import Ask
from tests.sources.wise_answers import Change, Document, changed, quote_of, read, recorded, setting

# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"rate": 0}, "rate", "not-positive"),
        ({"rate": -68.2}, "rate", "not-positive"),
        ({"rate": None}, "rate", "missing-value"),
        ({"rate": 6821.875, "receivedAmount": 1023281.25}, "rate", "implausible-rate"),
        ({"rate": 0.6821875, "receivedAmount": 102.33}, "rate", "implausible-rate"),
        ({"rate": 1e13}, "rate", "invalid-number"),
        ({"markup": 50.1}, "markup", "implausible-rate"),
        ({"markup": -20.1}, "markup", "implausible-rate"),
        ({"fee": None}, "fee", "missing-value"),
        ({"fee": -1}, "fee", "not-positive"),
        ({"fee": 150}, "fee", "does-not-add-up"),
        ({"receivedAmount": 0}, "receivedAmount", "not-positive"),
        ({"receivedAmount": -10232.81}, "receivedAmount", "not-positive"),
        ({"receivedAmount": 10235.0}, "receivedAmount", "does-not-add-up"),
        ({"receivedAmount": 102.33}, "receivedAmount", "does-not-add-up"),
        ({"dateCollected": None}, "dateCollected", "invalid-time"),
        ({"dateCollected": "yesterday"}, "dateCollected", "invalid-time"),
        ({"dateCollected": "2026-11-23T12:58:04"}, "dateCollected", "invalid-time"),
        ({"dateCollected": "2026-02-30T12:00:00Z"}, "dateCollected", "invalid-time"),
        ({"dateCollected": "1970-01-01T00:00:00Z"}, "dateCollected", "invalid-time"),
        ({"dateCollected": "2999-01-01T00:00:00Z"}, "dateCollected", "invalid-time"),
        ({"sourceCountry": "XX"}, "sourceCountry", "unknown-country"),
        ({"targetCountry": "Philippines"}, "targetCountry", "unknown-country"),
        ({"targetCountry": "GB"}, "targetCountry", "corridor-to-itself"),
    ],
)
def test_a_quote_that_cannot_be_is_refused_alone_with_its_place(
    fields: dict[str, object], field: str, code: str
) -> None:
    reading = read(changed(setting(**fields)))
    assert [(doubt.place, doubt.code) for doubt in reading.refused] == [(f"/providers/1/quotes/0/{field}", code)]
    assert reading.refused[0].reason.startswith("expected ")
    assert len(reading.quotes) == 7


@pytest.mark.parametrize("name", ["", "Bank\u202egnivI", "Bаrclays", "Bank\u0007"])  # noqa: RUF001 - a Cyrillic letter
def test_a_name_that_pretends_is_refused(name: str) -> None:
    reading = read(changed(lambda document: document["providers"][1].update(name=name)))
    assert [(doubt.place, doubt.code) for doubt in reading.refused] == [("/providers/1/name", "invalid-name")]


def test_a_price_from_after_the_day_of_asking_is_refused() -> None:
    ask = Ask("", "", wanted=(("day", "2026-11-21"),))
    with pytest.raises(SourceError, match=r"8 of 8 quotes cannot be.*dateCollected"):
        read(recorded("v4"), ask)
    assert read(recorded("v4"), Ask("", "", wanted=(("day", "2026-11-22"),))).refused == []


def test_a_declared_rate_that_most_quotes_contradict_is_itself_wrong() -> None:
    def inverted(document: Document) -> None:
        quote_of(document, 0).update(rate=0.0141820, receivedAmount=2.11, markup=0.0)

    with pytest.raises(SourceError, match="7 of 8 quotes cannot be, the first at /providers/1/quotes/0/rate"):
        read(changed(inverted))


def test_a_declared_rate_is_itself_wrong_where_the_only_other_quote_contradicts_it() -> None:
    def inflated(document: Document) -> None:
        quote_of(document, 0).update(rate=7051.2, receivedAmount=1047597.0)
        document["providers"] = document["providers"][:2]

    with pytest.raises(SourceError, match="1 of 2 quotes cannot be, the first at /providers/1/quotes/0/rate"):
        read(changed(inflated))


def test_a_provider_that_is_named_without_a_price_is_told() -> None:
    def silenced(document: Document) -> None:
        document["providers"][1]["quotes"] = []

    assert read(recorded("v4")).silent == ()
    assert read(changed(silenced)).silent == ("invented-bank/",)


def test_without_a_declared_rate_none_is_made_up() -> None:
    def silent(document: Document) -> None:
        quote_of(document, 0)["isConsideredMidMarketRate"] = False

    assert {terms_from(record.terms).declared_mid_market_rate for record in read(changed(silent)).quotes} == {None}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda document: document.update(providers=[]), "no provider has a quote"),
        (lambda document: [each.update(quotes=[]) for each in document["providers"]], "no provider has a quote"),
        (lambda document: document.pop("providers"), "providers"),
        (lambda document: document.pop("sourceCurrency"), "sourceCurrency"),
        (lambda document: document.update(targetCurrency="ZZZ"), "/targetCurrency: expected an ISO 4217 code"),
        (lambda document: document.update(sourceCountry="XX"), "/sourceCountry"),
        (lambda document: document.update(amount=0), "/amount: expected a number of more than 0"),
        (lambda document: document.pop("amount"), "/sendAmount: expected a number"),
        (lambda document: document.update(amountType="GUESS"), "/amountType: expected SEND or RECIPIENT_GETS"),
        (lambda document: document.update(providers={}), "/providers: expected `array`"),
        (lambda document: document["providers"][1].pop("alias"), "/providers/1: .*alias"),
        (
            lambda document: quote_of(document).update(fx=quote_of(document).pop("rate")),
            "/providers/1/quotes/0: .*rate",
        ),
        (lambda document: quote_of(document).pop("receivedAmount"), "receivedAmount"),
        (lambda document: quote_of(document).pop("targetCountry"), "targetCountry"),
        (lambda document: quote_of(document).update(rate="68.2"), "/providers/1/quotes/0/rate: expected a number"),
        (lambda document: quote_of(document).update(rate={}), "/providers/1/quotes/0/rate: expected a number"),
        (lambda document: quote_of(document).update(dateCollected=1), "/providers/1/quotes/0/dateCollected"),
    ],
)
def test_an_answer_of_another_shape_is_refused_as_a_whole(change: Change, told: str) -> None:
    with pytest.raises(SourceError, match=told):
        read(changed(change))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "not JSON"),
        (b"<!DOCTYPE html><html><body>Just a moment...</body></html>", "a page or XML"),
        (b"null", "expected `object`"),
        (b"[]", "expected `object`"),
        (b'"providers"', "expected `object`"),
        (b'{"sourceCurrency": "GBP"', "not JSON at line 1"),
        ('{"sourceCurrency": "GBP"}'.encode("utf-16"), "not UTF-8"),
        (b'{"name": "caf\xe9"}', "not UTF-8 text at byte 13"),
        (b'{"amount": NaN}', "NaN"),
        (b'{"amount": -Infinity}', "Infinity"),
        (b'{"amount": 1e999}', "a number that no price has"),
        (b'{"amount": ' + b"9" * 5000 + b"}", "a number that no price has"),
        (b'{"amount": 1, "amount": 2}', '"amount" twice'),
        (b'{"name": "\\ud800"}', "half of a surrogate pair"),
        (b'{"name": "a\\u0000b"}', "U\\+0000"),
        (b"[" * 100 + b"]" * 100, "nested deeper"),
        (b"[" * 40_000 + b"]" * 40_000, "nested deeper"),
        (b'{"a":' * 40_000 + b"1" + b"}" * 40_000, "nested deeper"),
    ],
)
def test_bytes_that_are_no_answer_are_refused(body: bytes, told: str) -> None:
    with pytest.raises(SourceError, match=told):
        read(body)


@pytest.mark.parametrize("values", [b"1," * 50_000, b"[]," * 25_001, b"{}," * 25_001])
def test_what_holds_more_than_any_answer_is_refused_before_it_is_built(values: bytes) -> None:
    with pytest.raises(FileTooLarge, match="50,000 values"):
        read(b'{"providers": [%s1]}' % values)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2019-10-22T14:36:43Z", datetime(2019, 10, 22, 14, 36, 43, tzinfo=UTC)),
        ("2019-10-22T14:36:43.123456789Z", datetime(2019, 10, 22, 14, 36, 43, 123456, tzinfo=UTC)),
        ("2019-10-22T14:36:43.5+02:00", datetime(2019, 10, 22, 12, 36, 43, 500000, tzinfo=UTC)),
        ("2019-10-22T14:36-0130", datetime(2019, 10, 22, 16, 6, tzinfo=UTC)),
        ("2019-10-22 14:36:43Z", None),
        ("2019-10-22T24:36:43Z", None),
        ("2019-10-22T14:36:43+25:00", None),
        ("２019-10-22T14:36:43Z", None),  # noqa: RUF001 - a full-width digit
        ("9999-12-31T23:59:59-01:00", None),
    ],
)
def test_times_are_exact_and_say_their_zone(text: str, found: datetime | None) -> None:
    assert instant_of(text) == found
