"""A file says by its content whose answer it is; what is not recognised is left to the reader of surveys."""

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.domain.errors import InvalidParameter
from app.domain.file_errors import FileTooLarge, UnreadableFile
from app.ingest import answer_files
from app.ingest.answer_files import answer_file
from tests.sources.survey_files import csv_file, old

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TABLE = b"Date,USD,\n2024-06-28,1.0705,\n"
XML = b"<Envelope xmlns='http://www.ecb.int/vocabulary/2002-08-01/eurofxref'><Cube>%s</Cube></Envelope>"
DAY = b"<Cube time='2024-06-28'><Cube currency='USD' rate='1.07'/></Cube>"
TARIFFS = b'{"format": "threepercent-tariffs-1", "synthetic": %s, "quotes": []}'


def zipped(name: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(name, TABLE)
    return target.getvalue()


def recognised(folder: Path, body: bytes, source: str | None = None) -> tuple[str, str] | None:
    file = folder / "named-like-nothing"
    file.write_bytes(body)
    found = answer_file(file, NOW, source)
    if found is None:
        return None
    assert found.body == body
    assert dict(found.ask.wanted)["day"] == "2026-11-24"
    return found.source.key, found.ask.target


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (TABLE, ("ecb", "history")),
        (b"\xef\xbb\xbf" + TABLE, ("ecb", "history")),
        (zipped("eurofxref-hist.csv"), ("ecb", "history")),
        (XML % DAY, ("ecb", "daily")),
        (XML % (DAY + DAY), ("ecb", "last_90_days")),
        (b"Date,USD,synthetic\n2024-06-28,1.07,yes\n", ("demo_rates", "file")),
        (TARIFFS % b"false", ("quote_file", "file")),
        (TARIFFS % b"true", ("demo_tariffs", "file")),
    ],
)
def test_a_file_is_recognised_by_its_content(tmp_path: Path, body: bytes, expected: tuple[str, str]) -> None:
    assert recognised(tmp_path, body) == expected


@pytest.mark.parametrize("body", [b"", b"Dear survey", b"<html></html>", b"PK\x03\x04", zipped("xl/workbook.xml")])
def test_what_is_not_recognised_is_left_to_the_reader_of_surveys(tmp_path: Path, body: bytes) -> None:
    assert recognised(tmp_path, body) is None


def test_a_survey_is_left_to_its_own_reader(tmp_path: Path) -> None:
    assert answer_file(csv_file(tmp_path / "survey.csv", [old(id=1)]), NOW) is None
    assert recognised(tmp_path, TABLE, "rpw") is None


def test_json_that_does_not_say_whose_it_is_has_to_be_told(tmp_path: Path) -> None:
    comparison = b'{"sourceCurrency": "GBP", "providers": []}'
    for body in (comparison, b"[%s]" % comparison):
        with pytest.raises(UnreadableFile, match="--source wise"):
            recognised(tmp_path, body)
    assert recognised(tmp_path, comparison, "wise") == ("wise", "file")


def test_nobody_of_that_name_publishes_files(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match=r"ecb.*wise"):
        recognised(tmp_path, TABLE, "frankfurter")


def test_a_file_that_is_not_there_or_too_large_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnreadableFile, match="missing"):
        answer_file(tmp_path / "missing", NOW)
    monkeypatch.setattr(answer_files, "MOST_BYTES", 20)
    with pytest.raises(FileTooLarge, match="named-like-nothing"):
        recognised(tmp_path, TABLE)
