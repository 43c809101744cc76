"""The real survey: every count of the data's README, and the CSV editions equal to the workbook, on both databases."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from app.db import open_engine, reading
from app.ingest import Order, Report, run
from app.store import providers, quotes, rounds, versions
from app.store.descriptions import descriptions

WORKBOOK = "rpw_workbook_2011_2025_sample.xlsx"
OLD_CSV, NEW_CSV = "rpw_2011_1Q_2013_3Q.csv", "rpw_2025_3Q_sample.csv"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def imported(engine: Engine, path: Path, data_dir: Path) -> Report:
    return run(engine, Order(file=path, data_dir=data_dir, now=NOW))


@pytest.fixture(scope="module")
def survey(shared_data: Path) -> Path:
    return shared_data / "rpw"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("imported")


@pytest.fixture(scope="module")
def report(engine: Engine, survey: Path, folder: Path) -> Report:
    return imported(engine, survey / WORKBOOK, folder)


def test_every_row_is_accepted(report: Report) -> None:
    counts = report.counts
    assert (counts["rows_read"], counts["rows_accepted"], counts["rows_refused"]) == (19_659, 19_659, 0)
    assert counts["quotes_by_tier"] == {"usd_200": 19_659, "usd_500": 19_620}
    assert counts["quotes_accepted"] == 39_279
    assert counts["not_published"] == {"usd_500": 39}
    assert counts["refused"] == []
    assert counts["unmapped_labels"] == []


def test_margins_are_worth_what_the_readme_counts(report: Report) -> None:
    usd_200, usd_500 = report.counts["fx_margin_status"]["usd_200"], report.counts["fx_margin_status"]["usd_500"]
    assert (usd_200["undisclosed"], usd_500["undisclosed"]) == (1_928, 1_904)
    assert (usd_200["incomplete"], usd_500["incomplete"]) == (6, 6)
    assert report.counts["cost_status"] == {
        "usd_200": {"consistent": 19_621, "suspect": 38},
        "usd_500": {"consistent": 19_602, "suspect": 18},
    }


def test_the_margins_of_zero_split_by_what_explains_them(engine: Engine, report: Report) -> None:
    """3,151 and 3,141 transparent, consistent rows show margin 0 with both rates 1; these are their statuses."""
    assert report.counts["rows_read"] == 19_659
    columns = quotes.quotes.c
    with reading(engine) as connection:
        found = connection.execute(
            select(columns.tier, columns.fx_margin_status, func.count())
            .join(descriptions, descriptions.c.id == columns.description_id)
            .where(
                descriptions.c.is_transparent,
                columns.cost_status == "consistent",
                columns.fx_margin_percent == Decimal(0),
                columns.published_rate == Decimal(1),
                columns.published_mid_market_rate == Decimal(1),
            )
            .group_by(columns.tier, columns.fx_margin_status)
        ).all()
    split = {(tier, status): count for tier, status, count in found if status != "incomplete"}
    assert sum(count for (tier, _), count in split.items() if tier == "usd_200") == 3_151
    assert sum(count for (tier, _), count in split.items() if tier == "usd_500") == 3_141
    assert split == {
        ("usd_200", "not_measured"): 791,
        ("usd_200", "paid_out_in_sending_currency"): 1_190,
        ("usd_200", "same_currency"): 566,
        ("usd_200", "zero_unexplained"): 604,
        ("usd_500", "not_measured"): 791,
        ("usd_500", "paid_out_in_sending_currency"): 1_190,
        ("usd_500", "same_currency"): 556,
        ("usd_500", "zero_unexplained"): 604,
    }


def test_oddities_are_flagged_as_often_as_the_readme_says(report: Report) -> None:
    assert report.counts["flags"] == {
        "corrected": {"usd_200": 2, "usd_500": 1},
        "currency_from_country": {"usd_200": 20, "usd_500": 20},
        "date_outside_quarter": {"usd_200": 5, "usd_500": 5},
        "negative_margin": {"usd_200": 655, "usd_500": 659},
        "negative_total": {"usd_200": 33, "usd_500": 75},
        "odd_denomination": {"usd_200": 1, "usd_500": 3},
        "zero_fee": {"usd_200": 648, "usd_500": 605},
    }
    assert report.counts["rows_with_numbers_as_text"] == 3
    assert report.counts["corrections_applied"] == 3
    assert report.counts["idle_corrections"] == []


def test_notes_that_mean_nothing_to_us_are_counted(report: Report) -> None:
    assert report.counts["unmapped_notes"] == {
        "Exclusive service": 4,
        "This RSP sends USD and pays out BGT in this corridor. ": 1,
        "The fee is calculated as follows:": 1,
    }


def test_corridors_quarters_services_and_providers(engine: Engine, report: Report) -> None:
    assert report.dataset_version == 1
    columns = quotes.quotes.c
    with reading(engine) as connection:
        known = rounds.known(connection)
        newest = {each.corridor: each.period for each in sorted(known, key=lambda each: each.period)}
        names, spellings = providers.names(connection), providers.spellings(connection)
        services = connection.execute(
            select(columns.corridor, columns.period, func.count(columns.source_key.distinct())).group_by(
                columns.corridor, columns.period
            )
        ).all()
        antilles = connection.execute(
            select(func.count(columns.source_key.distinct())).where(columns.corridor.like("%ANT%"))
        ).scalar_one()
    assert (len(known), len(newest)) == (1_507, 232)
    by_period = [list(newest.values()).count(each) for each in ("2025-Q3", "2013-Q3", "2011-Q3", "2012-Q3")]
    assert by_period == [8, 215, 8, 1]
    assert sum(count for corridor, period, count in services if newest[corridor] == period) == 3_053
    assert (len(spellings), len(names)) == (468, 465)
    assert antilles == 55


def test_the_csv_editions_after_the_workbook_change_nothing(
    engine: Engine, report: Report, survey: Path, folder: Path
) -> None:
    first = imported(engine, survey / OLD_CSV, folder)
    second = imported(engine, survey / NEW_CSV, folder)
    assert report.dataset_version == 1
    assert (first.counts["rows_unchanged"], second.counts["rows_unchanged"]) == (19_629, 30)
    for again in (first, second):
        assert again.dataset_version is None
        assert (again.counts["rows_new"], again.counts["rows_changed"], again.counts["rows_vanished"]) == (0, 0, {})
    with reading(engine) as connection:
        newest = versions.newest_version(connection)
    assert newest is not None
    assert newest.version == 1


@pytest.fixture(scope="module")
def from_csv(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, survey: Path) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("from-csv")
    file = folder / "threepercent.db"
    file.write_bytes(sqlite_template.read_bytes())
    engine = open_engine(f"sqlite:///{file}")
    for name in (NEW_CSV, OLD_CSV):
        imported(engine, survey / name, folder)
    yield engine
    engine.dispose()


def test_the_csv_editions_alone_give_the_same_quotes_under_the_same_ids(
    engine: Engine, report: Report, from_csv: Engine
) -> None:
    assert report.counts["quotes_accepted"] == 39_279
    assert _everything(engine) == _everything(from_csv)


def _everything(engine: Engine) -> dict[str, set[tuple[str, ...]]]:
    """Return all stored quotes, services and providers, without what only tells which file they came from."""
    own = {"place_sheet", "import_id", "dataset_version", "recorded_at", "place_row"}
    tables = {
        "quotes": [column for column in quotes.quotes.c if column.name not in own],
        "descriptions": list(descriptions.c),
        "providers": list(providers.providers.c),
    }
    with reading(engine) as connection:
        return {
            name: {tuple(map(str, row)) for row in connection.execute(select(*columns))}
            for name, columns in tables.items()
        }
