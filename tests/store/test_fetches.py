"""What was fetched is kept over time; what is newest of each target is found without reading all of it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, event

from app.db import open_engine, reading, writing
from app.domain.breakers import Breaker
from app.store import fetches
from app.store.fetches import Day, Fetched, Newest, Outcome, SourceState
from tests.store.records import NOON

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def call(outcome: Outcome = "stored", at: datetime = NOON, *, source: str = "ecb", target: str = "daily") -> Fetched:
    is_failed = outcome == "failed"
    return Fetched(
        source=source,
        target=target,
        due_at=at,
        started_at=at,
        finished_at=at + SECOND,
        outcome=outcome,
        failure_code="timed-out" if is_failed else None,
        failure_detail="gave no answer within 60 seconds" if is_failed else None,
        attempts=3 if is_failed else 1,
        received_bytes=0 if is_failed else 2_345,
        content_hash=None if is_failed else "ab12",
        etag=None if is_failed else f'"{at:%H}"',
        last_modified=None if is_failed else "Mon, 23 Nov 2026 15:02:00 GMT",
        rows=30 if outcome == "stored" else 0,
        refused_rows=2 if outcome == "stored" else 0,
        import_id=7 if outcome == "stored" else None,
    )


def keep(connection: Connection, *calls: Fetched) -> None:
    for each in calls:
        fetches.record(connection, each)


def test_what_is_recorded_is_read_as_it_was(empty_engine: Engine) -> None:
    later = replace(call("failed", NOON + HOUR), due_at=None)
    with writing(empty_engine) as connection:
        keep(connection, call(), later, call(source="wise"))
    with reading(empty_engine) as connection:
        assert fetches.history(connection, "ecb", NOON) == [later, call()]
        assert fetches.history(connection, "ecb", NOON + SECOND) == [later]
        assert fetches.history(connection, "nobody", NOON) == []


def test_a_failure_never_hides_the_newest_success(empty_engine: Engine) -> None:
    first, second = call("stored", NOON), call("unchanged", NOON + HOUR)
    failures = [call("failed", NOON + 2 * HOUR), call("failed", NOON + 3 * HOUR)]
    with writing(empty_engine) as connection:
        keep(connection, call("failed", NOON - HOUR), first, second)
        assert fetches.newest(connection)["ecb", "daily"].is_failing is False
        assert fetches.failing_since(connection, "ecb", "daily") is None
        keep(connection, *failures)
    with reading(empty_engine) as connection:
        assert fetches.newest(connection) == {("ecb", "daily"): Newest(second, first, failures[-1], is_failing=True)}
        assert fetches.failing_since(connection, "ecb", "daily") == NOON + 2 * HOUR
        assert fetches.failing_since(connection, "ecb", "nothing") is None


def test_a_clock_that_jumped_hides_nothing_of_what_happened_since(empty_engine: Engine) -> None:
    ahead, failure, success = call("stored", NOON + 9_000 * HOUR), call("failed", NOON), call("unchanged", NOON + HOUR)
    with writing(empty_engine) as connection:
        keep(connection, ahead, failure)
        assert fetches.newest(connection) == {("ecb", "daily"): Newest(ahead, ahead, failure, is_failing=True)}
        keep(connection, success)
        assert fetches.newest(connection) == {("ecb", "daily"): Newest(success, ahead, failure, is_failing=False)}


def test_every_target_of_every_source_has_its_own_newest(empty_engine: Engine) -> None:
    targets = [
        ("ecb", "daily"),
        ("ecb", "history"),
        ("wise", "GBP-PHP/usd_200"),
        ("wise", "GBP-PHP/usd_500"),
        ("é", "x"),
    ]
    outcomes: tuple[Outcome, ...] = ("stored", "unchanged", "failed")
    with writing(empty_engine) as connection:
        for hours in range(4):
            for source, target in targets:
                keep(connection, *(call(o, NOON + hours * HOUR, source=source, target=target) for o in outcomes))
    with reading(empty_engine) as connection:
        found = fetches.newest(connection)
    assert list(found) == targets
    last = NOON + 3 * HOUR
    for (source, target), newest in found.items():
        stored, unchanged, failure = (call(outcome, last, source=source, target=target) for outcome in outcomes)
        assert newest == Newest(unchanged, stored, failure, is_failing=True)


def test_without_any_call_nothing_is_newest(empty_engine: Engine) -> None:
    with reading(empty_engine) as connection:
        assert fetches.newest(connection) == {}
        assert fetches.daily(connection, "ecb", NOON) == []
        assert fetches.states(connection) == {}
        assert fetches.breakers(connection) == {}


def test_the_newest_of_each_is_found_by_the_index(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    statements: list[tuple[str, Any]] = []
    with reading(engine) as connection:
        event.listen(connection, "before_cursor_execute", lambda *seen: statements.append((str(seen[2]), seen[3])))
        fetches.newest(connection)
        query, given = statements[0]
        plan = [str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", given)]
    engine.dispose()
    assert [step for step in plan if step.startswith("SCAN fetches") and "USING" not in step] == [], plan
    index = "SEARCH fetches USING COVERING INDEX ix_fetches_source_target_outcome_id "
    steps = [step.removeprefix(index) for step in plan if step.startswith(index)]
    assert steps == ["(source=? AND target=? AND outcome<?)", "(source=? AND target<?)", "(source<?)"]


def test_days_are_those_of_utc_and_count_what_happened(empty_engine: Engine) -> None:
    midnight = NOON.replace(hour=0)
    with writing(empty_engine) as connection:
        keep(connection, call("stored", midnight - SECOND), call("failed", midnight), call("stored", midnight + HOUR))
        keep(connection, call("stored", midnight + HOUR, target="history"), call("unchanged", NOON))
        keep(connection, call("stored", NOON, source="wise"), call("stored", NOON - timedelta(days=91)))
        fetches.prune(connection, NOON + HOUR)  # which leaves the days as they were
    with reading(empty_engine) as connection:
        days = fetches.daily(connection, "ecb", NOON - timedelta(days=90))
    assert days == [Day("2026-11-22", 1, 0, 30, 2), Day("2026-11-23", 4, 1, 60, 4)]


def test_failures_are_counted_by_source_since_an_instant(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        keep(connection, *(call("failed", NOON + hours * HOUR) for hours in range(4)), call("stored", NOON + HOUR))
        keep(connection, call("failed", NOON, source="wise"), call("failed", NOON + HOUR, source="frankfurter"))
        assert fetches.failures_since(connection, NOON + HOUR) == {"ecb": 3, "frankfurter": 1}
        assert fetches.failures_since(connection, NOON + 9 * HOUR) == {}


def test_a_pause_keeps_its_beginning_and_a_resumed_source_its_schedule(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        fetches.serve_until(connection, "ecb", NOON)
        assert fetches.pause(connection, "ecb", "maintenance", NOON) is True
        assert fetches.pause(connection, "ecb", "still maintenance", NOON + HOUR) is False
        assert fetches.pause(connection, "wise", "asked to", NOON) is True
        assert fetches.states(connection) == {
            "ecb": SourceState(NOON, "still maintenance", NOON),
            "wise": SourceState(NOON, "asked to", None),
        }
        fetches.serve_until(connection, "ecb", NOON + HOUR)
        assert fetches.resume(connection, "ecb") is True
        assert fetches.resume(connection, "ecb") is False
        assert fetches.resume(connection, "nobody") is False
        assert fetches.states(connection)["ecb"] == SourceState(None, None, NOON + HOUR)


def test_a_breaker_is_the_same_for_every_worker(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        fetches.save_breaker(connection, "www.ecb.europa.eu", Breaker(failures=2, open_until=None), NOON)
        fetches.save_breaker(connection, "www.ecb.europa.eu", Breaker(failures=5, open_until=NOON + HOUR), NOON)
        fetches.save_breaker(connection, "api.example", Breaker(failures=0, open_until=None), NOON)
    with reading(empty_engine) as connection:
        assert fetches.breakers(connection) == {
            "api.example": Breaker(failures=0, open_until=None),
            "www.ecb.europa.eu": Breaker(failures=5, open_until=NOON + HOUR),
        }


def test_pruning_forgets_what_is_old_but_never_the_newest_of_its_kind(empty_engine: Engine) -> None:
    old = [call(outcome, NOON - day * 24 * HOUR) for day in (100, 99, 98) for outcome in ("stored", "failed")]
    new = call("unchanged", NOON)
    with writing(empty_engine) as connection:
        keep(connection, *old, new)
        assert fetches.prune(connection, NOON - timedelta(days=90)) == 4
        assert fetches.newest(connection) == {("ecb", "daily"): Newest(new, old[-2], old[-1], is_failing=False)}
        assert len(fetches.history(connection, "ecb", NOON - timedelta(days=400))) == 3
        assert fetches.prune(connection, NOON - timedelta(days=90)) == 0


def test_what_a_failure_says_holds_no_secret_when_it_is_kept(empty_engine: Engine) -> None:
    said = "https://user:pw@api.example/v4/quotes?key=secret#frag gave 500:\n\x1b[31m" + "x" * 1_000
    with writing(empty_engine) as connection:
        keep(connection, replace(call("failed"), failure_detail=said))
        kept = fetches.history(connection, "ecb", NOON)[0].failure_detail
    assert kept is not None
    assert kept.startswith(r"https://api.example/v4/quotes gave 500: \x1b[31mxxx")
    assert len(kept) == 300
    assert not {"secret", "pw", "frag", "\n", "\x1b"} & set(kept.replace(" ", "\n").split("\n"))
