"""A wrong batch of 10,000 quotes is out of all answers of two real workers within two seconds of one command."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Engine

from app.db import open_engine, reading, writing
from app.domain.partners import Partner, PartnerKind
from app.domain.quotes import LiveQuote
from app.domain.vocabulary import ProviderType
from app.settings import Settings
from app.sources.live_records import Asked, Sourced, live_record, service
from app.sources.source import LiveRecord
from app.store import live_quotes
from tests.api.keyed import partner_of
from tests.api.test_server import ROOT, Server, serving
from tests.mend.pushes import pushed
from tests.store.live_records import OFFERED

CORRIDORS, QUOTES = 20, 10_000
WITHIN_SECONDS = 2.0
PATIENCE_SECONDS = 60.0
PROVIDER = "wrong-transfer"


class World:
    """A database with a day's invented prices, and a command line over it."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.settings = Settings(data_dir=folder, database_url=database_url)
        self.engine: Engine = open_engine(database_url)
        for layout in ("rates", "quotes"):
            file = str(folder / f"demo.{layout}")
            self.run("demo-data", "--layout", layout, "--out", file)
            self.run("import", file)

    def run(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", "from app.cli import main; main()", *words],
            cwd=ROOT,
            env={
                **os.environ,
                "THREEPERCENT_DATA_DIR": str(self.settings.data_dir),
                "THREEPERCENT_DATABASE_URL": self.settings.database_url,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def push_wrong_batch(self) -> tuple[list[str], int]:
        """Store 10,000 quotes of a partner, in twenty corridors; return these and the number of the import."""
        partner = partner_of(self.engine, "Wrong", PartnerKind.PROVIDER, [PROVIDER])
        now = datetime.now(UTC)
        with reading(self.engine) as connection:
            corridors = [one for one in live_quotes.corridors(connection) if one.startswith("GBR-")][:CORRIDORS]
            known = {one.corridor: one for one in live_quotes.current(connection, corridors)}
        each = QUOTES // len(known)
        wrong = [_wrong(partner, known[corridor], number, now) for corridor in sorted(known) for number in range(each)]
        with writing(self.engine) as connection:
            import_id = pushed(connection, wrong, now, partner)
        assert len(wrong) >= QUOTES * 0.99
        return sorted(known), import_id


def _wrong(partner: Partner, like: LiveQuote, number: int, now: datetime) -> LiveRecord:
    """A quote with the price of one that is there, under the partner's own name."""
    return live_record(
        Sourced(partner.source, f"{like.corridor}.{number}", "", partner.evidence),
        Asked(like.corridor, like.sending_currency, like.receiving_currency),
        service("Wrong Transfer", ProviderType.MONEY_TRANSFER_OPERATOR, OFFERED, ()),
        like.terms,
        observed_at=now - timedelta(minutes=number % 50),
    )


class Worker:
    """One server process."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def ask(self, path: str, **query: str) -> dict[str, Any]:
        with closing(self.server.connection()) as connection:
            connection.request("GET", f"{path}?{urlencode(query)}", headers={"Accept-Encoding": "identity"})
            answer = connection.getresponse()
            body = answer.read()
        assert answer.status == 200, (path, query, body[:500])
        found: dict[str, Any] = json.loads(body)
        return found

    def version(self) -> int:
        """The dataset version that it answers from."""
        with closing(self.server.connection()) as connection:
            connection.request("GET", "/health/live")
            answer = connection.getresponse()
            answer.read()
        return int(answer.headers["X-ThreePercent-Version"].split("; ")[1])

    def is_shown_in(self, corridor: str, **query: str) -> bool:
        compared = self.ask(f"/v1/corridors/{corridor}/comparison", basis="live", limit="500", **query)
        return any(offer["provider"]["id"] == PROVIDER for offer in compared["offers"])

    def shows(self, corridors: list[str]) -> set[str]:
        """In which answers the wrong provider is."""
        found = {f"comparison {corridor}" for corridor in corridors if self.is_shown_in(corridor)}
        for corridor in corridors:
            curve = self.ask(f"/v1/corridors/{corridor}/cost-curve", basis="live", amounts="120")
            if PROVIDER in json.dumps(curve):
                found.add(f"cost-curve {corridor}")
        if any(row["source"] == "partner-wrong" for row in self.ask("/v1/quotes", source="partner-wrong")["quotes"]):
            found.add("quotes")
        return found


@contextmanager
def two_workers(settings: Settings) -> Iterator[tuple[Worker, Worker]]:
    quiet = {"THREEPERCENT_LOG_LEVEL": "error", "THREEPERCENT_LIMITS_ENABLED": "false"}
    with serving(settings, **quiet) as one, serving(settings, **quiet) as other:
        yield Worker(one), Worker(other)


def waited_for(workers: tuple[Worker, Worker], version: int) -> float:
    """Wait until both workers answer from a dataset version; return after how many seconds they did."""
    began = time.monotonic()
    while any(worker.version() < version for worker in workers):
        assert time.monotonic() - began < PATIENCE_SECONDS
        time.sleep(0.02)
    return time.monotonic() - began


def patience() -> float:
    """Two seconds; so many times as long where a processor has so many things to do at once."""
    return WITHIN_SECONDS * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def test_a_wrong_batch_is_out_of_all_answers_within_two_seconds_and_the_past_shows_it(
    empty_database_url: str, tmp_path: Path
) -> None:
    world = World(empty_database_url, tmp_path)
    corridors, wrong = world.push_wrong_batch()
    number = len(corridors) * (QUOTES // len(corridors))
    with two_workers(world.settings) as workers:
        waited_for(workers, 3)
        assert [len(worker.shows(corridors)) for worker in workers] == [2 * len(corridors) + 1] * 2
        then = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        said = world.run("imports", "withdraw", str(wrong), "--reason", "a wrong batch")
        assert waited_for(workers, 4) <= patience()
        assert said == f"Withdrew {number:,} quotes; none stands in their place. Dataset version 4.\n"
        assert [worker.shows(corridors) for worker in workers] == [set(), set()]
        for worker, asked in zip(workers, (corridors, corridors[:2]), strict=True):
            assert all(worker.is_shown_in(corridor, as_of=then) for corridor in asked)
            told = worker.ask("/v1/corrections", provider=PROVIDER)["corrections"]
            assert sum(row["quotes"] for row in told) == number
    world.engine.dispose()
