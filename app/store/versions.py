"""Dataset versions: the committed states of the data, whose import brought each, and which corridors it touched."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, Index, Text, func, insert, select, text, union_all
from sqlmodel import Field

from app.db import KeyText, UtcDateTime
from app.store import bulk, rounds
from app.store.corridors import corridors
from app.store.schema import Row, table


class DatasetVersionRow(Row, table=True):
    """One committed state of the data. Versions are committed in the order of their numbers, and of their times.

    ``source``: whose import or act brought it, empty where it is everybody's. Here and below it leads past what may
    not be shown.
    """

    __tablename__ = "dataset_versions"
    __table_args__ = (
        Index("ix_dataset_versions_source_version", "source", "version"),
        Index("ix_dataset_versions_committed_at_version", "committed_at", "version"),
    )

    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    committed_at: datetime = Field(sa_type=UtcDateTime)
    import_id: int | None = Field(foreign_key="imports.id")
    reason: str = Field(sa_type=Text)
    source: str = Field(sa_type=KeyText, sa_column_kwargs={"server_default": text("''")})


class CorridorVersionRow(Row, table=True):
    """That a dataset version touched a corridor."""

    __tablename__ = "corridor_versions"
    __table_args__ = (Index("ix_corridor_versions_corridor_source_version", "corridor", "source", "version"),)

    corridor: str = Field(primary_key=True, sa_type=KeyText)
    version: int = Field(primary_key=True, foreign_key="dataset_versions.version")
    source: str = Field(sa_type=KeyText, sa_column_kwargs={"server_default": text("''")})


dataset_versions = table(DatasetVersionRow)
corridor_versions = table(CorridorVersionRow)

EVERYBODY: Final = ""
"""The source of a version that is nobody's own, such as one that hides a provider: everybody may know of it."""

Clock = Callable[[], datetime]
"""Says what time it is, in UTC."""


class DatasetVersion(NamedTuple):
    """A committed state of the data."""

    version: int
    committed_at: datetime
    import_id: int | None
    reason: str


class Touched(NamedTuple):
    """A round that a new version adds quotes to or takes quotes from; ``period`` null where quotes have none."""

    corridor: str
    period: str | None


_VERSION: Final = tuple(dataset_versions.c[name] for name in DatasetVersion._fields)


def next_version(connection: Connection) -> int:
    """Return the number that this transaction's dataset version will have; the one writer makes it certain."""
    return int(connection.execute(select(func.coalesce(func.max(dataset_versions.c.version), 0))).scalar_one()) + 1


def newest_version(connection: Connection, sources: Collection[str] | None = None) -> DatasetVersion | None:
    """Return the newest dataset version, null while there are no data.

    Where sources are named, versions that an import of another source brought do not count: nobody who may not see
    their figures can tell that they changed.
    """
    columns = dataset_versions.c
    newest = select(func.max(columns.version))
    if sources is not None:  # one step of the index for each source, however many versions others brought
        of_each = [
            select(func.max(columns.version).label("version")).where(columns.source == source)
            for source in (EVERYBODY, *sorted(sources))
        ]
        newest = select(func.max(union_all(*of_each).subquery().c.version))
    row = connection.execute(select(*_VERSION).where(columns.version == newest.scalar_subquery())).one_or_none()
    return None if row is None else DatasetVersion(*row)


def version_as_of(
    connection: Connection, instant: datetime, sources: Collection[str] | None = None
) -> DatasetVersion | None:
    """Return the newest dataset version that was committed at or before an instant, null where none was.

    ``sources`` as in ``newest_version``. Versions are committed in the order of their times.
    """
    columns = dataset_versions.c
    latest = (columns.committed_at.desc(), columns.version.desc())
    query = select(*_VERSION).where(columns.committed_at <= instant).order_by(*latest).limit(1)
    if sources is not None:
        query = query.where(columns.source.in_((EVERYBODY, *sources)))
    row = connection.execute(query).one_or_none()
    return None if row is None else DatasetVersion(*row)


def first_version(connection: Connection, sources: Collection[str] | None = None) -> DatasetVersion | None:
    """Return the first dataset version, null while there are no data; ``sources`` as in ``newest_version``."""
    columns = dataset_versions.c
    query = select(*_VERSION).order_by(columns.version).limit(1)
    if sources is not None:
        query = query.where(columns.source.in_((EVERYBODY, *sources)))
    row = connection.execute(query).one_or_none()
    return None if row is None else DatasetVersion(*row)


def find_version(connection: Connection, version: int) -> DatasetVersion | None:
    """Return one dataset version."""
    row = connection.execute(select(*_VERSION).where(dataset_versions.c.version == version)).one_or_none()
    return None if row is None else DatasetVersion(*row)


def corridor_newest_versions(
    connection: Connection,
    sources: Collection[str] | None = None,
    *,
    since: int = 0,
    as_of: int | None = None,
    corridor: str | None = None,
) -> dict[str, DatasetVersion]:
    """Return, for each corridor, the newest dataset version that touched it; ``since``: only of those after it.

    ``as_of``: only of those up to that version. ``corridor``: of this one alone. ``sources`` as in ``newest_version``.
    Within each corridor (and source) the key leads to its newest version.
    """
    columns = corridor_versions.c
    newest: dict[str, int] = {}
    for source in (None,) if sources is None else (EVERYBODY, *sorted(sources)):
        touched = select(func.max(columns.version)).where(columns.corridor == corridors.c.id, columns.version > since)
        if source is not None:
            touched = touched.where(columns.source == source)
        if as_of is not None:
            touched = touched.where(columns.version <= as_of)
        query = select(corridors.c.id, touched.scalar_subquery())
        if corridor is not None:
            query = query.where(corridors.c.id == corridor)
        for one, version in connection.execute(query):
            if version is not None and version > newest.get(one, 0):
                newest[one] = version
    known = {version: find_version(connection, version) for version in set(newest.values())}
    return {one: found for one, version in newest.items() if (found := known[version]) is not None}


def corridors_of(connection: Connection, source: str) -> list[str]:
    """Return the corridors that a source's imports or acts ever touched, sorted."""
    column = corridor_versions.c.corridor
    query = select(column).where(corridor_versions.c.source == source).distinct().order_by(column)
    return list(connection.execute(query).scalars())


def record_version(
    connection: Connection,
    version: DatasetVersion,
    *,
    brought_by: str,
    touched: Iterable[Touched],
    clock: Clock | None = None,
) -> DatasetVersion:
    """Record a dataset version after its quotes and changes were appended, and count the rounds it touched anew.

    Its number is from ``next_version`` of the same transaction. ``brought_by``: the source whose import or act it is,
    else EVERYBODY. ``touched`` names each corridor whose answers it may change, with the round (of that source) that
    got a quote or a change; both the old and the new where a correction moved one.

    ``clock`` is asked for the time under which it is recorded, since what took long began long before anybody could
    see it; null: the time that ``version`` has. It is never earlier than its predecessor's, whatever the clocks of two
    machines say. Nothing of length may follow in the same transaction. Returns the version as it was recorded.
    """
    rounds_touched = set(touched)
    for period in sorted({place.period for place in rounds_touched if place.period is not None}):
        in_period = {place.corridor for place in rounds_touched if place.period == period}
        rounds.recount(connection, brought_by, period, in_period, version.version)
    before = newest_version(connection)
    committed_at = version.committed_at if clock is None else clock()
    if before is not None:
        committed_at = max(committed_at, before.committed_at)
    version = version._replace(committed_at=committed_at)
    connection.execute(insert(dataset_versions).values(**version._asdict(), source=brought_by))
    corridors_touched = sorted({place.corridor for place in rounds_touched})
    target = bulk.Target(corridor_versions, ("corridor", "source"), {"version": version.version})
    bulk.append(connection, target, [(corridor, brought_by) for corridor in corridors_touched])
    return version
