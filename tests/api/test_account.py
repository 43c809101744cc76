"""Accounts over HTTP: what a partner sees of its own, and the keys that it makes, rotates and revokes itself."""

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from app.api.callers import KNOWN_SECONDS
from app.db import open_engine, reading
from app.domain.keys import read_key
from app.domain.partners import KeyKind, Partner, PartnerKind, Scope
from app.main import create_app
from app.settings import Settings
from app.store import audit, keys
from tests.api.conftest import NOW, LiveClock
from tests.api.keyed import Keyed, key_of, partner_of

ACCOUNT = "/v1/account"
KEYS = "/v1/account/keys"
KEY_ID = re.compile(r"key_[a-z2-7]{16}")

Answer = dict[str, Any]


class Accounts:
    """A server with two partners and the operator; its clock is the test's."""

    def __init__(self, client: TestClient, engine: Engine, settings: Settings, clock: LiveClock) -> None:
        self.client = client
        self.engine = engine
        self.settings = settings
        self.clock = clock
        self.partner = partner_of(engine)
        self.other = partner_of(engine, "Other Money", providers=("other-money",))
        self.operator = partner_of(engine, "Night Desk", PartnerKind.OPERATOR)

    def key(self, *scopes: Scope, of: Partner | None = None, kind: KeyKind = KeyKind.LIVE, **words: Any) -> Keyed:  # noqa: ANN401 - as of ``key_of``
        return key_of(self.engine, self.settings, of or self.partner, *scopes, kind=kind, **words)

    def create(self, by: Keyed | str, status: int = 201, **body: object) -> Answer:
        headers = by.headers if isinstance(by, Keyed) else {"X-API-Key": by}
        answer = self.client.post(KEYS, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        found: Answer = answer.json()
        return found

    def status(self, key: str, path: str = ACCOUNT) -> int:
        return self.client.get(path, headers={"X-API-Key": key}).status_code

    def acts(self) -> list[str]:
        with reading(self.engine) as connection:
            return [f"{entry.act.actor} {entry.act.action}" for entry in audit.newest(connection, 5)]


@pytest.fixture
def accounts(sqlite_template: Path, tmp_path: Path) -> Iterator[Accounts]:
    shutil.copyfile(sqlite_template, tmp_path / "threepercent.db")
    settings = Settings(data_dir=tmp_path)
    clock, engine = LiveClock(), open_engine(settings.database_url)
    with TestClient(create_app(settings, clock=clock)) as client:
        yield Accounts(client, engine, settings, clock)
    engine.dispose()


@pytest.fixture
def a_second_later(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let what is known of keys be forgotten, as it is after a second."""
    return lambda: monkeypatch.setattr("app.api.callers.KNOWN_SECONDS", 0.0)


def test_an_account_shows_its_plan_its_providers_and_its_keys(accounts: Accounts) -> None:
    owner = accounts.key(Scope.ACCOUNT)
    accounts.key(Scope.QUOTES_WRITE, at=NOW)
    accounts.key(Scope.ACCOUNT, of=accounts.other)
    answer = accounts.client.get(ACCOUNT, headers=owner.headers)
    assert answer.headers["cache-control"] == "private, no-store"
    account = answer.json()
    assert (account["id"], account["source"], account["plan"]["name"]) == (
        "example-transfer",
        "partner-example-transfer",
        "standard",
    )
    assert account["providers"] == [
        {"id": "example-transfer", "name": "Example Transfer", "type": "money_transfer_operator"}
    ]
    assert [key["scopes"] for key in account["keys"]] == [["account"], ["quotes:write"]]
    assert account["key"] == account["keys"][0]["id"] == owner.made.record.id
    assert owner.key not in answer.text


def test_a_new_key_is_shown_once_and_works_at_once(accounts: Accounts) -> None:
    owner = accounts.key(Scope.ACCOUNT, Scope.QUOTES_WRITE)
    made = accounts.create(owner, name="nightly batch", scopes=["account"])
    assert read_key(made["key"]).kind is KeyKind.LIVE
    assert KEY_ID.fullmatch(made["id"])
    assert (made["name"], made["scopes"], made["state"]) == ("nightly batch", ["account"], "active")
    assert made["created_by"] == f"key:{owner.made.record.id}"
    assert made["key"].startswith(made["shown"].rstrip("…"))
    assert made["key"] not in accounts.client.get(ACCOUNT, headers=owner.headers).text
    assert accounts.status(made["key"]) == 200
    assert accounts.acts()[0] == f"key:{owner.made.record.id} key_created"


def test_the_answer_with_a_key_is_kept_nowhere(accounts: Accounts) -> None:
    answer = accounts.client.post(KEYS, json={"scopes": []}, headers=accounts.key(Scope.ACCOUNT).headers)
    assert answer.headers["cache-control"] == "private, no-store"
    assert "etag" not in answer.headers


@pytest.mark.parametrize(
    ("has", "asks"),
    [
        ({Scope.ACCOUNT}, ["quotes:write"]),
        ({Scope.ACCOUNT, Scope.QUOTES_WRITE}, ["quotes:write", "private:read"]),
        ({Scope.ACCOUNT}, ["quotes:review"]),
    ],
)
def test_a_key_creates_no_key_with_more_scopes(accounts: Accounts, has: set[Scope], asks: list[str]) -> None:
    refused = accounts.create(accounts.key(*has), status=403, scopes=asks)
    assert refused["type"] == "/problems/wrong-scope"
    assert len(keys_of(accounts)) == 1


def test_a_test_key_creates_test_keys_only(accounts: Accounts) -> None:
    owner = accounts.key(Scope.ACCOUNT, Scope.QUOTES_WRITE, kind=KeyKind.TEST)
    assert accounts.create(owner, scopes=["quotes:write"])["kind"] == "test"
    for kind in ("live", "pub"):
        assert accounts.create(owner, status=403, kind=kind, scopes=[])["type"] == "/problems/wrong-scope"


def test_a_key_that_was_just_revoked_creates_none(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.api.callers.KNOWN_SECONDS", 600.0)  # it is remembered as good all the while
    owner, leaked = (accounts.key(Scope.ACCOUNT, Scope.QUOTES_WRITE) for _ in range(2))
    assert accounts.status(leaked.key) == 200
    ended = accounts.client.delete(f"{KEYS}/{leaked.made.record.id}", headers=owner.headers)
    assert ended.status_code == 200
    assert accounts.create(leaked, status=401, scopes=["quotes:write"])["type"] == "/problems/key-revoked"
    assert accounts.create(leaked, status=401, rotates=leaked.made.record.id)["type"] == "/problems/key-revoked"
    assert len(keys_of(accounts)) == 2


def test_a_live_key_creates_test_and_publishable_keys(accounts: Accounts) -> None:
    owner = accounts.key(Scope.ACCOUNT, Scope.QUOTES_WRITE)
    assert accounts.create(owner, kind="test", scopes=["quotes:write"])["key"].startswith("tp_test_")
    assert accounts.create(owner, kind="pub", scopes=[])["key"].startswith("tp_pub_")
    assert accounts.create(owner, status=422, kind="pub", scopes=["account"])["errors"][0]["pointer"] == "/body/scopes"


def test_a_key_with_an_end_or_networks_creates_keys_that_are_as_limited(accounts: Accounts) -> None:
    ends = NOW + timedelta(days=3)
    owner = accounts.key(Scope.ACCOUNT, expires_at=ends)
    assert accounts.create(owner, scopes=[])["expires_at"] == "2026-11-26T12:00:00Z"
    later = accounts.create(owner, status=422, scopes=[], expires_at="2027-01-01T00:00:00Z")
    assert later["errors"][0]["pointer"] == "/body/expires_at"
    made = accounts.create(owner, scopes=[], expires_at="2026-11-24T01:00:00+01:00")
    assert made["expires_at"] == "2026-11-24T00:00:00Z"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/body/scopes"),
        ({"scopes": ["everything"]}, "/body/scopes/0"),
        ({"scopes": [], "kind": "dead"}, "/body/kind"),
        ({"scopes": [], "networks": ["10.0.0.1/8"]}, "/body/networks"),
        ({"scopes": [], "networks": ["my house"]}, "/body/networks"),
        ({"scopes": [], "expires_at": "tomorrow"}, "/body/expires_at"),
        ({"scopes": [], "expires_at": "2027-01-01T00:00:00"}, "/body/expires_at"),
        ({"scopes": [], "expires_at": "2026-11-23T11:59:59Z"}, "/body/expires_at"),
        ({"scopes": [], "name": "x" * 81}, "/body/name"),
        ({"scopes": [], "name": "a\u202eb"}, "/body/name"),
        ({"scopes": [], "overlap_hours": 3}, "/body/overlap_hours"),
        ({"scopes": [], "colour": "red"}, "/body"),
        ({"rotates": "key_x", "scopes": ["account"]}, "/body/scopes"),
    ],
)
def test_a_body_that_makes_no_sense_is_refused_with_the_place(accounts: Accounts, body: Answer, pointer: str) -> None:
    owner = accounts.key(Scope.ACCOUNT)
    body = {name: owner.made.record.id if value == "key_x" else value for name, value in body.items()}
    refused = accounts.create(owner, status=422, **body)
    assert [error["pointer"] for error in refused["errors"]] == [pointer]
    for value in ("my house", "tomorrow", "everything", "x" * 81, "colour", "\u202e"):
        assert value not in str(refused)
    assert len(keys_of(accounts)) == 1


def test_a_rotated_key_is_good_until_the_overlap_ends(accounts: Accounts, a_second_later: Callable[[], None]) -> None:
    owner = accounts.key(Scope.ACCOUNT, Scope.QUOTES_WRITE)
    made = accounts.create(owner, rotates=owner.made.record.id, overlap_hours=2)
    assert made["scopes"] == ["account", "quotes:write"]
    a_second_later()
    assert (accounts.status(owner.key), accounts.status(made["key"])) == (200, 200)
    accounts.clock.at = NOW + timedelta(hours=2)
    assert (accounts.status(owner.key), accounts.status(made["key"])) == (401, 200)
    old = accounts.client.get(ACCOUNT, headers={"X-API-Key": made["key"]}).json()["keys"][0]
    assert (old["state"], old["successor"]) == ("expired", made["id"])


def test_a_key_is_rotated_once(accounts: Accounts) -> None:
    owner = accounts.key(Scope.ACCOUNT)
    made = accounts.create(owner, rotates=owner.made.record.id)
    again = accounts.create(owner, status=409, rotates=owner.made.record.id)
    assert again["type"] == "/problems/key-not-active"
    assert made["id"] in again["detail"]
    for hours in (-1, 721, 1.5):
        accounts.create(owner, status=422, rotates=made["id"], overlap_hours=hours)


def test_rotating_gives_no_more_than_the_key_that_asks(accounts: Accounts) -> None:
    owner = accounts.key(Scope.ACCOUNT)
    writer = accounts.key(Scope.QUOTES_WRITE)
    assert accounts.create(owner, status=403, rotates=writer.made.record.id)["type"] == "/problems/wrong-scope"


def test_a_revoked_key_is_good_no_longer_than_a_second(accounts: Accounts, a_second_later: Callable[[], None]) -> None:
    owner, writer = accounts.key(Scope.ACCOUNT), accounts.key(Scope.ACCOUNT)
    assert accounts.status(writer.key) == 200
    path = f"{KEYS}/{writer.made.record.id}"
    first = accounts.client.delete(path, headers=owner.headers)
    again = accounts.client.delete(path, headers=owner.headers)
    assert (first.status_code, first.json()["state"]) == (200, "revoked")
    assert again.json() == first.json()
    assert accounts.acts()[0] == f"key:{owner.made.record.id} key_revoked"
    assert KNOWN_SECONDS <= 1
    a_second_later()
    refused = accounts.client.get(ACCOUNT, headers=writer.headers)
    assert (refused.status_code, refused.json()["type"]) == (401, "/problems/key-revoked")
    assert accounts.client.get("/v1/corridors", headers=writer.headers).status_code == 401


def test_another_partners_key_is_unknown_like_one_that_never_was(accounts: Accounts) -> None:
    owner = accounts.key(Scope.ACCOUNT)
    others = accounts.key(Scope.ACCOUNT, of=accounts.other)
    live = accounts.key(Scope.ACCOUNT)
    tester = accounts.key(Scope.ACCOUNT, kind=KeyKind.TEST)
    said = []
    for asks, key_id in (
        (owner, others.made.record.id),
        (owner, "key_aaaaaaaaaaaaaaaa"),
        (owner, "'; DROP TABLE api_keys; --"),
        (tester, live.made.record.id),
    ):
        answers = [
            accounts.client.delete(f"{KEYS}/{key_id}", headers=asks.headers),
            accounts.client.post(KEYS, json={"rotates": key_id}, headers=asks.headers),
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        said += [{name: answer.json()[name] for name in ("type", "title", "detail")} for answer in answers]
    assert all(each == said[0] for each in said)
    assert {key["state"] for key in keys_of(accounts, others)} == {"active"}


def test_a_key_where_an_id_belongs_is_refused_and_not_repeated(accounts: Accounts) -> None:
    owner = accounts.key(Scope.ACCOUNT)
    revoked = accounts.client.delete(f"{KEYS}/{owner.key}", headers=owner.headers)
    rotated = accounts.client.post(KEYS, json={"rotates": owner.key}, headers=owner.headers)
    assert [revoked.status_code, rotated.status_code] == [404, 422]
    assert rotated.json()["type"] == "/problems/key-in-request"
    assert owner.key not in revoked.text + rotated.text


def test_a_test_key_sees_test_keys_only(accounts: Accounts) -> None:
    accounts.key(Scope.ACCOUNT)
    tester = accounts.key(Scope.ACCOUNT, kind=KeyKind.TEST)
    assert [key["kind"] for key in keys_of(accounts, tester)] == ["test"]


def test_an_account_has_so_many_keys_and_no_more(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.accounts.keys.MOST_ACTIVE_KEYS", 3)
    owner = accounts.key(Scope.ACCOUNT)
    second, _ = accounts.create(owner, scopes=[]), accounts.create(owner, scopes=[])
    assert accounts.create(owner, status=409, scopes=[])["type"] == "/problems/too-many-keys"
    accounts.client.delete(f"{KEYS}/{second['id']}", headers=owner.headers)
    accounts.create(owner, scopes=[])


def test_last_use_is_noted(accounts: Accounts) -> None:
    owner = accounts.key(Scope.ACCOUNT)
    assert keys_of(accounts, owner)[0]["last_used_at"] is None
    accounts.client.app.state.usage.store()  # type: ignore[attr-defined] # the app's state, which starlette types as none
    assert keys_of(accounts, owner)[0]["last_used_at"] == "2026-11-23T12:00:00Z"


def test_only_hashes_are_in_the_database(accounts: Accounts) -> None:
    owner = accounts.key(Scope.ACCOUNT)
    made = [accounts.create(owner, scopes=[])["key"] for _ in range(3)]
    accounts.client.app.state.usage.store()  # type: ignore[attr-defined] # as above
    with reading(accounts.engine) as connection:
        assert len(keys.listed(connection)) == 4
    stored = b"".join(path.read_bytes() for path in accounts.settings.data_dir.glob("threepercent.db*"))
    for key in (owner.key, *made):
        assert key.encode() not in stored
        assert key[12:].encode() not in stored


def keys_of(accounts: Accounts, by: Keyed | None = None) -> list[Answer]:
    if by is not None:
        found: list[Answer] = accounts.client.get(ACCOUNT, headers=by.headers).json()["keys"]
        return found
    with reading(accounts.engine) as connection:
        return [{"id": key.id} for key in keys.listed(connection, accounts.partner.id)]
