"""``threepercent serve``: a real server on a real port, in a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
from typer.testing import CliRunner

from app.cli import app, serve

ROOT = Path(__file__).parents[2]


@contextmanager
def served(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "THREEPERCENT_DATA_DIR": str(folder), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-c", "from app.cli import main; main()", "serve", *options]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def first_lines(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline() for _ in range(4)]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_says_what_to_try_and_that_works(demonstration: Path, workers: str) -> None:
    with served(demonstration, "--port", "0", "--workers", workers) as process:
        heading, curl, compare, documentation = first_lines(process)
        address = heading.split()[2]
        url = curl.split("'")[1]
        assert url.startswith(f"{address}/v1/corridors/GBR-PHL/comparison")
        with urlopen(url, timeout=60) as response:  # noqa: S310 - our own server
            assert b'"offers":[{"rank":1,' in response.read()
        with urlopen(documentation.split()[-1], timeout=60) as response:  # noqa: S310 - our own server
            assert response.status == 200
        assert "compare GBR-PHL --amount 120" in compare
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) in {0, -signal.SIGTERM}


@pytest.mark.parametrize("times", [1, 2])
def test_a_person_ends_it_without_an_error(demonstration: Path, times: int) -> None:
    with served(demonstration, "--port", "0") as process:
        address = first_lines(process)[0].split()[2]
        with urlopen(f"{address}/health/live", timeout=60):  # noqa: S310 - our own server
            for _ in range(times):
                process.send_signal(signal.SIGINT)
                time.sleep(0.02)  # two that come at once are one
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert '"level": "error"' not in errors


def test_a_taken_port_is_told_with_the_way_out(demonstration: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with served(demonstration, "--port", str(port)) as process:
            output, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"Port {port} of 127.0.0.1 is taken" in errors
    assert "make run PORT=" in errors
    assert not output


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://127.0.0.1:1/x?user=u&password=secretpw", ""),
        ("postgresql://u:secretpw@127.0.0.1:1/x", ""),
        ("sqlite:///var/of mine.db", "THREEPERCENT_DATABASE_URL='sqlite:///var/of mine.db' "),
    ],
)
def test_what_to_try_names_the_database_and_never_a_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str, shown: str
) -> None:
    monkeypatch.setenv("THREEPERCENT_DATABASE_URL", url)
    serve.tell("http://127.0.0.1:8000")
    printed = capsys.readouterr().out
    assert "secretpw" not in printed
    assert f"\n  {shown}" in printed
    assert ("THREEPERCENT_DATABASE_URL" in printed) is bool(shown)


def test_an_address_of_nobody_is_told(demonstration: Path) -> None:
    with served(demonstration, "--host", "203.0.113.7") as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Cannot listen on 203.0.113.7" in errors


def test_an_address_of_redis_that_cannot_be_read_is_told_before_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREEPERCENT_LIMITS_ENABLED", "true")
    monkeypatch.setenv("THREEPERCENT_REDIS_URL", "redis://user:secret@host:notaport/0")
    refused = CliRunner().invoke(app, ["serve", "--port", "0"])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr == "THREEPERCENT_REDIS_URL cannot be read. Expected redis://host:6379/0.\n"
