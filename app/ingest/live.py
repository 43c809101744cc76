"""Live quotes into the store: a newer quote of a service supersedes the older, and what an answer lacks is withdrawn.

Answers may arrive in any order. One is *older* for a scope where the store has a newer quote of a service that it also
has and an older one of none, or where the two have no service in common and the store's are newer: it ends nothing,
and what only it has is ended at once. An answer is not complete, and withdraws nothing, of which a record was refused,
or which has suspiciously few of a scope's services. A quote from the future is refused: it would be taken for the
newest, and for fresher than it is, until its time comes. So is one whose rate cannot be (``live_rates``).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from app.domain.methodology import STALE_AFTER
from app.domain.terms import fee_mode_of
from app.ingest.live_rates import judge_rates
from app.ingest.report import Stored
from app.ingest.services import Services
from app.sources.fixings import nothing_usable
from app.sources.source import Doubt, LiveReading, LiveRecord, Source
from app.store import corridors, live_quotes, quotes, versions
from app.store.live_quotes import Current, LiveQuoteRecord, Service
from app.store.quotes import Change, ChangeRecord

NEWER = "a newer quote of the source"
AGAIN = "the source says so again"
LACKING = "not in the source's newest answer"
AHEAD = "observed-ahead"
CLOCKS_DIFFER_BY = timedelta(minutes=10)
"""So much ahead of ours a source's clock may be."""

SUSPICIOUSLY_FEW = "suspiciously_few"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STALE_AFTER = STALE_AFTER // timedelta(microseconds=1)


def store_live(  # noqa: PLR0913 - what is stored, whose it is, and when
    connection: Connection,
    reading: LiveReading,
    *,
    source: Source,
    import_id: int,
    now: datetime,
    clock: versions.Clock | None = None,
) -> Stored:
    """Store what an answer says, in the caller's transaction; return what became of it.

    ``rows`` counts quotes: ``new`` (or current again), ``unchanged`` (stored already), and those that are not current,
    ``superseded`` or ``withdrawn``, be it at once, and ``suspiciously_few`` the scopes of which so few services were
    there that none was withdrawn. The dataset version rises only where something changed; ``clock`` as of
    ``versions.record_version``.

    Raises SourceError where no quote can be used.
    """
    latest = (now + CLOCKS_DIFFER_BY - _EPOCH) // timedelta(microseconds=1)
    offered = {record.id: record for record in reading.quotes if record.observed_at <= latest}
    refused = [_ahead(record) for record in reading.quotes if record.observed_at > latest]
    keys = {record.source_key for record in offered.values()}
    index = live_quotes.known(connection, source.key, keys, set(reading.scopes))
    stored = _stored(connection, offered, index)
    judged = judge_rates(connection, [record for id_, record in offered.items() if id_ not in stored], index)
    refused += judged.refused
    taken = [record for id_, record in offered.items() if id_ in stored] + judged.accepted
    if not taken and (refused or reading.refused):
        raise nothing_usable([*reading.refused, *refused], "quotes")
    few = _few(taken, index) if source.fetching is not None else set()
    merge = _Merge(index, stored, reading.silent)
    merge.take(taken, () if reading.refused or refused else set(reading.scopes) - few)
    rows = merge.counts() | ({SUSPICIOUSLY_FEW: len(few)} if few else {})
    if not merge.changes and not merge.fresh:
        return Stored(dataset_version=None, rows=rows, refused=tuple(refused))
    number = versions.next_version(connection)
    version = versions.DatasetVersion(number, now, import_id, f"import {import_id}")
    _append(connection, source.key, merge.fresh, version, import_id)
    quotes.append_changes(connection, merge.changes, dataset_version=number)
    live_quotes.replace(connection, source.key, merge.ended, merge.begun)
    touched = {versions.Touched(corridor, None) for corridor in merge.touched}
    versions.record_version(connection, version, brought_by=source.key, touched=touched, clock=clock)
    return Stored(dataset_version=number, rows=rows, refused=tuple(refused))


def _ahead(record: LiveRecord) -> Doubt:
    observed_at = _EPOCH + timedelta(microseconds=record.observed_at)
    return Doubt(record.source_key, AHEAD, "expected an observation that is not ahead of our clock", str(observed_at))


def _few(offered: Iterable[LiveRecord], index: Mapping[Service, Current]) -> set[str]:
    """Return the scopes of which less than half of the services are there that are known and not stale.

    So a service that is really gone is withdrawn once it is stale, if the source keeps it up.
    """
    answered: dict[str, set[Service]] = {}
    newest: dict[str, int] = {}
    for record in offered:
        answered.setdefault(record.scope, set()).add(_service(record))
        newest[record.scope] = max(newest.get(record.scope, record.observed_at), record.observed_at)
    known = Counter(
        current.scope
        for current in index.values()
        if current.scope in newest and newest[current.scope] - current.observed_at <= _STALE_AFTER
    )
    return {scope for scope, services in answered.items() if 2 * len(services) < known[scope]}


def _stored(
    connection: Connection, offered: Mapping[bytes, LiveRecord], index: Mapping[Service, Current]
) -> set[bytes]:
    """Return which offered quotes are stored; those that are current need no looking up."""
    current = {each.quote_id for each in index.values()} & offered.keys()
    others = [
        quotes.Place(record.corridor, record.observed_at, id_) for id_, record in offered.items() if id_ not in current
    ]
    return current | quotes.stored(connection, others)


def _append(
    connection: Connection, source: str, fresh: list[LiveRecord], version: versions.DatasetVersion, import_id: int
) -> None:
    if not fresh:
        return
    services = Services(connection, source)
    services.store({record.service.id: record.service for record in fresh}.values())
    services.settle_names()
    corridors.add(connection, sorted({record.corridor for record in fresh}))
    live_quotes.append(
        connection,
        map(_quote_record, fresh),
        import_id=import_id,
        dataset_version=version.version,
        recorded_at=version.committed_at,
    )


class _Merge:
    """What one answer does to a source's quotes: ``fresh`` ones to append, ``changes``, and the index's own."""

    def __init__(self, index: Mapping[Service, Current], stored: set[bytes], silent: tuple[str, ...] = ()) -> None:
        self._index = index
        self._silent = silent
        self._stored = stored
        self._unchanged = 0
        self._reinstated = 0
        self.fresh: list[LiveRecord] = []
        self.changes: list[ChangeRecord] = []
        self.ended: list[Service] = []
        self.begun: list[Current] = []
        self.touched: set[str] = set()

    def counts(self) -> dict[str, int]:
        """Return how many quotes became what."""
        ended = [change.change for change in self.changes]
        return {
            "new": len(self.fresh) + self._reinstated,
            "unchanged": self._unchanged,
            "superseded": ended.count(Change.SUPERSEDED),
            "withdrawn": ended.count(Change.WITHDRAWN),
        }

    def take(self, offered: Iterable[LiveRecord], complete_for: Iterable[str]) -> None:
        """Work out what becomes of the offered quotes, and of those that a complete answer lacks."""
        newest: dict[Service, LiveRecord] = {}
        repeated: list[LiveRecord] = []
        for record in sorted(offered, key=lambda record: (record.observed_at, record.id)):
            if _service(record) in newest:
                repeated.append(newest[_service(record)])
            newest[_service(record)] = record
        older = self._older_scopes(newest)
        for service, record in newest.items():
            self._meet(record, self._index.get(service), is_older=record.scope in older)
        for record in repeated:
            self._never_current(record, Change.SUPERSEDED, newest[_service(record)].id, NEWER)
        answered = {record.scope for record in newest.values()}  # an empty answer is a failure, and withdraws nothing
        wanted = answered.intersection(complete_for) - older
        for service, current in sorted(self._index.items()):
            if current.scope in wanted and service not in newest and not service.source_key.startswith(self._silent):
                self._end(current, Change.WITHDRAWN, None, LACKING)

    def _older_scopes(self, newest: Mapping[Service, LiveRecord]) -> set[str]:
        """Return the scopes for which the store knows a newer answer than this."""
        met: dict[str, set[int]] = {}
        observed: dict[str, int] = {}
        for service, record in newest.items():
            observed[record.scope] = max(observed.get(record.scope, record.observed_at), record.observed_at)
            if service in self._index:
                known = self._index[service].observed_at
                met.setdefault(record.scope, set()).add((record.observed_at > known) - (record.observed_at < known))
        stored: dict[str, int] = {}
        for current in self._index.values():
            stored[current.scope] = max(stored.get(current.scope, current.observed_at), current.observed_at)
        return {
            scope
            for scope, at in observed.items()
            if (-1 in met[scope] and 1 not in met[scope] if scope in met else stored.get(scope, at) > at)
        }

    def _meet(self, record: LiveRecord, current: Current | None, *, is_older: bool) -> None:
        if current is not None and current.quote_id == record.id:
            self._unchanged += 1
        elif current is None and is_older:
            self._never_current(record, Change.WITHDRAWN, None, LACKING)
        elif current is None or (record.observed_at, not is_older) > (current.observed_at, False):
            self._begin(record, current)
        else:
            self._never_current(record, Change.SUPERSEDED, current.quote_id, NEWER)

    def _begin(self, record: LiveRecord, before: Current | None) -> None:
        if before is not None:
            self._end(before, Change.SUPERSEDED, record.id, NEWER)
        if record.id in self._stored:
            other = None if before is None else before.quote_id
            self.changes.append(ChangeRecord(record.id, Change.REINSTATED, other, AGAIN))
            self._reinstated += 1
        else:
            self.fresh.append(record)
        self.begun.append(_current(record))
        self.touched.add(record.corridor)

    def _end(self, current: Current, change: Change, successor: bytes | None, reason: str) -> None:
        self.changes.append(ChangeRecord(current.quote_id, change, successor, reason))
        self.ended.append(Service(current.source_key, current.tier))
        self.touched.add(current.corridor)

    def _never_current(self, record: LiveRecord, change: Change, successor: bytes | None, reason: str) -> None:
        """Keep a quote that something newer overtook before it arrived."""
        if record.id in self._stored:
            self._unchanged += 1
            return
        self.fresh.append(record)
        self.changes.append(ChangeRecord(record.id, change, successor, reason))
        self.touched.add(record.corridor)


def _service(record: LiveRecord) -> Service:
    return Service(record.source_key, record.tier)


def _current(record: LiveRecord) -> Current:
    return Current(
        source=record.source,
        source_key=record.source_key,
        tier=record.tier,
        scope=record.scope,
        corridor=record.corridor,
        observed_at=record.observed_at,
        quote_id=record.id,
    )


def _quote_record(record: LiveRecord) -> LiveQuoteRecord:
    return LiveQuoteRecord(
        id=record.id,
        source=record.source,
        source_key=record.source_key,
        evidence=record.evidence,
        tier=record.tier or None,
        corridor=record.corridor,
        observed_at=record.observed_at,
        valid_until=record.valid_until,
        description_id=record.service.id,
        sending_currency=record.sending_currency,
        receiving_currency=record.receiving_currency,
        fee_mode=fee_mode_of(record.terms),
        terms=record.terms,
        flags=record.flags,
        place_row=None,
        content_hash=record.content_hash,
    )
