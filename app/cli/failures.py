"""What a person sees when something goes wrong: what it was and what to do, on standard error; never a traceback."""

import re
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
        "already-decided",
        "contradictory-parameters",
        "corridor-to-itself",
        "invalid-amount",
        "invalid-name",
        "invalid-number",
        "invalid-parameter",
        "invalid-request",
        "key-not-active",
        "not-held",
        "partner-exists",
        "source-not-fetched",
        "unknown-corridor",
        "unknown-country",
        "unknown-currency",
        "unknown-institution",
        "unknown-key",
        "unknown-notice",
        "unknown-partner",
        "unknown-period",
        "unknown-provider",
        "unknown-quarantined",
        "unknown-source",
    }
)
"""Codes of the errors that another command line would have avoided."""

_QUOTATION = re.compile('("[^"]*")')
_SAID_OTHERWISE = (
    (re.compile(r"GET /v1/corridors lists"), "threepercent corridors lists"),
    (re.compile(r"GET /v1/providers lists them"), "threepercent compare CORRIDOR --json names them"),
    (re.compile(r"GET /v1/quarantine lists them"), "threepercent quarantine list shows them"),
    (re.compile(r"\bsending_currency\b"), "--currency"),
    (re.compile(r"\b(basis|period)=(\w+)"), r"--\1 \2"),
    (re.compile(r"\bleave out (?=basis|benchmark|period)"), "leave out --"),
    (re.compile(r"^(amount|basis|benchmark|period|source)(?= cannot be | is not valid )"), r"--\1"),
)
"""What the domain's errors say of calls and parameters, and how a command line is told the same."""


@contextmanager
def explained() -> Iterator[None]:
    """Turn an error that this software expects into a message and an exit status; others are faults and go on."""
    try:
        yield
    except ThreePercentError as error:
        raise fail(on_the_command_line(error.detail), status_of(error.code)) from None
    except KeyboardInterrupt:
        raise fail("Interrupted.", INTERRUPTED) from None
    except Exception as error:
        status = _expected(error)
        if status is None:
            raise
        raise fail(str(error), status) from None


def status_of(code: str) -> int:
    """Return the exit status of a domain error, by its code."""
    return WRONG_USE if code in _WRONG_USE else FAILED


def on_the_command_line(detail: str) -> str:
    """Say what an error says with commands and options in place of calls and parameters; quotations are left alone."""
    parts = _QUOTATION.split(detail)
    for pattern, said in _SAID_OTHERWISE:
        parts[::2] = [pattern.sub(said, part) for part in parts[::2]]
    return "".join(parts)


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
