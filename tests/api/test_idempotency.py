"""A write is done once for each Idempotency-Key: concurrent, repeated, half-way dead, or under another body."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from sqlalchemy import Connection, Engine, func, insert, select
from starlette.requests import Request
from starlette.responses import Response

from app.api.idempotency import Remember, Write, Written, exactly_once, fingerprint, read_key
from app.db import reading, writing
from app.domain.push_errors import (
    IdempotencyInProgress,
    IdempotencyKeyMalformed,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
)
from app.store import hidden_providers, idempotency
from app.store.idempotency import KEPT

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
EFFECTS = hidden_providers.provider_visibility  # any table will do: a row for each effect


def request(key: str | None, *, accept_encoding: str = "") -> Request:
    headers = [(b"accept-encoding", accept_encoding.encode())]
    if key is not None:
        headers.append((b"idempotency-key", key.encode()))
    scope = {"type": "http", "method": "POST", "path": "/v1/quotes", "query_string": b"", "headers": headers}
    return Request(scope)


def write(engine: Engine, key: str | None, body: bytes = b"{}", *, partner: str = "p", now: datetime = NOW) -> Write:
    asked = request(key)
    return Write(request=asked, engine=engine, partner=partner, now=now, fingerprint=fingerprint(asked, body))


class Effects:
    """Acts that leave one row each, and answer how many there were before."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def act(self, name: str, before_commit: Callable[[], None] = lambda: None) -> Callable[[Remember], Written]:
        def acted(remember: Remember) -> Written:
            with writing(self.engine) as connection:
                number = count(connection)
                connection.execute(
                    insert(EFFECTS).values(provider=name, dataset_version=number, is_hidden=True, reason="")
                )
                written = Written(
                    status=201, body=json.dumps({"name": name, "number": number}).encode(), headers={"Location": "/x"}
                )
                remember(connection, written)
                before_commit()
            return written

        return acted

    def of(self, name: str) -> int:
        with reading(self.engine) as connection:
            return int(
                connection.execute(
                    select(func.count()).select_from(EFFECTS).where(EFFECTS.c.provider == name)
                ).scalar_one()
            )


def count(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(EFFECTS)).scalar_one())


@pytest.fixture
def effects(engine: Engine) -> Effects:
    return Effects(engine)


# ---------------------------------------------------------------- keys


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ("6f1c", "6f1c"),
        ('"6f1c"', "6f1c"),
        (r'"a \"b\" \\"', r'a "b" \ '.rstrip()),
        ("two words, and a comma", "two words, and a comma"),
        (" padded ", "padded"),
        ("k" * 255, "k" * 255),
        ('"' + "k" * 255 + '"', "k" * 255),
    ],
)
def test_a_key_is_read_quoted_and_bare(given: str, key: str) -> None:
    assert read_key([given]) == key


@pytest.mark.parametrize(
    "given",
    [
        *("", '""', '"', '"open', 'open"x"' + '"' * 260, "k" * 256, '"' + "k" * 256 + '"'),
        *('"a"b"', r'"a\b"', '"a";p=1', "tab\there", "del\x7f", "é", '"é"', "nul\0"),
    ],
)
def test_what_is_no_key_is_refused(given: str) -> None:
    with pytest.raises(IdempotencyKeyMalformed) as refused:
        read_key([given])
    assert given not in refused.value.detail or not given.strip('"')


def test_a_key_is_given_once() -> None:
    with pytest.raises(IdempotencyKeyMalformed, match="once"):
        read_key(["a", "a"])
    assert read_key([]) is None


# ---------------------------------------------------------------- one effect


def test_a_repeated_write_is_answered_with_the_same_bytes_and_done_once(engine: Engine, effects: Effects) -> None:
    first = exactly_once(write(engine, "again"), effects.act("again"), is_required=True)
    second = exactly_once(write(engine, '"again"'), effects.act("again"), is_required=True)
    assert effects.of("again") == 1
    assert (second.status_code, second.body) == (first.status_code, first.body) == (201, first.body)
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert {**second.headers, "idempotency-replayed": ""} == {**first.headers, "idempotency-replayed": ""}


def test_another_body_under_the_same_key_is_refused(engine: Engine, effects: Effects) -> None:
    exactly_once(write(engine, "reused", b"1"), effects.act("reused"), is_required=True)
    with pytest.raises(IdempotencyKeyReused):
        exactly_once(write(engine, "reused", b"2"), effects.act("reused"), is_required=True)
    assert effects.of("reused") == 1


def test_keys_are_the_partners_own(engine: Engine, effects: Effects) -> None:
    for partner in ("one", "two"):
        response = exactly_once(write(engine, "own", partner=partner), effects.act("own"), is_required=True)
        assert "idempotency-replayed" not in response.headers
    assert effects.of("own") == 2


def test_a_key_is_forgotten_after_a_day(engine: Engine, effects: Effects) -> None:
    for passed, expected in ((timedelta(), 1), (KEPT - timedelta(seconds=1), 1), (KEPT, 2)):
        exactly_once(write(engine, "old", now=NOW + passed), effects.act("old"), is_required=True)
        assert effects.of("old") == expected
    with reading(engine) as connection:
        kept = connection.execute(select(func.min(idempotency.idempotent_answers.c.created_at))).scalar_one()
    assert kept == NOW + KEPT


def test_without_a_key_nothing_is_remembered(engine: Engine, effects: Effects) -> None:
    with pytest.raises(IdempotencyKeyMissing):
        exactly_once(write(engine, None), effects.act("none"), is_required=True)
    for _ in range(2):
        exactly_once(write(engine, None), effects.act("none"), is_required=False)
    assert effects.of("none") == 2


def test_a_write_that_failed_may_be_sent_again(engine: Engine, effects: Effects) -> None:
    def dies() -> None:
        raise OSError("in the middle")

    with pytest.raises(OSError, match="middle"):
        exactly_once(write(engine, "failed"), effects.act("failed", dies), is_required=True)
    assert effects.of("failed") == 0
    response = exactly_once(write(engine, "failed"), effects.act("failed"), is_required=True)
    assert "idempotency-replayed" not in response.headers
    assert effects.of("failed") == 1


def test_while_the_first_is_being_done_the_second_is_told_so(engine: Engine, effects: Effects) -> None:
    is_inside, may_go_on = threading.Event(), threading.Event()

    def waits() -> None:
        is_inside.set()
        assert may_go_on.wait(30)

    def first() -> Response:
        return exactly_once(write(engine, "slow"), effects.act("slow", waits), is_required=True)

    with ThreadPoolExecutor(1) as pool:
        doing = pool.submit(first)
        assert is_inside.wait(30)
        with pytest.raises(IdempotencyInProgress):
            exactly_once(write(engine, "slow"), effects.act("slow"), is_required=True)
        may_go_on.set()
        assert doing.result().status_code == 201
    assert effects.of("slow") == 1


def test_fifty_at_once_have_one_effect(engine: Engine, effects: Effects) -> None:
    def attempt(key: int) -> tuple[int, bytes] | None:
        try:
            response = exactly_once(write(engine, f"{key}"), effects.act(f"many-{key}"), is_required=True)
        except IdempotencyInProgress:
            return None
        return response.status_code, bytes(response.body)

    with ThreadPoolExecutor(20) as pool:
        answers = [[pool.submit(attempt, key) for _ in range(50)] for key in range(5)]
    for key, attempts in enumerate(answers):
        said = Counter(each.result() for each in attempts)
        assert effects.of(f"many-{key}") == 1
        assert len([answer for answer in said if answer is not None]) == 1


def test_an_answer_that_came_in_between_is_given_again_and_nothing_is_done_twice(
    engine: Engine, effects: Effects
) -> None:
    """A claim is lost with the connection that held it; what is stored decides all the same."""
    asked = write(engine, "lost")

    def acted(remember: Remember) -> Written:
        other = idempotency.Asked("p", sha256(b"lost").digest(), asked.fingerprint)
        with writing(engine) as connection:
            answered = idempotency.Answered(201, {"Content-Type": "application/json"}, b"first")
            idempotency.store(connection, other, answered, NOW)
        return effects.act("lost")(remember)

    response = exactly_once(asked, acted, is_required=True)
    assert (response.status_code, bytes(response.body)) == (201, b"first")
    assert response.headers["idempotency-replayed"] == "true"
    assert effects.of("lost") == 0


def test_an_answer_is_packed_for_those_who_take_it() -> None:
    written = Written(status=200, body=b"x" * 5000)
    assert written.response(request(None, accept_encoding="gzip")).headers["content-encoding"] == "gzip"
    plain = written.response(request(None))
    assert plain.body == written.body
    assert plain.headers["cache-control"] == "private, no-store"
