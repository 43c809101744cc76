"""One imported sample, one app, one client for all of this package's tests; nothing here writes after the import."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from app.db import open_engine, reading
from app.ingest import Order, Report, run
from app.main import create_app
from app.settings import Settings
from app.store.quotes import quotes
from tests.oracle.checking import Answer, parsed

WORKBOOK = "rpw/rpw_workbook_2011_2025_sample.xlsx"
Listed = Callable[..., list[Answer]]
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def sample_settings(shared_data: Path, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    assert (shared_data / WORKBOOK).is_file()
    data_dir = tmp_path_factory.mktemp("sample")
    shutil.copyfile(sqlite_template, data_dir / "threepercent.db")
    return Settings(data_dir=data_dir)


@pytest.fixture(scope="session")
def imported(sample_settings: Settings, shared_data: Path) -> Report:
    engine = open_engine(sample_settings.database_url)
    try:
        return run(engine, Order(file=shared_data / WORKBOOK, data_dir=sample_settings.data_dir, now=NOW))
    finally:
        engine.dispose()


@pytest.fixture(scope="session")
def client(sample_settings: Settings, imported: Report) -> Iterator[TestClient]:
    assert not imported.already
    with TestClient(create_app(sample_settings, clock=lambda: NOW)) as opened:
        yield opened


@pytest.fixture(scope="session")
def listed(client: TestClient) -> Listed:
    """The list of corridors of a quarter in an order, asked once and kept."""

    @cache
    def ask(period: str, sort: str = "average") -> list[Answer]:
        parameters = {"period": period, "page_size": "500", "sort": sort}
        answer = parsed(client.get("/v1/corridors", params=parameters).text)
        assert answer["next_page_token"] is None
        corridors = answer["corridors"]
        assert isinstance(corridors, list)
        return corridors

    return ask


@pytest.fixture(scope="session")
def row_of_quote(sample_settings: Settings, imported: Report) -> Mapping[str, str]:
    """The survey's own key of the row behind each quote id: `2013-Q3/4687`."""
    assert not imported.already
    engine = open_engine(sample_settings.database_url)
    try:
        with reading(engine) as connection:
            found = connection.execute(select(quotes.c.id, quotes.c.source_key))
            return {str(quote): key for quote, key in found}
    finally:
        engine.dispose()
