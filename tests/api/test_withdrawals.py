"""A partner takes quotes and imports back over HTTP: its own only, once, and everybody sees that they are gone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.testclient import TestClient

from app.db import open_engine, reading
from app.domain.partners import Partner, Scope
from app.main import create_app, refresh
from app.settings import Settings
from app.sources.source import LiveRecord
from app.store import audit
from app.store.versions import newest_version
from tests.api.keyed import Keyed, key_of, partner_of
from tests.mend.pushes import public_id, push, quote
from tests.store.live_records import at

Body = Mapping[str, object]

NOW = at(30)
QUOTES = "/v1/quotes/withdrawals"
SENT_BY_MISTAKE = {"reason": "sent by mistake"}


@dataclass
class Desk:
    app: FastAPI
    client: TestClient
    engine: Engine
    ours: Keyed
    theirs: Keyed
    reader: Keyed

    def push(self, *records: LiveRecord, hours: float) -> str:
        push(self.engine, *records, hours=hours, partner=self.ours.partner)
        with reading(self.engine) as connection:
            newest = newest_version(connection)
        assert newest is not None
        return public_id(newest.version)

    def post(self, path: str, body: Body, key: Keyed | None = None, under: str | None = None) -> Any:  # noqa: ANN401 - httpx
        headers = {} if under is None else {"Idempotency-Key": under}
        return self.client.post(path, json=body, headers={**(key or self.ours).headers, **headers})

    def shown(self) -> set[str]:
        """The ids of our quotes that a reader is shown."""
        refresh(self.app.state.served)  # what the app does once a second
        rows = self.client.get("/v1/quotes", params={"source": self.ours.partner.source}).json()
        return {row["id"] for row in rows.get("quotes", [])}


@pytest.fixture
def desk(sqlite_url: str, settings: Settings) -> Iterator[Desk]:
    own = settings.model_copy(update={"database_url": sqlite_url})
    engine = open_engine(sqlite_url)
    one, two = partner_of(engine, "Swift Cash"), partner_of(engine, "Other Transfer", providers=["other-transfer"])
    ours, theirs = key_of(engine, own, one, Scope.QUOTES_WRITE), key_of(engine, own, two, Scope.QUOTES_WRITE)
    reader = key_of(engine, own, one, Scope.ACCOUNT)
    app = create_app(own, clock=lambda: NOW)
    with TestClient(app) as client:
        yield Desk(app, client, engine, ours, theirs, reader)
    engine.dispose()


def ours(key: str, hours: float, partner: Partner, fee: str = "1.99") -> LiveRecord:
    return quote(key, hours, partner=partner, fee=fee)


def test_a_service_is_taken_back_by_its_external_id(desk: Desk) -> None:
    cash, card = ours("cash", 1, desk.ours.partner), ours("card", 1, desk.ours.partner)
    desk.push(cash, card, hours=2)
    answer = desk.post(QUOTES, {**SENT_BY_MISTAKE, "external_ids": ["cash"]})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-store"
    withdrawn = answer.json()
    assert withdrawn == {
        "dry_run": False,
        "withdrawn": 1,
        "from_quarantine": 0,
        "returned": 0,
        "dataset_version": 2,
        "quotes": [
            {
                "quote_id": withdrawn["quotes"][0]["quote_id"],
                "external_id": "cash",
                "corridor": "GBR-PHL",
                "observed_at": "2026-11-23T10:00:00Z",
                "was": "shown",
            }
        ],
    }
    assert len(desk.shown()) == 1
    with reading(desk.engine) as connection:
        entry = audit.head(connection)
    assert entry is not None
    assert (entry.act.actor, entry.act.action) == (f"key:{desk.ours.made.record.id}", "quotes_withdrawn")


def test_a_dry_run_lists_and_changes_nothing(desk: Desk) -> None:
    desk.push(ours("cash", 1, desk.ours.partner), hours=2)
    before = desk.shown()
    would = desk.post(f"{QUOTES}?dry_run=true", {**SENT_BY_MISTAKE, "corridor": "gb-ph"}).json()
    assert (would["dry_run"], would["withdrawn"], would["dataset_version"]) == (True, 1, None)
    assert desk.shown() == before


def test_a_whole_import_is_taken_back_and_what_it_replaced_stands_again(desk: Desk) -> None:
    good, wrong = ours("cash", 1, desk.ours.partner), ours("cash", 2, desk.ours.partner, fee="0.01")
    desk.push(good, hours=3)
    before = desk.shown()
    import_id = desk.push(wrong, hours=4)
    assert desk.shown() != before
    answer = desk.post(f"/v1/imports/{import_id}/withdrawal", SENT_BY_MISTAKE)
    assert (answer.json()["withdrawn"], answer.json()["returned"]) == (1, 1)
    assert desk.shown() == before
    again = desk.post(f"/v1/imports/{import_id}/withdrawal", SENT_BY_MISTAKE)
    assert (again.status_code, again.json()["withdrawn"]) == (200, 0)


def test_another_partner_neither_withdraws_nor_learns_anything(desk: Desk) -> None:
    import_id = desk.push(ours("cash", 1, desk.ours.partner), hours=2)
    shown = desk.shown()
    unknown = desk.post(f"/v1/imports/imp_{'b' * 26}/withdrawal", SENT_BY_MISTAKE, desk.theirs)
    theirs = desk.post(f"/v1/imports/{import_id}/withdrawal", SENT_BY_MISTAKE, desk.theirs)
    assert (theirs.status_code, theirs.json()["detail"]) == (404, unknown.json()["detail"])
    for body in ({"external_ids": ["cash"]}, {"quote_ids": sorted(shown)}, {"sent_from": "2026-11-01T00:00:00Z"}):
        answer = desk.post(QUOTES, {**SENT_BY_MISTAKE, **body}, desk.theirs)
        assert (answer.status_code, answer.json()["withdrawn"], answer.json()["quotes"]) == (200, 0, [])
    assert desk.shown() == shown


def test_a_key_without_the_scope_and_nobody_are_refused(desk: Desk) -> None:
    body = {**SENT_BY_MISTAKE, "corridor": "GBR-PHL"}
    assert desk.post(QUOTES, body, desk.reader).status_code == 403
    assert desk.client.post(QUOTES, json=body).status_code == 401


def test_under_one_idempotency_key_it_is_done_once_and_answered_the_same(desk: Desk) -> None:
    desk.push(ours("cash", 1, desk.ours.partner), hours=2)
    body = {**SENT_BY_MISTAKE, "external_ids": ["cash"]}
    first = desk.post(QUOTES, body, under="w1")
    again = desk.post(QUOTES, body, under="w1")
    assert (first.json()["withdrawn"], again.content) == (1, first.content)
    assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"external_ids": ["cash"]}, "/body"),
        (SENT_BY_MISTAKE, "/body"),
        ({"reason": " ", "corridor": "GBR-PHL"}, "/body/reason"),
        ({"reason": "x" * 201, "corridor": "GBR-PHL"}, "/body/reason"),
        ({"reason": "two\nlines", "corridor": "GBR-PHL"}, "/body/reason"),
        ({"reason": "turned \u202e round", "corridor": "GBR-PHL"}, "/body/reason"),
        ({"reason": "leaked tp_live_abc", "corridor": "GBR-PHL"}, "/body/reason"),
        ({**SENT_BY_MISTAKE, "corridor": "GBR-XXX"}, "/body/corridor"),
        ({**SENT_BY_MISTAKE, "corridor": "GBR-GBR"}, "/body/corridor"),
        ({**SENT_BY_MISTAKE, "external_ids": []}, "/body/external_ids"),
        ({**SENT_BY_MISTAKE, "external_ids": ["x"] * 1_001}, "/body/external_ids"),
        ({**SENT_BY_MISTAKE, "quote_ids": ["cash"]}, "/body/quote_ids"),
        ({**SENT_BY_MISTAKE, "quote_ids": ["{019abcde-0000-8000-8000-000000000000}"]}, "/body/quote_ids"),
        ({**SENT_BY_MISTAKE, "observed_from": "yesterday"}, "/body/observed_from"),
        ({**SENT_BY_MISTAKE, "sent_until": "2026-11-23T10:00:00"}, "/body/sent_until"),
        ({**SENT_BY_MISTAKE, "everything": True}, "/body"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(desk: Desk, body: Body, pointer: str) -> None:
    answer = desk.post(QUOTES, body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert "tp_live_abc" not in answer.text
