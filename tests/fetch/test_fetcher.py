"""One call: its time, its attempts, what it says of itself, and the breaker that may keep it from going out."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.breakers import COOL_DOWN, OPENS_AFTER, Breaker
from app.domain.fetch_errors import FetchError, LeftAlone, TooSlow, UnexpectedStatus, Unreachable
from app.fetch import Fetcher, Request, host_of
from tests.fetch.fault_server import FaultServer, full_listener
from tests.fetch.faults import NOW, POLICY
from tests.fetch.test_faults import DEADLINE, IN_TIME

# ---------------------------------------------------------------- time


@pytest.fixture
def full_port() -> Iterator[int]:
    yield from full_listener()


def test_a_connection_that_is_never_made_ends_in_time(full_port: int) -> None:
    request = Request(url=f"http://127.0.0.1:{full_port}/", hosts=("127.0.0.1",), deadline_seconds=DEADLINE)
    started = time.monotonic()
    with pytest.raises(TooSlow):
        Fetcher(POLICY, {}, clock=lambda: NOW).get(request)
    assert time.monotonic() - started <= IN_TIME


def test_a_step_that_takes_too_long_leaves_time_for_another_attempt() -> None:
    policy = replace(POLICY, read_seconds=0.2)
    fetcher = Fetcher(policy, {}, clock=lambda: NOW, random=lambda: 0.0)
    with FaultServer() as server:
        request = Request(url=server.url("accepts_and_says_nothing"), hosts=("127.0.0.1",), deadline_seconds=5)
        with pytest.raises(TooSlow, match=r"sent nothing within 0\.2 seconds") as caught:
            fetcher.get(request)
    assert caught.value.attempts == 3
    assert server.asked["accepts_and_says_nothing"] == 3


def test_a_name_that_is_never_resolved_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ended.wait(10))
    started = time.monotonic()
    with pytest.raises(TooSlow, match="did not answer within"):
        Fetcher(POLICY, {}, clock=lambda: NOW).get(
            Request(url="https://slow.example/", hosts=("slow.example",), deadline_seconds=DEADLINE)
        )
    assert time.monotonic() - started <= IN_TIME
    ended.set()


def test_nobody_waits_who_could_not_be_answered_in_time() -> None:
    waited: list[float] = []
    fetcher = Fetcher(POLICY, {}, clock=lambda: NOW, sleep=waited.append)
    with FaultServer() as server:
        request = Request(url=server.url("asked_too_often_come_in_a_second"), hosts=("127.0.0.1",), deadline_seconds=1)
        with pytest.raises(UnexpectedStatus) as caught:
            fetcher.get(request)
    assert waited == []
    assert caught.value.retry_at == NOW + timedelta(seconds=1)
    assert caught.value.detail == (
        "127.0.0.1 answered with status 429. It may be asked again from 2026-11-23 12:00:01 UTC on."
    )


def test_attempts_are_apart_by_random_times_that_grow() -> None:
    waited: list[float] = []
    policy = replace(POLICY, attempts=5)
    fetcher = Fetcher(policy, {}, clock=lambda: NOW, sleep=waited.append, random=lambda: 0.5)
    with FaultServer() as server:
        request = Request(url=server.url("storm"), hosts=("127.0.0.1",))
        with pytest.raises(UnexpectedStatus):
            fetcher.get(request)
    assert waited == [0.25, 0.5, 1.0, 2.0]


def test_who_is_asked_to_end_while_waiting_makes_no_further_attempt() -> None:
    fetcher = Fetcher(POLICY, {}, clock=lambda: NOW, sleep=lambda _: True)
    with FaultServer() as server:
        with pytest.raises(UnexpectedStatus) as caught:
            fetcher.get(Request(url=server.url("storm_that_passes"), hosts=("127.0.0.1",)))
        assert server.asked.total() == caught.value.attempts == 1


# ---------------------------------------------------------------- breakers open and close


def test_a_host_that_keeps_failing_is_left_alone_and_asked_again_by_one_probe() -> None:
    breakers: dict[str, Breaker] = {}
    now = NOW
    with FaultServer() as server:
        fetcher = Fetcher(POLICY, breakers, clock=lambda: now, sleep=lambda _: None)
        failing, well = (Request(url=server.url(name), hosts=("127.0.0.1",)) for name in ("storm", "good"))
        for _ in range(OPENS_AFTER):
            with pytest.raises(UnexpectedStatus):
                fetcher.get(failing)
        asked = server.asked.total()
        with pytest.raises(LeftAlone, match="failed 3 times in a row") as caught:
            fetcher.get(well)
        assert caught.value.retry_at == NOW + COOL_DOWN
        assert caught.value.attempts == 0
        assert server.asked.total() == asked

        now = NOW + COOL_DOWN
        with pytest.raises(UnexpectedStatus):
            fetcher.get(failing)
        now += COOL_DOWN  # not yet: it failed again and is left alone for twice as long
        with pytest.raises(LeftAlone):
            fetcher.get(well)

        now += COOL_DOWN
        assert fetcher.get(well).status == 200
        assert breakers[host_of(well.url)] == Breaker()
        assert fetcher.get(well).status == 200


def test_while_one_call_is_the_probe_all_others_are_refused() -> None:
    breakers = {"127.0.0.1:1": Breaker(OPENS_AFTER, NOW)}
    seen: list[Breaker] = []

    def look(_: float) -> None:
        with pytest.raises(LeftAlone):
            fetcher.get(request)
        seen.append(breakers["127.0.0.1:1"])

    fetcher = Fetcher(POLICY, breakers, clock=lambda: NOW, sleep=look)
    request = Request(url="http://127.0.0.1:1/", hosts=("127.0.0.1",), deadline_seconds=20)
    with pytest.raises(Unreachable):
        fetcher.get(request)
    assert seen == [Breaker(OPENS_AFTER, NOW + timedelta(seconds=20))] * 2


def test_a_host_that_names_its_time_is_left_alone_until_then() -> None:
    breakers: dict[str, Breaker] = {}
    with FaultServer() as server:
        fetcher = Fetcher(POLICY, breakers, clock=lambda: NOW)
        request = Request(url=server.url("asked_too_often_come_in_an_hour"), hosts=("127.0.0.1",))
        for kind, said in ((UnexpectedStatus, "status 429"), (LeftAlone, "failed once and is left alone")):
            with pytest.raises(kind, match=said) as caught:
                fetcher.get(request)
            assert caught.value.retry_at == NOW + timedelta(hours=1)


@pytest.mark.parametrize("name", ["not_found", "declares_too_much", "redirect_loop"])
def test_an_answer_that_we_cannot_use_is_not_held_against_the_host(name: str) -> None:
    with FaultServer() as server:
        breakers = {host_of(server.url("")): Breaker(2, None)}
        fetcher = Fetcher(POLICY, breakers, clock=lambda: NOW)
        with pytest.raises(FetchError):
            fetcher.get(Request(url=server.url(name), hosts=("127.0.0.1",)))
    assert list(breakers.values()) == [Breaker()]


# ---------------------------------------------------------------- what is asked


def test_a_question_says_who_asks_and_what_is_known() -> None:
    with FaultServer() as server:
        request = Request(
            url=server.url("good") + "?symbols=a%20b",
            hosts=("127.0.0.1",),
            accept="text/csv",
            etag='W/"5"',
            last_modified="Mon, 23 Nov 2026 12:00:00 GMT",
        )
        Fetcher(POLICY, {}, clock=lambda: NOW).get(request)
        lines = server.questions[0].decode().split("\r\n")
    assert lines == [
        "GET /good?symbols=a%20b HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        "User-Agent: ThreePercent/0 (+tests)",
        "Accept: text/csv",
        "Accept-Encoding: gzip",
        "Connection: close",
        'If-None-Match: W/"5"',
        "If-Modified-Since: Mon, 23 Nov 2026 12:00:00 GMT",
        "",
        "",
    ]


@pytest.mark.parametrize("validator", ['"a"\r\nX-Forged: yes', "\u00e9", "", "x" * 5000])
def test_a_validator_that_cannot_be_a_header_is_left_out(validator: str) -> None:
    with FaultServer() as server:
        request = Request(url=server.url("good"), hosts=("127.0.0.1",), etag=validator, last_modified=validator)
        assert Fetcher(POLICY, {}, clock=lambda: NOW).get(request).status == 200
        assert b"If-" not in server.questions[0]
        assert b"Forged" not in server.questions[0]


def test_an_answer_tells_all_that_it_cost() -> None:
    ticks = iter(range(1000))
    with FaultServer() as server:
        request = Request(url=server.url("redirect_to_a_good_answer"), hosts=("127.0.0.1",), deadline_seconds=1000)
        fetcher = Fetcher(POLICY, {}, clock=lambda: NOW, monotonic=lambda: float(next(ticks)))
        received = fetcher.get(request)
    assert received.url == server.url("good") + "?a=b"
    assert received.attempts == 1
    assert received.received_bytes > 2 * len(b"HTTP/1.1 200 OK") + len(received.body)
    assert 0 < received.seconds < 1000


def test_nothing_of_the_environment_changes_where_we_go(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    with FaultServer() as server:
        request = Request(url=server.url("good"), hosts=("127.0.0.1",))
        assert Fetcher(POLICY, {}, clock=lambda: NOW).get(request).status == 200


def test_many_threads_may_share_a_fetcher() -> None:
    with FaultServer() as server, ThreadPoolExecutor(max_workers=8) as threads:
        fetcher = Fetcher(POLICY, {}, clock=lambda: NOW)
        request = Request(url=server.url("packed"), hosts=("127.0.0.1",))
        ended = list(threads.map(lambda _: fetcher.get(request), range(40)))
    assert {received.body for received in ended} == {b'{"rates": []}'}
    assert server.asked["packed"] == 40
