"""Every trap of the official survey, and how many rows of a generated one carry it.

Traps of a row are dealt by *lots*: row i of a layout holds lot ``(389 i + 17) mod 1000``, so that of every thousand
rows each lot is held once, scattered. A trap owns as many lots of each layout as its share in a thousand; a row
carries at most one of them. Traps of the schedule (whole quarters, corridors) and of the workbook's cells lie across.
"""

from dataclasses import dataclass
from enum import StrEnum

LOTS = 1000


class Layout(StrEnum):
    """The two layouts of the survey: up to 2016-Q1 and from 2016-Q2 on."""

    OLD = "old"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Trap:
    """One trap: its share of a thousand rows of the old and of the new layout, and what an import makes of it."""

    key: str
    old: int
    new: int
    about: str


# The first two take something of the row before them, whose lot is 389 lower: an ordinary one (a test sees to it).
LOT_TRAPS = (
    Trap("alike_in_all_but_id", 4, 4, "repeats the row before it in everything but the id: both stay"),
    Trap("id_twice_in_period", 1, 1, "has the id of the row before it, in the same period: refused"),
    Trap("unmapped_label", 1, 1, "a product or payment instrument nobody mapped: refused and reported"),
    Trap("not_transparent", 97, 29, "transparent = no, margin 0, rates 1: undisclosed"),
    Trap("not_transparent_with_margin", 1, 1, "transparent = no and yet a margin: undisclosed all the same"),
    Trap("fee_missing", 1, 1, "no fee: incomplete"),
    Trap("margin_missing", 1, 1, "`..` for a margin: incomplete"),
    Trap("paid_out_as_sent", 40, 40, "margin 0, both rates 1, a note that the sending currency is paid out"),
    Trap("zero_unexplained", 90, 60, "margin 0 and both rates 1, and nobody says why"),
    Trap("negative_margin_promotion", 20, 20, "a margin below zero, with the note of a promotion"),
    Trap("negative_margin_parallel", 9, 9, "a margin below zero, with the note of a parallel market"),
    Trap("negative_margin_unexplained", 6, 6, "a margin below zero without a note"),
    Trap("negative_total", 2, 2, "no fee and a margin below zero: the total is negative"),
    Trap("zero_fee", 32, 32, "no fee"),
    Trap("fee_forgotten", 1, 1, "the total leaves out the fee: suspect"),
    Trap("total_above_parts", 1, 1, "the total is more than fee and margin: suspect"),
    Trap("total_above_100", 1, 1, "a fee larger than the amount: accepted"),
    Trap("denomination_201", 1, 1, "cc1 surveyed at USD 201"),
    Trap("denomination_202", 1, 1, "cc1 surveyed at USD 202"),
    Trap("denomination_501", 1, 1, "cc2 surveyed at USD 501"),
    Trap("denomination_502", 1, 1, "cc2 surveyed at USD 502"),
    Trap("denomination_6", 1, 1, "cc1 denominated 6, at the usual local amount"),
    Trap("cc2_total_missing", 1, 1, "cc2 without a published total: not published"),
    Trap("cc2_missing", 1, 1, "cc2 without anything: not published"),
    Trap("tiers_in_two_currencies", 1, 1, "cc1 and cc2 in different currencies"),
    Trap("transparent_in_other_case", 5, 5, "`Yes` among `yes` and the other way round"),
    Trap("label_in_other_case", 6, 6, "`Credit Card`, `Next Day`, `Post Office` among `Credit card` and so on"),
    Trap("label_with_space", 5, 5, "a label with a space behind it"),
    Trap("label_misspelt", 1, 1, "`Bank Acciunt`"),
    Trap("label_list", 4, 4, "a label that is a list: `Cash,Debit/credit card`"),
    Trap("provider_spelling", 5, 5, "a provider's name in another case or with another space"),
    Trap("combined_provider_type", 4, 4, "`Money Transfer Operator / Post office`: the first counts"),
    Trap("not_available", 3, 3, "`N/A` and `Not available`: texts that mean unknown"),
    Trap("coverage_not_given", 1, 1, "`..` for the coverage"),
    Trap("number_as_text", 1, 1, "the row's numbers are texts"),
    Trap("date_outside_quarter", 1, 1, "surveyed a month after its quarter"),
    Trap("unmapped_note", 1, 1, "a note nobody mapped: kept and counted"),
    Trap("note_low_fee_promotion", 3, 3, "a note that the fee is a promotion's"),
    Trap("note_economy_service", 3, 3, "a note that this is the economy service"),
    Trap("note_members_only", 2, 2, "a note that this is for members"),
    Trap("note_fee_in_usd", 3, 3, "a note that fees are quoted in USD"),
    Trap("note_usd_service", 12, 12, "a note that USD is paid out"),
    Trap("note_eur_service", 5, 5, "a note that EUR is paid out"),
    Trap("note_lcu_service", 10, 10, "a note that the local currency is paid out"),
    Trap("second_note", 3, 3, "the second note column is used"),
)

SCHEDULE_TRAPS = {
    "quarter_of_text_numbers": "2024_3Q and 2024_4Q: every number is a text (workbook)",
    "kosovo_as_ksv": "Kosovo written KSV, in every second row of its corridors; XKX in the others",
    "kosovo_as_xkx": "Kosovo written XKX",
    "netherlands_antilles": "the code ANT",
    "cfa": "the sending currency written CFA (old layout)",
    "sent_from_russia": "sender RUS, whose margins nobody measured",
    "one_currency": "one currency on both sides: margin 0 and both rates 1 are true",
    "id_repeated_between_periods": "an id that an earlier period has too",
    "corridor_as_formula": "the corridor is a formula cell with a cached value (workbook)",
    "name_as_formula": "the sending country's name and region are formula cells (workbook)",
    "date_as_text": "the date is a text, 22/Jan/2011",
    "date_as_date": "the date is an Excel date (CSV: 2025-09-01 00:00:00)",
    "unnamed_columns": "values below no header (workbook, new layout)",
}

TEXT_QUARTERS = frozenset({"2024_3Q", "2024_4Q"})


def lot_table(layout: Layout) -> tuple[str | None, ...]:
    """Return for each of the thousand lots the key of the trap that owns it in ``layout``, or None."""
    owners: list[str | None] = []
    for trap in LOT_TRAPS:
        owners += [trap.key] * (trap.old if layout is Layout.OLD else trap.new)
    return tuple(owners + [None] * (LOTS - len(owners)))


def lot(index: int) -> int:
    """Return the lot of row ``index`` of a layout."""
    return (389 * index + 17) % LOTS
