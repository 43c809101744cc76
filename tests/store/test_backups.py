"""Backups of SQLite: made while others write, checked before they count, and restored whole or not at all."""

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.db import (
    BackupRefused,
    DatabaseInUse,
    SchemaTooNew,
    check_backup,
    check_integrity,
    check_schema,
    make_backup,
    open_engine,
    reading,
    restore_backup,
    sqlite_file,
    upgrade,
    writing,
)
from tests.store.records import quoted, store

PROJECT = Path(__file__).parents[2]
SEED = 4

WRITE_MANY = """
import sys
from app.db import open_engine, writing
from tests.store.records import quoted, store
engine = open_engine(sys.argv[1])
for number in range(40):
    with writing(engine) as connection:
        store(connection, [quoted(f"{number}-{part}") for part in range(20)])
    print(number, flush=True)
"""

RESTORE = """
import sys
from pathlib import Path
from app.db import check_backup, open_engine, restore_backup
engine = open_engine(sys.argv[1])
check_backup(Path(sys.argv[2]))
print("ready", flush=True)
restore_backup(engine, Path(sys.argv[2]), is_forced=True)
print("done", flush=True)
"""

WITHOUT_ROOM = """
import resource, sys
from pathlib import Path
from app import db
engine = db.open_engine(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (800_000, 800_000))
try:
    getattr(db, sys.argv[1])(engine, Path(sys.argv[3]), is_forced=True)
except db.DatabaseError as error:
    print(type(error).__name__, error)
"""


def python(code: str, *arguments: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], env=environment, stdout=subprocess.PIPE, text=True
    )


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    opened = open_engine(sqlite_url)
    yield opened
    opened.dispose()


def fill(engine: Engine, name: str, count: int = 20) -> None:
    with writing(engine) as connection:
        store(connection, [quoted(f"{name}-{number}") for number in range(count)])


def quotes_of(engine: Engine) -> int:
    with reading(engine) as connection:
        return int(connection.execute(text("SELECT count(*) FROM quotes")).scalar_one())


def quotes_in(file: Path) -> int:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM quotes").fetchone()[0])


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if "incoming" in path.name]


def test_a_backup_is_one_file_with_all_that_was_committed(engine: Engine, tmp_path: Path) -> None:
    fill(engine, "a")
    made = make_backup(engine, tmp_path / "backup.db")
    assert made.file == tmp_path / "backup.db"
    assert made.size == made.file.stat().st_size
    assert quotes_in(made.file) == 20
    assert sorted(path.name for path in tmp_path.glob("*backup*")) == ["backup.db"]
    with closing(sqlite3.connect(made.file)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_backup_is_nobody_elses_to_read(engine: Engine, tmp_path: Path) -> None:
    assert make_backup(engine, tmp_path / "backup.db").file.stat().st_mode & 0o777 == 0o600


@pytest.mark.slow
def test_backups_made_during_an_import_are_each_a_state_that_was_committed(
    engine: Engine, sqlite_url: str, tmp_path: Path
) -> None:
    writer = python(WRITE_MANY, sqlite_url)
    assert writer.stdout is not None
    writer.stdout.readline()
    counts = list[int]()
    while writer.poll() is None:
        file = tmp_path / f"backup-{len(counts)}.db"
        make_backup(engine, file)
        counts.append(quotes_in(file))
        file.unlink()
    assert writer.wait() == 0
    writer.communicate()
    assert len(counts) >= 3
    assert all(count % 20 == 0 for count in counts)
    assert counts == sorted(counts)
    assert quotes_of(engine) == 800


def test_writers_go_on_while_a_backup_is_made(engine: Engine, tmp_path: Path) -> None:
    fill(engine, "a", 2_000)
    written = threading.Event()

    def write() -> None:
        fill(open_engine(str(engine.url)), "b")
        written.set()

    with reading(engine):  # what a backup holds for as long as it copies
        threading.Thread(target=write).start()
        assert written.wait(30)
    make_backup(engine, tmp_path / "backup.db")
    assert quotes_in(tmp_path / "backup.db") == 2_020


def test_a_backup_overwrites_nothing_unless_forced(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    file.write_text("something else")
    with pytest.raises(BackupRefused, match="is there already"):
        make_backup(engine, file)
    assert file.read_text() == "something else"
    make_backup(engine, file, is_forced=True)
    assert quotes_in(file) == 0


def test_a_backup_never_overwrites_the_database(engine: Engine) -> None:
    with pytest.raises(BackupRefused, match="is the database itself"):
        make_backup(engine, sqlite_file(engine), is_forced=True)


def test_a_backup_that_cannot_be_written_leaves_what_was_there(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match=r"cannot be written: No such file or directory\. Nothing was changed"):
        make_backup(engine, tmp_path / "no-such-folder" / "backup.db")
    with pytest.raises(BackupRefused, match="cannot be written"):
        make_backup(engine, Path("/dev/full/backup.db"))


@pytest.mark.parametrize("work", ["make_backup", "restore_backup"])
def test_where_there_is_no_room_everything_stays_as_it_was(
    work: str, engine: Engine, sqlite_url: str, tmp_path: Path
) -> None:
    fill(engine, "large", 3_000)
    large = make_backup(engine, tmp_path / "large.db").file
    restore_backup(engine, small(tmp_path), is_forced=True)
    kept, file = (sqlite_url, large) if work == "restore_backup" else (f"sqlite:///{large}", small(tmp_path))
    ended = python(WITHOUT_ROOM, work, kept, str(file))
    said = ended.communicate()[0]
    assert said.startswith(("BackupRefused", "DatabaseFailed")), said
    assert (quotes_of(engine), quotes_in(large), quotes_in(small(tmp_path))) == (20, 3_000, 20)
    assert check_integrity(engine) == []
    assert leftovers(tmp_path) == []


def small(folder: Path) -> Path:
    """A backup with twenty quotes, made once."""
    file = folder / "small.db"
    if not file.exists():
        made = open_engine(f"sqlite:///{folder}/of-few.db")
        upgrade(made)
        fill(made, "few")
        make_backup(made, file)
        made.dispose()
    return file


def test_of_a_damaged_database_no_backup_is_made(engine: Engine, tmp_path: Path) -> None:
    fill(engine, "a", 2_000)
    damage(sqlite_file(engine))
    (tmp_path / "backup.db").write_text("the one of yesterday")
    with pytest.raises(BackupRefused):
        make_backup(engine, tmp_path / "backup.db", is_forced=True)
    assert (tmp_path / "backup.db").read_text() == "the one of yesterday"
    assert leftovers(tmp_path) == []


def damage(file: Path) -> None:
    """Overwrite pages in the middle; what is in the log goes into the file before."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with file.open("r+b") as opened:
        opened.seek(file.stat().st_size // 2 // 4096 * 4096)
        opened.write(b"\xff" * 4096 * 20)


# ---------------------------------------------------------------- restoring


def test_restoring_brings_back_what_the_backup_holds_and_nothing_else(engine: Engine, tmp_path: Path) -> None:
    fill(engine, "a")
    make_backup(engine, tmp_path / "backup.db")
    fill(engine, "b", 3_000)
    restore_backup(engine, tmp_path / "backup.db", is_forced=True)
    assert quotes_of(engine) == 20
    assert check_integrity(engine) == []
    fill(engine, "c")
    assert quotes_of(engine) == 40
    assert quotes_in(tmp_path / "backup.db") == 20


def test_restoring_to_where_nothing_is_needs_no_force(engine: Engine, tmp_path: Path) -> None:
    fill(engine, "a")
    made = make_backup(engine, tmp_path / "backup.db")
    elsewhere = open_engine(f"sqlite:///{tmp_path}/new/place.db")
    restore_backup(elsewhere, made.file)
    assert quotes_of(elsewhere) == 20
    check_schema(elsewhere)
    elsewhere.dispose()


def test_restoring_overwrites_nothing_unless_forced(engine: Engine, tmp_path: Path) -> None:
    made = make_backup(engine, tmp_path / "backup.db")
    fill(engine, "a")
    with pytest.raises(BackupRefused, match="is there already"):
        restore_backup(engine, made.file)
    assert quotes_of(engine) == 20


def test_a_database_that_somebody_has_open_is_not_replaced(engine: Engine, sqlite_url: str, tmp_path: Path) -> None:
    made = make_backup(engine, tmp_path / "backup.db")
    fill(engine, "a")
    other = open_engine(sqlite_url)
    assert quotes_of(other) == 20  # its connection stays open, as a server's does
    with pytest.raises(DatabaseInUse, match="Stop it first"):
        restore_backup(engine, made.file, is_forced=True)
    assert quotes_of(other) == 20
    fill(other, "b")
    other.dispose()
    restore_backup(engine, made.file, is_forced=True)
    assert quotes_of(engine) == 0


def test_a_database_that_somebody_writes_is_not_replaced(engine: Engine, sqlite_url: str, tmp_path: Path) -> None:
    made = make_backup(engine, tmp_path / "backup.db")
    with writing(open_engine(sqlite_url)), pytest.raises(DatabaseInUse):
        restore_backup(engine, made.file, is_forced=True)


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\x00" + b"\x00" * 500])
def test_what_is_no_backup_is_not_restored(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "backup.db"
    file.write_bytes(content)
    with pytest.raises(BackupRefused):
        check_backup(file)


def test_a_damaged_backup_is_found_before_it_is_restored(engine: Engine, tmp_path: Path) -> None:
    fill(engine, "a", 2_000)
    made = make_backup(engine, tmp_path / "backup.db")
    damage(made.file)
    with pytest.raises(BackupRefused, match=r"is damaged|can be read"):
        check_backup(made.file)


def test_somebody_elses_database_is_no_backup(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE anything (x)")
    with pytest.raises(BackupRefused, match="holds nothing of this software"):
        check_backup(tmp_path / "other.db")


def test_a_newer_releases_backup_is_not_restored(engine: Engine, tmp_path: Path) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaTooNew):
        make_backup(engine, tmp_path / "backup.db")


def test_a_database_that_cannot_be_opened_any_more_is_moved_aside(engine: Engine, tmp_path: Path) -> None:
    fill(engine, "a")
    made = make_backup(engine, tmp_path / "backup.db")
    engine.dispose()
    target = sqlite_file(engine)
    for ending in ("-wal", "-shm"):
        target.with_name(target.name + ending).unlink(missing_ok=True)
    target.write_bytes(b"ruined" * 1_000)
    restore_backup(engine, made.file, is_forced=True)
    assert quotes_of(engine) == 20
    assert target.with_name(f"{target.name}.damaged").read_bytes() == b"ruined" * 1_000


def test_a_database_that_is_damaged_inside_can_be_restored(engine: Engine, tmp_path: Path) -> None:
    fill(engine, "a", 2_000)
    made = make_backup(engine, tmp_path / "backup.db")
    engine.dispose()
    damage(sqlite_file(engine))
    restore_backup(engine, made.file, is_forced=True)
    assert quotes_of(engine) == 2_000
    assert check_integrity(engine) == []


@pytest.mark.slow
def test_whoever_kills_a_restoring_finds_the_old_database_or_the_new(
    engine: Engine, sqlite_url: str, tmp_path: Path
) -> None:
    fill(engine, "new", 4_000)
    made = make_backup(engine, tmp_path / "backup.db")
    fill(engine, "old", 8_000)
    engine.dispose()
    with closing(sqlite3.connect(sqlite_file(engine))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    old = tmp_path / "old.db"
    shutil.copyfile(sqlite_file(engine), old)
    chance, found = random.Random(SEED), list[int]()
    for _ in range(12):
        for path in tmp_path.glob("threepercent.db*"):
            path.unlink()
        shutil.copyfile(old, sqlite_file(engine))
        killed = python(RESTORE, sqlite_url, str(made.file))
        assert killed.stdout is not None
        assert killed.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0, 0.12))
        killed.kill()
        killed.communicate()
        found.append(quotes_of(engine))
        assert check_integrity(engine) == []
        upgrade(engine)
        fill(engine, "after")
        engine.dispose()
    assert set(found) <= {4_000, 12_000}


def test_postgresql_has_tools_of_its_own(tmp_path: Path) -> None:
    engine = open_engine("postgresql://somebody:secret@nowhere.invalid/threepercent")
    with pytest.raises(BackupRefused, match="pg_dump") as refused:
        make_backup(engine, tmp_path / "backup.db")
    with pytest.raises(BackupRefused, match="pg_restore"):
        restore_backup(engine, tmp_path / "backup.db")
    assert "secret" not in str(refused.value)
    engine.dispose()
