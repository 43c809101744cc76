"""The app that ships over demonstration data, imported once for all of this package's tests.

demo         the app's client; nothing writes after the import.
demo_app     the app itself, its lifespan running.
live         a client over the same survey with a day's live tariffs and reference rates; its clock is live_clock.at.
world        an empty database that is served, whose clock and sources a test changes.
"""

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.db import open_engine
from app.demo.files import write_workbook
from app.demo.plan import Plan
from app.ingest import Order, run
from app.main import create_app
from app.settings import Settings
from scripts.build_examples import import_live
from tests.api.served_sources import World, served

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DEMO_ROWS = 1500


def write_demo(folder: Path) -> Path:
    path = folder / "demo.xlsx"
    write_workbook(Plan(DEMO_ROWS), path, lambda _: None)
    return path


def import_into(url: str, file: Path, data_dir: Path, now: datetime = NOW) -> None:
    engine = open_engine(url)
    try:
        run(engine, Order(file=file, data_dir=data_dir, now=now))
    finally:
        engine.dispose()


@pytest.fixture(scope="session")
def demo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demo(tmp_path_factory.mktemp("demo-file"))


@pytest.fixture(scope="session")
def demo_settings(sqlite_template: Path, demo_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    data_dir = tmp_path_factory.mktemp("demo")
    shutil.copyfile(sqlite_template, data_dir / "threepercent.db")
    settings = Settings(data_dir=data_dir)
    import_into(settings.database_url, demo_file, data_dir)
    return settings


@pytest.fixture(scope="session")
def demo_app(demo_settings: Settings) -> FastAPI:
    return create_app(demo_settings, clock=lambda: NOW)


@pytest.fixture(scope="session")
def demo(demo_app: FastAPI) -> Iterator[TestClient]:
    with TestClient(demo_app) as opened:
        yield opened


class LiveClock:
    """A clock that tests set; ``NOW`` unless they do."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def live_clock(_live: tuple[TestClient, LiveClock]) -> LiveClock:
    return _live[1]


@pytest.fixture
def live(_live: tuple[TestClient, LiveClock]) -> Iterator[TestClient]:
    client, clock = _live
    clock.at = NOW
    yield client
    clock.at = NOW


def copy_database(whose: Settings, into: Settings) -> None:
    """Copy a SQLite database, whole, to where other settings have theirs."""
    with closing(sqlite3.connect(whose.data_dir / "threepercent.db")) as copied:
        copied.execute("VACUUM INTO ?", (str(into.data_dir / "threepercent.db"),))


@pytest.fixture(scope="session")
def live_settings(demo_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings over the survey with a day's prices and rates; copy it to write."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("live"))
    copy_database(demo_settings, settings)
    engine = open_engine(settings.database_url)
    import_live(engine, settings.data_dir)
    engine.dispose()
    return settings


@pytest.fixture(scope="session")
def _live(live_settings: Settings) -> Iterator[tuple[TestClient, LiveClock]]:
    clock = LiveClock()
    with TestClient(create_app(live_settings, clock=clock)) as opened:
        yield opened, clock


@pytest.fixture
def world(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    with served(sqlite_url, tmp_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def corridor(demo: TestClient) -> str:
    """A corridor of the newest round with several offers."""
    rows = demo.get("/v1/corridors?page_size=500").json()["corridors"]
    surveyed = [row for row in rows if row["services"] and row["comparable"]]
    return str(max(surveyed, key=lambda row: (row["services"], row["id"]))["id"])


@pytest.fixture
def chance() -> random.Random:
    return random.Random(3)
