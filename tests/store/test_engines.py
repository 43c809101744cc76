"""One writer at a time, over all processes; a writer that dies leaves nothing and holds nobody up."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from app.db import (
    DatabaseBusy,
    DatabaseError,
    DatabaseFailed,
    DatabaseUnreachable,
    UnsupportedDatabase,
    display_url,
    engines,
    open_engine,
    reading,
    sqlite_file,
    transact,
    upgrade,
    writing,
)
from app.db.schema import check_integrity
from app.store import versions
from tests.store.records import quoted, store

PROJECT = Path(__file__).parents[2]

WRITE_MANY = """
import sys
from app.db import open_engine, writing
from tests.store.records import quoted, store
engine = open_engine(sys.argv[1])
for number in range(int(sys.argv[3])):
    with writing(engine) as connection:
        store(connection, [quoted(f"{sys.argv[2]}-{number}-{part}") for part in range(20)])
"""

WRITE_AND_HANG = """
import sys, time
from app.db import open_engine, writing
from tests.store.records import quoted, store
with writing(open_engine(sys.argv[1])) as connection:
    store(connection, [quoted(str(number)) for number in range(3000)])
    print("written", flush=True)
    time.sleep(60)
"""


def python(code: str, *arguments: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], env=environment, stdout=subprocess.PIPE, text=True
    )


def quotes_stored(engine: Engine) -> int:
    with reading(engine) as connection:
        return int(connection.execute(text("SELECT count(*) FROM quotes")).scalar_one())


def test_two_processes_write_at_once_and_lose_nothing(empty_database_url: str, empty_engine: Engine) -> None:
    writers = [python(WRITE_MANY, empty_database_url, name, "15") for name in ("a", "b")]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    for writer in writers:
        writer.communicate()
    assert quotes_stored(empty_engine) == 2 * 15 * 20
    with reading(empty_engine) as connection:
        newest = versions.newest_version(connection)
    assert newest is not None
    assert newest.version == 30
    assert check_integrity(empty_engine) == []


def test_a_writer_killed_in_the_middle_leaves_nothing_and_the_next_goes_on(
    empty_database_url: str, empty_engine: Engine
) -> None:
    with writing(empty_engine) as connection:
        store(connection, [quoted("before")])
    writer = python(WRITE_AND_HANG, empty_database_url)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "written\n"
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    assert quotes_stored(empty_engine) == 1
    with writing(empty_engine) as connection:
        assert store(connection, [quoted("after")]).version == 2
    assert quotes_stored(empty_engine) == 2
    assert check_integrity(empty_engine) == []


def test_readers_see_one_state_while_somebody_writes(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        store(connection, [quoted("1")])
    with reading(empty_engine) as reader:
        before = reader.execute(text("SELECT count(*) FROM quotes")).scalar_one()
        with writing(empty_engine) as writer:
            store(writer, [quoted("2")])
        assert reader.execute(text("SELECT count(*) FROM quotes")).scalar_one() == before == 1
    assert quotes_stored(empty_engine) == 2


def test_a_reader_cannot_write(empty_engine: Engine) -> None:
    with pytest.raises(DBAPIError), reading(empty_engine) as connection:
        connection.execute(text("DELETE FROM quotes"))


def test_threads_of_one_process_take_turns(empty_engine: Engine) -> None:
    def write(name: int) -> None:
        with writing(empty_engine) as connection:
            store(connection, [quoted(str(name))])

    threads = [threading.Thread(target=write, args=(name,)) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert quotes_stored(empty_engine) == 6


def test_sqlite_is_as_durable_as_it_can_be(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    with writing(engine) as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    with reading(engine) as connection:
        never_checkpoints = connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar()
        only_reads = connection.exec_driver_sql("PRAGMA query_only").scalar()
    engine.dispose()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert (never_checkpoints, only_reads) == (0, 1)


def test_a_writer_waits_for_the_lock_file_and_says_when_it_gives_up(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "LOCK_SECONDS", 0.05)
    first, second = open_engine(sqlite_url), open_engine(sqlite_url)
    with writing(first), pytest.raises(DatabaseBusy, match="writing"), writing(second):
        pass
    with writing(second) as connection:
        store(connection, [quoted()])
    first.dispose()
    second.dispose()


def test_a_writer_says_that_it_waits_and_gives_up_on_both_databases(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "LOCK_TOLD_SECONDS", 0.05)
    monkeypatch.setattr(engines, "LOCK_SECONDS", 0.3)
    first, second = open_engine(empty_database_url), open_engine(empty_database_url)
    told: list[int] = []

    def tell() -> None:
        told.append(1)

    with writing(first), pytest.raises(DatabaseBusy, match="has been writing"):
        transact(second, lambda _connection: None, tell)
    assert told == [1]
    with writing(second, tell) as connection:
        store(connection, [quoted()])
    assert told == [1]
    first.dispose()
    second.dispose()


def test_a_full_disk_is_told_and_nothing_is_stored(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)

    def work(connection: Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 5}")
        store(connection, [quoted(str(number)) for number in range(3000)])

    with pytest.raises(DatabaseFailed, match="full"):
        transact(engine, work)
    assert quotes_stored(engine) == 0
    engine.dispose()


@pytest.mark.postgresql
def test_a_terminated_backend_is_told(empty_engine: Engine) -> None:
    if empty_engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no backends")

    def work(connection: Connection) -> None:
        backend = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with reading(empty_engine) as other:
            other.exec_driver_sql(f"SELECT pg_terminate_backend({backend})")
        store(connection, [quoted(str(number)) for number in range(3000)])

    with pytest.raises(DatabaseFailed, match="failed"):
        transact(empty_engine, work)
    assert quotes_stored(empty_engine) == 0


def test_work_that_meets_other_work_is_done_again(empty_engine: Engine) -> None:
    tries: list[int] = []

    class SerializationFailureError(Exception):
        sqlstate = "40001"

    def work(connection: Connection) -> int:
        tries.append(1)
        store(connection, [quoted()])
        if len(tries) < 3:
            raise OperationalError("COMMIT", None, SerializationFailureError())
        return len(tries)

    assert transact(empty_engine, work) == 3
    assert quotes_stored(empty_engine) == 1


def test_other_faults_are_not_tried_again(empty_engine: Engine) -> None:
    tries: list[int] = []

    def work(connection: Connection) -> None:
        tries.append(1)
        connection.execute(text("SELECT * FROM no_such_table"))

    with pytest.raises(DBAPIError):
        transact(empty_engine, work)
    assert len(tries) == 1


def test_the_folder_of_a_sqlite_file_is_made(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/some where/50%/ö?.db")
    assert upgrade(engine) is None
    assert sqlite_file(engine).is_file()
    engine.dispose()


@pytest.mark.parametrize("url", ["mysql://host/name", "sqlite://", "sqlite:///:memory:", "not a url", "oracle://x"])
def test_other_databases_are_refused_with_what_is_expected(url: str) -> None:
    with pytest.raises(UnsupportedDatabase, match="sqlite:///"):
        open_engine(url)


def test_an_unreachable_server_is_told_without_its_password() -> None:
    url = "postgresql://ada:s3cret@127.0.0.1:1/threepercent"
    engine = open_engine(url)
    with pytest.raises(DatabaseUnreachable, match="does not answer") as caught, reading(engine):
        pass
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in display_url(url)


def test_a_missing_file_is_told_with_what_to_do(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/none.db")
    with pytest.raises(DatabaseUnreachable, match="threepercent db upgrade"), reading(engine):
        pass
    assert not (tmp_path / "none.db").exists()


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is not a database, whatever its name says" * 40)
    engine = open_engine(f"sqlite:///{tmp_path}/text.db")
    with pytest.raises(DatabaseError, match="cannot be"), reading(engine) as connection:
        connection.execute(text("SELECT * FROM quotes"))
    with pytest.raises(DatabaseError, match="cannot be"):
        upgrade(engine)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    engine = open_engine(f"sqlite:///{tmp_path}/file/threepercent.db")
    with pytest.raises(DatabaseUnreachable, match="cannot be written"):
        upgrade(engine)


def test_the_write_ahead_log_is_cut_after_a_large_write(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    with writing(engine) as connection:
        store(connection, [quoted(str(number)) for number in range(5000)])
        limit = connection.exec_driver_sql("PRAGMA journal_size_limit").scalar()
    engine.dispose()
    wal = Path(f"{sqlite_file(engine)}-wal")
    assert limit == engines.WAL_BYTES_KEPT
    assert not wal.exists() or wal.stat().st_size <= engines.WAL_BYTES_KEPT
    with sqlite3.connect(sqlite_file(engine)) as plain:
        assert plain.execute("PRAGMA quick_check").fetchone() == ("ok",)
    plain.close()
