"""POST /v1/imports: a file is kept before it is acknowledged, imported once, and seen by its partner alone."""

import csv
import gzip
import io
import json
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.api.v1.imports import ImportList, ImportShape
from app.db import open_engine
from app.domain.partners import KeyKind, Scope
from app.main import create_app
from app.settings import Settings
from tests.api.keyed import Keyed, key_of, partner_of
from tests.api.served_sources import NOW, Clock
from tests.push.pushing import item

NDJSON = {"Content-Type": "application/x-ndjson"}
MOST = 300_000


class Served:
    """A served database with two partners."""

    def __init__(self, client: TestClient, settings: Settings) -> None:
        self.client, self.settings = client, settings
        engine = open_engine(settings.database_url)
        partner = partner_of(engine)
        self.keyed = key_of(engine, settings, partner, Scope.QUOTES_WRITE)
        self.test_key = key_of(engine, settings, partner, Scope.QUOTES_WRITE, kind=KeyKind.TEST)
        other = partner_of(engine, "Somebody Else", providers=("somebody-else",))
        self.other = key_of(engine, settings, other, Scope.QUOTES_WRITE)
        engine.dispose()

    def send(
        self,
        body: bytes | Iterator[bytes],
        key: str = "one",
        by: Keyed | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Any:  # noqa: ANN401 - an answer
        own = {**(by or self.keyed).headers, **NDJSON, "Idempotency-Key": key}
        return self.client.post("/v1/imports", content=body, headers={**own, **headers})

    def get(self, path: str, by: Keyed | None = None) -> Any:  # noqa: ANN401
        return self.client.get(path, headers=(by or self.keyed).headers)

    def ended(self, import_id: str, by: Keyed | None = None) -> dict[str, Any]:
        """Wait until an import has ended, and return what is said of it."""
        for _ in range(200):
            answer = self.get(f"/v1/imports/{import_id}", by)
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            ImportShape.model_validate_json(answer.content)
            if found["state"] not in {"waiting", "running"}:
                return found
            time.sleep(0.05)
        raise AssertionError("the import never ended")


@pytest.fixture
def served(empty_database_url: str, tmp_path: Path) -> Iterator[Served]:
    settings = Settings(data_dir=tmp_path, database_url=empty_database_url, import_bytes=MOST)
    with TestClient(create_app(settings, clock=Clock())) as client:
        yield Served(client, settings)


def lines(count: int, **changes: Any) -> bytes:  # noqa: ANN401
    at = {"observed_at": (NOW - timedelta(hours=3)).isoformat(), "valid_until": (NOW + timedelta(hours=9)).isoformat()}
    items = (item(external_id=f"service-{number}", **at, **changes) for number in range(count))
    return b"".join(json.dumps(each).encode() + b"\n" for each in items)


def test_a_file_is_acknowledged_imported_and_shown(served: Served) -> None:
    body = lines(5) + b"no JSON\n"
    accepted = served.send(body)
    assert accepted.status_code == 202, accepted.text
    ImportShape.model_validate_json(accepted.content)
    said = accepted.json()
    assert accepted.headers["location"] == f"/v1/imports/{said['id']}"
    assert (said["state"], said["kind"], said["size_bytes"], said["bytes_read"]) == ("waiting", "file", len(body), 0)
    ended = served.ended(said["id"])
    assert ended["state"] == "done", ended
    assert ended["counts"] == {"accepted": 5, "duplicate": 0, "quarantined": 0, "rejected": 1}
    assert (ended["id"], ended["content_sha256"]) == (said["id"], said["content_sha256"])
    assert ended["dataset_version"] == 1
    assert ended["refused"] == f"/v1/imports/{said['id']}/refused"


def test_the_refused_items_are_a_file_that_no_spreadsheet_runs(served: Served) -> None:
    body = lines(1) + b"=cmd\n" + lines(1, corridor="=GBR")
    said = served.send(body).json()
    ended = served.ended(said["id"])
    assert ended["counts"]["rejected"] == 2
    answer = served.get(ended["refused"])
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["cache-control"] == "private, no-store"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["item"] for row in rows] == ["2", "3"]
    assert all(row["rule"] and row["detail"] for row in rows)
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_a_packed_file_and_a_table_are_taken_too(served: Served) -> None:
    packed = served.send(gzip.compress(lines(3)), "packed", headers={"Content-Encoding": "gzip"})
    assert served.ended(packed.json()["id"])["counts"]["accepted"] == 3
    table = served.send(b"external_id\nx\n", "table", headers={"Content-Type": "text/csv; charset=utf-8"})
    ended = served.ended(table.json()["id"])
    assert (ended["state"], ended["failure"]["code"]) == ("failed", "missing-column")
    assert "provider" in ended["failure"]["detail"]


def test_a_file_sent_again_under_its_key_is_the_same_import(served: Served) -> None:
    first, second = served.send(lines(2), '"again"'), served.send(lines(2), "again")
    assert second.content == first.content
    assert second.headers["location"] == first.headers["location"]
    assert second.headers["idempotency-replayed"] == "true"
    assert served.send(lines(3), "again").status_code == 422
    served.ended(first.json()["id"])
    assert len(served.get("/v1/imports").json()["imports"]) == 1


def test_another_key_lets_the_same_file_in_again_and_stores_nothing_twice(served: Served) -> None:
    served.ended(served.send(lines(2), "a").json()["id"])
    ended = served.ended(served.send(lines(2), "b").json()["id"])
    assert ended["counts"]["duplicate"] == 2
    assert ended["dataset_version"] is None


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Content-Type": "application/json"}, 415, "unsupported-media-type"),
        ({"Content-Type": "text/csv; charset=latin-1"}, 415, "unsupported-media-type"),
        ({"Content-Encoding": "br"}, 415, "unsupported-media-type"),
        ({"Idempotency-Key": '"open'}, 400, "idempotency-key-malformed"),
    ],
)
def test_what_cannot_be_taken_is_refused(served: Served, headers: dict[str, str], status: int, code: str) -> None:
    answer = served.send(lines(1), headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{code}")
    assert served.get("/v1/imports").json()["imports"] == []


def test_a_file_is_at_most_as_large_as_the_setting_says(served: Served) -> None:
    one = lines(1)
    whole = one + b" " * (MOST - len(one))
    assert served.send(whole, "whole").status_code == 202
    for sent in (whole + b" ", iter([whole, b" "])):  # with a Content-Length and without
        answer = served.send(sent, "over")
        assert (answer.status_code, answer.json()["type"]) == (413, "/problems/request-too-large")
    assert served.send(b"", "empty").status_code >= 400
    assert list((served.settings.data_dir / "archive").glob("incoming-*")) == []


def test_a_key_is_needed_and_the_header_too(served: Served) -> None:
    without = served.client.post("/v1/imports", content=lines(1), headers={**NDJSON, "Idempotency-Key": "k"})
    assert without.status_code == 401
    missing = served.client.post("/v1/imports", content=lines(1), headers={**NDJSON, **served.keyed.headers})
    assert (missing.status_code, missing.json()["type"]) == (400, "/problems/idempotency-key-missing")


def test_nobody_else_learns_that_an_import_is_there(served: Served) -> None:
    import_id = served.send(lines(1)).json()["id"]
    served.ended(import_id)
    for path in (f"/v1/imports/{import_id}", f"/v1/imports/{import_id}/refused", "/v1/imports/imp_" + "a" * 26):
        answer = served.get(path, served.other)
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-import")
        assert answer.json()["detail"] == served.get("/v1/imports/imp_" + "b" * 26, served.other).json()["detail"]
    assert served.get("/v1/imports", served.other).json()["imports"] == []
    assert served.get("/v1/imports/imp_1", served.other).status_code == 422


def test_the_list_has_pages_with_the_newest_first(served: Served) -> None:
    ids = [served.send(lines(1), str(number)).json()["id"] for number in range(5)]
    for import_id in ids:
        served.ended(import_id)
    found, path = [], "/v1/imports?page_size=2"
    while path:
        answer = served.get(path)
        ImportList.model_validate_json(answer.content)
        found += [row["id"] for row in answer.json()["imports"]]
        path = answer.headers["link"].partition(">")[0][1:] if "link" in answer.headers else ""
    assert sorted(found) == sorted(ids)
    assert found == sorted(ids, reverse=True)  # all at one instant, so by their ids


def test_a_test_key_imports_into_its_sandbox(served: Served) -> None:
    answer = served.send(lines(2), by=served.test_key)
    assert answer.status_code == 202
    ended = served.ended(answer.json()["id"], served.test_key)
    assert ended["state"] == "done"
    assert ended["counts"]["accepted"] + ended["counts"]["quarantined"] == 2  # the day's invented rates decide
    assert served.get("/v1/imports").json()["imports"] == []
