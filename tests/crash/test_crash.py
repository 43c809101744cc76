"""``kill -9`` while partners push: nothing acknowledged is lost, nothing is stored twice. In full: ``make crash``."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash import cycles, keys
from tests.crash.world import Database, new_world

pytestmark = pytest.mark.slow


@pytest.fixture
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(tmp_path_factory.mktemp("killed") / "postgresql")
    yield database
    database.end()


def test_the_killed_server_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    world = new_world(tmp_path, f"sqlite:///{tmp_path / 'threepercent.db'}")
    report = cycles.run(world, 4, seed=4)
    assert not report.findings, report.findings
    assert report.cycles == 4
    assert len(report.ledger.told) > 4


@pytest.mark.postgresql
def test_so_does_a_killed_postgresql(tmp_path: Path, database: Database) -> None:
    world = new_world(tmp_path, database.url)
    report = cycles.run(world, 3, seed=7, database=database)
    assert not report.findings, report.findings
    assert report.database_kills > 0


def test_a_write_that_is_sent_fifty_times_at_once_is_done_once_whoever_dies(tmp_path: Path) -> None:
    world = new_world(tmp_path, f"sqlite:///{tmp_path / 'threepercent.db'}", workers=2)
    report = keys.run(world, 20, seed=9)
    assert not report.findings, report.findings
    assert len(report.ledger.told) == 20
