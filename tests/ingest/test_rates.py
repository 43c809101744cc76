"""Rates on their way into the store: what cannot be believed is refused, and what changes an answer is touched."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from app.db import microseconds, reading, writing
from app.domain.file_errors import SourceError
from app.ingest import Order, Progress, Report, run
from app.ingest.rates import store_rates
from app.ingest.report import Stored
from app.sources.source import FixingRecord, InstitutionRecord, RateReading, Refused, sources
from app.store import imports, rates, versions
from tests.store.live_records import arrive, live, reading_of
from tests.store.records import quoted, store

NOW = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)
ECB = InstitutionRecord("ecb", "ecb", "European Central Bank", None, "EUR", None, None, "daily")
SOURCE = sources()["ecb"]


def said(day: str, quote: str, value: str, institution: str = "ecb", base: str = "EUR") -> FixingRecord:
    return FixingRecord(institution, day, base, quote, value)


def stored(
    engine: Engine, *fixings: FixingRecord, at: datetime = NOW, public: tuple[str, ...] = ()
) -> tuple[Stored, list[str]]:
    """Store fixings; return what became of them, and the corridors that they touched."""
    file = imports.ImportFile(
        identity=imports.FileIdentity(source="ecb", file_hash="h", labels_hash="l", corrections_hash=""),
        file_name="daily",
        layout="daily",
        is_synthetic=False,
    )
    banks = {record.institution for record in fixings} - {"ecb"}
    others = [InstitutionRecord(key, "frankfurter", key, None, None, None, None, None) for key in sorted(banks)]
    with writing(engine) as connection:
        import_id = imports.start(connection, file, started_at=at)
        found = store_rates(
            connection,
            RateReading(list(fixings), [ECB, *others], []),
            source=SOURCE,
            import_id=import_id,
            now=at,
            public_sources=public,
        )
        touched = connection.execute(
            select(versions.corridor_versions.c.corridor)
            .where(versions.corridor_versions.c.version == found.dataset_version)
            .order_by(versions.corridor_versions.c.corridor)
        )
        return found, list(touched.scalars())


def codes(found: Stored) -> list[str]:
    return [doubt.code for doubt in found.refused]


def days(values: Iterable[str], quote: str = "PHP") -> list[FixingRecord]:
    return [said(f"2026-11-{number:02}", quote, value) for number, value in enumerate(values, 2)]


# ---------------------------------------------------------------- judgement


def test_a_fixing_off_by_a_hundred_is_refused_and_the_rest_is_kept(empty_engine: Engine) -> None:
    found, _ = stored(empty_engine, *days(["68.1", "6820", "68.3", "0.68", "68.4"]))
    assert found.rows == {"new": 3, "corrected": 0, "unchanged": 0}
    assert [(doubt.place, doubt.code, doubt.given) for doubt in found.refused] == [
        ("ecb 2026-11-03 EUR/PHP", "implausible", "6820"),
        ("ecb 2026-11-05 EUR/PHP", "implausible", "0.68"),
    ]
    with reading(empty_engine) as connection:
        assert [str(one.value) for one in rates.recent(connection, date(2026, 11, 1))] == ["68.1", "68.3", "68.4"]


def test_it_is_judged_by_what_is_stored(empty_engine: Engine) -> None:
    stored(empty_engine, said("2026-11-20", "PHP", "68.1"))
    found, _ = stored(empty_engine, said("2026-11-23", "PHP", "6820"), said("2026-11-23", "GBP", "0.87"))
    assert (found.rows["new"], codes(found).count("implausible")) == (1, 1)


def test_an_answer_of_which_nothing_is_believed_fails(empty_engine: Engine) -> None:
    stored(empty_engine, said("2026-11-20", "PHP", "68.1"))
    with pytest.raises(SourceError, match=r"not one of its 1 rates.*EUR/PHP"):
        stored(empty_engine, said("2026-11-23", "PHP", "6820"))


def test_a_level_that_lasts_is_believed_after_a_month(empty_engine: Engine) -> None:
    values = [said(f"2026-10-{day:02}", "PHP", "6820" if day > 1 else "68.2") for day in range(1, 32)]
    values += [said(f"2026-11-{day:02}", "PHP", "6820") for day in range(1, 5)]
    found, _ = stored(empty_engine, *values)
    assert (found.rows["new"], codes(found).count("implausible")) == (5, 30)


def test_a_day_that_has_not_begun_anywhere_is_refused(empty_engine: Engine) -> None:
    found, _ = stored(empty_engine, said("2026-11-25", "PHP", "68.1"), said("2026-11-26", "PHP", "68.2"))
    assert (found.rows["new"], codes(found).count("future-day")) == (1, 1)
    assert found.refused[0].place == "ecb 2026-11-26 EUR/PHP"
    before_noon = datetime(2026, 11, 24, 9, 59, tzinfo=UTC)
    found, _ = stored(empty_engine, said("2026-11-25", "USD", "1.1"), said("2026-11-24", "USD", "1.1"), at=before_noon)
    assert (found.rows["new"], codes(found).count("future-day")) == (1, 1)


# ---------------------------------------------------------------- corridors that are touched


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2013-07-10", []), ("2013-07-11", ["GBR-PHL"]), ("2013-07-19", ["GBR-PHL"]), ("2013-07-20", [])],
)
def test_a_quote_is_touched_by_the_fixings_of_the_days_before_it(
    empty_engine: Engine, day: str, expected: list[str]
) -> None:
    with writing(empty_engine) as connection:
        store(connection, [quoted(observed_at=microseconds(datetime(2013, 7, 19, 12, tzinfo=UTC)))])
    _, touched = stored(empty_engine, said(day, "GBP", "0.86"))
    assert touched == expected


def test_only_quotes_in_a_changed_currency_are_touched(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        store(
            connection,
            [
                quoted(),
                quoted("2", corridor="SEN-MLI", sending_currency="XOF"),
                quoted("3", corridor="RUS-AZE", sending_currency="RUB"),
                quoted("4", corridor="USA-PHL", sending_currency="USD", receiving_currency="PHP"),
            ],
        )
    assert stored(empty_engine, said("2013-07-18", "PHP", "57"))[1] == ["SEN-MLI", "USA-PHL"]
    assert stored(empty_engine, said("2013-07-18", "GBP", "0.86"))[1] == ["GBR-PHL", "SEN-MLI"]
    unchanged, touched = stored(empty_engine, said("2013-07-18", "GBP", "0.86"))
    assert (unchanged.dataset_version, touched) == (None, [])


def test_what_others_fix_moves_with_the_ecb_by_which_it_is_joined(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        store(connection, [quoted("3", corridor="RUS-AZE", sending_currency="RUB")])
    assert stored(empty_engine, said("2013-07-18", "RUB", "32", "cbr", "USD"))[1] == ["RUS-AZE"]
    assert stored(empty_engine, said("2013-07-18", "USD", "1.31"))[1] == ["RUS-AZE"]


def test_a_live_corridor_is_touched_whenever_its_sending_currency_is(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        arrive(connection, reading_of([live()]))
    private, touched = stored(empty_engine, said("2026-09-01", "GBP", "0.86"))
    assert private.dataset_version is not None
    assert touched == []
    assert stored(empty_engine, said("2026-09-02", "GBP", "0.86"), public=("wise",))[1] == ["GBR-PHL"]
    assert stored(empty_engine, said("2026-09-02", "PHP", "68"), public=("wise",))[1] == []
    assert stored(empty_engine, said("2026-11-20", "PHP", "68"), public=("wise",))[1] == ["GBR-PHL"]


# ---------------------------------------------------------------- files


class Importer:
    """Imports files, and remembers what it was told meanwhile."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.folder = engine, folder
        self.progress: list[Progress] = []
        self.refused: list[Refused] = []

    def __call__(self, file: Path, *, is_dry_run: bool = False) -> Report:
        return run(
            self.engine,
            Order(
                file=file,
                data_dir=self.folder / "data",
                now=NOW,
                is_dry_run=is_dry_run,
                on_progress=self.progress.append,
                on_refused=self.refused.append,
            ),
        )


@pytest.fixture
def importer(empty_engine: Engine, tmp_path: Path) -> Importer:
    return Importer(empty_engine, tmp_path)


def test_the_whole_history_is_imported(importer: Importer, shared_data: Path) -> None:
    file = shared_data / "fx" / "eurofxref-hist.csv"
    header, *rows = [line.split(",") for line in file.read_text().splitlines()]
    columns = range(1, len(header) - 1)
    cells = sum(row[column] != "N/A" for row in rows for column in columns)
    gaps = sum(row[column] == "N/A" for row in rows for column in columns)
    report = importer(file)
    assert (len(rows), cells + gaps) == (3839, 3839 * len(columns))
    assert report.counts["records_accepted"] == report.counts["counts"]["new"] == cells
    assert report.counts["counts"]["not_published"] == gaps
    assert (report.source, report.dataset_version, importer.refused) == ("ecb", 1, [])
    assert importer.progress[-1].done == importer.progress[-1].total == file.stat().st_size
    with reading(importer.engine) as connection:
        kept = select(func.count(), func.count(rates.fixings.c.day.distinct())).select_from(rates.fixings)
        assert tuple(connection.execute(kept).one()) == (cells, 3839)
        quoted_since = {one.currency: one.fixings for one in rates.coverage(connection)}
        assert quoted_since == {
            header[column]: found for column in columns if (found := sum(row[column] != "N/A" for row in rows))
        }
        newest = {one.quote: str(one.value) for one in rates.recent(connection, date(2025, 12, 31))}
    assert newest == {header[column]: rows[0][column] for column in columns if rows[0][column] != "N/A"}
    again = importer(file)
    assert (again.already, again.dataset_version) == (report.import_id, None)
    daily = importer(shared_data / "fx" / "eurofxref-daily_2024-06-28.xml")
    assert (daily.dataset_version, daily.counts["counts"]["unchanged"]) == (None, 30)


def test_a_dry_run_of_a_file_stores_nothing(importer: Importer, tmp_path: Path) -> None:
    file = tmp_path / "anything.bin"
    file.write_text("Date,USD,GBP,\n2024-06-28,1.0705,zero,\n")
    report = importer(file, is_dry_run=True)
    assert (report.import_id, report.dataset_version, report.counts["counts"]["new"]) == (None, None, 1)
    assert [(row.place_row, row.key, row.code, row.given) for row in importer.refused] == [
        (2, "line 2, column GBP", "not-a-rate", "zero")
    ]
    with reading(importer.engine) as connection:
        assert (imports.count(connection), rates.newest_days(connection)) == (0, {})


def test_a_file_that_fails_is_named(importer: Importer, tmp_path: Path) -> None:
    file = tmp_path / "rates.csv"
    file.write_text("Date,USD,\n2024-06-28,0,\n")
    with pytest.raises(SourceError, match=r"^rates\.csv: not one of its 1 rates"):
        importer(file)
