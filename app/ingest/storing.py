"""Batches of read rows into the store: rows meet by (source, period, id), equal content is unchanged, other supersedes.

Ids are made from content, so comparing ids compares the canonical content; a row whose tiers all have the ids that are
current is unchanged (issue rules: rows missing from a newer edition stay and are counted).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from app.ingest.report import Rows
from app.ingest.services import Services
from app.sources.frames import Batch
from app.sources.source import SurveyQuote
from app.store import corridors, quotes, versions

_DUPLICATE = "duplicate-row"
_OTHER_EDITION = "another edition of the source's file says otherwise"
_NO_TOTAL = "another edition of the source's file has no total for this amount"


class Storing:
    """One import's writes inside one transaction."""

    def __init__(  # noqa: PLR0913 - what is stored, whose it is, and when
        self,
        connection: Connection,
        source: str,
        known_periods: set[str],
        *,
        import_id: int,
        now: datetime,
        clock: versions.Clock | None = None,
    ) -> None:
        """``known_periods`` had quotes before this import: only their rows have to be looked up.

        ``now`` is when the import began, ``clock`` says under which time its dataset version is recorded.
        """
        self.rows = Rows()
        self.touched: set[versions.Touched] = set()
        self.version = versions.next_version(connection)
        self._connection = connection
        self._source = source
        self._known_periods = known_periods
        self._import_id = import_id
        self._now = now
        self._clock = clock
        self._missing: dict[str, set[str]] = {}
        self._corridors: set[str] = set()
        self.services = Services(connection, source)

    def store(self, batch: Batch) -> None:
        """Append what is new in a batch, and end what it replaces."""
        self.services.store(batch.services)
        corridors_met = {quote.corridor for quote in batch.quotes} - self._corridors
        corridors.add(self._connection, sorted(corridors_met))
        self._corridors |= corridors_met
        fresh = [quote for quote in batch.quotes if quote.period not in self._known_periods]
        self._append(fresh)
        self.rows.new += len({quote.source_key for quote in fresh})
        self.rows.new += sum(period not in self._known_periods for period, _key in batch.bare)
        if len(fresh) < len(batch.quotes) or batch.bare or batch.refused:
            self._meet(batch)

    def vanished(self) -> dict[str, list[str]]:
        """Return, by period that the file holds, the keys of stored rows that it lacks, sorted; empty ones left out."""
        return {period: sorted(keys) for period, keys in sorted(self._missing.items()) if keys}

    def record_version(self) -> int | None:
        """Raise the dataset version if anything changed; return it, or null."""
        if not self.touched:
            return None
        version = versions.DatasetVersion(self.version, self._now, self._import_id, f"import {self._import_id}")
        versions.record_version(
            self._connection, version, brought_by=self._source, touched=self.touched, clock=self._clock
        )
        return self.version

    def _append(self, fresh: Sequence[SurveyQuote]) -> None:
        if not fresh:
            return
        quotes.append(
            self._connection,
            fresh,
            import_id=self._import_id,
            dataset_version=self.version,
            recorded_at=self._now,
        )
        self.touched.update(versions.Touched(quote.corridor, quote.period) for quote in fresh)

    def _meet(self, batch: Batch) -> None:
        by_period: dict[str, dict[str, dict[str, SurveyQuote]]] = {}
        for quote in batch.quotes:
            if quote.period in self._known_periods:
                by_period.setdefault(quote.period, {}).setdefault(quote.source_key, {})[quote.tier] = quote
        for period, key in batch.bare:
            if period in self._known_periods:
                by_period.setdefault(period, {})[key] = {}
        for refused in batch.refused:
            if refused.period in self._known_periods and refused.code != _DUPLICATE:
                self._missing_of(refused.period).discard(f"{refused.period}/{refused.key}")
        for period, rows in by_period.items():
            self._missing_of(period).difference_update(rows)
            known = quotes.known(self._connection, self._source, period, list(rows))
            fresh: list[SurveyQuote] = []
            changes: list[quotes.ChangeRecord] = []
            for key, tiers in rows.items():
                self._meet_row(tiers, known.get(key, []), fresh, changes)
            self._append(fresh)
            quotes.append_changes(self._connection, changes, dataset_version=self.version)

    def _meet_row(
        self,
        tiers: dict[str, SurveyQuote],
        known: Iterable[quotes.KnownQuote],
        fresh: list[SurveyQuote],
        changes: list[quotes.ChangeRecord],
    ) -> None:
        stored = {quote.quote_id: quote for quote in known}
        current = {quote.tier: quote for quote in stored.values() if quote.is_current}
        if {tier: quote.id for tier, quote in tiers.items()} == {
            tier: quote.quote_id for tier, quote in current.items()
        }:
            self.rows.unchanged += 1
            return
        if stored:
            self.rows.changed += 1
        else:
            self.rows.new += 1
        for tier in sorted({*tiers, *(tier for tier in current if tier)}):
            self._replace(tiers.get(tier), current.get(tier), stored, fresh, changes)

    def _replace(
        self,
        offered: SurveyQuote | None,
        current: quotes.KnownQuote | None,
        stored: dict[bytes, quotes.KnownQuote],
        fresh: list[SurveyQuote],
        changes: list[quotes.ChangeRecord],
    ) -> None:
        if offered is not None and current is not None and offered.id == current.quote_id:
            return
        if current is not None:
            ended = quotes.Change.SUPERSEDED if offered else quotes.Change.WITHDRAWN
            reason = _OTHER_EDITION if offered else _NO_TOTAL
            changes.append(quotes.ChangeRecord(current.quote_id, ended, offered.id if offered else None, reason))
            self.touched.add(versions.Touched(current.corridor, _period(current.source_key)))
        if offered is None:
            return
        if offered.id in stored:
            other = current.quote_id if current else None
            changes.append(quotes.ChangeRecord(offered.id, quotes.Change.REINSTATED, other, _OTHER_EDITION))
            self.touched.add(versions.Touched(offered.corridor, offered.period))
        else:
            fresh.append(offered)

    def _missing_of(self, period: str) -> set[str]:
        if period not in self._missing:
            self._missing[period] = quotes.current_keys(self._connection, self._source, period)
        return self._missing[period]


def _period(source_key: str) -> str:
    return source_key.partition("/")[0]
