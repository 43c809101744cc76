"""Corrections: a whole quote in the place of one that was wrong, from the moment on at which that one was observed.

What was wrong stays on record, and ``as_of`` before the correction shows it; whatever it had superseded is from then on
superseded by what stands in its place.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Engine

from app.db import instant, transact
from app.domain.audit import Action, Detail
from app.domain.errors import UnknownQuote
from app.domain.geography import Geography
from app.domain.partners import Partner
from app.domain.push_errors import ConditionFailed, CorrectionRefused, QuoteReplaced
from app.domain.verdicts import Finding, Outcome, Verdict, worst
from app.ingest.pushed import Ending, Placed, store_accepted
from app.mend.acts import Acted, Hand, Remember, log_act, remember_nothing
from app.push.batch import Pusher, started
from app.push.judging import judge
from app.push.recording import Tally
from app.push.taking import PushedItem, flagged
from app.sources.pushed_items import ItemReader, ReadItem, UnreadItem
from app.sources.source import LiveRecord
from app.store import corrections, imports, live_quotes, quarantine, quotes, versions, withdrawals
from app.store.corrections import CorrectionRecord, Kind
from app.store.live_quotes import Current, Service
from app.store.quotes import Change, ChangeRecord, Place
from app.store.withdrawals import Found

NEWER: Final = "a newer quote of the partner"
OTHER_SERVICE: Final = "another-service"
OTHER_TIME: Final = "another-time"
SAYS_THE_SAME: Final = "says-the-same"
KNOWN: Final = "known-quote"
JUMPS: Final = frozenset({"rate-jump", "fee-jump"})
"""Rules that compare with the price before: with the very one that is said to be wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What is corrected: the quote, and the JSON of the whole quote that is to stand in its place.

    ``content_hash``: SHA-256 of all that was sent, as hex; ``public_id`` is how its import is known.
    """

    quote_id: UUID
    item: bytes
    content_hash: str
    public_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected(Acted):
    """What a correction came to, or would: ``successor`` stands in the quote's place, with what the rules found."""

    quote_id: UUID
    successor: LiveRecord
    findings: tuple[Finding, ...]
    public_id: str | None


class _DryRunEndsError(Exception):
    """Raised to roll a dry run back; carries what it would have come to."""

    def __init__(self, corrected: Corrected) -> None:
        super().__init__("a dry run stores nothing")
        self.corrected = corrected


def correct(  # noqa: PLR0913 - what is corrected, by whom, and when it may be
    engine: Engine,
    correction: Correction,
    hand: Hand,
    *,
    by: Pusher,
    geography: Geography,
    is_as_seen: Callable[[Connection], bool],
    is_dry_run: bool = False,
    remember: Remember = remember_nothing,
) -> Corrected:
    """Put a quote in the place of one of the partner's that stands, in one transaction.

    ``is_as_seen`` says whether the quote is still in the state that its partner saw. Raises UnknownQuote,
    QuoteReplaced, ConditionFailed and CorrectionRefused; then nothing is stored.
    """

    def act(connection: Connection) -> Corrected:
        wrong = _standing(connection, by.partner, correction.quote_id)
        if not is_as_seen(connection):
            raise ConditionFailed
        read = _read(correction.item, wrong, by.partner, geography)
        record, findings = _judged(connection, read, by)
        corrected = _stored(connection, correction, wrong, record, findings, hand, by)
        if is_dry_run:
            raise _DryRunEndsError(replace(corrected, dataset_version=None, public_id=None))
        remember(connection, corrected)
        return corrected

    try:
        return transact(engine, act)
    except _DryRunEndsError as end:
        return end.corrected


def _standing(connection: Connection, partner: Partner, quote_id: UUID) -> Found:
    """Return the partner's quote, which stands; another partner's is as unknown as one that never was."""
    found = withdrawals.find_one(connection, partner.source, quote_id)
    if found is None:
        waiting = quarantine.find(connection, quote_id)
        if waiting is not None and waiting.partner == partner.id:
            raise QuoteReplaced(change="put into quarantine", successor=None)
        raise UnknownQuote(text=str(quote_id))
    if not found.is_current:
        successor = None if found.other is None else str(UUID(bytes=found.other))
        raise QuoteReplaced(change=str(found.change), successor=successor)
    return found


def _read(item: bytes, wrong: Found, partner: Partner, geography: Geography) -> ReadItem:
    read = ItemReader(partner, geography).read(item)
    if isinstance(read, UnreadItem):
        raise CorrectionRefused(read.findings)
    if read.record.source_key != wrong.source_key:
        raise _refused(OTHER_SERVICE, "/external_id", "Expected the external_id of the quote that it corrects.")
    if read.record.observed_at != wrong.observed_at:
        at = instant(wrong.observed_at).isoformat().replace("+00:00", "Z")
        detail = (
            f"Expected the observed_at of the quote that it corrects, {at}: a correction counts from then on. Where "
            "the time itself was wrong, withdraw the quote and push it anew."
        )
        raise _refused(OTHER_TIME, "/observed_at", detail, limit=at)
    if read.record.id == wrong.id:
        raise _refused(SAYS_THE_SAME, "", "Expected a quote that says something else than the one it corrects.")
    return read


def _judged(connection: Connection, read: ReadItem, by: Pusher) -> tuple[LiveRecord, tuple[Finding, ...]]:
    """Judge what is to stand, by every rule but those that compare with the wrong price."""
    (found,) = judge(
        connection, [read.record], partner=by.partner, now=by.now, is_sandbox=by.is_sandbox, terms=[read.terms]
    )
    findings = tuple(finding for finding in found if finding.rule not in JUMPS)
    if worst(findings) in {Verdict.QUARANTINE, Verdict.REJECT}:
        raise CorrectionRefused(findings)
    return flagged(read.record, findings), findings


def _stored(  # noqa: PLR0913, PLR0917 - what takes whose place, by whom, and why
    connection: Connection,
    correction: Correction,
    wrong: Found,
    record: LiveRecord,
    findings: tuple[Finding, ...],
    hand: Hand,
    by: Pusher,
) -> Corrected:
    pushed_by = imports.PushedBy(
        public_id=correction.public_id, partner=by.partner.id, key_id=by.key_id, request_id=by.request_id
    )
    import_id = started(connection, by.partner, correction.content_hash, now=by.now, pushed_by=pushed_by)
    number = versions.next_version(connection)
    _replace(connection, wrong, record, import_id, number, hand, by)
    _lead_on(connection, wrong, record, number)
    version = versions.record_version(
        connection,
        versions.DatasetVersion(number, by.now, import_id, "correction"),
        brought_by=by.partner.source,
        touched={versions.Touched(wrong.corridor, None), versions.Touched(record.corridor, None)},
        clock=hand.clock,
    )
    told = _told(correction.quote_id, wrong, record, by.partner.source, hand.reason)
    corrections.append(connection, [told], dataset_version=number, recorded_at=version.committed_at)
    detail: Detail = {"successor": str(UUID(bytes=record.id)), "import": import_id, "dataset_version": number}
    log_act(connection, hand, action=Action.QUOTE_CORRECTED, subject=str(correction.quote_id), detail=detail)
    tally = Tally()
    accepted = Outcome.ACCEPTED
    tally.add([PushedItem(place=0, external_id=record.source_key, outcome=accepted, quote_id=record.id, findings=())])
    imports.finish(
        connection, import_id, finished_at=version.committed_at, counts=tally.counts(), dataset_version=number
    )
    return Corrected(
        quote_id=correction.quote_id,
        successor=record,
        findings=findings,
        public_id=correction.public_id,
        dataset_version=number,
    )


def _replace(  # noqa: PLR0913, PLR0917 - what takes whose place, in which import and version
    connection: Connection, wrong: Found, record: LiveRecord, import_id: int, number: int, hand: Hand, by: Pusher
) -> None:
    """Let a quote stand in the place of another; one that was there before, and was corrected itself, stands again."""
    corrected = Ending(Change.CORRECTED, hand.reason)
    is_there = quotes.stored(connection, [Place(record.corridor, record.observed_at, record.id)])
    if not is_there:
        if quarantine.standings(connection, [record.id]):
            raise _refused(KNOWN, "", "This very quote was put into quarantine before.")
        store_accepted(
            connection,
            [Placed(0, record)],
            source=by.partner.source,
            import_id=import_id,
            version=number,
            now=by.now,
            ending=corrected,
        )
        return
    service = Service(record.source_key, record.tier)
    begun = Current(
        source=record.source,
        source_key=record.source_key,
        tier=record.tier,
        scope=record.scope,
        corridor=record.corridor,
        observed_at=record.observed_at,
        quote_id=record.id,
    )
    changes = [
        ChangeRecord(wrong.id, corrected.change.value, record.id, corrected.reason),
        ChangeRecord(record.id, Change.REINSTATED.value, wrong.id, hand.reason),
    ]
    quotes.append_changes(connection, changes, dataset_version=number)
    live_quotes.replace(connection, by.partner.source, [service], [begun])


def _lead_on(connection: Connection, wrong: Found, record: LiveRecord, number: int) -> None:
    """Let what the wrong quote had superseded be superseded by what stands in its place."""
    superseded = withdrawals.replaced_by(connection, [wrong.id])
    led_on = [ChangeRecord(one.id, Change.SUPERSEDED.value, record.id, NEWER) for one in superseded]
    others = [change for change in led_on if change.quote_id != record.id]
    quotes.append_changes(connection, others, dataset_version=number)


def _told(quote_id: UUID, wrong: Found, record: LiveRecord, source: str, reason: str) -> CorrectionRecord:
    return CorrectionRecord(
        kind=Kind.CORRECTED,
        source=source,
        corridor=wrong.corridor,
        provider=wrong.provider,
        quotes=1,
        quote_id=quote_id,
        successor_id=UUID(bytes=record.id),
        reason=reason,
    )


def _refused(rule: str, pointer: str, detail: str, limit: str | None = None) -> CorrectionRefused:
    finding = Finding(rule=rule, verdict=Verdict.REJECT, detail=detail, pointer=pointer, limit=limit)
    return CorrectionRefused((finding,))
