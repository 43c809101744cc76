"""What a key looks like: ``tp_live_`` and random characters, then a checksum by which a mistyped one shows itself.

The prefix lets scanners find leaked keys; the checksum lets us refuse a malformed key without asking the database.
Whoever makes a key gives the random bytes; what is stored is ``digest``, which nobody can turn back.
"""

import hmac
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from zlib import crc32

from app.domain.key_errors import KeyMalformed
from app.domain.partners import KeyKind

RANDOM_BYTES: Final = 20
"""160 bits: of 100,000 keys no two are ever alike, and none can be guessed."""

LONGEST_KEY: Final = 64

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_LENGTH: Final = 27  # 62^27 > 256^20
_CHECKSUM_LENGTH: Final = 6  # 62^6 > 2^32
_SHOWN_RANDOM: Final = 4
_KINDS: Final = "|".join(kind.value for kind in KeyKind)
_PATTERN: Final = rf"tp_({_KINDS})_[0-9A-Za-z]{{{_RANDOM_LENGTH}}}_[0-9A-Za-z]{{{_CHECKSUM_LENGTH}}}"
_SHAPE: Final = re.compile(_PATTERN, re.ASCII)
_SHAPE_IN_BYTES: Final = re.compile(_PATTERN.encode())
_BEGINNING: Final = b"tp_"


@dataclass(frozen=True, slots=True, repr=False)
class ApiKey:
    """A key of good shape: secret, so it is never shown but to whoever it was made for, once."""

    kind: KeyKind
    text: str

    def __repr__(self) -> str:
        """Say what it is without saying it, in whatever log or traceback it ends up."""
        return f"ApiKey({self.shown})"

    @property
    def shown(self) -> str:
        """The first characters, by which people tell keys apart; they help nobody to guess the rest."""
        return f"{self.text[: len(_prefix(self.kind)) + _SHOWN_RANDOM]}…"


def make_key(kind: KeyKind, random_bytes: bytes) -> ApiKey:
    """Return the key of 20 random bytes."""
    if len(random_bytes) != RANDOM_BYTES:
        raise ValueError(f"a key is made of {RANDOM_BYTES} random bytes")
    body = _prefix(kind) + _base62(int.from_bytes(random_bytes, "big"), _RANDOM_LENGTH)
    return ApiKey(kind, f"{body}_{_checksum(body)}")


def read_key(text: str) -> ApiKey:
    """Return a key as it was sent; raise KeyMalformed, which does not repeat it, unless shape and checksum are good."""
    found = _SHAPE.fullmatch(text) if len(text) <= LONGEST_KEY else None
    if found is None:
        raise KeyMalformed
    body, _, checksum = text.rpartition("_")
    if checksum != _checksum(body):
        raise KeyMalformed
    return ApiKey(KeyKind(found[1]), text)


def holds_key(sent: bytes) -> bool:
    """Say whether a key stands in what was sent where none belongs: it is to be refused, and stored nowhere."""
    return _BEGINNING in sent and any(
        checksum == _checksum(body)
        for body, _, checksum in (found[0].decode().rpartition("_") for found in _SHAPE_IN_BYTES.finditer(sent))
    )


def digest(secret: bytes, key: ApiKey) -> bytes:
    """Return what is stored of a key and what it is found by: its HMAC-SHA256 under the server's secret."""
    return hmac.digest(secret, key.text.encode(), sha256)


def _prefix(kind: KeyKind) -> str:
    return f"tp_{kind.value}_"


def _checksum(body: str) -> str:
    return _base62(crc32(body.encode()), _CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
