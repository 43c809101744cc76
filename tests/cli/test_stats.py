"""``threepercent stats``: figures by group, for people and programs, and the mistakes that people make."""

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.settings import Settings
from tests.api.conftest import import_into, write_demo

runner = CliRunner()


@pytest.fixture(scope="module")
def installed(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    import_into(settings.database_url, write_demo(tmp_path_factory.mktemp("demo")), settings.data_dir)
    return settings


@pytest.fixture(autouse=True)
def environment(installed: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREEPERCENT_DATA_DIR", str(installed.data_dir))
    if not installed.releases_dir.exists():
        assert run("publish")[0] == 0


def run(*words: str) -> tuple[int, str]:
    result = runner.invoke(app, list(words), catch_exceptions=False)
    return result.exit_code, result.output


def test_the_same_figures_for_people_and_programs() -> None:
    status, table = run("stats", "mean", "smart", "--by", "period")
    assert status == 0
    assert table.startswith("! These prices are invented")
    told = json.loads(run("stats", "mean", "smart", "--by", "period", "--json")[1])
    rows = list(csv.DictReader(io.StringIO(run("stats", "mean", "smart", "--by", "period", "--csv")[1])))
    assert [row["period"] for row in told["rows"]] == [row["period"] for row in rows]
    for row, one in zip(rows, told["rows"], strict=True):
        assert (float(row["mean"]), int(row["services"])) == (one["mean"], one["services"])
        assert f"{one['mean']:.4f}" in table
    assert told["is_synthetic"] is True


def test_the_default_is_the_mean_of_all() -> None:
    (row,) = json.loads(run("stats", "--json")[1])["rows"]
    assert set(row) == {"mean", "services", "providers", "undisclosed"}


def test_filters_keep_their_words_only() -> None:
    rows = json.loads(run("stats", "--by", "payment_instrument", "--where", "receiving_method=cash", "--json")[1])[
        "rows"
    ]
    assert rows
    assert run("stats", "--where", "corridor=ABW-AFG")[1].endswith("has no row for this question.\n")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("average",), 2, "any of mean, median"),
        (("--by", "country"), 2, "any of period, year, corridor"),
        (("--where", "corridor"), 2, "such as corridor=GBR-PHL,DEU-GHA"),
        (("--where", "corridor="), 2, "such as corridor=GBR-PHL,DEU-GHA"),
        (("--where", "mean=1"), 2, "any of period, year, corridor"),
        (("--release", "2020-01-01"), 2, "There is no release"),
    ],
)
def test_mistakes_end_with_2_and_say_what_there_is(words: tuple[str, ...], status: int, said: str) -> None:
    found, told = run("stats", *words)
    assert found == status
    assert said in told


def test_without_a_release_the_next_step_is_named(tmp_path: Path) -> None:
    status, told = run("stats", "--out", str(tmp_path))
    assert (status, told) == (1, "There is no release yet. Publish one with: threepercent publish\n")
