"""The invented tariffs and rates: read whole by the adapters, every kind of price among them, and renewed each day."""

import csv
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import Engine
from typer.testing import CliRunner

from app import reference
from app.cli.demo import demo_data
from app.demo.rates import published_rate, weekdays_before, write_rates
from app.demo.tariffs import KINDS, write_tariffs
from app.domain.terms import PercentFee, ScheduleFee, Terms, terms_from
from app.domain.vocabulary import FeeMode
from app.ingest import Order, Report, run
from app.sources import demo_rates, quote_file
from app.sources.live_records import microseconds
from app.sources.source import Ask, LiveReading, RateReading, sources

DAY = date(2026, 11, 24)  # a Tuesday
ASK = Ask("file", "", wanted=(("day", str(DAY)),))
command = typer.Typer()
command.command("demo-data")(demo_data)
runner = CliRunner()


def tariffs(folder: Path, rows: int = 40, seed: int = 3, on: date = DAY) -> Path:
    path = folder / f"tariffs-{rows}-{seed}-{on}.json"
    write_tariffs(path, rows, seed, on)
    return path


def rates(folder: Path, days: int = 20, on: date = DAY) -> Path:
    path = folder / f"rates-{days}-{on}.csv"
    write_rates(path, days, on)
    return path


def read_tariffs(path: Path) -> LiveReading:
    return quote_file.read(sources()["demo_tariffs"], ASK, path.read_bytes())


def read_rates(path: Path) -> RateReading:
    return demo_rates.read(sources()["demo_rates"], ASK, path.read_bytes())


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, Terms]]:
    reading = read_tariffs(tariffs(tmp_path_factory.mktemp("tariffs"), 600))
    assert reading.refused == []
    assert len(reading.quotes) == 600
    return [(record, terms_from(record.terms)) for record in reading.quotes]


# ---------------------------------------------------------------- tariffs


def test_every_tariff_of_every_corridor_is_accepted(tmp_path: Path) -> None:
    reading = read_tariffs(tariffs(tmp_path, 4000))
    assert reading.refused == []
    assert len({record.source_key for record in reading.quotes}) == 4000
    assert {record.source for record in reading.quotes} == {"demo_tariffs"}


def test_the_first_corridor_is_shown_with_every_kind_of_price(tmp_path: Path) -> None:
    reading = read_tariffs(tariffs(tmp_path, len(KINDS)))
    assert {record.corridor for record in reading.quotes} == {"GBR-PHL"}
    assert len({record.service.provider for record in reading.quotes}) >= 5


def test_both_fee_modes_and_all_schedules_are_there(prices: list[tuple[Any, Terms]]) -> None:
    kinds = {
        (terms.fee_mode, type(terms.fee), isinstance(terms.fee, ScheduleFee) and terms.fee.is_marginal)
        for _, terms in prices
    }
    assert {mode for mode, _, _ in kinds} == set(FeeMode)
    assert (FeeMode.DEDUCTED, ScheduleFee, True) in kinds
    assert (FeeMode.ON_TOP, ScheduleFee, False) in kinds
    assert any(len(terms.rates) > 1 for _, terms in prices)
    assert any(isinstance(terms.fee, ScheduleFee) and terms.fee.bands[-1].maximum for _, terms in prices)


def test_one_asks_no_fee_but_keeps_a_margin(prices: list[tuple[Any, Terms]]) -> None:
    free = [
        (record, terms)
        for record, terms in prices
        if terms.fee == PercentFee(Decimal(0)) and record.sending_currency != record.receiving_currency
    ]
    assert free
    fixed = next(weekdays_before(DAY - timedelta(days=2), 1))
    for record, terms in free:
        mid = Decimal(published_rate(record.receiving_currency, fixed)) / Decimal(
            published_rate(record.sending_currency, fixed)
        )
        assert Decimal("0.95") < terms.rates[0].rate / mid < Decimal("0.97")


def test_some_are_for_cash_only_some_for_new_customers_and_some_end_on_the_day(
    prices: list[tuple[Any, Terms]],
) -> None:
    services = [record.service for record, _ in prices]
    assert any(service.payment_instruments == service.receiving_methods == ("cash",) for service in services)
    assert {service.customer for service in services} == {"unknown", "new", "returning"}
    ends = {record.valid_until for record, _ in prices} - {None}
    assert ends
    midnight = microseconds(datetime(2026, 11, 24, tzinfo=UTC))
    assert all(midnight < end < midnight + 86_400_000_000 for end in ends)


def test_none_was_seen_on_the_day_itself(prices: list[tuple[Any, Terms]]) -> None:
    midnight = microseconds(datetime(2026, 11, 24, tzinfo=UTC))
    assert all(midnight - 86_400_000_000 <= record.observed_at < midnight for record, _ in prices)


def test_where_nothing_is_exchanged_the_rate_is_one(prices: list[tuple[Any, Terms]]) -> None:
    same = [terms for record, terms in prices if record.sending_currency == record.receiving_currency]
    assert same
    assert {rate.rate for terms in same for rate in terms.rates} == {Decimal(1)}


def test_all_of_it_is_invented_and_says_so(tmp_path: Path) -> None:
    document = json.loads(tariffs(tmp_path).read_text("utf-8"))
    assert document["synthetic"] is True
    assert all(quote["provider_name"].startswith("Demo ") for quote in document["quotes"])
    assert all(quote["evidence"]["url"].split("/")[2].endswith(".example") for quote in document["quotes"])


def test_equal_arguments_give_equal_bytes_and_another_seed_other_prices(tmp_path: Path) -> None:
    first = tariffs(tmp_path).read_bytes()
    assert tariffs(tmp_path).read_bytes() == first
    assert tariffs(tmp_path, seed=4).read_bytes() != first
    assert not list(tmp_path.glob(".*"))


# ---------------------------------------------------------------- rates


def test_rates_are_read_whole_as_an_institution_of_our_own(tmp_path: Path) -> None:
    reading = read_rates(rates(tmp_path))
    assert reading.refused == []
    assert {record.institution for record in reading.fixings} == {"demo_fixing"}
    assert {record.base for record in reading.fixings} == {"EUR"}
    assert len({record.day for record in reading.fixings}) == 20
    assert max(record.day for record in reading.fixings) == "2026-11-23", "none of today that could be taken for now"
    assert {date.fromisoformat(record.day).weekday() for record in reading.fixings} == {0, 1, 2, 3, 4}


def test_every_row_is_marked_as_synthetic(tmp_path: Path) -> None:
    header, *rows = csv.reader(rates(tmp_path).read_text("utf-8").splitlines())
    assert {row[header.index("synthetic")] for row in rows} == {"yes"}


def test_files_of_two_days_agree_where_they_overlap(tmp_path: Path) -> None:
    monday, tuesday = (
        {(record.day, record.quote): record.value for record in read_rates(rates(tmp_path, on=on)).fixings}
        for on in (DAY - timedelta(days=1), DAY)
    )
    both = monday.keys() & tuesday.keys()
    assert len(both) == 19 * len({quote for _, quote in both})
    assert all(monday[each] == tuesday[each] for each in both)


def test_declared_pegs_are_kept_to_and_other_rates_move(tmp_path: Path) -> None:
    assert published_rate("XOF", DAY) == "655.957"
    assert Decimal(published_rate("SAR", DAY)) / Decimal(published_rate("USD", DAY)) == pytest.approx(
        Decimal("3.75"), abs=Decimal("0.0001")
    )
    moved = {published_rate("PHP", day) for day in weekdays_before(DAY, 20)}
    assert len(moved) > 15
    known = {record.quote for record in read_rates(rates(tmp_path)).fixings}
    wanted = {record.sending_currency for record in read_tariffs(tariffs(tmp_path, 4000)).quotes} - {"EUR"}
    pegged = {peg.currency for peg in reference.pegs() if peg.holds(DAY)}
    assert wanted <= known | pegged


# ---------------------------------------------------------------- in a database


def taken(engine: Engine, file: Path, folder: Path, on: date = DAY) -> Report:
    now = datetime(on.year, on.month, on.day, 0, 0, 1, tzinfo=UTC)
    return run(engine, Order(file=file, data_dir=folder, now=now))


def test_the_next_days_tariffs_replace_those_of_the_day_before(empty_engine: Engine, tmp_path: Path) -> None:
    tomorrow = DAY + timedelta(days=1)
    assert taken(empty_engine, rates(tmp_path), tmp_path).source == "demo_rates"
    first = taken(empty_engine, tariffs(tmp_path), tmp_path)
    assert (first.source, first.counts["counts"]["new"]) == ("demo_tariffs", 40)
    assert taken(empty_engine, tariffs(tmp_path), tmp_path).already == first.import_id

    again = taken(empty_engine, rates(tmp_path, on=tomorrow), tmp_path, tomorrow)
    assert again.counts["records_refused"] == 0
    second = taken(empty_engine, tariffs(tmp_path, on=tomorrow), tmp_path, tomorrow)
    counts = second.counts["counts"]
    assert (counts["new"], counts["superseded"], counts["withdrawn"]) == (40, 40, 0)


# ---------------------------------------------------------------- the command


def test_the_command_writes_both_for_a_day(tmp_path: Path) -> None:
    for layout, rows in (("quotes", 30), ("rates", 5)):
        path = tmp_path / layout
        asked = ["--layout", layout, "--rows", str(rows), "--on", "2026-11-24", "--out", str(path)]
        result = runner.invoke(command, [*asked, "--json"])
        assert result.exit_code == 0, result.output
        told = json.loads(result.stdout)
        assert (told["layout"], told["rows"], told["on"]) == (layout, rows, "2026-11-24")
        assert runner.invoke(command, asked).exit_code == 2
    assert len(read_tariffs(tmp_path / "quotes").quotes) == 30
    assert len({record.day for record in read_rates(tmp_path / "rates").fixings}) == 5


def test_the_command_says_what_it_cannot_invent(tmp_path: Path) -> None:
    result = runner.invoke(command, ["--layout", "rates", "--rows", "100000", "--out", str(tmp_path / "rates.csv")])
    assert result.exit_code == 2
    assert "at most 4000 days" in result.stderr
    result = runner.invoke(command, ["--layout", "quotes", "--on", "today", "--out", str(tmp_path / "tariffs.json")])
    assert result.exit_code == 2
