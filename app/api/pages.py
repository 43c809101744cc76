"""Pages of a list: opaque tokens that hold a position and belong to the parameters they were given for."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Generic, TypeVar
from urllib.parse import urlencode

import msgspec

from app.api.problems import InvalidPageTokenError

Item = TypeVar("Item")

DEFAULT_PAGE_SIZE = 100
LARGEST_PAGE_SIZE = 500
_CHECK_BYTES = 8
_IGNORED = frozenset({"page_token", "page_size", "fields", "language", "raw"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """Some rows of a list and the position of the last, where there are more."""

    rows: tuple[Item, ...]
    next_position: tuple[str, ...] | None


def token_of(position: Sequence[str], path: str, parameters: Sequence[tuple[str, str]]) -> str:
    """Write a position in a list as an opaque token for this address and these parameters."""
    body = msgspec.json.encode(list(position))
    return urlsafe_b64encode(_check(body, path, parameters) + body).decode().rstrip("=")


def position_of(token: str, path: str, parameters: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Read a token's position; ``InvalidPageTokenError`` where it is not one, or was given for other parameters."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        body = raw[_CHECK_BYTES:]
        if raw[:_CHECK_BYTES] != _check(body, path, parameters):
            raise InvalidPageTokenError
        return tuple(msgspec.json.decode(body, type=list[str]))
    except (UnicodeEncodeError, Base64Error, ValueError, msgspec.DecodeError) as error:
        raise InvalidPageTokenError from error


def _check(body: bytes, path: str, parameters: Sequence[tuple[str, str]]) -> bytes:
    # No secret: a token only says where to go on, in a list that anyone may read.
    bound = sorted(pair for pair in parameters if pair[0] not in _IGNORED)
    return blake2b(msgspec.json.encode([path, bound]) + body, digest_size=_CHECK_BYTES).digest()


def next_link(path: str, parameters: Sequence[tuple[str, str]], token: str) -> str:
    """Return the Link header's value for the next page."""
    kept = [pair for pair in parameters if pair[0] != "page_token"]
    return f'<{path}?{urlencode([*kept, ("page_token", token)])}>; rel="next"'


def page_by_key(keyed: Mapping[str, Item], *, after: tuple[str, ...] | None, size: int) -> Page[Item]:
    """Return a page of rows in the order of their keys, from the first key after a position.

    A row that was there all along is on exactly one page, whatever arrives between two requests.
    """
    if after is not None and len(after) != 1:
        raise InvalidPageTokenError
    keys = sorted(key for key in keyed if after is None or key > after[0])
    chosen = keys[:size]
    return Page(rows=tuple(keyed[key] for key in chosen), next_position=(chosen[-1],) if len(keys) > size else None)
