"""Each trap of the survey is in a generated file, in exactly as many rows as the generator declares."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from app.demo.plan import Plan
from app.demo.traps import LOT_TRAPS, LOTS, SCHEDULE_TRAPS, TEXT_QUARTERS, Layout, lot, lot_table
from tests.demo.survey_file import (
    NEW_SHEET,
    OLD_SHEET,
    Line,
    count,
    csv_lines,
    formula_cells,
    number,
    sheet_values,
    written_csv,
    written_workbook,
)

ROWS = 6500
# What the corridors that share one currency are, among those of a survey of this size.
ONE_CURRENCY = {"SENMLI", "USASLV", "USAECU", "CMRTCD"}

NOT_GIVEN = ".."
IN_WORKBOOKS_ONLY = {
    *("number_as_text", "quarter_of_text_numbers", "corridor_as_formula", "name_as_formula", "unnamed_columns"),
    *("date_as_text", "date_as_date"),
}


def note(line: Line) -> str:
    return line.get("note1") or line.get("Standard Note") or ""


def paid_with(line: Line) -> str:
    return line.get("product") or line["payment instrument"]


def margin(line: Line) -> Decimal | None:
    return number(line["cc1 fx margin"])


def is_open(line: Line) -> bool:
    return line["transparent"].strip().lower() == "yes"


def is_negative(line: Line) -> bool:
    found = margin(line)
    return found is not None and found < 0


def above_parts(line: Line) -> Decimal:
    """Return by how much the published total exceeds the published parts."""
    fee, g, total = number(line["cc1 lcu fee"]), margin(line), number(line["cc1 total cost %"])
    if fee is None or g is None or total is None:
        return Decimal(0)
    return total - g - 100 * fee / Decimal(line["cc1 lcu amount"])


def is_zero_at_ones(line: Line) -> bool:
    return margin(line) == 0 and line["cc1 lcu fx rate"] == "1.0" and line["inter lcu bank fx"] == "1.0"


def is_outside_quarter(line: Line) -> bool:
    day = line["date"].split(" ")[0]
    when = datetime.strptime(day, "%d/%b/%Y" if "/" in day else "%Y-%m-%d")  # noqa: DTZ007 (a day without a time)
    return line["period"] != f"{when.year}_{(when.month + 2) // 3}Q"


def says(*texts: str) -> Callable[[Line], bool]:
    return lambda line: note(line).startswith(texts)


def denominated(column: str, value: str) -> Callable[[Line], bool]:
    return lambda line: line[f"{column} denomination amount"] == value


IN_A_LINE: dict[str, Callable[[Line], bool]] = {
    "unmapped_label": lambda line: paid_with(line) == "Carrier pigeon",
    "not_transparent": lambda line: not is_open(line) and margin(line) == 0,
    "not_transparent_with_margin": lambda line: not is_open(line) and margin(line) != 0,
    "fee_missing": lambda line: line["cc1 lcu fee"] == "",
    "margin_missing": lambda line: line["cc1 fx margin"] == NOT_GIVEN,
    "paid_out_as_sent": lambda line: "sends and pays out in" in note(line) and is_zero_at_ones(line),
    "zero_unexplained": lambda line: (
        is_open(line)
        and is_zero_at_ones(line)
        and line["corridor"] not in ONE_CURRENCY
        and "pays out" not in note(line)
    ),
    "negative_margin_promotion": says("A negative exchange rate margin for this operator may be due"),
    "negative_margin_parallel": says("A negative exchange rate margin for this operator may reflect"),
    "negative_margin_unexplained": lambda line: is_negative(line) and not note(line),
    "negative_total": lambda line: says("A negative total cost")(line) and line["cc1 total cost %"].startswith("-"),
    "zero_fee": lambda line: line["cc1 lcu fee"] == "0.0" and not is_negative(line),
    "fee_forgotten": lambda line: above_parts(line) < Decimal("-0.011"),
    "total_above_parts": lambda line: above_parts(line) > Decimal("0.011"),
    "total_above_100": lambda line: (number(line["cc1 total cost %"]) or 0) > 100,
    "denomination_201": denominated("cc1", "201"),
    "denomination_202": denominated("cc1", "202"),
    "denomination_501": denominated("cc2", "501"),
    "denomination_502": denominated("cc2", "502"),
    "denomination_6": denominated("cc1", "6"),
    "cc2_total_missing": lambda line: line["cc2 total cost %"] == "" and line["cc2 lcu amount"] != "",
    "cc2_missing": lambda line: line["cc2 total cost %"] == "" and line["cc2 lcu amount"] == "",
    "tiers_in_two_currencies": lambda line: line["cc2 lcu code"] not in {"", line["cc1 lcu code"]},
    "transparent_in_other_case": lambda line: line["transparent"] == ("Yes" if "product" in line else "yes"),
    "label_in_other_case": lambda line: (
        (paid_with(line), line["speed actual"], line["firm_type"])
        in {("Credit/Debit Card Service", "Next Day", "Post Office"), ("Credit Card", "Next Day", "Post Office")}
    ),
    "label_with_space": lambda line: line["speed actual"].endswith(" ") and line["firm_type"].endswith(" "),
    "label_misspelt": lambda line: "Bank Acciunt" in {line.get("pick-up method"), line.get("pickup method")},
    "label_list": lambda line: paid_with(line) in {"Account,Card,Cash to cash", "Cash,Debit/credit card"},
    "provider_spelling": lambda line: line["firm"].endswith(" "),
    "combined_provider_type": lambda line: line["firm_type"] == "Money Transfer Operator / Post office",
    "not_available": lambda line: (
        line["speed actual"] == "N/A" and "Not available" in {line.get("sending location"), line.get("access point")}
    ),
    "coverage_not_given": lambda line: NOT_GIVEN in {line.get("coverage"), line.get("receiving network coverage")},
    "date_outside_quarter": is_outside_quarter,
    "unmapped_note": says("A note of the demonstration survey"),
    "note_low_fee_promotion": says("The very low fee"),
    "note_economy_service": says("Economy service"),
    "note_members_only": says("Service for members"),
    "note_fee_in_usd": says("This RSP's fees are quoted only in USD. "),
    "note_usd_service": says("USD service"),
    "note_eur_service": says("EUR service"),
    "note_lcu_service": says("LCU service"),
    "second_note": lambda line: line["note2"] != "",
    "kosovo_as_ksv": lambda line: "KSV" in {line["source_code"], line["destination_code"]},
    "kosovo_as_xkx": lambda line: "XKX" in {line["source_code"], line["destination_code"]},
    "netherlands_antilles": lambda line: line["destination_code"] == "ANT",
    "cfa": lambda line: line["cc1 lcu code"] == "CFA",
    "sent_from_russia": lambda line: line["source_code"] == "RUS",
    "one_currency": lambda line: line["corridor"] in ONE_CURRENCY,
}


def ids_repeated(lines: list[Line]) -> tuple[int, int]:
    """Return how many ids an earlier period has too, and how many the same period has already."""
    earlier: set[str] = set()
    current: set[str] = set()
    period, between, within = "", 0, 0
    for line in lines:
        if line["period"] != period:
            earlier, current, period = earlier | current, set(), line["period"]
        between += line["id"] in earlier
        within += line["id"] in current
        current.add(line["id"])
    return between, within


def repeats(lines: list[Line]) -> int:
    """Return how many rows repeat the row before them in everything but the id."""
    bare = [{**line, "id": ""} for line in lines]
    return sum(1 for before, line in pairwise(bare) if before == line)


@pytest.mark.parametrize("layout", Layout)
def test_each_trap_stands_in_as_many_rows_as_declared(tmp_path: Path, layout: Layout) -> None:
    lines = csv_lines(written_csv(tmp_path, ROWS, layout))
    declared = Plan(ROWS, layouts=(layout,)).trap_counts()

    between, within = ids_repeated(lines)
    found = {key: count(lines, is_it) for key, is_it in IN_A_LINE.items()}
    found |= {
        "alike_in_all_but_id": repeats(lines),
        "id_twice_in_period": within,
        "id_repeated_between_periods": between,
    }

    assert found == {key: rows for key, rows in declared.items() if key not in IN_WORKBOOKS_ONLY}


def test_cells_of_a_workbook_are_trapped_as_declared(tmp_path: Path) -> None:
    path = written_workbook(tmp_path, ROWS)
    found = dict.fromkeys(IN_WORKBOOKS_ONLY, 0)
    for sheet in (OLD_SHEET, NEW_SHEET):
        header, *rows = sheet_values(path, sheet)
        at = {name: place for place, name in enumerate(header) if name}
        computed = formula_cells(path, sheet)
        found["corridor_as_formula"] += computed[at["corridor"]]
        found["name_as_formula"] += computed[at["source_name"]]
        assert computed[at["source_name"]] == computed[at["source_region"]]
        for row in rows:
            is_text, in_quarter = isinstance(row[at["cc1 total cost %"]], str), row[at["period"]] in TEXT_QUARTERS
            found["quarter_of_text_numbers"] += is_text and in_quarter
            found["number_as_text"] += is_text and not in_quarter
            found["date_as_date"] += isinstance(row[at["date"]], date)
            found["date_as_text"] += isinstance(row[at["date"]], str)
            found["unnamed_columns"] += any(row[len(at) :])
            assert len(row[at["corridor"]]) == 6, "a formula keeps its cached value"
            assert len(row[at["source_name"]]) > 3

    declared = Plan(ROWS).trap_counts()
    assert found == {key: declared[key] for key in IN_WORKBOOKS_ONLY}


def test_every_trap_occurs_in_a_survey_of_moderate_size() -> None:
    assert [key for key, rows in Plan(ROWS).trap_counts().items() if rows == 0] == []


def test_every_trap_is_looked_for() -> None:
    ids = {"alike_in_all_but_id", "id_twice_in_period", "id_repeated_between_periods"}
    assert {trap.key for trap in LOT_TRAPS} | set(SCHEDULE_TRAPS) == set(IN_A_LINE) | IN_WORKBOOKS_ONLY | ids


@pytest.mark.parametrize("layout", Layout)
def test_what_repeats_the_row_before_follows_an_ordinary_row(layout: Layout) -> None:
    owners = lot_table(layout)
    repeating = [
        index for index in range(1, LOTS + 1) if owners[lot(index)] in {"alike_in_all_but_id", "id_twice_in_period"}
    ]
    assert repeating
    assert {owners[lot(index - 1)] for index in repeating} == {None}


def test_each_lot_is_dealt_once_in_a_thousand_rows() -> None:
    assert sorted(lot(index) for index in range(LOTS)) == list(range(LOTS))
