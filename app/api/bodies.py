"""What calls are sent: read as a stream, never more than a call takes, and JSON read strictly; the one reader.

The framework's own reading is not used: it takes bodies of any size, keys that come twice and numbers that are none.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any, Final, TypeVar

from pydantic import BaseModel
from starlette.requests import ClientDisconnect, Request

from app.api.problems import BadRequestError, ErrorItem
from app.domain.body_errors import BodyCutShort, BodyOfOtherKind, BodyTooLarge, BodyUnreadable, KeyInRequest
from app.domain.file_errors import UnreadableFile
from app.domain.keys import holds_key
from app.sources.json_documents import ShapeError, read_document, shaped
from app.sources.tariff_fields import reason_of

SMALL_BODY_BYTES: Final = 64 * 1024
"""What every call takes but those that say otherwise."""

MOST_VALUES: Final = 20_000
PAUSE_SECONDS: Final = 30.0
"""So long a body may pause before it counts as cut short."""

_QUOTATION: Final = re.compile('"[^"]*"')
_BOM: Final = b"\xef\xbb\xbf"

Shape = TypeVar("Shape")


async def read_body(request: Request, most: int = SMALL_BODY_BYTES) -> bytes:
    """Return a body of at most ``most`` bytes. Raises BodyTooLarge, BodyCutShort, BodyOfOtherKind for packed ones."""
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise BodyOfOtherKind(expected="a body without Content-Encoding")
    body = b"".join([part async for part in pieces_of(request, most)])
    if holds_key(body):  # what is in a body may be stored, and shown
        raise KeyInRequest
    return body


async def pieces_of(request: Request, most: int) -> AsyncIterator[bytes]:
    """Yield a body as it comes, packed or not. Raises BodyTooLarge as soon as it is, and BodyCutShort."""
    check_length(request, most)
    length = 0
    stream = request.stream()
    try:
        while (part := await asyncio.wait_for(anext(stream, None), PAUSE_SECONDS)) is not None:
            length += len(part)
            if length > most:
                raise BodyTooLarge(most=most)
            yield part
    except (ClientDisconnect, TimeoutError):
        raise BodyCutShort from None


def check_length(request: Request, most: int) -> None:
    """Raise BodyTooLarge where a request says itself that its body is larger than ``most``."""
    said = request.headers.get("content-length", "")
    if said.isascii() and said.isdigit() and (len(said) > len(str(most)) or int(said) > most):
        raise BodyTooLarge(most=most)


def check_json(request: Request) -> None:
    """Raise BodyOfOtherKind for a request that does not say that its body is JSON in UTF-8."""
    kind, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    charset = parameters.replace(" ", "").replace('"', "")
    if kind.strip() != "application/json" or charset not in {"", "charset=utf-8"}:
        raise BodyOfOtherKind(expected="the Content-Type application/json")


async def read_json_bytes(request: Request, most: int = SMALL_BODY_BYTES) -> bytes:
    """Return a body that says that it is JSON, and does not begin as something else; nothing of it is judged yet."""
    check_json(request)
    body = await read_body(request, most)
    if body.startswith(_BOM):
        raise BodyUnreadable(problem="it begins with a byte order mark, which JSON does not have.")
    if not body.strip():
        raise BodyUnreadable(problem="it is empty, and JSON was expected.")
    return body


async def read_json(request: Request, kind: type[Shape], most: int = SMALL_BODY_BYTES) -> Shape:
    """Return a JSON body as ``kind``, a compiled struct whose numbers are ``Exact``.

    Raises BodyUnreadable for what is no JSON or says something twice, BadRequestError with a pointer for another shape.
    """
    return json_as(await read_json_bytes(request, most), kind)


def json_as(body: bytes, kind: type[Shape]) -> Shape:
    """Return a JSON body that was read before, as ``read_json`` does."""
    try:
        return shaped(read_document(body, MOST_VALUES), kind)
    except UnreadableFile as error:
        raise unreadable(error) from None
    except ShapeError as error:
        raise misshapen(error) from None


def request_body(shape: type[BaseModel]) -> dict[str, Any]:
    """Return what a route says of its JSON body in the contract, as ``openapi_extra``."""
    schema = shape.model_json_schema(ref_template="#/components/schemas/{model}")
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def unreadable(error: UnreadableFile) -> BodyUnreadable:
    """Return what bytes that are no JSON are for whoever sent them."""
    return BodyUnreadable(problem=error.problem)


def misshapen(error: ShapeError, code: str = "invalid-body") -> BadRequestError:
    """Return what a fault of shape is for whoever sent the body; what was given is never told."""
    reason = _QUOTATION.sub("this value", reason_of(error)).rstrip(".")
    where = error.pointer.removeprefix("/").replace("/", ".") or "body"
    return BadRequestError([ErrorItem(pointer=f"/body{error.pointer}", code=code, detail=f"{where}: {reason}.")])
