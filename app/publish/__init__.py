"""Publishing: from the store to releases that can be cited: immutable, complete, recomputable.

A release is written beside the others under a name that nobody takes for a release, and renamed when it is whole. What
did not change since the release before is the same file under another name.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine

from app.db import reading
from app.domain.methodology import METHODOLOGY_VERSION
from app.publish import countries, documents, origins, tables
from app.publish.releases import (
    MANIFEST,
    Change,
    File,
    Partition,
    Release,
    listed,
    logical_checksum,
    manifest,
    next_id,
    read,
    sha256,
)
from app.sources.source import Source, sources
from app.store import imports, release_rows
from app.store.release_rows import Quarter

__all__ = ["NothingToPublishError", "Order", "Published", "publish"]

_FOLDER: Final = "quotes"
_UNFINISHED: Final = ".unfinished-"


class NothingToPublishError(Exception):
    """There are no quotes that may be published."""


def _silent(_period: str, _rows: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be published: where to, under which date; ``on_rows`` is told a quarter and how many rows passed."""

    folder: Path
    date: date
    is_dry_run: bool = False
    on_rows: Callable[[str, int], None] = _silent


@dataclass(frozen=True, slots=True)
class Published:
    """What came of it. ``is_new``: false where nothing has changed since that release; ``written``: which quarters."""

    release: Release
    is_new: bool
    written: tuple[str, ...]


def publish(engine: Engine, order: Order) -> Published:
    """Write what the store holds now as a release, unless the newest one holds just that; return it.

    One state of the database is read. Raises NothingToPublishError, ReleaseDamagedError where the newest release cannot
    be continued, ``tables.UnfitQuoteError``, and OSError where the folder cannot be written.
    """
    order.folder.mkdir(parents=True, exist_ok=True)
    with _alone(order.folder):
        for left in order.folder.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(left)
        before = _newest(order.folder)
        place = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=order.folder))
        try:
            with reading(engine) as connection:
                return _publish(connection, order, place, before)
        finally:
            shutil.rmtree(place, ignore_errors=True)


def _newest(folder: Path) -> Release | None:
    found = listed(folder)
    return read(folder, found[-1]) if found else None


def _publish(connection: Connection, order: Order, place: Path, before: Release | None) -> Published:
    shown = _published_sources()
    quarters = release_rows.quarters(connection, shown)
    if not quarters:
        raise NothingToPublishError
    (place / _FOLDER).mkdir()
    published_at = None if before is None else origins.version_of(order.folder, before.id, connection)
    work = _Work(connection, order, place, before, tuple(sorted(shown)), published_at)
    parts = [work.partition(quarter) for quarter in quarters]
    countries.write(place / countries.FILE)
    places = File(countries.FILE, (place / countries.FILE).stat().st_size, sha256(place / countries.FILE))
    checksum = logical_checksum(parts, [places])
    if before is not None and (before.checksum, before.methodology_version) == (checksum, METHODOLOGY_VERSION):
        return Published(before, is_new=False, written=())
    gone = (
        [] if before is None else [one for one in before.partitions if one.period not in {q.period for q in quarters}]
    )
    release = Release(
        id=next_id(order.folder, order.date),
        date=order.date,
        methodology_version=METHODOLOGY_VERSION,
        is_synthetic=bool(imports.is_synthetic(connection)),
        sources=tuple(sorted(work.met)),
        partitions=tuple(parts),
        tables=(places,),
        documents=(),
        previous=None if before is None else before.id,
        changes=tuple(sorted([*work.changes, *(Change(one.period, 0, one.quotes) for one in gone)], key=_by_period)),
        checksum=checksum,
    )
    if not order.is_dry_run:
        release = _finished(release, place)
        origins.note(order.folder, release.id, connection)
        _appear(place, order.folder / release.id)
    return Published(release, is_new=True, written=tuple(work.written))


def _by_period(change: Change) -> str:
    return change.period


def _published_sources() -> dict[str, Source]:
    """Return the surveys whose terms let others have their figures: a release is for everybody."""
    return {key: one for key, one in sources().items() if one.kind == "survey" and one.reuse.redistribute}


class _Work:
    """One release in the making: ``written`` names the quarters that differ from the release before."""

    def __init__(  # noqa: PLR0913, PLR0917 - what is written, where, and after what
        self,
        connection: Connection,
        order: Order,
        place: Path,
        before: Release | None,
        shown: tuple[str, ...],
        published_at: int | None,
    ) -> None:
        """``published_at``: the dataset version that ``before`` was made from, null where nobody knows."""
        self._connection = connection
        self._order = order
        self._place = place
        self._shown = shown
        self._before = {} if before is None else {one.period: one for one in before.partitions}
        self._before_id = "" if before is None else before.id
        self._before_sources = set() if before is None else set(before.sources)
        self._published_at = published_at
        self.written: list[str] = []
        self.changes: list[Change] = []
        self.met: set[str] = set()

    def partition(self, quarter: Quarter) -> Partition:
        """Write a quarter, or take it over from the release before where its rows are the same."""
        period, before = quarter.period, self._before.get(quarter.period)
        if before is not None and self._published_at is not None and quarter.changed_in <= self._published_at:
            self._take_over(before)
            self.met |= self._before_sources
            return before
        target = self._place / _FOLDER / f"{period}.csv"
        rows = release_rows.rows(self._connection, self._shown, period)
        count = tables.write_csv(target, self._seen(rows), lambda more: self._order.on_rows(period, more))
        made = File(f"{_FOLDER}/{period}.csv", target.stat().st_size, sha256(target))
        if before is not None and before.csv == made:
            self._take_over(before)
            return before
        parquet = target.with_suffix(".parquet")
        tables.write_parquet(target, parquet)
        self.written.append(period)
        self.changes.append(self._change(target, before, period))
        packed = File(f"{_FOLDER}/{period}.parquet", parquet.stat().st_size, sha256(parquet))
        return Partition(period, count, quarter.corridors, made, packed)

    def _seen(self, rows: Iterator[object]) -> Iterator[object]:
        for row in rows:
            self.met.add(str(getattr(row, "source")))  # noqa: B009 - the row's type knows no columns
            yield row

    def _take_over(self, before: Partition) -> None:
        for file in (before.csv, before.parquet):
            target, kept = self._place / file.name, self._order.folder / self._before_id / file.name
            target.unlink(missing_ok=True)
            try:
                os.link(kept, target)
            except OSError:  # a file system without links, or another one
                shutil.copyfile(kept, target)

    def _change(self, made: Path, before: Partition | None, period: str) -> Change:
        now = _ids(made)
        then = set() if before is None else _ids(self._order.folder / self._before_id / before.csv.name)
        return Change(period, len(now - then), len(then - now))


def _ids(path: Path) -> set[str]:
    with path.open(encoding="utf-8") as file:
        next(file)
        return {line[:36] for line in file}


def _finished(release: Release, place: Path) -> Release:
    """Write the documents and the manifest; return the release with the documents' sums."""
    known = sources()
    named = [known[key] for key in release.sources]
    for name, body in (
        (documents.DATA_PACKAGE, documents.data_package(release, named)),
        (documents.CITATION, documents.citation(release, named)),
        (documents.DICTIONARY, documents.dictionary(release, named)),
        (documents.SUMS, documents.sums(release)),
    ):
        _write(place / name, body)
        release = replace(release, documents=(*release.documents, File(name, len(body), sha256(place / name))))
    _write(place / MANIFEST, manifest(release))
    return release


def _write(path: Path, body: bytes) -> None:
    with path.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def _appear(place: Path, target: Path) -> None:
    """Give a whole release its name, so that it lasts: readers see all of it or nothing."""
    place.chmod(0o755)
    for folder in (place / _FOLDER, place):
        _sync(folder)
    place.rename(target)
    _sync(target.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process publishes here; the system lets go of the lock when one dies."""
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
