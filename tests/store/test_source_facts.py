"""What is stored about a source is gathered the same from both databases."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, Engine

from app.db import reading, writing
from app.domain.breakers import Breaker
from app.domain.source_health import Failure, SourceFacts, TargetFacts
from app.health import watched_sources
from app.ingest.report import answer_counts
from app.settings import Settings
from app.sources.source import Doubt
from app.store import fetches, imports, rates
from app.store.fetches import Fetched, Outcome
from app.store.imports import FileIdentity, ImportFile
from app.store.source_facts import source_facts
from tests.store.records import NOON, quoted, store

HOUR = timedelta(hours=1)


def keep(connection: Connection, outcome: Outcome, hours: int, rows: int = 0) -> None:
    at = NOON + hours * HOUR
    code = "fetch-too-slow" if outcome == "failed" else None
    fetches.record(
        connection,
        Fetched(
            source="ecb",
            target="daily",
            due_at=None,
            started_at=at,
            finished_at=at,
            outcome=outcome,
            failure_code=code,
            failure_detail=code,
            rows=rows,
        ),
    )


def test_nothing_is_known_of_a_source_that_left_no_trace(empty_engine: Engine) -> None:
    with reading(empty_engine) as connection:
        assert source_facts(connection, ["ecb", "rpw"]) == {"ecb": SourceFacts(), "rpw": SourceFacts()}


def test_calls_rates_and_decisions_are_gathered(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        keep(connection, "stored", 0, rows=30)
        keep(connection, "unchanged", 1)
        keep(connection, "failed", 2)
        keep(connection, "failed", 3)
        fetches.pause(connection, "ecb", "asked to", NOON)
        fetches.serve_until(connection, "ecb", NOON + HOUR)
        rates.add_institutions(connection, [("ecb", "ecb", "ECB", None, "EUR", None, None, None)], dataset_version=1)
        for day in ("2026-11-20", "2026-11-23"):
            fixing = ("ecb", day, "EUR", "USD", "1.1")
            rates.append(connection, [fixing], import_id=1, dataset_version=1, recorded_at=NOON)
    with reading(empty_engine) as connection:
        facts = source_facts(connection, ["ecb"])["ecb"]
        watched = watched_sources(connection, Settings(), NOON)
    failure = Failure(at=NOON + 3 * HOUR, code="fetch-too-slow", detail="fetch-too-slow")
    target = TargetFacts(
        target="daily",
        success_at=NOON + HOUR,
        failure=failure,
        failing_since=NOON + 2 * HOUR,
        rows=30,
        refused_rows=0,
    )
    assert facts == SourceFacts(
        targets=(target,),
        paused_at=NOON,
        paused_reason="asked to",
        served_until=NOON + HOUR,
        newest_day=date(2026, 11, 23),
    )
    assert watched["ecb"].health.state == "paused"
    assert watched["ecb"].health.rows == 30


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("HTTPS://Mirror.example.:443/ecb/", "mirror.example"),
        ("http://inside.example:8080/ecb/", "inside.example:8080"),
        ("ftp://inside.example/", None),
    ],
)
def test_the_breaker_of_an_operator_s_own_address_is_the_one_that_its_calls_tell(
    empty_engine: Engine, url: str, host: str | None
) -> None:
    with writing(empty_engine) as connection:
        fetches.save_breaker(connection, host or "inside.example", Breaker(3, NOON + HOUR), NOON)
    settings = Settings.model_construct(source_urls={"ecb": url}, public_sources=())
    with reading(empty_engine) as connection:
        found = watched_sources(connection, settings, NOON)["ecb"].breakers
    assert [(breaker.host, breaker.state) for breaker in found] == ([] if host is None else [(host, "open")])


def test_of_imports_by_hand_the_newest_count_and_their_files_are_not_told(empty_engine: Engine) -> None:
    identity = FileIdentity(source="rpw", file_hash="f9", labels_hash="l", corrections_hash="c")
    file = ImportFile(identity=identity, file_name="own.xlsx", layout=None, is_synthetic=False)
    with writing(empty_engine) as connection:
        store(connection, [quoted()])
        failed = imports.start(connection, file, started_at=NOON)
        failure = {"code": "missing-sheet", "detail": "own.xlsx: lacks a sheet"}
        imports.fail(connection, failed, finished_at=NOON + HOUR, failure=failure)
        done = imports.start(connection, file, started_at=NOON)
        counts = {"rows_accepted": 8, "rows_refused": 2}
        imports.finish(connection, done, finished_at=NOON + 2 * HOUR, counts=counts, dataset_version=None)
    with reading(empty_engine) as connection:
        facts = source_facts(connection, ["rpw"])["rpw"]
    assert facts == SourceFacts(
        imported_at=NOON + 2 * HOUR,
        import_failure=Failure(at=NOON + HOUR, code="missing-sheet", detail=None),
        imported_rows=8,
        refused_rows=2,
    )


def test_an_import_of_rates_counts_its_records_as_rows(empty_engine: Engine) -> None:
    identity = FileIdentity(source="ecb", file_hash="f9", labels_hash="l", corrections_hash="c")
    file = ImportFile(identity=identity, file_name="eurofxref-hist.zip", layout="history", is_synthetic=False)
    with writing(empty_engine) as connection:
        done = imports.start(connection, file, started_at=NOON)
        counts = answer_counts("history", 30, [Doubt("line 3", "not-a-number", "expected a rate", "x")], {"new": 30})
        imports.finish(connection, done, finished_at=NOON, counts=counts, dataset_version=None)
    with reading(empty_engine) as connection:
        facts = source_facts(connection, ["ecb"])["ecb"]
    assert (facts.imported_rows, facts.refused_rows) == (30, 1)
