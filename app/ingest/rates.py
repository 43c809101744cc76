"""Rates from an answer into the store: judged beside what the institution said before, appended, corrections included.

A fixing that is stored with the same value is unchanged; with another it is a correction and becomes a later row.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Final

from sqlalchemy import Connection

from app.domain.methodology import REFERENCE_RATE_DAYS
from app.domain.plausibility.fixings import COMPARED_WITHIN_DAYS, FixingTrail
from app.domain.rates import ECB
from app.ingest.report import Stored
from app.reference import pegs
from app.sources.fixings import nothing_usable
from app.sources.source import Doubt, FixingRecord, RateReading, Source, sources
from app.store import rates, versions

TOUCHED_FOR_DAYS: Final = REFERENCE_RATE_DAYS + 1
"""So many days after its own a fixing reaches quotes: those of the day after its last one begin in it."""

EARLIEST_CLOCK: Final = timedelta(hours=14)
"""How far ahead of UTC the day begins on earth: an institution there dates its rates so."""


def store_rates(  # noqa: PLR0913 - what is stored, whose it is, and when
    connection: Connection,
    reading: RateReading,
    *,
    source: Source,
    import_id: int,
    now: datetime,
    public_sources: Collection[str],
    clock: versions.Clock | None = None,
) -> Stored:
    """Append what is new or corrected; raise the dataset version if anything is; return what became of the records.

    ``clock`` as of ``versions.record_version``.

    Raises SourceError where not one can be believed.
    """
    version = versions.next_version(connection)
    institutions_changed = rates.add_institutions(connection, reading.institutions, dataset_version=version)
    judged = _Judged(now)
    ordered = sorted(reading.fixings, key=attrgetter("institution", "day", "base", "quote"))
    for institution, records in groupby(ordered, key=attrgetter("institution")):
        judged.judge(connection, institution, list(records))
    if judged.refused and len(judged.refused) == len(reading.fixings):
        raise nothing_usable(judged.refused)
    changed = judged.changed
    rates.append(connection, changed, import_id=import_id, dataset_version=version, recorded_at=now)
    if changed or institutions_changed:
        private = [each.key for each in sources().values() if each.is_private and each.key not in public_sources]
        touched = _touched(connection, changed, private)
        versions.record_version(
            connection,
            versions.DatasetVersion(version, now, import_id, f"import {import_id}"),
            brought_by=source.key,
            touched=touched,
            clock=clock,
        )
    return Stored(
        dataset_version=version if changed or institutions_changed else None,
        rows=dict(judged.rows),
        refused=tuple(judged.refused),
    )


class _Judged:
    """Where the records of an answer go: ``changed`` are to be stored, ``refused`` are not believed."""

    def __init__(self, now: datetime) -> None:
        self._latest = (now.astimezone(UTC) + EARLIEST_CLOCK).date()
        self.rows = Counter({"new": 0, "corrected": 0, "unchanged": 0})
        self.changed: list[FixingRecord] = []
        self.refused: list[Doubt] = []

    def judge(self, connection: Connection, institution: str, records: Sequence[FixingRecord]) -> None:
        """Compare one institution's fixings, ordered by day, with what it said before and with one another."""
        first, last = date.fromisoformat(records[0].day), date.fromisoformat(records[-1].day)
        stored = rates.values_of(connection, institution, first - timedelta(days=COMPARED_WITHIN_DAYS), last)
        trail = FixingTrail(stored)
        for record in records:
            day, value = date.fromisoformat(record.day), Decimal(record.value)
            if day > self._latest:
                self._refuse(record, "future-day", "the day has not begun anywhere on earth")
                continue
            known = stored.get((day, record.base, record.quote))
            if known == value:
                self.rows["unchanged"] += 1
                continue
            doubt = trail.doubt(day, record.base, record.quote, value)
            if doubt is not None:
                self._refuse(record, "implausible", doubt)
                continue
            self.rows["new" if known is None else "corrected"] += 1
            trail.add(day, record.base, record.quote, value)
            self.changed.append(record)

    def _refuse(self, record: FixingRecord, code: str, reason: str) -> None:
        place = f"{record.institution} {record.day} {record.base}/{record.quote}"
        self.refused.append(Doubt(place, code, reason, record.value))


def _touched(
    connection: Connection, changed: Sequence[FixingRecord], private: Collection[str]
) -> set[versions.Touched]:
    """Name the corridors whose answers the changed fixings may change.

    A quote is measured with the newest fixing of the week before it was observed, so a changed fixing reaches quotes
    observed from its day to a week after. A live corridor's default amount, USD 200 at today's rate, moves with its
    sending currency whenever its quotes were observed. A currency moves with the one that it is pegged to, and what
    other institutions fix moves with the ECB, by which they are joined to the euro. Quotes of ``private`` sources name
    no corridor: what nobody may see changes nothing that everybody sees.
    """
    days: list[str] = []
    currencies: set[str] = set()
    for record in changed:
        days.append(record.day)
        currencies |= {record.base, record.quote}
    if not days:
        return set()
    since, until = date.fromisoformat(min(days)), date.fromisoformat(max(days)) + timedelta(days=TOUCHED_FOR_DAYS)
    if any(record.institution == ECB for record in changed):
        currencies |= rates.currencies_fixed(connection, since - timedelta(days=TOUCHED_FOR_DAYS), until)
    while pegged := {peg.currency for peg in pegs() if peg.anchor in currencies} - currencies:
        currencies |= pegged
    found = rates.corridors_quoted(connection, currencies, since, until, private)
    return {versions.Touched(corridor, None) for corridor in found}
