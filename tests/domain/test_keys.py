"""What a key looks like, and that a mistyped one shows itself."""

import random
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.domain.key_errors import KeyMalformed
from app.domain.keys import LONGEST_KEY, RANDOM_BYTES, digest, holds_key, make_key, read_key
from app.domain.partners import KeyKind

BASE62 = string.digits + string.ascii_letters
SHAPE = re.compile(r"tp_(live|test|pub)_[0-9A-Za-z]{22,}_[0-9A-Za-z]{6}")
SECRET = b"a secret of tests, which is long enough"
NOUGHTS = make_key(KeyKind.LIVE, bytes(RANDOM_BYTES)).text

kinds = some.sampled_from(KeyKind)
randoms = some.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)


def test_a_hundred_thousand_keys_are_all_different_and_well_formed() -> None:
    chance = random.Random(4)
    keys = [make_key(chance.choice(list(KeyKind)), chance.randbytes(RANDOM_BYTES)) for _ in range(100_000)]
    assert len({key.text for key in keys}) == len(keys)
    assert len({digest(SECRET, key) for key in keys}) == len(keys)
    for key in keys:
        assert SHAPE.fullmatch(key.text)
        assert read_key(key.text) == key


def test_keys_are_what_they_always_were() -> None:
    """Keys that were given away stay good: their shape, checksum and hash never change."""
    assert NOUGHTS == "tp_live_000000000000000000000000000_29oMxI"
    assert make_key(KeyKind.TEST, bytes(range(20))).text == "tp_test_0029sS3yqsuDyR1vGFhTuuRAq1b_0EPfA4"
    assert make_key(KeyKind.PUBLISHABLE, b"\xff" * 20).text == "tp_pub_aWgEPTl1tmebfsQzFP4bxwgy80V_1Nersp"
    assert digest(SECRET, read_key(NOUGHTS)).hex()[:16] == "cb713f783dc0e22a"


@given(kinds, randoms)
def test_a_key_is_read_as_it_was_made(kind: KeyKind, chance: bytes) -> None:
    key = make_key(kind, chance)
    assert read_key(key.text) == key
    assert key.kind is kind


@given(kinds, randoms, some.data())
def test_one_wrong_character_is_found(kind: KeyKind, chance: bytes, data: some.DataObject) -> None:
    text = make_key(kind, chance).text
    place = data.draw(some.integers(0, len(text) - 1))
    wrong = data.draw(some.characters().filter(lambda character: character != text[place]))
    with pytest.raises(KeyMalformed):
        read_key(text[:place] + wrong + text[place + 1 :])


@given(kinds, randoms, some.data())
def test_two_characters_that_changed_places_are_found(kind: KeyKind, chance: bytes, data: some.DataObject) -> None:
    text = make_key(kind, chance).text
    place = data.draw(some.integers(0, len(text) - 2))
    swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    if swapped != text:
        with pytest.raises(KeyMalformed):
            read_key(swapped)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tp_live_",
        NOUGHTS[:-1],
        f"{NOUGHTS}0",
        f" {NOUGHTS}",
        f"{NOUGHTS}\n",
        NOUGHTS.upper(),
        NOUGHTS.replace("live", "dead"),
        NOUGHTS.replace("tp", "sk"),
        NOUGHTS.replace("0", "\uff10", 1),
        NOUGHTS.replace("_", "-"),
        NOUGHTS * 1000,
        "\x00" * LONGEST_KEY,
    ],
)
def test_what_is_no_key_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(KeyMalformed) as refused:
        read_key(text)
    assert NOUGHTS not in refused.value.detail


def test_a_key_does_not_show_itself() -> None:
    key = make_key(KeyKind.LIVE, random.Random(5).randbytes(RANDOM_BYTES))
    secret = key.text.removeprefix("tp_live_")
    for said in (repr(key), str(key), f"{key}", f"{[key]}", key.shown):
        assert secret[4:10] not in said
    assert key.shown == f"tp_live_{secret[:4]}…"


def test_a_key_is_found_in_what_was_sent() -> None:
    for sent in (NOUGHTS, f'{{"external_id": "{NOUGHTS}"}}', f"x{NOUGHTS}y", f"tp_live_ {NOUGHTS}"):
        assert holds_key(sent.encode())
    for sent in ("", "tp_live_", NOUGHTS[:-1], NOUGHTS[:-1] + "J", "a.key"):
        assert not holds_key(sent.encode())


def test_hashes_depend_on_the_secret() -> None:
    key = read_key(NOUGHTS)
    assert digest(SECRET, key) != digest(SECRET + b"!", key)
    assert len(digest(SECRET, key)) == 32


def test_a_key_is_made_of_as_many_random_bytes_as_it_needs() -> None:
    with pytest.raises(ValueError, match="20 random bytes"):
        make_key(KeyKind.LIVE, b"few")
