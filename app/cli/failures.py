"""What a person sees when something goes wrong: what it was and what to do, on standard error; never a traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from app.domain.errors import ThreePercentError

FAILED = 1
WRONG_USE = 2
INTERRUPTED = 130

_WRONG_USE = frozenset(
    {
        "contradictory-parameters",
        "corridor-to-itself",
        "invalid-amount",
        "invalid-name",
        "invalid-number",
        "invalid-parameter",
        "invalid-request",
        "unknown-corridor",
        "unknown-country",
        "unknown-currency",
        "unknown-period",
        "unknown-provider",
    }
)
"""Codes of the errors that another command line would have avoided."""


@contextmanager
def explained() -> Iterator[None]:
    """Turn an error that this software expects into a message and an exit status; others are faults and go on."""
    try:
        yield
    except ThreePercentError as error:
        raise fail(error.detail, WRONG_USE if error.code in _WRONG_USE else FAILED) from None
    except KeyboardInterrupt:
        raise fail("Interrupted.", INTERRUPTED) from None
    except Exception as error:
        status = _expected(error)
        if status is None:
            raise
        raise fail(str(error), status) from None


def fail(message: str, status: int = FAILED) -> typer.Exit:
    """Write why on standard error and return what to raise."""
    typer.echo(message, err=True)
    return typer.Exit(status)


def _expected(error: Exception) -> int | None:
    """Return the exit status of an error of the settings, the database or the archive, null for any other.

    An error of a module that was never imported cannot have been raised, so nothing is imported to look.
    """
    settings, database = sys.modules.get("app.settings"), sys.modules.get("app.db.errors")
    archive = sys.modules.get("app.archive")
    if settings is not None and isinstance(error, settings.SettingsError):
        return WRONG_USE
    if database is not None and isinstance(error, database.DatabaseError):
        return FAILED
    if archive is not None and isinstance(error, archive.ArchiveError):
        return FAILED
    return None
