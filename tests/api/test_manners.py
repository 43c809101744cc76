"""HTTP manners: methods, request ids, CORS, compression, conditional requests, caching, metrics, logs, readiness."""

import itertools
import json
import re
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.board import Board, load_newer
from app.db import open_engine, writing
from app.main import create_app, refresh
from app.observability import request_id_from
from app.settings import Settings
from app.store import imports
from app.store.imports import ImportFile

LATER = datetime(2026, 11, 24, tzinfo=UTC)

READS = [
    "/v1/corridors", "/v1/providers", "/v1/countries", "/v1/currencies", "/v1/vocabulary", "/v1/quotes",
    "/v1/sources", "/v1/status", "/docs", "/openapi.json", "/problems", "/.well-known/api-catalog",
]  # fmt: skip


@pytest.mark.parametrize("path", READS)
def test_head_answers_as_get_does_without_a_body(demo: TestClient, path: str) -> None:
    got, head = demo.get(path), demo.head(path)
    assert (got.status_code, head.status_code, head.content) == (200, 200, b"")
    assert head.headers["etag"] == got.headers["etag"]
    assert head.headers["content-type"] == got.headers["content-type"]


@pytest.mark.parametrize("path", READS)
def test_who_has_an_answer_already_gets_304(demo: TestClient, path: str) -> None:
    first = demo.get(path)
    again = demo.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == first.headers["cache-control"]


SHORTLY_KEPT = {"/v1/status", "/v1/sources"}  # they change without a new dataset version: see test_sources


@pytest.mark.parametrize("path", [path for path in READS if path not in SHORTLY_KEPT])
def test_every_read_may_be_cached_and_says_what_it_varies_by(demo: TestClient, path: str) -> None:
    headers = demo.get(path).headers
    assert headers["cache-control"] == "public, max-age=60, stale-while-revalidate=300, stale-if-error=86400"
    assert {"Accept", "Accept-Encoding", "Accept-Language"} <= set(headers["vary"].split(", "))


def test_options_names_the_methods_and_lets_any_origin_read(demo: TestClient) -> None:
    answer = demo.options(
        "/v1/corridors", headers={"Origin": "https://x.example", "Access-Control-Request-Method": "GET"}
    )
    assert answer.status_code == 204
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert answer.headers["access-control-allow-origin"] == "*"
    asked = set(answer.headers["access-control-allow-headers"].split(", "))
    assert {"Authorization", "X-API-Key", "If-None-Match", "If-Match", "Idempotency-Key", "Content-Type"} <= asked
    told = set(answer.headers["access-control-expose-headers"].split(", "))
    assert {"ETag", "Idempotency-Replayed", "Link", "Location", "RateLimit", "Retry-After", "X-Request-Id"} <= told


def test_options_of_no_address_is_not_found(demo: TestClient) -> None:
    assert demo.options("/v1/nothing").status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"])
def test_a_method_that_is_not_known_is_told_which_are(demo: TestClient, method: str) -> None:
    answer = demo.request(method, "/v1/corridors")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert answer.json()["type"] == "/problems/method-not-allowed"


def test_a_plain_request_id_is_kept_and_any_other_is_replaced(demo: TestClient) -> None:
    assert (
        demo.get("/health/live", headers={"X-Request-Id": "my-request.01"}).headers["x-request-id"] == "my-request.01"
    )
    key = "tp_live_000000000000000000000000000_29oMxI"
    for strange in ("short", "with space", "x" * 65, "<script>alert(1)</script>", "é" * 10, key, "of-203.0.113.7"):
        assert request_id_from(strange) != strange
        assert len(request_id_from(strange)) == 32


def test_every_answer_names_the_versions_it_rests_on(demo: TestClient) -> None:
    for path in ("/v1/corridors", "/nothing", "/health/live"):
        app, dataset, methodology = demo.get(path).headers["x-threepercent-version"].split("; ")
        assert (app.count("."), dataset, methodology) == (2, "1", "1")


def test_answers_are_compressed_for_who_accepts_it_and_hold_the_same(demo: TestClient) -> None:
    zipped = demo.get("/v1/corridors", headers={"Accept-Encoding": "gzip"})
    plain = demo.get("/v1/corridors", headers={"Accept-Encoding": "identity"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert zipped.content == plain.content
    assert zipped.headers["etag"] != plain.headers["etag"]


def test_a_body_that_no_read_needs_is_refused_when_it_is_large(demo: TestClient) -> None:
    answer = demo.request("GET", "/v1/corridors", content=b"x" * 100_000)
    assert answer.status_code == 413
    assert answer.json()["type"] == "/problems/request-too-large"


def test_metrics_count_requests_by_route_and_never_by_what_was_asked(demo: TestClient) -> None:
    demo.get("/v1/providers/somebody-unheard-of")
    text = demo.get("/metrics").text
    assert 'route="/v1/providers/{provider}",status="404"' in text
    assert "somebody-unheard-of" not in text
    assert "threepercent_dataset_version 1.0" in text


def test_an_unexpected_error_is_opaque_and_carries_its_request_id(
    demo_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    app = create_app(demo_settings)

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("secret internals")

    with TestClient(app) as client:
        answer = client.get("/broken", headers={"X-Request-Id": "find-me-in-the-log"})
        assert "threepercent_unexpected_errors_total 1.0" in client.get("/metrics").text
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == "find-me-in-the-log"
    assert "secret" not in answer.text
    logged = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    error = next(line for line in logged if line["event"] == "unexpected_error")
    assert error["request_id"] == "find-me-in-the-log"
    assert "secret internals" in error["exception"]


def test_the_first_start_makes_the_database_and_an_empty_one_says_so(tmp_path: Path) -> None:
    with TestClient(create_app(Settings(data_dir=tmp_path / "new"))) as client:
        assert client.get("/health/ready").status_code == 200
        answer = client.get("/v1/corridors")
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-data-yet")
        assert client.get("/v1/corridors/GBR-PHL/comparison").json()["type"] == "/problems/no-data-yet"
        status = client.get("/v1/status").json()
        assert (status["status"], status["dataset_version"]) == ("stale", 0)


def away(app: FastAPI, settings: Settings) -> None:
    Path(settings.database_url.removeprefix("sqlite:///")).unlink()
    app.state.served.engine.dispose()


def test_the_app_stays_ready_and_answers_when_the_database_goes_away(sqlite_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=sqlite_url)
    app = create_app(settings)
    with TestClient(app) as client:
        away(app, settings)
        assert refresh(app.state.served) is False
        assert client.get("/health/ready").status_code == 200
        assert client.get("/v1/countries").status_code == 200
        assert client.get("/v1/status").json()["incidents"][0]["code"] == "database_away"
        answer = client.get("/v1/quotes")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.json()["type"] == "/problems/unavailable"


def test_an_error_that_nobody_expected_does_not_end_the_search_for_newer_data(
    demo_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(demo_settings)
    calls = itertools.count(1)
    looked_again = threading.Event()

    def fails_once(*arguments: Any, **options: Any) -> Board | None:  # noqa: ANN401 -- passed on as they are
        call = next(calls) if arguments[0] is app.state.served.engine else 0  # other tests' apps look too
        if call == 2:
            raise ValueError("nobody expected this")
        if call > 2:
            looked_again.set()
        return load_newer(*arguments, **options)

    monkeypatch.setattr("app.main.load_newer", fails_once)
    monkeypatch.setattr("app.main.REFRESH_SECONDS", 0.01)
    monkeypatch.setattr("app.main.RETRY_SECONDS", 0.01)
    with TestClient(app) as client:
        assert looked_again.wait(30)
        assert client.get("/health/ready").status_code == 200
        text = client.get("/metrics").text
    assert 'threepercent_board_loads_total{outcome="failed"} 1.0' in text
    assert "threepercent_unexpected_errors_total 1.0" in text


def test_a_database_that_is_away_at_the_start_is_one_line_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(data_dir=tmp_path, database_url="postgresql://nobody:nothing@127.0.0.1:1/nowhere")
    with TestClient(create_app(settings)):
        pass
    first = json.loads(capsys.readouterr().err.splitlines()[0])
    assert first["event"] == "database_away"
    assert "exception" not in first
    assert "nothing" not in first["said"]


def test_before_the_first_board_nothing_is_ready_and_nothing_crashes(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url="postgresql://nobody:nothing@127.0.0.1:1/nowhere")
    with TestClient(create_app(settings)) as client:
        assert client.get("/health/live").status_code == 200
        answer = client.get("/health/ready")
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/not-ready")
        assert client.get("/v1/corridors").status_code == 503
        status = client.get("/v1/status")
        assert (status.status_code, status.json()["status"]) == (200, "degraded")
        assert [incident["code"] for incident in status.json()["incidents"]] == ["not_ready", "database_away"]


def test_the_status_is_never_kept_by_a_cache(demo: TestClient) -> None:
    assert demo.get("/v1/status").headers["cache-control"] == "no-store"


def test_the_last_success_of_a_source_is_told_however_many_imports_failed_since(
    demo_settings: Settings, tmp_path: Path
) -> None:
    name = "threepercent.db"
    with (
        closing(sqlite3.connect(demo_settings.data_dir / name)) as original,
        closing(sqlite3.connect(tmp_path / name)) as copy,
    ):
        original.backup(copy)
    settings = Settings(data_dir=tmp_path)
    engine = open_engine(settings.database_url)
    with writing(engine) as connection:
        (done,) = imports.listed(connection)
        file = ImportFile(identity=done.file.identity, file_name="x", layout=None, is_synthetic=True)
        for _ in range(120):
            failed = imports.start(connection, file, started_at=LATER)
            imports.fail(connection, failed, finished_at=LATER, failure={})
    engine.dispose()
    with TestClient(create_app(settings)) as client:
        rows = {row["key"]: row for row in client.get("/v1/sources").json()["sources"]}
        incidents = client.get("/v1/status").json()["incidents"]
    demo = rows["demo"]
    assert demo["last_success_at"] is not None
    assert demo["last_failure_at"] == "2026-11-24T00:00:00Z"
    assert "last_import_failed" in [incident["code"] for incident in incidents]


def test_the_documentation_asks_nobody_else_for_anything(demo: TestClient) -> None:
    answer = demo.get("/docs")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for outside in ("src=", "http://", "<script", "@import", "url("):
        assert outside not in answer.text.split("<main>")[0]
    assert "GET /v1/corridors/{corridor}/comparison" in answer.text


def test_the_documentation_shows_code_as_code_and_leads_to_what_a_call_answers(demo: TestClient) -> None:
    text = demo.get("/docs").text.replace("\n", " ")
    outside_examples = re.sub("<pre>.*?</pre>", "", text)
    assert "`" not in outside_examples
    assert "<code>If-None-Match</code>" in text
    links = set(re.findall('href="#(shape-[^"]+)"', text))
    assert {"shape-ComparisonShape", "shape-Corridors", "shape-Quotes", "shape-Status"} <= links
    assert links <= set(re.findall('id="(shape-[^"]+)"', text))


def test_the_catalog_leads_to_the_contract_and_its_documentation(demo: TestClient) -> None:
    answer = demo.get("/.well-known/api-catalog")
    assert answer.headers["content-type"].startswith("application/linkset+json")
    links = answer.json()["linkset"][0]
    for relation in ("service-desc", "service-doc", "status"):
        assert demo.get(links[relation][0]["href"]).status_code == 200


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/quotes", "GET, HEAD, POST, OPTIONS"),
        ("/v1/quotes/withdrawals", "POST, OPTIONS"),  # not a quote of that id
        ("/v1/quotes/00000000-0000-8000-8000-000000000000", "GET, HEAD, OPTIONS"),
        ("/v1/account/keys/key_1", "DELETE, OPTIONS"),
    ],
)
def test_the_methods_of_an_address_are_those_of_the_contract(demo: TestClient, path: str, allowed: str) -> None:
    assert demo.options(path).headers["allow"] == allowed
    assert demo.patch(path).headers["allow"] == allowed
    assert demo.options("/v1/nowhere").status_code == 404
