"""Releases over HTTP: listed with their standing, their files the very bytes, damage and retraction told apart."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.db import open_engine
from app.main import create_app
from app.publish import Order, Published, publish
from app.publish.catalogue import retract
from app.settings import Settings
from tests.api.conftest import NOW, import_into, write_demo

DAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def installed(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    import_into(settings.database_url, write_demo(tmp_path_factory.mktemp("demo")), settings.data_dir)
    return settings


@pytest.fixture(scope="module")
def first(installed: Settings) -> Published:
    engine = open_engine(installed.database_url)
    try:
        return publish(engine, Order(folder=installed.releases_dir, date=DAY))
    finally:
        engine.dispose()


@pytest.fixture(scope="module")
def client(installed: Settings, first: Published) -> Iterator[TestClient]:
    assert first.is_new
    with TestClient(create_app(installed, clock=lambda: NOW)) as opened:
        yield opened


def test_a_release_is_listed_with_what_it_holds(client: TestClient, first: Published) -> None:
    (row,) = client.get("/v1/releases").json()["releases"]
    held = first.release
    assert (row["id"], row["status"], row["date"]) == ("2026-11-24", "good", "2026-11-24")
    assert (row["quotes"], row["quarters"], row["checksum"]) == (held.quotes, len(held.partitions), held.checksum)
    assert row["is_synthetic"] is True
    table = client.get("/v1/releases.csv").text.splitlines()
    assert table[1].startswith("2026-11-24,good,")


def test_every_file_is_served_as_it_was_published(client: TestClient, first: Published) -> None:
    whole = client.get("/v1/releases/2026-11-24").json()
    assert {file["name"] for file in whole["files"]} == {file.name for file in first.release.files}
    for file in whole["files"]:
        answer = client.get(file["url"])
        assert answer.status_code == 200
        assert (len(answer.content), sha256(answer.content).hexdigest()) == (file["bytes"], file["sha256"])
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["x-threepercent-release"] == "2026-11-24; good"
        again = client.get(file["url"], headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert client.get("/v1/releases/2026-11-24/release.json").json()["checksum"] == first.release.checksum


def test_all_quotes_come_as_one_table_with_one_header(client: TestClient, first: Published) -> None:
    rows = list(csv.DictReader(io.StringIO(client.get("/v1/releases/2026-11-24/quotes.csv").text)))
    assert len(rows) == first.release.quotes
    assert [row["period"] for row in rows] == sorted(row["period"] for row in rows)
    assert {row["source"] for row in rows} == set(first.release.sources)


@pytest.mark.parametrize(
    "path",
    [
        *("/v1/releases/2026-11-25", "/v1/releases/..%2F..%2Fthreepercent.db", "/v1/releases/2026-11-24/quotes/x.csv"),
        *("/v1/releases/2026-11-24/..%2Frelease.json", "/v1/releases/2026-11-24.2/quotes.csv"),
        "/v1/releases/2026-11-24/quotes/..%2F..%2F..%2Fthreepercent.db",
    ],
)
def test_what_is_no_release_is_not_found(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_head_and_ranges_work_on_files(client: TestClient, first: Published) -> None:
    part = first.release.partitions[0].parquet
    url = f"/v1/releases/2026-11-24/{part.name}"
    head = client.head(url)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(part.bytes))
    tail = client.get(url, headers={"Range": "bytes=-4"})
    assert (tail.status_code, tail.content) == (206, b"PAR1")


def test_a_retracted_release_stays_with_reason_and_successor(installed: Settings, client: TestClient) -> None:
    folder = installed.releases_dir
    before = client.get("/v1/releases/2026-11-24/datapackage.json").content
    retract(folder, "2026-11-24", reason="A whole quarter was inverted.", successor="2026-11-24")
    try:
        row = client.get("/v1/releases/2026-11-24").json()["release"]
        assert (row["status"], row["reason"]) == ("retracted", "A whole quarter was inverted.")
        answer = client.get("/v1/releases/2026-11-24/datapackage.json")
        assert answer.content == before
        assert answer.headers["x-threepercent-release"] == "2026-11-24; retracted; 2026-11-24"
        assert 'rel="successor-version"' in answer.headers["link"]
    finally:
        (folder / "2026-11-24.retracted.json").unlink()


def test_a_damaged_file_is_not_served_and_the_others_are(
    installed: Settings, client: TestClient, first: Published
) -> None:
    """One byte differs: found by its sum, although the size is right."""
    part = first.release.partitions[1]
    victim = installed.releases_dir / "2026-11-24" / part.csv.name
    good = victim.read_bytes()
    harmed = bytearray(good)
    harmed[-5] ^= 1
    _replace(victim, bytes(harmed))
    try:
        answer = client.get(f"/v1/releases/2026-11-24/{part.csv.name}")
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/release-damaged")
        assert client.get("/v1/releases/2026-11-24/quotes.csv").status_code == 503
        assert client.get(f"/v1/releases/2026-11-24/{part.parquet.name}").status_code == 200
    finally:
        _replace(victim, good)
    assert client.get(f"/v1/releases/2026-11-24/{part.csv.name}").status_code == 200


def test_a_release_without_a_file_is_listed_as_damaged(
    installed: Settings, client: TestClient, first: Published
) -> None:
    victim = installed.releases_dir / "2026-11-24" / first.release.partitions[0].parquet.name
    good = victim.read_bytes()
    manifest = installed.releases_dir / "2026-11-24" / "release.json"
    victim.unlink()
    manifest.touch()
    try:
        row = client.get("/v1/releases").json()["releases"][0]
        assert row["status"] == "damaged"
        assert "is missing" in row["reason"]
        assert row["quotes"] is None
    finally:
        victim.write_bytes(good)
        manifest.touch()
    assert client.get("/v1/releases").json()["releases"][0]["status"] == "good"


def test_the_citation_says_that_the_data_are_synthetic(client: TestClient) -> None:
    assert "Synthetic demonstration data" in client.get("/v1/releases/2026-11-24/CITATION.cff").text
    package = json.loads(client.get("/v1/releases/2026-11-24/datapackage.json").content)
    assert package["synthetic"] is True


def _replace(path: Path, body: bytes) -> None:
    path.unlink()  # the same file may be that of another release
    path.write_bytes(body)
