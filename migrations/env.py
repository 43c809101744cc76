"""Alembic's environment: our tables, and the connection that is given, else the database of the settings."""

from alembic import context
from sqlalchemy import Connection

from app.db import is_sqlite, open_engine, writing
from app.settings import read_settings
from app.store.tables import METADATA


def migrate(connection: Connection) -> None:
    """Run the migrations that are asked for in the connection's transaction."""
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        render_as_batch=is_sqlite(connection),
        compare_type=True,
        compare_server_default=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    """Migrate with the connection that ``app.db.upgrade`` hands over, else with one of our own."""
    connection = context.config.attributes.get("connection")
    if connection is not None:
        migrate(connection)
        return
    engine = open_engine(read_settings().database_url)
    try:
        with writing(engine) as own:
            migrate(own)
    finally:
        engine.dispose()


if context.is_offline_mode():
    raise SystemExit("Migrations need a database: they run in one transaction with their check.")
main()
