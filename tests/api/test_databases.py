"""SQLite and PostgreSQL give the same bytes for the same import under the same clock; new data are seen at once."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.db import open_engine
from app.demo.files import write_csv
from app.demo.plan import Plan
from app.demo.traps import Layout
from app.ingest import Order, run
from app.main import create_app, refresh
from app.settings import Settings
from tests.api.conftest import NOW


def import_into(url: str, file: Path, data_dir: Path) -> None:
    engine = open_engine(url)
    try:
        run(engine, Order(file=file, data_dir=data_dir, now=NOW))
    finally:
        engine.dispose()


@pytest.fixture(scope="module")
def either(database_url: str, demo_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The app over each database in turn, with the same import as ``demo``."""
    data_dir = tmp_path_factory.mktemp("either")
    import_into(database_url, demo_file, data_dir)
    settings = Settings(data_dir=data_dir, database_url=database_url)
    with TestClient(create_app(settings, clock=lambda: NOW)) as opened:
        yield opened


def paths(client: TestClient) -> Iterator[str]:
    yield from (f"/v1/{name}?page_size=500" for name in ("corridors", "providers", "countries", "currencies"))
    yield from ("/v1/sources", "/v1/quotes?page_size=500", "/v1/quotes.csv?page_size=500", "/v1/corridors.ndjson")
    yield "/v1/quotes?receiving_method=cash&payment_instrument=cash,bank_account&transfer_speed=same_day"
    yield "/v1/quotes?superseded=true&cost_status=suspect"
    for row in client.get("/v1/corridors?page_size=9").json()["corridors"]:
        corridor = row["id"]
        yield f"/v1/corridors/{corridor}/cost-curve"
        for period in client.get(f"/v1/corridors/{corridor}").json()["periods"]:
            yield f"/v1/corridors/{corridor}?period={period}"
            yield f"/v1/corridors/{corridor}/comparison?period={period}&limit=500&expand=excluded"
    for quote in client.get("/v1/quotes?page_size=40").json()["quotes"]:
        yield f"/v1/quotes/{quote['id']}"


def test_both_databases_give_the_same_bytes(either: TestClient, demo: TestClient) -> None:
    asked = list(paths(demo))
    assert len(asked) > 60
    for path in asked:
        here, there = either.get(path), demo.get(path)
        assert (here.status_code, here.content) == (there.status_code, there.content), path
        assert here.headers["etag"] == there.headers["etag"]


def test_the_same_questions_page_by_page_give_the_same_rows(either: TestClient) -> None:
    seen: list[str] = []
    link = "/v1/quotes?page_size=300"
    while link:
        answer = either.get(link)
        seen += [row["id"] for row in answer.json()["quotes"]]
        link = answer.links["next"]["url"] if "next" in answer.links else ""
    assert len(seen) == len(set(seen))
    assert len(seen) > 2000


def a_survey(folder: Path, name: str, seed: int) -> Path:
    path = folder / name
    write_csv(Plan(300, seed, (Layout.NEW,)), path, lambda _: None)
    return path


def test_new_data_are_seen_without_a_restart_and_an_order_that_changed_says_so(sqlite_url: str, tmp_path: Path) -> None:
    import_into(sqlite_url, a_survey(tmp_path, "first.csv", 3), tmp_path)
    moment = NOW
    app = create_app(Settings(data_dir=tmp_path, database_url=sqlite_url), clock=lambda: moment)
    with TestClient(app) as client:
        first = client.get("/v1/corridors?page_size=1")
        by_key = client.get("/v1/providers?page_size=1")
        import_into(sqlite_url, a_survey(tmp_path, "second.csv", 4), tmp_path)
        moment += timedelta(seconds=2)
        assert refresh(app.state.served)
        second = client.get("/v1/corridors?page_size=1")
        assert second.json()["dataset_version"] == first.json()["dataset_version"] + 1
        assert second.headers["etag"] != first.headers["etag"]
        outdated = client.get(f"/v1/corridors?page_size=1&page_token={first.json()['next_page_token']}")
        assert (outdated.status_code, outdated.json()["type"]) == (409, "/problems/outdated-page-token")
        goes_on = client.get(f"/v1/providers?page_size=1&page_token={by_key.json()['next_page_token']}")
        assert goes_on.status_code == 200
