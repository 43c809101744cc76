"""Writes are done once: the first answer to an Idempotency-Key is stored with what it did, and given again for a day.

A key belongs to one partner and to one write: another body under it is refused. Nothing is stored of a write that did
nothing (a body that could not be read, a dry run), so that it may be sent again under the same key.
"""

import gzip
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b, sha256
from typing import Annotated, Final

from fastapi import Header
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import Response

from app.api.formats import GZIP_FROM_BYTES, GZIP_LEVEL, JSON, accepts_gzip
from app.db import claim, reading
from app.domain.push_errors import (
    IdempotencyInProgress,
    IdempotencyKeyMalformed,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
)
from app.store import idempotency
from app.store.idempotency import Answered, Asked

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
LONGEST_KEY: Final = 255

_BARE: Final = re.compile(r"[!#-~](?:[ -~]{0,254})", re.ASCII)
_QUOTED: Final = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"', re.ASCII)
_ESCAPED: Final = re.compile(r'\\(["\\])')

WRITTEN: Final = (
    rf'^[ \t]*(?:"(?:[ !#-\[\]-~]|\\["\\]){{1,{LONGEST_KEY}}}"|[!#-~](?:[ -~]{{0,{LONGEST_KEY - 2}}}[!-~])?)[ \t]*$'
)
"""Both forms of a key, as the contract says them."""

IdempotencyKeyHeader = Annotated[
    str | None,
    Header(
        alias=HEADER,
        description="A text of your own, 1 to 255 printable ASCII characters, new for each write and the same for each "
        'attempt at it; quoted (`"6f1c…"`) or bare. Within 24 hours the same write under it is done once and answered '
        "with the same bytes.",
        json_schema_extra={"pattern": WRITTEN},
    ),
]
"""Documents the header in the contract; ``exactly_once`` reads it from the request."""

Remember = Callable[[Connection, "Written"], None]
"""To be called once inside the transaction of a write, at its end, with what will be answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The answer to a write: the same bytes are sent now and for as long as its key is remembered."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON

    def response(self, request: Request, *, is_replayed: bool = False) -> Response:
        """Return the answer for one request: never kept by a cache, packed where the caller takes that."""
        headers = {"Cache-Control": "private, no-store", **self.headers, "Vary": "Accept-Encoding"}
        if is_replayed:
            headers[REPLAYED] = "true"
        body = self.body
        if len(body) >= GZIP_FROM_BYTES and accepts_gzip(request.headers.get("accept-encoding", "")):
            body = gzip.compress(body, compresslevel=GZIP_LEVEL, mtime=0)
            headers["Content-Encoding"] = "gzip"
        return Response(body, status_code=self.status, media_type=self.media_type, headers=headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A write as it is recognised: whose it is, where it goes, when, and a hash of all that it asks for."""

    request: Request
    engine: Engine
    partner: str
    now: datetime
    fingerprint: bytes


def fingerprint(request: Request, body: bytes) -> bytes:
    """Return a hash of a call and its body; for a file, give its own hash as the body."""
    said = f"{request.method} {request.url.path}?{request.url.query}\n{request.headers.get('content-type', '')}\n"
    digest = blake2b(said.encode("utf-8", "surrogatepass"), digest_size=32)
    digest.update(body)
    return digest.digest()


def exactly_once(write: Write, act: Callable[[Remember], Written], *, is_required: bool) -> Response:
    """Do a write, or give again what its first attempt was answered; blocks, so call it off the event loop.

    ``act`` does it in one transaction, and calls what it is given with its connection and answer before it commits: so
    the answer is stored exactly where the effect is. Without a key (where none ``is_required``) nothing is remembered.

    Raises IdempotencyKeyMissing, IdempotencyKeyMalformed, IdempotencyInProgress, IdempotencyKeyReused, and what ``act``
    raises; then nothing is remembered.
    """
    key = read_key(write.request.headers.getlist(HEADER))
    if key is None:
        if is_required:
            raise IdempotencyKeyMissing
        return act(_forget).response(write.request)
    asked = Asked(write.partner, sha256(key.encode()).digest(), write.fingerprint)
    with claim(write.engine, f"write/{write.partner}/{asked.key_hash.hex()}") as is_ours:
        if not is_ours:
            raise IdempotencyInProgress
        with reading(write.engine) as connection:
            answered = _answered(connection, asked, write.now)
        if answered is None:
            return _attempt(write, asked, act)
    return _again(answered, write.request)


def read_key(given: list[str]) -> str | None:
    """Return the key that the headers give, null where there is none; quoted and bare are the same key."""
    if not given:
        return None
    if len(given) > 1:
        raise IdempotencyKeyMalformed(expected="it once")
    text = given[0].strip(" \t")
    if text.startswith('"'):
        quoted = _QUOTED.fullmatch(text)
        key = _ESCAPED.sub(r"\1", quoted[1]) if quoted else ""
    else:
        key = text if _BARE.fullmatch(text) else ""
    if not 1 <= len(key) <= LONGEST_KEY:
        raise IdempotencyKeyMalformed(
            expected=f'1 to {LONGEST_KEY} printable ASCII characters, bare or in double quotes, such as "6f1c0a2e"'
        )
    return key


class _AnsweredMeanwhileError(Exception):
    """Raised to roll a write back whose key was answered since it was looked up: a claim was lost with its process."""

    def __init__(self, answered: Answered) -> None:
        super().__init__("the key was answered meanwhile")
        self.answered = answered


def _attempt(write: Write, asked: Asked, act: Callable[[Remember], Written]) -> Response:
    def remember(connection: Connection, written: Written) -> None:
        answered = _answered(connection, asked, write.now)
        if answered is not None:
            raise _AnsweredMeanwhileError(answered)
        headers = {**written.headers, "Content-Type": written.media_type}
        idempotency.store(connection, asked, Answered(written.status, headers, written.body), write.now)

    try:
        return act(remember).response(write.request)
    except _AnsweredMeanwhileError as meanwhile:
        return _again(meanwhile.answered, write.request)


def _forget(_connection: Connection, _written: Written) -> None:
    """Remember nothing: the write has no key."""


def _answered(connection: Connection, asked: Asked, now: datetime) -> Answered | None:
    found = idempotency.find(connection, asked, now)
    if found is None:
        return None
    fingerprint_of_first, answered = found
    if fingerprint_of_first != asked.fingerprint:
        raise IdempotencyKeyReused
    return answered


def _again(answered: Answered, request: Request) -> Response:
    headers = dict(answered.headers)
    written = Written(
        status=answered.status, body=answered.body, media_type=headers.pop("Content-Type"), headers=headers
    )
    return written.response(request, is_replayed=True)
