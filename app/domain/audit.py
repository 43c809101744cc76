"""The audit log's arithmetic: each act is hashed with the hash before it, so that none can be changed or taken out.

    hash(n) = SHA-256(hash(n - 1) ‖ canonical JSON of act n), with 32 zero bytes before the first

Whoever changes, removes or slips in an act has to compute every later hash anew; whoever noted one hash elsewhere
sees it. What a chain alone cannot show is that its newest acts were cut off: for that, note its head.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final

Detail = Mapping[str, str | int | bool | list[str] | None]
"""What else is known of an act: plain names, counts and reasons. Never a key, and never more than is public or ours."""

NOTHING_BEFORE: Final = bytes(32)


class Action(StrEnum):
    """What may be done, in the past tense: the words of the log."""

    PARTNER_ADDED = "partner_added"
    PARTNER_CHANGED = "partner_changed"
    PARTNER_ENDED = "partner_ended"
    KEY_CREATED = "key_created"
    KEY_ROTATED = "key_rotated"
    KEY_REVOKED = "key_revoked"
    QUARANTINE_ACCEPTED = "quarantine_accepted"
    QUARANTINE_REFUSED = "quarantine_refused"
    QUOTE_CORRECTED = "quote_corrected"
    QUOTES_WITHDRAWN = "quotes_withdrawn"
    IMPORT_WITHDRAWN = "import_withdrawn"
    IMPORT_HELD = "import_held"
    IMPORT_RELEASED = "import_released"
    PROVIDER_HIDDEN = "provider_hidden"
    PROVIDER_SHOWN = "provider_shown"
    NOTICE_ADDED = "notice_added"
    NOTICE_ENDED = "notice_ended"
    SOURCE_PAUSED = "source_paused"
    SOURCE_RESUMED = "source_resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act: ``actor`` is ``key:<key id>`` or ``cli:<login name>``, ``detail`` canonical JSON of an object."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An act as it stands in the chain."""

    act: Act
    previous_hash: bytes
    hash: bytes


def by_key(key_id: str) -> str:
    """Return how the log names whoever used a key."""
    return f"key:{key_id}"


def by_login(name: str) -> str:
    """Return how the log names whoever used the command line."""
    return f"cli:{name}"


def detail_text(detail: Detail) -> str:
    """Return details as canonical JSON: sorted names, no blanks, one spelling."""
    return json.dumps(dict(detail), ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical(act: Act) -> bytes:
    """Return the bytes of an act that are hashed: the same from either database, whatever its time zone."""
    fields = {
        "action": act.action,
        "actor": act.actor,
        "at": act.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "detail": act.detail,
        "number": act.number,
        "subject": act.subject,
    }
    return json.dumps(fields, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()


def entry_after(previous_hash: bytes, act: Act) -> Entry:
    """Return an act chained to what stands before it."""
    return Entry(act=act, previous_hash=previous_hash, hash=sha256(previous_hash + canonical(act)).digest())


def first_broken(entries: Iterable[Entry]) -> int | None:
    """Return the number of the first entry that is not as it was written, or where one is missing; null if all are."""
    previous = NOTHING_BEFORE
    for number, entry in enumerate(entries, start=1):
        if entry.act.number != number or entry != entry_after(previous, entry.act):
            return number
        previous = entry.hash
    return None
