"""``demo-data`` writes what is asked for, says what it wrote, and overwrites nothing unasked."""

import json
from pathlib import Path

import typer
from typer.testing import CliRunner

from app.cli.demo import demo_data
from tests.demo.survey_file import csv_lines

command = typer.Typer()
command.command("demo-data")(demo_data)
run = CliRunner()


def test_writes_a_workbook_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "survey.xlsx"
    result = run.invoke(command, ["--rows", "50", "--out", str(path)])

    assert result.exit_code == 0
    assert "50 synthetic rows" in result.stdout
    assert path.read_bytes().startswith(b"PK")
    assert "50 of 50 rows" in result.stderr


def test_writes_either_layout_as_csv(tmp_path: Path) -> None:
    for columns, first in (("old", "product"), ("new", "payment instrument")):
        path = tmp_path / f"{columns}.csv.gz"
        result = run.invoke(command, ["--layout", "csv", "--columns", columns, "--rows", "40", "--out", str(path)])

        assert result.exit_code == 0
        assert first in csv_lines(path)[0]


def test_tells_programs_what_it_wrote(tmp_path: Path) -> None:
    result = run.invoke(command, ["--rows", "1200", "--out", str(tmp_path / "survey.xlsx"), "--json"])
    told = json.loads(result.stdout)

    assert told["rows"] == 1200
    assert told["periods"][-1] == "2026-Q3"
    assert told["traps"]["unmapped_label"] == 1


def test_overwrites_only_when_told_to(tmp_path: Path) -> None:
    path = tmp_path / "survey.csv"
    path.write_text("mine")
    asked = ["--layout", "csv", "--rows", "20", "--out", str(path)]

    refused = run.invoke(command, asked)
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert path.read_text() == "mine"

    assert run.invoke(command, [*asked, "--force"]).exit_code == 0
    assert len(csv_lines(path)) == 20


def test_explains_what_it_cannot_do(tmp_path: Path) -> None:
    none = run.invoke(command, ["--rows", "0", "--out", str(tmp_path / "survey.xlsx")])
    nowhere = run.invoke(command, ["--rows", "5", "--out", str(tmp_path / "absent" / "survey.csv"), "--layout", "csv"])
    too_many = run.invoke(command, ["--rows", "3000000", "--out", str(tmp_path / "survey.xlsx")])

    assert (none.exit_code, nowhere.exit_code, too_many.exit_code) == (2, 1, 2)
    assert "could not be written" in nowhere.stderr
    assert "CSV" in too_many.stderr
