"""``threepercent rates`` over the ECB's history and one other institution, as an operator has them."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from typer.testing import CliRunner

from app.cli import app
from app.db import open_engine, transact
from app.ingest.rates import store_rates
from app.settings import Settings
from app.sources.source import FixingRecord, InstitutionRecord, RateReading, sources
from tests.cli.conftest import Run

NOW = "2026-01-02T10:00:00Z"


@pytest.fixture(scope="module")
def folder(sqlite_template: Path, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("rates")
    shutil.copyfile(sqlite_template, made / "threepercent.db")
    with pytest.MonkeyPatch.context() as patch, time_machine.travel(NOW, tick=True):
        patch.setenv("THREEPERCENT_DATA_DIR", str(made))
        imported = CliRunner().invoke(app, ["import", str(shared_data / "fx" / "eurofxref-hist.csv")])
    assert imported.exit_code == 0, imported.output
    engine = open_engine(Settings(data_dir=made).database_url)
    bank = InstitutionRecord("boc", "frankfurter", "Bank of Canada", "CA", "CAD", "indicative", None, "daily")
    records = [
        FixingRecord("boc", "2025-12-30", "CAD", "USD", "0.7307"),
        FixingRecord("boc", "2025-12-30", "CAD", "GBP", "0.54123"),
    ]
    reading, source, now = RateReading(records, [bank], []), sources()["frankfurter"], datetime.now(UTC)
    transact(
        engine,
        lambda connection: store_rates(connection, reading, source=source, import_id=1, now=now, public_sources=()),
    )
    engine.dispose()
    return made


@pytest.fixture
def threepercent(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.setenv("THREEPERCENT_DATA_DIR", str(folder))
    monkeypatch.setenv("COLUMNS", "120")
    with time_machine.travel(NOW, tick=False):
        yield lambda *arguments: CliRunner().invoke(app, list(arguments), prog_name="threepercent")


def lines(run: Run, *arguments: str) -> list[str]:
    result = run("rates", *arguments)
    assert result.exit_code == 0, result.output
    return [" ".join(line.split()) for line in result.output.splitlines()]


def test_a_rate_is_shown_with_the_figures_it_follows_from(threepercent: Run) -> None:
    shown = lines(threepercent, "GBP", "PHP", "--date", "2025-12-31")
    assert shown[:2] == ["1 GBP = 79.37886775 PHP on 2025-12-31", "Daily fixing of 2025-12-31."]
    assert "1 EUR GBP 0.8726 2025-12-31 European Central Bank" in shown
    assert "1 EUR PHP 69.266 2025-12-31 European Central Bank" in shown
    assert shown[-1].startswith("ecb: European Central Bank")


def test_without_a_date_it_is_todays_with_its_age(threepercent: Run) -> None:
    shown = lines(threepercent, "eur", "php")
    assert shown[0] == "1 EUR = 69.266 PHP on 2026-01-02"
    assert shown[1] == "Daily fixing of 2025-12-31, carried forward 2 days: nothing newer was published by then."


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2025-12-21", "Daily fixing of 2025-12-19, carried forward 2 days: nothing is published on a weekend."),
        ("2025-12-28", "Daily fixing of 2025-12-24, carried forward 4 days: a weekend and closing days of TARGET."),
        ("2026-01-01", "Daily fixing of 2025-12-31, carried forward 1 day: a closing day of TARGET."),
    ],
)
def test_a_day_without_a_fixing_says_why(threepercent: Run, day: str, said: str) -> None:
    assert lines(threepercent, "EUR", "USD", "--date", day)[1] == said


def test_a_span_in_which_nothing_was_published_says_so(threepercent: Run) -> None:
    said = "Nothing was published for this pair on these days; the last row says what there is."
    assert said in lines(threepercent, "EUR", "USD", "--from", "2025-12-25", "--to", "2025-12-28")
    assert said not in lines(threepercent, "EUR", "USD", "--from", "2025-12-24", "--to", "2025-12-28")
    assert said not in lines(threepercent, "EUR", "XOF", "--from", "2025-12-25", "--to", "2025-12-28")


def test_other_institutions_stand_beside_it_with_their_difference(threepercent: Run) -> None:
    shown = lines(threepercent, "USD", "GBP", "--date", "2025-12-31")
    assert "boc Bank of Canada 0.740700698 2025-12-30 -0.26 %" in shown


def test_a_benchmark_is_preferred(threepercent: Run) -> None:
    shown = lines(threepercent, "USD", "GBP", "--date", "2025-12-31", "--benchmark", "boc")
    assert "1 CAD USD 0.7307 2025-12-30 Bank of Canada" in shown
    assert any(line.startswith("ecb European Central Bank") for line in shown)


def test_a_peg_says_who_declared_it(threepercent: Run) -> None:
    shown = lines(threepercent, "EUR", "XOF")
    assert shown[:2] == ["1 EUR = 655.957 XOF on 2026-01-02", "Declared peg."]
    assert "98/683/EC" in " ".join(shown)


def test_a_currency_in_itself_is_one(threepercent: Run) -> None:
    assert lines(threepercent, "PHP", "PHP")[:2] == ["1 PHP = 1 PHP on 2026-01-02", "The same currency."]


@pytest.mark.parametrize(
    ("quote", "day", "why"),
    [
        ("RUB", "2024-06-28", "the newest rate is of 2022-03-01, more than 7 days before."),
        ("NGN", "2025-12-31", "there is no reference rate here."),
    ],
)
def test_what_there_is_no_rate_for_is_not_available(threepercent: Run, quote: str, day: str, why: str) -> None:
    assert lines(threepercent, "EUR", quote, "--date", day) == [f"EUR in {quote} on {day} is not available: {why}"]


def test_a_span_lists_the_days_of_publication(threepercent: Run) -> None:
    shown = lines(threepercent, "EUR", "USD", "--from", "2025-12-22", "--to", "2025-12-30")
    days = [line.split()[0] for line in shown if line.startswith("2025-")]
    assert days == ["2025-12-22", "2025-12-23", "2025-12-24", "2025-12-29", "2025-12-30"]
    assert "2025-12-24 1.1787 2025-12-24 daily fixing" in shown


def test_json_is_what_the_api_answers(threepercent: Run) -> None:
    result = threepercent("rates", "GBP", "PHP", "--date", "2025-12-31", "--json")
    (row,) = json.loads(result.output)["rates"]
    assert (row["rate"], row["day"]) == (79.37886775, "2025-12-31")
    span = threepercent("rates", "GBP", "PHP", "--from", "2025-12-22", "--json")
    assert [row["date"] for row in json.loads(span.output)["rates"]][-1] == "2026-01-02"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("EUR XYZ", "not a currency"),
        ("EURO PHP", "not a currency"),
        ("EUR PHP --date 2026-01-03", "up to 2026-01-02"),
        ("EUR PHP --date soon", "a day such as 2025-12-31"),
        ("EUR PHP --date 2025-12-31 --from 2025-12-01", "either --date, or --from and --to"),
        ("EUR PHP --to 2025-12-31", "--from as well"),
        ("EUR PHP --from 2025-12-31 --to 2025-12-01", "not before --from"),
        ("EUR PHP --benchmark fed", "There are rates of boc, ecb"),
        ("EUR", "Missing argument"),
    ],
)
def test_wrong_use_is_explained(threepercent: Run, arguments: str, told: str) -> None:
    result = threepercent("rates", *arguments.split())
    assert result.exit_code == 2
    assert told in result.output


def test_without_any_rates_it_says_so(without_data: Run) -> None:
    assert lines(without_data, "EUR", "PHP") == [
        "EUR in PHP on 2026-11-23 is not available: there is no reference rate here."
    ]
    assert lines(without_data, "EUR", "XOF")[0] == "1 EUR = 655.957 XOF on 2026-11-23"
