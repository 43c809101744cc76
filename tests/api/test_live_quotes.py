"""Live quotes over HTTP: beside those of surveys, told apart by basis, with their terms as plain numbers."""

import csv
import io
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.api.v1.providers import Providers
from app.api.v1.quotes import OneQuote, Quotes
from app.db import open_engine, writing
from app.domain.terms import Band, PercentFee, RateBand, ScheduleFee, Terms
from app.domain.vocabulary import FeeMode
from app.main import create_app
from app.settings import Settings
from tests.store.live_records import arrive, at, live
from tests.store.records import quoted, store

SCHEDULE = Terms(
    fee_mode=FeeMode.ON_TOP,
    fee=ScheduleFee((Band(start=Decimal(0), fixed=Decimal("1.50")), Band(start=Decimal(200), percent=Decimal("0.75")))),
    rates=(RateBand(Decimal(0), Decimal("78.10")), RateBand(Decimal(500), Decimal("78.4000000001"))),
    min_amount=Decimal(1),
    max_amount=Decimal(25000),
)
NO_RATE = Terms(fee_mode=FeeMode.ON_TOP, fee=PercentFee(Decimal("2.5")))
OLD, NEW = live(hours=0, source="quote_file", tier=""), live(hours=1, source="quote_file", tier="", terms=SCHEDULE)
ENDING = live("ends", 1, source="quote_file", tier="", terms=NO_RATE, name="=Ends()", valid_until=at(48.5))
ELSEWHERE = live("far", source="quote_file", tier="", scope="far", corridor="GBR-IND", currencies=("GBP", "INR"))


@pytest.fixture(scope="module")
def client(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The app over one survey quote of GBR-PHL and live ones of GBR-PHL and GBR-IND."""
    data_dir = tmp_path_factory.mktemp("live")
    shutil.copyfile(sqlite_template, data_dir / "threepercent.db")
    settings = Settings(data_dir=data_dir)
    engine = open_engine(settings.database_url)
    with writing(engine) as connection:
        store(connection, [quoted("1")])
    for answer in ([OLD], [NEW, ENDING], [ELSEWHERE]):
        with writing(engine) as connection:
            arrive(connection, answer)
    engine.dispose()
    with TestClient(create_app(settings, clock=lambda: at(2))) as opened:
        yield opened


def rows(client: TestClient, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/v1/quotes?{query}")
    assert answer.status_code == 200, answer.text
    Quotes.model_validate_json(answer.content)
    found: list[dict[str, Any]] = answer.json()["quotes"]
    return found


def test_live_quotes_are_listed_beside_those_of_surveys(client: TestClient) -> None:
    assert [row["basis"] for row in rows(client)] == ["live", "survey", "live", "live"]
    assert {row["source"] for row in rows(client, "basis=live")} == {"quote_file"}
    assert [row["source"] for row in rows(client, "basis=survey")] == ["rpw"]
    assert len(rows(client, "basis=live&superseded=true")) == 4
    assert [row["corridor"] for row in rows(client, "basis=live&corridor=GBR-IND")] == ["GBR-IND"]
    assert rows(client, "source=rpw&basis=live") == []
    assert rows(client, "fx_margin_status=measured&basis=live") == []


def test_a_live_quote_has_its_terms_and_nothing_that_only_surveys_say(client: TestClient) -> None:
    (row,) = [row for row in rows(client, "basis=live") if row["terms"]["fee"]["kind"] == "schedule"]
    assert row["terms"] == {
        "fee_mode": "on_top",
        "fee": {
            "kind": "schedule",
            "amount": None,
            "at_amount": None,
            "percent": None,
            "bands": [
                {"from": 0, "fixed": 1.5, "percent": 0, "minimum": None, "maximum": None},
                {"from": 200, "fixed": 0, "percent": 0.75, "minimum": None, "maximum": None},
            ],
            "marginal": False,
        },
        "rates": [{"from": 0, "rate": 78.1}, {"from": 500, "rate": 78.4000000001}],
        "min_amount": 1,
        "max_amount": 25000,
        "declared_mid_market_rate": None,
        "published_fx_margin_percent": None,
    }
    assert (row["observed_at"], row["valid_until"]) == ("2026-11-23T10:00:00Z", None)
    assert (row["sending_currency"], row["receiving_currency"], row["fee_mode"]) == ("GBP", "PHP", "on_top")
    only_surveys = ("period", "amount_tier", "amount", "fee", "published_total_percent", "fx_margin_status")
    assert {row[name] for name in only_surveys} == {None}
    (surveyed,) = rows(client, "basis=survey")
    assert (surveyed["terms"], surveyed["valid_until"], surveyed["observed_at"]) == (None, None, "2013-07-19")
    assert surveyed["amount"] == {"amount": 120, "currency": "GBP"}


def test_one_live_quote_tells_its_provenance_and_what_became_of_it(client: TestClient) -> None:
    (old,) = [row for row in rows(client, "superseded=true&basis=live") if not row["is_current"]]
    answer = client.get(f"/v1/quotes/{old['id']}")
    OneQuote.model_validate_json(answer.content)
    (change,) = answer.json()["provenance"]["changes"]
    (new,) = [row for row in rows(client, "basis=live") if row["source_key"] == "swift-cash"]
    assert answer.json()["provenance"]["superseded_by"] == change["other_quote_id"] == new["id"]
    assert [each["source"] for each in answer.json()["attribution"]] == ["quote_file"]


def test_a_listing_is_attributed_to_the_sources_of_what_it_shows(client: TestClient) -> None:
    for query, shown in (("source=quote_file", ["quote_file"]), ("basis=survey", ["rpw"])):
        answer = client.get(f"/v1/quotes?{query}").json()
        assert sorted({row["source"] for row in answer["quotes"]}) == shown
        assert [each["source"] for each in answer["attribution"]] == shown


def test_a_period_is_for_surveys_only(client: TestClient) -> None:
    refused = client.get("/v1/quotes?basis=live&period=2013-Q3")
    assert refused.status_code == 422
    assert client.get("/v1/quotes?corridor=GBR-IND&period=2013-Q3").json()["type"] == "/problems/period-not-surveyed"
    assert [row["basis"] for row in rows(client, "period=2013-Q3&corridor=GBR-IND,GBR-PHL")] == ["survey"]


def test_csv_has_a_column_for_each_field_and_lists_in_one_cell(client: TestClient) -> None:
    table = client.get("/v1/quotes.csv?basis=live&corridor=GBR-PHL").content.decode()
    found = {row["source_key"]: row for row in csv.DictReader(io.StringIO(table, newline=""))}
    bands = '[{"from":0,"fixed":1.5,"percent":0,"minimum":null,"maximum":null},'
    assert found["swift-cash"]["terms.fee.bands"].startswith(bands)
    assert found["swift-cash"]["terms.fee.percent"] == found["swift-cash"]["amount.amount"] == ""
    assert found["ends"]["terms.fee.percent"] == "2.5"
    assert found["ends"]["valid_until"] == "2026-11-25T09:30:00Z"
    assert found["ends"]["provider.name"] == "'=Ends()"
    chosen = client.get("/v1/quotes.csv?basis=live&fields=quotes.terms.fee.kind,quotes.id").text.splitlines()
    assert sorted(chosen[0].split(",")) == ["id", "terms.fee.kind"]


def test_fields_are_asked_for_by_the_names_in_the_answer(client: TestClient) -> None:
    answer = client.get("/v1/quotes?basis=live&corridor=GBR-PHL&fields=quotes.terms.rates.from")
    assert {"terms": {"rates": [{"from": 0}, {"from": 500}]}} in answer.json()["quotes"]


def test_a_provider_counts_the_corridors_and_services_of_its_live_quotes(client: TestClient) -> None:
    answer = client.get("/v1/providers")
    Providers.model_validate_json(answer.content)
    found = {row["id"]: row for row in answer.json()["providers"]}
    assert found["swift-cash"]["corridors"] == found["swift-cash"]["services"] == 2
    assert found["swift-cash"]["sources"] == ["quote_file"]
    assert found["swift-cash"]["types"] == ["money_transfer_operator"]
    assert client.get("/v1/providers/swift-cash").json()["corridors"] == ["GBR-IND", "GBR-PHL"]


def test_pages_give_every_quote_once(client: TestClient) -> None:
    seen, link = [], "/v1/quotes?page_size=1&superseded=true"
    while link:
        answer = client.get(link)
        seen += [row["id"] for row in answer.json()["quotes"]]
        link = answer.links["next"]["url"] if "next" in answer.links else ""
    assert len(seen) == len(set(seen)) == 5
