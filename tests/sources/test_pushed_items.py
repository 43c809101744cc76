"""Pushed items: in a hurry or at leisure an item is read the same; what is wrong is told with its place, not echoed."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import reference
from app.domain.errors import ThreePercentError
from app.domain.file_errors import UnreadableFile, WrongLayout
from app.domain.terms import terms_from, terms_text
from app.domain.verdicts import Verdict
from app.sources.kept_records import record_from, record_text
from app.sources.plain_items import NotPlainError, plain_item
from app.sources.pushed_items import ItemReader, ReadItem, UnreadItem, split_batch
from tests.push.pushing import AGGREGATOR, PARTNER, body, item

READER = ItemReader(PARTNER, reference.load())


def read(said: Any, reader: ItemReader = READER) -> ReadItem:  # noqa: ANN401 - JSON
    found = reader.read(said if isinstance(said, bytes) else json.dumps(said).encode())
    assert isinstance(found, ReadItem), found
    return found


def refused(said: Any, reader: ItemReader = READER) -> UnreadItem:  # noqa: ANN401 - JSON
    found = reader.read(said if isinstance(said, bytes) else json.dumps(said).encode())
    assert isinstance(found, UnreadItem), found
    assert len(found.findings) == 1
    assert found.findings[0].verdict is Verdict.REJECT
    return found


def test_an_item_says_what_the_contract_shows() -> None:
    record, terms = read(item())
    assert (record.source, record.source_key, record.evidence) == ("partner-example", "GBPPHP-cash-agent", "partner")
    assert (record.corridor, record.sending_currency, record.receiving_currency) == ("GBR-PHL", "GBP", "PHP")
    assert record.service.provider_name == "Example Transfer"
    assert record.observed_at == int(datetime(2026, 11, 24, 9, tzinfo=UTC).timestamp()) * 1_000_000
    assert terms == terms_from(record.terms)


def escaped(said: dict[str, Any]) -> bytes:
    """Return an item that is not plain: each letter of its texts is an escape."""
    text = json.dumps(said)
    return text.replace('"corridor"', '"\\u0063orridor"', 1).encode()


numbers = st.one_of(st.integers(0, 10**6), st.decimals(0, 10**6, places=4).map(lambda value: f"{value:f}"))
positive = st.decimals("0.0001", 10**6, places=4).map(lambda value: f"{value:f}")
bands = st.lists(st.integers(1, 10**6), unique=True, max_size=4).map(lambda starts: [0, *sorted(starts)])
fees = st.one_of(
    st.builds(lambda fee, at: {"kind": "amount", "amount": fee, "at_amount": at}, numbers, positive),
    st.builds(lambda percent: {"kind": "percent", "percent": percent}, st.integers(0, 99)),
    st.builds(
        lambda starts, fixed, marginal: {
            "kind": "schedule",
            "marginal": marginal,
            "bands": [{"from": start, "fixed": fixed} for start in starts],
        },
        bands,
        numbers,
        st.booleans(),
    ),
)


@given(fee=fees, rate=positive, limits=st.one_of(st.none(), st.integers(1, 10**6)))
@settings(max_examples=200)
def test_what_is_read_in_a_hurry_is_what_is_read_at_leisure(fee: Any, rate: str, limits: int | None) -> None:  # noqa: ANN401
    said = item(fee=fee, offered_rate=rate, min_amount=None, max_amount=limits)
    plain, slow = json.dumps(said).encode(), escaped(said)
    plain_item(plain)
    with pytest.raises(NotPlainError):
        plain_item(slow)
    hurried, leisurely = read(plain), read(slow)
    assert hurried == leisurely
    assert hurried.record.terms == terms_text(hurried.terms)


def test_the_stored_text_of_terms_is_canonical_json() -> None:
    text = read(item()).record.terms
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))


@pytest.mark.parametrize(
    ("changes", "pointer", "said"),
    [
        ({"offered_rate": "1e5"}, "/offered_rate", "exponents are not read"),
        ({"offered_rate": 1e400}, "", "number that no price has"),
        ({"offered_rate": "\uff11\uff12"}, "/offered_rate", "only the digits 0 to 9"),
        ({"offered_rate": "1_000"}, "/offered_rate", "digits, one sign and one point"),
        ({"offered_rate": 0}, "/offered_rate", "more than 0"),
        ({"offered_rate": True}, "/offered_rate", "Expected a number"),
        ({"fee": {"kind": "percent", "percent": 101}}, "/fee/percent", "at most 100"),
        ({"fee": {"kind": "free"}}, "/fee/kind", "one of amount, percent, schedule"),
        ({"fee": {"kind": "schedule", "bands": []}}, "/fee/bands", "1 to 1000 bands"),
        ({"provider": "somebody-else"}, "/provider", "example-transfer"),
        ({"provider": "Example Transfer"}, "/provider", "provider's id"),
        ({"corridor": "GBR-GBR"}, "/corridor", "two different countries"),
        ({"sending_currency": "gbp"}, "/sending_currency", "ISO 4217"),
        ({"sending_currency": "DEM"}, "/sending_currency", "in use"),
        ({"observed_at": "2026-11-24T09:00:00"}, "/observed_at", "with its zone"),
        ({"valid_until": "2026-11-24T09:00:00Z"}, "/valid_until", "after observed_at"),
        ({"external_id": "a b"}, "/external_id", "1 to 100 letters"),
        ({"payment_instruments": []}, "/payment_instruments", "one word or more"),
        ({"receiving_methods": ["cash", "cash"]}, "/receiving_methods", "each once"),
        ({"customer": "old"}, "/customer", "returning"),
        ({"surprise": 1}, "", "not known"),
        ({"fee_mode": ...}, "", "fee_mode"),
        ({"max_amount": 0}, "/max_amount", "more than 0"),
        ({"taxes": [{"name": "a\u202e", "paid_by": "sender", "percent": 1}]}, "/taxes/0/name", "invisible"),
        ({"taxes": [{"name": "a", "paid_by": "sender"}]}, "/taxes/0", "either amount or percent"),
        ({"taxes": [{"name": "a", "paid_by": "nobody", "percent": 1}]}, "/taxes/0/paid_by", "sender, receiver"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(changes: dict[str, Any], pointer: str, said: str) -> None:
    text = json.dumps(item(**changes)).replace("Infinity", "1e400")
    finding = refused(text.encode()).findings[0]
    assert finding.pointer == pointer
    assert said in finding.detail


@pytest.mark.parametrize(
    ("bands", "pointer"),
    [
        ([{"from": 0, "fixed": 1}, {"from": 200, "fixed": 1}, {"from": 100, "fixed": 1}], "/fee/bands/2/from"),
        ([{"from": 0, "fixed": 1}, {"from": 100, "fixed": 1}, {"from": 100, "fixed": 2}], "/fee/bands/2/from"),
        ([{"from": 50, "fixed": 1}], "/fee/bands/0/from"),
        ([{"from": 0}], "/fee/bands/0"),
        ([{"from": 0, "fixed": 1, "minimum": 3, "maximum": 2}], "/fee/bands/0/maximum"),
    ],
)
def test_bands_begin_at_the_least_amount_and_rise(bands: list[dict[str, Any]], pointer: str) -> None:
    said = item(fee={"kind": "schedule", "bands": bands}, min_amount=1)
    assert refused(said).findings[0].pointer == pointer


@pytest.mark.parametrize(
    ("field", "twice"),
    [
        ('"customer": "returning"', '"customer": "new", "customer": "returning"'),
        ('"fixed": 2.9', '"fixed": 1.9, "fixed": 2.9'),
        ('"min_amount": 1', '"min_amount": 1, "min_amount": 1'),
        ('"kind": "schedule"', '"kind": "schedule", "kind": "schedule"'),
    ],
)
def test_a_field_that_occurs_twice_is_refused(field: str, twice: str) -> None:
    text = json.dumps(item())
    assert field in text
    finding = refused(text.replace(field, twice, 1).encode()).findings[0]
    assert finding.rule == "unreadable-item"


def test_colons_in_texts_are_no_fields() -> None:
    assert read(item(external_id="a:b:c")).record.source_key == "a:b:c"


def test_nothing_that_was_given_is_echoed() -> None:
    for field in item():
        found = READER.read(json.dumps(item(**{field: "canary7f3a <b>"})).encode())
        assert "canary7f3a" not in str(found.findings if isinstance(found, UnreadItem) else ""), field


def test_an_aggregator_names_a_provider_once() -> None:
    reader = ItemReader(AGGREGATOR, reference.load())
    finding = refused(item(provider="new-one"), reader).findings[0]
    assert (finding.rule, finding.pointer) == ("invalid-item", "/provider_name")
    named = item(provider="new-one", provider_name="New One", provider_type="bank")
    assert read(named, reader).record.service.provider_name == "New One"
    assert read(named, reader).record.evidence == "aggregator_estimate"


def test_a_waiting_quote_comes_back_as_it_was() -> None:
    taxes = [{"name": "4x1000", "paid_by": "receiver", "amount": {"amount": 1.5, "currency": "PHP"}}]
    record = read(item(taxes=taxes)).record
    assert record_from(record_text(record)) == record


def test_a_batch_is_split_without_judging_its_items() -> None:
    assert split_batch(b'{"quotes":[{"a":1},2,"x"]}') == [b'{"a":1}', b"2", b'"x"']
    assert split_batch(b' { "quotes" : [ ] } ') == []


def test_a_body_of_another_shape_is_told_what_is_expected_without_quotation_marks() -> None:
    with pytest.raises(WrongLayout, match="an object with the field quotes") as refused:
        split_batch(b"[]")
    assert '"' not in str(refused.value)  # an answer replaces what stands between them, since it may be an echo


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"[]", WrongLayout),
        (b'{"quotes": {}}', WrongLayout),
        (b'{"quotes": [], "more": 1}', WrongLayout),
        (b"{}", WrongLayout),
        (b'{"quotes": [1], "quotes": [2]}', UnreadableFile),
        (b'{"quotes": [1], "\\u0071uotes": [2]}', UnreadableFile),
        (b'{"quotes": [1', UnreadableFile),
        (b'{"quotes": [NaN]}', UnreadableFile),
        (b'{"quotes": ["\xff"]}', UnreadableFile),
        (b'{"quotes": ' + b"[" * 100_000, UnreadableFile),
        (b'{"quotes": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}", UnreadableFile),
    ],
)
def test_a_body_that_is_no_batch_is_refused_whole(content: bytes, kind: type[ThreePercentError]) -> None:
    with pytest.raises(kind):
        split_batch(content)


def test_a_batch_as_the_library_writes_it_needs_no_second_look() -> None:
    assert len(split_batch(body(item(), item()))) == 2
