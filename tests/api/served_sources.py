"""A served database whose clock and sources a test changes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from starlette.testclient import TestClient

from app.api.v1.status import Status
from app.db import open_engine, writing
from app.main import create_app
from app.settings import Settings
from app.store import fetches
from app.store.fetches import Fetched, Outcome
from app.store.rates import add_institutions, append

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SUCCESS = NOW - 3 * HOUR
SECRET = "https://me:s3cret@api.example/?key=s3cret"


@dataclass
class Clock:
    """A clock that a test steps."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


Write = Callable[[Callable[[Connection], object]], None]


@dataclass
class World:
    """A served database, whose clock and contents a test changes."""

    client: TestClient
    clock: Clock
    write: Write

    def row(self, source: str) -> dict[str, Any]:
        rows: dict[str, dict[str, Any]] = {row["key"]: row for row in self.client.get("/v1/sources").json()["sources"]}
        return rows[source]

    def status(self) -> dict[str, Any]:
        answer = self.client.get("/v1/status")
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        Status.model_validate_json(answer.content)
        return found

    def incidents(self) -> list[tuple[str, str | None, str | None]]:
        return [(each["code"], each["source"], each["since"]) for each in self.status()["incidents"]]


@contextmanager
def served(url: str, data_dir: Path, **settings: Any) -> Iterator[World]:  # noqa: ANN401 - any setting
    clock = Clock()

    def write(work: Callable[[Connection], object]) -> None:
        engine = open_engine(url)
        with writing(engine) as connection:
            work(connection)
        engine.dispose()

    app = create_app(Settings(data_dir=data_dir, database_url=url, **settings), clock=clock)
    with TestClient(app) as client:
        yield World(client, clock, write)


def call(source: str = "ecb", outcome: Outcome = "stored", at: datetime = SUCCESS, **changes: Any) -> Fetched:  # noqa: ANN401 - any field
    failure = {"failure_code": "fetch-too-slow", "failure_detail": f"{SECRET} gave no answer"}
    return Fetched(
        **{
            "source": source,
            "target": "daily",
            "due_at": at,
            "started_at": at,
            "finished_at": at,
            "outcome": outcome,
            "rows": 30 if outcome == "stored" else 0,
            "refused_rows": 1 if outcome == "stored" else 0,
            **(failure if outcome == "failed" else {}),
            **changes,
        }
    )


def keep(*calls: Fetched) -> Callable[[Connection], object]:
    return lambda connection: [fetches.record(connection, each) for each in calls]


def fixed(day: date) -> Callable[[Connection], object]:
    """Store a day's rates of the ECB."""

    def work(connection: Connection) -> None:
        add_institutions(
            connection,
            [("ecb", "ecb", "European Central Bank", None, "EUR", "reference", None, "daily")],
            dataset_version=1,
        )
        record = ("ecb", day.isoformat(), "EUR", "USD", "1.1")
        append(connection, [record], import_id=1, dataset_version=1, recorded_at=NOW)

    return work
