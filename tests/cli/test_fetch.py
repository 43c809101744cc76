"""``threepercent fetch``, ``refresh`` and ``probe`` against a real server on this machine, with real adapters."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from app.db import open_engine, reading, writing
from app.store import fetches, imports, rates
from tests.cli.conftest import Run
from tests.refresh.replaying import Replay, Reply, ecb_daily, ecb_history, replaying

FRIDAY = ("2026-11-20", {"GBP": "0.8726", "PHP": "69.266", "USD": "1.1520"})
MONDAY = ("2026-11-23", {"GBP": "0.8730", "PHP": "69.300", "USD": "1.1525"})


@pytest.fixture
def ecb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Replay]:
    """A server that answers as the European Central Bank does."""
    with replaying() as replay:
        replay.answers["/eurofxref-hist.zip"] = Reply(ecb_history(FRIDAY), media_type="text/csv", etag='"h1"')
        replay.answers["/eurofxref-daily.xml"] = Reply(ecb_daily(MONDAY), media_type="text/xml", etag='"d1"')
        monkeypatch.setenv("THREEPERCENT_SOURCE_URLS", json.dumps({"ecb": replay.url, "wise": f"{replay.url}/wise"}))
        monkeypatch.setenv("THREEPERCENT_FETCH_NETWORKS", '["127.0.0.0/8"]')
        monkeypatch.setattr("app.cli.fetch.wait", lambda _: False)
        yield replay


def stored(folder: Path) -> dict[tuple[date, str], Decimal]:
    engine = open_engine(f"sqlite:///{folder / 'threepercent.db'}")
    with reading(engine) as connection:
        found = rates.recent(connection, date(2026, 1, 1))
    engine.dispose()
    return {(fixing.day, fixing.quote): fixing.value for fixing in found}


def test_a_source_is_fetched_over_http_into_the_store(without_data: Run, ecb: Replay, tmp_path: Path) -> None:
    result = without_data("fetch", "ecb")
    assert result.exit_code == 0, result.stderr
    assert "history" in result.stdout
    assert "stored" in result.stdout
    assert "dataset version 2" in result.stdout
    assert ecb.paths == ["eurofxref-hist.zip", "eurofxref-daily.xml"]  # asked again until there is nothing new to ask
    assert stored(tmp_path)[date(2026, 11, 20), "PHP"] == Decimal("69.266")
    assert stored(tmp_path)[date(2026, 11, 23), "GBP"] == Decimal("0.8730")


def test_what_did_not_change_is_asked_conditionally_and_makes_no_new_version(
    without_data: Run, ecb: Replay, tmp_path: Path
) -> None:
    assert without_data("fetch", "ecb").exit_code == 0
    result = without_data("fetch", "ecb", "--json")
    assert result.exit_code == 0, result.stderr
    assert ecb.headers[-1]["if-none-match"] == '"d1"'
    assert ecb.statuses[304] == 1
    (target,) = json.loads(result.stdout)["targets"]
    assert (target["target"], target["outcome"], target["dataset_version"]) == ("daily", "unchanged", None)
    assert without_data("fetch", "ecb").stdout.rstrip().endswith("Nothing changed: no new dataset version.")
    assert len(stored(tmp_path)) == 6


@pytest.mark.parametrize(
    "bad",
    [
        Reply(status=500),
        Reply(b"<html>Sorry</html>", media_type="text/html"),
        Reply(b"", media_type="text/xml"),
        Reply(ecb_daily(("2026-11-23", {"GBP": "0.8730"}))[:-30], media_type="text/xml"),
    ],
)
def test_a_failed_fetch_is_recorded_and_never_replaces_good_data(
    without_data: Run, ecb: Replay, tmp_path: Path, bad: Reply
) -> None:
    assert without_data("fetch", "ecb").exit_code == 0
    before = stored(tmp_path)
    ecb.answers["/eurofxref-daily.xml"] = bad
    result = without_data("fetch", "ecb")
    assert result.exit_code == 1
    assert "daily failed: " in result.stdout
    assert "Traceback" not in result.output
    assert stored(tmp_path) == before
    engine = open_engine(f"sqlite:///{tmp_path / 'threepercent.db'}")
    with reading(engine) as connection:
        newest = fetches.newest(connection)["ecb", "daily"]
    engine.dispose()
    assert newest.is_failing
    assert newest.failure is not None
    assert newest.failure.due_at is None  # nobody's schedule: a person asked
    ecb.answers["/eurofxref-daily.xml"] = Reply(ecb_daily(MONDAY), media_type="text/xml", etag='"d1"')
    assert without_data("fetch", "ecb").exit_code == 0  # after a failure the whole answer is asked for
    assert "if-none-match" not in ecb.headers[-1]


def test_a_dry_run_asks_and_stores_nothing(without_data: Run, ecb: Replay, tmp_path: Path) -> None:
    result = without_data("fetch", "ecb", "--dry-run")
    assert result.exit_code == 0, result.stderr
    assert "Dry run: nothing was stored." in result.stdout
    assert ecb.paths == ["eurofxref-hist.zip"]
    assert stored(tmp_path) == {}
    assert not (tmp_path / "archive").exists()
    engine = open_engine(f"sqlite:///{tmp_path / 'threepercent.db'}")
    with reading(engine) as connection:
        assert fetches.newest(connection) == {}
        assert imports.count(connection) == 0
    engine.dispose()


def test_a_source_that_nobody_knows_or_that_comes_in_files_is_wrong_use(without_data: Run, ecb: Replay) -> None:
    unknown = without_data("fetch", "bitcoin")
    assert unknown.exit_code == 2
    assert "ecb, frankfurter" in unknown.stderr
    survey = without_data("fetch", "rpw")
    assert survey.exit_code == 2
    assert "threepercent import FILE" in survey.stderr
    corridor = without_data("fetch", "ecb", "--corridor", "GBR-PHL")
    assert corridor.exit_code == 2
    assert "not asked by corridor" in corridor.stderr
    assert ecb.asked == []


@pytest.mark.usefixtures("ecb")
def test_a_paused_source_is_fetched_when_a_person_asks_and_says_so(without_data: Run, tmp_path: Path) -> None:
    assert without_data("fetch", "ecb").exit_code == 0
    engine = open_engine(f"sqlite:///{tmp_path / 'threepercent.db'}")

    with writing(engine) as connection:
        fetches.pause(connection, "ecb", "their wish", datetime(2026, 11, 23, tzinfo=UTC))
    engine.dispose()
    result = without_data("fetch", "ecb")
    assert result.exit_code == 0
    assert "ecb is paused (their wish)" in result.stderr


# ---------------------------------------------------------------- probe


def test_a_probe_shows_what_is_asked_what_comes_and_what_it_means(
    without_data: Run, ecb: Replay, tmp_path: Path
) -> None:
    result = without_data("probe", "ecb")
    assert result.exit_code == 0, result.stderr
    assert f"history  {ecb.url}/eurofxref-hist.zip" in result.stdout
    assert "Asked history: status 200" in result.stdout
    assert "text/csv" in result.stdout
    assert "3 rates of 1 institutions" in result.stdout
    assert "69.266" in result.stdout
    assert stored(tmp_path) == {}
    assert not (tmp_path / "archive").exists()


def test_a_probe_names_the_place_of_what_it_refuses(without_data: Run, ecb: Replay) -> None:
    ecb.answers["/eurofxref-hist.zip"] = Reply(ecb_history(("2026-11-20", {"GBP": "0.8726", "PHP": "-1"})))
    result = without_data("probe", "ecb")
    assert result.exit_code == 0, result.stderr
    assert "1 refused" in result.stdout
    assert "line 2, column PHP" in result.stdout


def test_a_probe_reads_a_recorded_answer_without_asking(without_data: Run, ecb: Replay, tmp_path: Path) -> None:
    recorded = tmp_path / "daily.xml"
    recorded.write_bytes(ecb_daily(MONDAY))
    result = without_data("probe", "ecb", "--file", str(recorded))
    assert result.exit_code == 0, result.stderr
    assert "Read daily.xml" in result.stdout
    assert "0.8730" in result.stdout or "0.873" in result.stdout
    assert ecb.asked == []


@pytest.mark.parametrize("named", [(), ("--target", "daily"), ("--target", "history")])
def test_a_file_may_be_the_answer_to_a_call_that_would_not_be_made_now(
    without_data: Run, ecb: Replay, tmp_path: Path, named: tuple[str, ...]
) -> None:
    recorded = tmp_path / "eurofxref-daily.xml"
    recorded.write_bytes(ecb_daily(MONDAY))
    result = without_data("probe", "ecb", "--file", str(recorded), *named)
    assert result.exit_code == 0, result.stderr
    assert f"as the answer to {named[1] if named else 'daily'}" in " ".join(result.stdout.split())
    assert "http" not in result.stdout
    assert ecb.asked == []


def test_a_target_that_nobody_knows_is_refused_with_those_there_are(
    without_data: Run, ecb: Replay, tmp_path: Path
) -> None:
    recorded = tmp_path / "eurofxref-daily.xml"
    recorded.write_bytes(ecb_daily(MONDAY))
    for more in ((), ("--file", str(recorded))):
        result = without_data("probe", "ecb", "--target", "weekly", *more)
        assert result.exit_code == 2
        assert '--target cannot be "weekly"; expected one of history' in result.stderr
    assert ecb.asked == []


WISE = Path(__file__).parents[1] / "sources" / "recorded" / "wise_v4_gbp_php.json"


def test_a_recorded_comparison_is_held_to_a_corridor_only_where_one_is_named(threepercent: Run) -> None:
    plain = threepercent("probe", "wise", "--file", str(WISE))
    assert plain.exit_code == 0, plain.stderr
    assert "http" not in plain.stdout
    right = threepercent("probe", "wise", "--file", str(WISE), "--corridor", "GBR-PHL")
    assert right.exit_code == 0, right.stderr
    assert "as the answer to GBR-PHL/GBP-PHP" in right.stdout
    wrong = threepercent("probe", "wise", "--file", str(WISE), "--corridor", "GBR-IND")
    assert wrong.exit_code == 1
    assert "expected INR" in wrong.stderr
    two = threepercent("probe", "wise", "--file", str(WISE), "--corridor", "GBR-IND", "--corridor", "GBR-PHL")
    assert two.exit_code == 2
    assert "a file is one answer" in two.stderr


@pytest.mark.usefixtures("ecb")
def test_of_many_calls_only_the_one_that_is_made_is_shown(live: Run) -> None:
    result = live("probe", "wise")
    assert result.stdout.count("http") == 1
    assert "calls; --target chooses another." in result.stdout


def test_a_probe_of_what_cannot_be_read_says_so_and_fails(without_data: Run, ecb: Replay) -> None:
    ecb.answers["/eurofxref-hist.zip"] = Reply(b"<html>Sorry</html>", media_type="text/html")
    result = without_data("probe", "ecb")
    assert result.exit_code == 1
    assert "Asked history: status 200, 18 bytes" in result.stdout
    assert "Traceback" not in result.output
    assert result.stderr.strip()
    ecb.answers["/eurofxref-hist.zip"] = Reply(status=503)
    assert "answered with status 503" in without_data("probe", "ecb").stderr


def test_a_probe_needs_no_database(ecb: Replay, tmp_path: Path, without_data: Run) -> None:
    (tmp_path / "threepercent.db").unlink()
    result = without_data("probe", "ecb")
    assert result.exit_code == 0, result.stderr
    assert "Without a database" in result.stderr
    assert ecb.paths == ["eurofxref-hist.zip"]
    assert not (tmp_path / "threepercent.db").exists()


# ---------------------------------------------------------------- refresh --once


def test_refresh_once_serves_what_is_due_and_is_then_done(without_data: Run, ecb: Replay, tmp_path: Path) -> None:
    assert without_data("refresh", "--once", "--source", "ecb").exit_code == 0
    asked = list(ecb.asked)
    assert ecb.paths == ["eurofxref-hist.zip", "eurofxref-daily.xml"]
    assert without_data("refresh", "--once", "--source", "ecb").exit_code == 0
    assert ecb.asked == asked  # its due instant is served
    assert len(stored(tmp_path)) == 6


def test_refresh_once_fails_where_a_source_failed(without_data: Run, ecb: Replay) -> None:
    ecb.answers["/eurofxref-hist.zip"] = Reply(status=404)
    result = without_data("refresh", "--once", "--source", "ecb")
    assert result.exit_code == 1
    assert "Traceback" not in result.output


def test_an_address_that_is_none_is_told_before_anything_is_asked(
    without_data: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for urls, said in (('{"ecb": "ftp://example.org"}', "must begin with"), ('{"rpw": "https://a.b"}', "no source")):
        monkeypatch.setenv("THREEPERCENT_SOURCE_URLS", urls)
        result = without_data("refresh", "--once")
        assert result.exit_code == 2
        assert said in result.stderr
