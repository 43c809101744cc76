"""What is stored about every source, gathered for whoever judges its health: a few look-ups each, never a scan."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from app.domain.source_health import Failure, SourceFacts, TargetFacts
from app.store import fetches
from app.store.fetches import Fetched, Newest, SourceState
from app.store.imports import ImportStatus, imports
from app.store.live_quotes import live_quotes
from app.store.rates import fixings, institution_table

UNKNOWN_CODE = "unknown"
_NOTHING_DECIDED = SourceState(paused_at=None, paused_reason=None, served_until=None)


def source_facts(connection: Connection, sources: Iterable[str]) -> dict[str, SourceFacts]:
    """Return what is stored about each of these sources, by key."""
    targets: defaultdict[str, list[TargetFacts]] = defaultdict(list)
    for (source, target), newest in fetches.newest(connection).items():
        targets[source].append(_target(connection, source, target, newest))
    states = fetches.states(connection)
    days, observed = _newest_days(connection), _newest_observed(connection)
    found = {}
    for source in sources:
        state = states.get(source, _NOTHING_DECIDED)
        imported_at, counts = _newest_import(connection, source)
        found[source] = SourceFacts(
            targets=tuple(targets[source]),
            paused_at=state.paused_at,
            paused_reason=state.paused_reason,
            served_until=state.served_until,
            newest_day=days.get(source),
            newest_observed_at=observed.get(source),
            imported_at=imported_at,
            import_failure=_import_failure(connection, source),
            imported_rows=_count(counts, "rows_accepted", "records_accepted"),
            refused_rows=_count(counts, "rows_refused", "records_refused"),
        )
    return found


def _target(connection: Connection, source: str, target: str, newest: Newest) -> TargetFacts:
    return TargetFacts(
        target=target,
        success_at=None if newest.success is None else newest.success.started_at,
        failure=None if newest.failure is None else _failure(newest.failure),
        failing_since=fetches.failing_since(connection, source, target) if newest.is_failing else None,
        rows=None if newest.stored is None else newest.stored.rows,
        refused_rows=None if newest.stored is None else newest.stored.refused_rows,
    )


def _failure(fetched: Fetched) -> Failure:
    return Failure(at=fetched.started_at, code=fetched.failure_code or UNKNOWN_CODE, detail=fetched.failure_detail)


def _newest_days(connection: Connection) -> dict[str, date]:
    """Return the newest day on which any institution of a source fixed rates: one step in the index for each."""
    newest = select(func.max(fixings.c.day)).where(fixings.c.institution == institution_table.c.key).scalar_subquery()
    found: dict[str, date] = {}
    for source, day in connection.execute(select(institution_table.c.source, newest)):
        if day is not None:
            found[source] = max(day, found.get(source, day))
    return found


def _newest_observed(connection: Connection) -> dict[str, datetime]:
    """Return when the newest of each source's current quotes was observed."""
    columns = live_quotes.c
    rows = connection.execute(select(columns.source, func.max(columns.observed_at)).group_by(columns.source))
    return {row[0]: row[1] for row in rows}


def _newest_import(connection: Connection, source: str) -> tuple[datetime | None, Mapping[str, Any]]:
    """Return when the newest import of a source was committed, and what it counted."""
    columns = imports.c
    query = (
        select(columns.finished_at, columns.counts)
        .where(columns.source == source, columns.status == ImportStatus.COMMITTED)
        .order_by(columns.id.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return (None, {}) if row is None else (row.finished_at, json.loads(row.counts))


def _import_failure(connection: Connection, source: str) -> Failure | None:
    """Return the newest import of a source that failed: its code alone, since its detail names the operator's file."""
    columns = imports.c
    query = (
        select(columns.finished_at, columns.failure)
        .where(columns.source == source, columns.status == ImportStatus.FAILED)
        .order_by(columns.id.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    if row is None or row.finished_at is None:
        return None
    return Failure(at=row.finished_at, code=str(json.loads(row.failure or "{}").get("code", UNKNOWN_CODE)), detail=None)


def _count(counts: Mapping[str, Any], *names: str) -> int | None:
    """Return a count by the first name that it has: a survey's import counts rows, that of an answer records."""
    return next((value for name in names if isinstance(value := counts.get(name), int)), None)
