"""Takes a partner's items within one transaction: read, judged, and stored, put into quarantine or refused.

First all items are weighed, which changes nothing, then they are kept: so a dry run stops in between, and an atomic
batch refuses what it weighed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from app.db import instant
from app.domain.geography import Geography
from app.domain.partners import Partner
from app.domain.plausibility.sandbox import MAGIC_DUPLICATE
from app.domain.terms import Terms
from app.domain.verdicts import Finding, Outcome, Verdict, findings_text, worst
from app.ingest.pushed import Placed, store_accepted
from app.push.judging import judge
from app.sources.kept_records import record_text
from app.sources.pushed_items import ItemReader, UnreadItem
from app.sources.source import LiveRecord
from app.store import quarantine, quotes, versions
from app.store.live_quotes import NO_TIER, Service
from app.store.quotes import Change, Place
from app.store.standing_offers import StandingOffer, standing

CONTRADICTS: Final = "contradicts-item"
NOT_ALONE: Final = "batch-rejected"

SHOWN: Final = "shown"
EXPIRED: Final = "expired"

_OUTCOMES: Final = {
    Verdict.ACCEPT: Outcome.ACCEPTED,
    Verdict.FLAG: Outcome.ACCEPTED,
    Verdict.QUARANTINE: Outcome.QUARANTINED,
    Verdict.REJECT: Outcome.REJECTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedItem:
    """What became of one item. ``place``: its index, from 0. ``quote_id``: 16 bytes, null where it was rejected.

    ``standing``, of a duplicate: ``shown``, ``superseded``, ``expired``, ``withdrawn``, or what is said of it in
    quarantine (``waiting``, ``accepted``, ``refused``).
    """

    place: int
    external_id: str | None
    outcome: Outcome
    quote_id: bytes | None
    findings: tuple[Finding, ...]
    standing: str | None = None


@dataclass(slots=True)
class Weighed:
    """What is to become of an item: ``record`` and ``terms`` are null where it could not be read.

    ``first``: the item of the same push that says the same.
    """

    place: int
    external_id: str | None
    outcome: Outcome = Outcome.ACCEPTED
    findings: tuple[Finding, ...] = ()
    record: LiveRecord | None = None
    terms: Terms | None = None
    standing: str | None = None
    first: "Weighed | None" = None

    def item(self) -> PushedItem:
        """Return what is said of it."""
        is_kept = self.record is not None and self.outcome is not Outcome.REJECTED
        return PushedItem(
            place=self.place,
            external_id=self.external_id,
            outcome=self.outcome,
            quote_id=self.record.id if self.record is not None and is_kept else None,
            findings=self.findings,
            standing=self.standing,
        )


@dataclass(slots=True)
class _Seen:
    """What one push said already: the items of this part by what they say, and of all parts who spoke at an instant.

    ``instants``: a hash of service and instant → the item's place and id. A large file has millions of them.
    """

    same: dict[bytes, Weighed] = field(default_factory=dict)
    instants: dict[int, tuple[int, bytes]] = field(default_factory=dict)


class Taking:
    """Takes a partner's items within one transaction, in as many parts as they come: one import, one version."""

    def __init__(  # noqa: PLR0913 - whose items, which import, when and where
        self,
        connection: Connection,
        *,
        partner: Partner,
        geography: Geography,
        import_id: int | None,
        now: datetime,
        is_sandbox: bool,
    ) -> None:
        """``import_id`` is that of the row in ``imports`` that the caller started; null where nothing will be kept."""
        self._connection = connection
        self._partner = partner
        self._reader = ItemReader(partner, geography)
        self._import_id = import_id
        self._now = now
        self._is_sandbox = is_sandbox
        self._seen = _Seen()
        self._version: int | None = None
        self._touched: set[str] = set()
        self._offers: dict[str, StandingOffer] = {}

    def take(self, items: Sequence[bytes], first_place: int = 0) -> list[PushedItem]:
        """Read, judge and store some items; their places count from ``first_place``."""
        kept = self.keep(self.weigh(items, first_place))
        self._seen.same.clear()  # what was kept of them is found where it is stored
        return kept

    def weigh(self, items: Sequence[bytes], first_place: int = 0) -> list[Weighed]:
        """Read and judge some items; nothing is stored."""
        weighed = [self._read(raw, place) for place, raw in enumerate(items, first_place)]
        self._find_stored([one for one in weighed if _is_open(one)])
        if self._is_sandbox:
            _force_duplicates([one for one in weighed if _is_open(one)])
        self._judge([one for one in weighed if _is_open(one)])
        for one in weighed:
            if one.first is not None:
                _follow(one, one.first)
        return weighed

    def keep(self, weighed: Iterable[Weighed]) -> list[PushedItem]:
        """Store what is accepted, put into quarantine what has to wait, and remember what is refused."""
        kept = list(weighed)
        self._store([one for one in kept if one.outcome is Outcome.ACCEPTED])
        self._put_in_quarantine([one for one in kept if one.outcome is Outcome.QUARANTINED])
        self._remember([one for one in kept if one.outcome is Outcome.REJECTED])
        return [one.item() for one in kept]

    def finish(self, clock: Callable[[], datetime] | None = None) -> int | None:
        """Record the dataset version that the items come to; null where they changed nothing that is shown."""
        if self._version is None:
            return None
        version = versions.DatasetVersion(self._version, self._now, self._import_id, f"import {self._import_id}")
        touched = {versions.Touched(corridor, None) for corridor in self._touched}
        source = self._partner.source
        versions.record_version(self._connection, version, brought_by=source, touched=touched, clock=clock)
        return self._version

    def _read(self, raw: bytes, place: int) -> Weighed:
        found = self._reader.read(raw)
        if isinstance(found, UnreadItem):
            return Weighed(place, found.external_id, Outcome.REJECTED, found.findings)
        record = found.record
        weighed = Weighed(place, record.source_key, record=record, terms=found.terms)
        first = self._seen.same.setdefault(record.id, weighed)
        if first is not weighed:
            weighed.first = first
            return weighed
        service_then = hash((record.source_key, record.observed_at))
        other_place, other_id = self._seen.instants.setdefault(service_then, (place, record.id))
        if other_id != record.id:
            weighed.outcome, weighed.findings = Outcome.REJECTED, (_contradiction(other_place),)
        return weighed

    def _find_stored(self, weighed: Sequence[Weighed]) -> None:
        """Mark those that are stored, or are or were in quarantine, as duplicates."""
        offered = {one.record.id: one for one in weighed if one.record is not None}
        places = [Place(one.record.corridor, one.record.observed_at, id_) for id_, one in offered.items() if one.record]
        stored = quotes.stored(self._connection, places)
        ended = quotes.newest_changes(self._connection, stored)
        in_quarantine = quarantine.standings(self._connection, offered.keys() - stored)
        for id_ in stored:
            _is_duplicate(offered[id_], self._standing(offered[id_], ended.get(id_)))
        for id_, status in in_quarantine.items():
            _is_duplicate(offered[id_], status)

    def _standing(self, weighed: Weighed, ended: str | None) -> str:
        if ended is not None and ended != Change.REINSTATED:
            return ended
        until = weighed.record.valid_until if weighed.record is not None else None
        return EXPIRED if until is not None and instant(until) <= self._now else SHOWN

    def _judge(self, weighed: Sequence[Weighed]) -> None:
        records = [one.record for one in weighed if one.record is not None]
        self._offers = standing(self._connection, self._partner.source, {one.source_key for one in records})
        terms = [one.terms for one in weighed if one.terms is not None]
        judged = judge(
            self._connection,
            records,
            partner=self._partner,
            now=self._now,
            is_sandbox=self._is_sandbox,
            terms=terms,
            standing=self._offers,
        )
        for one, findings in zip(weighed, judged, strict=True):
            if findings:
                one.findings, one.outcome = findings, _OUTCOMES[worst(findings)]

    def _store(self, weighed: Sequence[Weighed]) -> None:
        if not weighed:
            return
        if self._version is None:
            self._version = versions.next_version(self._connection)
        stored = store_accepted(
            self._connection,
            [Placed(one.place, flagged(one.record, one.findings)) for one in weighed if one.record is not None],
            source=self._partner.source,
            import_id=self._started(),
            version=self._version,
            now=self._now,
            index={Service(key, NO_TIER): offer.current for key, offer in self._offers.items()},
        )
        self._touched |= stored.touched

    def _put_in_quarantine(self, weighed: Sequence[Weighed]) -> None:
        records = [
            quarantine.WaitingRecord(
                quote_id=one.record.id,
                source=one.record.source,
                partner=self._partner.id,
                external_id=one.record.source_key,
                corridor=one.record.corridor,
                place=one.place,
                record=record_text(flagged(one.record, one.findings)),
                findings=findings_text(one.findings),
            )
            for one in weighed
            if one.record is not None
        ]
        if records:
            quarantine.put_in(self._connection, records, import_id=self._started(), recorded_at=self._now)

    def _remember(self, weighed: Sequence[Weighed]) -> None:
        records = [
            quarantine.RejectedRecord(one.place, self._partner.id, one.external_id, findings_text(one.findings))
            for one in weighed
        ]
        if records:
            quarantine.append_rejected(self._connection, records, import_id=self._started(), recorded_at=self._now)
            quarantine.forget_rejected(self._connection, self._now - quarantine.REJECTED_KEPT_FOR)

    def _started(self) -> int:
        if self._import_id is None:
            raise ValueError("nothing can be kept without an import")
        return self._import_id


def reject_all(weighed: Iterable[Weighed]) -> None:
    """Let nothing of a batch be kept, since something of it was rejected; duplicates stay what they are."""
    for one in weighed:
        if one.outcome in {Outcome.ACCEPTED, Outcome.QUARANTINED}:
            detail = "Expected every item of an atomic batch to be accepted, and another was rejected."
            one.outcome = Outcome.REJECTED
            one.findings = (*one.findings, Finding(rule=NOT_ALONE, verdict=Verdict.REJECT, detail=detail))
        elif one.first is not None:
            _follow(one, one.first)


def _force_duplicates(weighed: Iterable[Weighed]) -> None:
    """Let items whose external id asks for it be taken for duplicates, in a sandbox."""
    for one in weighed:
        if one.external_id is not None and one.external_id.startswith(MAGIC_DUPLICATE):
            _is_duplicate(one, SHOWN)


def _is_open(weighed: Weighed) -> bool:
    return weighed.outcome is Outcome.ACCEPTED and weighed.first is None


def _is_duplicate(weighed: Weighed, standing: str) -> None:
    weighed.outcome, weighed.standing = Outcome.DUPLICATE, standing


def _follow(weighed: Weighed, first: Weighed) -> None:
    """Let an item that says what an earlier one said share its fate."""
    if first.outcome is Outcome.REJECTED:
        weighed.outcome, weighed.findings = Outcome.REJECTED, first.findings
        return
    of_first = {Outcome.ACCEPTED: SHOWN, Outcome.QUARANTINED: quarantine.WAITING}
    _is_duplicate(weighed, first.standing or of_first.get(first.outcome, SHOWN))


def _contradiction(place: int) -> Finding:
    return Finding(
        rule=CONTRADICTS,
        verdict=Verdict.REJECT,
        detail=f"Expected one price of a service at one instant: item {place} has the same external_id and "
        "observed_at, and says something else.",
        pointer="/external_id",
        value=str(place),
    )


def flagged(record: LiveRecord, findings: tuple[Finding, ...]) -> LiveRecord:
    """Return a record that says which rules found something in it."""
    if not findings:
        return record
    rules = dict.fromkeys(finding.rule.replace("-", "_") for finding in findings)
    return record._replace(flags=",".join(filter(None, (record.flags, *rules))))
