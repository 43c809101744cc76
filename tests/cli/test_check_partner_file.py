"""``check-partner-file``: says what would become of each quote of a file, and stores nothing."""

import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine, func, select
from typer.testing import CliRunner, Result

from app.cli import app
from app.db import open_engine, reading
from app.domain.partners import PartnerKind
from app.settings import Settings
from app.store import quotes
from tests.api.keyed import partner_of

SAMPLES = Path(__file__).parents[2] / "docs" / "samples"
NOON = "2026-11-24T12:00:00Z"


@pytest.fixture
def engine(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A database in which one provider may push."""
    monkeypatch.setenv("THREEPERCENT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("THREEPERCENT_DATABASE_URL", sqlite_url)
    engine = open_engine(sqlite_url)
    partner_of(engine)
    yield engine
    engine.dispose()


def check(file: Path, *options: str, partner: str = "Example Transfer") -> Result:
    with time_machine.travel(NOON, tick=False):
        return CliRunner().invoke(app, ["check-partner-file", str(file), "--partner", partner, *options])


def found(file: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(check(file, "--json").stdout)
    return result


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("name", ["quotes.ndjson", "quotes.csv"])
def test_the_sample_files_are_good(name: str, tmp_path: Path) -> None:
    result = check(SAMPLES / name)
    assert result.exit_code == 0, result.output
    assert "        5  accepted\n" in result.stdout
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress((SAMPLES / name).read_bytes()))
    assert check(packed).stdout == result.stdout


@pytest.mark.usefixtures("engine")
def test_both_samples_say_the_same(tmp_path: Path) -> None:
    """A row of the table is the item of the line: of the one after the other, the second is all duplicates."""
    both = tmp_path / "both.ndjson"
    both.write_bytes((SAMPLES / "quotes.ndjson").read_bytes() * 2)
    assert found(both)["counts"] == {"accepted": 5, "duplicate": 5, "quarantined": 0, "rejected": 0}
    assert found(SAMPLES / "quotes.csv")["counts"] == found(SAMPLES / "quotes.ndjson")["counts"]


def test_each_fault_of_the_sample_of_faults_is_found_on_its_line(engine: Engine) -> None:
    result = check(SAMPLES / "refused.ndjson")
    assert result.exit_code == 1
    lines = (SAMPLES / "refused.ndjson").read_text("utf-8").splitlines()
    items = found(SAMPLES / "refused.ndjson")["items"]
    refused = [item["line"] for item in items if item["status"] == "rejected"]
    assert refused == list(range(2, len(lines) + 1))
    assert "line 2, bands-out-of-order: refused: " in result.stdout
    assert f"{len(lines) - 1:>9}  refused" in result.stdout
    assert result.stdout.endswith("Nothing was stored.\n")
    with reading(engine) as connection:
        assert connection.execute(select(func.count()).select_from(quotes.quotes)).scalar_one() == 0


@pytest.mark.usefixtures("engine")
def test_a_partner_that_nobody_knows_is_told_with_those_there_are() -> None:
    result = check(SAMPLES / "quotes.csv", partner="Nobody")
    assert result.exit_code != 0
    assert "example-transfer" in result.stderr


def test_what_speaks_for_others_is_refused_unless_it_is_an_aggregators(engine: Engine) -> None:
    partner_of(engine, "Prices", PartnerKind.AGGREGATOR)
    line = "somebody-elses"
    assert line in check(SAMPLES / "refused.ndjson").stdout
    assert check(SAMPLES / "quotes.ndjson", partner="Prices").exit_code in {0, 1}


@pytest.mark.usefixtures("engine")
def test_a_file_that_cannot_be_used_is_told_with_its_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_bytes((SAMPLES / "quotes.csv").read_bytes().replace(b"offered_rate,", b"rate,", 1))
    result = check(broken)
    assert result.exit_code == 1
    assert result.stderr.startswith('broken.csv: row 1: has a column "rate"')
    for name, status in (("quotes.txt", 2), ("nowhere.csv", 2)):
        if name == "quotes.txt":
            shutil.copyfile(SAMPLES / "quotes.csv", tmp_path / name)
        assert check(tmp_path / name).exit_code == status


@pytest.mark.usefixtures("engine")
def test_a_file_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREEPERCENT_IMPORT_BYTES", "1024")
    assert Settings().import_bytes == 1024
    result = check(SAMPLES / "quotes.csv")
    assert result.exit_code == 1
    assert "at most 1,024" in result.stderr


@pytest.mark.usefixtures("engine")
def test_what_is_only_odd_about_a_refused_quote_is_not_called_the_refusal(tmp_path: Path) -> None:
    ahead = tmp_path / "ahead.ndjson"
    line = (SAMPLES / "quotes.ndjson").read_bytes().splitlines()[0]
    ahead.write_bytes(line.replace(b"2026-", b"2027-"))
    said = check(ahead).stdout
    assert ": refused: It was observed in the future." in said
    assert ": flagged: For that time there is neither a reference rate" in said
