"""``threepercent refresh`` and ``serve --refresh`` as a person starts them: real processes in real time."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest
from sqlalchemy import Engine, select

from app.db import open_engine, reading
from app.store import fetches, leases
from tests.refresh import upstreams
from tests.refresh.replaying import Replay, Reply, ecb_history, replaying

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


@pytest.fixture
def replay() -> Iterator[Replay]:
    with replaying() as found:
        upstreams.serve_ecb(found, lambda: datetime(2026, 11, 23, 15, 30, tzinfo=UTC), 5)
        upstreams.serve_frankfurter(found)
        yield found


@contextmanager
def started(command: str, url: str, folder: Path, replay: Replay, **settings: str) -> Iterator[subprocess.Popen[str]]:
    environment = {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "THREEPERCENT_DATABASE_URL": url,
        "THREEPERCENT_DATA_DIR": str(folder),
        "THREEPERCENT_FETCH_NETWORKS": '["127.0.0.0/8"]',
        "THREEPERCENT_SOURCE_URLS": json.dumps({key: f"{replay.url}/{key}" for key in ("ecb", "frankfurter", "wise")}),
        **settings,
    }
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", "from app.cli import main; main()", *command.split()],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # its own workers too
        process.communicate()


def soon(is_so: Callable[[], bool]) -> None:
    """Wait until something is so; a failure where it takes longer than a busy machine needs."""
    patience = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < patience, "it did not happen"
        time.sleep(0.05)


def served(engine: Engine) -> set[str]:
    with reading(engine) as connection:
        return {key for key, state in fetches.states(connection).items() if state.served_until is not None}


def holders(engine: Engine) -> set[str]:
    with reading(engine) as connection:
        return set(connection.execute(select(leases.leases.c.owner)).scalars())


@pytest.mark.parametrize(
    ("ending", "is_answered"),
    [(signal.SIGINT, True), pytest.param(signal.SIGTERM, False, marks=pytest.mark.slow)],
)
def test_a_signal_ends_a_worker_in_the_middle_of_a_call_and_frees_its_leases(
    sqlite_url: str, tmp_path: Path, replay: Replay, ending: signal.Signals, *, is_answered: bool
) -> None:
    is_asked, may_answer = threading.Event(), threading.Event()

    def slow(_address: str) -> Reply:
        is_asked.set()
        may_answer.wait(PATIENCE)
        return Reply(status=404)

    engine = open_engine(sqlite_url)
    replay.answers["/ecb/eurofxref-hist.zip"] = slow
    with started("refresh --source ecb", sqlite_url, tmp_path, replay) as process:
        assert is_asked.wait(PATIENCE)
        assert holders(engine) not in ({leases.NOBODY}, set())
        process.send_signal(ending)
        if is_answered:
            may_answer.set()
        assert process.wait(PATIENCE) == 0
    may_answer.set()
    assert holders(engine) == {leases.NOBODY}
    assert served(engine) == set()
    engine.dispose()
    log = (tmp_path / "log").read_text("utf-8")
    assert "Traceback" not in log
    assert ('"abandoned": []' in log) is is_answered


@pytest.mark.slow
def test_servers_fetch_too_when_they_are_told_and_each_due_fetch_is_made_by_one(
    empty_engine: Engine, empty_database_url: str, tmp_path: Path, replay: Replay
) -> None:
    options = "serve --refresh --workers 2 --port 0"
    with started(options, empty_database_url, tmp_path, replay) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[2]
        soon(lambda: {"ecb", "frankfurter"} <= served(empty_engine))
        with urlopen(f"{address}/metrics", timeout=PATIENCE) as answer:  # noqa: S310 - our own server
            assert b"threepercent_lease_held" in answer.read()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) in {0, -signal.SIGTERM}
    assert holders(empty_engine) == {leases.NOBODY}
    assert len(set(replay.asked)) == len(replay.asked)
    assert {"/ecb/eurofxref-hist.zip", "/frankfurter/providers"} <= set(replay.asked)
    assert sum(path.startswith("/frankfurter/rates") for path in replay.asked) == 4


def test_a_server_that_fetches_answers_with_what_it_fetched_and_ends_in_the_middle_of_a_call(
    empty_engine: Engine, empty_database_url: str, tmp_path: Path, replay: Replay
) -> None:
    today = datetime.now(UTC).date()
    friday = today - timedelta(days=(today.weekday() - 4) % 7 or 7)
    is_asked, may_answer = threading.Event(), threading.Event()

    def slow(_address: str) -> Reply:
        is_asked.set()
        may_answer.wait(PATIENCE)
        return Reply(status=503)

    history = ecb_history((friday.isoformat(), {"USD": "1.2345"}))
    replay.answers["/ecb/eurofxref-hist.zip"] = Reply(history, media_type="text/csv")
    for newest in ("daily", "hist-90d"):  # by the day of the week it is the one or the other
        replay.answers[f"/ecb/eurofxref-{newest}.xml"] = slow
    told = {"THREEPERCENT_REFRESH_IN_SERVER": "true"}
    with started("serve --port 0", empty_database_url, tmp_path, replay, **told) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[2]
        assert is_asked.wait(PATIENCE)

        def is_answered() -> bool:
            with urlopen(f"{address}/v1/rates?base=EUR&quote=USD", timeout=PATIENCE) as answer:  # noqa: S310 - ours
                (row,) = json.load(answer)["rates"]
            return (row["day"], row["rate"]) == (friday.isoformat(), 1.2345)

        soon(is_answered)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) in {0, -signal.SIGTERM}
    may_answer.set()
    assert holders(empty_engine) == {leases.NOBODY}
    assert "ecb" not in served(empty_engine)
    assert "Traceback" not in (tmp_path / "log").read_text("utf-8")


def test_a_server_that_is_not_told_to_fetches_nothing(
    empty_engine: Engine, empty_database_url: str, tmp_path: Path, replay: Replay
) -> None:
    with started("serve --port 0", empty_database_url, tmp_path, replay) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[2]
        with urlopen(f"{address}/health/live", timeout=PATIENCE) as answer:  # noqa: S310 - our own server
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
    assert replay.asked == []
    assert holders(empty_engine) == set()


def test_settings_that_cannot_be_used_to_fetch_are_told_before_the_port_is_opened(
    empty_database_url: str, tmp_path: Path, replay: Replay
) -> None:
    replay.url = "ftp://127.0.0.1"
    with started("serve --refresh --port 0", empty_database_url, tmp_path, replay) as process:
        assert process.wait(PATIENCE) == 2
    assert "THREEPERCENT_SOURCE_URLS" in (tmp_path / "log").read_text("utf-8")
