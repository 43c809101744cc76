"""Somebody else's outage: told, measured, and never in the way of answering."""

import shutil
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import Connection

from app.domain.breakers import Breaker
from app.store import fetches, imports
from app.store.imports import FileIdentity, ImportFile
from tests.api.conftest import NOW, import_into
from tests.api.served_sources import HOUR, SUCCESS, World, call, fixed, keep, served

# ---------------------------------------------------------------- somebody else's outage


def test_an_outage_of_somebody_else_never_makes_us_unready(world: World) -> None:
    world.write(keep(*(call(source, "failed") for source in ("ecb", "frankfurter", "wise"))))
    assert world.client.get("/health/ready").status_code == 200
    assert world.client.get("/health/live").status_code == 200
    found = world.status()
    assert found["status"] == "degraded"
    failing = [(each["source"], each["since"]) for each in found["incidents"] if each["code"] == "source_failing"]
    assert failing == [(source, "2026-11-23T09:00:00Z") for source in ("ecb", "frankfurter", "wise")]


def test_with_the_database_away_we_are_ready_and_say_what_is_wrong(sqlite_template: Path, tmp_path: Path) -> None:
    file = tmp_path / "threepercent.db"
    shutil.copyfile(sqlite_template, file)
    with served(f"sqlite:///{file}", tmp_path) as world:
        world.write(keep(call(outcome="failed")))
        world.client.app.state.served.engine.dispose()  # type: ignore[attr-defined]
        for path in (file, *tmp_path.glob("threepercent.db-*")):
            path.unlink(missing_ok=True)
        assert world.client.get("/health/ready").status_code == 200
        assert ("database_away", None, None) in world.incidents()
        assert world.status()["status"] == "degraded"
        assert world.client.get("/v1/sources").status_code == 503
        metrics = world.client.get("/metrics")
        assert metrics.status_code == 200
        assert "threepercent_sources_read 0.0" in metrics.text


def test_a_failed_import_by_hand_is_an_incident_until_one_succeeds(
    world: World, sqlite_url: str, demo_file: Path, tmp_path: Path
) -> None:
    def fail(connection: Connection) -> None:
        identity = FileIdentity(source="demo", file_hash="f", labels_hash="l", corrections_hash="c")
        file = ImportFile(identity=identity, file_name="operators-own.xlsx", layout=None, is_synthetic=True)
        failed = imports.start(connection, file, started_at=NOW - HOUR)
        detail = "operators-own.xlsx: lacks a sheet"
        imports.fail(connection, failed, finished_at=NOW - HOUR, failure={"code": "missing-sheet", "detail": detail})

    world.write(fail)
    assert ("last_import_failed", "demo", "2026-11-23T11:00:00Z") in world.incidents()
    row = world.row("demo")
    assert (row["state"], row["last_failure_code"], row["last_failure_detail"]) == ("manual", "missing-sheet", None)
    import_into(sqlite_url, demo_file, tmp_path)
    assert "last_import_failed" not in [code for code, _, _ in world.incidents()]


# ---------------------------------------------------------------- metrics


def metrics_of(world: World) -> dict[str, float]:
    lines = world.client.get("/metrics").text.splitlines()
    told = (line.rpartition(" ") for line in lines if line.startswith(("threepercent_source", "threepercent_host")))
    return {name: float(value) for name, _, value in told}


def test_metrics_say_what_alerts_need(world: World) -> None:
    world.write(fixed(date(2026, 11, 17)))
    world.write(keep(call(), call(outcome="failed", at=NOW - 2 * HOUR), call(outcome="failed", at=NOW - HOUR)))
    world.write(lambda connection: fetches.save_breaker(connection, "www.ecb.europa.eu", Breaker(3, NOW + HOUR), NOW))
    found = metrics_of(world)
    source = 'source="ecb"'
    assert found["threepercent_sources_read"] == 1
    assert found[f"threepercent_source_last_success_timestamp_seconds{{{source}}}"] == SUCCESS.timestamp()
    assert found[f"threepercent_source_last_failure_timestamp_seconds{{{source}}}"] == (NOW - HOUR).timestamp()
    assert found[f"threepercent_source_missed_publications{{{source}}}"] == 3
    assert found[f"threepercent_source_failures_last_day{{{source}}}"] == 2
    assert found[f"threepercent_source_rows{{{source}}}"] == 30
    assert found[f"threepercent_source_refused_rows{{{source}}}"] == 1
    assert found[f'threepercent_source_state{{{source},state="failing"}}'] == 1
    assert found[f'threepercent_source_state{{{source},state="ok"}}'] == 0
    assert found['threepercent_host_breaker_open{host="www.ecb.europa.eu"}'] == 1
    assert 'threepercent_source_last_success_timestamp_seconds{source="rpw"}' not in found


def test_no_metric_is_declared_twice(world: World) -> None:
    world.write(keep(call(outcome="failed")))
    world.write(lambda connection: fetches.save_breaker(connection, "www.ecb.europa.eu", Breaker(3, NOW + HOUR), NOW))
    lines = world.client.get("/metrics").text.splitlines()
    declared = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(declared) == len(set(declared))


def test_metrics_ask_the_database_at_most_every_few_seconds(world: World) -> None:
    first = metrics_of(world)
    world.write(keep(call()))
    assert metrics_of(world) == first
    world.clock.now += timedelta(seconds=15)
    assert metrics_of(world)['threepercent_source_state{source="ecb",state="ok"}'] == 1
