"""Releases of the real survey: equal from both databases, complete, incremental, checked, and never half there."""

import csv
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import Engine

from app.db import open_engine, reading
from app.ingest import Order as ImportOrder
from app.ingest import run
from app.publish import NothingToPublishError, Order, Published, publish, releases, tables
from app.publish.columns import COLUMNS
from app.publish.releases import ReleaseDamagedError
from app.store import release_rows

DAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OLD, NEW = "rpw_2011_1Q_2013_3Q.csv", "rpw_2025_3Q_sample.csv"


def imported(engine: Engine, file: Path, data_dir: Path) -> None:
    run(engine, ImportOrder(file=file, data_dir=data_dir, now=NOW))


def published(engine: Engine, folder: Path, on: date = DAY) -> Published:
    return publish(engine, Order(folder=folder, date=on))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("releases")


@pytest.fixture(scope="module")
def first(engine: Engine, shared_data: Path, folder: Path) -> Published:
    imported(engine, shared_data / "rpw" / OLD, folder / "data")
    return published(engine, folder / engine.dialect.name)


@pytest.fixture
def copied(first: Published, engine: Engine, folder: Path, tmp_path: Path) -> Path:
    """Give a copy of the first release's folder, to be damaged."""
    shutil.copytree(folder / engine.dialect.name / first.release.id, tmp_path / first.release.id)
    return tmp_path


def bytes_of(place: Path) -> dict[str, bytes]:
    return {str(path.relative_to(place)): path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()}


def rows_of(place: Path, period: str) -> Iterator[dict[str, str]]:
    with (place / "quotes" / f"{period}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def test_two_installations_publish_the_same_bytes(first: Published, engine: Engine, folder: Path) -> None:
    """The databases differ, and so do their times and numbers of imports; what they say is the same."""
    other = folder / ("sqlite" if engine.dialect.name == "postgresql" else "postgresql") / first.release.id
    if other.exists():  # the second of the two databases compares
        assert bytes_of(folder / engine.dialect.name / first.release.id) == bytes_of(other)
    assert first.release.checksum == "c21d9228f48f8232897a498ed8264f4cd1fab7bb2e0661a41568e4300bcb2bcd"


def test_a_release_holds_every_current_quote_digit_for_digit(first: Published, engine: Engine, folder: Path) -> None:
    place = folder / engine.dialect.name / first.release.id
    assert first.release.quotes == 39_219
    for partition in first.release.partitions:
        with reading(engine) as connection:
            stored = {str(row.id): row for row in release_rows.rows(connection, ["rpw"], partition.period)}
        found = {row["quote_id"]: row for row in rows_of(place, partition.period)}
        assert found.keys() == stored.keys()
        for id_, row in found.items():
            assert Decimal(row["published_total_percent"]) == stored[id_].published_total_percent
            assert (row["fee"] or None) == (None if stored[id_].fee is None else f"{stored[id_].fee:f}")
            assert row["provider"] == stored[id_].provider
            assert row["payment_instruments"].split(";") == json.loads(stored[id_].payment_instruments)


def test_parquet_and_csv_hold_the_same_rows_in_the_same_order(first: Published, engine: Engine, folder: Path) -> None:
    place = folder / engine.dialect.name / first.release.id
    for partition in first.release.partitions:
        packed = duckdb.read_parquet(str(place / partition.parquet.name)).fetchall()
        plain = list(rows_of(place, partition.period))
        assert len(packed) == len(plain) == partition.quotes
        for values, row in zip(packed, plain, strict=True):
            for column, value in zip(COLUMNS, values, strict=True):
                text = row[column.name]
                if column.kind == "number":
                    assert value == (Decimal(text) if text else None)
                elif column.kind == "truth":
                    assert value == ({"true": True, "false": False}[text] if text else None)
                else:
                    assert ("" if value is None else str(value)) == text


def test_one_more_quarter_writes_that_quarter_only(
    first: Published, engine: Engine, folder: Path, shared_data: Path
) -> None:
    where = folder / engine.dialect.name
    assert published(engine, where, date(2026, 12, 1)) == Published(first.release, is_new=False, written=())
    imported(engine, shared_data / "rpw" / NEW, folder / "data")
    rehearsed = publish(engine, Order(folder=where, date=DAY, is_dry_run=True))
    assert releases.listed(where) == [first.release.id]
    read: set[str] = set()
    second = publish(engine, Order(folder=where, date=DAY, on_rows=lambda period, _rows: read.add(period)))
    assert read == {"2025-Q3"}  # the others are not even read
    assert second.written == rehearsed.written == ("2025-Q3",)
    assert second.release.id == f"{DAY.isoformat()}.2"
    assert second.release.previous == first.release.id
    assert [(one.period, one.added, one.removed) for one in second.release.changes] == [("2025-Q3", 60, 0)]
    kept = second.release.partitions[0].parquet.name
    assert (where / first.release.id / kept).stat().st_ino == (where / second.release.id / kept).stat().st_ino
    assert releases.verify(where, second.release) == []
    assert releases.read(where, first.release.id) == first.release


def test_another_database_is_read_whole_and_finds_nothing_new(  # noqa: PLR0913, PLR0917 - fixtures
    first: Published, engine: Engine, folder: Path, sqlite_url: str, shared_data: Path, tmp_path: Path
) -> None:
    """Its dataset versions have the same numbers and mean something else."""
    shutil.copytree(folder / engine.dialect.name, tmp_path / "releases")
    newest = releases.listed(tmp_path / "releases")[-1]
    other = open_engine(sqlite_url)
    read: set[str] = set()
    try:
        for file in (OLD, NEW)[: 1 if newest == first.release.id else 2]:
            run(other, ImportOrder(file=shared_data / "rpw" / file, data_dir=tmp_path, now=NOW.replace(hour=13)))
        order = Order(folder=tmp_path / "releases", date=DAY, on_rows=lambda period, _rows: read.add(period))
        assert publish(other, order).is_new is False
    finally:
        other.dispose()
    assert read >= {partition.period for partition in first.release.partitions}


@pytest.mark.parametrize("harm", ["byte", "missing", "longer", "manifest"])
def test_a_damaged_release_is_found_out(first: Published, copied: Path, harm: str) -> None:
    id_ = first.release.id
    victim = copied / id_ / first.release.partitions[2].csv.name
    if harm == "byte":
        body = bytearray(victim.read_bytes())
        body[5_000] ^= 1
        victim.write_bytes(body)
        assert releases.verify(copied, releases.read(copied, id_)) == [first.release.partitions[2].csv.name]
        return
    if harm == "missing":
        victim.unlink()
    elif harm == "longer":
        victim.write_bytes(victim.read_bytes() + b"\n")
    else:
        (copied / id_ / "release.json").write_text('{"id": "2026-11-24"}')
    with pytest.raises(ReleaseDamagedError, match=id_):
        releases.read(copied, id_)


def test_what_was_left_unfinished_is_no_release_and_is_cleared_away(
    first: Published, copied: Path, engine: Engine
) -> None:
    (copied / ".unfinished-abc").mkdir()
    assert releases.listed(copied) == [first.release.id]
    published(engine, copied, date(2027, 1, 1))
    assert not (copied / ".unfinished-abc").exists()


def test_nothing_stored_is_nothing_to_publish(sqlite_url: str, tmp_path: Path) -> None:
    engine = open_engine(sqlite_url)
    with pytest.raises(NothingToPublishError):
        published(engine, tmp_path / "releases")
    engine.dispose()
    assert releases.listed(tmp_path / "releases") == []


def test_the_data_package_describes_every_file(first: Published, engine: Engine, folder: Path) -> None:
    place = folder / engine.dialect.name / first.release.id
    package = json.loads((place / "datapackage.json").read_bytes())
    for resource in package["resources"]:
        body = (place / resource["path"]).read_bytes()
        assert (resource["bytes"], resource["hash"]) == (
            len(body),
            f"sha256:{releases.sha256(place / resource['path'])}",
        )
        if resource["format"] == "csv":
            header = body.split(b"\n", 1)[0].decode().split(",")
            assert header == [field["name"] for field in resource["schema"]["fields"]]
            assert all(field["description"] and field["type"] for field in resource["schema"]["fields"])
    listed = {resource["path"] for resource in package["resources"]}
    assert listed == {file.name for file in first.release.files} - {file.name for file in first.release.documents}
    assert first.release.checksum in (place / "CITATION.cff").read_text()


def test_a_number_that_does_not_fit_names_what_is_wrong(tmp_path: Path) -> None:
    source = tmp_path / "one.csv"
    values = {column.name: "" for column in COLUMNS} | {"amount": "1" * 16 + ".5"}
    source.write_text(",".join(tables.names()) + "\n" + ",".join(values[name] for name in tables.names()) + "\n")
    with pytest.raises(tables.UnfitQuoteError, match=r"1111111111111111\.5"):
        tables.write_parquet(source, tmp_path / "one.parquet")
