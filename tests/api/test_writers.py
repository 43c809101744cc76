"""Writes that wait for the database keep nobody from reading, and no more of them wait than there is room for."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.testclient import TestClient

from app.api.writers import MOST_AT_ONCE, WRITERS, rehearse, write
from app.db import DatabaseBusy, open_engine, writing
from app.domain.partners import Scope
from app.main import create_app, refresh
from app.settings import Settings
from tests.api.keyed import Keyed, key_of, partner_of
from tests.push.pushing import NOW, body, item

READERS = 40
"""So many threads answer what is no coroutine, in this framework."""


@pytest.fixture
def served(empty_database_url: str, settings: Settings) -> Iterator[tuple[FastAPI, TestClient, Engine, Keyed]]:
    own = settings.model_copy(update={"database_url": empty_database_url, "limits_enabled": False})
    engine = open_engine(empty_database_url)
    key = key_of(engine, own, partner_of(engine), Scope.QUOTES_WRITE)
    app = create_app(own, clock=lambda: NOW)
    with TestClient(app) as client:
        yield app, client, engine, key
    engine.dispose()


def test_reads_are_answered_while_many_writes_wait(served: tuple[FastAPI, TestClient, Engine, Keyed]) -> None:
    app, client, engine, key = served

    def push(number: int) -> int:
        headers = {**key.headers, "Content-Type": "application/json", "Idempotency-Key": f"k{number}"}
        return client.post("/v1/quotes", content=body(item(external_id=f"s{number}")), headers=headers).status_code

    with ThreadPoolExecutor(READERS + 5) as threads:
        with writing(engine):  # as an import of minutes does
            waiting = [threads.submit(push, number) for number in range(READERS + 5)]
            time.sleep(1)
            assert not any(one.done() for one in waiting)
            began = time.monotonic()
            assert client.get("/v1/vocabulary").status_code == 200
            assert client.get("/v1/quotes").status_code == 200
            refresh(app.state.served)
            took = time.monotonic() - began
        assert {one.result() for one in waiting} == {201}
    assert took < 5, took


def test_more_writes_than_there_is_room_for_come_again() -> None:
    ending = threading.Event()

    async def many() -> list[object]:
        begun = [asyncio.ensure_future(write(ending.wait, 30)) for _ in range(MOST_AT_ONCE + 3)]
        await asyncio.sleep(0.1)
        ending.set()
        return await asyncio.gather(*begun, return_exceptions=True)

    for _ in range(2):  # what ended makes room again
        ending.clear()
        answers = asyncio.run(many())
        assert [type(one) for one in answers] == [bool] * MOST_AT_ONCE + [DatabaseBusy] * 3


def test_one_that_goes_before_its_turn_makes_room() -> None:
    ending = threading.Event()

    async def leave() -> None:
        begun = [asyncio.ensure_future(write(ending.wait, 30)) for _ in range(MOST_AT_ONCE)]
        await asyncio.sleep(0.1)
        for one in begun[WRITERS:]:
            one.cancel()
        await asyncio.gather(*begun[WRITERS:], return_exceptions=True)
        others = [asyncio.ensure_future(write(len, "four")) for _ in range(MOST_AT_ONCE - WRITERS)]
        await asyncio.sleep(0)
        ending.set()
        assert set(await asyncio.gather(*others)) == {4}
        await asyncio.gather(*begun[:WRITERS])

    asyncio.run(leave())


def test_a_rehearsal_waits_for_no_write() -> None:
    ending = threading.Event()

    async def both() -> int:
        begun = [asyncio.ensure_future(write(ending.wait, 30)) for _ in range(WRITERS)]
        found = await rehearse(len, "four")
        ending.set()
        await asyncio.gather(*begun)
        return found

    assert asyncio.run(both()) == 4
