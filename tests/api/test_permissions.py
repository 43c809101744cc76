"""Every route × scope × owner, from the OpenAPI document: who may call what, and that nobody reaches what is another's.

A new route is tested without anybody adding it here, if its path parameters have values in ``Owned``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from app.accounts import Maker, key_secret, revoke_key
from app.api.contract import document
from app.db import open_engine, writing
from app.domain.key_rights import SCOPES_OF, scopes_of_partner
from app.domain.keys import RANDOM_BYTES, make_key
from app.domain.partners import KeyKind, Partner, PartnerKind, Scope
from app.main import create_app
from app.settings import Settings
from tests.api.keyed import ACTOR, BEFORE, Keyed, key_of, partner_of
from tests.push.pushing import NOW, body, item

JSON = {"Content-Type": "application/json"}
PUBLIC_PREFIX = "/v1/"


@dataclass(frozen=True)
class Call:
    """One operation: how it is called, and the scope that it declares; null where everybody may call it."""

    method: str
    path: str
    scope: str | None

    @property
    def parameters(self) -> list[str]:
        """The names in its path."""
        return re.findall(r"{(\w+)}", self.path)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Caller:
    """A key, what it allows as far as the test knows, and how it is answered where it is not good at all."""

    name: str
    headers: dict[str, str]
    scopes: frozenset[str] = frozenset()
    refused: str | None = None


@dataclass(frozen=True)
class Owned:
    """What a partner has, by the names of path parameters."""

    keyed: Keyed
    ids: dict[str, str]


@dataclass
class House:
    """The app with two partners who own one of everything."""

    client: TestClient
    engine: Engine
    settings: Settings
    calls: list[Call]
    one: Partner
    other: Partner
    operator: Partner

    def key(self, *scopes: Scope, of: Partner | None = None, kind: KeyKind = KeyKind.LIVE, **words: Any) -> Keyed:  # noqa: ANN401 - as of ``key_of``
        return key_of(self.engine, self.settings, of or self.one, *scopes, kind=kind, **words)

    def call(self, call: Call, headers: dict[str, str], ids: dict[str, str]) -> Any:  # noqa: ANN401 - httpx's answer
        path = call.path
        for name in call.parameters:
            path = path.replace(f"{{{name}}}", ids.get(name, PLACEHOLDERS.get(name, "nothing")))
        if call.method in {"GET", "DELETE"}:
            return self.client.request(call.method, path, headers=headers)
        sent = {**JSON, "Idempotency-Key": "a-key-of-this-test", "If-Match": '"0"', **headers}
        return self.client.request(call.method, path, headers=sent, content=b"{}")

    def owned(self, partner: Partner, provider: str) -> Owned:
        """Push a good quote and a doubtful one, and return what the partner has then."""
        keyed = self.key(Scope.QUOTES_WRITE, Scope.ACCOUNT, of=partner)
        quotes = [
            item(provider=provider, external_id=f"{provider}-good"),
            item(provider=provider, external_id=f"{provider}-doubtful", offered_rate="9000"),
        ]
        answer = self.client.post(
            "/v1/quotes", content=body(*quotes), headers={**JSON, **keyed.headers, "Idempotency-Key": provider}
        )
        assert answer.status_code == 201, answer.text
        said = answer.json()
        return Owned(
            keyed,
            {
                "import_id": said["import_id"],
                "key_id": keyed.made.record.id,
                "quote_id": said["quotes"][0]["quote_id"],
            },
        )


PLACEHOLDERS = {
    "corridor": "GBR-PHL",
    "provider": "example-transfer",
    "source": "rpw",
    "suffix": "csv",
    "quote_id": "00000000-0000-8000-8000-000000000000",
    "import_id": "imp_aaaaaaaaaaaaaaaaaaaaaaaaaa",
    "key_id": "key_aaaaaaaaaaaaaaaa",
}


@pytest.fixture(scope="module")
def house(settings: Settings) -> Iterator[House]:
    own = settings.model_copy(update={"limits_enabled": False})
    engine = open_engine(own.database_url)
    app = create_app(own, clock=lambda: NOW)
    with TestClient(app) as client:
        yield House(
            client=client,
            engine=engine,
            settings=own,
            calls=calls_of(document(app)),
            one=partner_of(engine),
            other=partner_of(engine, "Other Money", providers=("other-money",)),
            operator=partner_of(engine, "Night Desk", PartnerKind.OPERATOR),
        )
    engine.dispose()


def calls_of(contract: dict[str, Any]) -> list[Call]:
    found = []
    for path, methods in contract["paths"].items():
        if path.startswith(PUBLIC_PREFIX):
            for method, operation in methods.items():
                scopes = {scope for way in operation["security"] for roles in way.values() for scope in roles}
                assert len(scopes) <= 1, path
                assert ({} in operation["security"]) == (not scopes), path
                found.append(Call(method.upper(), path, next(iter(scopes), None)))
    return found


def good_callers(house: House) -> Iterator[Caller]:
    """Every kind of key with every set of scopes that it may have, of a partner and of the operator."""
    for partner in (house.one, house.operator):
        for kind in KeyKind:
            allowed = sorted(SCOPES_OF[kind] & scopes_of_partner(partner.kind))
            for size in range(len(allowed) + 1):
                for scopes in combinations(allowed, size):
                    keyed = house.key(*scopes, of=partner, kind=kind)
                    name = f"{partner.id} {kind.value} {'+'.join(scopes)}"
                    yield Caller(name, keyed.headers, frozenset(scope.value for scope in scopes))


def bad_callers(house: House) -> Iterator[Caller]:
    """Keys that are not good for anything, not even for what everybody may read."""
    scopes = (Scope.QUOTES_WRITE, Scope.ACCOUNT)
    revoked, expired = house.key(*scopes), house.key(*scopes, expires_at=NOW - timedelta(seconds=1))
    with writing(house.engine) as connection:
        by = Maker(actor=ACTOR, now=BEFORE, secret=key_secret(house.settings))
        revoke_key(connection, revoked.made.record, by)
    unknown = make_key(KeyKind.LIVE, b"\x01" * RANDOM_BYTES).text
    yield Caller("revoked", revoked.headers, refused="key-revoked")
    yield Caller("expired", expired.headers, refused="key-expired")
    yield Caller("unknown", {"X-API-Key": unknown}, refused="key-unknown")
    yield Caller("malformed", {"X-API-Key": unknown[:-1]}, refused="key-malformed")
    yield Caller("empty", {"X-API-Key": ""}, refused="key-malformed")
    yield Caller("two", {**house.key(*scopes).headers, "X-API-Key": unknown}, refused="key-malformed")


def test_every_write_and_account_call_declares_a_scope(house: House) -> None:
    declared = {str(call): call.scope for call in house.calls}
    assert {call.scope for call in house.calls} == {None, "account", "quotes:review", "quotes:write"}
    for call in house.calls:
        is_private = call.method != "GET" or re.match(r"/v1/(account|imports|quarantine)\b", call.path)
        assert (call.scope is not None) == bool(is_private), call
    assert declared["POST /v1/quotes"] == "quotes:write"
    assert declared["GET /v1/quarantine"] == "quotes:review"


def test_every_route_admits_keys_with_its_scope_and_no_others(house: House) -> None:
    callers = [Caller("nobody", {}, refused=None), *good_callers(house)]
    assert len(callers) > 20
    for caller in callers:
        for call in house.calls:
            answer = house.call(call, caller.headers, {})
            what = (caller.name, str(call), answer.status_code)
            if call.scope is None or call.scope in caller.scopes:
                assert answer.status_code not in {401, 403}, what
                assert answer.status_code < 500, (what, answer.text)
            else:
                expected = (401, "key-missing") if caller.name == "nobody" else (403, "wrong-scope")
                assert (answer.status_code, code_of(answer)) == expected, what


def test_a_key_that_is_not_good_opens_nothing_at_all(house: House) -> None:
    for caller in bad_callers(house):
        for call in house.calls:
            answer = house.call(call, caller.headers, {})
            assert (answer.status_code, code_of(answer)) == (401, caller.refused), (caller.name, str(call))


def test_no_partner_reaches_what_is_anothers(house: House) -> None:
    owners = [house.owned(house.one, "example-transfer"), house.owned(house.other, "other-money")]
    for asks, owner in (owners, owners[::-1]):
        tester = house.key(Scope.QUOTES_WRITE, Scope.ACCOUNT, of=asks.keyed.partner, kind=KeyKind.TEST)
        own_tester = house.key(Scope.QUOTES_WRITE, Scope.ACCOUNT, of=owner.keyed.partner, kind=KeyKind.TEST)
        for call in house.calls:
            if call.scope not in {"account", "quotes:write"}:
                continue
            assert set(call.parameters) <= set(owner.ids), f"say in Owned what {call} is about"
            for keyed in (asks.keyed, tester, own_tester):
                answer = house.call(call, keyed.headers, owner.ids)
                nobodys = house.call(call, keyed.headers, {})
                if call.parameters:
                    assert answer.status_code == nobodys.status_code, (str(call), answer.text, nobodys.text)
                    if call.method in {"GET", "DELETE"}:
                        assert answer.status_code == 404, (str(call), answer.text)
                for secret in owner.ids.values():
                    assert secret not in answer.text, (str(call), secret)


def test_a_partner_reaches_what_is_its_own(house: House) -> None:
    own = house.owned(house.other, "other-money")
    for call in house.calls:
        if call.method == "GET" and call.scope in {"account", "quotes:write"}:
            assert house.call(call, own.keyed.headers, own.ids).status_code == 200, str(call)


def code_of(answer: Any) -> str:  # noqa: ANN401 - httpx's answer
    return str(answer.json()["type"]).removeprefix("/problems/")
