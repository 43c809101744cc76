"""What was asked of sources over HTTP and how it went, over time; and what is known of each source and host now."""

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    Connection,
    Date,
    Index,
    Select,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlmodel import Field

from app.db import KeyText, UtcDateTime
from app.domain.breakers import Breaker
from app.domain.source_health import safe_detail
from app.store.schema import Row, table

Outcome = Literal["stored", "unchanged", "failed"]
SUCCESSES: tuple[Outcome, ...] = ("stored", "unchanged")
FAILED: Outcome = "failed"


class FetchRow(Row, table=True):
    """One call of a source for one target (``daily``, ``GBP-PHP/usd_200``); a later one has a higher number.

    What is newest goes by the number, not by the time: a clock that jumped must not hide what happened since.
    ``due_at`` is the instant of the schedule that it serves, null when a person asked for it. ``outcome``: ``stored``,
    ``unchanged`` (304, or the same bytes again), ``failed``. ``etag`` and ``last_modified`` as received, good for the
    address and the rules of which ``question_hash`` is the hash; null where the answer has to come again as a whole.
    """

    __tablename__ = "fetches"
    __table_args__ = (
        Index("ix_fetches_source_target_outcome_id", "source", "target", "outcome", "id"),
        Index("ix_fetches_started_at", "started_at"),
    )

    id: int = Field(primary_key=True)
    source: str = Field(sa_type=KeyText)
    target: str = Field(sa_type=KeyText)
    due_at: datetime | None = Field(sa_type=UtcDateTime)
    started_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime = Field(sa_type=UtcDateTime)
    outcome: str = Field(sa_type=KeyText)
    failure_code: str | None = Field(sa_type=KeyText)
    failure_detail: str | None = Field(sa_type=Text)
    attempts: int
    received_bytes: int
    content_hash: str | None = Field(sa_type=KeyText)
    question_hash: str | None = Field(sa_type=KeyText)
    etag: str | None = Field(sa_type=Text)
    last_modified: str | None = Field(sa_type=Text)
    rows: int
    refused_rows: int
    import_id: int | None


class FetchDayRow(Row, table=True):
    """What the calls of a source that were started on one day (UTC) came to, counted in the transaction of each."""

    __tablename__ = "fetch_days"

    source: str = Field(primary_key=True, sa_type=KeyText)
    day: date = Field(primary_key=True, sa_type=Date)
    fetches: int
    failures: int
    rows: int
    refused_rows: int


class SourceStateRow(Row, table=True):
    """What an operator decided about a source, and how far its schedule was served (``served_until``)."""

    __tablename__ = "source_states"

    source: str = Field(primary_key=True, sa_type=KeyText)
    paused_at: datetime | None = Field(sa_type=UtcDateTime)
    paused_reason: str | None = Field(sa_type=Text)
    served_until: datetime | None = Field(sa_type=UtcDateTime)


class BreakerRow(Row, table=True):
    """The breaker of one host: shared by all workers, so that one that fails is left alone by all."""

    __tablename__ = "breakers"

    host: str = Field(primary_key=True, sa_type=KeyText)
    failures: int
    open_until: datetime | None = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(sa_type=UtcDateTime)


fetches = table(FetchRow)
fetch_days = table(FetchDayRow)
source_states = table(SourceStateRow)
breaker_rows = table(BreakerRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """One call of a source and how it ended: a row of ``fetches`` without its number, see there."""

    source: str
    target: str
    due_at: datetime | None
    started_at: datetime
    finished_at: datetime
    outcome: Outcome
    failure_code: str | None = None
    failure_detail: str | None = None
    attempts: int = 1
    received_bytes: int = 0
    content_hash: str | None = None
    question_hash: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    rows: int = 0
    refused_rows: int = 0
    import_id: int | None = None


class Newest(NamedTuple):
    """The newest call of a target that succeeded, the newest of those that stored something, the newest that failed.

    ``is_failing``: the newest of all failed.
    """

    success: Fetched | None
    stored: Fetched | None
    failure: Fetched | None
    is_failing: bool


class SourceState(NamedTuple):
    """What an operator decided about a source, and how far its schedule was served."""

    paused_at: datetime | None
    paused_reason: str | None
    served_until: datetime | None


class Day(NamedTuple):
    """What a source's calls of one day (UTC) came to; ``day`` is ISO 8601, rows are those accepted."""

    day: str
    fetches: int
    failures: int
    rows: int
    refused_rows: int


_COLUMNS = [fetches.c[name] for name in Fetched.__slots__]
_KEY = (fetches.c.source, fetches.c.target, fetches.c.outcome)
_NEWEST_FIRST = (*(column.desc() for column in _KEY), fetches.c.id.desc())


def record(connection: Connection, fetched: Fetched) -> int:
    """Record one call, whatever came of it; return its number. What a failure says is bounded and cleaned first."""
    values = asdict(fetched)
    if fetched.failure_detail is not None:
        values["failure_detail"] = safe_detail(fetched.failure_detail)
    _count(connection, fetched)
    return int(connection.execute(insert(fetches).values(values).returning(fetches.c.id)).scalar_one())


def newest(connection: Connection) -> dict[tuple[str, str], Newest]:
    """Return the newest calls by (source, target), in that order, however long ago they were."""
    found: dict[tuple[str, str], dict[str, tuple[int, Fetched]]] = {}
    query = select(fetches.c.id, *_COLUMNS).where(fetches.c.id.in_(_newest_ids())).order_by(*_KEY)
    for number, *values in connection.execute(query):
        fetched = Fetched(**dict(zip(Fetched.__slots__, values, strict=True)))
        found.setdefault((fetched.source, fetched.target), {})[fetched.outcome] = (number, fetched)
    return {place: _newest(by_outcome) for place, by_outcome in found.items()}


def failing_since(connection: Connection, source: str, target: str) -> datetime | None:
    """Return when the first call since the newest success was started, which failed; null where none was since."""
    own = (fetches.c.source == source, fetches.c.target == target)
    success = select(func.coalesce(func.max(fetches.c.id), 0)).where(*own, fetches.c.outcome.in_(SUCCESSES))
    first = select(func.min(fetches.c.id)).where(
        *own, fetches.c.outcome == FAILED, fetches.c.id > success.scalar_subquery()
    )
    query = select(fetches.c.started_at).where(fetches.c.id == first.scalar_subquery())
    found: datetime | None = connection.execute(query).scalar()
    return found


def history(connection: Connection, source: str, since: datetime) -> list[Fetched]:
    """Return a source's calls that were started at or after an instant, the newest first."""
    query = (
        select(*_COLUMNS)
        .where(fetches.c.source == source, fetches.c.started_at >= since)
        .order_by(fetches.c.started_at.desc(), fetches.c.id.desc())
    )
    return [Fetched(**dict(zip(Fetched.__slots__, row, strict=True))) for row in connection.execute(query)]


def daily(connection: Connection, source: str, since: datetime) -> list[Day]:
    """Return what a source's calls came to by day (UTC) since that of an instant, the oldest first.

    Days without a call lack. A row for each day is read, however many calls there were.
    """
    columns = fetch_days.c
    query = (
        select(columns.day, columns.fetches, columns.failures, columns.rows, columns.refused_rows)
        .where(columns.source == source, columns.day >= since.astimezone(UTC).date())
        .order_by(columns.day)
    )
    return [Day(row[0].isoformat(), *row[1:]) for row in connection.execute(query)]


def failures_since(connection: Connection, since: datetime) -> dict[str, int]:
    """Return how many calls of each source failed that were started at or after an instant; those with none lack."""
    query = (
        select(fetches.c.source, func.count())
        .where(fetches.c.started_at >= since, fetches.c.outcome == FAILED)
        .group_by(fetches.c.source)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def states(connection: Connection) -> dict[str, SourceState]:
    """Return what is known of each source that was ever paused or served."""
    columns = source_states.c
    rows = connection.execute(
        select(columns.source, columns.paused_at, columns.paused_reason, columns.served_until).order_by(columns.source)
    )
    return {row.source: SourceState(*row[1:]) for row in rows}


def pause(connection: Connection, source: str, reason: str, now: datetime) -> bool:
    """Pause a source: it is not fetched until it is resumed. One that is paused stays so since then, for this reason.

    Returns whether it was not paused before.
    """
    before = states(connection).get(source)
    paused_at = before.paused_at if before is not None and before.paused_at is not None else now
    _put(connection, source_states, {"source": source}, {"paused_at": paused_at, "paused_reason": reason})
    return before is None or before.paused_at is None


def resume(connection: Connection, source: str) -> bool:
    """End a source's pause; return whether it was paused."""
    changed = connection.execute(
        update(source_states)
        .where(source_states.c.source == source, source_states.c.paused_at.is_not(None))
        .values(paused_at=None, paused_reason=None)
    )
    return changed.rowcount > 0


def serve_until(connection: Connection, source: str, until: datetime) -> None:
    """Record that a source's schedule was served up to an instant: what was due until then is done, or given up."""
    _put(connection, source_states, {"source": source}, {"served_until": until})


def forget_dues(connection: Connection, source: str, after: datetime) -> None:
    """Let no call that was started after an instant stand for a due instant: the clock that said so was ahead."""
    ahead = (fetches.c.source == source, fetches.c.started_at > after)
    connection.execute(update(fetches).where(*ahead).values(due_at=None))


def breakers(connection: Connection) -> dict[str, Breaker]:
    """Return the breaker of every host that was ever asked."""
    columns = breaker_rows.c
    rows = connection.execute(select(columns.host, columns.failures, columns.open_until).order_by(columns.host))
    return {row.host: Breaker(failures=row.failures, open_until=row.open_until) for row in rows}


def save_breaker(connection: Connection, host: str, breaker: Breaker, now: datetime) -> None:
    """Keep a host's breaker for all workers."""
    values = {"failures": breaker.failures, "open_until": breaker.open_until, "changed_at": now}
    _put(connection, breaker_rows, {"host": host}, values)


def prune(connection: Connection, before: datetime) -> int:
    """Forget calls that were started before an instant, but for the newest of each target and outcome; return how many.

    Those that stay say when a source was last well, why it failed last, and what a conditional request sends back.
    """
    kept = [row[0] for row in connection.execute(_newest_ids())]
    old = delete(fetches).where(fetches.c.started_at < before, fetches.c.id.not_in(kept))
    return connection.execute(old).rowcount


def _newest_ids() -> Select[tuple[int]]:
    """Select the newest call of each source, target and outcome: one step down the index for each, never a scan.

    Below a call comes the newest of its target with another outcome, else that of another target, else of another
    source. Told apart, since SQLite reads all that is equal where it compares the three at once.
    """
    columns, reached = fetches.c, select(fetches.c.id, *_KEY).order_by(*_NEWEST_FIRST).limit(1).subquery()
    walk = select(reached).cte("newest_calls", recursive=True)
    is_source, is_target = columns.source == walk.c.source, columns.target == walk.c.target
    below = func.coalesce(
        *(
            select(columns.id).where(*where).order_by(*_NEWEST_FIRST).limit(1).correlate(walk).scalar_subquery()
            for where in (
                (is_source, is_target, columns.outcome < walk.c.outcome),
                (is_source, columns.target < walk.c.target),
                (columns.source < walk.c.source,),
            )
        )
    )
    found = fetches.alias("found")
    step = select(found.c.id, found.c.source, found.c.target, found.c.outcome).join_from(
        walk, found, found.c.id == below
    )
    return select(walk.union_all(step).c.id)


def _count(connection: Connection, fetched: Fetched) -> None:
    """Add a call to its day; the one writer makes that safe."""
    columns = fetch_days.c
    key = {"source": fetched.source, "day": fetched.started_at.astimezone(UTC).date()}
    counts = {
        "fetches": 1,
        "failures": int(fetched.outcome == FAILED),
        "rows": fetched.rows,
        "refused_rows": fetched.refused_rows,
    }
    more = {name: columns[name] + count for name, count in counts.items()}
    is_day = (columns.source == key["source"], columns.day == key["day"])
    if connection.execute(update(fetch_days).where(*is_day).values(more)).rowcount == 0:
        connection.execute(insert(fetch_days).values({**key, **counts}))


def _newest(by_outcome: dict[str, tuple[int, Fetched]]) -> Newest:
    nothing = (0, None)
    stored, failure = by_outcome.get("stored", nothing), by_outcome.get(FAILED, nothing)
    success = max(stored, by_outcome.get("unchanged", nothing), key=lambda numbered: numbered[0])
    return Newest(success[1], stored[1], failure[1], is_failing=failure[0] > success[0])


def _put(connection: Connection, target: Table, key: dict[str, str], values: dict[str, Any]) -> None:
    """Change the row with this key, or add it; the one writer makes that safe."""
    matching = [target.c[name] == value for name, value in key.items()]
    if connection.execute(update(target).where(*matching).values(values)).rowcount == 0:
        connection.execute(insert(target).values({**key, **values}))
