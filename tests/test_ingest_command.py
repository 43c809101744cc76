"""``threepercent import`` and ``imports``: what a person and a pipe see, and the exit status."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli import app
from tests.sources.survey_files import csv_file, old, workbook


@pytest.fixture
def command(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("THREEPERCENT_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("THREEPERCENT_DATA_DIR", str(tmp_path))
    return CliRunner()


def run(command: CliRunner, *arguments: object) -> Result:
    return command.invoke(app, [str(argument) for argument in arguments])


def test_an_import_tells_what_it_did_and_ends_well_whatever_it_refused(command: CliRunner, tmp_path: Path) -> None:
    rows = [old(id=1), old(id=2, cc1_lcu_fee="=cmd()"), old(id=3, product="Carrier pigeon")]
    file, refused = csv_file(tmp_path / "survey.csv", rows), tmp_path / "refused.csv"
    done = run(command, "import", file, "--refused", refused)
    assert done.exit_code == 0
    assert "invalid-cell in cc1 lcu fee" in done.output
    assert 'not mapped under product: "Carrier pigeon"' in done.output
    assert "dataset version 1" in done.output
    assert "\x1b" not in done.output
    first, second = csv.DictReader(refused.read_text("utf-8").splitlines())
    assert (first["row"], first["id"], first["column"], first["value"]) == ("3", "2", "cc1 lcu fee", '"=cmd()"')
    assert (second["code"], second["reason"]) == ("unmapped-label", "expected a label mapped under product")


def test_the_report_names_each_sheet_and_the_one_that_is_not_there(command: CliRunner, tmp_path: Path) -> None:
    done = run(command, "import", workbook(tmp_path / "survey.xlsx", [old()]))
    assert "Dataset (up to Q1 2016): 1 rows, 1 accepted; 2013-Q3" in done.output
    assert 'no sheet "Dataset (from Q2 2016)"' in done.output


def test_a_second_import_of_the_same_file_has_nothing_to_do(command: CliRunner, tmp_path: Path) -> None:
    file = csv_file(tmp_path / "survey.csv", [old()])
    assert run(command, "import", file).exit_code == 0
    again = run(command, "import", file)
    assert (again.exit_code, "Nothing to do" in again.output) == (0, True)


def test_a_dry_run_says_that_it_stored_nothing(command: CliRunner, tmp_path: Path) -> None:
    done = run(command, "import", csv_file(tmp_path / "survey.csv", [old()]), "--dry-run")
    assert "Difference: 1 new corridor-quarters" in done.output
    assert "nothing was stored" in done.output
    assert "Nothing has been imported yet" in run(command, "imports", "list").output


def test_the_report_is_also_json(command: CliRunner, tmp_path: Path) -> None:
    done = run(command, "import", csv_file(tmp_path / "survey.csv", [old()]), "--json")
    report = json.loads(done.stdout)
    assert (report["source"], report["dataset_version"], report["counts"]["rows_read"]) == ("rpw", 1, 1)
    (listed,) = json.loads(run(command, "imports", "list", "--json").stdout)
    shown = json.loads(run(command, "imports", "show", listed["id"], "--json").stdout)
    assert shown == listed
    assert shown["counts"] == report["counts"]


def test_a_failed_import_ends_with_1_and_is_listed(command: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear survey")
    failed = run(command, "import", file)
    assert failed.exit_code == 1
    assert "letter.txt" in failed.output
    assert "failed" in run(command, "imports", "list").output
    assert "It failed: letter.txt" in run(command, "imports", "show", 1).output


def test_wrong_use_ends_with_2(command: CliRunner, tmp_path: Path) -> None:
    assert run(command, "import", tmp_path / "nowhere.csv").exit_code == 2
    assert run(command, "import").exit_code == 2
    assert run(command, "imports", "show", 99).exit_code == 2
    file = csv_file(tmp_path / "survey.csv", [old()])
    assert run(command, "import", file, "--refused", tmp_path / "no" / "folder.csv").exit_code == 2


def test_the_refused_rows_are_never_written_over_the_survey_or_the_database(command: CliRunner, tmp_path: Path) -> None:
    file = csv_file(tmp_path / "survey.csv", [old(id=1), old(id=2, cc1_lcu_fee="x")])
    (tmp_path / "link.csv").hardlink_to(file)
    (tmp_path / "symbolic.csv").symlink_to(file)
    content = file.read_bytes()
    database = tmp_path / "threepercent.db"
    for target in (file, tmp_path / "link.csv", tmp_path / "symbolic.csv", database, Path(f"{database}-wal"), tmp_path):
        done = run(command, "import", file, "--refused", target)
        assert done.exit_code == 2
        assert target.name in done.output
    assert file.read_bytes() == content
    assert "Nothing has been imported yet" in run(command, "imports", "list").output


def test_the_refused_rows_take_a_file_s_place_only_when_an_import_ran(command: CliRunner, tmp_path: Path) -> None:
    file, refused = csv_file(tmp_path / "survey.csv", [old(id=1), old(id=2, cc1_lcu_fee="x")]), tmp_path / "refused.csv"
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear survey")
    refused.write_text("mine")
    assert run(command, "import", letter, "--refused", refused).exit_code == 1
    assert refused.read_text() == "mine"
    assert run(command, "import", file, "--refused", refused).exit_code == 0
    written = refused.read_text("utf-8")
    assert written.count("\n") == 2
    assert "Nothing to do" in run(command, "import", file, "--refused", refused).output
    assert refused.read_text("utf-8") == written
    assert not list(tmp_path.glob(".refused*"))


def test_a_list_that_stops_says_how_many_more_there_are(command: CliRunner, tmp_path: Path) -> None:
    file = csv_file(tmp_path / "survey.csv", [old(id=number, product=f"Pigeon {number}") for number in range(1, 24)])
    assert "and 3 more" in run(command, "import", file).output
