"""A batch of pushed items: each is read, judged, and accepted, put into quarantine, or refused; one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from app.domain.geography import Geography
from app.domain.partners import Partner
from app.domain.verdicts import Finding, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What was pushed at once: the JSON of each item, and the SHA-256 of the whole as hex."""

    items: Sequence[bytes]
    content_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedItem:
    """What became of one item. ``place``: its index, from 0. ``quote_id``: 16 bytes, null where it was rejected.

    ``standing``, of a duplicate: ``shown``, ``superseded``, ``withdrawn``, ``quarantined`` or ``refused``.
    """

    place: int
    external_id: str | None
    outcome: Outcome
    quote_id: bytes | None
    findings: tuple[Finding, ...]
    standing: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What became of a batch. ``dataset_version`` is null where nothing changed, ``import_id`` for a dry run."""

    items: Sequence[PushedItem]
    import_id: int | None
    public_id: str | None
    dataset_version: int | None


class Taking:
    """Takes a partner's items within one transaction, in as many parts as they come: one import, one version."""

    def __init__(
        self,
        connection: Connection,
        *,
        partner: Partner,
        geography: Geography,
        import_id: int,
        now: datetime,
        is_sandbox: bool,
    ) -> None:
        """``import_id`` is that of the row in ``imports`` that the caller started."""
        raise NotImplementedError

    def take(self, items: Sequence[bytes], first_place: int = 0) -> list[PushedItem]:
        """Read, judge and store some items; their places count from ``first_place``."""
        raise NotImplementedError

    def finish(self) -> int | None:
        """Record the dataset version that the items come to; null where they changed nothing."""
        raise NotImplementedError


def push(  # noqa: PLR0913 - who pushes what, where to, and how
    engine: Engine,
    batch: Batch,
    *,
    partner: Partner,
    geography: Geography,
    key_id: str | None,
    request_id: str | None,
    public_id: str,
    now: datetime,
    is_dry_run: bool = False,
    is_atomic: bool = False,
    is_sandbox: bool = False,
    answer: Callable[[Connection, Pushed], None],
) -> Pushed:
    """Take a batch in one transaction and return what became of each item.

    ``answer`` is called inside it at its end, never for a dry run: what it writes stands and falls with the quotes.
    """
    raise NotImplementedError
