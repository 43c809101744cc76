"""One imported sample, one app, one client for all of this package's tests; nothing here writes after the import.

demo_world, new_year_world, edge_world, twin_world   live tariffs and rates, each in a database of its own, with what
                                                     the independent computation reads of the same files.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, time
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from app.db import open_engine, reading
from app.demo import rates as demo_rates
from app.demo import tariffs as demo_tariffs
from app.ingest import Order, Report, run
from app.ingest.answer_files import answer_file
from app.ingest.answers import take
from app.main import create_app
from app.settings import Settings
from app.store.quotes import quotes
from tests.oracle import live_worlds
from tests.oracle.checking import Answer, parsed
from tests.oracle.live_checking import Clock, World
from tests.oracle.live_tariffs import read_rates, read_tariffs

WORKBOOK = "rpw/rpw_workbook_2011_2025_sample.xlsx"
ECB_HOUR = time(13, 15)
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


@pytest.fixture(scope="session")
def demo_world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder, day = tmp_path_factory.mktemp("live"), live_worlds.NOW
    demo_rates.write_rates(folder / "rates.csv", 15, day.date())
    demo_tariffs.write_tariffs(folder / "tariffs.json", 600, 3, day.date())
    with world(sqlite_template, folder, day.replace(hour=0), None) as opened:
        yield opened


@pytest.fixture(scope="session")
def new_year_world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """What the demonstration has from the United States, on the last day before their tax."""
    folder, day = tmp_path_factory.mktemp("new-year"), datetime(2025, 12, 31, tzinfo=UTC)
    demo_rates.write_rates(folder / "rates.csv", 15, day.date())
    demo_tariffs.write_tariffs(folder / "tariffs.json", 600, 3, day.date())
    live_worlds.keep_corridors_from("USA", folder / "tariffs.json")
    with world(sqlite_template, folder, day, None) as opened:
        yield opened


@pytest.fixture(scope="session")
def edge_world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("edges")
    live_worlds.write_ecb(folder / "rates.csv", 5)
    rates = read_rates(folder / "rates.csv", ECB_HOUR)
    live_worlds.write_tariffs(folder / "tariffs.json", list(live_worlds.edges(rates, 11)))
    with world(sqlite_template, folder, live_worlds.NOW, ECB_HOUR) as opened:
        yield opened


@pytest.fixture(scope="session")
def twin_world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("twins")
    live_worlds.write_ecb(folder / "rates.csv", 5)
    twins = [quote for corridor in ("GBR-PHL", "USA-MEX") for quote in live_worlds.twins(corridor)]
    live_worlds.write_tariffs(folder / "tariffs.json", [*twins, *live_worlds.silent("FRA-SEN")])
    with world(sqlite_template, folder, live_worlds.NOW, ECB_HOUR) as opened:
        yield opened


@contextmanager
def world(template: Path, folder: Path, now: datetime, fixed_at: time | None) -> Iterator[World]:
    """Import a folder's rates and tariffs, and open the product over them."""
    shutil.copyfile(template, folder / "threepercent.db")
    settings = Settings(data_dir=folder)
    engine = open_engine(settings.database_url)
    for name in ("rates.csv", "tariffs.json"):
        file = answer_file(folder / name, now)
        assert file is not None
        taken = take(engine, file.source, file.ask, file.body, data_dir=folder, now=now, public_sources=())
        assert not taken.refused, taken.refused
    engine.dispose()
    clock = Clock(now)
    with TestClient(create_app(settings, clock=clock)) as opened:
        tariffs, rates = read_tariffs(folder / "tariffs.json"), read_rates(folder / "rates.csv", fixed_at)
        yield World(opened, clock, tariffs, rates)
