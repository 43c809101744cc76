"""``threepercent db``: create or migrate the database, and check it."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from sqlalchemy import Engine

from app.cli.command import Command
from app.db import (
    DatabaseError,
    check_integrity,
    check_schema,
    display_url,
    open_engine,
    reading,
    schema_revision,
    upgrade,
)
from app.settings import SettingsError, read_settings

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Create, migrate and check the database.")

FAILED = 1


@app.command("upgrade", cls=Command)
def upgrade_command() -> None:
    """Create the database where there is none, else bring its schema to this release."""
    with _engine() as engine:
        before = upgrade(engine)
        with reading(engine) as connection:
            after = schema_revision(connection)
        where = display_url(engine.url)
        if before == after:
            typer.echo(f"Nothing to do: {where} has schema {after}.")
        elif before is None:
            typer.echo(f"Created {where} with schema {after}.")
        else:
            typer.echo(f"Migrated {where} from schema {before} to {after}.")


@app.command("check", cls=Command)
def check_command() -> None:
    """Check that the database answers, has this release's schema, and is whole."""
    with _engine() as engine:
        check_schema(engine)
        faults = check_integrity(engine)
        for fault in faults:
            typer.echo(fault, err=True)
        if faults:
            raise typer.Exit(FAILED)
        typer.echo(f"{display_url(engine.url)} is whole and has this release's schema.")


@contextmanager
def _engine() -> Iterator[Engine]:
    """Open the database of the settings, and tell what is wrong with it in words."""
    try:
        engine = open_engine(read_settings().database_url)
        try:
            yield engine
        finally:
            engine.dispose()
    except (DatabaseError, SettingsError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(FAILED) from None
