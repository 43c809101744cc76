"""Lists over HTTP: the same rows in every format, page by page, filtered, sorted and searched."""

import csv
import io
import json
from typing import Any

import pytest
from pydantic import BaseModel
from starlette.testclient import TestClient

from app.api.v1.corridor import CorridorShape
from app.api.v1.corridors import Corridors
from app.api.v1.countries import Countries, Currencies
from app.api.v1.providers import OneProvider, Providers
from app.api.v1.quotes import OneQuote, Quotes
from app.api.v1.rates import Rates
from app.api.v1.sources import OneSource, SourceHistory, Sources
from app.api.v1.status import Status
from app.api.v1.vocabulary import Vocabulary

LISTS: dict[str, type[BaseModel]] = {
    "corridors": Corridors,
    "providers": Providers,
    "countries": Countries,
    "currencies": Currencies,
    "quotes": Quotes,
    "rates": Rates,
    "sources": Sources,
}
NAMES = sorted(LISTS)


def rows_of(client: TestClient, path: str, name: str) -> list[dict[str, Any]]:
    """Every row of a list, page by page, following the tokens."""
    found: list[dict[str, Any]] = []
    token = ""
    while True:
        joint = "&" if "?" in path else "?"
        answer = client.get(f"{path}{joint}page_token={token}" if token else path)
        assert answer.status_code == 200, answer.text
        found += answer.json()[name]
        token = answer.json()["next_page_token"]
        assert (token is None) == ("link" not in answer.headers or 'rel="next"' not in answer.headers["link"])
        if token is None:
            return found


@pytest.mark.parametrize("name", NAMES)
def test_a_list_has_exactly_the_fields_of_the_contract(demo: TestClient, name: str) -> None:
    LISTS[name].model_validate_json(demo.get(f"/v1/{name}").content)


def test_every_other_answer_has_exactly_the_fields_of_the_contract(demo: TestClient, corridor: str) -> None:
    quote = demo.get("/v1/quotes?page_size=1").json()["quotes"][0]["id"]
    provider = demo.get("/v1/providers?page_size=1").json()["providers"][0]["id"]
    shapes: dict[str, type[BaseModel]] = {
        f"/v1/corridors/{corridor}": CorridorShape,
        f"/v1/quotes/{quote}": OneQuote,
        f"/v1/providers/{provider}": OneProvider,
        "/v1/vocabulary": Vocabulary,
        "/v1/status": Status,
        "/v1/sources/ecb": OneSource,
        "/v1/sources/ecb/history": SourceHistory,
    }
    for path, shape in shapes.items():
        shape.model_validate_json(demo.get(path).content)


@pytest.mark.parametrize("name", NAMES)
def test_json_csv_and_ndjson_hold_the_same_rows(demo: TestClient, name: str) -> None:
    rows = demo.get(f"/v1/{name}?page_size=50").json(parse_float=str, parse_int=str)[name]
    lines = demo.get(f"/v1/{name}.ndjson?page_size=50").text.splitlines()
    assert [json.loads(line, parse_float=str, parse_int=str) for line in lines] == rows
    table = demo.get(f"/v1/{name}.csv?page_size=50&raw=true")
    assert table.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    cells = list(csv.DictReader(io.StringIO(table.content.decode(), newline="")))
    assert len(cells) == len(rows)
    for cell, row in zip(cells, rows, strict=True):
        for column, text in cell.items():
            value = value_at(row, column)
            if isinstance(value, list) and any(isinstance(item, dict) for item in value):
                assert json.loads(text, parse_float=str, parse_int=str) == value
            else:
                assert text == as_text(value)
        assert {column.partition(".")[0] for column in cell} == set(row)


def value_at(row: dict[str, Any], column: str) -> Any:  # noqa: ANN401 -- any JSON
    value: Any = row
    for part in column.split("."):
        value = value[part] if value is not None else None
    return value


def as_text(value: Any) -> str:  # noqa: ANN401 -- any JSON
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ";".join(as_text(item) for item in value)
    return str(value)


@pytest.mark.parametrize("name", NAMES)
def test_accept_chooses_the_format_as_the_suffix_does(demo: TestClient, name: str) -> None:
    for suffix, media_type in (("csv", "text/csv"), ("ndjson", "application/x-ndjson")):
        by_accept = demo.get(f"/v1/{name}", headers={"Accept": media_type})
        by_suffix = demo.get(f"/v1/{name}.{suffix}")
        assert by_accept.headers["content-type"].startswith(media_type)
        assert by_accept.content == by_suffix.content


@pytest.mark.parametrize("name", NAMES)
def test_a_metadata_file_beside_the_csv_describes_its_columns(demo: TestClient, name: str) -> None:
    table = demo.get(f"/v1/{name}.csv")
    link = table.headers["link"]
    assert f'</v1/{name}.csv-metadata.json>; rel="describedby"; type="application/csvm+json"' in link
    metadata = demo.get(f"/v1/{name}.csv-metadata.json")
    assert metadata.headers["content-type"] == "application/csvm+json"
    titles = [column["titles"] for column in metadata.json()["tableSchema"]["columns"]]
    assert titles == table.text.partition("\r\n")[0].split(",")
    assert metadata.json()["notes"][0]["methodology_version"] == "1"


def test_the_metadata_that_a_csv_links_to_describes_the_same_question(demo: TestClient, corridor: str) -> None:
    period = demo.get(f"/v1/corridors/{corridor}").json()["periods"][0]
    asked = f"/v1/corridors.csv?period={period}&fields=corridors.id,corridors.average_percent&page_size=2"
    first = demo.get(asked)
    for table in (first, demo.get(first.links["next"]["url"])):
        described = table.links["describedby"]["url"]
        assert "page_token" not in described
        metadata = demo.get(described).json()
        titles = [column["titles"] for column in metadata["tableSchema"]["columns"]]
        assert titles == ["id", "average_percent"] == table.text.partition("\r\n")[0].split(",")
        assert metadata["notes"][0]["period"] == period


@pytest.mark.parametrize("name", ["corridors", "providers", "countries", "quotes"])
@pytest.mark.parametrize("size", [7, 500])
def test_pages_hold_every_row_once_in_one_order(demo: TestClient, name: str, size: int) -> None:
    limit = "&corridor=" + demo.get("/v1/corridors").json()["corridors"][0]["id"] if name == "quotes" else ""
    rows = rows_of(demo, f"/v1/{name}?page_size={size}{limit}", name)
    keys = [row.get("id") or row["code"] for row in rows]
    assert len(keys) == len(set(keys))
    assert keys == [row.get("id") or row["code"] for row in rows_of(demo, f"/v1/{name}?page_size=100{limit}", name)]


def test_a_token_for_other_parameters_is_refused(demo: TestClient) -> None:
    token = demo.get("/v1/corridors?page_size=1").json()["next_page_token"]
    assert demo.get(f"/v1/corridors?page_size=1&page_token={token}").status_code == 200
    for other in (f"/v1/corridors?sort=median&page_token={token}", f"/v1/countries?page_token={token}"):
        answer = demo.get(other)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-page-token")


@pytest.mark.parametrize("sort", ["average", "median", "smart", "cheapest"])
def test_corridors_are_ranked_by_what_was_asked_and_doubtful_ones_are_last_in_both_orders(
    demo: TestClient, sort: str
) -> None:
    field = {"smart": "smart_estimate_percent", "cheapest": "cheapest_ranked_percent"}.get(sort, f"{sort}_percent")
    for sign in ("", "-"):
        rows = rows_of(demo, f"/v1/corridors?sort={sign}{sort}", "corridors")
        ranked = [row for row in rows if row["rank"] is not None]
        assert ranked == rows[: len(ranked)]
        values = [row[field] for row in ranked]
        assert values == sorted(values, reverse=bool(sign))
        assert all(row["comparable"] for row in ranked)
        assert [row["rank"] for row in ranked] == [1 + (values.index(value)) for value in values]


def test_corridors_absent_from_the_round_are_there_without_figures(demo: TestClient) -> None:
    surveyed = {
        row["id"]: demo.get(f"/v1/corridors/{row['id']}").json()["periods"]
        for row in rows_of(demo, "/v1/corridors", "corridors")
    }
    everywhere = {period for known in surveyed.values() for period in known}
    oldest = next(p for p in sorted(everywhere) if any(p not in known for known in surveyed.values()))
    rows = rows_of(demo, f"/v1/corridors?period={oldest}", "corridors")
    absent = [row for row in rows if row["figures_reason"] == "not_surveyed"]
    assert {row["id"] for row in absent} == {corridor for corridor, known in surveyed.items() if oldest not in known}
    assert absent == rows[-len(absent) :]
    for row in absent:
        assert row["average_percent"] is None
        assert row["newest_period"] != oldest


def test_filters_keep_what_fits_and_ranks_count_what_is_left(demo: TestClient) -> None:
    rows = rows_of(demo, "/v1/corridors", "corridors")
    sender = rows[0]["sending_country"]["code"]
    filtered = rows_of(demo, f"/v1/corridors?sending_country={sender.lower()}", "corridors")
    assert [row["id"] for row in filtered] == [row["id"] for row in rows if row["id"].startswith(sender)]
    ranks = [row["rank"] for row in filtered if row["rank"] is not None]
    assert ranks[:1] == [1]
    status = rows[0]["sdg_status"]
    for row in rows_of(demo, f"/v1/corridors?sdg_status={status}", "corridors"):
        assert row["sdg_status"] == status


def test_search_is_blind_to_accents_and_case_and_knows_aliases(demo: TestClient) -> None:
    found = demo.get("/v1/countries?q=COTE%20d'ivoire").json()["countries"]
    assert [row["code"] for row in found] == ["CIV"]
    assert [row["code"] for row in demo.get("/v1/countries?q=ksv").json()["countries"]] == ["XKX"]
    french = demo.get("/v1/countries?q=allemagne&language=fr").json()["countries"]
    assert [(row["code"], row["name"]) for row in french] == [("DEU", "Allemagne")]


def test_a_quote_shows_where_it_is_from_and_never_a_file_name(demo: TestClient, corridor: str) -> None:
    compared = demo.get(f"/v1/corridors/{corridor}/comparison").json()
    for quote in compared["offers"][0]["quote_ids"]:
        answer = demo.get(f"/v1/quotes/{quote}")
        assert answer.status_code == 200
        one = answer.json()
        assert one["quote"]["corridor"] == corridor
        assert len(one["provenance"]["file_hash"]) == 64
        assert one["provenance"]["place"]["row"] > 1
        assert "demo.xlsx" not in answer.text


def test_the_members_behind_a_figure_are_the_quotes_that_a_filter_finds(demo: TestClient, corridor: str) -> None:
    known = demo.get(f"/v1/corridors/{corridor}").json()
    path = f"/v1/quotes?corridor={corridor}&period={known['period']}&amount_tier=usd_200"
    rows = [row for row in rows_of(demo, path, "quotes") if row["is_transparent"]]
    assert len(rows) == known["indicators"]["services"]
    average = sum(row["published_total_percent"] for row in rows) / len(rows)
    assert average == pytest.approx(known["indicators"]["average_percent"], abs=1e-6)


def test_the_choices_of_a_corridor_are_words_that_its_comparison_takes(demo: TestClient, corridor: str) -> None:
    choices = demo.get(f"/v1/corridors/{corridor}").json()["choices"]
    for parameter, name in (("receiving_method", "receiving_methods"), ("payment_instrument", "payment_instruments")):
        for choice in choices[name]:
            if choice["code"] != "unknown":
                path = f"/v1/corridors/{corridor}/comparison?{parameter}={choice['code']}"
                assert demo.get(path).status_code == 200
    for choice in choices["providers"]:
        assert demo.get(f"/v1/providers/{choice['id']}").status_code == 200


def test_every_word_that_an_answer_uses_is_labelled(demo: TestClient, corridor: str) -> None:
    terms = rows_of(demo, "/v1/vocabulary", "terms")
    labelled = {term["code"] for term in terms}
    assert all(term["label"] for term in terms)
    for offer in demo.get(f"/v1/corridors/{corridor}/comparison?limit=500").json()["offers"]:
        used = {offer["transfer_speed"], offer["price_basis"], offer["fx_margin_status"], *offer["cautions"]}
        assert used <= labelled


def test_the_status_names_versions_and_says_that_the_data_are_invented(demo: TestClient) -> None:
    status = demo.get("/v1/status").json()
    assert status["is_synthetic"] is True
    assert status["dataset_version"] == 1
    assert status["database"].startswith("sqlite 3.")
    assert [notice["code"] for notice in status["notices"]] == ["synthetic_data"]
