"""How answers become bytes: numbers, entity tags, caching, negotiation, tables."""

import csv
import gzip
import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from app.api.formats import Answer, Freshness, encode, negotiate, number, respond
from app.api.problems import NotAcceptableError
from app.api.shapes import Money, Shape
from app.api.tables import as_csv, as_ndjson, columns_of, csv_metadata

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def a_request(headers: Mapping[str, str] | None = None) -> Request:
    raw = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": raw})


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("120", "120"),
        ("100.0", "100"),
        ("1E+2", "100"),
        ("1E-6", "0.000001"),
        ("-0", "0"),
        ("6.840000", "6.84"),
        ("123456789012345678", "123456789012346000"),
        ("0.1234567890123456789", "0.123456789012346"),
    ],
)
def test_a_decimal_is_a_plain_number_of_at_most_15_digits(value: str, written: str) -> None:
    assert number(Decimal(value)) == written


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12))
def test_no_number_is_written_with_an_exponent_or_trailing_zeros(value: Decimal) -> None:
    text = number(value)
    assert "e" not in text.lower()
    assert "." not in text or not text.endswith(("0", "."))
    assert len(text.replace("-", "").replace(".", "").strip("0")) <= 15


def test_the_encoder_writes_decimals_dates_and_nothing_else_differently() -> None:
    written = encode({"a": Decimal("6.840"), "b": [Decimal("1E+2"), None, True, "é"], "c": NOW, "d": NOW.date()})
    assert written == '{"a":6.84,"b":[100,null,true,"é"],"c":"2026-11-23T12:00:00Z","d":"2026-11-23"}'.encode()


def test_the_entity_tag_is_strong_and_a_client_that_has_it_gets_304_without_a_body() -> None:
    answer = Answer(body=b'{"a":1}', cache_control="public, max-age=60")
    first = respond(a_request(), answer)
    assert first.headers["etag"].startswith('"')
    again = respond(a_request({"If-None-Match": f'"other", {first.headers["etag"]}'}), answer)
    assert (again.status_code, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


def test_another_body_or_format_has_another_entity_tag() -> None:
    answers = [Answer(body=b"a"), Answer(body=b"b"), Answer(body=b"a", media_type="text/csv")]
    assert len({respond(a_request(), answer).headers["etag"] for answer in answers}) == 3


def test_a_long_body_is_compressed_for_who_accepts_it_and_has_its_own_tag() -> None:
    answer = Answer(body=b"x" * 5000)
    plain, zipped = respond(a_request(), answer), respond(a_request({"Accept-Encoding": "gzip"}), answer)
    assert gzip.decompress(bytes(zipped.body)) == plain.body
    assert plain.headers["etag"] != zipped.headers["etag"]
    assert "Accept-Encoding" in zipped.headers["vary"]
    refused = respond(a_request({"Accept-Encoding": "gzip;q=0"}), answer)
    assert "content-encoding" not in refused.headers


@pytest.mark.parametrize(
    ("seconds", "expected"), [(None, (60, 300)), (1000, (60, 300)), (100, (60, 40)), (20, (20, 0)), (-5, (0, 0))]
)
def test_caches_never_keep_an_answer_past_its_next_tick(seconds: int | None, expected: tuple[int, int]) -> None:
    fresh_until = None if seconds is None else NOW + timedelta(seconds=seconds)
    header = Freshness(now=NOW, fresh_until=fresh_until).cache_control()
    assert header == f"public, max-age={expected[0]}, stale-while-revalidate={expected[1]}, stale-if-error=86400"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("text/csv", "text/csv"),
        ("text/*", "text/csv"),
        ("application/json;q=0.5, text/csv", "text/csv"),
        ("text/html, */*;q=0.1", "application/json"),
    ],
)
def test_the_accept_header_chooses_the_format(accept: str | None, chosen: str) -> None:
    assert negotiate(accept, ("application/json", "text/csv")) == chosen


@pytest.mark.parametrize("accept", ["image/png", "application/json;q=0", "application/json;q=x"])
def test_a_format_that_does_not_exist_is_refused_with_those_that_do(accept: str) -> None:
    with pytest.raises(NotAcceptableError, match="application/json"):
        negotiate(accept, ("application/json",))


class Thing(Shape):
    name: str
    words: list[str]
    cost: Money | None
    parts: list[Money]


ROWS: list[dict[str, Any]] = [
    {"name": "=1+1", "words": ["a", "@b"], "cost": {"amount": Decimal("-5.50"), "currency": "GBP"}, "parts": []},
    {"name": 'with "quotes", é', "words": [], "cost": None, "parts": [{"amount": Decimal(1), "currency": "GBP"}]},
]


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_columns_come_from_the_model_with_nested_names() -> None:
    assert [column.name for column in columns_of(Thing)] == ["name", "words", "cost.amount", "cost.currency", "parts"]


def test_csv_text_that_a_spreadsheet_would_run_is_neutralised_and_numbers_are_not() -> None:
    first, second = rows_of(as_csv(ROWS, columns_of(Thing), raw=False))
    assert first["name"] == "'=1+1"
    assert first["words"] == "a;'@b"
    assert first["cost.amount"] == "-5.5"
    assert second["cost.amount"] == ""
    assert second["parts"] == '[{"amount":1,"currency":"GBP"}]'


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_raw_csv_gives_the_text_as_it_is(start: str) -> None:
    row: dict[str, Any] = {**ROWS[0], "name": f"{start}x"}
    assert rows_of(as_csv([row], columns_of(Thing), raw=True))[0]["name"] == f"{start}x"
    assert rows_of(as_csv([row], columns_of(Thing), raw=False))[0]["name"] == f"'{start}x"


def test_ndjson_has_the_same_rows_one_object_a_line() -> None:
    lines = as_ndjson(ROWS).decode().splitlines()
    assert [json.loads(line)["name"] for line in lines] == [row["name"] for row in ROWS]


def test_the_metadata_file_describes_every_column() -> None:
    columns = columns_of(Thing)
    described = csv_metadata(url="things.csv", title="Things", columns=columns, raw=False, about={"dataset_version": 1})
    schema = json.loads(encode(described))["tableSchema"]["columns"]
    assert [column["titles"] for column in schema] == [column.name for column in columns]
    assert schema[2]["datatype"] == "decimal"
    assert schema[1]["separator"] == ";"
