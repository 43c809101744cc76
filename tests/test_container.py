"""The container, without a container engine: its files read as data, and the app run under the same restrictions."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml

ROOT = Path(__file__).parents[1]
NOBODY = 65534


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, rest) with continued lines joined and comments left out."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text("utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def last_stage() -> list[tuple[str, str]]:
    steps = instructions()
    start = max(place for place, (name, _) in enumerate(steps) if name == "FROM")
    return steps[start:]


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    return loaded


def test_every_base_image_is_pinned_to_a_release() -> None:
    bases = [rest.split()[0] for name, rest in instructions() if name == "FROM"]
    assert len(bases) >= 2, "the image that builds is not the one that runs"
    for base in bases:
        assert re.fullmatch(r"python:3\.1[1-9](\.\d+)?-slim-[a-z]+(@sha256:[0-9a-f]{64})?", base), base


def test_the_image_runs_as_a_user_without_rights() -> None:
    users = [rest for name, rest in last_stage() if name == "USER"]
    assert users == ["10001:10001"]
    after = [name for name, _ in last_stage()[[name for name, _ in last_stage()].index("USER") :]]
    assert "RUN" not in after
    assert "COPY" not in after


def test_the_image_says_how_to_know_that_it_is_well() -> None:
    health = [rest for name, rest in last_stage() if name == "HEALTHCHECK"]
    assert len(health) == 1
    assert "/health/ready" in health[0]
    assert "--timeout=" in health[0]


def test_nothing_is_fetched_without_a_hash_and_nothing_is_added_from_afar() -> None:
    steps = instructions()
    assert not [rest for name, rest in steps if name == "ADD"]
    installs = [part for name, rest in steps if name == "RUN" for part in rest.split("&&") if "pip install" in part]
    assert installs
    for install in installs:
        assert "--require-hashes" in install or "--no-deps" in install, install
    assert not re.search(r"curl|wget|apt-get|sudo|chmod 777", " ".join(rest for _, rest in steps))


def test_commands_are_lists_so_that_signals_arrive() -> None:
    for name, rest in last_stage():
        if name in {"ENTRYPOINT", "CMD"}:
            assert isinstance(json.loads(rest), list)


def test_what_is_copied_is_what_the_builder_is_given() -> None:
    given = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    copied = {
        source
        for name, rest in instructions()
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    }
    assert copied == given
    assert all((ROOT / source).exists() for source in given)
    assert "*" in (ROOT / ".dockerignore").read_text("utf-8").splitlines()


@pytest.mark.parametrize("name", ["app", "database", "redis"])
def test_every_service_is_confined(name: str) -> None:
    service = compose()["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"] not in {"", "0", "root"}
    assert any(place.startswith("/tmp:") for place in service["tmpfs"])  # noqa: S108 - inside the container
    assert "privileged" not in service
    assert not service.get("image", "").endswith(":latest")


def test_the_services_are_reached_from_this_machine_only_and_secrets_are_not_written_down() -> None:
    services = compose()["services"]
    assert all(port.startswith("127.0.0.1:") for port in services["app"]["ports"])
    assert "ports" not in services["database"]
    assert "ports" not in services["redis"]
    assert services["database"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
    assert "${POSTGRES_PASSWORD:?" in services["app"]["environment"]["THREEPERCENT_DATABASE_URL"]
    assert services["app"]["depends_on"]["database"]["condition"] == "service_healthy"


# ---------------------------------------------------------------- the app under the same restrictions


@pytest.fixture
def read_only_code() -> Iterator[Path]:
    """A copy of what the image holds, in which nobody may write, beside a data folder in which everybody may."""
    folder = Path(tempfile.mkdtemp(prefix="threepercent-container-"))
    code = folder / "code"
    code.mkdir()
    for name in ("app", "migrations"):
        shutil.copytree(ROOT / name, code / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "data").mkdir()
    if without_rights()[1]:
        os.chown(folder / "data", NOBODY, NOBODY)
    folder.chmod(0o755)
    places = [code, *code.rglob("*")]
    for place in places:
        place.chmod(0o555 if place.is_dir() else 0o444)
    yield folder
    for place in places:
        place.chmod(0o755 if place.is_dir() else 0o644)
    shutil.rmtree(folder)


@cache
def without_rights() -> tuple[list[str], dict[str, Any]]:
    """How to start a process that permission bits bind: a prefix of its command, and its user.

    Anybody but root is bound already. Root becomes nobody; where nobody may not reach this Python, root gives up every
    capability instead, and is bound too.
    """
    if os.geteuid() != 0:
        return [], {}
    nobody: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    try:
        subprocess.run([sys.executable, "-c", "import fastapi"], check=True, capture_output=True, **nobody)
    except (PermissionError, subprocess.CalledProcessError):
        return ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"], {}
    return [], nobody


@contextmanager
def confined(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start a command without rights, with only the data folder to write into."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(folder / "code"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "HOME": "/nonexistent",
        "THREEPERCENT_DATA_DIR": str(folder / "data"),
        "THREEPERCENT_DATABASE_URL": f"sqlite:///{folder / 'data' / 'threepercent.db'}",
    }
    prefix, who = without_rights()
    command = [*prefix, sys.executable, "-c", "from app.cli import main; main()", *arguments]
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    process = subprocess.Popen(command, cwd=folder / "data", env=environment, **streams, **who)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answer(url: str, process: subprocess.Popen[str]) -> bytes:
    for _ in range(300):
        assert process.poll() is None, process.communicate()[0]
        try:
            with urlopen(url, timeout=30) as response:  # noqa: S310 - our own server
                body: bytes = response.read()
                return body
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer")


def test_the_app_imports_and_serves_without_rights_on_read_only_code(read_only_code: Path) -> None:
    prefix, who = without_rights()
    write = [*prefix, sys.executable, "-c", f"open({str(read_only_code / 'code' / 'app' / 'main.py')!r}, 'a')"]
    assert subprocess.run(write, check=False, capture_output=True, **who).returncode != 0, "the confinement binds"
    before = {place: place.stat().st_mtime_ns for place in (read_only_code / "code").rglob("*")}
    survey = read_only_code / "data" / "demo.xlsx"
    for arguments in (["demo-data", "--rows", "300", "--out", str(survey)], ["import", str(survey)]):
        with confined(read_only_code, *arguments) as process:
            output = process.communicate(timeout=120)[0]
            assert process.returncode == 0, output
    port = free_port()
    with confined(read_only_code, "serve", "--port", str(port)) as process:
        ready = json.loads(answer(f"http://127.0.0.1:{port}/health/ready", process))
        assert ready
        listed = json.loads(answer(f"http://127.0.0.1:{port}/v1/corridors", process))
        assert listed["corridors"]
        process.terminate()
        assert process.wait(timeout=30) in {0, -15}
    after = {place: place.stat().st_mtime_ns for place in (read_only_code / "code").rglob("*")}
    assert after == before, "only the data folder is written to"
