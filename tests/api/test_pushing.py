"""POST /v1/quotes: what became of each item, in the answer and on the board; twice is once, and a dry run is none."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, func, select
from starlette.testclient import TestClient

from app.db import open_engine, reading
from app.domain.partners import Scope
from app.main import create_app, refresh
from app.settings import Settings
from app.store import imports, quotes
from tests.api.keyed import Keyed, key_of, partner_of
from tests.push.pushing import NOW, body, item

JSON = {"Content-Type": "application/json"}


@dataclass
class Door:
    app: FastAPI
    client: TestClient
    engine: Engine
    partner: Keyed

    def post(self, content: bytes, under: str = "one", query: str = "", **headers: str) -> Any:  # noqa: ANN401 - httpx
        sent = {**JSON, **self.partner.headers, "Idempotency-Key": under, **headers}
        return self.client.post(f"/v1/quotes{query}", content=content, headers=sent)

    def push(self, *items: Any, under: str = "one", query: str = "") -> Any:  # noqa: ANN401 - JSON
        return self.post(body(*items), under, query)

    def stored(self) -> int:
        with reading(self.engine) as connection:
            return int(connection.execute(select(func.count()).select_from(quotes.quotes)).scalar_one())

    def offers(self, **asked: str) -> Any:  # noqa: ANN401 - JSON
        refresh(self.app.state.served)  # what the app does once a second
        parameters = {"basis": "live", "amount": "200", "sending_currency": "GBP", **asked}
        return self.client.get("/v1/corridors/GBR-PHL/comparison", params=parameters).json()


@pytest.fixture
def door(empty_database_url: str, settings: Settings) -> Iterator[Door]:
    own = settings.model_copy(update={"database_url": empty_database_url})
    engine = open_engine(empty_database_url)
    key = key_of(engine, own, partner_of(engine), Scope.QUOTES_WRITE)
    app = create_app(own, clock=lambda: NOW)
    with TestClient(app) as client:
        yield Door(app, client, engine, key)
    engine.dispose()


def test_an_accepted_quote_ranks(door: Door) -> None:
    answer = door.push(item())
    assert answer.status_code == 201
    said = answer.json()
    assert said["counts"] == {"accepted": 1, "duplicate": 0, "quarantined": 0, "rejected": 0}
    assert answer.headers["location"] == f"/v1/imports/{said['import_id']}"
    assert answer.headers["cache-control"] == "private, no-store"
    offers = door.offers()["offers"]
    assert [offer["quote_ids"] for offer in offers] == [[said["quotes"][0]["quote_id"]]]
    assert offers[0]["source"] == "partner-example-transfer"
    shown = door.client.get(f"/v1/quotes/{said['quotes'][0]['quote_id']}")
    assert shown.status_code == 200
    assert door.client.get(answer.headers["location"], headers=door.partner.headers).json()["counts"]["accepted"] == 1


def test_where_only_partners_sent_prices_the_list_of_corridors_leads_to_them(door: Door) -> None:
    assert "Import a survey" in door.client.get("/v1/corridors").json()["detail"]
    door.push(item())
    refresh(door.app.state.served)
    refused = door.client.get("/v1/corridors")
    assert refused.status_code == 404
    assert "/v1/corridors?basis=live" in refused.json()["detail"]
    assert door.client.get("/v1/corridors?basis=live").status_code == 200


def test_each_item_is_told_what_became_of_it_and_why(door: Door) -> None:
    answer = door.push(item(external_id="a"), item(external_id="b", offered_rate=0), item(external_id="a"))
    assert answer.status_code == 201
    first, second, third = answer.json()["quotes"]
    assert (first["outcome"], second["outcome"], third["outcome"]) == ("accepted", "rejected", "duplicate")
    assert third["quote_id"] == first["quote_id"]
    assert third["standing"] == "shown"
    assert second["quote_id"] is None
    assert [(found["rule"], found["pointer"], found["value"]) for found in second["findings"]] == [
        ("invalid-item", "/offered_rate", "0")
    ]


def test_the_same_content_under_another_key_is_a_duplicate(door: Door) -> None:
    first = door.push(item())
    again = door.push(item(), under="two")
    assert again.status_code == 200
    assert again.json()["quotes"][0]["outcome"] == "duplicate"
    assert again.json()["quotes"][0]["quote_id"] == first.json()["quotes"][0]["quote_id"]
    assert door.stored() == 1


def test_the_same_key_is_answered_the_same_bytes(door: Door) -> None:
    first, again = door.push(item()), door.push(item())
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert door.stored() == 1


def test_a_batch_of_which_nothing_could_be_taken_is_a_problem_that_says_why_of_each(door: Door) -> None:
    answer = door.push(item(offered_rate=-1), item(external_id="b", provider="somebody-else"))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["type"] == "/problems/quotes-rejected"
    assert [error["pointer"] for error in said["errors"]] == ["/body/quotes/0/offered_rate", "/body/quotes/1/provider"]
    assert [one["outcome"] for one in said["quotes"]] == ["rejected", "rejected"]
    assert door.stored() == 0
    again = door.push(item(offered_rate=-1), item(external_id="b", provider="somebody-else"))
    assert again.content == answer.content


def test_an_atomic_batch_is_taken_whole_or_not_at_all(door: Door) -> None:
    answer = door.push(item(external_id="a"), item(external_id="b", offered_rate=0), query="?atomic=true")
    assert answer.status_code == 422
    rules = [[found["rule"] for found in one["findings"]] for one in answer.json()["quotes"]]
    assert rules[0][-1] == "batch-rejected"
    assert rules[1] == ["invalid-item"]
    assert door.stored() == 0
    whole = door.push(item(external_id="a"), item(external_id="b"), under="two", query="?atomic=true")
    assert whole.status_code == 201
    assert door.stored() == 2


def test_a_dry_run_shows_cost_verdicts_and_rank_and_stores_nothing(door: Door) -> None:
    door.push(item(external_id="dear", fee={"kind": "amount", "amount": 9, "at_amount": 200}))
    door.offers()
    answer = door.post(body(item(external_id="cheap"), item(external_id="x", offered_rate=0)), query="?dry_run=true")
    assert answer.status_code == 200
    said = answer.json()
    assert said["dry_run"] is True
    assert said["import_id"] is None
    assert said["quotes"][1]["preview"] is None
    assert door.stored() == 1
    with reading(door.engine) as connection:
        assert imports.count(connection) == 1


def test_a_dry_run_needs_no_idempotency_key_and_a_push_does(door: Door) -> None:
    sent = {**JSON, **door.partner.headers}
    assert door.client.post("/v1/quotes?dry_run=true", content=body(item()), headers=sent).status_code == 200
    answer = door.client.post("/v1/quotes", content=body(item()), headers=sent)
    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/idempotency-key-missing"


def test_ten_thousand_quotes_are_taken_and_one_more_is_refused(door: Door) -> None:
    raw = json.dumps(item(external_id="ID"))
    items = [raw.replace('"ID"', f'"n{number}"') for number in range(10_001)]
    too_many = door.post(f'{{"quotes": [{",".join(items)}]}}'.encode())
    assert too_many.status_code == 422
    assert too_many.json()["errors"][0]["pointer"] == "/body/quotes"
    answer = door.post(f'{{"quotes": [{",".join(items[:-1])}]}}'.encode(), under="two")
    assert answer.status_code == 201
    assert answer.json()["counts"]["accepted"] == 10_000
    assert door.stored() == 10_000


def test_a_quote_of_a_new_customer_stands_beside_that_of_a_returning_one(door: Door) -> None:
    free = {"kind": "amount", "amount": 0, "at_amount": 200}
    answer = door.push(item(external_id="a"), item(external_id="a-first", customer="new", fee=free))
    assert [one["outcome"] for one in answer.json()["quotes"]] == ["accepted", "accepted"]
    assert [offer["customer"] for offer in door.offers()["offers"]] == ["new", "returning"]
    said = door.offers(customer="returning")
    assert [offer["customer"] for offer in said["offers"]] == ["returning"]
    assert said["excluded"]["counts"] == {"promotion_only": 1}


def test_taxes_are_kept_beside_the_price(door: Door) -> None:
    taxes = [{"name": "4x1000", "paid_by": "receiver", "percent": 0.4}]
    plain, taxed = door.push(item(external_id="a"), item(external_id="b", taxes=taxes)).json()["quotes"]
    offers = door.offers()["offers"]
    assert {offer["total_cost_percent"] for offer in offers} == {offers[0]["total_cost_percent"]}
    shown = door.client.get(f"/v1/quotes/{taxed['quote_id']}").json()["provenance"]
    assert shown["taxes"] == [{"name": "4x1000", "paid_by": "receiver", "amount": None, "percent": 0.4}]
    assert shown["published"] == {}
    assert door.client.get(f"/v1/quotes/{plain['quote_id']}").json()["provenance"]["taxes"] == []
