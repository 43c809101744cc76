"""/v1/quarantine and /v1/account/quotes: what waits, who decides, and what a partner is told of its quotes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.testclient import TestClient

from app.api.v1.account_quotes import AccountQuotes
from app.api.v1.quarantine import Decision, QuarantineList
from app.db import open_engine
from app.domain.partners import PartnerKind, Scope
from app.main import create_app, refresh
from app.settings import Settings
from tests.api.keyed import Keyed, key_of, partner_of
from tests.push.pushing import NOW, body, item

JSON = {"Content-Type": "application/json"}
WAITS = item(external_id="strange", receiving_currency="KES")
"""Nobody in the Philippines is paid in Kenyan shillings: that waits for a person."""

ACCEPT = {"decision": "accept", "reason": "their page says so"}


@dataclass
class Office:
    """A served database with a partner, another partner, and a reviewer; its clock is ``now``."""

    app: FastAPI
    client: TestClient
    partner: Keyed
    other: Keyed
    reviewer: Keyed
    clock: dict[str, datetime] = field(default_factory=dict)

    def push(self, *items: Any, by: Keyed | None = None) -> Any:  # noqa: ANN401 - JSON
        headers = {**JSON, **(by or self.partner).headers, "Idempotency-Key": f"key-{next(self._numbers)}"}
        answer = self.client.post("/v1/quotes", content=body(*items), headers=headers)
        return answer.json()

    def get(self, path: str, by: Keyed | None = None) -> Any:  # noqa: ANN401 - JSON
        return self.client.get(path, headers=(by or self.partner).headers)

    def decide(self, quote_id: str, said: Any, by: Keyed | None = None, under: str | None = None) -> Any:  # noqa: ANN401 - JSON
        sent = {**(by or self.reviewer).headers, **({} if under is None else {"Idempotency-Key": under})}
        return self.client.post(f"/v1/quarantine/{quote_id}/decision", json=said, headers=sent)

    def waiting(self, query: str = "") -> list[Any]:
        answer = self.get(f"/v1/quarantine{query}", self.reviewer)
        assert answer.status_code == 200, answer.text
        QuarantineList.model_validate_json(answer.content)
        found: list[Any] = answer.json()["quotes"]
        return found

    def own(self, query: str = "", by: Keyed | None = None) -> list[Any]:
        answer = self.get(f"/v1/account/quotes{query}", by)
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "private, no-store"
        AccountQuotes.model_validate_json(answer.content)
        found: list[Any] = answer.json()["quotes"]
        return found

    def offered(self) -> list[Any]:
        refresh(self.app.state.served)  # what the app does once a second
        asked = {"basis": "live", "amount": "200", "sending_currency": "GBP", "receiving_currency": "KES"}
        answer = self.client.get("/v1/corridors/GBR-PHL/comparison", params=asked)
        return [offer["quote_ids"] for offer in answer.json().get("offers", [])]

    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(1_000_000)))


@pytest.fixture
def office(empty_database_url: str, settings: Settings) -> Iterator[Office]:
    own = settings.model_copy(update={"database_url": empty_database_url})
    engine: Engine = open_engine(empty_database_url)
    both = (Scope.QUOTES_WRITE, Scope.ACCOUNT)
    partner = key_of(engine, own, partner_of(engine), *both)
    other = key_of(engine, own, partner_of(engine, "Somebody Else"), *both)
    operator = partner_of(engine, "The Operator", PartnerKind.OPERATOR)
    reviewer = key_of(engine, own, operator, Scope.QUOTES_REVIEW)
    clock = {"now": NOW}
    app = create_app(own, clock=lambda: clock["now"])
    with TestClient(app) as client:
        yield Office(app, client, partner, other, reviewer, clock)
    engine.dispose()


# ---------------------------------------------------------------- review


def test_a_quote_waits_is_accepted_and_only_then_shown(office: Office) -> None:
    (pushed,) = office.push(WAITS)["quotes"]
    assert pushed["outcome"] == "quarantined"
    assert office.offered() == []
    assert office.client.get(f"/v1/quotes/{pushed['quote_id']}").status_code == 404
    (waiting,) = office.waiting()
    assert (waiting["quote_id"], waiting["external_id"]) == (pushed["quote_id"], "strange")
    assert waiting["findings"][0]["rule"] == "currency-not-of-corridor"
    decided = office.decide(waiting["quote_id"], ACCEPT)
    assert decided.status_code == 200, decided.text
    Decision.model_validate_json(decided.content)
    assert decided.json()["status"] == "accepted"
    assert office.offered() == [[pushed["quote_id"]]]
    assert office.client.get(decided.json()["url"]).status_code == 200
    assert office.waiting() == []
    (told,) = office.waiting("?status=accepted")
    assert told["decided_by"].startswith("key:")
    assert told["decision_reason"] == "their page says so"


def test_a_refused_quote_is_never_shown_and_its_partner_reads_why(office: Office) -> None:
    (pushed,) = office.push(WAITS)["quotes"]
    decided = office.decide(pushed["quote_id"], {"decision": "refuse", "reason": "no such service"}).json()
    assert (decided["status"], decided["dataset_version"], decided["url"]) == ("refused", None, None)
    (own,) = office.own()
    assert (own["status"], own["why"]) == ("rejected", "no such service")
    assert office.client.get(f"/v1/quotes/{pushed['quote_id']}").status_code == 404


def test_a_second_decision_is_a_conflict_and_an_unknown_quote_is_not_found(office: Office) -> None:
    (pushed,) = office.push(WAITS)["quotes"]
    assert office.decide(pushed["quote_id"], ACCEPT).status_code == 200
    again = office.decide(pushed["quote_id"], ACCEPT)
    assert (again.status_code, again.json()["type"].rpartition("/")[2]) == (409, "already-decided")
    for nobody in ("019aac70-6ec0-8f2a-a1b2-c3d4e5f60718", "nonsense", "%00"):
        assert office.decide(nobody, ACCEPT).status_code == 404, nobody


def test_the_same_decision_under_one_key_is_answered_alike_twice(office: Office) -> None:
    (pushed,) = office.push(WAITS)["quotes"]
    first, second = (office.decide(pushed["quote_id"], ACCEPT, under="one") for _ in range(2))
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert second.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize(
    "said",
    [
        {"decision": "accept"},
        {"decision": "perhaps", "reason": "why not"},
        {"decision": "accept", "reason": ""},
        {"decision": "accept", "reason": "two\nlines"},
        {"decision": "accept", "reason": "x" * 201},
        {"decision": "accept", "reason": "fine", "more": 1},
        [],
    ],
)
def test_a_decision_that_cannot_be_read_decides_nothing(office: Office, said: Any) -> None:  # noqa: ANN401 - JSON
    (pushed,) = office.push(WAITS)["quotes"]
    answer = office.decide(pushed["quote_id"], said)
    assert answer.status_code in {400, 422}, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert len(office.waiting()) == 1


def test_only_keys_that_review_may_look_and_decide(office: Office) -> None:
    (pushed,) = office.push(WAITS)["quotes"]
    assert office.client.get("/v1/quarantine").status_code == 401
    assert office.get("/v1/quarantine").status_code == 403
    assert office.decide(pushed["quote_id"], ACCEPT, office.other).status_code == 403
    assert len(office.waiting()) == 1


def test_what_waits_is_narrowed_and_read_page_by_page(office: Office) -> None:
    office.push(*({**WAITS, "external_id": f"strange-{nth}"} for nth in range(5)))
    office.push({**WAITS, "provider": "example-transfer"}, by=office.other)
    everything = office.waiting()
    assert len(everything) == 6
    assert len(office.waiting("?partner=somebody-else")) == 1
    assert office.waiting("?corridor=GBR-IND") == []
    pages: list[Any] = []
    path: str | None = "/v1/quarantine?page_size=2"
    while path is not None:
        answer = office.get(path, office.reviewer)
        pages += answer.json()["quotes"]
        token = answer.json()["next_page_token"]
        path = None if token is None else f"/v1/quarantine?page_size=2&page_token={token}"
    assert pages == everything


# ---------------------------------------------------------------- a partner's own quotes


def test_each_quote_has_a_status_since_when_why_and_where(office: Office) -> None:
    office.push(item(external_id="a"), WAITS, item(external_id="r", offered_rate=0))
    newer = item(external_id="a", offered_rate="77.2", observed_at="2026-11-24T10:00:00Z")
    (second,) = office.push(newer)["quotes"]
    told = {(one["external_id"], one["status"]): one for one in office.own()}
    assert list(told) == [("a", "superseded"), ("a", "shown"), ("r", "rejected"), ("strange", "quarantined")]
    old, shown, refused, waits = told.values()
    assert (old["superseded_by"], old["why"]) == (second["quote_id"], "a newer quote of the partner")
    assert shown["url"] == f"/v1/quotes/{second['quote_id']}"
    assert shown["shown_in"] == "/v1/corridors/GBR-PHL/comparison?basis=live"
    assert (old["flags"], shown["flags"]) == (["rate_unchecked"], []), "the second was compared with the first"
    assert refused["findings"][0]["pointer"] == "/offered_rate"
    assert (refused["quote_id"], refused["url"]) == (None, f"/v1/imports/{refused['import_id']}/refused")
    assert (waits["url"], waits["shown_in"]) == (None, None)
    assert waits["findings"][0]["verdict"] == "quarantine"
    for one in (old, shown):
        assert office.client.get(one["url"]).status_code == 200
    assert office.get(refused["url"]).status_code == 200


def test_a_quote_expires_at_its_end_or_when_it_is_seven_days_old(office: Office) -> None:
    office.push(item(external_id="ends"), item(external_id="stays", valid_until=...))
    office.clock["now"] = NOW + timedelta(hours=9)
    ends, stays = office.own()
    assert (ends["status"], ends["since"], ends["why"]) == (
        "expired",
        "2026-11-24T21:00:00Z",
        "it was valid until then",
    )
    assert stays["status"] == "shown"
    office.clock["now"] = NOW + timedelta(days=7)
    ends, stays = office.own("?status=expired")
    assert (stays["since"], stays["why"]) == ("2026-12-01T09:00:00Z", "it was observed more than 7 days ago")
    assert office.own("?status=shown") == []


def test_a_withdrawn_quote_says_so_stored_or_waiting(office: Office) -> None:
    office.push(item(external_id="a"), WAITS)
    gone = {"reason": "sent by mistake", "external_ids": ["a", "strange"]}
    answer = office.client.post("/v1/quotes/withdrawals", json=gone, headers=office.partner.headers)
    assert answer.status_code == 200, answer.text
    assert {(one["external_id"], one["status"], one["why"]) for one in office.own()} == {
        ("a", "withdrawn", "sent by mistake"),
        ("strange", "withdrawn", "sent by mistake"),
    }
    assert len(office.own("?status=withdrawn")) == 2


@pytest.mark.parametrize("status", ["shown", "quarantined", "superseded", "expired", "withdrawn", "rejected"])
def test_a_status_can_be_asked_for(office: Office, status: str) -> None:
    office.push(item(external_id="a"), WAITS, item(external_id="r", offered_rate=0))
    office.push(item(external_id="a", offered_rate="77.2", observed_at="2026-11-24T10:00:00Z"))
    everything = office.own()
    assert office.own(f"?status={status}") == [one for one in everything if one["status"] == status]


def test_an_import_and_an_external_id_can_be_asked_for(office: Office) -> None:
    first = office.push(item(external_id="a"), WAITS)
    office.push(item(external_id="b"))
    told = office.own(f"?import_id={first['import_id']}")
    assert [one["external_id"] for one in told] == ["a", "strange"]
    assert [one["external_id"] for one in office.own("?external_id=b")] == ["b"]
    assert office.own("?external_id=c") == []


def test_another_partner_sees_nothing_of_it(office: Office) -> None:
    first = office.push(item(external_id="a"), WAITS, item(external_id="r", offered_rate=0))
    assert office.own(by=office.other) == []
    answer = office.get(f"/v1/account/quotes?import_id={first['import_id']}", office.other)
    assert answer.status_code == 404


def test_pages_hold_everything_once(office: Office) -> None:
    office.push(*(item(external_id=f"a{nth}") for nth in range(3)), item(external_id="a1", offered_rate=0))
    office.push(item(external_id="a1", observed_at="2026-11-24T10:00:00Z"), {**WAITS, "external_id": "a1"})
    office.push({"external_id": "!"}, {"external_id": "?"})
    everything = office.own()
    assert len(everything) == 8
    for size in (1, 3):
        pages: list[Any] = []
        path: str | None = f"/v1/account/quotes?page_size={size}"
        while path is not None:
            answer = office.get(path).json()
            pages += answer["quotes"]
            token = answer["next_page_token"]
            path = None if token is None else f"/v1/account/quotes?page_size={size}&page_token={token}"
        assert pages == everything
