"""What only a private source knows is in no public answer: every route says byte for byte what it said without it.

Three things are excepted, and looked at apart. GET /v1/sources and /v1/status tell how healthy each source is, also a
private one, but nothing that it holds; /metrics is the operator's. And dataset versions are numbered through: the
number of the next public change tells that something was stored before it, not what.
"""

import itertools
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import Connection
from starlette.testclient import TestClient

from app.api import operations
from app.api.contract import required_scope
from app.api.deps import PRIVATE_SECONDS
from app.api.v1.routers import ROUTERS
from app.db import open_engine, writing
from app.domain.partners import Scope
from app.main import create_app, refresh
from app.settings import Settings
from app.sources.source import LiveRecord
from app.store import imports, rates, versions
from app.store.imports import FileIdentity, ImportFile
from app.store.versions import DatasetVersion
from tests.api.keyed import key_of, partner_of
from tests.store.live_records import arrive, at, live
from tests.store.records import quoted, store

CLOCK = at(3)
OPERATIONAL = ("/v1/sources", "/v1/status", "/metrics")
PRIVATE_WORDS = re.compile(r"secret|GBR-KEN|KES", re.IGNORECASE)


def public(key: str, hours: float = 1, **words: str) -> LiveRecord:
    return live(key, hours, source="quote_file", tier="", scope=key, **words)  # type: ignore[arg-type]


SECRET = live("secret", 2, name="Secret Pay", corridor="GBR-KEN", currencies=("GBP", "KES"), fee="7.77")
PUBLIC = [public("open", name="OPEN TRANSFER"), public("plain", name="Plain Money", fee="2")]
PRIVATE = [SECRET, live("o", 2, name="Open Transfer"), live("new", 2, name="Secret Money"), live("e", 2, fee="0.01")]
LATER = public("open", 2.5, name="OPEN TRANSFER", fee="1")

VALUES = {
    "corridor": ("GBR-PHL", "GBR-KEN", "ken-gbr"),
    "provider": ("open-transfer", "secret-pay", "secret-money", "swift-cash"),
    "quote_id": tuple(str(UUID(bytes=record.id)) for record in (*PUBLIC, *PRIVATE)),
    "suffix": ("csv", "ndjson", "csv-metadata.json"),
    "code": ("unknown-provider",),
    "source": ("wise", "quote_file", "rpw"),
    "release": ("2013-Q3.1",),
    "file": ("quotes.csv",),
}
QUERIES = {
    "/v1/quotes": (
        *(
            "superseded=true",
            "basis=live",
            "basis=live&superseded=true",
            "source=wise",
            "corridor=GBR-KEN",
            "page_size=1",
        ),
        *("provider=secret-pay", "provider=secret", "sending_currency=GBP", "corridor=GBR-PHL&basis=live"),
    ),
    "/v1/providers": ("q=secret", "q=open"),
    "/v1/corridors": ("basis=live", "receiving_country=KEN", "q=Kenya", "sort=cheapest"),
    "/v1/corridors/{corridor}": ("basis=live", "period=2013-Q3"),
    "/v1/corridors/{corridor}/comparison": (
        *("basis=live", "basis=live&expand=excluded", "basis=survey", "source=wise", "basis=live&amount_is=principal"),
        *("provider=secret-pay", "q=secret", "basis=live&amount=150", "receiving_currency=KES"),
    ),
    "/v1/corridors/{corridor}/cost-curve": ("basis=live", "amounts=100,200", "basis=live&source=wise"),
    "/v1/countries": ("q=Kenya",),
    "/v1/currencies": ("q=KES",),
    "/v1/rates": ("base=GBP&quote=KES", "base=EUR&quote=GBP", "base=GBP"),
}


@dataclass(frozen=True)
class Said:
    """What a route said: all of it but the id of the request."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def rates_arrive(connection: Connection) -> None:
    identity = FileIdentity(source="ecb", file_hash="e1", labels_hash="", corrections_hash="")
    file = ImportFile(identity=identity, file_name="f", layout=None, is_synthetic=False)
    import_id = imports.start(connection, file, started_at=at(0))
    version = versions.next_version(connection)
    rates.add_institutions(
        connection, [("ecb", "ecb", "European Central Bank", None, "EUR", None, None, None)], dataset_version=1
    )
    values = (("GBP", "0.8726"), ("PHP", "69.266"), ("USD", "1.1604"))
    fixings = [("ecb", "2026-11-20", "EUR", currency, value) for currency, value in values]
    rates.append(connection, fixings, import_id=import_id, dataset_version=version, recorded_at=at(0))
    versions.record_version(
        connection, DatasetVersion(version, at(0), import_id, "rates"), brought_by="ecb", touched=()
    )
    imports.finish(connection, import_id, finished_at=at(0), counts={}, dataset_version=version)


@pytest.fixture
def opened(sqlite_template: Path, tmp_path: Path) -> Settings:
    """A database with a survey's quote, two live ones that everybody may see, and reference rates."""
    shutil.copyfile(sqlite_template, tmp_path / "threepercent.db")
    settings = Settings(data_dir=tmp_path)
    engine = open_engine(settings.database_url)
    with writing(engine) as connection:
        store(connection, [quoted("1"), quoted("2", fee="3")])
    with writing(engine) as connection:
        rates_arrive(connection)
    with writing(engine) as connection:
        arrive(connection, PUBLIC, now=at(1))
    engine.dispose()
    return settings


def import_privately(settings: Settings) -> None:
    """What everybody may not see: a provider, a corridor, a currency and a spelling that nobody else has."""
    engine = open_engine(settings.database_url)
    for answer in ([SECRET], PRIVATE, [live("e", 2.5, fee="0.02"), *PRIVATE[:-1]]):
        with writing(engine) as connection:
            arrive(connection, answer, now=at(2.5))
    engine.dispose()


def addresses() -> Iterator[str]:
    """Every public GET route with every value of its parameters; an unknown parameter is to be given values here."""
    for route in (route for router in (*ROUTERS, operations.router) for route in router.routes):
        if not isinstance(route, APIRoute) or "GET" not in (route.methods or ()) or required_scope(route):
            continue
        names = re.findall(r"{(\w+)}", route.path)
        for values in itertools.product(*(VALUES[name] for name in names)):
            path = route.path.format(**dict(zip(names, values, strict=True)))
            yield path
            yield from (f"{path}?{query}" for query in QUERIES.get(route.path.removesuffix(".{suffix}"), ()))


def everything_said(client: TestClient) -> dict[str, Said]:
    found = {}
    for path in addresses():
        answer = client.get(path)
        headers = tuple(sorted(item for item in answer.headers.items() if item[0] != "x-request-id"))
        body = answer.content.replace(answer.headers["x-request-id"].encode(), b"")
        found[path] = Said(answer.status_code, headers, body)
    return found


def test_every_public_route_says_the_same_without_and_with_a_private_source(opened: Settings) -> None:
    app = create_app(opened, clock=lambda: CLOCK)
    with TestClient(app) as client:
        before = everything_said(client)
        assert before["/v1/corridors/GBR-PHL/comparison?basis=live"].status == 200
        assert before["/v1/corridors/GBR-KEN/comparison"].status == 404
        assert before["/v1/providers/secret-pay"].status == 404
        board = app.state.served.board
        import_privately(opened)
        assert refresh(app.state.served)
        assert app.state.served.board is board
        still = everything_said(client)
    again = create_app(opened, clock=lambda: CLOCK)
    with TestClient(again) as client:
        anew = everything_said(client)
    compared = [path for path in before if not path.startswith(OPERATIONAL)]
    assert len(compared) > 150
    for path in compared:
        assert before[path].status in {200, 404, 409, 422}, path
        assert still[path] == before[path], path
        assert anew[path] == before[path], path
    for path in before:
        if path.startswith(OPERATIONAL):
            asked = path.partition("?")[0]
            assert not PRIVATE_WORDS.search(anew[path].body.decode()), asked


def test_private_quotes_are_a_404_like_any_id_that_nobody_has(opened: Settings) -> None:
    import_privately(opened)
    app = create_app(opened, clock=lambda: CLOCK)
    with TestClient(app) as client:
        for record in PRIVATE:
            own = client.get(f"/v1/quotes/{UUID(bytes=record.id)}")
            nobodys = client.get(f"/v1/quotes/{UUID(int=UUID(bytes=record.id).int ^ 1)}")
            assert (own.status_code, own.json()["type"]) == (404, "/problems/unknown-quote")
            assert own.json()["title"] == nobodys.json()["title"]
        assert client.get("/v1/quotes?source=wise&superseded=true").json()["quotes"] == []
        assert client.get(f"/v1/quotes/{UUID(bytes=PUBLIC[0].id)}").status_code == 200


def test_a_key_with_the_scope_reads_what_is_private_and_no_other_key_does(opened: Settings) -> None:
    import_privately(opened)
    engine = open_engine(opened.database_url)
    partner = partner_of(engine)
    reader = key_of(engine, opened, partner, Scope.PRIVATE_READ)
    writer = key_of(engine, opened, partner, Scope.QUOTES_WRITE, Scope.ACCOUNT)
    quote = f"/v1/quotes/{UUID(bytes=SECRET.id)}"
    comparison = "/v1/corridors/GBR-KEN/comparison?basis=live"
    with TestClient(create_app(opened, clock=lambda: CLOCK)) as client:
        for path in (quote, comparison, "/v1/providers/secret-pay", "/v1/quotes?source=wise"):
            seen = client.get(path, headers=reader.headers)
            assert (seen.status_code, seen.headers["cache-control"]) == (200, "private, no-store")
            assert "secret" in seen.text.lower()
            for headers in ({}, writer.headers):
                assert "secret pay" not in client.get(path, headers=headers).text.lower()
        public = client.get("/v1/corridors?basis=live", headers=writer.headers)
        assert public.content == client.get("/v1/corridors?basis=live").content
        newer = live("newer", 2.8, name="Secret Newcomer", corridor="GBR-KEN", currencies=("GBP", "KES"))
        with writing(engine) as connection:
            arrive(connection, [newer], now=at(2.9))
        client.app.state.served.with_private.looked_at -= PRIVATE_SECONDS  # type: ignore[attr-defined] # a callable
        assert client.get("/v1/providers/secret-newcomer", headers=reader.headers).status_code == 200
    engine.dispose()


def test_the_number_of_the_next_public_version_is_all_that_tells_of_private_ones(opened: Settings) -> None:
    app = create_app(opened, clock=lambda: CLOCK)
    with TestClient(app) as client:
        first = client.get("/v1/corridors/GBR-PHL/comparison?basis=live")
        import_privately(opened)
        engine = open_engine(opened.database_url)
        with writing(engine) as connection:
            arrive(connection, [LATER], now=at(2.6))
        engine.dispose()
        assert refresh(app.state.served)
        second = client.get("/v1/corridors/GBR-PHL/comparison?basis=live")
        assert PRIVATE_WORDS.search(second.text) is None
        assert second.json()["dataset_version"] == first.json()["dataset_version"] + 4
        for path in addresses():
            answer = client.get(path)
            if answer.status_code == 200 and "secret" not in path:  # what was asked for may come back
                assert "secret" not in answer.text.lower(), path


def test_an_operator_may_show_a_source_whose_terms_are_unknown(opened: Settings) -> None:
    import_privately(opened)
    allowed = opened.model_copy(update={"public_sources": ("wise",)})
    with TestClient(create_app(allowed, clock=lambda: CLOCK)) as client:
        assert client.get(f"/v1/quotes/{UUID(bytes=SECRET.id)}").status_code == 200
        assert client.get("/v1/providers/secret-pay").json()["corridors"] == ["GBR-KEN"]
        assert len(client.get("/v1/quotes?source=wise").json()["quotes"]) == 4
        assert client.get("/v1/providers/open-transfer").json()["provider"]["name"] == "Open Transfer"
