"""Migrations run up, down and up again on both databases, from anywhere, and refuse what they do not know."""

import os
import subprocess
import sys
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
    open_engine,
    reading,
    schema_revision,
    upgrade,
    writing,
)
from app.db.schema import SCHEMA_REVISION
from app.store.tables import METADATA


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
    project = Path(__file__).parents[2]
    subprocess.run(
        [sys.executable, "-c", code, url], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(project)}, check=True
    )
    assert (tmp_path / "threepercent.db").exists()
