"""The schema's revision: created and migrated at first start, refused where it is newer than the code."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from app.db.engines import is_sqlite, reading, sqlite_file, writing
from app.db.errors import SchemaTooNew, SchemaTooOld

if TYPE_CHECKING:
    from alembic.config import Config

SCHEMA_REVISION: Final = "0003"  # the newest migration's; a test compares them


def upgrade(engine: Engine) -> str | None:
    """Bring the database to this code's schema, creating it where there is none; return the revision it had.

    Costs one query where nothing is to be done. Raises SchemaTooNew where a newer release has migrated it.
    """
    if not (is_sqlite(engine) and not sqlite_file(engine).exists()):
        with reading(engine) as connection:
            found = schema_revision(connection)
        if found == SCHEMA_REVISION:
            return found
    with writing(engine) as connection:
        found = schema_revision(connection)
        if found != SCHEMA_REVISION:
            refuse_unknown(found)
            from alembic import command

            command.upgrade(alembic_config(connection), SCHEMA_REVISION)
    return found


def check_schema(engine: Engine) -> None:
    """Raise SchemaTooOld or SchemaTooNew unless the database has exactly this code's schema."""
    with reading(engine) as connection:
        found = schema_revision(connection)
    if found == SCHEMA_REVISION:
        return
    refuse_unknown(found)
    raise SchemaTooOld(
        f"The database has {'no schema yet' if found is None else f'schema {found}'}, and this release needs "
        f"{SCHEMA_REVISION}. Run: threepercent db upgrade"
    )


def check_integrity(engine: Engine) -> list[str]:
    """Return what SQLite finds wrong with its file, nothing where it is whole; PostgreSQL checks pages as it reads."""
    if not is_sqlite(engine):
        return []
    try:
        with reading(engine) as connection:
            found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
            found += [f"foreign key of {row[0]}" for row in connection.exec_driver_sql("PRAGMA foreign_key_check")]
    except DBAPIError as error:  # too damaged to be walked
        return [str(error.orig)]
    return [fault for fault in found if fault != "ok"]


def schema_revision(connection: Connection) -> str | None:
    """Return the revision that the database is at, null where it has no schema."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def alembic_config(connection: Connection | None = None) -> "Config":
    """Return Alembic's configuration for our migrations; with a connection, they run in its transaction."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def migrations_folder() -> Path:
    """Return where the migrations are: inside the installed package, or beside it in a working copy."""
    package = Path(__file__).parents[1]
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def refuse_unknown(revision: str | None) -> None:
    """Raise SchemaTooNew for a revision that this release does not know."""
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()}
    if revision is not None and revision not in known:
        raise SchemaTooNew(
            f"The database has schema {revision}, which this release does not know: a newer one has migrated it. "
            "Install that release or a later one, or restore a backup from before."
        )
