"""``threepercent sources``: how each source is, for an operator at night; pausing and resuming."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len
from sqlalchemy import Connection

from app.db import open_engine, reading, writing
from app.domain.breakers import Breaker
from app.sources.source import sources as known_sources
from app.store import fetches
from app.store.fetches import Fetched, Outcome, SourceState
from tests.cli.conftest import Run, _runner

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Sources:
    """The command over a database of the test's own, which it can write to."""

    def __init__(self, run: Run, folder: Path) -> None:
        self.run = run
        self.folder = folder

    def __call__(self, *words: str, status: int = 0) -> str:
        result = self.run("sources", *words)
        assert result.exit_code == status, result.output
        return result.stdout if status == 0 else result.stderr

    def write(self, work: Callable[[Connection], object]) -> None:
        engine = open_engine(f"sqlite:///{self.folder}/threepercent.db")
        with writing(engine) as connection:
            work(connection)
        engine.dispose()

    def state(self, key: str) -> SourceState | None:
        engine = open_engine(f"sqlite:///{self.folder}/threepercent.db")
        with reading(engine) as connection:
            found = fetches.states(connection).get(key)
        engine.dispose()
        return found

    def keep(self, source: str, outcome: Outcome, at: datetime = NOON, target: str = "daily") -> None:
        is_failed = outcome == "failed"
        call = Fetched(
            source=source,
            target=target,
            due_at=None,
            started_at=at,
            finished_at=at,
            outcome=outcome,
            failure_code="fetch-too-slow" if is_failed else None,
            failure_detail="api.example did not answer within 60 seconds." if is_failed else None,
            rows=1_234 if outcome == "stored" else 0,
            refused_rows=5 if outcome == "stored" else 0,
        )
        self.write(lambda connection: fetches.record(connection, call))


@pytest.fixture
def sources(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sources]:
    shutil.copyfile(sqlite_template, tmp_path / "threepercent.db")
    for run in _runner(tmp_path, monkeypatch):
        monkeypatch.setenv("COLUMNS", "80")
        yield Sources(run, tmp_path)


def line_of(output: str, key: str) -> str:
    return next(line for line in output.splitlines() if line.split()[:1] == [key])


def test_the_table_says_how_each_source_is(sources: Sources) -> None:
    sources.keep("ecb", "stored", NOON - 3 * HOUR)
    sources.keep("wise", "stored", NOON - 70 * HOUR, "GBP-PHP/usd_200")
    sources.keep("wise", "failed", NOON - HOUR, "GBP-PHP/usd_200")
    sources.write(lambda connection: fetches.save_breaker(connection, "api.wise.com", Breaker(3, NOON + HOUR), NOON))
    output = sources()
    assert line_of(output, "ecb").split() == ["ecb", "ok", "3", "h", "–", "0", "1,234", "–"]
    wise = line_of(output, "wise")
    assert "wise is private" in output
    assert "failing" in wise
    assert "2 days" in wise
    assert "open" in wise
    assert line_of(output, "frankfurter").split()[1:3] == ["never", "fetched"]
    assert line_of(output, "rpw").split()[1] == "manual"
    told = " ".join(output.split())
    assert "wise is failing since 2026-11-23 11:00 UTC: fetch-too-slow. api.example did not answer" in told
    assert "api.wise.com is left alone until 2026-11-23 13:00 UTC." in told


def test_the_table_fits_eighty_columns_and_has_no_colours_in_a_pipe(sources: Sources) -> None:
    sources.keep("ecb", "stored")
    sources.keep("wise", "failed")
    output = sources()
    *table, left_out = output.partition("\n\n")[0].splitlines()
    assert left_out == "No room here for: Last success, Refused."
    assert len(table) == 2 + len(known_sources())  # no row is broken
    assert max(cell_len(line) for line in table) <= 80
    assert "\x1b" not in output
    assert {"Source", "State", "Age", "Newest", "Missed", "Rows", "Breaker"} <= set(table[0].split())


@pytest.mark.parametrize("width", [20, 40, 60, 70, 80, 120])
def test_no_width_makes_another_figure_of_a_figure(
    sources: Sources, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    sources.keep("ecb", "stored")
    monkeypatch.setenv("COLUMNS", "400")
    whole = figures_of(sources())
    assert "1,234" in whole
    monkeypatch.setenv("COLUMNS", str(width))
    output = sources()
    assert figures_of(output) <= whole
    assert ("No room here for: " in output) is (width < 120)
    if width >= 40:
        assert max(cell_len(line) for line in output.partition("\n\n")[0].splitlines()) <= width
    if width == 60:
        assert "No room here for: Last success, Newest, Missed, Refused." in output


def figures_of(output: str) -> set[str]:
    return set(re.findall(r"[0-9][0-9,.:-]*", output.partition("\n\n")[0]))


def test_one_source_shows_its_targets_and_days(sources: Sources) -> None:
    sources.keep("wise", "stored", NOON - 24 * HOUR, "GBP-PHP/usd_200")
    sources.keep("wise", "failed", NOON - HOUR, "GBP-PHP/usd_500")
    sources.keep("wise", "stored", NOON, "GBP-PHP/usd_200")
    output = sources("wise")
    assert "GBP-PHP/usd_500: last success never, failing since 2026-11-23 11:00 UTC." in output
    assert "Asked for 2 things so far; a round of all takes 1 min at least." in output
    assert line_of(output, "2026-11-22").split() == ["2026-11-22", "1", "0", "1234", "5"]
    assert line_of(output, "2026-11-23").split() == ["2026-11-23", "2", "1", "1234", "5"]
    assert sources("show", "wise") == output
    assert "It was not asked for anything" in sources("frankfurter")


def test_json_is_what_the_api_answers(sources: Sources) -> None:
    sources.keep("ecb", "stored")
    rows = {row["key"]: row for row in json.loads(sources("--json"))["sources"]}
    assert rows["ecb"]["state"] == "ok"
    one = json.loads(sources("ecb", "--json"))
    assert one["source"] == rows["ecb"]
    assert one["history"] == [{"day": "2026-11-23", "fetches": 1, "failures": 0, "rows": 1234, "refused_rows": 5}]


def test_a_source_is_paused_and_resumed(sources: Sources) -> None:
    assert "sources resume ecb" in sources("pause", "ecb", "--reason", " asked to ")
    assert sources.state("ecb") == SourceState(NOON, "asked to", None)
    assert "was paused already, since 2026-11-23 12:00 UTC" in sources("pause", "ecb", "--reason", "again")
    output = sources()
    assert line_of(output, "ecb").split()[1] == "paused"
    assert "ecb is paused since 2026-11-23 12:00 UTC: again" in output
    assert sources("resume", "ecb") == "Resumed ecb.\n"
    assert sources.state("ecb") == SourceState(None, None, None)
    assert sources("resume", "ecb") == "ecb is not paused.\n"


def test_a_dry_run_changes_nothing(sources: Sources) -> None:
    assert "Nothing was changed" in sources("pause", "ecb", "--reason", "asked to", "--dry-run")
    assert sources.state("ecb") is None
    sources("pause", "ecb", "--reason", "asked to")
    assert "Nothing was changed" in sources("resume", "ecb", "--dry-run")
    assert sources.state("ecb") == SourceState(NOON, "asked to", None)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nobody",), "is not a source"),
        (("nobody", "--json"), "is not a source"),
        (("pause", "nobody", "--reason", "x"), "is not a source"),
        (("pause", "rpw", "--reason", "x"), "is not fetched"),
        (("pause", "ecb"), "--reason"),
        (("pause", "ecb", "--reason", "  "), "at most 200 visible characters"),
        (("pause", "ecb", "--reason", "two\nlines"), "at most 200 visible characters"),
        (("pause", "ecb", "--reason", "x" * 201), "at most 200 visible characters"),
        (("resume", "rpw"), "is not fetched"),
    ],
)
def test_wrong_use_is_told(sources: Sources, words: tuple[str, ...], told: str) -> None:
    assert told in " ".join(sources(*words, status=2).split())


def test_a_database_without_tables_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for run in _runner(tmp_path, monkeypatch):
        result = run("sources")
        assert result.exit_code == 1
        assert "threepercent db upgrade" in result.stderr
