"""A generated survey, imported: every trap gives exactly the flag, status or refusal that the survey's rules say."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.db import open_engine
from app.demo.plan import Plan
from app.demo.traps import Layout
from app.ingest import Order, Report, run
from app.sources.source import Refused
from tests.demo.survey_file import Line, csv_lines, written_csv, written_workbook
from tests.demo.test_traps import IN_A_LINE, NOT_GIVEN, ONE_CURRENCY, ROWS, is_open, is_zero_at_ones, note

DUPLICATE, UNMAPPED = "duplicate-row", "unmapped-label"


def imported(engine: Engine, file: Path, now: datetime, on_refused: Callable[[Refused], None]) -> Report:
    return run(engine, Order(file=file, data_dir=file.parent / "data", now=now, on_refused=on_refused))


def nobody(_refused: Refused) -> None:
    """Take no notice."""


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    opened = open_engine(sqlite_url)
    yield opened
    opened.dispose()


def shares_tender(line: Line) -> bool:
    """Whether sender and receiver have one tender: Zimbabwe took rand, among others, until 2019."""
    return line["corridor"] in ONE_CURRENCY or (line["corridor"] == "ZAFZWE" and line["period"] < "2019")


def margin_status(line: Line) -> str:
    """Say what a row's margin is worth, by the rules of the methodology, from the published texts."""
    if not is_open(line):
        return "undisclosed"
    if line["cc1 lcu fee"] == "" or line["cc1 fx margin"] == NOT_GIVEN:
        return "incomplete"
    if line["source_code"] == "RUS":
        return "not_measured"
    if not is_zero_at_ones(line):
        return "measured"
    if shares_tender(line):
        return "same_currency"
    return "paid_out_in_sending_currency" if "sends and pays out in" in note(line) else "zero_unexplained"


def accepted(lines: list[Line]) -> list[Line]:
    """Return the rows that no rule refuses."""
    seen: set[tuple[str, str]] = set()
    kept = []
    for line in lines:
        key = line["period"], line["id"]
        if key not in seen and not IN_A_LINE["unmapped_label"](line):
            kept.append(line)
        seen.add(key)
    return kept


def carrying(lines: list[Line], *traps: str) -> int:
    return sum(1 for line in lines if any(IN_A_LINE[trap](line) for trap in traps))


@pytest.mark.parametrize("layout", Layout)
def test_every_trap_gives_what_the_rules_say(tmp_path: Path, engine: Engine, now: datetime, layout: Layout) -> None:
    file = written_csv(tmp_path, ROWS, layout)
    declared = Plan(ROWS, layouts=(layout,)).trap_counts()
    refused: list[Refused] = []
    report = imported(engine, file, now, refused.append)
    lines = accepted(csv_lines(file))
    counts = report.counts

    assert report.source == "demo"
    assert (counts["rows_read"], counts["rows_accepted"]) == (ROWS, len(lines))
    assert Counter(one.code for one in refused) == {
        DUPLICATE: declared["id_twice_in_period"],
        UNMAPPED: declared["unmapped_label"],
    }
    assert {one.given for one in refused if one.code == UNMAPPED} == {"Carrier pigeon"}
    assert counts["not_published"] == {"usd_500": declared["cc2_total_missing"] + declared["cc2_missing"]}
    assert list(counts["unmapped_notes"].values()) == [declared["unmapped_note"]]
    assert counts["idle_corrections"] == []
    assert counts["fx_margin_status"]["usd_200"] == Counter(map(margin_status, lines))
    assert counts["cost_status"]["usd_200"]["suspect"] == declared["fee_forgotten"] + declared["total_above_parts"]

    flags = {flag: found.get("usd_200", 0) for flag, found in counts["flags"].items()}
    assert flags == {
        "above_100_percent": declared["total_above_100"],
        "date_outside_quarter": declared["date_outside_quarter"],
        "negative_margin": sum(rows for key, rows in declared.items() if key.startswith("negative_")),
        "negative_total": sum(1 for line in lines if line["cc1 total cost %"].startswith("-")),
        "odd_denomination": sum(declared[f"denomination_{odd}"] for odd in (201, 202, 6)),
        "zero_fee": declared["zero_fee"] + declared["negative_total"],
        **({"currency_from_country": carrying(lines, "cfa")} if layout is Layout.OLD else {}),
    }
    assert counts["flags"]["odd_denomination"]["usd_500"] == declared["denomination_501"] + declared["denomination_502"]


def test_a_workbook_is_imported_with_all_its_traps(tmp_path: Path, engine: Engine, now: datetime) -> None:
    declared = Plan(ROWS).trap_counts()
    counts = imported(engine, written_workbook(tmp_path, ROWS), now, nobody).counts

    assert counts["rows_read"] == ROWS
    assert counts["rows_refused"] == declared["id_twice_in_period"] + declared["unmapped_label"]
    assert counts["rows_with_numbers_as_text"] == declared["quarter_of_text_numbers"] + declared["number_as_text"]
    assert counts["quotes_by_tier"]["usd_200"] == counts["rows_accepted"]
    assert counts["fx_margin_status"]["usd_200"]["undisclosed"] == (
        declared["not_transparent"] + declared["not_transparent_with_margin"]
    )
    assert counts["flags"]["odd_denomination"] == {
        "usd_200": sum(declared[f"denomination_{odd}"] for odd in (201, 202, 6)),
        "usd_500": sum(declared[f"denomination_{odd}"] for odd in (501, 502)),
    }


def test_what_was_imported_once_is_recognised(tmp_path: Path, engine: Engine, now: datetime) -> None:
    file = written_workbook(tmp_path, 600)
    first = imported(engine, file, now, nobody)
    again = imported(engine, file, now, nobody)

    assert (first.dataset_version, first.already) == (1, None)
    assert again.already == first.import_id


def test_spellings_of_one_invented_provider_are_one_provider(tmp_path: Path, engine: Engine, now: datetime) -> None:
    file = written_csv(tmp_path, ROWS, Layout.NEW)
    imported(engine, file, now, nobody)
    spelt = {line["firm"] for line in accepted(csv_lines(file))}
    with engine.connect() as connection:
        stored = connection.exec_driver_sql("SELECT count(*) FROM providers").scalar()

    assert stored == len({name.strip().lower() for name in spelt}) < len(spelt)
