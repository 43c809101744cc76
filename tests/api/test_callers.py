"""Who calls: how keys are sent and refused, and that a key changes nothing of what everybody may read."""

import asyncio
import ipaddress
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from app.accounts import By, KnownKey, end_partner
from app.api import callers
from app.api.callers import KeyRing
from app.db import DatabaseUnreachable, open_engine, writing
from app.domain.key_errors import KeyUnknown
from app.domain.keys import RANDOM_BYTES, make_key, read_key
from app.domain.partners import KeyKind, Partner, Scope
from app.main import create_app
from app.settings import Settings
from tests.api.conftest import NOW, LiveClock
from tests.api.keyed import ACTOR, Keyed, key_of, partner_of

READ = "/v1/corridors"
UNKNOWN_KEY = make_key(KeyKind.LIVE, bytes(RANDOM_BYTES)).text


@pytest.fixture
def keyed_settings(demo_settings: Settings, tmp_path: Path) -> Settings:
    """Settings over the demonstration survey, in a folder of the test's own."""
    with closing(sqlite3.connect(demo_settings.data_dir / "threepercent.db")) as survey:
        survey.execute("VACUUM INTO ?", (str(tmp_path / "threepercent.db"),))
    return Settings(data_dir=tmp_path)


@pytest.fixture
def engine(keyed_settings: Settings) -> Iterator[Engine]:
    opened = open_engine(keyed_settings.database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def partner(engine: Engine) -> Partner:
    return partner_of(engine)


@pytest.fixture
def clock() -> LiveClock:
    return LiveClock()


@pytest.fixture
def client(keyed_settings: Settings, partner: Partner, clock: LiveClock) -> Iterator[TestClient]:
    assert partner.id
    with TestClient(create_app(keyed_settings, clock=clock)) as opened:
        yield opened


@pytest.fixture
def live(engine: Engine, keyed_settings: Settings, partner: Partner) -> Keyed:
    return key_of(engine, keyed_settings, partner, Scope.QUOTES_WRITE, Scope.ACCOUNT)


def refused(client: TestClient, *headers: tuple[str, str], path: str = READ) -> tuple[int, str]:
    answer = client.get(path, headers=list(headers))
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"].startswith('Bearer realm="threepercent"')
        assert answer.headers["cache-control"] == "no-store"
    for _, value in headers:
        assert value not in answer.text
    return answer.status_code, str(answer.json().get("type", "")).removeprefix("/problems/")


# ---------------------------------------------------------------- how a key is sent


def test_a_key_is_sent_as_a_bearer_token_or_by_itself(client: TestClient, live: Keyed) -> None:
    for headers in (
        {"Authorization": f"Bearer {live.key}"},
        {"Authorization": f"bearer   {live.key}"},
        {"X-API-Key": live.key},
        {"x-api-key": f"  {live.key} "},
    ):
        assert client.get("/v1/account", headers=headers).status_code == 200


def test_a_call_that_needs_a_key_says_so(client: TestClient) -> None:
    assert refused(client, path="/v1/account") == (401, "key-missing")


@pytest.mark.parametrize(
    "authorization", ["Basic dXNlcjpwYXNz", "Bearer", "Bearer  ", UNKNOWN_KEY, "Bearer a b", "Token x"]
)
def test_other_credentials_are_refused_and_not_repeated(client: TestClient, authorization: str) -> None:
    status, code = refused(client, ("Authorization", authorization))
    assert (status, code) == (401, "key-malformed")


def test_two_keys_are_refused_even_where_both_are_good(client: TestClient, live: Keyed) -> None:
    bare, bearer = ("X-API-Key", live.key), ("Authorization", f"Bearer {live.key}")
    for both in ((bare, bearer), (bare, bare), (bearer, bearer)):
        assert refused(client, *both) == (401, "key-malformed")


def test_a_malformed_key_is_refused_before_the_database_is_asked(
    client: TestClient, live: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []

    def find(_engine: Engine, digest: bytes) -> KnownKey | None:
        asked.append(digest)
        return None

    monkeypatch.setattr(callers, "find_key", find)
    wrong = live.key[:-1] + ("A" if live.key[-1] != "A" else "B")
    for key in (wrong, live.key[:-1], "tp_live_0", "x" * 4000, live.key.lower()):
        assert refused(client, ("X-API-Key", key)) == (401, "key-malformed")
    assert asked == []
    assert refused(client, ("X-API-Key", UNKNOWN_KEY)) == (401, "key-unknown")
    assert len(asked) == 1
    assert UNKNOWN_KEY.encode() not in asked[0]


def test_health_and_documentation_do_not_care_for_keys(client: TestClient) -> None:
    for path in ("/health/live", "/health/ready", "/openapi.json", "/problems"):
        assert client.get(path, headers={"Authorization": "Basic x"}).status_code == 200


# ---------------------------------------------------------------- which keys are good


def test_a_key_ends_when_it_said(
    client: TestClient, clock: LiveClock, engine: Engine, keyed_settings: Settings, partner: Partner
) -> None:
    key = key_of(engine, keyed_settings, partner, Scope.ACCOUNT, expires_at=NOW + timedelta(hours=1))
    assert client.get("/v1/account", headers=key.headers).status_code == 200
    clock.at = NOW + timedelta(hours=1)
    assert refused(client, ("X-API-Key", key.key)) == (401, "key-expired")


def test_an_ended_partners_keys_are_good_no_longer(client: TestClient, engine: Engine, live: Keyed) -> None:
    with writing(engine) as connection:
        end_partner(connection, live.partner, By(actor=ACTOR, now=NOW))
    assert refused(client, ("X-API-Key", live.key)) == (401, "key-revoked")


def test_a_key_may_be_good_from_certain_addresses_only(
    engine: Engine, keyed_settings: Settings, partner: Partner
) -> None:
    key = key_of(engine, keyed_settings, partner, Scope.ACCOUNT, networks=("203.0.113.0/24", "2001:db8::/48"))
    app = create_app(keyed_settings, clock=LiveClock())
    for address, status in (
        ("203.0.113.7", 200),
        ("::ffff:203.0.113.7", 200),
        ("2001:db8:0:1::9", 200),
        ("203.0.114.7", 403),
        ("2001:db9::1", 403),
        ("testclient", 403),
    ):
        with TestClient(app, client=(address, 50_000)) as client:
            answer = client.get("/v1/account", headers={**key.headers, "X-Forwarded-For": "203.0.113.7"})
            assert answer.status_code == status, address
            if status == 403:
                assert answer.json()["type"] == "/problems/wrong-network"
                assert "203.0.113" not in answer.text


def test_behind_a_trusted_proxy_the_address_that_it_names_counts(
    engine: Engine, keyed_settings: Settings, partner: Partner
) -> None:
    key = key_of(engine, keyed_settings, partner, Scope.ACCOUNT, networks=("203.0.113.0/24",))
    app = create_app(keyed_settings.model_copy(update={"trusted_proxies": ("10.0.0.0/8",)}), clock=LiveClock())
    with TestClient(app, client=("10.1.2.3", 50_000)) as client:
        for forwarded, status in (("203.0.113.7", 200), ("203.0.113.7, 198.51.100.1", 403), ("", 403)):
            headers = {**key.headers, "X-Forwarded-For": forwarded}
            assert client.get("/v1/account", headers=headers).status_code == status, forwarded


def test_a_publishable_key_changes_nothing_of_a_read(
    client: TestClient, engine: Engine, keyed_settings: Settings, partner: Partner, corridor: str
) -> None:
    app_key = key_of(engine, keyed_settings, partner, kind=KeyKind.PUBLISHABLE)
    for path in (READ, "/v1/providers", "/v1/quotes?page_size=5", f"/v1/corridors/{corridor}", "/v1/corridors.csv"):
        without, with_key = client.get(path), client.get(path, headers=app_key.headers)
        assert without.status_code == 200
        assert with_key.content == without.content
        for name in ("etag", "cache-control", "vary", "x-threepercent-version"):
            assert with_key.headers.get(name) == without.headers.get(name), (path, name)
    assert refused(client, ("X-API-Key", app_key.key), path="/v1/account") == (403, "wrong-scope")


def test_a_key_without_the_scope_is_told_which_one_it_needs(
    client: TestClient, engine: Engine, keyed_settings: Settings, partner: Partner
) -> None:
    writer = key_of(engine, keyed_settings, partner, Scope.QUOTES_WRITE)
    answer = client.get("/v1/account", headers=writer.headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/wrong-scope")
    assert "scope account" in answer.json()["detail"]


# ---------------------------------------------------------------- what is kept of a key, and for how long


class Database:
    """Says what is known of hashes; counts how often it is asked."""

    def __init__(self, known: KnownKey | None) -> None:
        self.known = known
        self.asked = 0
        self.is_away = False

    def __call__(self, _engine: Engine, _digest: bytes) -> KnownKey | None:
        self.asked += 1
        if self.is_away:
            raise DatabaseUnreachable("The database does not answer.")
        return self.known


class Ring:
    """A key ring whose database and clock are the test's."""

    def __init__(self, settings: Settings, engine: Engine, keyed: Keyed | None, patch: pytest.MonkeyPatch) -> None:
        self.at = 0.0
        self.uses: list[str] = []
        self.database = Database(KnownKey(keyed.made.record, keyed.partner) if keyed else None)
        patch.setattr(callers, "find_key", self.database)
        self.ring = KeyRing(
            settings, engine, lambda: NOW, on_use=lambda key, _: self.uses.append(key), seconds=lambda: self.at
        )

    async def ask(self, text: str) -> str:
        key = read_key(text)
        return (await self.ring.caller(key, ipaddress.ip_address("192.0.2.1"))).key_id


def test_what_is_known_of_a_key_is_kept_for_a_second(
    keyed_settings: Settings, engine: Engine, live: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = Ring(keyed_settings, engine, live, monkeypatch)

    async def ask() -> None:
        for at, asked in ((0.0, 1), (0.5, 1), (0.99, 1), (1.0, 2), (1.5, 2), (2.0, 3)):
            ring.at = at
            assert await ring.ask(live.key) == live.made.record.id
            assert ring.database.asked == asked, at

    asyncio.run(ask())
    assert ring.uses == [live.made.record.id] * 6


def test_a_key_that_nobody_made_is_remembered_too(
    keyed_settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = Ring(keyed_settings, engine, None, monkeypatch)

    async def ask() -> None:
        for _ in range(5):
            with pytest.raises(KeyUnknown):
                await ring.ask(UNKNOWN_KEY)

    asyncio.run(ask())
    assert ring.database.asked == 1
    assert ring.uses == []


def test_many_who_ask_at_once_share_one_look(
    keyed_settings: Settings, engine: Engine, live: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = Ring(keyed_settings, engine, live, monkeypatch)

    async def ask() -> None:
        assert len(set(await asyncio.gather(*(ring.ask(live.key) for _ in range(50))))) == 1

    asyncio.run(ask())
    assert ring.database.asked == 1


def test_while_the_database_is_away_keys_that_were_good_are(
    keyed_settings: Settings, engine: Engine, live: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = Ring(keyed_settings, engine, live, monkeypatch)

    async def ask() -> None:
        await ring.ask(live.key)
        ring.database.is_away, ring.at = True, 3600.0
        assert await ring.ask(live.key) == live.made.record.id
        with pytest.raises(DatabaseUnreachable):
            await ring.ask(UNKNOWN_KEY)

    asyncio.run(ask())


def test_a_new_key_while_the_database_is_away_is_asked_to_wait(
    client: TestClient, live: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Database(None)
    away.is_away = True
    monkeypatch.setattr(callers, "find_key", away)
    answer = client.get(READ, headers=live.headers)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["type"] == "/problems/unavailable"
    assert client.get(READ).status_code == 200


def test_only_so_many_keys_are_remembered(
    keyed_settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "MOST_KNOWN", 10)
    ring = Ring(keyed_settings, engine, None, monkeypatch)

    async def ask() -> None:
        for number in range(30):
            with pytest.raises(KeyUnknown):
                await ring.ask(make_key(KeyKind.LIVE, number.to_bytes(RANDOM_BYTES)).text)

    asyncio.run(ask())
    assert ring.ring.remembered == 10
