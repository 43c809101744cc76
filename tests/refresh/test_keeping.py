"""One source and one worker, step by step: what is retried, what is given up, and what a worker may not do any more."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection, Engine

from app.db import DatabaseFailed, open_engine, reading, transact, writing
from app.domain.fetch_errors import LeftAlone, UnexpectedStatus
from app.domain.schedules import RETRIES
from app.fetch import Received, Request
from app.observability import Metrics
from app.refresh import Errand, Outcome, Surroundings, Worker, run
from app.refresh.keeping import AWAY_SECONDS, LOOK_SECONDS, Keeper
from app.refresh.worker import KEPT
from app.settings import Settings
from app.sources import ecb
from app.sources.source import Ask, Known, Schedule, Source, sources
from app.store import fetches, imports, leases, rates
from app.store.fetches import Fetched
from tests.refresh.replaying import ecb_daily

NOON = datetime(2026, 11, 23, 12, 0, 5, tzinfo=UTC)
DUE = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
GOOD = ecb_daily(("2026-11-20", {"GBP": "0.8726", "USD": "1.1520"}))
BASE = "https://www.ecb.europa.eu/"


def hourly(minutes: int = 60) -> Source:
    source = sources()["ecb"]
    assert source.fetching is not None
    fetching = msgspec.structs.replace(source.fetching, schedule=Schedule(every_minutes=minutes))
    return msgspec.structs.replace(source, fetching=fetching)


@dataclass
class House:
    """A source of two targets, ``a`` and ``b``; ``get`` answers well unless a test says otherwise."""

    engine: Engine
    folder: Path
    now: datetime = NOON
    metrics: Metrics = field(default_factory=Metrics)
    asked: list[str] = field(default_factory=list)
    bad: dict[str, Callable[[], Received]] = field(default_factory=dict)

    def get(self, request: Request) -> Received:
        target = request.url.rpartition("/")[2]
        self.asked.append(target)
        return self.bad.get(target, good)()

    def keeper(self, owner: str = "one", minutes: int = 60) -> Keeper:
        world = Surroundings(
            engine=self.engine,
            data_dir=self.folder,
            get=self.get,
            clock=lambda: self.now,
            wait=lambda _: False,
        )
        return Keeper(world, hourly(minutes), owner=owner, metrics=self.metrics)

    def calls(self) -> list[Fetched]:
        with reading(self.engine) as connection:
            return fetches.history(connection, "ecb", NOON - timedelta(days=1))

    def served_until(self) -> datetime | None:
        with reading(self.engine) as connection:
            state = fetches.states(connection).get("ecb")
        return None if state is None else state.served_until

    def metric(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"threepercent_{name}", {"source": "ecb", **labels})


def good(body: bytes = GOOD) -> Received:
    return Received(
        status=200,
        body=body,
        media_type="text/xml",
        charset=None,
        etag=None,
        last_modified=None,
        url=BASE,
        attempts=1,
        seconds=0.1,
        received_bytes=len(body),
    )


def down() -> Received:
    raise UnexpectedStatus(host="www.ecb.europa.eu", status=503)


@pytest.fixture
def two_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ecb, "asks", lambda _source, _known: [Ask("a", f"{BASE}a"), Ask("b", f"{BASE}b")])


@pytest.fixture
def house(sqlite_url: str, tmp_path: Path, two_asks: None) -> Iterator[House]:  # noqa: ARG001 - what is asked
    engine = open_engine(sqlite_url)
    yield House(engine, tmp_path)
    engine.dispose()


@pytest.fixture
def house_on_both(empty_engine: Engine, tmp_path: Path, two_asks: None) -> House:  # noqa: ARG001 - what is asked
    return House(empty_engine, tmp_path)


def test_a_due_instant_is_served_once_and_the_next_look_comes_soon(house: House) -> None:
    keeper = house.keeper()
    assert keeper.turn() == 0
    assert keeper.turn() == LOOK_SECONDS
    assert house.asked == ["a", "b"]
    assert [call.due_at for call in house.calls()] == [DUE, DUE]
    assert house.served_until() == DUE
    house.now = datetime(2026, 11, 23, 12, 59, 50, tzinfo=UTC)
    assert keeper.turn() == 10  # the next is due then
    assert house.metric("fetches_total", outcome="stored") == 2
    assert house.metric("fetch_last_success_timestamp_seconds") == NOON.timestamp()
    assert house.metric("lease_held") == 0


def test_what_failed_is_retried_ever_later_and_then_given_up_until_the_next_due_instant(house: House) -> None:
    keeper = house.keeper()
    house.bad["a"] = down
    keeper.turn()
    for wait in RETRIES:
        assert house.served_until() is None
        house.asked.clear()
        house.now += wait - timedelta(seconds=1)
        keeper.turn()
        assert house.asked == []
        house.now += timedelta(seconds=1)
        keeper.turn()
        assert house.asked == ["a"]  # b is done
    assert house.served_until() == DUE
    assert sum(call.outcome == "failed" for call in house.calls()) == 1 + len(RETRIES)
    house.now = datetime(2026, 11, 23, 13, 0, 1, tzinfo=UTC)
    house.bad.clear()
    keeper.turn()
    assert house.asked[-2:] == ["a", "b"]
    assert house.served_until() == datetime(2026, 11, 23, 13, 0, tzinfo=UTC)


def test_another_worker_keeps_to_the_same_retries(house: House) -> None:
    house.bad["a"] = down
    house.keeper("one").turn()
    house.asked.clear()
    other = house.keeper("two")
    other.turn()
    assert house.asked == []
    house.now += RETRIES[0]
    other.turn()
    assert house.asked == ["a"]


def test_the_next_due_instant_does_not_wait_for_retries_of_the_last(house: House) -> None:
    keeper = house.keeper(minutes=1)
    house.bad["a"] = down
    keeper.turn()
    house.now += timedelta(seconds=56)
    house.bad.clear()
    keeper.turn()
    assert house.asked == ["a", "b", "a", "b"]
    assert house.served_until() == DUE + timedelta(minutes=1)


def test_a_worker_that_lost_its_lease_stores_nothing(house_on_both: House) -> None:
    house = house_on_both

    def slow() -> Received:
        house.now += timedelta(hours=12)
        with writing(house.engine) as connection:
            assert leases.acquire(connection, "refresh ecb", "another", house.now, 60) is not None
        return good()

    keeper = house.keeper()
    house.bad["a"] = slow
    assert keeper.turn() == LOOK_SECONDS
    assert house.calls() == []
    assert house.served_until() is None
    assert house.asked == ["a"]
    assert house.metric("leases_lost_total") == 1
    with reading(house.engine) as connection:
        assert imports.count(connection) == 0
        assert rates.recent(connection, date(2026, 1, 1)) == []
        lease = connection.execute(leases.leases.select()).one()
    assert (lease.owner, lease.counter) == ("another", 2)


def test_a_worker_that_lost_its_lease_at_the_very_end_does_not_say_that_it_served(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(world: Surroundings, errand: Errand) -> Iterator[Outcome]:
        yield from run(world, errand)
        house.now += timedelta(hours=12)
        with writing(house.engine) as connection:
            leases.acquire(connection, "refresh ecb", "another", house.now, 60)

    monkeypatch.setattr("app.refresh.keeping.run", overtaken)
    assert house.keeper().turn() == LOOK_SECONDS
    assert len(house.calls()) == 2
    assert house.served_until() is None


def test_nobody_is_asked_while_another_worker_is_at_it(house: House) -> None:
    with writing(house.engine) as connection:
        leases.acquire(connection, "refresh ecb", "another", house.now, 60)
    assert house.keeper().turn() == LOOK_SECONDS
    assert house.asked == []


def test_what_another_worker_served_meanwhile_is_not_served_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(engine: Engine, work: Callable[[Connection], object]) -> object:
        monkeypatch.setattr("app.refresh.keeping.transact", transact)
        house.keeper("two").turn()
        return transact(engine, work)

    monkeypatch.setattr("app.refresh.keeping.transact", overtaken)  # between the look at the state and the lease
    assert house.keeper("one").turn() == LOOK_SECONDS
    assert house.asked == ["a", "b"]
    with reading(house.engine) as connection:
        assert connection.execute(leases.leases.select()).one().owner == leases.NOBODY


def test_what_was_recorded_under_a_clock_that_was_ahead_stands_for_no_due_instant_to_come(house: House) -> None:
    house.now = NOON + timedelta(hours=5)
    house.keeper().turn()
    house.now = NOON
    for hours in range(6):
        house.now = NOON + timedelta(hours=hours)
        house.keeper().turn()
    assert house.asked == ["a", "b"] * 7
    assert house.served_until() == DUE + timedelta(hours=5)


def test_a_host_that_is_left_alone_is_not_held_against_the_source_and_asked_when_it_may_be(house: House) -> None:
    may = NOON + timedelta(minutes=50)

    def left_alone() -> Received:
        raise LeftAlone(host="www.ecb.europa.eu", problem="failed", retry_at=may)

    keeper = house.keeper()
    house.bad["a"] = left_alone
    keeper.turn()
    assert [call.target for call in house.calls()] == ["b"]
    assert house.served_until() is None
    house.asked.clear()
    house.bad.clear()
    house.now = may - timedelta(seconds=1)
    assert keeper.turn() == 1
    assert house.asked == []
    house.now = may
    keeper.turn()
    assert house.asked == ["a"]
    assert house.served_until() == DUE


def test_a_target_that_was_given_up_is_not_asked_for_the_sake_of_another(house: House) -> None:
    def left_alone() -> Received:
        raise LeftAlone(host="www.ecb.europa.eu", problem="failed", retry_at=house.now + RETRIES[0])

    keeper = house.keeper()
    house.bad = {"a": down, "b": left_alone}
    while sum(call.outcome == "failed" for call in house.calls()) <= len(RETRIES):
        keeper.turn()
        house.now += RETRIES[0]
    house.asked.clear()
    house.bad.clear()
    keeper.turn()
    assert house.asked == ["b"]
    assert house.served_until() == DUE


def test_an_adapter_that_cannot_say_what_to_ask_is_asked_again_later_and_ends_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_source: Source, _known: Known) -> list[Ask]:
        raise ZeroDivisionError

    monkeypatch.setattr(ecb, "asks", broken)
    keeper = house.keeper()
    waits = [keeper.turn() for _ in range(len(RETRIES) + 1)]
    assert waits == [*(wait.total_seconds() for wait in RETRIES), RETRIES[-1].total_seconds()]
    assert keeper.has_failed
    assert house.served_until() is None
    assert house.metrics.registry.get_sample_value("threepercent_unexpected_errors_total") == len(RETRIES) + 1
    with reading(house.engine) as connection:
        assert connection.execute(leases.leases.select()).one().owner == leases.NOBODY


def test_a_source_with_nothing_to_ask_waits_and_its_due_instant_stays_open(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ecb, "asks", lambda _source, _known: [])
    keeper = house.keeper()
    keeper.turn()
    house.now += RETRIES[0] - timedelta(seconds=1)
    assert keeper.turn() == 1
    assert house.served_until() is None
    assert not keeper.has_failed


def test_a_database_that_fails_is_tried_again_soon(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_given: object) -> None:
        raise DatabaseFailed("the disk is full")

    keeper = house.keeper()
    with monkeypatch.context() as patch:
        patch.setattr(fetches, "record", failing)
        assert keeper.turn() == AWAY_SECONDS
    assert house.calls() == []
    keeper.turn()
    assert house.served_until() == DUE


def test_real_figures_are_not_even_asked_for_where_the_database_holds_invented_ones(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "is_synthetic", lambda _connection: True)
    keeper = house.keeper()
    assert keeper.turn() == RETRIES[0].total_seconds()
    assert house.asked == []


def test_failures_recorded_under_a_clock_that_was_ahead_keep_nobody_waiting(house: House) -> None:
    house.bad["a"] = down
    house.now = NOON + timedelta(minutes=45)
    house.keeper("one").turn()
    house.now = NOON
    house.asked.clear()
    house.keeper("two").turn()
    assert "a" in house.asked


def test_old_records_of_calls_are_forgotten_once_a_day_and_the_newest_kept(house: House) -> None:
    for _ in range(3):
        house.keeper().turn()
        house.now += timedelta(hours=1)
    assert len(house.calls()) == 6
    house.now += KEPT
    settings = Settings(data_dir=house.folder)
    worker = Worker(settings, house.engine, {}, clock=lambda: house.now, metrics=house.metrics)
    assert worker.once()
    with reading(house.engine) as connection:
        left = fetches.history(connection, "ecb", NOON - timedelta(days=1))
        assert {target for _, target in fetches.newest(connection)} == {"a", "b"}
    assert len(left) == 4  # the newest that stored something, and the newest that found it unchanged
