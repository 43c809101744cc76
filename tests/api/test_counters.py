"""Counting what was used: exactly, in windows of the clock, in one process and through Redis, be that away or not."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from app.api.counters import AWAY_SECONDS, REDIS_SECONDS, Charge, Counters, Policy, ProcessCounters, SharedCounters
from tests.api.redis_servers import KINDS, RedisServer, free_port, running

BURST, DAILY = Policy("burst", 5, 60), Policy("daily", 12, 86_400)
BOTH = (BURST, DAILY)
NOON = 43_200.0


@pytest.fixture(scope="module", params=KINDS)
def redis(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    with running(request.param) as server:
        yield server


@dataclass
class Told:
    """What counters said of Redis, and a clock that never turns back and is the test's."""

    said: list[str] = field(default_factory=list)
    at: float = 0.0

    def counters(self, url: str, patience: float = 20) -> SharedCounters:
        return SharedCounters(
            url,
            patience=patience,
            on_away=lambda error: self.said.append(type(error).__name__),
            on_back=lambda: self.said.append("back"),
            seconds=lambda: self.at,
        )


@pytest.fixture(params=["process", *KINDS])
def counters(request: pytest.FixtureRequest) -> Iterator[Counters]:
    if request.param == "process":
        yield ProcessCounters()
        return
    with running(request.param) as server, closing(Told().counters(server.url)) as shared:
        yield shared


def used(charge: Charge) -> dict[str, int]:
    return {standing.policy.name: standing.used for standing in charge.standings}


def test_as_much_is_granted_as_there_is_and_not_one_more(counters: Counters) -> None:
    charges = [counters.take("somebody", BOTH, 1, NOON) for _ in range(7)]
    assert [charge.is_granted for charge in charges] == [True] * 5 + [False] * 2
    assert used(charges[4]) == used(charges[6]) == {"burst": 5, "daily": 5}


def test_everybody_is_counted_apart(counters: Counters) -> None:
    for _ in range(6):
        counters.take("somebody", BOTH, 1, NOON)
    assert counters.take("somebody else", BOTH, 1, NOON).is_granted


def test_what_one_policy_refuses_no_other_counts(counters: Counters) -> None:
    for _ in range(50):
        counters.take("somebody", BOTH, 1, NOON)
    assert used(counters.take("somebody", BOTH, 0, NOON)) == {"burst": 5, "daily": 5}


def test_whoever_waits_as_long_as_told_is_let_in_and_no_earlier(counters: Counters) -> None:
    for _ in range(5):
        counters.take("somebody", BOTH, 1, NOON + 7)
    refused = counters.take("somebody", BOTH, 1, NOON + 7.25)
    wait = next(each for each in refused.standings if each.policy is BURST).resets_after(NOON + 7.25)
    assert wait == 53
    assert not counters.take("somebody", BOTH, 1, NOON + 59.99).is_granted
    assert counters.take("somebody", BOTH, 1, NOON + 7.25 + wait).is_granted


def test_the_day_ends_at_midnight(counters: Counters) -> None:
    for minute in range(12):
        assert counters.take("somebody", BOTH, 1, NOON + 60 * minute).is_granted
    assert not counters.take("somebody", BOTH, 1, NOON + 3_600).is_granted
    assert not counters.take("somebody", BOTH, 1, 86_399.9).is_granted
    assert counters.take("somebody", BOTH, 1, 86_400.0).is_granted


def test_what_is_given_back_may_be_used_again(counters: Counters) -> None:
    charges = [counters.take("somebody", BOTH, 1, NOON) for _ in range(5)]
    charges[0].give_back()
    charges[1].give_back()
    assert [counters.take("somebody", BOTH, 1, NOON).is_granted for _ in range(3)] == [True, True, False]


def test_what_was_charged_in_a_minute_is_never_given_back_in_the_next(counters: Counters) -> None:
    late = counters.take("somebody", BOTH, 3, NOON + 59)
    counters.take("somebody", BOTH, 5, NOON + 61)
    late.give_back()
    assert used(counters.take("somebody", BOTH, 0, NOON + 62)) == {"burst": 5, "daily": 5}


def test_a_charge_that_was_refused_is_not_given_back(counters: Counters) -> None:
    counters.take("somebody", BOTH, 5, NOON)
    counters.take("somebody", BOTH, 1, NOON).give_back()
    assert used(counters.take("somebody", BOTH, 0, NOON)) == {"burst": 5, "daily": 5}


def test_a_charge_of_many_is_granted_whole_or_not_at_all(counters: Counters) -> None:
    counters.take("somebody", BOTH, 3, NOON)
    assert not counters.take("somebody", BOTH, 3, NOON).is_granted
    assert counters.take("somebody", BOTH, 2, NOON).is_granted


def test_threads_that_ask_at_once_are_granted_exactly_what_there_is(counters: Counters) -> None:
    policies = (Policy("burst", 100, 60), Policy("daily", 1_000, 86_400))
    with ThreadPoolExecutor(16) as pool:
        granted = list(
            pool.map(lambda _: counters.take("somebody", policies, 1, NOON).is_granted, range(300), timeout=60)
        )
    assert sum(granted) == 100


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 400), st.booleans()), max_size=60))
def test_no_window_ever_holds_more_than_its_quota(steps: list[tuple[int, int, bool]]) -> None:
    counters, kept, now = ProcessCounters(), dict[tuple[str, int], int](), NOON
    for cost, later, is_returned in steps:
        now += later
        charge = counters.take("somebody", BOTH, cost, now)
        for policy in BOTH:
            place = policy.name, int(now // policy.seconds)
            kept.setdefault(place, 0)
        room = all(kept[policy.name, int(now // policy.seconds)] + cost <= policy.quota for policy in BOTH)
        assert charge.is_granted == room
        if is_returned:
            charge.give_back()
        elif charge.is_granted:
            for policy in BOTH:
                kept[policy.name, int(now // policy.seconds)] += cost


def test_a_process_remembers_so_many_and_forgets_whoever_asked_longest_ago() -> None:
    counters = ProcessCounters(most=6)
    for name in ("first", "second", "third"):
        counters.take(name, BOTH, 2, NOON)
    counters.take("first", BOTH, 1, NOON)
    counters.take("fourth", BOTH, 2, NOON)
    assert len(counters._used) == 6
    assert used(counters.take("first", BOTH, 0, NOON)) == {"burst": 3, "daily": 3}
    assert used(counters.take("second", BOTH, 0, NOON)) == {"burst": 0, "daily": 0}


# ---------------------------------------------------------------- Redis


def test_workers_share_what_they_count(redis: RedisServer) -> None:
    told = Told()
    with closing(told.counters(redis.url)) as one, closing(told.counters(redis.url)) as two:
        granted = [each.take("shared", BOTH, 1, NOON).is_granted for each in (one, two) * 4]
        assert granted == [True] * 5 + [False] * 3
        two.take("shared", (DAILY,), 1, NOON).give_back()
        assert used(one.take("shared", BOTH, 0, NOON)) == {"burst": 5, "daily": 5}
    assert told.said == []


def test_nothing_stays_in_redis_for_ever(redis: RedisServer) -> None:
    with closing(Told().counters(redis.url)) as shared, closing(Redis.from_url(redis.url)) as client:
        shared.take("passing", BOTH, 1, NOON).give_back()
        shared.take("passing", BOTH, 0, NOON + 60)
        shared.take("given back too late", BOTH, 1, NOON)
        client.delete(*client.keys("*given back too late*"))
        keys = client.keys("*passing*")
        assert len(keys) == 2
        assert all(0 < client.ttl(key) <= 2 * 86_400 for key in keys)


def test_a_count_that_has_ended_is_not_made_again_by_giving_back(redis: RedisServer) -> None:
    with closing(Told().counters(redis.url)) as shared, closing(Redis.from_url(redis.url)) as client:
        late = shared.take("ended", BOTH, 1, NOON)
        client.delete(*client.keys("*ended*"))
        late.give_back()
        assert client.keys("*ended*") == []


def test_while_redis_is_away_each_worker_counts_by_itself_and_later_shares_again(redis: RedisServer) -> None:
    told = Told()
    with closing(told.counters(redis.url)) as shared:
        for _ in range(5):
            shared.take("left alone", BOTH, 1, NOON)
        redis.kill()
        try:
            granted = [shared.take("left alone", BOTH, 1, NOON).is_granted for _ in range(7)]
        finally:
            redis.start()
        assert granted == [True] * 5 + [False] * 2
        assert told.said == ["ConnectionError"]
        told.at += AWAY_SECONDS
        assert shared.take("left alone", BOTH, 1, NOON).is_granted
        assert told.said == ["ConnectionError", "back"]


def test_a_charge_is_given_back_to_whoever_counted_it(redis: RedisServer) -> None:
    told = Told()
    with closing(told.counters(redis.url)) as shared, closing(told.counters(redis.url)) as other:
        redis.kill()
        try:
            alone = shared.take("somebody", BOTH, 5, NOON)
        finally:
            redis.start()
        told.at += AWAY_SECONDS
        other.take("somebody", BOTH, 5, NOON)
        alone.give_back()
        assert used(shared.take("somebody", BOTH, 0, NOON)) == {"burst": 5, "daily": 5}


def test_a_connection_that_was_cut_is_made_anew_and_nobody_notices(redis: RedisServer) -> None:
    told = Told()
    with closing(told.counters(redis.url)) as shared:
        shared.take("cut", BOTH, 1, NOON)
        redis.kill()
        redis.start()
        assert shared.take("cut", BOTH, 1, NOON).is_granted
    assert told.said == []


def test_a_key_of_another_kind_in_redis_refuses_nobody(redis: RedisServer) -> None:
    told = Told()
    with closing(told.counters(redis.url)) as shared, closing(Redis.from_url(redis.url)) as client:
        shared.take("kind", BOTH, 1, NOON)
        for key in client.keys("*kind*"):
            client.delete(key)
            client.lpush(key, "not a count")
        assert shared.take("kind", BOTH, 1, NOON).is_granted
    assert told.said == ["ResponseError"]


def test_a_redis_that_hangs_costs_little_time_and_only_once() -> None:
    told = Told()
    with closing(socket.socket()) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with closing(told.counters(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", REDIS_SECONDS)) as shared:
            began = time.monotonic()
            assert all(shared.take("hanging", BOTH, 1, NOON).is_granted for _ in range(5))
            assert time.monotonic() - began < 2
    assert told.said == ["TimeoutError"]


def test_of_all_who_ask_after_a_pause_one_tries_whether_redis_is_back() -> None:
    told = Told()
    with closing(told.counters(f"redis://127.0.0.1:{free_port()}/0")) as shared:
        shared.take("pausing", BOTH, 1, NOON)
        told.at += AWAY_SECONDS
        asked = [shared._is_asked() for _ in range(3)]
    assert asked == [True, False, False]


def test_threads_find_redis_away_together_and_say_so_once() -> None:
    told = Told()
    start = threading.Barrier(8)

    def ask(shared: SharedCounters) -> bool:
        start.wait(10)
        return shared.take("together", (DAILY,), 1, NOON).is_granted

    with (
        closing(told.counters(f"redis://127.0.0.1:{free_port()}/0")) as shared,
        ThreadPoolExecutor(8) as pool,
    ):
        assert all(pool.map(ask, [shared] * 8, timeout=60))
    assert told.said == ["ConnectionError"]
