"""``threepercent db backup`` and ``db restore``, as a person meets them, also beside a server that runs."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.accounts import key_secret
from app.cli import app
from app.settings import Settings
from tests.api.test_server import serving

Db = Callable[..., Result]


@pytest.fixture
def settings(demonstration: Path, tmp_path: Path) -> Settings:
    shutil.copyfile(demonstration / "threepercent.db", tmp_path / "threepercent.db")
    return Settings(data_dir=tmp_path)


@pytest.fixture
def db(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Db:
    monkeypatch.setenv("THREEPERCENT_DATA_DIR", str(settings.data_dir))
    return lambda *words: CliRunner().invoke(app, ["db", *map(str, words)])


def test_a_backup_says_what_it_holds_and_what_it_does_not(db: Db, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    key_secret(settings)
    made = db("backup", tmp_path / "backup.db")
    assert made.exit_code == 0, made.output
    first, second = made.output.splitlines()
    assert first.startswith(f"Backed up sqlite:///{tmp_path}/threepercent.db to {tmp_path}/backup.db: ")
    assert first.endswith("schema 0003, dataset version 1. It was read through and is whole.")
    assert second == (
        f"Backups do not hold {tmp_path}/archive (files as they were received) nor {tmp_path}/key.secret "
        "(without it no key is good any more): copy what is there too."
    )
    again = db("backup", tmp_path / "backup.db")
    assert (again.exit_code, "--force" in again.output) == (1, True)
    assert db("backup", tmp_path / "backup.db", "--force").exit_code == 0


def test_a_rehearsal_changes_nothing_and_says_what_would_be_lost(db: Db, tmp_path: Path) -> None:
    db("backup", tmp_path / "backup.db")
    before = (tmp_path / "threepercent.db").read_bytes()
    told = db("restore", tmp_path / "backup.db", "--dry-run")
    assert told.exit_code == 0
    assert f"sqlite:///{tmp_path}/threepercent.db has dataset version 1, which would be lost." in told.output
    assert told.output.endswith("Nothing was changed.\n")
    assert (tmp_path / "threepercent.db").read_bytes() == before
    (tmp_path / "threepercent.db").unlink()
    assert "would be created." in db("restore", tmp_path / "backup.db", "--dry-run").output


def test_restoring_asks_for_force_and_then_brings_everything_back(db: Db, tmp_path: Path) -> None:
    db("backup", tmp_path / "backup.db")
    refused = db("restore", tmp_path / "backup.db")
    assert (refused.exit_code, "--force" in refused.output) == (1, True)
    restored = db("restore", tmp_path / "backup.db", "--force")
    assert restored.exit_code == 0, restored.output
    assert "dataset version 1" in restored.output
    assert db("check").exit_code == 0


def test_what_is_no_backup_is_told_in_words(db: Db, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a backup")
    for name in ("notes.txt", "nothing.db"):
        refused = db("restore", tmp_path / name, "--force")
        assert refused.exit_code == 1
        assert refused.output.startswith("Error: ")
    assert db("check").exit_code == 0


@pytest.mark.slow
def test_a_server_that_runs_can_be_backed_up_and_not_restored(db: Db, settings: Settings, tmp_path: Path) -> None:
    with serving(settings) as server:
        connection = server.connection()
        connection.request("GET", "/health/ready")
        assert connection.getresponse().status == 200
        assert db("backup", tmp_path / "backup.db").exit_code == 0
        refused = db("restore", tmp_path / "backup.db", "--force")
        assert (refused.exit_code, "Stop it first" in refused.output) == (1, True)
        connection.request("GET", "/v1/corridors")
        connection.close()
    assert db("restore", tmp_path / "backup.db", "--force").exit_code == 0
    with serving(settings) as server:
        connection = server.connection()
        connection.request("GET", "/health/ready")
        assert connection.getresponse().status == 200
        connection.close()
