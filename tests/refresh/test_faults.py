"""Whatever goes wrong with a source's server, its call is recorded as failed in time, and what came before is served.

Each fault of ``tests/fetch/fault_server.py`` is met by the real adapters through an errand. In the suite each fault is
met by one of them; with ``THREEPERCENT_TEST_FAULTS=all`` by every one, on both databases.
"""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from app.db import reading, writing
from app.domain.breakers import Breaker
from app.fetch import Fetcher
from app.main import create_app, refresh
from app.refresh import Errand, Outcome, StoredBreakers, Surroundings, run
from app.settings import Settings
from app.sources.source import Source, sources
from app.store import corridors, fetches
from tests.fetch.fault_server import FaultServer
from tests.fetch.faults import FAULTS, POLICY
from tests.refresh import upstreams
from tests.refresh.replaying import Replay, Reply, replaying

KEYS = ("ecb", "frankfurter", "wise")
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(hours=2)
DEADLINE = 0.5
LONGEST = 5.0
"""What a call may take on a busy machine; one that ignores its deadline hangs for the 20 seconds that a step may."""

GOOD = ("SELECT * FROM fixings", "SELECT * FROM institutions", "SELECT * FROM live_quotes", "SELECT id FROM quotes")


@dataclass
class House:
    """A database in which every source was fetched well at noon, and an app that serves it."""

    url: str
    engine: Engine
    folder: Path
    replay: Replay
    now: datetime = NOON

    def fetch(self, key: str, url: str, breakers: dict[str, Breaker] | StoredBreakers) -> list[Outcome]:
        """Ask a source at an address; no attempt waits for the next."""
        fetcher = Fetcher(POLICY, breakers, clock=lambda: self.now, random=lambda: 0.0)
        world = Surroundings(
            engine=self.engine, data_dir=self.folder, get=fetcher.get, clock=lambda: self.now, wait=lambda _: False
        )
        return list(run(world, Errand(source=moved(sources()[key], url))))

    def breaker(self) -> Breaker:
        """Return the breaker of the one host that was asked."""
        with reading(self.engine) as connection:
            (breaker,) = fetches.breakers(connection).values()
        return breaker

    def good(self) -> list[list[tuple[Any, ...]]]:
        """Return all that was fetched, as it is stored."""
        with reading(self.engine) as connection:
            return [sorted((tuple(row) for row in connection.execute(text(query))), key=repr) for query in GOOD]

    def rates(self, client: TestClient) -> dict[str, str]:
        rows = client.get("/v1/rates?base=EUR").json()["rates"]
        return {row["quote"]: row["day"] for row in rows if row["rate"] is not None}

    def row(self, client: TestClient, key: str) -> dict[str, Any]:
        answer: dict[str, Any] = client.get(f"/v1/sources/{key}").json()["source"]
        return answer


def moved(source: Source, url: str) -> Source:
    assert source.fetching is not None
    fetching = msgspec.structs.replace(
        source.fetching,
        url=url,
        hosts=("127.0.0.1",),
        pause_seconds=0,
        deadline_seconds=DEADLINE,
        max_bytes=2**20,
        max_unpacked_bytes=4 * 2**20,
    )
    return msgspec.structs.replace(source, fetching=fetching)


@pytest.fixture
def house(empty_engine: Engine, empty_database_url: str, tmp_path: Path) -> Iterator[House]:
    with replaying() as replay:
        made = House(empty_database_url, empty_engine, tmp_path, replay)
        upstreams.serve_ecb(replay, lambda: NOON, 60)
        upstreams.serve_frankfurter(replay)
        upstreams.serve_wise(replay, lambda: NOON, 60)
        with writing(empty_engine) as connection:
            corridors.add(connection, ["GBR-PHL"])
        for key in KEYS:
            brought = made.fetch(key, f"{replay.url}/{key}", {})
            assert {outcome.fetched.outcome for outcome in brought} == {"stored"}, brought
        made.now = LATER
        yield made


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    settings = Settings(data_dir=house.folder, database_url=house.url, public_sources=("wise",))
    with TestClient(create_app(settings, clock=lambda: house.now)) as opened:
        yield opened


def chosen(key: str, house: House) -> list[str]:
    """Return the faults that a source meets: each is met by one of them on one database, unless all are wanted."""
    if os.environ.get("THREEPERCENT_TEST_FAULTS") == "all":
        return list(FAULTS)
    number = KEYS.index(key) + len(KEYS) * (house.engine.dialect.name != "sqlite")
    return list(FAULTS)[number :: 2 * len(KEYS)]


@pytest.mark.parametrize("key", KEYS)
def test_every_fault_is_recorded_in_time_and_replaces_nothing(house: House, client: TestClient, key: str) -> None:
    before, shown = house.good(), house.rates(client)
    assert {"PHP", "USD", "MYR"} <= shown.keys()

    def meet(name: str) -> tuple[str, list[Outcome], float]:
        with FaultServer(playing=name) as server:
            started = time.monotonic()
            outcomes = house.fetch(key, f"http://127.0.0.1:{server.port}/", {})
            return name, outcomes, (time.monotonic() - started) / max(1, len(outcomes))

    names = chosen(key, house)
    light = [name for name in names if not FAULTS[name].is_heavy]
    with ThreadPoolExecutor(max_workers=4) as threads:
        met = list(threads.map(meet, light))
    met += [meet(name) for name in names if FAULTS[name].is_heavy]
    for name, outcomes, seconds in met:
        assert outcomes, name
        assert all(outcome.is_failure for outcome in outcomes), name
        assert outcomes[0].is_recorded, name
        assert seconds < LONGEST, name
    assert house.good() == before

    refresh(client.app.state.served)  # type: ignore[attr-defined]
    assert house.rates(client) == shown
    row = house.row(client, key)
    assert row["state"] == "failing"
    assert row["last_success_at"] == "2026-11-23T12:00:00Z"  # which is how old the figures are
    assert row["last_failure_at"] == "2026-11-23T14:00:00Z"
    recorded = {outcome.fetched.failure_code for _, outcomes, _ in met for outcome in outcomes if outcome.is_recorded}
    assert row["last_failure_code"] in recorded
    assert "unexpected-error" not in recorded


@pytest.mark.parametrize("key", KEYS)
def test_a_breaker_opens_while_a_server_is_away_and_closes_when_it_is_back(
    house: House, client: TestClient, key: str
) -> None:
    before, shown = house.good(), house.rates(client)
    url, answers = f"{house.replay.url}/{key}", dict(house.replay.answers)
    breakers = StoredBreakers(house.engine, lambda: house.now)
    house.replay.answers = dict.fromkeys(answers, Reply(status=503))
    while len(breakers) == 0 or house.breaker().open_until is None:
        outcomes = house.fetch(key, url, breakers)
        assert all(outcome.is_failure for outcome in outcomes)
    asked = len(house.replay.asked)
    left_alone = house.fetch(key, url, breakers)
    assert [outcome.is_recorded for outcome in left_alone] == [False] * len(left_alone)
    assert {outcome.retry_at for outcome in left_alone} == {LATER + timedelta(minutes=1)}
    assert len(house.replay.asked) == asked
    assert house.good() == before
    assert house.rates(client) == shown
    assert house.row(client, key)["state"] == "failing"

    house.replay.answers = answers
    house.now += timedelta(minutes=2)
    well = house.fetch(key, url, breakers)
    assert not any(outcome.is_failure for outcome in well)
    assert house.breaker() == Breaker()
    row = house.row(client, key)
    assert (row["state"], row["last_success_at"]) == ("ok", "2026-11-23T14:02:00Z")
