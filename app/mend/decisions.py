"""Decisions about quotes in quarantine: accepted ones are stored as if they had just come, refused ones never are."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Engine

from app.db import reading, transact
from app.domain.audit import Action, Detail
from app.domain.review_errors import AlreadyDecided, OwnQuote, UnknownQuarantined
from app.domain.verdicts import findings_from
from app.ingest.pushed import Placed, store_accepted
from app.mend.acts import Acted, Hand, Remember, log_act, record_act_version, remember_nothing
from app.sources.kept_records import record_from
from app.store import quarantine, versions
from app.store.quarantine import Quarantined, WaitingStatus

_REASON: Final = "decision"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided(Acted):
    """What was decided, or would be: the quotes as they waited; ``dataset_version`` is the newest that shows them."""

    quotes: Sequence[Quarantined]
    status: WaitingStatus


def decide(  # noqa: PLR0913 - about which quotes, what, by whom
    engine: Engine,
    quote_ids: Iterable[UUID],
    hand: Hand,
    *,
    is_accepted: bool,
    reviewer: str | None = None,
    is_dry_run: bool = False,
    remember: Remember = remember_nothing,
) -> Decided:
    """Accept or refuse quotes that wait, all of them or none, in one transaction; a dry run only looks.

    ``reviewer`` is the partner whose key decides, null for the operator's own hand. Raises UnknownQuarantined,
    AlreadyDecided, and OwnQuote for a reviewer's own.
    """
    status = WaitingStatus.ACCEPTED if is_accepted else WaitingStatus.REFUSED
    wanted = list(dict.fromkeys(quote_ids))
    if is_dry_run:
        with reading(engine) as connection:
            return Decided(quotes=_waiting(connection, wanted, reviewer), status=status, dataset_version=None)

    def act(connection: Connection) -> Decided:
        waiting = _waiting(connection, wanted, reviewer)
        version = _accept(connection, waiting, hand) if is_accepted else None
        for one in waiting:
            _record(connection, one, hand, status)
        decided = Decided(quotes=waiting, status=status, dataset_version=version)
        remember(connection, decided)
        return decided

    return transact(engine, act)


def _waiting(connection: Connection, quote_ids: Iterable[UUID], reviewer: str | None) -> list[Quarantined]:
    waiting = []
    for quote_id in quote_ids:
        found = quarantine.find(connection, quote_id)
        if found is None:
            raise UnknownQuarantined(text=str(quote_id))
        if found.partner == reviewer:
            raise OwnQuote
        if found.status is not WaitingStatus.WAITING:
            raise AlreadyDecided(quote_id=str(quote_id), status=found.status.value)
        waiting.append(found)
    return waiting


def _accept(connection: Connection, waiting: Iterable[Quarantined], hand: Hand) -> int | None:
    """Store quotes, those of each source in a dataset version of its own; return the newest."""
    by_source: dict[str, list[Quarantined]] = defaultdict(list)
    for one in waiting:
        by_source[one.source].append(one)
    newest = None
    for source, found in sorted(by_source.items()):
        newest = versions.next_version(connection)
        touched: set[versions.Touched] = set()
        for import_id in sorted({one.import_id for one in found}):
            stored = store_accepted(
                connection,
                [_placed(one) for one in found if one.import_id == import_id],
                source=source,
                import_id=import_id,
                version=newest,
                now=hand.clock(),
            )
            touched |= {versions.Touched(corridor, None) for corridor in stored.touched}
        record_act_version(connection, hand, newest, reason=_REASON, brought_by=source, touched=touched)
    return newest


def _placed(waiting: Quarantined) -> Placed:
    return Placed(waiting.place, record_from(waiting.record))


def _record(connection: Connection, waiting: Quarantined, hand: Hand, status: WaitingStatus) -> None:
    at = hand.clock()
    if not quarantine.decide(connection, waiting.quote_id, status=status, at=at, by=hand.actor, reason=hand.reason):
        raise AlreadyDecided(quote_id=str(waiting.quote_id), status=status.value)
    action = Action.QUARANTINE_ACCEPTED if status is WaitingStatus.ACCEPTED else Action.QUARANTINE_REFUSED
    rules = sorted({finding.rule for finding in findings_from(waiting.findings)})
    detail: Detail = {"partner": waiting.partner, "external_id": waiting.external_id, "rules": rules}
    log_act(connection, hand, action=action, subject=str(waiting.quote_id), detail=detail)
