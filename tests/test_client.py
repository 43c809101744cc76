"""The example client of Python: generated from the contract, tried against the app, patient where that is safe."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from threepercent_client import Client
from threepercent_transport import ProblemError, Transport, new_key

from app.settings import Settings
from scripts.build_client import CONTRACT, TARGET, build, method_name
from tests.api.conftest import demo_file, demo_settings  # noqa: F401 - fixtures
from tests.api.test_server import serving

PROBLEM = "application/problem+json"


def test_the_client_is_what_the_contract_makes() -> None:
    assert TARGET.read_text("utf-8") == build(json.loads(CONTRACT.read_text("utf-8"))), "run: make openapi"


def test_every_call_of_the_contract_has_its_method() -> None:
    paths = json.loads(CONTRACT.read_text("utf-8"))["paths"]
    names = [
        method_name(each["operationId"])
        for path, methods in paths.items()
        if path.startswith("/v1/")
        for each in methods.values()
    ]
    assert len(names) > 20
    assert [name for name in names if not callable(getattr(Client, name, None))] == []


def test_it_reads_a_real_server_exactly(demo_settings: Settings) -> None:  # noqa: F811 - the fixture
    with serving(demo_settings, THREEPERCENT_LOG_LEVEL="error") as server:
        client = Client(f"http://{server.host}:{server.port}")
        compared = client.comparison("gb-ph", amount=Decimal("120.50"), receiving_method=["cash", "bank_account"])
        assert compared["amount"] == {"amount": Decimal("120.5"), "currency": "GBP"}
        assert isinstance(compared["offers"][0]["total_cost_percent"], (Decimal, int))
        assert client.etag is not None
        pages = list(client.pages(client.providers, page_size=50))
        assert len(pages) > 1
        assert len({row["id"] for page in pages for row in page["providers"]}) == sum(
            len(page["providers"]) for page in pages
        )
        assert client.corridors_file("csv").startswith(b"rank,id,")
        with pytest.raises(ProblemError) as refused:
            client.corridor("GBR-ATL")
        assert (refused.value.status, refused.value.code) == (404, "unknown-corridor")
        assert refused.value.request_id


@dataclass
class Answering:
    """A server that gives prepared answers, and keeps what it was asked."""

    answers: list[tuple[int, dict[str, str], Any]]
    address: str = ""
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def answering(*answers: tuple[int, dict[str, str], Any]) -> Iterator[Answering]:
    prepared = Answering(list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            prepared.asked.append((self.command, self.path, dict(self.headers), body))
            status, headers, content = prepared.answers.pop(0)
            if status == 0:  # hang up
                return
            written = json.dumps(content).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        do_POST = do_GET  # noqa: N815 - the same

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        prepared.address = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield prepared
        finally:
            server.shutdown()
            thread.join()


def transport(server: Answering, waited: list[float], key: str | None = None, attempts: int = 5) -> Transport:
    return Transport(server.address, key, sleep=waited.append, attempts=attempts)


def test_it_waits_as_long_as_it_is_told_and_asks_again() -> None:
    busy = {"type": "/problems/too-many-requests", "detail": "Too many."}
    waited: list[float] = []
    with answering((429, {"Retry-After": "7", "Content-Type": PROBLEM}, busy), (200, {}, {"rate": 1.25})) as server:
        answer = transport(server, waited).send("GET", "/v1/rates")
    assert answer == {"rate": Decimal("1.25")}
    assert waited == [7.0]


def test_a_write_is_sent_again_only_with_an_idempotency_key_and_then_is_the_same() -> None:
    waited: list[float] = []
    body = {"quotes": [{"offered_rate": Decimal("77.10")}]}
    with answering((503, {}, {}), (0, {}, None), (201, {}, {"ok": True})) as server:
        asking = transport(server, waited, key="tp_test_invented")
        headers = {"Idempotency-Key": new_key()}
        assert asking.send("POST", "/v1/quotes", {"dry_run": False}, body, headers) == {"ok": True}
    assert len(server.asked) == 3
    assert len({(path, sent["Idempotency-Key"], content) for _, path, sent, content in server.asked}) == 1
    _, path, sent, content = server.asked[0]
    assert (path, sent["Authorization"]) == ("/v1/quotes?dry_run=false", "Bearer tp_test_invented")
    assert content == b'{"quotes": [{"offered_rate": "77.10"}]}'
    with answering((503, {}, {})) as server, pytest.raises(ProblemError, match="503"):
        transport(server, waited).send("POST", "/v1/quotes", None, body)


def test_it_gives_up_after_so_many_tries_and_never_asks_again_what_is_wrong() -> None:
    waited: list[float] = []
    with answering(*[(503, {}, {})] * 3) as server, pytest.raises(ProblemError, match="503"):
        transport(server, waited, attempts=3).send("GET", "/v1/rates")
    assert waited == [1.0, 2.0]
    wrong = {"type": "/problems/invalid-request", "detail": "Wrong.", "errors": [{"pointer": "/query/q"}]}
    with (
        answering((422, {"Content-Type": PROBLEM}, wrong)) as server,
        pytest.raises(ProblemError, match="Wrong") as error,
    ):
        transport(server, waited).send("GET", "/v1/rates")
    assert error.value.errors == [{"pointer": "/query/q"}]


def test_numbers_that_are_not_exact_are_refused_before_they_are_sent() -> None:
    with answering() as server:
        asking = transport(server, [])
        with pytest.raises(TypeError, match="a float is not the number"):
            asking.send("POST", "/v1/quotes", None, {"quotes": [{"offered_rate": 77.1}]})
        with pytest.raises(ValueError, match="http://"):
            Transport("ftp://127.0.0.1")
