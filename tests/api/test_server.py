"""The app behind the server that ships, on loopback: what a test client that is no server cannot see."""

import http.client
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.settings import Settings

ROOT = Path(__file__).parents[2]
COMPARISON_PATH = "/v1/corridors/{corridor}/comparison"


@dataclass
class Server:
    host: str
    port: int
    errors: list[str] = field(default_factory=list)

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.host, self.port, timeout=60)


@contextmanager
def serving(settings: Settings, **environment: str) -> Iterator[Server]:
    """Start a server; what it wrote to standard error is there when it has ended.

    It writes into a file: a pipe that nobody empties would stop it after some hundred lines.
    """
    written = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed below, with what it is for
    process = subprocess.Popen(
        [sys.executable, "-c", "from app.cli import main; main()", "serve", "--port", "0"],
        cwd=ROOT,
        env={
            **os.environ,
            "THREEPERCENT_DATA_DIR": str(settings.data_dir),
            "THREEPERCENT_DATABASE_URL": settings.database_url,
            "PYTHONUNBUFFERED": "1",
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=written,
        text=True,
    )
    assert process.stdout is not None
    address = urlsplit(process.stdout.readline().split()[2])
    server = Server(address.hostname or "", address.port or 0)
    try:
        yield server
    finally:
        process.terminate()
        try:
            process.communicate(timeout=60)
            written.seek(0)
            server.errors += written.read().splitlines()
        finally:
            process.kill()
            written.close()


@pytest.mark.parametrize("path", ["/v1/corridors", COMPARISON_PATH, "/docs", "/v1/nothing", "/health/live"])
def test_head_and_get_are_answered_on_one_connection_and_nothing_is_complained_of(
    demo_settings: Settings, corridor: str, path: str
) -> None:
    with serving(demo_settings, THREEPERCENT_LOG_LEVEL="error") as server:
        connection = server.connection()
        answers = []
        for method in ("HEAD", "GET", "HEAD", "GET"):
            connection.request(method, path.format(corridor=corridor))
            answer = connection.getresponse()
            answers.append((answer.status, answer.headers["etag"], answer.headers["content-length"], answer.read()))
        connection.close()
    head, got = answers[:2]
    assert head[3] == b""
    assert got[3] != b""
    assert head[:3] == got[:3]
    assert answers[2][0] == answers[3][0] == got[0]
    assert server.errors == []


def test_every_log_line_is_json_and_none_says_what_was_asked(demo_settings: Settings) -> None:
    with serving(demo_settings) as server:
        connection = server.connection()
        for path in ("/v1/providers/somebody-secret?language=fr", "/health/live"):
            connection.request("GET", path, headers={"X-Request-Id": "find-me-in-the-log"})
            connection.getresponse().read()
        connection.close()
    lines = [json.loads(line) for line in server.errors]
    requests = [line for line in lines if line["event"] == "request"]
    assert [
        (line["request_id"], line["method"], line["route"], line["status"], line["level"]) for line in requests
    ] == [("find-me-in-the-log", "GET", "/v1/providers/{provider}", 404, "info")]
    assert all(word not in line for line in server.errors for word in ("somebody-secret", "language=fr", "127.0.0.1"))
    assert any("Application startup complete" in line["event"] for line in lines)
