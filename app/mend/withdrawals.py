"""Withdrawals: quotes are taken back, and what they had replaced stands again.

Quotes of some time, of an import, or named by their ids are taken back as if they had never been sent: all of them,
also those that were superseded since, and of what they had superseded the newest stands again, unless something newer
does. Where services are named without a time, they end as they are offered now: nothing stands in their place.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, Engine

from app.db import instant, reading, transact
from app.domain.audit import Action, Detail
from app.domain.partners import SOURCE_PREFIX
from app.mend.acts import Acted, Hand, Remember, log_act, record_act_version, remember_nothing
from app.sources.kept_records import record_from
from app.store import corrections, live_quotes, quarantine, quotes, versions, withdrawals
from app.store.corrections import CorrectionRecord, Kind
from app.store.live_quotes import Current, Service
from app.store.quarantine import Quarantined, WaitingStatus
from app.store.quotes import Change, ChangeRecord
from app.store.withdrawals import Found, Selection

AGAIN = "what had superseded it was withdrawn"
NEWER = "a newer quote of the source"
_WAITING_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn(Acted):
    """What a withdrawal came to, or would: quotes taken back, quotes that stand again, and those that waited."""

    quotes: Sequence[Found]
    returned: Sequence[Found]
    waiting: Sequence[Quarantined]


def withdraw(
    engine: Engine,
    selection: Selection,
    hand: Hand,
    *,
    is_dry_run: bool = False,
    remember: Remember = remember_nothing,
) -> Withdrawn:
    """Withdraw quotes in one transaction; a dry run only looks. Nothing is logged where nothing is meant."""
    if is_dry_run:
        with reading(engine) as connection:
            return look(connection, selection)

    def act(connection: Connection) -> Withdrawn:
        detail = _detail(selection)
        withdrawn = withdraw_now(connection, selection, hand)
        if withdrawn.quotes or withdrawn.waiting:
            counts = counts_of(withdrawn)
            action = Action.QUOTES_WITHDRAWN
            log_act(connection, hand, action=action, subject=selection.source, detail={**detail, **counts})
        remember(connection, withdrawn)
        return withdrawn

    return transact(engine, act)


def look(connection: Connection, selection: Selection) -> Withdrawn:
    """Return what a withdrawal would come to."""
    return _planned(connection, selection).withdrawn()


def withdraw_now(connection: Connection, selection: Selection, hand: Hand) -> Withdrawn:
    """Withdraw quotes in the caller's transaction, which logs it."""
    plan = _planned(connection, selection)
    for waiting in plan.waiting:
        status = WaitingStatus.WITHDRAWN
        at = hand.clock()
        quarantine.decide(connection, waiting.quote_id, status=status, at=at, by=hand.actor, reason=hand.reason)
    if not plan.meant:
        return plan.withdrawn()
    number = versions.next_version(connection)
    ended = [ChangeRecord(one.id, Change.WITHDRAWN.value, None, hand.reason) for one in plan.meant]
    quotes.append_changes(connection, [*ended, *plan.changes], dataset_version=number)
    live_quotes.replace(connection, selection.source, plan.ended, plan.begun)
    version = record_act_version(
        connection, hand, number, reason="withdrawal", brought_by=selection.source, touched=plan.touched
    )
    rows = _told(selection.source, plan.meant, hand.reason)
    corrections.append(connection, rows, dataset_version=number, recorded_at=version.committed_at)
    return plan.withdrawn(number)


@dataclass(slots=True)
class _Plan:
    """What a withdrawal does: to the quotes that are ``meant``, to others (``changes``), and to the index."""

    meant: Sequence[Found]
    waiting: Sequence[Quarantined]
    changes: list[ChangeRecord] = field(default_factory=list)
    ended: list[Service] = field(default_factory=list)
    begun: list[Current] = field(default_factory=list)
    returned: list[Found] = field(default_factory=list)

    @property
    def touched(self) -> set[versions.Touched]:
        """The rounds and corridors in which something changes."""
        return {versions.Touched(one.corridor, one.period) for one in (*self.meant, *self.returned)}

    def withdrawn(self, dataset_version: int | None = None) -> Withdrawn:
        """Return what it comes to."""
        return Withdrawn(
            dataset_version=dataset_version, quotes=self.meant, returned=self.returned, waiting=self.waiting
        )


def _planned(connection: Connection, selection: Selection) -> _Plan:
    plan = _Plan(meant=withdrawals.find(connection, selection), waiting=_waiting(connection, selection))
    services = {_service(one) for one in plan.meant}
    index = live_quotes.known(connection, selection.source, {service.source_key for service in services}, ())
    index = {service: current for service, current in index.items() if service in services}
    ids = {one.id for one in plan.meant}
    plan.ended = [service for service, current in sorted(index.items()) if current.quote_id in ids]
    if selection.is_of_services:
        return plan
    replaced: defaultdict[Service, list[Found]] = defaultdict(list)
    for one in withdrawals.replaced_by(connection, ids):
        replaced[_service(one)].append(one)
    standing = {service: current.quote_id for service, current in index.items() if current.quote_id not in ids}
    standing |= _surveyed(connection, selection.source, plan.meant, ids)
    stood = {_service(one) for one in plan.meant if one.is_current}
    for service, candidates in sorted(replaced.items()):
        if service in stood or service in standing:  # else it ended before, and stays so
            _settle(plan, candidates, standing.get(service), index.get(service))
    return plan


def _settle(plan: _Plan, candidates: Iterable[Found], standing: bytes | None, before: Current | None) -> None:
    """Let the newest of what was superseded stand again unless something does, and lead the others to what stands."""
    oldest_first = sorted(candidates, key=lambda one: (one.observed_at, one.dataset_version, one.id))
    if standing is None:
        newest = oldest_first.pop()
        standing = newest.id
        plan.returned.append(newest)
        plan.changes.append(ChangeRecord(newest.id, Change.REINSTATED.value, newest.other, AGAIN))
        if before is not None:
            plan.begun.append(
                before._replace(corridor=newest.corridor, observed_at=newest.observed_at, quote_id=newest.id)
            )
    plan.changes += [ChangeRecord(one.id, Change.SUPERSEDED.value, standing, NEWER) for one in oldest_first]


def _surveyed(connection: Connection, source: str, meant: Iterable[Found], ids: set[bytes]) -> Mapping[Service, bytes]:
    """Return what stands of the surveyed rows that are meant, by row and amount: no index holds them."""
    keys: defaultdict[str, set[str]] = defaultdict(set)
    for one in meant:
        if one.period is not None:
            keys[one.period].add(one.source_key)
    return {
        Service(known.source_key, known.tier or ""): known.quote_id
        for period, of_period in sorted(keys.items())
        for same_row in quotes.known(connection, source, period, sorted(of_period)).values()
        for known in same_row
        if known.is_current and known.quote_id not in ids
    }


def _waiting(connection: Connection, selection: Selection) -> list[Quarantined]:
    """Return the quarantined quotes that are meant: they are taken back before anybody decides on them."""
    if not selection.source.startswith(SOURCE_PREFIX):
        return []
    wanted = quarantine.Wanted(
        status=WaitingStatus.WAITING,
        partner=selection.source.removeprefix(SOURCE_PREFIX),
        corridor=selection.corridor,
        import_id=selection.import_id,
        external_id=selection.source_keys,
        quote_id=selection.quote_ids,
    )
    meant: list[Quarantined] = []
    after = None
    while part := quarantine.listed(connection, wanted, after=after, limit=_WAITING_AT_ONCE):
        meant += [one for one in part if _is_meant(one, selection)]
        after = part[-1].recorded_at, part[-1].quote_id
    return meant


def _is_meant(one: Quarantined, selection: Selection) -> bool:
    observed_at = instant(record_from(one.record).observed_at)
    return _is_between(observed_at, selection.observed_from, selection.observed_until) and _is_between(
        one.recorded_at, selection.sent_from, selection.sent_until
    )


def _is_between(at: datetime, first: datetime | None, end: datetime | None) -> bool:
    return (first is None or at >= first) and (end is None or at < end)


def _told(source: str, meant: Iterable[Found], reason: str) -> list[CorrectionRecord]:
    """Return what is told publicly: how many quotes of which provider in which corridor; one by its id."""
    counted = Counter((one.corridor, one.provider) for one in meant)
    alone = {(one.corridor, one.provider): UUID(bytes=one.id) for one in meant}
    return [
        CorrectionRecord(
            kind=Kind.WITHDRAWN,
            source=source,
            corridor=corridor,
            provider=provider,
            quotes=number,
            quote_id=alone[corridor, provider] if number == 1 else None,
            successor_id=None,
            reason=reason,
        )
        for (corridor, provider), number in sorted(counted.items())
    ]


def _service(one: Found) -> Service:
    return Service(one.source_key, one.tier)


def counts_of(withdrawn: Withdrawn) -> Detail:
    """Return what a withdrawal came to, for the log."""
    return {
        "quotes": len(withdrawn.quotes),
        "returned": len(withdrawn.returned),
        "waiting": len(withdrawn.waiting),
        "dataset_version": withdrawn.dataset_version,
    }


def _detail(selection: Selection) -> Detail:
    """Return what was selected by, for the log."""
    times = ("observed_from", "observed_until", "sent_from", "sent_until")
    said = {name: at.isoformat() for name in times if (at := getattr(selection, name)) is not None}
    keys = {"external_ids": list(selection.source_keys)} if selection.source_keys else {}
    ids = {"quote_ids": [str(each) for each in selection.quote_ids]} if selection.quote_ids else {}
    return {**said, **keys, **ids, **({} if selection.corridor is None else {"corridor": selection.corridor})}
