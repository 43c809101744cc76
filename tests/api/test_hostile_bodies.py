"""Whatever a call that writes is sent: a refusal in our own words, nothing echoed, nothing stored, and never a 5xx.

The calls are those of the contract: one that has no good body here fails the test.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, text
from starlette.testclient import TestClient
from starlette.types import Message

from app.api.bodies import SMALL_BODY_BYTES
from app.api.contract import document, operations
from app.api.v1.quote_writes import MOST_BYTES
from app.db import open_engine, reading
from app.domain.partners import PartnerKind, Scope
from app.main import create_app
from app.settings import Settings
from tests.api.hostile import CANARY, JSON, Hostile, hostile_bodies
from tests.api.keyed import Keyed, key_of, partner_of
from tests.push.pushing import NOW, body, item

AT_LEAST = 60
FILES = frozenset({"create_import"})
"""Calls that take files: they are kept first and read later (tests/push/test_files.py)."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that writes: where a good one goes, and with what."""

    path: str
    good: Mapping[str, Any]
    most: int = SMALL_BODY_BYTES
    is_reviewers: bool = False


@dataclass
class Target:
    app: FastAPI
    client: TestClient
    engine: Engine
    partner: Keyed
    reviewer: Keyed
    import_id: str
    quote_id: str
    waiting_id: str

    def call(self, operation: str) -> Call:
        """Return a good call of an operation of the contract."""
        whole = item(external_id="hostile")
        reason = {"reason": "a test"}
        return {
            "push_quotes": Call("/v1/quotes", {"quotes": [whole]}, MOST_BYTES),
            "withdraw_quotes": Call("/v1/quotes/withdrawals", {**reason, "external_ids": ["none"]}),
            "withdraw_import": Call(f"/v1/imports/{self.import_id}/withdrawal", reason),
            "correct_quote": Call(f"/v1/quotes/{self.quote_id}/correction", {**reason, "quote": whole}),
            "decide": Call(
                f"/v1/quarantine/{self.waiting_id}/decision", {**reason, "decision": "accept"}, is_reviewers=True
            ),
            "create_key": Call("/v1/account/keys", {"name": "a", "scopes": ["quotes:write"]}),
        }[operation]

    def send(self, call: Call, hostile: Hostile, under: str) -> Any:  # noqa: ANN401 - httpx
        key = self.reviewer if call.is_reviewers else self.partner
        headers = {**key.headers, "Idempotency-Key": under, "If-Match": '"a"', **hostile.headers}
        if hostile.content_type is not None:
            headers["Content-Type"] = hostile.content_type
        return self.client.post(call.path, content=hostile.content, headers=headers)

    def stored(self) -> list[int]:
        tables = ("quotes", "quote_changes", "api_keys", "idempotent_answers", "audit_log")
        with reading(self.engine) as connection:
            return [int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()) for table in tables]


def write_operations() -> list[str]:
    """Return the operations of the contract that are sent JSON."""
    contract = document(create_app(Settings()))
    return sorted(
        operation["operationId"]
        for _, operation in operations(contract)
        if JSON in operation.get("requestBody", {}).get("content", {})
    )


@pytest.fixture(scope="module")
def target(settings: Settings) -> Iterator[Target]:
    own = settings.model_copy(update={"limits_enabled": False})
    engine = open_engine(own.database_url)
    partner = key_of(engine, own, partner_of(engine), Scope.QUOTES_WRITE, Scope.ACCOUNT)
    operator = partner_of(engine, "The Operator", PartnerKind.OPERATOR, ())
    reviewer = key_of(engine, own, operator, Scope.QUOTES_REVIEW)
    app = create_app(own, clock=lambda: NOW)
    with TestClient(app, raise_server_exceptions=False) as client:
        headers = {**partner.headers, "Content-Type": JSON, "Idempotency-Key": "first"}
        old = item(external_id="waits", observed_at="2019-01-01T00:00:00Z", valid_until=None)
        pushed = client.post("/v1/quotes", content=body(item(), old), headers=headers).json()
        stored, waiting = pushed["quotes"]
        assert waiting["outcome"] == "quarantined"
        ids = pushed["import_id"], stored["quote_id"], waiting["quote_id"]
        yield Target(app, client, engine, partner, reviewer, *ids)
    engine.dispose()


def test_there_are_calls_that_write() -> None:
    assert {"push_quotes", "withdraw_quotes", "decide", "create_key"} <= set(write_operations())


@pytest.mark.parametrize("operation", write_operations())
def test_hostile_bodies_are_refused_in_our_own_words(operation: str, target: Target) -> None:
    call = target.call(operation)
    before, sent = target.stored(), 0
    for number, hostile in enumerate(hostile_bodies(call.good, call.most)):
        if hostile.may_be_taken:
            continue
        answer = target.send(call, hostile, f"{operation}-{number}")
        assert 400 <= answer.status_code < 500, (hostile.name, answer.text)
        assert hostile.status in {None, answer.status_code}, (hostile.name, answer.text)
        _is_in_our_own_words(hostile, answer)
        sent += 1
    assert sent >= AT_LEAST
    assert _but_for_answers(target.stored()) == _but_for_answers(before)


@pytest.mark.parametrize("operation", write_operations())
def test_hostile_values_in_known_fields_never_break_anything(operation: str, target: Target) -> None:
    call = target.call(operation)
    for number, hostile in enumerate(hostile_bodies(call.good, call.most)):
        if hostile.may_be_taken:
            answer = target.send(call, hostile, f"{operation}-known-{number}")
            assert answer.status_code < 500, (hostile.name, answer.text)
            if answer.status_code >= 400:
                _is_in_our_own_words(hostile, answer)


@pytest.mark.parametrize("operation", write_operations())
@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_stops_half_way_is_not_used(operation: str, declared: bool, target: Target) -> None:  # noqa: FBT001 - a case
    call = target.call(operation)
    content = json.dumps(call.good).encode()
    before = target.stored()
    key = target.reviewer if call.is_reviewers else target.partner
    headers = {**key.headers, "Content-Type": JSON, "Idempotency-Key": f"cut-{declared}"}
    if declared:
        headers["Content-Length"] = str(len(content))
    sent = asyncio.run(_half(target.app, call.path, headers, content[: len(content) // 2]))
    assert [message.get("status") for message in sent[:1]] in ([], [400])
    assert target.stored() == before


@pytest.mark.parametrize("operation", write_operations())
def test_a_body_without_a_length_is_cut_off_at_the_limit(operation: str, target: Target) -> None:
    call = target.call(operation)
    key = target.reviewer if call.is_reviewers else target.partner
    headers = {**key.headers, "Content-Type": JSON, "Idempotency-Key": "endless"}

    def endless() -> Iterator[bytes]:
        for _ in range(2 * call.most // 2**14):
            yield b" " * 2**14

    answer = target.client.post(call.path, content=endless(), headers=headers)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def _is_in_our_own_words(hostile: Hostile, answer: Any) -> None:  # noqa: ANN401 - httpx
    assert answer.headers["content-type"] == "application/problem+json", hostile.name
    assert CANARY not in answer.text, hostile.name
    assert CANARY not in str(answer.headers), hostile.name
    said = answer.json()
    assert {"type", "title", "status", "detail", "instance", "request_id", "errors"} <= said.keys()
    assert said["status"] == answer.status_code


def _but_for_answers(stored: list[int]) -> list[int]:
    """Return the counts without that of stored answers: a refusal of a whole batch is one."""
    return [*stored[:3], *stored[4:]]


async def _half(app: FastAPI, path: str, headers: Mapping[str, str], half: bytes) -> list[Message]:
    """Send half of a body and hang up; return what was answered."""
    waiting: list[Message] = [
        {"type": "http.request", "body": half, "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    await app(scope, receive, send)
    return sent
