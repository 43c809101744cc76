"""The frame of the command line: help, completion, exit statuses, and no traceback for what people do wrong."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from app.cli import COMMANDS, app, load
from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]
HEAVY = ("fastapi", "sqlalchemy", "pydantic_settings", "python_calamine", "xlsxwriter", "rich.table", "uvicorn")
COMMAND = [sys.executable, "-c", "from app.cli import main; main()"]


def test_help_lists_every_command_and_imports_none() -> None:
    script = f"""
import sys
from app.cli import app
try:
    app(["--help"], prog_name="threepercent")
except SystemExit as end:
    assert end.code == 0
loaded = [name for name in {HEAVY!r} if name in sys.modules]
assert not loaded, loaded
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    for name, place in COMMANDS.items():
        assert name in done.stdout
        assert place.summary in " ".join(done.stdout.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    result = CliRunner().invoke(app, [name, "--help"], prog_name="threepercent")
    assert result.exit_code == 0
    assert f"Usage: threepercent {name}" in result.stdout
    assert load(name).name == name


def test_a_summary_is_the_first_line_of_its_command() -> None:
    for name, place in COMMANDS.items():
        found = getattr(import_module(place.module), place.attribute)
        first = found.info.help if isinstance(found, typer.Typer) else (found.__doc__ or "").partition("\n")[0]
        assert first is not None
        assert first.startswith(place.summary.rstrip(".")), f"{name}: {first}"


def test_the_version_is_the_package_version() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert result.exit_code == 0
    assert result.stdout.strip().count(".") == 2


def test_a_misspelt_command_is_wrong_use_and_suggests() -> None:
    result = CliRunner().invoke(app, ["comapre"])
    assert result.exit_code == 2
    assert "compare" in result.stderr


@pytest.mark.parametrize(("typed", "expected"), [("comp", "compare"), ("compare --amount-", "--amount-is")])
def test_the_tab_key_completes_in_bash(typed: str, expected: str) -> None:
    words = f"threepercent {typed}"
    environment = {
        **os.environ,
        "_THREEPERCENT_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    script = "import sys; sys.argv[0] = 'threepercent'; from app.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert expected in done.stdout.split(), done.stderr


@pytest.mark.parametrize(
    ("variable", "value", "status"),
    [
        ("THREEPERCENT_LOG_LEVEL", "loud", 2),
        ("THREEPERCENT_DATABSE_URL", "sqlite:///x.db", 2),
        ("THREEPERCENT_DATABASE_URL", "oracle://somewhere/x", 1),
        ("THREEPERCENT_DATABASE_URL", "sqlite:////nowhere/at/all.db", 1),
    ],
)
def test_wrong_settings_are_explained(variable: str, value: str, status: int) -> None:
    environment = {**os.environ, variable: value}
    done = subprocess.run(
        [*COMMAND, "compare", "GBR-PHL"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()
    assert not done.stdout


def test_without_prices_the_next_step_is_named(without_data: Run) -> None:
    result = without_data("compare", "GBR-PHL")
    assert result.exit_code == 1
    assert "threepercent import" in result.stderr
