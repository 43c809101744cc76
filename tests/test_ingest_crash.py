"""``kill -9`` of the importing process, at whatever moment: nothing is half done and nothing that was there is lost."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from app.db import reading
from app.store import imports, quotes
from tests.sources.survey_files import csv_file, old

ROWS = 6_000


def _start(url: str, data_dir: Path, file: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", "from app.cli import main; main()", "import", str(file)],
        env={**os.environ, "THREEPERCENT_DATABASE_URL": url, "THREEPERCENT_DATA_DIR": str(data_dir)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[1],
    )


def _stored(engine: Engine) -> tuple[int, int, int]:
    with reading(engine) as connection:
        version = imports.newest_version(connection)
        count = connection.execute(select(func.count()).select_from(quotes.quotes)).scalar_one()
        return int(count), imports.count(connection), version.version if version else 0


@pytest.mark.slow
def test_a_killed_import_leaves_all_or_nothing_and_can_be_done_again(
    empty_engine: Engine, empty_database_url: str, tmp_path: Path
) -> None:
    first = csv_file(tmp_path / "first.csv", [old(id=1)])
    assert _start(empty_database_url, tmp_path, first).wait() == 0
    before = _stored(empty_engine)
    assert before == (2, 1, 1)
    second = csv_file(tmp_path / "second.csv", [old(id=number) for number in range(2, ROWS)])
    after = (2 + 2 * (ROWS - 2), 2, 2)
    randomness = random.Random(3)
    for _ in range(3):
        process = _start(empty_database_url, tmp_path, second)
        time.sleep(randomness.uniform(0.3, 2.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
        found = _stored(empty_engine)
        assert found in {before, after}
        if found == after:
            break
    assert _start(empty_database_url, tmp_path, second).wait() == 0
    assert _stored(empty_engine) == after
