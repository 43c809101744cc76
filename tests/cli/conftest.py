"""Which fixture to choose.

threepercent      runs a command in this process: ``threepercent("compare", "GBR-PHL")`` → exit status, output, errors.
                  Its database holds the demonstration survey of ``make run``, and its clock stands still.
live              the same, and the tariffs and rates of ``make run`` as well.
without_data      the same, over a migrated database without any prices.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import time_machine
from typer.testing import CliRunner, Result

from app.cli import app

ROOT = Path(__file__).parents[2]
NOON = "2026-11-23T12:00:00Z"

Run = Callable[..., Result]


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database that ``make run`` makes."""
    folder = tmp_path_factory.mktemp("demonstration")
    rows = re.search(r"^DEMO_ROWS \?= ([0-9]+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert rows is not None
    runner = CliRunner()
    with pytest.MonkeyPatch.context() as patch, time_machine.travel(NOON, tick=True):
        patch.setenv("THREEPERCENT_DATA_DIR", str(folder))
        made = runner.invoke(app, ["demo-data", "--rows", rows[1], "--out", str(folder / "demo.xlsx")])
        assert made.exit_code == 0, made.output
        imported = runner.invoke(app, ["import", str(folder / "demo.xlsx")])
        assert imported.exit_code == 0, imported.output
    return folder


@pytest.fixture(scope="session")
def live_demonstration(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database that ``make run`` makes, its live prices of today included."""
    folder = tmp_path_factory.mktemp("live")
    shutil.copyfile(demonstration / "threepercent.db", folder / "threepercent.db")
    runner = CliRunner()
    with pytest.MonkeyPatch.context() as patch, time_machine.travel(NOON, tick=True):
        patch.setenv("THREEPERCENT_DATA_DIR", str(folder))
        for layout in ("rates", "quotes"):
            made = runner.invoke(app, ["demo-data", "--layout", layout, "--out", str(folder / f"demo.{layout}")])
            assert made.exit_code == 0, made.output
            imported = runner.invoke(app, ["import", str(folder / f"demo.{layout}")])
            assert imported.exit_code == 0, imported.output
    return folder


@pytest.fixture
def live(live_demonstration: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    yield from _runner(live_demonstration, monkeypatch)


@pytest.fixture
def threepercent(demonstration: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    yield from _runner(demonstration, monkeypatch)


@pytest.fixture
def without_data(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    shutil.copyfile(sqlite_template, tmp_path / "threepercent.db")
    yield from _runner(tmp_path, monkeypatch)


def _runner(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.setenv("THREEPERCENT_DATA_DIR", str(folder))
    monkeypatch.setenv("COLUMNS", "120")
    runner = CliRunner()

    def run(*arguments: str) -> Result:
        return runner.invoke(app, list(arguments), prog_name="threepercent")

    with time_machine.travel(NOON, tick=False):
        yield run
