"""``threepercent imports withdraw`` and ``release``: an import is taken back as a whole, or shown at last."""

from typing import Annotated

import typer
from sqlalchemy import Connection

from app.cli.acting import NOTHING_CHANGED, DryRunOption, ReasonOption, actor, opened_to_change, public_reason, utc_now
from app.cli.command import Command
from app.cli.failures import WRONG_USE, fail
from app.cli.imports import imports, print_outcome
from app.cli.quotes import told
from app.db import reading
from app.domain.errors import quoted
from app.ingest import Limits, Order
from app.mend.acts import Hand
from app.mend.held import release
from app.mend.imports import withdraw_import
from app.store import imports as stored

__all__ = ["imports"]

_MOST_DIGITS = 9

ImportArgument = Annotated[
    str, typer.Argument(metavar="IMPORT", help="Its number, as imports list shows it, or a partner's imp_… id.")
]


@imports.command("withdraw", cls=Command)
def withdraw(import_: ImportArgument, reason: ReasonOption, *, dry_run: DryRunOption = False) -> None:
    """Take back all quotes of an import; what they had replaced stands again."""
    hand = Hand(actor=actor(), reason=public_reason(reason), clock=utc_now)
    with opened_to_change() as (engine, _):
        with reading(engine) as connection:
            found = _found(connection, import_)
        if found.status is not stored.ImportStatus.COMMITTED:
            raise fail(f"Import {found.id} is {found.status.value}: there is nothing of it to take back.")
        done = withdraw_import(engine, found, hand, is_dry_run=dry_run)
    if done.already is not None:
        typer.echo(f"Import {found.id} was withdrawn already, in dataset version {done.already}.")
    for line in told(done.withdrawn, is_dry_run=dry_run):
        typer.echo(line)


@imports.command("release", cls=Command)
def release_import(import_: ImportArgument, *, dry_run: DryRunOption = False) -> None:
    """Import a held file now; a dry run tells what it would change."""
    with opened_to_change() as (engine, settings):
        with reading(engine) as connection:
            found = _found(connection, import_)
        limits = Limits(memory_bytes=settings.import_memory_bytes, seconds_per_50_mb=settings.import_seconds_per_50_mb)
        order = Order(
            file=settings.data_dir,  # the kept bytes take its place
            data_dir=settings.data_dir,
            now=utc_now(),
            limits=limits,
            is_dry_run=dry_run,
            public_sources=settings.public_sources,
            clock=utc_now,
        )
        report = release(engine, found.id, order, Hand(actor=actor(), reason="", clock=utc_now))
    print_outcome(report, is_dry_run=dry_run)
    typer.echo(f"Import {found.id} stays held. {NOTHING_CHANGED}" if dry_run else f"Released import {found.id}.")


def _found(connection: Connection, text: str) -> stored.Import:
    is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    found = stored.find(connection, int(text)) if is_number else stored.find_pushed(connection, text)
    if found is None:
        said = quoted(text)
        raise fail(f"There is no import {said}; threepercent imports list shows those there are.", WRONG_USE)
    return found
