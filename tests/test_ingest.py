"""Importing small surveys, on SQLite and PostgreSQL: what is new, unchanged, superseded, refused or missing."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from app import ingest
from app.archive import ArchiveError, content_hash, kept
from app.db import DatabaseFailed, reading
from app.domain.file_errors import MissingColumn, SyntheticMix, UnreadableFile
from app.ingest import Limits, Order, Progress, Report, run
from app.sources.source import Refused, SurveyQuote
from app.store import imports, quotes, rounds, versions
from app.store.quotes import QuoteRecord
from tests.sources.survey_files import csv_file, old

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Importer:
    """Imports rows as files of their own, one second after the other."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder
        self.runs = 0

    def __call__(self, rows: Sequence[dict[str, Any]], **options: Any) -> Report:  # noqa: ANN401 - Order's own
        self.runs += 1
        path = csv_file(self.folder / f"edition-{self.runs}.csv", rows)
        return self.file(path, **options)

    def file(self, path: Path, **options: Any) -> Report:  # noqa: ANN401 - Order's own
        at = NOW + timedelta(seconds=self.runs)
        return run(self.engine, Order(file=path, data_dir=self.folder / "data", now=at, **options))

    def current(self) -> dict[str, str]:
        """Return the current totals by key and tier."""
        with reading(self.engine) as connection:
            found = connection.execute(
                select(quotes.quotes.c.source_key, quotes.quotes.c.tier, quotes.quotes.c.published_total_percent).where(
                    quotes.is_current()
                )
            )
            return {f"{key} {tier}": str(total) for key, tier, total in found}


@pytest.fixture
def importer(empty_engine: Engine, tmp_path: Path) -> Importer:
    return Importer(empty_engine, tmp_path)


def both(key: str, first: str, second: str) -> dict[str, str]:
    return {f"2013-Q3/{key} usd_200": first, f"2013-Q3/{key} usd_500": second}


def test_the_sources_quotes_have_the_stores_order_of_fields() -> None:
    assert SurveyQuote._fields == QuoteRecord._fields


def test_a_first_import_is_stored_archived_and_gets_version_1(importer: Importer) -> None:
    report = importer([old(id=1), old(id=2)])
    assert (report.source, report.dataset_version, report.already) == ("rpw", 1, None)
    assert (report.counts["rows_new"], report.counts["quotes_accepted"]) == (2, 4)
    assert importer.current() == both("1", "3.44", "1.44") | both("2", "3.44", "1.44")
    path = importer.folder / "edition-1.csv"
    assert report.file_hash == content_hash(path)
    with kept(report.file_hash, importer.folder / "data") as bytes_kept:
        assert bytes_kept.read() == path.read_bytes()
    with reading(importer.engine) as connection:
        assert rounds.known(connection) == [rounds.Round("rpw", "GBR-PHL", "2013-Q3")]
        found = imports.find(connection, report.import_id or 0)
    assert found is not None
    assert found.status is imports.ImportStatus.COMMITTED
    assert found.counts["rows_read"] == 2


def test_the_same_bytes_again_are_recognised(importer: Importer) -> None:
    first = importer([old()])
    again = importer.file(importer.folder / "edition-1.csv")
    assert (again.already, again.import_id, again.dataset_version) == (first.import_id, None, None)


def test_the_same_content_in_other_bytes_changes_nothing(importer: Importer) -> None:
    importer([old(id=1)])
    report = importer([{**old(id="1.0", cc1_lcu_amount="120.00", date="2013-07-19"), "source_name": "Albion"}])
    assert (report.counts["rows_unchanged"], report.counts["rows_new"], report.dataset_version) == (1, 0, None)
    with reading(importer.engine) as connection:
        newest = versions.newest_version(connection)
    assert newest is not None
    assert newest.version == 1


def test_other_content_supersedes_only_what_differs(importer: Importer) -> None:
    importer([old(id=1), old(id=2)])
    report = importer([old(id=1, cc1_total_cost_percent=3.5), old(id=2)])
    assert (report.counts["rows_changed"], report.counts["rows_unchanged"], report.dataset_version) == (1, 1, 2)
    assert importer.current() == both("1", "3.5", "1.44") | both("2", "3.44", "1.44")


def test_a_changed_label_supersedes_both_tiers(importer: Importer) -> None:
    importer([old(id=1)])
    report = importer([old(id=1, product="Account to cash")])
    assert report.counts["rows_changed"] == 1
    assert len(importer.current()) == 2
    with reading(importer.engine) as connection:
        stored = quotes.known(connection, "rpw", "2013-Q3", ["2013-Q3/1"])["2013-Q3/1"]
    assert sorted(quote.is_current for quote in stored) == [False, False, True, True]


def test_an_edition_that_comes_back_is_reinstated(importer: Importer) -> None:
    first, second = [old(id=1)], [old(id=1, cc1_total_cost_percent=3.5)]
    importer(first)
    importer(second)
    assert importer(second).already == 2
    back = importer(first)
    assert (back.already, back.dataset_version, back.counts["rows_changed"]) == (None, 3, 1)
    assert importer.current() == both("1", "3.44", "1.44")
    forth = importer.file(importer.folder / "edition-2.csv")
    assert forth.dataset_version == 4
    assert importer.current() == both("1", "3.5", "1.44")


def test_a_total_that_a_newer_edition_no_longer_has_is_withdrawn(importer: Importer) -> None:
    importer([old(id=1)])
    report = importer([old(id=1, cc2_total_cost_percent="")])
    assert (report.counts["rows_changed"], report.dataset_version) == (1, 2)
    assert importer.current() == {"2013-Q3/1 usd_200": "3.44"}
    importer([old(id=1, cc1_total_cost_percent="", cc2_total_cost_percent="")])
    assert importer.current() == {}
    with reading(importer.engine) as connection:
        assert rounds.known(connection) == []
    importer([old(id=1)])
    assert importer.current() == both("1", "3.44", "1.44")


def test_a_row_that_moves_to_another_corridor_touches_both(importer: Importer) -> None:
    importer([old(id=1), old(id=2)])
    importer([old(id=1, destination_code="IND", corridor="GBRIND"), old(id=2)])
    with reading(importer.engine) as connection:
        assert [each.corridor for each in rounds.known(connection)] == ["GBR-IND", "GBR-PHL"]
        newest = versions.corridor_newest_versions(connection)
    assert {corridor: version.version for corridor, version in newest.items()} == {"GBR-IND": 2, "GBR-PHL": 2}


def test_rows_missing_from_a_newer_edition_stay_and_are_counted(importer: Importer) -> None:
    importer([old(id=1), old(id=2), old(id=3, period="2013_2Q", date="14/May/2013")])
    report = importer([old(id=1)])
    assert report.counts["rows_vanished"] == {"2013-Q3": 1}
    assert report.dataset_version is None
    assert len(importer.current()) == 6


def test_a_row_that_is_refused_now_is_not_missing_and_stays(importer: Importer) -> None:
    importer([old(id=1), old(id=2)])
    refused: list[Refused] = []
    report = importer([old(id=1), old(id=2, cc1_lcu_fee="x")], on_refused=refused.append)
    assert (report.counts["rows_refused"], report.counts["rows_vanished"]) == (1, {})
    assert [each.key for each in refused] == ["2"]
    assert len(importer.current()) == 4


def test_one_bad_row_does_not_stop_the_others(importer: Importer) -> None:
    report = importer([old(id=1), old(id=2, cc1_lcu_code="QQQ"), old(id=3)])
    assert report.counts["refused"] == [{"reason": "invalid-cell", "column": "cc1 lcu code", "rows": 1}]
    assert set(importer.current()) == {*both("1", "", ""), *both("3", "", "")}


def test_spellings_that_differ_by_case_are_one_provider(importer: Importer) -> None:
    from app.store import providers

    importer([old(id=1, firm="Transfast"), old(id=2, firm="TRANS-FAST"), old(id=3, firm="Trans Fast ")])
    with reading(importer.engine) as connection:
        assert len(providers.names(connection)) == 1
        assert {each.published for each in providers.spellings(connection)} == {"Transfast", "TRANS-FAST", "Trans Fast"}


def test_real_and_synthetic_prices_never_meet(importer: Importer) -> None:
    importer([old(id=1)])
    with pytest.raises(SyntheticMix, match="must not meet"):
        importer([{**old(id=2), "synthetic": "yes"}])
    assert set(importer.current()) == set(both("1", "", ""))


def test_a_database_of_synthetic_prices_refuses_real_ones(importer: Importer) -> None:
    assert importer([{**old(id=1), "synthetic": "yes"}]).source == "demo"
    with pytest.raises(SyntheticMix):
        importer([old(id=2)])


def test_a_failed_run_is_recorded_and_stores_nothing(importer: Importer) -> None:
    importer([old(id=1)])
    less = {name: value for name, value in old(id=2).items() if name != "date"}
    with pytest.raises(MissingColumn):
        importer([less])
    with reading(importer.engine) as connection:
        newest, first = imports.listed(connection)
    assert (newest.status, first.status) == (imports.ImportStatus.FAILED, imports.ImportStatus.COMMITTED)
    assert newest.failure is not None
    assert newest.failure["code"] == "missing-column"
    assert set(importer.current()) == set(both("1", "", ""))


def test_a_file_that_breaks_off_half_way_stores_none_of_its_rows(importer: Importer) -> None:
    path = csv_file(importer.folder / "cut.csv", [old(id=number) for number in range(1, 1500)])
    path.write_bytes(path.read_bytes() + b'9999,"2013_3Q,GBR')
    with pytest.raises(UnreadableFile):
        importer.file(path)
    assert importer.current() == {}


def test_a_reader_that_is_given_up_stores_nothing(importer: Importer) -> None:
    path = csv_file(importer.folder / "slow.csv", [old(id=number) for number in range(1, 1500)])
    with pytest.raises(UnreadableFile, match="longer than"):
        importer.file(path, limits=Limits(seconds_per_50_mb=0))
    assert importer.current() == {}


def test_progress_is_told_in_rows_and_in_work_done(importer: Importer) -> None:
    told: list[Progress] = []
    importer([old(id=number) for number in range(1, 1202)], on_progress=told.append)
    assert [each.rows_read for each in told] == [500, 1000, 1201]
    assert told[-1].done == told[-1].total
    assert [each.done for each in told] == sorted(each.done for each in told)


def test_a_dry_run_tells_what_would_change_and_stores_nothing(importer: Importer) -> None:
    importer([old(id=1), old(id=2, firm="Slow & Dear", cc1_lcu_fee=6.0, cc1_total_cost_percent=5.11), old(id=3)])
    changed = [
        old(id=1, cc1_lcu_fee=12.0, cc1_total_cost_percent=10.11),
        old(id=2, firm="Slow & Dear", cc1_lcu_fee=1.0, cc1_total_cost_percent=0.943333),
        old(id=9, period="2013_2Q", date="14/May/2013", speed_actual="SAME  day"),
    ]
    report = importer(changed, is_dry_run=True)
    difference = report.difference or {}
    assert (report.import_id, report.dataset_version) == (None, None)
    assert difference["new_rounds"] == 1
    (moved,) = difference["averages_moved"] or [None]
    assert moved is None or moved["corridor"] == "GBR-PHL"
    (winner,) = difference["winners_changed"]
    assert (winner["from"], winner["to"]) == (["multi-money-transfer"], ["slow-dear"])
    assert difference["new_labels"] == [{"column": "speed actual", "label": "SAME  day"}]
    assert difference["vanished_rows"] == {"2013-Q3": ["2013-Q3/3"]}
    assert importer.current()["2013-Q3/1 usd_200"] == "3.44"
    with reading(importer.engine) as connection:
        assert imports.count(connection) == 1
    assert importer(changed).dataset_version == 2


def test_a_dry_run_names_averages_that_move_by_more_than_a_point(importer: Importer) -> None:
    importer([old(id=1)])
    small = importer([old(id=1, cc1_total_cost_percent=4.4)], is_dry_run=True)
    large = importer([old(id=1, cc1_total_cost_percent=4.45)], is_dry_run=True)
    assert (small.difference or {})["averages_moved"] == []
    (moved,) = (large.difference or {})["averages_moved"]
    assert (moved["from_percent"], moved["to_percent"]) == ("3.44", "4.45")


def test_a_name_that_is_not_utf_8_is_stored_escaped(importer: Importer) -> None:
    file = csv_file(importer.folder / os.fsdecode(b"survey-\xff.csv"), [old()])
    assert importer.file(file).dataset_version == 1
    with reading(importer.engine) as connection:
        assert imports.listed(connection)[0].file.file_name == r"survey-\xff.csv"


def test_bytes_that_cannot_be_kept_fail_the_import_and_are_recorded(importer: Importer) -> None:
    (importer.folder / "data").write_text("in the way")
    with pytest.raises(ArchiveError, match="cannot be kept"):
        importer([old()])
    with reading(importer.engine) as connection:
        (failed,) = imports.listed(connection)
    assert failed.failure is not None
    assert (failed.status, failed.failure["code"]) == (imports.ImportStatus.FAILED, "archive-error")


def test_a_database_that_gives_up_half_way_has_a_record_of_it(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object, **_options: object) -> None:
        raise DatabaseFailed("The database is full.")

    monkeypatch.setattr(imports, "finish", full)
    with pytest.raises(DatabaseFailed):
        importer([old()])
    with reading(importer.engine) as connection:
        (failed,) = imports.listed(connection)
    assert failed.failure == {"code": "database-error", "detail": "The database is full."}
    assert importer.current() == {}


def test_a_failed_synthetic_file_is_recorded_as_one(importer: Importer) -> None:
    importer([old(id=1)])
    with pytest.raises(SyntheticMix):
        importer([{**old(id=2), "synthetic": "yes"}])
    with reading(importer.engine) as connection:
        newest = imports.listed(connection)[0]
    assert (newest.file.identity.source, newest.file.is_synthetic) == ("demo", True)
    assert newest.file.layout == "csv_up_to_2016_q1"


def test_an_import_that_changed_nothing_decides_nothing(importer: Importer) -> None:
    assert importer([old(cc1_lcu_fee="x")]).dataset_version is None
    assert importer([{**old(), "synthetic": "yes"}]).dataset_version == 1


def test_the_same_bytes_under_another_methodology_are_imported_anew(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    importer([old()])
    ingest._rules_hash.cache_clear()
    monkeypatch.setattr(ingest, "METHODOLOGY_VERSION", "another")
    again = importer.file(importer.folder / "edition-1.csv")
    ingest._rules_hash.cache_clear()
    assert (again.already, again.counts["rows_unchanged"]) == (None, 1)


@pytest.mark.parametrize("firms", [("ZEBRACASH", "ZebraCash", "zebracash"), ("zebracash", "ZebraCash", "ZEBRACASH")])
def test_a_provider_s_name_does_not_depend_on_the_order(importer: Importer, firms: tuple[str, ...]) -> None:
    from app.store import providers

    for number, firm in enumerate([*firms, "TRANSFAST"]):
        importer([old(id=number + 1, firm=firm)])
    with reading(importer.engine) as connection:
        assert set(providers.names(connection).values()) == {"ZebraCash", "Trans-Fast"}
