"""The health of sources over HTTP: told as it is, without secrets, and never in the way of answering."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import event

from app.api.v1.sources import OneSource, SourceHistory, Sources
from app.domain.breakers import Breaker
from app.store import fetches
from tests.api.conftest import NOW, import_into
from tests.api.served_sources import HOUR, SUCCESS, World, call, fixed, keep, served

# ---------------------------------------------------------------- what a row tells


def test_a_source_that_nobody_asked_was_never_fetched(world: World) -> None:
    row = world.row("ecb")
    assert (row["state"], row["kind"], row["evidence"], row["is_private"]) == ("never_fetched", "rates", None, False)
    for name in (
        "last_success_at",
        "last_failure_at",
        "rows",
        "missed_publications",
        "newest_fixing_day",
        "state_since",
    ):
        assert row[name] is None
    assert row["breakers"] == []
    assert world.row("rpw")["state"] == "manual"
    assert world.row("rpw")["next_due_at"] is None


def test_a_source_that_answers_tells_when_and_what(world: World) -> None:
    world.write(fixed(date(2026, 11, 20)))
    world.write(keep(call(), call(outcome="unchanged", at=SUCCESS + HOUR)))
    world.write(lambda connection: fetches.serve_until(connection, "ecb", NOW))
    row = world.row("ecb")
    assert (row["state"], row["missed_publications"]) == ("ok", 0)
    assert row["newest_fixing_day"] == "2026-11-20"
    assert row["last_success_at"] == "2026-11-23T10:00:00Z"
    assert (row["rows"], row["refused_rows"]) == (30, 1)
    assert row["next_due_at"] == "2026-11-23T15:10:00Z"


def test_a_failure_tells_why_and_since_when_and_no_secret(world: World) -> None:
    world.write(keep(call(), call(outcome="failed", at=NOW - HOUR), call(outcome="failed", at=NOW)))
    world.write(lambda connection: fetches.save_breaker(connection, "www.ecb.europa.eu", Breaker(3, NOW + HOUR), NOW))
    text = world.client.get("/v1/sources").text + world.client.get("/v1/sources/ecb").text
    assert "s3cret" not in text
    row = world.row("ecb")
    assert (row["state"], row["state_since"]) == ("failing", "2026-11-23T11:00:00Z")
    assert (row["last_failure_at"], row["last_failure_code"]) == ("2026-11-23T12:00:00Z", "fetch-too-slow")
    assert row["last_failure_detail"] == "https://api.example/ gave no answer"
    assert row["rows"] == 30
    breaker = {"host": "www.ecb.europa.eu", "state": "open", "failures": 3, "open_until": "2026-11-23T13:00:00Z"}
    assert row["breakers"] == [breaker]
    world.clock.now = NOW + HOUR
    assert world.row("ecb")["breakers"] == [{**breaker, "state": "half_open"}]


def test_yesterday_s_file_makes_a_source_late_although_every_call_succeeds(world: World) -> None:
    world.write(fixed(date(2026, 11, 20)))
    world.clock.now = datetime(2026, 11, 23, 16, 10, tzinfo=UTC)
    world.write(keep(call(at=world.clock.now - HOUR)))
    row = world.row("ecb")
    assert (row["state"], row["missed_publications"]) == ("late", 1)
    assert world.incidents() == [("no_data", None, None), ("source_late", "ecb", "2026-11-23T16:10:00Z")]
    assert world.status()["status"] == "stale"


def test_a_source_that_fails_is_named_for_what_it_missed_too(world: World) -> None:
    world.write(fixed(date(2026, 11, 17)))
    world.write(keep(call(outcome="failed", at=NOW - HOUR)))
    assert [(code, since) for code, source, since in world.incidents() if source == "ecb"] == [
        ("source_failing", "2026-11-23T11:00:00Z"),
        ("source_late", "2026-11-18T16:10:00Z"),
    ]
    assert world.status()["status"] == "degraded"
    world.write(lambda connection: fetches.pause(connection, "ecb", "asked to", NOW))
    assert [code for code, source, _ in world.incidents() if source == "ecb"] == []


def test_rates_that_were_only_ever_imported_are_named_when_they_are_old(world: World) -> None:
    world.write(fixed(date(2026, 11, 17)))
    assert (world.row("ecb")["state"], world.row("ecb")["missed_publications"]) == ("late", 3)
    assert [code for code, source, _ in world.incidents() if source == "ecb"] == ["source_late"]


def test_a_paused_source_says_since_when_and_why_and_is_no_incident(world: World) -> None:
    world.write(keep(call(outcome="failed")))
    assert ("source_failing", "ecb", "2026-11-23T09:00:00Z") in world.incidents()
    world.write(lambda connection: fetches.pause(connection, "ecb", "=moved to a mirror", NOW))
    row = world.row("ecb")
    assert (row["state"], row["paused_at"], row["paused_reason"]) == (
        "paused",
        "2026-11-23T12:00:00Z",
        "=moved to a mirror",
    )
    assert row["next_due_at"] is None
    assert world.incidents() == [("no_data", None, None)]
    assert "'=moved to a mirror" in world.client.get("/v1/sources.csv").text


def test_a_private_source_tells_how_it_is_but_not_what_it_holds(world: World, sqlite_url: str, tmp_path: Path) -> None:
    secret = {"target": "GBP-PHP/usd_200", "failure_detail": 'lacks "Example Transfer"'}
    world.write(keep(call("wise", rows=4_711, target="GBP-PHP/usd_200"), call("wise", "failed", NOW, **secret)))
    row = world.row("wise")
    assert (row["is_private"], row["state"], row["last_failure_code"]) == (True, "failing", "fetch-too-slow")
    for name in ("rows", "refused_rows", "newest_observed_at", "last_failure_detail"):
        assert row[name] is None
    (day,) = world.client.get("/v1/sources/wise").json()["history"]
    assert day == {"day": "2026-11-23", "fetches": 2, "failures": 1, "rows": None, "refused_rows": None}
    paths = ("/v1/sources", "/v1/sources.csv", "/v1/sources/wise", "/v1/sources/wise/history.ndjson", "/v1/status")
    for path in paths:
        text = world.client.get(path).text
        assert not any(word in text for word in ("4711", "Example Transfer", "GBP-PHP", "usd_200")), path
    with served(sqlite_url, tmp_path, public_sources=("wise",)) as allowed:
        row = allowed.row("wise")
        assert (row["is_private"], row["rows"], row["last_failure_detail"]) == (
            False,
            4_711,
            'lacks "Example Transfer"',
        )


def test_an_operator_s_own_address_is_not_told(sqlite_url: str, tmp_path: Path) -> None:
    url = "http://inside.example:8080/ecb/"
    with served(sqlite_url, tmp_path, source_urls={"ecb": url}) as world:
        world.write(keep(call(outcome="failed", failure_detail="inside.example gave 500")))
        world.write(lambda connection: fetches.save_breaker(connection, "inside.example:8080", Breaker(3, NOW), NOW))
        row = world.row("ecb")
        assert (row["last_failure_code"], row["last_failure_detail"], row["breakers"]) == ("fetch-too-slow", None, [])
        assert "inside.example" not in world.client.get("/v1/sources/ecb").text


# ---------------------------------------------------------------- formats, history, caching


def test_every_answer_has_exactly_the_fields_of_the_contract(world: World) -> None:
    world.write(fixed(date(2026, 11, 20)))
    world.write(keep(call(), call(outcome="failed"), call("wise"), call("wise", "failed")))
    world.write(lambda connection: fetches.save_breaker(connection, "www.ecb.europa.eu", Breaker(1, None), NOW))
    Sources.model_validate_json(world.client.get("/v1/sources").content)
    OneSource.model_validate_json(world.client.get("/v1/sources/ecb").content)
    SourceHistory.model_validate_json(world.client.get("/v1/sources/ecb/history").content)


def test_the_history_counts_each_day_in_every_format(world: World) -> None:
    yesterday = NOW - 24 * HOUR
    world.write(keep(call(at=yesterday), call(outcome="failed", at=yesterday), call(), call("frankfurter")))
    world.write(keep(call(at=NOW - timedelta(days=91))))
    rows = [
        {"day": "2026-11-22", "fetches": 2, "failures": 1, "rows": 30, "refused_rows": 1},
        {"day": "2026-11-23", "fetches": 1, "failures": 0, "rows": 30, "refused_rows": 1},
    ]
    assert world.client.get("/v1/sources/ecb").json()["history"] == rows
    assert world.client.get("/v1/sources/ecb/history").json()["history"] == rows
    lines = world.client.get("/v1/sources/ecb/history.ndjson").text.splitlines()
    assert [json.loads(line) for line in lines] == rows
    table = csv.DictReader(io.StringIO(world.client.get("/v1/sources/ecb/history.csv").text))
    assert list(table) == [{name: str(value) for name, value in row.items()} for row in rows]
    first = world.client.get("/v1/sources/ecb/history?page_size=1").json()
    token = first["next_page_token"]
    second = world.client.get(f"/v1/sources/ecb/history?page_size=1&page_token={token}").json()
    assert first["history"] + second["history"] == rows


def test_what_a_source_was_is_attributed_to_it(world: World) -> None:
    world.write(keep(call()))
    for path in ("/v1/sources/ecb", "/v1/sources/ecb/history"):
        assert [each["source"] for each in world.client.get(path).json()["attribution"]] == ["ecb"]


def test_an_unknown_source_is_a_problem_that_names_those_there_are(world: World) -> None:
    for path in ("/v1/sources/nobody", "/v1/sources/nobody/history", "/v1/sources/ecb.csv", "/v1/sources/ECB"):
        answer = world.client.get(path)
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-source"), path
        assert "ecb" in answer.json()["detail"]
        assert "nobody" not in answer.json()["detail"]


def test_an_answer_is_kept_shortly_and_never_past_what_time_changes(world: World) -> None:
    world.write(keep(call()))
    answer = world.client.get("/v1/sources")
    assert answer.headers["cache-control"].startswith("public, max-age=30, stale-while-revalidate=0")
    world.clock.now = datetime(2026, 11, 23, 15, 9, 53, tzinfo=UTC)  # the ECB is due in seven seconds
    assert world.client.get("/v1/sources/ecb").headers["cache-control"].startswith("public, max-age=7,")


def test_an_answer_holds_no_ages_so_its_tag_stays_while_nothing_happens(world: World) -> None:
    world.write(keep(call(), call("frankfurter")))
    tags = set()
    for minutes in (0, 5, 25):
        world.clock.now = NOW + timedelta(minutes=minutes)
        tags.add(world.client.get("/v1/sources/ecb").headers["etag"])
    assert len(tags) == 1


def test_how_many_imports_there_were_does_not_matter(
    world: World, demo_file: Path, sqlite_url: str, tmp_path: Path
) -> None:
    import_into(sqlite_url, demo_file, tmp_path)
    engine = world.client.app.state.served.engine  # type: ignore[attr-defined]
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *seen: statements.append(str(seen[2])))
    row = world.row("demo")
    assert row["last_success_at"] == "2026-11-23T12:00:00Z"
    assert row["rows"] > 1_000
    assert len(statements) < 10 + 3 * len(world.client.get("/v1/sources").json()["sources"])
