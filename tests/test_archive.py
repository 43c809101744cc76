"""Received bytes are kept whole, once, by what they are."""

import gzip
from pathlib import Path

import pytest

from app.archive import ArchiveError, content_hash, keep, kept


@pytest.mark.parametrize(
    "content", [b"", b"id,period\n" * 1000, gzip.compress(b"x" * 1000, mtime=0), b"PK\x03\x04workbook"]
)
def test_bytes_come_back_as_they_were_received(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "received"
    file.write_bytes(content)
    file_hash = keep(file, tmp_path / "data")
    assert file_hash == content_hash(file)
    with kept(file_hash, tmp_path / "data") as found:
        assert found.read() == content


def test_plain_bytes_are_compressed_and_compressed_ones_left_alone(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.csv", tmp_path / "a.csv.gz"
    plain.write_bytes(b"id,period\n" * 100_000)
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    for file in (plain, packed):
        keep(file, tmp_path / "data")
    sizes = sorted(each.stat().st_size for each in (tmp_path / "data").rglob("*") if each.is_file())
    assert max(sizes) < 20_000
    assert packed.stat().st_size in sizes


def test_the_same_bytes_are_kept_once_and_nothing_else_is_left(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"same")
        keep(tmp_path / name, tmp_path / "data")
    assert len([each for each in (tmp_path / "data").rglob("*") if each.is_file()]) == 1


def test_what_was_never_kept_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), kept("0" * 64, tmp_path):
        pass


def test_a_folder_that_cannot_hold_them_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    file = tmp_path / "received"
    file.write_bytes(b"x")
    with pytest.raises(ArchiveError, match=r"data/archive.*THREEPERCENT_DATA_DIR"):
        keep(file, tmp_path / "data")
    with pytest.raises(FileNotFoundError):
        keep(tmp_path / "nowhere", tmp_path / "elsewhere")
