"""How an answer becomes bytes: one JSON encoder, negotiation, entity tags, caching, compression."""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum
from hashlib import blake2b
from typing import TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from app.api.callers import PRIVATE, is_answered_privately
from app.api.problems import NotAcceptableError
from app.domain.money import SIGNIFICANT_DIGITS, normalise

JSON = "application/json"
GZIP_LEVEL = 5
GZIP_FROM_BYTES = 1024
MAX_AGE_SECONDS = 60
STALE_WHILE_REVALIDATE_SECONDS = 300
STALE_IF_ERROR_SECONDS = 86_400
FOR_EVER = "public, max-age=31536000, immutable"
NOT_YET = "public, no-cache"
"""Of an answer as known at an instant: once nothing can change it any more, and before."""
VARY = "Accept, Accept-Encoding, Accept-Language"

Json: TypeAlias = "bool | int | str | Decimal | date | StrEnum | Sequence[Json] | Mapping[str, Json] | None"

_ROUND = Context(prec=SIGNIFICANT_DIGITS, rounding=ROUND_HALF_EVEN)
_ENCODER = msgspec.json.Encoder()


def number(value: Decimal) -> str:
    """Write a decimal as every answer does: at most 15 significant digits, no exponent, no trailing zeros."""
    if len(value.as_tuple().digits) > SIGNIFICANT_DIGITS:
        value = _ROUND.plus(value)
    return format(normalise(value), "f")


def moment(value: datetime) -> str:
    """Write an instant as RFC 3339 in UTC, to the second; microseconds only where there are some."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _plain(value: Json) -> object:
    if isinstance(value, Decimal):
        return msgspec.Raw(number(value).encode())
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def encode(value: Json) -> bytes:
    """Write an answer as JSON: the one encoder of every route and of the command line's ``--json``."""
    return _ENCODER.encode(_plain(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """When an answer is given and when time alone will change it (null: never)."""

    now: datetime
    fresh_until: datetime | None = None

    def cache_control(self) -> str:
        """Return Cache-Control, whose max-age and stale-while-revalidate never reach past ``fresh_until``."""
        left = MAX_AGE_SECONDS + STALE_WHILE_REVALIDATE_SECONDS
        if self.fresh_until is not None:
            left = max(0, min(left, int((self.fresh_until - self.now).total_seconds())))
        max_age = min(MAX_AGE_SECONDS, left)
        return (
            f"public, max-age={max_age}, stale-while-revalidate={left - max_age}, "
            f"stale-if-error={STALE_IF_ERROR_SECONDS}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The bytes of one representation and what HTTP says about them."""

    body: bytes
    media_type: str = JSON
    cache_control: str = "no-store"
    language: str | None = None
    links: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def respond(request: Request, answer: Answer) -> Response:
    """Answer with a strong entity tag of the representation that is sent, 304 where the client has it, and gzip."""
    zipped = len(answer.body) >= GZIP_FROM_BYTES and accepts_gzip(request.headers.get("accept-encoding", ""))
    tag = entity_tag(answer.body, answer.media_type)
    headers = {
        **answer.headers,
        "ETag": f'"{tag}-gzip"' if zipped else f'"{tag}"',
        "Cache-Control": PRIVATE if is_answered_privately(request) else answer.cache_control,
        "Vary": VARY,
    }
    if answer.language:
        headers["Content-Language"] = answer.language
    if answer.links:
        headers["Link"] = ", ".join(answer.links)
    if is_known(request.headers.getlist("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    body = answer.body
    if zipped:
        body = gzip.compress(body, compresslevel=GZIP_LEVEL, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type=answer.media_type, headers=headers)


def entity_tag(body: bytes, media_type: str = JSON) -> str:
    """Return the strong entity tag of a representation, without quotation marks; packed, it ends with ``-gzip``."""
    return blake2b(body, digest_size=16, person=media_type.encode()[:16]).hexdigest()


def is_condition_met(if_match: Sequence[str], tag: str) -> bool:
    """Say whether If-Match headers name this entity tag, by strong comparison."""
    tags = [item.strip() for line in if_match for item in line.split(",")]
    return "*" in tags or f'"{tag}"' in tags or f'"{tag}-gzip"' in tags


def is_known(if_none_match: Sequence[str], tag: str) -> bool:
    """Say whether the client has what this entity tag is of, as its If-None-Match headers say."""
    tags = [item.strip().removeprefix("W/") for line in if_none_match for item in line.split(",")]
    return "*" in tags or f'"{tag}"' in tags or f'"{tag}-gzip"' in tags


def accepts_gzip(accept_encoding: str) -> bool:
    """Say whether the Accept-Encoding header allows gzip."""
    wanted = dict(weighted(accept_encoding))
    return wanted.get("gzip", wanted.get("*", 0)) > 0


def weighted(header: str) -> list[tuple[str, int]]:
    """Read a header such as Accept: its values in lower case with their weights in thousandths, heaviest first."""
    found = []
    for item in header.split(","):
        value, *parameters = (part.strip().lower() for part in item.split(";"))
        if value:
            weight = next((part[2:] for part in parameters if part.startswith("q=")), "1")
            found.append((value, _thousandths(weight)))
    return sorted(found, key=lambda pair: -pair[1])


def _thousandths(weight: str) -> int:
    whole, _, rest = weight.partition(".")
    digits = (whole + rest.ljust(3, "0")[:3]) if weight.isascii() else ""
    return min(1000, int(digits)) if digits.isdigit() and len(whole) == 1 else 0


def negotiate(accept: str | None, offered: Sequence[str]) -> str:
    """Choose the media type that the Accept header wants most; the first offered where it does not say.

    Raises ``NotAcceptableError`` where it allows none of them.
    """
    if not accept:
        return offered[0]
    weights = dict(reversed(weighted(accept)))
    best, chosen = 0, None
    for media_type in offered:
        kind = media_type.partition("/")[0]
        weight = weights.get(media_type, weights.get(f"{kind}/*", weights.get("*/*", 0)))
        if weight > best:
            best, chosen = weight, media_type
    if chosen is None:
        raise NotAcceptableError(offered)
    return chosen
