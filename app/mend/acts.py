"""What every act has in common: whose hand does it, when and why; and the dataset version that it brings."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from app.domain.audit import Action, Detail
from app.store import audit, versions

Remember = Callable[[Connection, "Acted"], None]
"""Called inside the transaction of an act, at its end: what it writes stands and falls with the act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Who acts (as the audit log names them), why (public; empty where nobody asks), and the clock that says when."""

    actor: str
    reason: str
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """What an act came to. ``dataset_version`` is null where it changed nothing that is shown, and for a dry run."""

    dataset_version: int | None


def remember_nothing(_connection: Connection, _acted: Acted) -> None:
    """Write nothing beside the act."""


EVERYBODY: Final = versions.EVERYBODY


def record_act_version(  # noqa: PLR0913 - whose act it is, and what it touches
    connection: Connection,
    hand: Hand,
    number: int,
    *,
    reason: str,
    brought_by: str,
    touched: Iterable[versions.Touched],
) -> versions.DatasetVersion:
    """Record the dataset version of an act that no import brought; ``reason`` names the kind of act."""
    version = versions.DatasetVersion(number, hand.clock(), None, reason)
    return versions.record_version(
        connection,
        version,
        brought_by=brought_by,
        touched=touched,
        clock=hand.clock,
    )


def log_act(connection: Connection, hand: Hand, *, action: Action, subject: str, detail: Detail) -> None:
    """Append an act to the audit log, with its reason."""
    audit.append(
        connection,
        at=hand.clock(),
        actor=hand.actor,
        action=action,
        subject=subject,
        detail={**({"reason": hand.reason} if hand.reason else {}), **detail},
    )
