"""A generated survey is exactly what was asked for, the same for the same arguments, and says that it is synthetic."""

import tracemalloc
import zipfile
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest

from app.demo import plan as planning
from app.demo.files import write_csv, write_workbook
from app.demo.plan import DEFAULT_ROWS, DemoError, Plan, periods
from app.demo.traps import Layout
from tests.demo.survey_file import (
    NEW_SHEET,
    OLD_SHEET,
    csv_lines,
    nothing,
    sheet_values,
    written_csv,
    written_workbook,
)

NOT_SURVEYED = {"2011_2Q", "2011_4Q", "2012_2Q", "2012_4Q", "2025_2Q"}
KNOWN_BYTES = "21bb43985d89a923bd55adc408826a381d31ce511f68bc5e21d7dd0d65d4fcbe"
ASKED_FOR = {"GBRPHL", "USAMEX", "AREIND", "DEUGHA"}


@pytest.mark.parametrize("rows", [1, 2, 17, 999, 3001])
@pytest.mark.parametrize("layout", Layout)
def test_a_csv_has_exactly_the_rows_asked_for(tmp_path: Path, rows: int, layout: Layout) -> None:
    assert len(csv_lines(written_csv(tmp_path, rows, layout))) == rows


@pytest.mark.parametrize("rows", [1, 30, 1003])
def test_a_workbook_has_exactly_the_rows_asked_for(tmp_path: Path, rows: int) -> None:
    path = written_workbook(tmp_path, rows)
    assert sum(len(sheet_values(path, sheet)) - 1 for sheet in (OLD_SHEET, NEW_SHEET)) == rows


def test_a_survey_needs_a_row() -> None:
    with pytest.raises(DemoError):
        Plan(0)


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    books = [written_workbook(tmp_path, 400, name=name).read_bytes() for name in ("one.xlsx", "two.xlsx")]
    tables = [written_csv(tmp_path, 400, Layout.NEW, name=name).read_bytes() for name in ("one.gz", "two.gz")]
    others = written_csv(tmp_path, 400, Layout.NEW, name="three.gz", seed=4).read_bytes()

    assert books[0] == books[1]
    assert tables[0] == tables[1] != others


def test_the_bytes_are_those_of_every_other_machine(tmp_path: Path) -> None:
    made = written_csv(tmp_path, 2000, Layout.NEW).read_bytes()
    assert sha256(made).hexdigest() == KNOWN_BYTES, (
        "a change of the generator gives other bytes: say so in the changelog"
    )


def test_a_gzipped_csv_holds_the_same_rows(tmp_path: Path) -> None:
    plain = written_csv(tmp_path, 300, Layout.OLD)
    packed = written_csv(tmp_path, 300, Layout.OLD, name="survey.csv.gz")

    assert packed.read_bytes()[:2] == b"\x1f\x8b"
    assert csv_lines(packed) == csv_lines(plain)


def test_every_row_says_that_it_is_synthetic(tmp_path: Path) -> None:
    path = written_workbook(tmp_path, 900)
    for sheet in (OLD_SHEET, NEW_SHEET):
        header, *rows = sheet_values(path, sheet)
        where = header.index("synthetic")
        assert {row[where] for row in rows} == {"yes"}
        assert all(row[header.index("firm")].startswith("Demo ") for row in rows)
        assert header[where - 1] == "corridor"
        assert not any(header[where + 1 :])
    assert "SYNTHETIC" in str(sheet_values(path, "Terms of Use"))
    for layout in Layout:
        lines = csv_lines(written_csv(tmp_path, 900, layout))
        assert list(lines[0])[-1] == "synthetic"
        assert {line["synthetic"] for line in lines} == {"yes"}


def test_columns_are_the_official_ones(tmp_path: Path, shared_data: Path) -> None:
    ours = written_workbook(tmp_path, 100)
    theirs = shared_data / "rpw" / "rpw_workbook_2011_2025_sample.xlsx"
    for sheet in (OLD_SHEET, NEW_SHEET):
        official = [name for name in sheet_values(theirs, sheet)[0] if name]
        assert [name for name in sheet_values(ours, sheet)[0] if name] == [*official, "synthetic"]
    for layout, name in ((Layout.OLD, "rpw_2011_1Q_2013_3Q.csv"), (Layout.NEW, "rpw_2025_3Q_sample.csv")):
        official = list(csv_lines(shared_data / "rpw" / name)[0])
        made = list(csv_lines(written_csv(tmp_path, 10, layout))[0])
        assert [column for column in made if column in official] == official
        assert set(made) - set(official) <= {"synthetic", "Standard Note", "note2", "pickup location"}


def test_sheets_are_the_official_ones(tmp_path: Path) -> None:
    with zipfile.ZipFile(written_workbook(tmp_path, 10)) as book:
        text = book.read("xl/workbook.xml").decode()
    names = ["Terms of Use", "Methodology", "Legend", "Countries", OLD_SHEET, NEW_SHEET]
    assert [text.index(f'name="{name}"') for name in names] == sorted(text.index(f'name="{name}"') for name in names)


def test_the_default_survey_is_small_recent_and_covers_the_known_corridors() -> None:
    plan = Plan(DEFAULT_ROWS)
    newest = plan.rounds[-1]

    assert newest.period == "2026_3Q"
    assert len(plan.rounds) >= 8
    assert 55 <= len(newest.corridors) <= 65
    assert {corridor.id.replace("-", "") for corridor in newest.corridors} >= ASKED_FOR


def test_every_corridor_is_in_the_newest_round_but_some_that_dropped_out() -> None:
    plan = Plan(DEFAULT_ROWS)
    ever = {corridor.id for one in plan.rounds for corridor in one.corridors}
    newest = {corridor.id for corridor in plan.rounds[-1].corridors}

    assert 0 < len(ever - newest) <= len(ever) // 10


def test_a_full_survey_has_every_quarter_that_was_surveyed() -> None:
    plan = Plan(254_000)
    found = [one.period for one in plan.rounds]

    assert found == [period for period, _ in periods()]
    assert found[0] == "2011_1Q"
    assert found[-1] == "2026_3Q"
    assert not NOT_SURVEYED & set(found)
    assert len(found) == 58
    assert len({corridor.id for one in plan.rounds for corridor in one.corridors}) > 350
    assert sum(one.rows for one in plan.rounds) == 254_000


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    peaks = []
    for rows in (2000, 12_000):
        written_csv(tmp_path, 500, Layout.NEW)  # what is loaded once is not counted
        tracemalloc.start()
        write_csv(Plan(rows, layouts=(Layout.NEW,)), tmp_path / "survey.csv", nothing)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < peaks[0] + 500_000


def test_a_sheet_that_cannot_hold_the_rows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.demo.files.SHEET_ROWS", 50)
    with pytest.raises(DemoError, match="CSV"):
        write_workbook(Plan(200), tmp_path / "survey.xlsx", nothing)
    assert list(tmp_path.iterdir()) == []
    assert planning.SHEET_ROWS == 2**20 - 1


def test_a_survey_that_is_not_finished_leaves_nothing(tmp_path: Path) -> None:
    def stop(_written: int) -> None:
        raise KeyboardInterrupt

    kept = tmp_path / "survey.csv"
    kept.write_text("before")
    with pytest.raises(KeyboardInterrupt):
        write_csv(Plan(2000, layouts=(Layout.NEW,)), kept, stop)

    assert kept.read_text() == "before"
    assert list(tmp_path.iterdir()) == [kept]


@pytest.mark.parametrize("rows", [700, 1500])
def test_progress_is_told_and_ends_at_the_last_row(tmp_path: Path, rows: int) -> None:
    told: list[int] = []
    write_csv(Plan(rows, layouts=(Layout.NEW,)), tmp_path / "survey.csv", told.append)
    write_workbook(Plan(rows), tmp_path / "survey.xlsx", told.append)

    table, book = told[: told.index(rows) + 1], told[told.index(rows) + 1 :]
    for numbers in (table, book):
        assert numbers[-1] == rows
        assert all(before <= after for before, after in pairwise(numbers))
