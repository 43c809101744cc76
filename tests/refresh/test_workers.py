"""Several ``refresh`` workers on one database: real processes, real adapters over real HTTP, simulated time."""

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, select

from app.db import reading, writing
from app.domain.schedules import RETRIES
from app.settings import TEST_PREFIX
from app.store import corridors, fetches, leases, live_quotes, rates
from app.store.fetches import Fetched
from tests.refresh import upstreams
from tests.refresh.replaying import Replay, Reply, replaying
from tests.refresh.shared_time import SharedTime, shared_time
from tests.refresh.upstreams import step

ROOT = Path(__file__).parents[2]
BEGIN = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
SLOT = timedelta(minutes=10)
KILLS = int(os.environ.get(f"{TEST_PREFIX}REFRESH_KILLS", "4"))
MINUTES = {"ecb": 5, "frankfurter": 10, "wise": 15}


@dataclass
class House:
    """A database, the upstreams, the time, and the workers that live in it; ``asked`` says at which time what was."""

    url: str
    folder: Path
    replay: Replay
    time: SharedTime
    engine: Engine
    sources: dict[str, int] = field(default_factory=lambda: dict(MINUTES))
    moved: dict[str, str] = field(default_factory=dict)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def threads(self) -> int:
        return len(self.sources) + 1

    def start(self) -> subprocess.Popen[bytes]:
        self.time.expected += self.threads
        base = self.replay.url
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "THREEPERCENT_DATABASE_URL": self.url,
            "THREEPERCENT_DATA_DIR": str(self.folder),
            "THREEPERCENT_FETCH_NETWORKS": '["127.0.0.0/8"]',
            "THREEPERCENT_SOURCE_URLS": json.dumps({key: f"{self.moved.get(key, base)}/{key}" for key in self.sources}),
        }
        given = [f"{key}={minutes}" for key, minutes in self.sources.items()]
        with (self.folder / f"worker-{len(self.workers)}.log").open("wb") as log:
            worker = subprocess.Popen(
                [sys.executable, "tests/refresh/simulated_worker.py", str(self.time.port), *given],
                cwd=ROOT,
                env=environment,
                stderr=log,
            )
        self.workers.append(worker)
        return worker

    def kill(self, worker: subprocess.Popen[bytes]) -> None:
        worker.kill()
        worker.wait()
        self.time.without(worker.pid, self.threads)

    def end(self) -> list[int]:
        """Ask every living worker to end and return their exit statuses."""
        living = [worker for worker in self.workers if worker.poll() is None]
        self.time.end()
        return [worker.wait(60) for worker in living]

    def calls(self) -> list[Fetched]:
        with reading(self.engine) as connection:
            return [
                call for key in self.sources for call in fetches.history(connection, key, BEGIN - timedelta(days=1))
            ]

    def logs(self) -> str:
        return "\n".join(path.read_text("utf-8") for path in sorted(self.folder.glob("worker-*.log")))


@pytest.fixture
def house(empty_engine: Engine, empty_database_url: str, tmp_path: Path) -> Iterator[House]:
    with replaying() as replay, shared_time(BEGIN) as time_:
        made = House(empty_database_url, tmp_path, replay, time_, empty_engine)
        upstreams.serve_ecb(replay, lambda: time_.now, MINUTES["ecb"])
        upstreams.serve_frankfurter(replay)
        upstreams.serve_wise(replay, lambda: time_.now, MINUTES["wise"])
        with writing(empty_engine) as connection:
            corridors.add(connection, ["GBR-PHL", "USA-MEX"])
        yield made
        for worker in made.workers:
            if worker.poll() is None:
                worker.kill()
                worker.wait()


def dues(minutes: int, until: datetime) -> list[datetime]:
    """Return every due instant from the newest at the beginning on."""
    first = BEGIN.replace(minute=BEGIN.minute // minutes * minutes, second=0)
    return [
        first + timedelta(minutes=minutes * number) for number in range(int((until - first).seconds / 60 / minutes) + 1)
    ]


def targets(source: str, *, is_first: bool) -> set[str]:
    """Return what each source is asked at a due instant."""
    if source == "ecb":
        return {"history", "daily"} if is_first else {"daily"}
    if source == "frankfurter":
        return {"providers", "bnm/MYR", "bnm/USD-MYR", "sarb/ZAR", "sarb/USD-ZAR"}
    return {f"{pair}/{tier}" for pair in ("GBR-PHL/GBP-PHP", "USA-MEX/USD-MXN") for tier in ("usd_200", "usd_500")}


def expected(sources: dict[str, int], until: datetime) -> Counter[tuple[str, str, datetime]]:
    return Counter(
        (source, target, due)
        for source, minutes in sources.items()
        for number, due in enumerate(dues(minutes, until))
        for target in targets(source, is_first=number == 0)
    )


def successes(calls: list[Fetched]) -> Counter[tuple[str, str, datetime]]:
    return Counter(
        (call.source, call.target, call.due_at)
        for call in calls
        if call.outcome != fetches.FAILED and call.due_at is not None
    )


def pounds(engine: Engine) -> list[str]:
    """Return every version of today's pound, the oldest first."""
    columns = rates.fixings.c
    query = (
        select(columns.value)
        .where(columns.quote == "GBP", columns.institution == "ecb", columns.day == date.fromisoformat(upstreams.DAY))
        .order_by(columns.dataset_version)
    )
    with reading(engine) as connection:
        return [f"{value:f}" for value in connection.execute(query).scalars()]


def said_at(until: datetime) -> list[str]:
    return [upstreams.pound(step(due, MINUTES["ecb"])).rstrip("0") for due in dues(MINUTES["ecb"], until)]


def test_two_workers_make_each_due_fetch_once_and_miss_none(house: House) -> None:
    house.start()
    house.start()
    until = BEGIN + HOUR
    house.time.run_until(until)
    assert house.end() == [0, 0]
    calls = house.calls()
    assert [call for call in calls if call.outcome == fetches.FAILED] == []
    assert successes(calls) == expected(house.sources, until)
    assert len(house.replay.asked) == len(calls)  # what the upstreams count is what was recorded: no call besides
    assert pounds(house.engine) == said_at(until)
    logs = house.logs()
    assert "refresh_caught_up" not in logs
    assert "Traceback" not in logs
    with reading(house.engine) as connection:
        assert set(connection.execute(select(leases.leases.c.owner)).scalars()) == {leases.NOBODY}


@pytest.mark.slow
def test_workers_that_are_killed_lose_nothing_and_double_nothing(house: House) -> None:
    """One of two is killed in every ten minutes, at a random call, and the other goes on alone when its lease ends.

    A lease lasts about three minutes here, so that every due instant is still served before the next.
    """
    chance = random.Random(20261124)
    house.sources = {"ecb": 10, "frankfurter": 10, "wise": 15}
    upstreams.serve_ecb(house.replay, lambda: house.time.now, 10)
    begin = BEGIN + timedelta(minutes=9)
    until = begin + KILLS * SLOT
    wanted = expected(house.sources, until)
    house.start()
    house.start()
    for slot in (begin + number * SLOT for number in range(KILLS)):
        house.time.run_until(slot)
        calls = sum(count for (_, _, at), count in wanted.items() if slot < at <= slot + SLOT)
        given = (house, chance.randint(1, calls), chance.uniform(0, 0.08), chance)
        killer = threading.Thread(target=kill_one, args=given)
        killer.start()
        house.time.run_until(slot + SLOT)
        killer.join()
        house.start()
    assert house.end() == [0, 0]
    made = house.calls()
    assert [call for call in made if call.outcome == fetches.FAILED] == []
    assert successes(made) == wanted
    assert pounds(house.engine) == [upstreams.pound(step(due, 10)).rstrip("0") for due in dues(10, until)]
    asked_again = len(house.replay.asked) - len(made)
    assert 0 <= asked_again <= KILLS * len(house.sources)  # what was under way when a worker was killed, and no more
    assert "Traceback" not in house.logs()


def kill_one(house: House, number: int, seconds: float, chance: random.Random) -> None:
    """Kill one of the living so many real seconds after so many more calls have arrived."""
    target = len(house.replay.asked) + number
    with house.replay.has_asked:
        house.replay.has_asked.wait_for(lambda: len(house.replay.asked) >= target, 20)
    time.sleep(seconds)
    house.kill(chance.choice([worker for worker in house.workers if worker.poll() is None]))


def current(connection: Connection) -> set[tuple[str, str]]:
    """Return which live quotes are current, by service and id."""
    columns = live_quotes.live_quotes.c
    rows = connection.execute(select(columns.source_key, columns.tier, columns.quote_id))
    return {(f"{key} {tier}", str(id_)) for key, tier, id_ in rows}


@pytest.mark.parametrize("bad", [Reply(status=500), Reply(b"<html>Sorry</html>", media_type="text/html")])
def test_a_source_that_fails_touches_no_other_and_loses_nothing_of_its_own(house: House, bad: Reply) -> None:
    with replaying() as other:
        upstreams.serve_wise(other, lambda: house.time.now, MINUTES["wise"])
        house.moved["wise"] = other.url
        house.start()
        house.time.run_until(BEGIN + timedelta(minutes=14))
        with reading(house.engine) as connection:
            before = current(connection)
        assert len(before) == 8
        other.answers = {"/wise": bad, "/wise/": bad}
        house.time.run_until(BEGIN + HOUR)
        assert house.end() == [0]
    calls = house.calls()
    well = {key: minutes for key, minutes in MINUTES.items() if key != "wise"}
    assert successes([call for call in calls if call.source != "wise"]) == expected(well, BEGIN + HOUR)
    failures = Counter((call.target, call.due_at) for call in calls if call.outcome == fetches.FAILED)
    assert {call.source for call in calls if call.outcome == fetches.FAILED} == {"wise"}
    assert 0 < max(failures.values()) <= 1 + len(RETRIES)
    with reading(house.engine) as connection:
        assert current(connection) == before
        assert fetches.states(connection)["wise"].served_until is not None


def test_what_was_missed_while_nobody_worked_is_caught_up_by_one_fetch(house: House) -> None:
    house.start()
    house.time.run_until(BEGIN + timedelta(minutes=12))
    house.kill(house.workers[0])
    house.time.jump(timedelta(hours=5))
    before = len(house.calls())
    house.start()
    house.time.run_until(house.time.now + timedelta(minutes=2))
    assert house.end() == [0]
    new = house.calls()[:]
    late = [call for call in new if call.due_at is not None and call.due_at > BEGIN + timedelta(minutes=12)]
    assert len(new) - before == len(late)
    assert Counter(call.source for call in late) == {"ecb": 1, "frankfurter": 5, "wise": 4}
    assert house.logs().count("refresh_caught_up") == 3


def test_a_paused_source_is_not_asked_until_it_is_resumed(house: House) -> None:
    house.start()
    house.time.run_until(BEGIN + timedelta(minutes=2))
    with writing(house.engine) as connection:
        fetches.pause(connection, "ecb", "their wish", house.time.now)
    asked = len(house.replay.asked)
    house.time.run_until(BEGIN + timedelta(minutes=8))
    assert len(house.replay.asked) == asked
    with writing(house.engine) as connection:
        fetches.resume(connection, "ecb")
    house.time.run_until(BEGIN + timedelta(minutes=9))
    assert house.end() == [0]
    assert house.replay.paths[asked:] == ["eurofxref-daily.xml"]


@pytest.mark.parametrize("by", [timedelta(days=1), timedelta(minutes=40), timedelta(seconds=40)])
def test_a_clock_that_jumps_forward_and_back_neither_floods_nor_starves(house: House, by: timedelta) -> None:
    house.sources = {"ecb": 5}
    house.start()
    house.start()
    house.time.run_until(BEGIN + timedelta(minutes=9))
    house.time.jump(by)
    house.time.run_until(house.time.now + timedelta(minutes=1))
    house.time.jump(-by)
    before = len(house.replay.asked)
    assert before <= 3 + 2  # the history, 12:00, 12:05, and what the jump made due
    house.time.run_until(BEGIN + timedelta(minutes=56))
    assert house.end() == [0, 0]
    after = house.replay.asked[before:]
    assert 9 <= len(after) <= 11  # 12:15 to 12:55, and at most two to find its feet again
    told = successes(house.calls())
    assert {due for _, _, due in told} >= set(dues(5, BEGIN + timedelta(minutes=56))[3:])
    assert max(told.values()) == 1
