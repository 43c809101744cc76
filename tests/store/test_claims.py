"""A claimed name is one caller's at a time, over threads and processes, and a process that dies holds nobody up."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.db import DatabaseUnreachable, claim, is_sqlite, open_engine, sqlite_file

PROJECT = Path(__file__).parents[2]

CLAIM_AND_HANG = """
import sys, time
from app.db import claim, open_engine
with claim(open_engine(sys.argv[1]), sys.argv[2]) as is_ours:
    print(is_ours, flush=True)
    time.sleep(60)
"""


def claiming_process(url: str, name: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    return subprocess.Popen(
        [sys.executable, "-c", CLAIM_AND_HANG, url, name], env=environment, stdout=subprocess.PIPE, text=True
    )


def is_free(engine: Engine, name: str) -> bool:
    with claim(engine, name) as is_ours:
        return is_ours


def test_a_name_is_claimed_once_until_it_is_let_go(engine: Engine) -> None:
    with claim(engine, "one") as first:
        assert first
        assert not is_free(engine, "one")
        assert not is_free(engine, "one")
        assert is_free(engine, "two")
    assert is_free(engine, "one")


def test_a_name_is_let_go_where_the_work_fails(engine: Engine) -> None:
    with pytest.raises(ValueError, match="work"), claim(engine, "failing"):
        raise ValueError("work")
    assert is_free(engine, "failing")


def test_two_engines_of_one_process_share_their_claims(engine: Engine, database_url: str) -> None:
    other = open_engine(database_url)
    with claim(engine, "shared"), claim(other, "other"):
        assert not is_free(other, "shared")
        assert not is_free(engine, "other")
    other.dispose()


def test_of_many_threads_one_gets_the_name(engine: Engine) -> None:
    together, got = threading.Barrier(20), []

    def claimed() -> None:
        together.wait()
        with claim(engine, "wanted") as is_ours:
            got.append(is_ours)
            together.wait()

    threads = [threading.Thread(target=claimed) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False] * 19 + [True]


def test_many_names_are_held_at_once_and_none_holds_up_another(engine: Engine) -> None:
    with ExitStack() as stack:
        assert all(stack.enter_context(claim(engine, f"many/{number}")) for number in range(300))
        assert not any(is_free(engine, f"many/{number}") for number in range(0, 300, 50))
    assert all(is_free(engine, f"many/{number}") for number in range(0, 300, 50))


def test_another_process_is_told_and_one_that_is_killed_lets_go(engine: Engine, database_url: str) -> None:
    holder = claiming_process(database_url, "elsewhere")
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "True"
        assert not is_free(engine, "elsewhere")
        assert is_free(engine, "something else")
        assert not is_free(engine, "elsewhere")  # closing our own handle did not let go of theirs
    finally:
        os.kill(holder.pid, signal.SIGKILL)
        holder.communicate()
    for _ in range(100):  # PostgreSQL notices the broken connection by itself
        if is_free(engine, "elsewhere"):
            return
        threading.Event().wait(0.05)
    pytest.fail("the name was never free again")


def test_claims_go_on_after_the_database_ended_their_connection(engine: Engine) -> None:
    with claim(engine, "before") as first:
        assert first
        if is_sqlite(engine):
            return  # which has no connections that somebody else can end
        with engine.connect() as connection:
            others = text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            connection.execute(others)
        assert is_free(engine, "after")
    assert is_free(engine, "before")


def test_where_nothing_can_be_claimed_it_says_so(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'nowhere' / 'none.db'}")
    with pytest.raises(DatabaseUnreachable, match="cannot be written"), claim(engine, "anything"):
        pytest.fail("nothing was claimed")
    gone = open_engine("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(DatabaseUnreachable, match="does not answer"), claim(gone, "anything"):
        pytest.fail("nothing was claimed")


def test_nothing_is_left_in_the_file_or_open(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    with claim(engine, "file"):
        pass
    file = Path(f"{sqlite_file(engine)}.claims")
    assert file.stat().st_size == 0
    assert not [link for link in Path("/proc/self/fd").iterdir() if os.path.realpath(link) == str(file.resolve())]
