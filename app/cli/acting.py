"""What commands that change something by hand have in common: the database opened, and who does it, for the log."""

import os
import pwd
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from sqlalchemy import Engine

from app.db import check_schema, open_engine, upgrade
from app.domain.audit import by_login
from app.domain.reasons import reason
from app.settings import Settings, read_settings

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Change nothing; tell what would change.")]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; everybody can read it.")]
NOTHING_CHANGED = "Nothing was changed."


def actor() -> str:
    """Return how the audit log names whoever runs this command: by the login of the process, not by what it says."""
    number = os.getuid()
    try:
        return by_login(pwd.getpwuid(number).pw_name)
    except KeyError:  # a container's user need not have a name
        return by_login(str(number))


def utc_now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


def public_reason(text: str) -> str:
    """Return what ``--reason`` says, as everybody will read it."""
    return reason(text, parameter="--reason")


@contextmanager
def opened() -> Iterator[tuple[Engine, Settings]]:
    """Open the database of the settings to read it; it must have this release's schema."""
    with _opened(check_schema) as found:
        yield found


@contextmanager
def opened_to_change() -> Iterator[tuple[Engine, Settings]]:
    """Open the database of the settings, created or brought to this release's schema first, as ``import`` does."""
    with _opened(upgrade) as found:
        yield found


@contextmanager
def _opened(prepare: Callable[[Engine], object]) -> Iterator[tuple[Engine, Settings]]:
    settings = read_settings()
    engine = open_engine(settings.database_url)
    try:
        prepare(engine)
        yield engine, settings
    finally:
        engine.dispose()
