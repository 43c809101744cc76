"""The reading child: every survey file it must read, every row it must refuse."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from app.domain.file_errors import WrongLayout
from tests.sources.reading import Read, refusal
from tests.sources.survey_files import csv_file, new, old, table, workbook


def test_both_layouts_are_read_from_a_workbook_and_from_csv_with_the_same_ids(tmp_path: Path) -> None:
    rows = [old(id=1), old(id=2, cc1_lcu_fee=5.5)]
    newer = [new(id=9)]
    book = Read(workbook(tmp_path / "survey.xlsx", rows, newer))
    apart = [
        Read(csv_file(tmp_path / "old.csv", rows)),
        Read(csv_file(tmp_path / "new.csv.gz", newer)),
    ]
    assert book.tally.layouts == ["up_to_2016_q1", "from_2016_q2"]
    assert {quote.id for quote in book.quotes} == {quote.id for each in apart for quote in each.quotes}
    assert len(book.quotes) == 6
    assert not book.refused


def test_the_reader_runs_no_code_from_the_current_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = tmp_path / "planted"
    planted.mkdir()
    for module in ("gzip", "msgspec", "app"):
        (planted / f"{module}.py").write_text(f"open({str(tmp_path / 'was_run')!r}, 'w').close()\n")
    path = csv_file(tmp_path / "survey.csv", [old()])
    monkeypatch.chdir(planted)
    assert Read(path).tally.rows_accepted == 1
    assert not (tmp_path / "was_run").exists()


def test_a_workbook_with_one_of_the_sheets_is_enough(tmp_path: Path) -> None:
    assert Read(workbook(tmp_path / "a.xlsx", [old()])).tally.rows_accepted == 1
    assert Read(workbook(tmp_path / "b.xlsx", (), [new()])).tally.rows_accepted == 1


def test_each_sheet_s_rows_and_quarters_are_counted_and_the_absent_one_is_named(tmp_path: Path) -> None:
    rows = [old(id=1), old(id=2, cc1_lcu_fee="x"), old(id=1, period="2013_2Q", date="14/May/2013")]
    both = Read(workbook(tmp_path / "both.xlsx", rows, [new(id=9)])).tally
    assert [(each.sheet, each.rows_read, each.rows_accepted, each.periods) for each in both.sheets] == [
        ("Dataset (up to Q1 2016)", 3, 2, ["2013-Q2", "2013-Q3"]),
        ("Dataset (from Q2 2016)", 1, 1, ["2025-Q3"]),
    ]
    assert both.sheets_absent == []
    assert Read(workbook(tmp_path / "one.xlsx", rows)).tally.sheets_absent == ["Dataset (from Q2 2016)"]
    assert Read(csv_file(tmp_path / "one.csv", rows)).tally.sheets_absent == []


@pytest.mark.parametrize("name", ["Dataset (from Q2 2017)", "DATASET", " dataset new"])
def test_a_renamed_sheet_fails_the_whole_file_by_name(tmp_path: Path, name: str) -> None:
    path = workbook(tmp_path / "renamed.xlsx", sheets={"Dataset (up to Q1 2016)": table([old()]), name: table([new()])})
    error = refusal(path)
    assert isinstance(error, WrongLayout)
    assert name in error.detail
    assert '"Dataset (up to Q1 2016)" and "Dataset (from Q2 2016)"' in error.detail


def test_numbers_and_dates_stored_as_text_are_accepted_and_counted(tmp_path: Path) -> None:
    as_text = {name: str(value) if isinstance(value, float | int) else value for name, value in new().items()}
    found = Read(workbook(tmp_path / "survey.xlsx", (), [as_text]))
    assert [quote.id for quote in found.quotes] == [
        quote.id for quote in Read(workbook(tmp_path / "numbers.xlsx", (), [new()])).quotes
    ]
    assert found.tally.rows_with_numbers_as_text == 1


def test_columns_in_another_order_unnamed_and_unknown_ones_change_nothing(tmp_path: Path) -> None:
    shuffled = dict(sorted(old().items(), reverse=True))
    more = {**shuffled, "source_name": "United Kingdom", "source_region": "..", " ": 2013.0}
    assert [quote.id for quote in Read(csv_file(tmp_path / "a.csv", [more])).quotes] == [
        quote.id for quote in Read(csv_file(tmp_path / "b.csv", [old()])).quotes
    ]


def test_the_optional_columns_may_be_absent(tmp_path: Path) -> None:
    less = {name: value for name, value in old().items() if name not in {"note1", "note2", "corridor"}}
    assert [quote.id for quote in Read(csv_file(tmp_path / "a.csv", [less])).quotes] == [
        quote.id for quote in Read(csv_file(tmp_path / "b.csv", [old()])).quotes
    ]


@pytest.mark.parametrize(
    ("changed", "column", "expected"),
    [
        ({"cc1_lcu_fee": "cheap"}, "cc1 lcu fee", "a number"),
        ({"cc1_fx_margin": "NaN"}, "cc1 fx margin", "a finite number"),
        ({"cc2_lcu_fx_rate": "1.234,56"}, "cc2 lcu fx rate", "a point before its decimals"),
        ({"cc2_fx_margin": "1,5"}, "cc2 fx margin", "a point before its decimals"),
        ({"cc1_total_cost_percent": "99999"}, "cc1 total cost %", "a percentage between"),
        ({"cc1_lcu_amount": "12345678901234567890"}, "cc1 lcu amount", "significant digits"),
        ({"cc1_lcu_amount": 0}, "cc1 lcu amount", "an amount of more than 0"),
        ({"cc1_lcu_amount": -120.0}, "cc1 lcu amount", "not negative"),
        ({"cc1_lcu_amount": ""}, "cc1 lcu amount", "an amount of more than 0"),
        ({"inter_lcu_bank_fx": "x"}, "inter lcu bank fx", "a number"),
        ({"cc1_lcu_code": "QQQ"}, "cc1 lcu code", "an ISO 4217 currency code"),
        ({"cc1_lcu_code": ""}, "cc1 lcu code", "a currency's code"),
        ({"cc1_lcu_code": "CFA"}, "cc1 lcu code", "CFA is not one, and GBR does not use it"),
        ({"source_code": "QQQ", "corridor": ""}, "source_code", "a country's ISO 3166 code"),
        ({"destination_code": "", "corridor": ""}, "destination_code", "a country's ISO 3166 code"),
        ({"destination_code": "GBR", "corridor": "GBRGBR"}, "destination_code", "two different countries"),
        ({"corridor": "GBRIND"}, "corridor", "GBRPHL, as the two countries' codes say"),
        ({"period": "2013_9Q"}, "period", "a quarter"),
        ({"id": "x"}, "id", "a positive whole number"),
        ({"date": "19.7.2013"}, "date", "a date such as"),
        ({"firm": ""}, "firm", "a provider's name"),
        ({"firm": "We\u202est"}, "firm", "a provider's name"),
        ({"transparent": "maybe"}, "transparent", "yes or no"),
        ({"speed_actual": "Soonish"}, "speed actual", "a label mapped under transfer_speed"),
        ({"product": "Carrier pigeon"}, "product", "a label mapped under product"),
        ({"note1": "a\x00b"}, "note1", "a text without control characters"),
    ],
)
def test_a_bad_cell_refuses_its_row_with_the_place_and_what_was_expected(
    tmp_path: Path, changed: dict[str, Any], column: str, expected: str
) -> None:
    found = Read(csv_file(tmp_path / "survey.csv", [old(id=1), old(**{"id": 2, **changed}), old(id=3)]))
    (refused,) = found.refused
    assert (refused.sheet, refused.place_row, refused.column) == ("CSV", 3, column)
    assert expected in refused.reason
    assert (found.tally.rows_read, found.tally.rows_accepted) == (3, 2)
    assert len(found.quotes) == 4


def test_unmapped_labels_are_reported_with_their_counts(tmp_path: Path) -> None:
    rows = [old(id=number, product="Carrier pigeon") for number in (1, 2)] + [old(id=3)]
    found = Read(csv_file(tmp_path / "survey.csv", rows))
    assert found.tally.unmapped_labels == [("product", "Carrier pigeon", 2)]
    assert found.tally.refused == [("unmapped-label", "product", 2)]


def test_unmapped_notes_are_kept_and_counted(tmp_path: Path) -> None:
    found = Read(csv_file(tmp_path / "survey.csv", [old(id=1, note1="Wear a hat"), old(id=2, note1="Wear a hat")]))
    assert found.tally.unmapped_notes == {"Wear a hat": 2}
    (service,) = found.services.values()
    assert dict(service.published)["note1"] == "Wear a hat"


def test_a_wrong_number_of_cells_refuses_the_row(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "survey.csv", [old()])
    path.write_text(path.read_text() + "2,2013_3Q,GBR\n" + path.read_text().splitlines()[1] + ",more\n")
    refused = Read(path).refused
    width = len(old())
    assert [each.place_row for each in refused] == [3, 4]
    assert [(each.period, each.key) for each in refused] == [("2013-Q3", "2"), ("2013-Q3", "1")]
    assert [each.reason for each in refused] == [
        f"expected {width} cells as in the header, found {found}" for found in (3, width + 1)
    ]
    path.write_text(path.read_text().splitlines()[0] + "\n2\n")
    assert [(each.period, each.key) for each in Read(path).refused] == [("", "")]


def test_an_id_twice_in_a_period_refuses_the_second_and_in_two_periods_none(tmp_path: Path) -> None:
    rows = [old(id=1), old(id=1, cc1_lcu_fee=9.0), old(id=1, period="2013_2Q", date="14/May/2013")]
    found = Read(csv_file(tmp_path / "survey.csv", rows))
    (refused,) = found.refused
    assert (refused.place_row, refused.code, refused.period, refused.key) == (3, "duplicate-row", "2013-Q3", "1")
    assert found.tally.rows_accepted == 2


def test_the_first_row_of_an_id_that_comes_twice_is_named_with_what_became_of_it(tmp_path: Path) -> None:
    rows = [old(id=1), old(id=2, cc1_lcu_fee="x"), old(id=1), old(id=2)]
    refused = Read(csv_file(tmp_path / "survey.csv", rows)).refused
    assert [each.reason.partition("; ")[2] for each in refused[1:]] == [
        "the first row of this id is at row 2, and is kept",
        "the first row of this id is at row 3, and was refused",
    ]


def test_a_label_s_place_is_the_file_s_own_column(tmp_path: Path) -> None:
    (refused,) = Read(csv_file(tmp_path / "a.csv", [old(firm_type="Circus")])).refused
    assert (refused.column, refused.given) == ("firm_type", "Circus")
    found = Read(csv_file(tmp_path / "b.csv", [new(payment_instrument="Shells")]))
    assert [each.column for each in found.refused] == ["payment instrument"]
    assert found.tally.unmapped_labels == [("payment_instrument", "Shells", 1)]


@pytest.mark.parametrize(("separator", "called"), [(";", "';'"), ("\t", "tabs")])
def test_another_separator_is_named(tmp_path: Path, separator: str, called: str) -> None:
    path = csv_file(tmp_path / "survey.csv", [new()])
    path.write_text(path.read_text().replace(",", separator))
    assert f"separated by {called}" in refusal(path).detail


def test_a_damaged_gzip_file_is_named_as_such(tmp_path: Path) -> None:
    content = bytearray(gzip.compress("".join(f"{number}," for number in range(50_000)).encode(), mtime=0))
    content[len(content) // 2] ^= 0xFF
    path = tmp_path / "survey.csv.gz"
    path.write_bytes(content)
    assert "gzip" in refusal(path).detail
    whole = csv_file(tmp_path / "whole.csv.gz", [old(id=number) for number in range(2000)]).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "damaged or truncated gzip" in refusal(path).detail


def test_rows_alike_in_all_but_id_are_two_services(tmp_path: Path) -> None:
    found = Read(csv_file(tmp_path / "survey.csv", [old(id=1), old(id=2)]))
    assert len({quote.id for quote in found.quotes}) == 4
    assert len(found.services) == 1


def test_a_tier_without_a_published_total_is_not_published_and_no_error(tmp_path: Path) -> None:
    nothing = {"cc2_lcu_amount": "", "cc2_lcu_code": "", "cc2_total_cost_percent": ".."}
    found = Read(csv_file(tmp_path / "survey.csv", [old(id=1, **nothing)]))
    assert [quote.tier for quote in found.quotes] == ["usd_200"]
    assert found.tally.not_published == {"usd_500": 1}
    assert not found.refused


def test_what_is_odd_is_accepted_and_flagged(tmp_path: Path) -> None:
    rows = [
        old(id=1, cc1_total_cost_percent=-1.0, cc1_fx_margin=-4.33),
        old(id=2, cc1_lcu_fee=0, cc1_fx_margin=3.44),
        old(id=3, cc1_lcu_fee=150, cc1_total_cost_percent=125.11),
        old(id=4, cc1_denomination_amount=202),
        old(id=5, date="25/Oct/2013"),
        old(id=6, source_code="SEN", corridor="SENPHL", cc1_lcu_code="CFA", cc2_lcu_code="CFA"),
        old(id=7, cc1_total_cost_percent=0.5),
    ]
    found = {(quote.source_key, quote.tier): quote for quote in Read(csv_file(tmp_path / "s.csv", rows)).quotes}
    flags = {key.rpartition("/")[2]: quote.flags for (key, tier), quote in found.items() if tier == "usd_200"}
    assert flags == {
        "1": "negative_total,negative_margin",
        "2": "zero_fee",
        "3": "above_100_percent",
        "4": "odd_denomination",
        "5": "date_outside_quarter",
        "6": "currency_from_country",
        "7": "",
    }
    assert found["2013-Q3/6", "usd_200"].sending_currency == "XOF"
    assert found["2013-Q3/7", "usd_200"].cost_status == "suspect"


def test_kosovo_is_one_country_under_either_code(tmp_path: Path) -> None:
    rows = [
        old(id=1, destination_code="KSV", corridor="GBRKSV"),
        old(id=2, destination_code="XKX", corridor="GBRKSV"),
    ]
    assert {quote.corridor for quote in Read(csv_file(tmp_path / "survey.csv", rows)).quotes} == {"GBR-XKX"}


def test_a_correction_whose_period_is_there_and_that_matches_nothing_is_reported(tmp_path: Path) -> None:
    rows = [old(id=1, period="2011_3Q", date="06/Sep/2011")]
    found = Read(csv_file(tmp_path / "survey.csv", rows))
    (idle,) = found.tally.idle_corrections
    assert "28653" in idle


def test_synthetic_data_call_themselves_so_in_every_row(tmp_path: Path) -> None:
    rows = [{**old(id=1), "synthetic": "yes"}, {**old(id=2), "synthetic": ""}]
    found = Read(csv_file(tmp_path / "demo.csv", rows))
    assert {quote.source for quote in found.quotes} == {"demo"}
    assert [refused.column for refused in found.refused] == ["synthetic"]
    mixed = workbook(tmp_path / "mixed.xlsx", [rows[0]], [new()])
    assert isinstance(refusal(mixed), WrongLayout)
