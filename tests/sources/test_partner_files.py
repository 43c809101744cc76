"""A partner's file is read as a stream: good items as they are, and a file that cannot be trusted not at all."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from app.domain.file_errors import FileTooLarge, MissingColumn, SourceError, UnreadableFile, WrongLayout
from app.sources.partner_files import ALWAYS_UNPACKED, COLUMNS, LONGEST_LINE, FileFormat, PartnerFile
from tests.push.pushing import item

HEADER = ["external_id", "provider", "corridor", "sending_currency", "receiving_currency", "observed_at", "fee.kind"]


def read(
    body: bytes, file_format: FileFormat = FileFormat.NDJSON, most_bytes: int = 2**30
) -> list[tuple[int, dict[str, Any]]]:
    file = PartnerFile(io.BytesIO(body), file_format, size=len(body), most_bytes=most_bytes)
    found = [(each.line, json.loads(each.raw)) for each in file.items()]
    assert file.bytes_read == len(body)
    return found


def table(*rows: Sequence[str]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()


def refused(body: bytes, file_format: FileFormat = FileFormat.NDJSON, most_bytes: int = 2**30) -> SourceError:
    with pytest.raises(SourceError) as raised:
        read(body, file_format, most_bytes)
    return raised.value


# ---------------------------------------------------------------- NDJSON


def test_each_line_is_an_item_and_empty_ones_are_passed_over() -> None:
    lines = b'{"a":1}\n\n  {"a":2}\r\n\t\n{"a":3}'
    assert read(lines) == [(1, {"a": 1}), (3, {"a": 2}), (5, {"a": 3})]


def test_a_byte_order_mark_is_no_part_of_the_first_item() -> None:
    assert read(b'\xef\xbb\xbf{"a":1}\n') == [(1, {"a": 1})]


def test_a_line_is_not_judged_here() -> None:
    file = PartnerFile(io.BytesIO(b"no JSON\n\xff\n"), FileFormat.NDJSON, size=10, most_bytes=100)
    assert [each.raw for each in file.items()] == [b"no JSON", b"\xff"]


def test_a_line_that_is_too_long_ends_the_reading() -> None:
    error = refused(b'{"a":1}\n' + b"x" * (LONGEST_LINE + 1))
    assert isinstance(error, UnreadableFile)
    assert error.detail == "row 2: is longer than 64 KiB; no quote is."
    assert len(read(b'"' + b"x" * (LONGEST_LINE - 3) + b'"\n')) == 1


def test_an_empty_file_holds_nothing() -> None:
    assert "empty" in refused(b"").detail
    assert "empty" in refused(b"", FileFormat.CSV).detail


# ---------------------------------------------------------------- gzip


@pytest.mark.parametrize("file_format", FileFormat)
def test_a_packed_file_is_read_like_another(file_format: FileFormat) -> None:
    plain = b'{"a":1}\n' * 5 if file_format is FileFormat.NDJSON else table(HEADER, ["x"] * 7, ["y"] * 7)
    assert read(gzip.compress(plain), file_format) == read(plain, file_format)


def test_members_may_follow_one_another() -> None:
    assert len(read(gzip.compress(b'{"a":1}\n') + gzip.compress(b'{"a":2}\n'))) == 2


@pytest.mark.parametrize(
    "damage", [lambda packed: packed[:-9], lambda packed: packed[:12], lambda packed: packed + b"x"]
)
def test_packing_that_is_damaged_refuses_the_file(damage: Callable[[bytes], bytes]) -> None:
    assert "packed" in refused(damage(gzip.compress(b'{"a":1}\n' * 3000))).detail


def test_a_bomb_is_found_out_before_it_is_unpacked() -> None:
    bomb = gzip.compress(b"{}\n" * (ALWAYS_UNPACKED // 3 + 10))
    assert len(bomb) < 100_000
    error = refused(bomb)
    assert isinstance(error, FileTooLarge)
    assert "200 times" in error.detail
    long_line = gzip.compress(b"x" * (64 * 2**20))
    assert "longer than" in refused(long_line).detail


def test_a_file_may_not_unpack_to_more_than_it_may_be() -> None:
    body = gzip.compress(b'{"a":1}\n' * 1000)
    assert isinstance(refused(body, most_bytes=7999), FileTooLarge)
    assert len(read(body, most_bytes=8000)) == 1000


# ---------------------------------------------------------------- CSV


def test_a_row_says_what_an_item_says() -> None:
    whole = item(taxes=[{"name": "Levy", "paid_by": "sender", "percent": "1"}])
    schedule = whole.pop("fee")
    plain = {name: value for name, value in whole.items() if name != "taxes"}
    cells = {
        **{name: ";".join(value) if isinstance(value, list) else str(value) for name, value in plain.items()},
        "fee.kind": "schedule",
        "fee.bands": json.dumps(schedule["bands"]),
        "fee.marginal": "false",
        "taxes": json.dumps(whole["taxes"]),
        "offered_rates": "",
    }
    [(line, found)] = read(table(list(cells), list(cells.values())), FileFormat.CSV)
    assert line == 2
    assert found == {**whole, "fee": {**schedule, "marginal": False}, "min_amount": "1", "max_amount": "800"}


def test_what_a_cell_cannot_be_stays_text_for_the_items_own_reader() -> None:
    header = [*HEADER, "fee.bands", "fee.marginal"]
    [(_, found)] = read(table(header, [*["x"] * 7, "[{", "perhaps"]), FileFormat.CSV)
    assert found["fee"] == {"kind": "x", "bands": "[{", "marginal": "perhaps"}


def test_lines_are_counted_where_a_cell_has_several() -> None:
    rows = table(HEADER, ["a\nb\nc", *["x"] * 6], ["d", *["x"] * 6])
    assert [line for line, _ in read(rows, FileFormat.CSV)] == [2, 5]


def test_blank_rows_are_passed_over() -> None:
    assert len(read(table(HEADER, [], ["x"] * 7, [""] * 7) + b"\r\n", FileFormat.CSV)) == 1


def test_a_column_that_nobody_knows_refuses_the_file_and_says_which_there_are() -> None:
    error = refused(table([*HEADER, "recieving_methods"], ["x"] * 8), FileFormat.CSV)
    assert isinstance(error, WrongLayout)
    assert all(name in error.detail for name in ("recieving_methods", "row 1", *COLUMNS))


def test_a_column_that_must_be_there_is_named() -> None:
    error = refused(table(HEADER[1:], ["x"] * 6), FileFormat.CSV)
    assert isinstance(error, MissingColumn)
    assert error.columns == ("external_id",)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (table([*HEADER, "provider"], ["x"] * 8), "names a column twice"),
        (table(HEADER, ["x"] * 7, ["x"] * 6), "row 3: has 6 cells where the header has 7"),
        (table(HEADER) + b'"open,x\n', "no row of CSV"),
        (table(HEADER) + b"\xff,x\n", "UTF-8"),
        ("\ufeffexternal_id".encode("utf-16"), "UTF-8"),
    ],
)
def test_a_table_that_cannot_be_trusted_is_refused_as_a_whole(body: bytes, said: str) -> None:
    assert said in refused(body, FileFormat.CSV).detail


def test_a_table_with_a_header_alone_holds_no_items() -> None:
    assert read(table(HEADER), FileFormat.CSV) == []


# ---------------------------------------------------------------- what would cost more than it says


def test_a_row_that_goes_on_over_many_lines_ends_the_reading() -> None:
    error = refused(table(HEADER) + b'"x\n",' * LONGEST_LINE, FileFormat.CSV)
    assert isinstance(error, UnreadableFile)
    assert "ends a row of more than 64 KiB" in error.detail


def test_rows_over_several_lines_may_be_many() -> None:
    row = ["a", "b", "c", "d", "e", "f", "one\ntwo"]
    assert len(read(table(HEADER, *[row] * 5_000), FileFormat.CSV)) == 5_000


@pytest.mark.parametrize(
    ("file_format", "line"),
    [(FileFormat.NDJSON, b" \n"), (FileFormat.CSV, b"\r\n"), (FileFormat.CSV, b',,,,,"",\n')],
)
def test_empty_lines_without_end_end_the_reading(file_format: FileFormat, line: bytes) -> None:
    error = refused((table(HEADER) if file_format is FileFormat.CSV else b"") + line * 20_000, file_format)
    assert isinstance(error, UnreadableFile)
    assert "more than 10,000 empty lines" in error.detail


def test_a_structure_that_is_nested_too_deep_refuses_its_item_alone() -> None:
    header, deep = [*HEADER, "taxes"], "[" * 30_000 + "]" * 30_000
    found = read(table(header, ["a", "b", "c", "d", "e", "f", "percent", deep]), FileFormat.CSV)
    assert found[0][1]["taxes"] == deep
