"""Packed bodies come out as they went in, in whatever pieces they arrive, and never beyond their limits."""

import gzip
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.fetch_errors import AnswerTooLarge, CutOff, FetchError, GarbledAnswer
from app.fetch.unpacking import body_of


def unpacked(*pieces: bytes, encoding: str = "gzip", most: int = 10**7) -> bytes:
    return body_of(pieces, encoding=encoding, host="a.example", max_bytes=10**6, max_unpacked_bytes=most)


def cut(body: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(body), *(place % (len(body) + 1) for place in places)})
    return [body[start:end] for start, end in pairwise(edges)]


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5), st.lists(st.integers(0, 10**6), max_size=10))
def test_members_and_pieces_may_be_cut_anywhere(members: list[bytes], places: list[int]) -> None:
    packed = b"".join(gzip.compress(member) for member in members)
    assert unpacked(*cut(packed, places)) == b"".join(members)


@pytest.mark.parametrize("size", [0, 1, 2**20 - 1, 2**20, 2**20 + 1, 3 * 2**20, 5_000_000])
@pytest.mark.parametrize("piece", [1000, 10**6])
def test_large_bodies_are_whole(size: int, piece: int) -> None:
    body = bytes(size)
    packed = gzip.compress(body)
    pieces = [packed[start : start + piece] for start in range(0, len(packed), piece)]
    assert unpacked(*pieces) == body
    assert unpacked(*pieces, most=size) == body
    if size:
        with pytest.raises(AnswerTooLarge):
            unpacked(*pieces, most=size - 1)


@given(st.binary(min_size=1, max_size=500), st.integers(1, 500))
def test_what_is_cut_short_is_never_taken_for_whole(body: bytes, lost: int) -> None:
    packed = gzip.compress(body)
    rest = packed[: -min(lost, len(packed) - 1)]
    with pytest.raises(CutOff):
        unpacked(rest)


@given(st.binary(max_size=500))
def test_bytes_that_are_not_packed_are_refused(body: bytes) -> None:
    if body:
        with pytest.raises(FetchError):
            unpacked(body)


@pytest.mark.parametrize("encoding", ["br", "deflate", "zstd", "compress", "gzip, gzip", "gzip,br", "gz", "\u0261zip"])
def test_other_packing_than_gzip_once_is_refused(encoding: str) -> None:
    with pytest.raises(GarbledAnswer, match="a way that we did not ask for"):
        unpacked(b"anything", encoding=encoding)


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", " x-gzip "])
def test_gzip_has_two_names_and_any_case(encoding: str) -> None:
    assert unpacked(gzip.compress(b"hello"), encoding=encoding) == b"hello"


@pytest.mark.parametrize("encoding", ["", "identity"])
def test_what_is_not_packed_passes_as_it_is(encoding: str) -> None:
    assert unpacked(b"hel", b"lo", encoding=encoding) == b"hello"


def test_nothing_after_the_limit_is_read() -> None:
    def pieces() -> object:
        yield from (bytes(400_000), bytes(400_000), bytes(400_000))
        raise AssertionError("read on")

    with pytest.raises(AnswerTooLarge, match="sent more than 1000000 bytes"):
        body_of(pieces(), encoding="", host="a.example", max_bytes=10**6, max_unpacked_bytes=10**9)  # type: ignore[arg-type]
