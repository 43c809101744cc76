"""No key, address or e-mail is in a log, a metric, an error or the database, wherever in a request it stood.

A real server, its log at its most talkative, is sent canaries in the path, the query, every header and the body of
every call. ``THREEPERCENT_TEST_CANARIES=10000`` sends as many requests; the suite a few hundred.
"""

import http.client
import itertools
import json
import os
import random
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from app.api.contract import document
from app.api.tables import NDJSON
from app.db import open_engine
from app.domain.keys import RANDOM_BYTES, holds_key, make_key
from app.domain.partners import KeyKind, PartnerKind, Scope
from app.main import create_app
from app.settings import TEST_PREFIX, Settings
from tests.api.keyed import key_of, partner_of
from tests.api.test_server import Server, serving
from tests.push.pushing import item

REQUESTS = int(os.environ.get(f"{TEST_PREFIX}CANARIES", "400"))
EMAIL = "canary.person@example.org"
FORWARDED = "203.0.113.77"
PEER = "127.0.0.77"
SOURCE = (PEER, 0)


@dataclass(frozen=True)
class Request:
    """One request with a canary in one of its inputs."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None


@pytest.fixture
def world(sqlite_template: Path, tmp_path: Path) -> tuple[Settings, list[str]]:
    """Settings over a database with a few keys, good and bad, and all of the keys."""
    with closing(sqlite3.connect(sqlite_template)) as empty:
        empty.execute("VACUUM INTO ?", (str(tmp_path / "threepercent.db"),))
    settings = Settings(data_dir=tmp_path)
    engine = open_engine(settings.database_url)
    partner, operator = partner_of(engine), partner_of(engine, "Night Desk", PartnerKind.OPERATOR)
    made = [
        key_of(engine, settings, partner, Scope.QUOTES_WRITE, Scope.ACCOUNT),
        key_of(engine, settings, partner, Scope.ACCOUNT),
        key_of(engine, settings, partner, kind=KeyKind.PUBLISHABLE),
        key_of(engine, settings, operator, Scope.QUOTES_REVIEW),
        key_of(engine, settings, partner, Scope.QUOTES_WRITE, networks=("198.51.100.0/24",)),
    ]
    engine.dispose()
    unknown = [make_key(kind, random.Random(kind.value).randbytes(RANDOM_BYTES)).text for kind in KeyKind]
    return settings, [*(keyed.key for keyed in made), *unknown]


def operations(settings: Settings) -> list[tuple[str, str]]:
    paths = document(create_app(settings))["paths"]
    return sorted((method.upper(), path) for path, methods in paths.items() for method in methods)


def requests(settings: Settings, keys: list[str], chance: random.Random) -> Iterator[Request]:
    """Yield every call with a canary somewhere, over and over."""
    canaries = [*keys, keys[0][:-1], f"Bearer {keys[0]}", EMAIL, FORWARDED]
    for method, path in itertools.cycle(operations(settings)):
        canary, caller = chance.choice(canaries), chance.choice(keys)
        in_path = re.sub(r"{\w+}", lambda _, said=canary: quote(said, safe=""), path)  # type: ignore[misc] # no bound
        plain = path.format_map(Known())
        credentials = {"Authorization": f"Bearer {caller}"} if chance.random() < 0.5 else {"X-API-Key": caller}
        yield from (
            Request(method, in_path, credentials, body_of(method, canary, chance)),
            Request(method, f"{plain}?{query(canary, chance)}", credentials, body_of(method, "a", chance)),
            Request(method, plain, {**credentials, **headers(canary, chance)}, body_of(method, canary, chance)),
            Request(method, plain, headers(canary, chance), body_of(method, canary, chance)),
            Request(method, plain, {"Authorization": canary, "X-Request-Id": canary}, None),
        )
        if (method, path) == ("POST", "/v1/imports"):
            yield Request(method, path, {"X-API-Key": keys[0], "Content-Type": NDJSON}, file_of(canary))


class Known(dict[str, str]):
    """Plausible values of path parameters."""

    def __missing__(self, name: str) -> str:
        return {"corridor": "GBR-PHL", "suffix": "csv", "code": "wrong-scope"}.get(name, "example-transfer")


def query(canary: str, chance: random.Random) -> str:
    name = chance.choice(["amount", "page_token", "fields", "q", "source", "dry_run", "as_of", canary])
    return f"{quote(name)}={quote(canary)}"


def headers(canary: str, chance: random.Random) -> dict[str, str]:
    names = ["User-Agent", "Referer", "Cookie", "X-Request-Id", "X-Forwarded-For", "Forwarded", "From", "If-Match"]
    names += ["If-None-Match", "Accept", "Accept-Language", "Idempotency-Key", "Traceparent", "X-ThreePercent-Clock"]
    return dict.fromkeys(chance.sample(names, 4), canary)


def body_of(method: str, canary: str, chance: random.Random) -> bytes | None:
    if method not in {"POST", "PUT", "PATCH"}:
        return None
    shapes: list[Any] = [
        canary,
        {canary: canary},
        {"name": canary, "scopes": ["account"]},
        {"rotates": canary},
        {"reason": canary, "decision": "refuse"},
        {"quotes": [item(external_id=canary)]},
        {"quotes": [item(external_id="plain", provider=canary), item(external_id="more", taxes=canary)]},
        {"external_ids": [canary], "reason": canary},
        {"quote": item(), "reason": canary},
    ]
    return json.dumps(chance.choice(shapes)).encode()


def file_of(canary: str) -> bytes:
    """A file of quotes with a canary in its texts, and a good one, so that something of it is stored."""
    items = [item(external_id=canary), item(provider=canary), item(provider_name=canary), item(external_id="good")]
    return b"".join(json.dumps(each).encode() + b"\n" for each in items)


def send(server: Server, wanted: Iterator[Request]) -> tuple[list[str], list[int]]:
    """Send requests; return the errors that were answered, whole, and all statuses."""
    said, statuses = [], []
    connection = http.client.HTTPConnection(server.host, server.port, timeout=60, source_address=SOURCE)
    for number, request in enumerate(itertools.islice(wanted, REQUESTS)):
        sent = {"Content-Type": "application/json", "Idempotency-Key": f"request-{number}", **request.headers}
        connection.request(request.method, request.path, body=request.body, headers=sent)
        answer = connection.getresponse()
        statuses.append(answer.status)
        text = answer.read().decode()
        if answer.status >= 400:  # a good answer may name its own address, and a new key is to be shown
            said.append(f"{answer.headers}\n{text}")
    connection.close()
    return said, statuses


def test_no_canary_is_in_a_log_an_answer_a_metric_or_the_database(world: tuple[Settings, list[str]]) -> None:
    settings, keys = world
    wanted = requests(settings, keys, random.Random(20261124))
    limits = {"THREEPERCENT_LIMITS_ENABLED": "false", "THREEPERCENT_LOG_LEVEL": "debug"}
    with serving(settings, **limits) as server:
        said, statuses = send(server, wanted)
        metrics = http.client.HTTPConnection(server.host, server.port, timeout=60)
        metrics.request("GET", "/metrics")
        measured = metrics.getresponse().read().decode()
        metrics.close()
    logged = "\n".join(server.errors)
    assert logged.count('"event": "request"') >= REQUESTS
    assert {401, 403, 404, 422} <= set(statuses)
    assert any(status < 300 for status in statuses)
    assert max(statuses) < 500, [line for line in server.errors if "unexpected_error" in line][:3]
    stored = b"".join(path.read_bytes() for path in settings.data_dir.glob("threepercent.db*"))
    for found in (logged, measured, *said):
        assert not holds_key(found.encode()), found
        for canary in secrets_of(keys):
            assert canary not in found
    for key in keys:
        assert key[12:].encode() not in stored
    for canary in (EMAIL, FORWARDED, PEER):
        assert canary not in logged
        assert canary not in measured


def secrets_of(keys: list[str]) -> Iterator[str]:
    """Yield what must not be seen of keys: all that stands behind the first characters, by which people know them."""
    yield from (key.partition("_")[2].partition("_")[2][4:] for key in keys)
