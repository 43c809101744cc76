"""``threepercent import`` of rates: the same words, exit statuses and options as for surveys."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli import app

TABLE = "Date,USD,GBP,\n2024-06-28,1.0705,0.84638,\n2024-06-27,1.0696,N/A,\n2024-06-26,=1+1,0.84,\n"


@pytest.fixture
def command(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("THREEPERCENT_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("THREEPERCENT_DATA_DIR", str(tmp_path))
    return CliRunner()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "eurofxref-hist.csv"
    file.write_text(TABLE)
    return file


def run(command: CliRunner, *arguments: object) -> Result:
    return command.invoke(app, [str(argument) for argument in arguments])


def test_an_import_of_rates_tells_what_became_of_them(command: CliRunner, table: Path, tmp_path: Path) -> None:
    refused = tmp_path / "refused.csv"
    done = run(command, "import", table, "--refused", refused)
    assert done.exit_code == 0
    told = [line.split() for line in done.stdout.splitlines()]
    assert ["Accepted", "4"] in told
    assert ["Refused", "1"] in told
    assert ["1", "not-a-rate"] in told
    assert ["not_published", "1"] in told
    assert '    at line 4, column USD: expected a number, found "=1+1"' in done.stdout.splitlines()
    assert "dataset version 1" in done.stdout
    assert refused.read_text().splitlines()[1] == ',4,,"line 4, column USD",,"""=1+1""",not-a-rate,expected a number'
    assert "eurofxref-hist.csv" in run(command, "imports", "list").stdout
    assert "Accepted" in run(command, "imports", "show", "1").stdout
    again = run(command, "import", table)
    assert (again.exit_code, "import 1 was of the same content" in again.stdout) == (0, True)


def test_a_dry_run_stores_nothing_and_the_report_is_also_json(command: CliRunner, table: Path) -> None:
    assert "nothing was stored" in run(command, "import", table, "--dry-run").stdout
    done = run(command, "import", table, "--json")
    report = json.loads(done.stdout)
    assert (report["source"], report["dataset_version"], report["counts"]["counts"]["new"]) == ("ecb", 1, 4)


def test_a_file_that_cannot_be_used_ends_with_1_and_wrong_use_with_2(command: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "daily.xml"
    file.write_text("<eurofxref/>")
    failed = run(command, "import", file)
    assert failed.exit_code == 1
    assert "daily.xml: expected reference rates as XML" in failed.stderr
    assert "failed" in run(command, "imports", "list").stdout
    wrong = run(command, "import", file, "--source", "frankfurter")
    assert (wrong.exit_code, "expected one of ecb" in wrong.stderr) == (2, True)


def test_of_many_refused_records_the_first_are_shown_and_the_rest_counted(command: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "eurofxref-hist.csv"
    file.write_text(TABLE + "".join(f"2024-05-{day:02},-{day},0.8,\n" for day in range(13, 18)))
    told = run(command, "import", file).stdout.splitlines()
    places = [line for line in told if line.startswith("    at line ")]
    assert len(places) == 5
    assert places[1] == '    at line 5, column USD: a rate is more than 0, found "-13"'
    assert told[told.index(places[-1]) + 1] == "    and 1 more; --refused FILE lists all"


def test_a_refused_tariff_is_shown_with_its_place_and_reason(command: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "tariffs.json"
    assert run(command, "demo-data", "--layout", "quotes", "--rows", "3", "--out", file).exit_code == 0
    tariffs = json.loads(file.read_text())
    tariffs["quotes"][1]["feee"] = 1
    file.write_text(json.dumps(tariffs))
    done = run(command, "import", file)
    assert done.exit_code == 0
    assert '    at /quotes/1: holds a field that is not known, found "feee"' in done.stdout.splitlines()
