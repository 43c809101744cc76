"""A dry run shows what the push would come to: the same cost, and the rank that it then gets."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.db import open_engine
from app.domain.partners import Scope
from app.main import create_app, refresh
from app.settings import Settings
from tests.api.conftest import NOW, copy_database
from tests.api.keyed import key_of, partner_of
from tests.push.pushing import body, item

TODAY = {"observed_at": f"{NOW:%Y-%m-%d}T11:00:00Z", "valid_until": None, "min_amount": None, "max_amount": None}


class Desk:
    def __init__(self, app: FastAPI, client: TestClient, headers: dict[str, str]) -> None:
        self.app = app
        self.client = client
        self.headers = {**headers, "Content-Type": "application/json"}
        self.pushes = 0

    def push(self, *items: Any, query: str = "") -> Any:  # noqa: ANN401 - JSON
        self.pushes += 1
        headers = {**self.headers, "Idempotency-Key": f"push-{self.pushes}"}
        answer = self.client.post(f"/v1/quotes{query}", content=body(*items), headers=headers)
        assert answer.status_code in {200, 201}, answer.text[-600:]
        return answer.json()

    def offers(self, corridor: str, currency: str) -> Any:  # noqa: ANN401 - JSON
        refresh(self.app.state.served)  # what the app does once a second
        path = f"/v1/corridors/{corridor}/comparison?basis=live&sending_currency={currency}&limit=500"
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def desk(live_settings: Settings, tmp_path: Path) -> Iterator[Desk]:
    settings = Settings(data_dir=tmp_path, limits_enabled=False)
    copy_database(live_settings, settings)
    engine = open_engine(settings.database_url)
    key = key_of(engine, settings, partner_of(engine), Scope.QUOTES_WRITE)
    engine.dispose()
    app = create_app(settings, clock=lambda: NOW)
    with TestClient(app) as client:
        yield Desk(app, client, key.headers)


@pytest.fixture
def place(desk: Desk) -> tuple[str, str, str, float]:
    """A corridor with several live offers, its currencies, and the rate between them."""
    for row in desk.client.get("/v1/corridors?basis=live&page_size=500").json()["corridors"]:
        corridor = str(row["id"])
        said = desk.client.get(f"/v1/corridors/{corridor}/comparison?basis=live").json()
        offers = [offer for offer in said.get("offers", []) if offer["mid_market_rate"] and offer["recipient_gets"]]
        if len(offers) >= 3:
            sending, receiving = offers[0]["sender_pays"]["currency"], offers[0]["recipient_gets"]["currency"]
            if sending != receiving:
                return corridor, sending, receiving, float(offers[0]["mid_market_rate"])
    pytest.fail("the demonstration has no corridor with three live offers")


@pytest.mark.parametrize("fee", [0, 3, 50])
def test_the_rank_and_cost_of_a_dry_run_are_those_that_follow(
    desk: Desk, place: tuple[str, str, str, float], fee: float
) -> None:
    corridor, sending, receiving, rate = place
    ours = item(
        corridor=corridor,
        sending_currency=sending,
        receiving_currency=receiving,
        offered_rate=f"{rate * 0.99:.4f}",
        fee={"kind": "schedule", "bands": [{"from": 0, "fixed": fee}]},
        **TODAY,
    )
    tried = desk.push(ours, query="?dry_run=true")["quotes"][0]
    said = tried["preview"]
    before = desk.offers(corridor, sending)
    assert tried["quote_id"] not in str(before)
    pushed = desk.push(ours)["quotes"][0]
    if pushed["outcome"] != "accepted":  # a fee of 50 may wait for a person
        assert said["rank"] is None
        assert said["rank_reason"] == "not_accepted"
        return
    after = desk.offers(corridor, sending)
    offer = next(one for one in after["offers"] if pushed["quote_id"] in one["quote_ids"])
    assert pushed["quote_id"] == tried["quote_id"]
    assert (said["rank"], said["offers"]) == (offer["rank"], after["summary"]["offers"])
    for name in ("total_cost", "total_cost_percent", "fee", "offered_rate", "mid_market_rate", "fx_margin_percent"):
        assert said[name] == offer[name], name
    assert said["amount"] == {"amount": after["amount"]["amount"], "currency": sending}
    assert said["recipient_gets"] == offer["recipient_gets"]


def test_every_rule_says_what_it_found(desk: Desk, place: tuple[str, str, str, float]) -> None:
    corridor, sending, receiving, rate = place
    there = {"corridor": corridor, "sending_currency": sending, "receiving_currency": receiving, **TODAY}
    good, absurd = desk.push(
        item(external_id="good", offered_rate=f"{rate * 0.99:.4f}", **there),
        item(external_id="absurd", offered_rate=f"{rate * 3:.4f}", **there),
        query="?dry_run=true",
    )["quotes"]
    assert good["preview"]["verdicts"]["margin-out-of-range"] == "accept"
    assert absurd["outcome"] in {"quarantined", "rejected"}
    assert {"quarantine", "reject"} & set(absurd["preview"]["verdicts"].values())
    assert absurd["preview"]["rank"] is None
    assert good["preview"]["verdicts"].keys() <= absurd["preview"]["verdicts"].keys()


def test_where_nobody_knows_a_default_amount_the_preview_says_so(desk: Desk) -> None:
    said = desk.push(item(corridor="GBR-ATA", **TODAY), query="?dry_run=true")["quotes"][0]["preview"]
    assert said["amount"] is None or said["amount"]["currency"] == "GBP"
    assert (said["rank"] is None) == (said["rank_reason"] is not None)


def test_an_older_quote_than_the_one_that_stands_would_get_no_rank(
    desk: Desk, place: tuple[str, str, str, float]
) -> None:
    corridor, sending, receiving, rate = place
    there = {"corridor": corridor, "sending_currency": sending, "receiving_currency": receiving, **TODAY}
    desk.push(item(offered_rate=f"{rate * 0.99:.4f}", **there))
    desk.offers(corridor, sending)
    older = {**there, "observed_at": f"{NOW:%Y-%m-%d}T10:00:00Z"}
    said = desk.push(item(offered_rate=f"{rate * 0.98:.4f}", **older), query="?dry_run=true")["quotes"][0]
    assert said["preview"]["rank_reason"] == "newer_quote_is_there"
