"""``threepercent publish`` and ``releases``: what a person sees, and the mistakes that people make."""

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.settings import Settings
from tests.api.conftest import import_into, write_demo

runner = CliRunner()


@pytest.fixture(scope="module")
def installed(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    import_into(settings.database_url, write_demo(tmp_path_factory.mktemp("demo")), settings.data_dir)
    return settings


@pytest.fixture(autouse=True)
def environment(installed: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREEPERCENT_DATA_DIR", str(installed.data_dir))


def run(*words: str) -> tuple[int, str]:
    result = runner.invoke(app, list(words), catch_exceptions=False)
    return result.exit_code, result.output


def test_publishing_tells_what_is_new_and_the_second_time_that_nothing_is(tmp_path: Path) -> None:
    out = str(tmp_path)
    status, said = run("publish", "--date", "2026-11-24", "--out", out, "--dry-run")
    assert (status, list(tmp_path.glob("20*"))) == (0, [])
    assert "Dry run: nothing was published." in said
    status, said = run("publish", "--date", "2026-11-24", "--out", out)
    assert status == 0
    assert "! These prices are invented" in said
    assert f"Published 2026-11-24 in {tmp_path / '2026-11-24'}" in said
    assert run("publish", "--out", out)[1].endswith("Nothing to do: release 2026-11-24 holds just what is stored.\n")
    told = json.loads(run("publish", "--out", out, "--json")[1])
    assert (told["is_new"], told["release"]) == (False, "2026-11-24")


def test_today_is_the_date_unless_told(tmp_path: Path) -> None:
    told = json.loads(run("publish", "--out", str(tmp_path), "--json")[1])
    assert date.fromisoformat(told["release"]).year >= 2026
    assert told["written"] == [one["period"] for one in told["changes"]]


def test_releases_are_listed_verified_and_retracted(tmp_path: Path) -> None:
    out = ("--out", str(tmp_path))
    assert run("releases", "list", *out)[1] == "There is no release yet. Publish one with: threepercent publish\n"
    run("publish", "--date", "2026-11-24", *out)
    assert "2026-11-24   good" in run("releases", "list", *out)[1]
    assert run("releases", "verify", *out) == (0, "2026-11-24: whole\n")
    status, said = run("releases", "retract", "2026-11-24", "--reason", "Inverted.", "--dry-run", *out)
    assert (status, said) == (0, "Dry run: 2026-11-24 would be marked as retracted.\n")
    run("releases", "retract", "2026-11-24", "--reason", "Inverted.", *out)
    assert "2026-11-24 is retracted: Inverted." in run("releases", "list", *out)[1]
    (told,) = json.loads(run("releases", "list", "--json", *out)[1])
    assert told["status"] == "retracted"


def test_a_changed_byte_is_named_and_ends_with_1(tmp_path: Path) -> None:
    out = ("--out", str(tmp_path))
    run("publish", "--date", "2026-11-24", *out)
    victim = next((tmp_path / "2026-11-24" / "quotes").glob("*.parquet"))
    body = bytearray(victim.read_bytes())
    body[100] ^= 1
    victim.write_bytes(body)
    assert run("releases", "verify", "2026-11-24", *out) == (1, f"2026-11-24: quotes/{victim.name}\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("publish", "--date", "24.11.2026"), "expected a date such as 2026-11-24"),
        (("releases", "verify", "2020-01-01"), "There is no release"),
        (("releases", "retract", "2020-01-01", "--reason", "x"), "There are: none."),
    ],
)
def test_mistakes_end_with_2_and_say_what_to_do(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    status, told = run(*words, "--out", str(tmp_path))
    assert status == 2
    assert said in told
