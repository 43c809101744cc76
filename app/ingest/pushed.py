"""What a partner pushed and was accepted, into the store: a newer quote of an external id supersedes the older.

The one way for pushed quotes: from batches, from files, from quarantine and as corrections. Unlike an answer of a
source (``ingest.live``) a push is complete for nothing: what it lacks stays. Of two quotes observed at the same instant
the one that arrived later stands.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection

from app.domain.partners import SOURCE_PREFIX, GivenProvider
from app.domain.terms import fee_mode_of
from app.domain.vocabulary import ProviderType
from app.ingest.services import Services
from app.sources.source import LiveRecord
from app.store import corridors, live_quotes, partners, quotes
from app.store.live_quotes import Current, LiveQuoteRecord, Service
from app.store.quotes import Change, ChangeRecord

NEWER: Final = "a newer quote of the partner"


class Placed(NamedTuple):
    """An accepted quote and its place in what was pushed: the index of the item, from 0; null where it has none."""

    place: int | None
    record: LiveRecord


class Ending(NamedTuple):
    """What happens to a quote in whose place another one comes, and why."""

    change: Change
    reason: str


OVERTAKEN: Final = Ending(Change.SUPERSEDED, NEWER)


class StoredPush(NamedTuple):
    """What became of accepted quotes: those that are ``current`` now, by id, and those they ended.

    ``touched``: the corridors that the caller's dataset version has to name.
    """

    current: frozenset[bytes]
    superseded: int
    touched: frozenset[str]


def store_accepted(  # noqa: PLR0913 - what is stored, whose it is, and when
    connection: Connection,
    placed: Sequence[Placed],
    *,
    source: str,
    import_id: int,
    version: int,
    now: datetime,
    ending: Ending = OVERTAKEN,
    index: Mapping[Service, Current] | None = None,
) -> StoredPush:
    """Append accepted quotes of one source in the caller's transaction, none of which is stored yet.

    ``version`` is the number that the caller got from ``versions.next_version`` and records with ``touched``
    afterwards. One that something newer overtook before it arrived is kept, and never current. ``ending`` says what
    happens to those in whose place others come. ``index``: what is current of the quotes' services, where the caller
    looked it up in the same transaction.
    """
    if not placed:
        return StoredPush(frozenset(), 0, frozenset())
    if index is None:
        index = live_quotes.known(connection, source, {record.source_key for _, record in placed}, ())
    merge = _Merge(index, ending)
    for _, record in sorted(placed, key=_by_time):
        merge.meet(record)
    _keep_services(connection, source, [record for _, record in placed])
    live_quotes.append(
        connection,
        map(_quote_record, placed),
        import_id=import_id,
        dataset_version=version,
        recorded_at=now,
    )
    quotes.append_changes(connection, merge.changes, dataset_version=version)
    live_quotes.replace(connection, source, merge.ended, merge.begun.values())
    touched = frozenset(merge.touched.union(record.corridor for _, record in placed))
    return StoredPush(frozenset(current.quote_id for current in merge.begun.values()), len(merge.changes), touched)


class _Merge:
    """What accepted quotes do to their source's current ones: ``changes``, and the index's own."""

    def __init__(self, index: Mapping[Service, Current], ending: Ending) -> None:
        self._index = index
        self._ending = ending
        self.changes: list[ChangeRecord] = []
        self.ended: list[Service] = []
        self.begun: dict[Service, Current] = {}
        self.touched: set[str] = set()

    def meet(self, record: LiveRecord) -> None:
        """Let a quote take its place beside what is current; quotes come in the order of their observation."""
        service = Service(record.source_key, record.tier)
        before = self.begun.get(service) or self._index.get(service)
        if before is not None and before.observed_at > record.observed_at:
            self.changes.append(ChangeRecord(record.id, Change.SUPERSEDED, before.quote_id, NEWER))
            return
        if before is not None:
            self.changes.append(ChangeRecord(before.quote_id, self._ending.change, record.id, self._ending.reason))
            self.touched.add(before.corridor)
            if service not in self.begun:
                self.ended.append(service)
        self.begun[service] = Current(
            source=record.source,
            source_key=record.source_key,
            tier=record.tier,
            scope=record.scope,
            corridor=record.corridor,
            observed_at=record.observed_at,
            quote_id=record.id,
        )


def _by_time(placed: Placed) -> int:
    return placed.record.observed_at


def _keep_services(connection: Connection, source: str, records: Iterable[LiveRecord]) -> None:
    found = {record.service.id: record.service for record in records}
    services = Services(connection, source)
    services.store(found.values())
    services.settle_names()
    met = {one.provider: GivenProvider(one.provider_name, ProviderType(one.provider_type)) for one in found.values()}
    partners.met(connection, source.removeprefix(SOURCE_PREFIX), met)
    corridors.add(connection, sorted({record.corridor for record in records}))


def _quote_record(placed: Placed) -> LiveQuoteRecord:
    record = placed.record
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
        place_row=placed.place,
        content_hash=record.content_hash,
    )
