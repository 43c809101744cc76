"""Migrations run up, down and up again on both databases, from anywhere, and refuse what they do not know."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from app.db import (
    SchemaTooNew,
    SchemaTooOld,
    alembic_config,
    check_schema,
    is_sqlite,
    open_engine,
    reading,
    schema_revision,
    upgrade,
    writing,
)
from app.db.schema import SCHEMA_REVISION
from app.ingest.answers import take
from app.sources.source import Ask, sources
from app.store.tables import METADATA

ROOT = Path(__file__).parents[2]


def test_the_code_names_the_newest_migration() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == SCHEMA_REVISION


def test_migrations_make_exactly_the_tables_of_the_code(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        command.check(alembic_config(connection))


def test_migrations_run_down_to_nothing_and_up_again(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        command.downgrade(alembic_config(connection), "base")
    with reading(empty_engine) as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
        assert schema_revision(connection) is None
    assert upgrade(empty_engine) is None
    assert upgrade(empty_engine) == SCHEMA_REVISION
    with reading(empty_engine) as connection:
        assert set(METADATA.tables) <= set(inspect(connection).get_table_names())


def test_a_database_without_schema_is_refused_with_what_to_do(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        command.downgrade(alembic_config(connection), "base")
    with pytest.raises(SchemaTooOld, match="threepercent db upgrade"):
        check_schema(empty_engine)


def test_a_database_of_a_newer_release_is_left_alone(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaTooNew, match="9999"):
        upgrade(empty_engine)
    with pytest.raises(SchemaTooNew, match="9999"):
        check_schema(empty_engine)


def test_a_failed_migration_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("planted")

    engine = open_engine(f"sqlite:///{tmp_path}/new/folder/threepercent.db")
    monkeypatch.setattr("alembic.operations.base.Operations.create_index", fail)
    with pytest.raises(RuntimeError, match="planted"):
        upgrade(engine)
    monkeypatch.undo()
    with reading(engine) as connection:
        assert inspect(connection).get_table_names() == []
    upgrade(engine)
    check_schema(engine)
    engine.dispose()


def test_migrations_are_found_from_any_working_directory(tmp_path: Path) -> None:
    code = "import sys; from app.db import open_engine, upgrade; upgrade(open_engine(sys.argv[1]))"
    url = f"sqlite:///{tmp_path}/threepercent.db"
    subprocess.run(
        [sys.executable, "-c", code, url], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True
    )
    assert (tmp_path / "threepercent.db").exists()


def test_what_a_downgrade_forgets_can_be_imported_again(empty_engine: Engine, tmp_path: Path) -> None:
    wise, ecb = sources()["wise"], sources()["ecb"]
    quotes = (ROOT / "tests/sources/recorded/wise_v4_gbp_php.json").read_bytes()
    answers = [
        (ecb, Ask("history", "https://www.ecb.europa.eu/", "text/csv"), b"Date,USD,GBP,\n2026-11-20,1.16,0.87,\n"),
        (wise, Ask("GBR-PHL/GBP-PHP/usd_200", "https://api.wise.com/"), quotes),
    ]

    def outcomes(minutes: int) -> list[tuple[str, int]]:
        now = datetime(2027, 1, 1, 12, minutes, tzinfo=UTC)
        taken = [take(empty_engine, *answer, data_dir=tmp_path, now=now, public_sources=()) for answer in answers]
        return [(each.outcome, each.rows) for each in taken]

    def stored() -> list[int]:
        with reading(empty_engine) as connection:
            tables = ("fixings", "quotes", "live_quotes")
            return [connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in tables]

    first, before = outcomes(0), stored()
    assert {outcome for outcome, _ in first} == {"stored"}
    assert outcomes(1) == [("unchanged", rows) for _, rows in first]
    with writing(empty_engine) as connection:
        quote = connection.execute(text("SELECT id FROM quotes")).scalars().first()
        change = "INSERT INTO quote_changes VALUES (:id, 99, 'withdrawn', NULL, 'gone')"
        connection.execute(text(change), {"id": quote})
    with writing(empty_engine) as connection:
        command.downgrade(alembic_config(connection), "0001")
    with reading(empty_engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM quote_changes")).scalar_one() == 0
    upgrade(empty_engine)
    assert stored() == [0, 0, 0]
    assert outcomes(2) == first
    assert stored() == before


def test_a_database_with_versions_is_migrated_up_and_down(empty_engine: Engine) -> None:
    rows = {
        "imports": "(id, source, file_name, file_hash, labels_hash, corrections_hash, is_synthetic, status, "
        "started_at, counts) SELECT 1, 'rpw', 'f', 'h', 'l', 'c', false, 'committed', :at, '{}'",
        "dataset_versions": "(version, committed_at, import_id, reason) SELECT 1, :at, 1, 'import'",
        "corridor_versions": "(corridor, version) SELECT 'GBR-PHL', 1",
    }
    with writing(empty_engine) as connection:
        command.downgrade(alembic_config(connection), "0001")
        at = 0 if is_sqlite(connection) else datetime(2026, 1, 1, tzinfo=UTC)
        for name, values in rows.items():
            given = {"at": at} if ":at" in values else {}
            connection.execute(text(f"INSERT INTO {name} {values}"), given)
    upgrade(empty_engine)
    with writing(empty_engine) as connection:
        for name in ("dataset_versions", "corridor_versions"):
            assert connection.execute(text(f"SELECT source FROM {name}")).scalars().all() == ["rpw"]
        command.downgrade(alembic_config(connection), "0001")
        assert connection.execute(text("SELECT count(*) FROM corridor_versions")).scalar_one() == 1
