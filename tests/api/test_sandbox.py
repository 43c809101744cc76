"""A test key reads its partner's sandbox, at the time that it names; nobody else sees any of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.db import open_engine
from app.domain.partners import KeyKind, Scope
from app.main import create_app
from app.settings import Settings
from tests.api.keyed import Keyed, key_of, partner_of

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
COMPARISON = "/v1/corridors/GBR-PHL/comparison"
CLOCK = "X-ThreePercent-Clock"
SAMPLES = Path(__file__).parents[2] / "docs" / "partners" / "requests"


@dataclass
class Rehearsal:
    client: TestClient
    test: Keyed
    other: Keyed
    live: Keyed
    private: Keyed
    publishable: Keyed


@pytest.fixture(scope="module")
def rehearsal(settings: Settings) -> Iterator[Rehearsal]:
    """An installation without any data, and five keys of two partners."""
    engine = open_engine(settings.database_url)
    one, two = partner_of(engine), partner_of(engine, "Other Transfer", providers=["other-transfer"])
    test = key_of(engine, settings, one, Scope.QUOTES_WRITE, kind=KeyKind.TEST)
    other = key_of(engine, settings, two, Scope.QUOTES_WRITE, kind=KeyKind.TEST)
    live = key_of(engine, settings, one, Scope.QUOTES_WRITE)
    private = key_of(engine, settings, two, Scope.PRIVATE_READ)
    publishable = key_of(engine, settings, one, kind=KeyKind.PUBLISHABLE)
    engine.dispose()
    with TestClient(create_app(settings, clock=lambda: NOW)) as client:
        yield Rehearsal(client, test, other, live, private, publishable)


def test_a_test_key_reads_the_demonstration_data_of_the_day(rehearsal: Rehearsal) -> None:
    answer = rehearsal.client.get(COMPARISON, headers=rehearsal.test.headers)
    assert answer.status_code == 200
    compared = answer.json()
    assert compared["basis"] == "live"
    assert compared["summary"]["offers"] > 5
    assert {notice["code"] for notice in compared["notices"]} >= {"synthetic_data"}
    assert compared["mid_market_rate"] is not None


def test_what_a_test_key_reads_is_kept_by_nobody(rehearsal: Rehearsal) -> None:
    for path in (COMPARISON, "/v1/corridors", "/v1/providers.csv"):
        assert (
            rehearsal.client.get(path, headers=rehearsal.test.headers).headers["cache-control"] == "private, no-store"
        )


def test_the_version_that_a_test_key_is_told_is_its_sandboxs(rehearsal: Rehearsal) -> None:
    answer = rehearsal.client.get(COMPARISON, headers=rehearsal.test.headers)
    assert answer.headers["x-threepercent-version"].split("; ")[1] == str(answer.json()["dataset_version"]) != "0"
    assert rehearsal.client.get("/v1/corridors").headers["x-threepercent-version"].split("; ")[1] == "0"


@pytest.mark.parametrize("who", ["live", "publishable", None])
def test_nobody_but_a_test_key_reads_a_sandbox(rehearsal: Rehearsal, who: str | None) -> None:
    headers = {} if who is None else getattr(rehearsal, who).headers
    answer = rehearsal.client.get(COMPARISON, headers=headers)
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/no-data-yet"


def test_the_clock_moves_prices_of_today_into_the_past(rehearsal: Rehearsal) -> None:
    fresh = rehearsal.client.get(COMPARISON, headers=rehearsal.test.headers).json()
    headers = {**rehearsal.test.headers, CLOCK: "2026-12-24T09:00:00Z"}
    later = rehearsal.client.get(f"{COMPARISON}?basis=live", headers=headers).json()
    assert fresh["offers"]
    assert later["offers"] == []
    assert later["excluded"]["counts"].keys() >= {"stale"}
    assert fresh["evaluated_at"] < "2026-11-25" < later["evaluated_at"] < "2026-12-25"


@pytest.mark.parametrize("at", ["2026-11-24T09:30:00+00:30", "2025-11-24T09:00:00Z", "2027-11-24T09:00:00.5z"])
def test_the_clock_goes_a_year_back_or_ahead_in_any_zone(rehearsal: Rehearsal, at: str) -> None:
    answer = rehearsal.client.get("/v1/corridors", headers={**rehearsal.test.headers, CLOCK: at})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "at",
    [
        *(
            "",
            "now",
            "2026-11-24",
            "2026-11-24T09:00:00",
            "2026-13-24T09:00:00Z",
            "1793000000",
            "\uff12026-11-24T09:00:00Z",
        ),
        *("2026-11-24T09:00:00Z, 2026-11-24T09:00:00Z", "0001-01-01T00:00:00+23:59", "2024-11-24T09:00:00Z"),
        *("9999-12-31T23:59:59-23:59", "2028-11-24T09:00:00Z", "2026-11-24T09:00:00+99:99"),
    ],
)
def test_a_clock_that_cannot_be_is_refused(rehearsal: Rehearsal, at: str) -> None:
    headers = {**{k.encode(): v.encode() for k, v in rehearsal.test.headers.items()}, CLOCK.encode(): at.encode()}
    answer = rehearsal.client.get("/v1/corridors", headers=headers)
    assert answer.status_code == 422
    (item,) = answer.json()["errors"]
    assert (item["pointer"], item["code"]) == (f"/headers/{CLOCK}", "invalid-clock")
    assert not at or at not in answer.text


@pytest.mark.parametrize("who", ["live", "publishable", None])
def test_the_clock_of_everybody_else_is_the_servers(rehearsal: Rehearsal, who: str | None) -> None:
    headers = {} if who is None else getattr(rehearsal, who).headers
    answer = rehearsal.client.get("/v1/providers", headers={**headers, CLOCK: "2026-11-24T09:00:00Z"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "clock-not-yours"


def push(rehearsal: Rehearsal, keyed: Keyed, provider: str, clock: str = "2026-11-24T08:40:00Z") -> str:
    body = (SAMPLES / "accepted-percent.json").read_text("utf-8").replace("example-transfer", provider)
    headers = {**keyed.headers, "Idempotency-Key": f"{provider}-{clock}", "Content-Type": "application/json"}
    answer = rehearsal.client.post("/v1/quotes", content=body, headers={**headers, CLOCK: clock})
    assert answer.status_code in {200, 201}, answer.text
    found: str = answer.json()["quotes"][0]["quote_id"]
    return found


def quote_ids(rehearsal: Rehearsal, path: str, headers: dict[str, str]) -> set[str]:
    answer = rehearsal.client.get(path, headers=headers)
    return {quote for offer in answer.json().get("offers", ()) for quote in offer["quote_ids"]}


def test_what_a_test_key_pushes_is_read_by_its_partners_test_keys_alone(rehearsal: Rehearsal) -> None:
    quote_id = push(rehearsal, rehearsal.test, "example-transfer")
    assert quote_id in quote_ids(rehearsal, COMPARISON, rehearsal.test.headers)
    assert rehearsal.client.get(f"/v1/quotes/{quote_id}", headers=rehearsal.test.headers).status_code == 200
    for headers in (rehearsal.other.headers, rehearsal.live.headers, rehearsal.private.headers, {}):
        assert quote_id not in quote_ids(rehearsal, COMPARISON, headers)
        assert rehearsal.client.get(f"/v1/quotes/{quote_id}", headers=headers).status_code == 404


def test_no_answer_of_the_past_comes_from_anothers_sandbox(rehearsal: Rehearsal) -> None:
    """Boards of the past are kept in memory, and two sandboxes have the same versions."""
    mine = push(rehearsal, rehearsal.test, "example-transfer")
    theirs = push(rehearsal, rehearsal.other, "other-transfer")
    path = f"{COMPARISON}?as_of=2026-11-24T08:59:00Z"
    for keyed, seen, unseen in ((rehearsal.test, mine, theirs), (rehearsal.other, theirs, mine)):
        found = quote_ids(rehearsal, path, keyed.headers)
        assert seen in found
        assert unseen not in found
    for headers in (rehearsal.private.headers, {}):
        assert not quote_ids(rehearsal, path, headers) & {mine, theirs}


def test_a_quote_expires_when_the_clock_says_so(rehearsal: Rehearsal) -> None:
    quote_id = push(rehearsal, rehearsal.test, "example-transfer")
    for clock, is_shown in (("2026-11-25T07:59:59Z", True), ("2026-11-25T08:00:00Z", False)):
        headers = {**rehearsal.test.headers, CLOCK: clock}
        assert (quote_id in quote_ids(rehearsal, f"{COMPARISON}?basis=live", headers)) is is_shown


def test_sandboxes_lie_beside_the_database_and_hold_no_key(rehearsal: Rehearsal, settings: Settings) -> None:
    for keyed in (rehearsal.test, rehearsal.other):
        rehearsal.client.get("/v1/corridors", headers=keyed.headers)
    files = sorted((settings.data_dir / "sandbox" / "2026-11-24").glob("*.db"))
    assert [file.name for file in files] == [".demonstration.db", "example-transfer.db", "other-transfer.db"]
    secrets = [each.key.split("_")[2].encode() for each in (rehearsal.test, rehearsal.other)]
    assert not any(secret in _bytes(file) for file in files for secret in secrets)


def _bytes(file: Path) -> bytes:
    log = file.with_name(f"{file.name}-wal")
    return file.read_bytes() + (log.read_bytes() if log.exists() else b"")
