"""``threepercent db``: create or migrate the database, check it, back it up and restore it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.cli.command import Command
from app.db import (
    DatabaseError,
    check_backup,
    check_integrity,
    check_schema,
    display_url,
    is_sqlite,
    make_backup,
    open_engine,
    reading,
    restore_backup,
    schema_revision,
    sqlite_file,
    upgrade,
)
from app.db.schema import SCHEMA_REVISION
from app.settings import Settings, SettingsError, read_settings
from app.store.versions import newest_version

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Create, migrate, check, back up, restore the database."
)

FAILED = 1
MEGABYTE = 1_000_000
BESIDE = {
    "archive": "files as they were received",
    "key.secret": "without it no key is good any more",
}
"""What the data folder holds that the database needs and a backup of it does not have."""

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help="The backup, a file of its own.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Overwrite what is there.")]


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


@app.command("backup", cls=Command)
def backup_command(file: FileArgument, *, force: ForceOption = False) -> None:
    """Copy the database as it is now into a file, and read the copy through; the server and imports go on."""
    with _engine() as engine:
        made = make_backup(engine, file, is_forced=force)
        said = f"{made.size / MEGABYTE:.1f} MB, schema {made.revision}, dataset version {_dataset_version(file)}"
        typer.echo(f"Backed up {display_url(engine.url)} to {file}: {said}. It was read through and is whole.")
    _tell_what_else(read_settings())


@app.command("restore", cls=Command)
def restore_command(
    file: FileArgument,
    *,
    force: ForceOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; check the backup.")] = False,
) -> None:
    """Make the database what a backup is. Stop the server first; what is in the database now is lost."""
    with _engine() as engine:
        found = check_backup(file)
        said = f"schema {found.revision}, dataset version {_dataset_version(file)}"
        if dry_run:
            typer.echo(f"{file} is whole: {said}. {display_url(engine.url)} {_held(engine)} Nothing was changed.")
            return
        restore_backup(engine, file, is_forced=force)
        typer.echo(f"Restored {display_url(engine.url)} from {file}: {said}.")
        if found.revision != SCHEMA_REVISION:
            typer.echo("This release brings its schema up to date when it starts, or with: threepercent db upgrade")
    _tell_what_else(read_settings())


def _dataset_version(file: Path) -> int:
    """Return the newest dataset version of a backup that was found whole, 0 while it has no data."""
    return _newest_version(open_engine(f"sqlite:///{file}"))


def _newest_version(engine: Engine) -> int:
    try:
        with reading(engine) as connection:
            version = newest_version(connection)
    finally:
        engine.dispose()
    return 0 if version is None else version.version


def _held(engine: Engine) -> str:
    """Say what restoring would replace."""
    if is_sqlite(engine) and not sqlite_file(engine).exists():
        return "would be created."
    try:
        return f"has dataset version {_newest_version(engine)}, which would be lost."
    except (DatabaseError, SQLAlchemyError):
        return "cannot be read, and would be moved aside."


def _tell_what_else(settings: Settings) -> None:
    beside = [
        f"{settings.data_dir / name} ({why})" for name, why in BESIDE.items() if (settings.data_dir / name).exists()
    ]
    if beside:
        typer.echo(f"Backups do not hold {' nor '.join(beside)}: copy what is there too.")


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
