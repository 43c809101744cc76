"""The reading child: every hostile or broken file it must survive, with a clear word (RELIABILITY 5)."""

import gzip
import zipfile
from pathlib import Path

import pytest

from app.domain.file_errors import (
    EncryptedFile,
    FileTooLarge,
    MissingColumn,
    MissingSheet,
    SourceError,
    UnreadableFile,
    WrongLayout,
)
from app.sources.child import Limits
from tests.sources.reading import Read, refusal
from tests.sources.survey_files import csv_file, old, table, workbook


def test_a_legal_tiny_workbook_with_cells_at_both_ends_of_its_sheet_is_given_up(tmp_path: Path) -> None:
    path = workbook(tmp_path / "corners.xlsx", [old()])
    book = _members(path)
    sheet = next(name for name in book if name.endswith("sheet3.xml"))
    book[sheet] = (
        b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
        b"</sheetData></worksheet>"
    )
    _pack(path, book)
    assert isinstance(refusal(path), FileTooLarge)


def test_a_workbook_that_says_it_unpacks_to_more_than_may_be_held_is_not_unpacked(tmp_path: Path) -> None:
    path = workbook(tmp_path / "bomb.xlsx", [old()])
    book = _members(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in book.items():
            packed.writestr(name, content)
        with packed.open("xl/worksheets/sheet9.xml", "w") as member:
            for _ in range(300):
                member.write(bytes(2**20))
    assert path.stat().st_size < 2**20
    error = refusal(path, Limits(memory_bytes=280 * 2**20, seconds_per_50_mb=60))
    assert isinstance(error, FileTooLarge)
    assert "unpack" in error.detail


def test_a_small_workbook_that_needs_far_more_memory_than_its_size_meets_the_limit(tmp_path: Path) -> None:
    path = workbook(tmp_path / "sparse.xlsx", [old()])
    book = _members(path)
    sheet = next(name for name in book if name.endswith("sheet3.xml"))
    rows = b"".join(b'<row r="%d"><c r="SZ%d"><v>1</v></c></row>' % (number, number) for number in range(2, 100_000))
    book[sheet] = (
        b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1"><v>1</v></c></row>' + rows + b"</sheetData></worksheet>"
    )
    _pack(path, book)
    assert path.stat().st_size < 2**20
    assert isinstance(refusal(path, Limits(memory_bytes=512 * 2**20, seconds_per_50_mb=60)), FileTooLarge)


def test_a_reader_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "slow.csv", [old(id=number) for number in range(1, 3000)])
    with pytest.raises(FileTooLarge, match="longer than 0 seconds"):
        Read(path, Limits(memory_bytes=2**31, seconds_per_50_mb=0))


@pytest.mark.parametrize("keep", [10, 200, 0.5, 0.95])
def test_a_truncated_workbook_is_unreadable(tmp_path: Path, keep: float) -> None:
    path = workbook(tmp_path / "cut.xlsx", [old()])
    content = path.read_bytes()
    path.write_bytes(content[: int(keep if keep > 1 else len(content) * keep)])
    assert isinstance(refusal(path), UnreadableFile)


def test_a_protected_workbook_is_told_from_an_old_one(tmp_path: Path) -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000)
    protected, old_format = tmp_path / "protected.xlsx", tmp_path / "old.xls"
    protected.write_bytes(ole + "EncryptedPackage".encode("utf-16-le") + bytes(100))
    old_format.write_bytes(ole + "Workbook".encode("utf-16-le") + bytes(100))
    assert isinstance(refusal(protected), EncryptedFile)
    error = refusal(old_format)
    assert isinstance(error, UnreadableFile)
    assert not isinstance(error, EncryptedFile)
    assert ".xlsx or CSV" in error.detail


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("empty.xlsx", b"", UnreadableFile),
        ("text.xlsx", b"This is a letter, not a survey.\n", WrongLayout),
        ("other.csv", b"a,b,c\n1,2,3\n", WrongLayout),
        ("latin.csv", "name\nPe\xf1a\n".encode("latin-1") * 5000, SourceError),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\xff\xfe" + bytes(range(256)), UnreadableFile),
        ("utf16.csv", "id,period\n".encode("utf-16"), UnreadableFile),
        ("zip.xlsx", b"PK\x03\x04 and then nothing", UnreadableFile),
        ("cut.csv.gz", gzip.compress(b"id,period\n" * 100, mtime=0)[:-20], SourceError),
    ],
)
def test_a_file_that_is_something_else_is_refused(
    tmp_path: Path, name: str, content: bytes, kind: type[SourceError]
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert isinstance(refusal(path), kind)


def test_csv_that_breaks_off_or_changes_encoding_is_refused_with_its_row(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "survey.csv", [old(id=1), old(id=2)])
    whole = path.read_bytes()
    path.write_bytes(whole + b'3,"2013_3Q,GBR')
    assert "row 4" in refusal(path).detail
    path.write_bytes(whole + b"3,2013_3Q,\xff\xfe\n")
    assert "at or after row" in refusal(path).detail


def test_a_workbook_without_the_survey_s_sheets_names_those_it_has(tmp_path: Path) -> None:
    error = refusal(workbook(tmp_path / "other.xlsx", sheets={"Sales": [["a"]]}))
    assert isinstance(error, MissingSheet)
    assert "Dataset (up to Q1 2016)" in error.detail
    assert "Sales" in error.detail


def test_a_missing_column_fails_the_whole_file_by_name(tmp_path: Path) -> None:
    less = {name: value for name, value in old().items() if name not in {"cc2 lcu fee", "date"}}
    for path in (csv_file(tmp_path / "a.csv", [less]), workbook(tmp_path / "a.xlsx", [less])):
        error = refusal(path)
        assert isinstance(error, MissingColumn)
        assert set(error.columns) == {"cc2 lcu fee", "date"}


def test_the_wrong_layout_under_a_sheet_s_name_fails_the_whole_file(tmp_path: Path) -> None:
    wrong = workbook(tmp_path / "wrong.xlsx", sheets={"Dataset (from Q2 2016)": table([old()])})
    assert isinstance(refusal(wrong), MissingColumn)
    empty = workbook(tmp_path / "empty.xlsx", sheets={"Dataset (from Q2 2016)": [["nothing", "here"]]})
    assert isinstance(refusal(empty), WrongLayout)


def test_a_column_that_counts_must_not_occur_twice(tmp_path: Path) -> None:
    rows = table([old()])
    rows[0].append("date")
    rows[1].append("19/Jul/2013")
    assert "twice" in refusal(workbook(tmp_path / "twice.xlsx", sheets={"Dataset (up to Q1 2016)": rows})).detail


def _members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def _pack(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
