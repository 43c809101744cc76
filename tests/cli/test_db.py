"""``threepercent db`` creates, migrates and checks, and tells what is wrong in words."""

from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from app.cli.db import app
from app.db import display_url, open_engine, writing


def run(word: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [word])
    return result.exit_code, result.output


def test_upgrade_creates_once_and_check_agrees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/var/threepercent.db"
    monkeypatch.setenv("THREEPERCENT_DATABASE_URL", url)
    code, output = run("check")
    assert (code, "threepercent db upgrade" in output) == (1, True)
    assert run("upgrade") == (0, f"Created {url} with schema 0003.\n")
    assert run("upgrade") == (0, f"Nothing to do: {url} has schema 0003.\n")
    assert run("check") == (0, f"{url} is whole and has this release's schema.\n")


def test_check_and_upgrade_refuse_what_a_newer_release_made(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREEPERCENT_DATABASE_URL", sqlite_url)
    engine = open_engine(sqlite_url)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    for word in ("check", "upgrade"):
        code, output = run(word)
        assert (code, "newer" in output) == (1, True)


def test_check_finds_a_damaged_file(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREEPERCENT_DATABASE_URL", sqlite_url)
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    damaged = bytearray(file.read_bytes())
    damaged[-4096:] = b"\xff" * 4096
    file.write_bytes(damaged)
    code, output = run("check")
    assert code == 1
    assert output


def test_a_wrong_setting_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREEPERCENT_DATABSE_URL", "sqlite:///x.db")
    code, output = run("upgrade")
    assert (code, "THREEPERCENT_DATABSE_URL" in output) == (1, True)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://h/x?user=u&password=secretpw", "postgresql://h/x?user=u"),
        ("postgresql://h/x?Password=secretpw&PASSWORD=secretpw", "postgresql://h/x"),
        ("postgresql://u:secretpw@h/x?sslmode=require&sslpassword=secretpw", "postgresql://u:***@h/x?sslmode=require"),
        ("postgresql://h/x?passfile=/secretpw&service=secretpw", "postgresql://h/x"),
        ("sqlite:///var/demo.db", "sqlite:///var/demo.db"),
    ],
)
def test_a_database_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert display_url(url) == shown


def test_a_database_that_does_not_answer_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql://127.0.0.1:1/x?user=u&password=secretpw"
    monkeypatch.setenv("THREEPERCENT_DATABASE_URL", url)
    code, output = run("check")
    assert code == 1
    assert "127.0.0.1:1/x?user=u does not answer" in output
    assert "secretpw" not in output
