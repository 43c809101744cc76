"""Frankfurter's answers, shaped as its OpenAPI document says: each institution's own rates, exact to the digit."""

import json
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.file_errors import FileTooLarge, SourceError, UnreadableFile, WrongLayout
from app.sources import frankfurter
from app.sources.source import Ask, FixingRecord, InstitutionRecord, Known, RateReading, sources

SOURCE = sources()["frankfurter"]
TODAY = "2026-11-24"
PROVIDERS = Ask("providers", "https://api.frankfurter.dev/v2/providers")
AT_HOME = Ask("bsp/USD-PHP", "", wanted=(("institution", "bsp"), ("base", "USD"), ("quote", "PHP")))
ABROAD = Ask("boc/CAD", "", wanted=(("institution", "boc"), ("base", "CAD")))
FROM_THE_DOLLAR = Ask("fed/USD", "", wanted=(("institution", "fed"), ("base", "USD")))


def provider(key: str = "BSP", **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field
    return {
        "key": key,
        "name": "Bangko Sentral ng Pilipinas",
        "country_code": "PH",
        "rate_type": "reference",
        "pivot_currency": "PHP",
        "data_url": "https://www.bsp.gov.ph/",
        "terms_url": None,
        "start_date": "2010-01-04",
        "end_date": "2026-11-23",
        "publish_cadence": "daily",
        "publishes_missed": 0,
        "currencies": ["USD", "GBP"],
    } | changes


def institution(key: str = "bsp", pivot: str | None = "PHP", **changes: Any) -> InstitutionRecord:  # noqa: ANN401
    record = InstitutionRecord(key, "frankfurter", "A bank", "PHL", pivot, "reference", None, "daily")
    return record._replace(**changes)


def rate(quote: str = "PHP", value: str = "58.123", day: str = "2026-11-23", base: str = "USD") -> str:
    return f'{{"date": "{day}", "base": "{base}", "quote": "{quote}", "rate": {value}}}'


def read(ask: Ask, body: Any) -> RateReading:  # noqa: ANN401 - a document or bytes
    return frankfurter.read(SOURCE, ask, body if isinstance(body, bytes) else json.dumps(body).encode())


def rates(ask: Ask, *records: str) -> RateReading:
    return read(ask, f"[{', '.join(records)}]".encode())


# ---------------------------------------------------------------- institutions


def test_the_institutions_are_read_without_the_ecb_which_is_counted() -> None:
    reading = read(PROVIDERS, [provider("ECB", pivot_currency="EUR"), provider()])
    assert reading.institutions == [
        InstitutionRecord(
            key="bsp",
            source="frankfurter",
            name="Bangko Sentral ng Pilipinas",
            country="PHL",
            pivot_currency="PHP",
            rate_type="reference",
            link="https://www.bsp.gov.ph/",
            cadence="daily",
        )
    ]
    assert reading.counts == {"same_as_ecb": 1}
    assert (reading.fixings, reading.refused) == ([], [])


def test_the_document_s_own_example_is_read(shared_data: Path) -> None:
    document = json.loads((shared_data / "fx" / "frankfurter_v2_openapi.json").read_text())
    content = document["paths"]["/rates"]["get"]["responses"]["200"]["content"]
    ask = Ask("any/EUR", "", wanted=(("institution", "any"), ("base", "EUR")))
    listed = read(ask, content["application/json"]["example"])
    lines = read(ask, content["application/x-ndjson"]["example"].encode())
    assert {(record.quote, record.value) for record in lines.fixings} == {("USD", "1.089"), ("GBP", "0.8623")}
    assert sorted(lines.fixings) == sorted(listed.fixings)
    required = set(document["components"]["schemas"]["Provider"]["required"])
    assert {"key", "name"} <= required
    example = document["paths"]["/providers"]["get"]["responses"]["200"]["content"]["application/json"]["example"]
    assert [one["key"] for one in example] == ["ECB"]


def test_what_an_institution_does_not_say_is_left_open_and_added_fields_are_no_fault() -> None:
    bare = {"key": "XYZ", "name": "A bank", "currencies": [], "mood": {"today": [1, 2]}}
    reading = read(PROVIDERS, [bare, provider(publish_cadence=None, country_code="QQ", data_url="javascript:alert(1)")])
    first, second = reading.institutions
    assert (first.pivot_currency, first.country, first.cadence) == (None, None, "daily")
    assert (second.cadence, second.country, second.link) == (None, None, None)


def test_institutions_that_cannot_be_are_refused_each_with_its_place() -> None:
    odd = [
        provider("A B"),
        provider("X", name="Bank\u202egnirts"),
        provider("Y", pivot_currency="QQQ"),
        provider("Z", pivot_currency="XDR"),
        provider("bsp"),
    ]
    reading = read(PROVIDERS, [provider(), *odd])
    assert [(doubt.place, doubt.code) for doubt in reading.refused] == [
        ("/1", "not-a-key"),
        ("/2", "not-a-name"),
        ("/3/pivot_currency", "unknown-currency"),
        ("/5", "given-twice"),
    ]
    assert reading.counts == {"not_a_currency": 1}
    assert [one.key for one in reading.institutions] == ["bsp"]


def test_a_list_of_the_ecb_alone_is_a_failure() -> None:
    with pytest.raises(SourceError, match="no institution beside the ECB"):
        read(PROVIDERS, [provider("ECB")])


# ---------------------------------------------------------------- rates


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("58.123", "58.123"),
        ("58.1230", "58.123"),
        ("181.64319999999998", "181.64319999999998"),
        ("0.1", "0.1"),
        ("5.8123e1", "58.123"),
        ("1.0e-05", "0.00001"),
        ("89500", "89500"),
    ],
)
def test_numbers_keep_the_digits_of_their_text(text: str, kept: str) -> None:
    assert rates(AT_HOME, rate(value=text)).fixings == [FixingRecord("bsp", "2026-11-23", "USD", "PHP", kept)]


def test_the_currency_s_rate_to_itself_is_left_out() -> None:
    reading = rates(AT_HOME, rate(), rate("USD", "1.0"))
    assert [record.quote for record in reading.fixings] == ["PHP"]
    assert reading.refused == []


def test_figures_that_lost_their_digits_and_the_dollar_at_home_are_left_out_and_counted() -> None:
    reading = rates(
        ABROAD,
        rate("GBP", "0.53451", base="CAD"),
        rate("KWD", "0.21889", base="CAD"),
        rate("USD", "0.71234", base="CAD"),
        rate("XAU", "0.00017", base="CAD"),
        rate("BTN", "0.0999", base="CAD"),
    )
    assert [record.quote for record in reading.fixings] == ["GBP", "KWD"]
    assert reading.counts == {"asked_for_apart": 1, "not_a_currency": 1, "too_few_digits": 1}
    assert [one.quote for one in rates(FROM_THE_DOLLAR, rate("GBP", "0.79")).fixings] == ["GBP"]


def test_an_answer_in_which_all_lost_their_digits_holds_nothing_and_is_no_failure() -> None:
    reading = rates(ABROAD, rate("USD", "0.0123", base="CAD"), rate("GBP", "0.01", base="CAD"))
    assert (reading.fixings, reading.refused) == ([], [])


def test_a_rate_of_another_pair_or_day_is_refused_and_the_rest_is_kept() -> None:
    reading = rates(
        AT_HOME,
        rate(),
        rate(base="EUR"),
        rate("INR"),
        rate(value="0", day="2026-11-20"),
        rate(value="-58", day="2026-11-19"),
        rate(day="2026-13-01"),
        rate(value="58.9"),
    )
    assert [(doubt.place, doubt.code) for doubt in reading.refused] == [
        ("/1", "wrong-pair"),
        ("/2", "wrong-pair"),
        ("/3/rate", "not-positive"),
        ("/4/rate", "not-positive"),
        ("/5/date", "not-a-day"),
        ("/6/rate", "given-twice"),
    ]
    assert [record.value for record in reading.fixings] == ["58.123"]


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        (b"[]", SourceError, "empty"),
        (b"", UnreadableFile, "JSON"),
        (b"<html><body>Busy</body></html>", UnreadableFile, "page"),
        (b'{"message": "invalid currency: QQQ"}', WrongLayout, "invalid currency: QQQ"),
        (b'{"status": 500}', WrongLayout, "a list"),
        (b'"hello"', WrongLayout, "a list"),
        (b'[{"date": "2026-11-23", "base": "USD", "quote": "PHP", "value": 58.1}]', WrongLayout, "/0.*`rate`"),
        (b'[{"day": "2026-11-23", "base": "USD", "quote": "PHP", "rate": 58.1}]', WrongLayout, "/0.*`date`"),
        (b'[{"date": "2026-11-23", "base": "USD", "quote": "PHP", "rate": "58.1"}]', WrongLayout, "/0/rate"),
        (b'[{"date": "2026-11-23", "base": "USD", "quote": "PHP", "rate": null}]', WrongLayout, "/0/rate"),
        (b'[{"date": "2026-11-23", "base": "USD", "quote": "PHP", "rate": NaN}]', UnreadableFile, "NaN"),
        (b'[{"date": "2026-11-23", "base": "USD", "quote": "PHP", "rate": 1e999}]', UnreadableFile, "1e999"),
        (b"[" * 100_000, UnreadableFile, "nested"),
        (f"[{rate()}]".encode("utf-16"), UnreadableFile, "UTF-8"),
        (f"[{rate()}".encode(), UnreadableFile, "JSON"),
        (f"[{rate('INR')}]".encode(), SourceError, "not one of its 1 rates"),
        (b"[1, 2]", WrongLayout, "/0"),
    ],
)
def test_an_answer_that_is_something_else_is_refused_as_a_whole(
    body: bytes, kind: type[SourceError], told: str
) -> None:
    with pytest.raises(kind, match=told):
        read(AT_HOME, body)


@given(st.binary(max_size=200))
def test_whatever_bytes_come_they_are_read_or_refused(body: bytes) -> None:
    for ask in (PROVIDERS, AT_HOME, ABROAD):
        for start in (b"", b"[", b'[{"date": "2026-11-23", "base": "USD", "quote": "PHP", "rate": '):
            try:
                read(ask, start + body)
            except SourceError:
                continue


# ---------------------------------------------------------------- what is asked


def asked(*institutions: InstitutionRecord, newest: dict[str, str] | None = None) -> dict[str, dict[str, str]]:
    known = Known(today=TODAY, institutions=institutions, newest_fixings=tuple((newest or {}).items()))
    found = frankfurter.asks(SOURCE, known)
    assert found[0].target == "providers"
    assert len({ask.target for ask in found}) == len(found)
    questions = {ask.target: parse_qs(urlsplit(ask.url).query) for ask in found[1:]}
    return {target: {name: values[0] for name, values in query.items()} for target, query in questions.items()}


def test_first_it_is_asked_who_publishes() -> None:
    assert asked() == {}


def test_an_institution_is_asked_what_a_dollar_is_at_home_and_what_home_money_is_abroad() -> None:
    assert asked(institution(), newest={"bsp": "2026-11-20"}) == {
        "bsp/USD-PHP": {
            "providers": "BSP",
            "base": "USD",
            "quotes": "PHP",
            "from": "2026-11-13",
            "to": "2026-11-24",
        },
        "bsp/PHP": {"providers": "BSP", "base": "PHP", "from": "2026-11-13", "to": "2026-11-24"},
    }


def test_home_money_that_markets_quote_against_the_dollar_is_asked_for_once() -> None:
    assert list(asked(institution("boe", "GBP"), institution("fed", "USD"))) == ["boe/GBP", "fed/USD"]


def test_who_is_of_the_past_has_no_pivot_or_is_another_source_s_is_not_asked() -> None:
    of_the_past = institution("old", cadence=None)
    assert asked(of_the_past, institution("imf", None), institution("ecb", "EUR", source="ecb")) == {}


@given(st.dates(date(1990, 1, 1), date(2027, 12, 31)) | st.none())
def test_no_range_is_longer_than_five_years_or_ends_ahead_of_today(newest: date | None) -> None:
    found = asked(institution(), newest={} if newest is None else {"bsp": newest.isoformat()})
    for question in found.values():
        since, until = date.fromisoformat(question["from"]), date.fromisoformat(question["to"])
        assert since <= until <= date.fromisoformat(TODAY)
        assert (until - since).days < 5 * 365


@pytest.mark.parametrize("body", [b"[%s1]" % (b"1," * 400_000), b"{}\n" * 100_001, b"{}" + b"\n" * 100_001])
def test_what_holds_more_than_any_answer_is_refused_before_it_is_built(body: bytes) -> None:
    with pytest.raises(FileTooLarge, match=r"more than [14]00,000 (lines|values)"):
        read(PROVIDERS, body)


def test_after_years_of_silence_no_more_than_a_year_is_asked_for_at_once() -> None:
    known = Known(today="2026-11-24", institutions=(institution(),), newest_fixings=(("bsp", "2023-01-02"),))
    _, dollar, home = frankfurter.asks(SOURCE, known)
    assert "from=2022-12-26" in dollar.url
    assert home.url.endswith("base=PHP&from=2025-11-24&to=2026-11-24")
