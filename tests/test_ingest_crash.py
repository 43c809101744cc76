"""``kill -9`` of the importing process in the middle: nothing is half done and nothing that was there is lost."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from app.db import reading
from app.store import imports, quotes, versions
from tests.sources.survey_files import csv_file, old

ROWS = 30_000  # more than a progress line's worth, so that one is told while the transaction is open


def _start(url: str, data_dir: Path, file: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", "from app.cli import main; main()", "import", str(file)],
        env={**os.environ, "THREEPERCENT_DATABASE_URL": url, "THREEPERCENT_DATA_DIR": str(data_dir)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[1],
    )


def _end(process: subprocess.Popen[bytes]) -> int:
    process.communicate()
    return process.returncode


def _stored(engine: Engine) -> tuple[int, int, int]:
    with reading(engine) as connection:
        version = versions.newest_version(connection)
        count = connection.execute(select(func.count()).select_from(quotes.quotes)).scalar_one()
        return int(count), imports.count(connection), version.version if version else 0


@pytest.mark.slow
def test_a_killed_import_leaves_all_or_nothing_and_can_be_done_again(
    empty_engine: Engine, empty_database_url: str, tmp_path: Path
) -> None:
    first = csv_file(tmp_path / "first.csv", [old(id=1)])
    assert _end(_start(empty_database_url, tmp_path, first)) == 0
    before = _stored(empty_engine)
    assert before == (2, 1, 1)
    second = csv_file(tmp_path / "second.csv", [old(id=number) for number in range(2, ROWS)])
    after = (2 + 2 * (ROWS - 2), 2, 2)
    process = _start(empty_database_url, tmp_path, second)
    assert process.stderr is not None
    assert process.stderr.readline() == b"25,000 rows read\n"  # most rows are written, nothing is committed
    process.send_signal(signal.SIGKILL)
    assert _end(process) == -signal.SIGKILL
    assert _stored(empty_engine) == before
    assert _end(_start(empty_database_url, tmp_path, second)) == 0
    assert _stored(empty_engine) == after
