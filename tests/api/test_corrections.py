"""A partner corrects what it saw, everybody can read what was put right, and nothing that was wrong goes silently."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.testclient import TestClient

from app.db import open_engine, writing
from app.domain.partners import Scope
from app.main import create_app, refresh
from app.mend.providers import set_visibility
from app.mend.withdrawals import withdraw
from app.settings import Settings
from app.store.withdrawals import Selection
from tests.api.keyed import Keyed, key_of, partner_of
from tests.mend.pushes import hand
from tests.mend.test_corrections import item
from tests.store.live_records import arrive, at, live

NOW = at(30)


@dataclass
class Desk:
    app: FastAPI
    client: TestClient
    engine: Engine
    ours: Keyed
    theirs: Keyed

    def push(self, *items: bytes, under: str = "p1") -> list[str]:
        body = {"quotes": [json.loads(one) for one in items]}
        headers = {**self.ours.headers, "Idempotency-Key": under}
        answer = self.client.post("/v1/quotes", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        refresh(self.app.state.served)
        return [one["quote_id"] for one in answer.json()["quotes"]]

    def tag(self, quote_id: str) -> str:
        return self.client.get(f"/v1/quotes/{quote_id}").headers["etag"]

    def correct(self, quote_id: str, whole: bytes, *, tag: str | None, key: Keyed | None = None, dry: str = "") -> Any:  # noqa: ANN401 - httpx
        headers = {**(key or self.ours).headers, **({} if tag is None else {"If-Match": tag})}
        body = {"reason": "the fee was mistyped", "quote": json.loads(whole)}
        return self.client.post(f"/v1/quotes/{quote_id}/correction{dry}", json=body, headers=headers)


@pytest.fixture
def desk(sqlite_url: str, settings: Settings) -> Iterator[Desk]:
    own = settings.model_copy(update={"database_url": sqlite_url})
    engine = open_engine(sqlite_url)
    one, two = partner_of(engine, "Swift", providers=["swift-cash"]), partner_of(engine, "Other")
    ours, theirs = key_of(engine, own, one, Scope.QUOTES_WRITE), key_of(engine, own, two, Scope.QUOTES_WRITE)
    app = create_app(own, clock=lambda: NOW)
    with TestClient(app) as client:
        yield Desk(app, client, engine, ours, theirs)
    engine.dispose()


def test_a_quote_is_corrected_as_it_was_seen(desk: Desk) -> None:
    (wrong,) = desk.push(item(fee="9.99"))
    answer = desk.correct(wrong, item(fee="1.99"), tag=desk.tag(wrong))
    assert answer.status_code == 200, answer.text
    corrected = answer.json()
    assert (corrected["corrected"], corrected["dry_run"], corrected["dataset_version"]) == (wrong, False, 2)
    assert answer.headers["location"] == f"/v1/quotes/{corrected['quote_id']}"
    refresh(desk.app.state.served)
    assert [row["id"] for row in desk.client.get("/v1/quotes").json()["quotes"]] == [corrected["quote_id"]]
    before = desk.client.get(f"/v1/quotes/{wrong}").json()
    assert before["quote"]["is_current"] is False
    assert before["provenance"]["superseded_by"] == corrected["quote_id"]
    assert before["provenance"]["changes"][-1]["change"] == "corrected"


def test_the_tag_of_a_quote_changes_with_the_quote_and_with_nothing_else(desk: Desk) -> None:
    cash, card = desk.push(item(), item(key="card"))
    tag = desk.tag(cash)
    assert desk.correct(card, item(key="card", fee="2.50"), tag=desk.tag(card)).status_code == 200
    refresh(desk.app.state.served)
    assert desk.tag(cash) == tag
    assert desk.correct(cash, item(fee="2.50"), tag=tag).status_code == 200


def test_whoever_corrects_says_what_they_saw(desk: Desk) -> None:
    (wrong,) = desk.push(item())
    missing = desk.correct(wrong, item(fee="2"), tag=None)
    assert (missing.status_code, missing.json()["type"]) == (428, "/problems/condition-missing")
    for tag in ('"0123"', f"W/{desk.tag(wrong)}", "0123", '""'):
        failed = desk.correct(wrong, item(fee="2"), tag=tag)
        assert (failed.status_code, failed.json()["type"]) == (412, "/problems/condition-failed"), tag
    assert desk.correct(wrong, item(fee="2"), tag=f'"0123", {desk.tag(wrong)}').status_code == 200


def test_what_does_not_stand_any_more_names_its_successor(desk: Desk) -> None:
    (wrong,) = desk.push(item())
    tag = desk.tag(wrong)
    (newer,) = desk.push(item(1), under="p2")
    answer = desk.correct(wrong, item(fee="2"), tag=tag)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/quote-replaced")
    assert newer in answer.json()["detail"]


def test_another_partners_quote_is_as_unknown_as_none(desk: Desk) -> None:
    (ours,) = desk.push(item())
    tag = desk.tag(ours)
    theirs = desk.correct(ours, item(fee="2"), tag=tag, key=desk.theirs)
    none = desk.correct("01a2073c-0000-8000-8000-000000000000", item(fee="2"), tag=tag, key=desk.theirs)
    assert (theirs.status_code, theirs.json()["detail"]) == (404, none.json()["detail"])


def test_what_cannot_stand_is_refused_with_its_place(desk: Desk) -> None:
    (ours,) = desk.push(item())
    answer = desk.correct(ours, item(fee="-2"), tag=desk.tag(ours))
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/correction-refused")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/body/quote/fee/amount"]


def test_a_dry_run_of_a_correction_changes_nothing(desk: Desk) -> None:
    (ours,) = desk.push(item())
    tag = desk.tag(ours)
    would = desk.correct(ours, item(fee="2"), tag=tag, dry="?dry_run=true").json()
    assert (would["dry_run"], would["import_id"], would["dataset_version"]) == (True, None, None)
    assert desk.tag(ours) == tag


def test_everybody_can_read_what_was_put_right(desk: Desk) -> None:
    cash, card = desk.push(item(), item(key="card", corridor="GBR-IND", receiving_currency="INR", rate="110"))
    corrected = desk.correct(cash, item(fee="2"), tag=desk.tag(cash)).json()["quote_id"]
    body = {"reason": "sent by mistake", "external_ids": ["card"]}
    assert desk.client.post("/v1/quotes/withdrawals", json=body, headers=desk.ours.headers).json()["withdrawn"] == 1
    set_visibility(desk.engine, "swift-cash", hand(31, "it asked us to"), is_hidden=True)
    refresh(desk.app.state.served)
    listed = desk.client.get("/v1/corrections")
    assert listed.headers["cache-control"].startswith("public")
    rows = listed.json()["corrections"]
    assert [(row["kind"], row["corridor"], row["quotes"], row["reason"]) for row in rows] == [
        ("provider_hidden", None, 1, "it asked us to"),
        ("withdrawn", "GBR-IND", 1, "sent by mistake"),
        ("corrected", "GBR-PHL", 1, "the fee was mistyped"),
    ]
    assert (rows[2]["quote_id"], rows[2]["successor_id"]) == (cash, corrected)
    assert (rows[1]["quote_id"], rows[1]["source"], rows[1]["in_version"]) == (card, "partner-swift", 3)
    pages = desk.client.get("/v1/corrections?page_size=2").json()
    rest = desk.client.get("/v1/corrections", params={"page_size": 2, "page_token": pages["next_page_token"]}).json()
    assert pages["corrections"] + rest["corrections"] == rows
    assert rest["next_page_token"] is None
    for query, kinds in (
        ("kind=corrected,withdrawn", ["withdrawn", "corrected"]),
        ("corridor=gb-ph", ["corrected"]),
        ("provider=swift-cash&source=partner-swift", ["withdrawn", "corrected"]),
        ("provider=nobody", []),
    ):
        found = desk.client.get(f"/v1/corrections?{query}").json()["corrections"]
        assert [row["kind"] for row in found] == kinds, query
    assert desk.client.get("/v1/corrections.csv").text.count("\r\n") == 4


def test_what_is_about_a_private_source_is_told_to_nobody(desk: Desk) -> None:
    with writing(desk.engine) as connection:
        arrive(connection, [live()])
    withdraw(desk.engine, Selection(source="wise", corridor="GBR-PHL"), hand(reason="not for everybody"))
    set_visibility(desk.engine, "swift-cash", hand(101), is_hidden=True)
    refresh(desk.app.state.served)
    assert desk.client.get("/v1/corrections").json()["corrections"] == []
