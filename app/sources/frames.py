"""What the reading child tells its parent: msgpack messages, each after its length in four bytes."""

from typing import IO, Any, TypeAlias

import msgspec

from app.sources.source import Mapped, Refused, SurveyQuote

LENGTH_BYTES = 4
LARGEST_FRAME = 64 * 2**20


class Opened(msgspec.Struct, tag=True, frozen=True):
    """The file is a survey; ``is_synthetic`` decides whose. ``total`` is all the work, as ``Batch.done`` counts it."""

    is_synthetic: bool
    layout: str
    total: int


class Batch(msgspec.Struct, tag=True, frozen=True):
    """Some rows, in the file's order. ``quotes`` have the fields of ``SurveyQuote``.

    ``bare`` are accepted rows without any published total, as (period, source key); ``rows_read`` and ``done`` count
    from the file's beginning.
    """

    rows_read: int
    done: int
    services: list[Mapped]
    quotes: list[SurveyQuote]
    bare: list[tuple[str, str]]
    refused: list[Refused]


class PriceCount(msgspec.Struct, frozen=True):
    """How many accepted prices of a tier have these statuses and flags (separated by commas)."""

    tier: str
    fx_margin_status: str
    cost_status: str
    flags: str
    count: int


class SheetCount(msgspec.Struct, frozen=True):
    """What one table of the file held."""

    sheet: str
    rows_read: int
    rows_accepted: int
    periods: list[str]


class Tally(msgspec.Struct, tag=True, frozen=True, kw_only=True):
    """The end of the file, and what was counted on the way.

    ``refused`` counts by (code, column); ``unmapped_labels`` by (vocabulary, label); ``idle_corrections`` describes the
    declared corrections whose period the file holds and that matched nothing; ``sheets_absent`` are the survey's sheets
    that a workbook lacks.
    """

    rows_read: int
    rows_accepted: int
    layouts: list[str]
    periods: list[str]
    prices: list[PriceCount]
    not_published: dict[str, int]
    refused: list[tuple[str, str, int]]
    unmapped_labels: list[tuple[str, str, int]]
    unmapped_notes: dict[str, int]
    rows_with_numbers_as_text: int
    corrections_applied: int
    idle_corrections: list[str]
    sheets: list[SheetCount]
    sheets_absent: list[str]


class Failed(msgspec.Struct, tag=True, frozen=True, kw_only=True):
    """The file cannot be imported: the error's code, what it was made with, and where."""

    code: str
    arguments: dict[str, Any]
    sheet: str | None = None
    row: int | None = None
    column: str | None = None


Message: TypeAlias = Opened | Batch | Tally | Failed

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


def send(out: IO[bytes], message: Message) -> None:
    """Write one message."""
    body = _encoder.encode(message)
    out.write(len(body).to_bytes(LENGTH_BYTES, "big"))
    out.write(body)
    out.flush()


def decode(body: bytes) -> Message:
    """Read one message without its length; raises ``msgspec.DecodeError``."""
    return _decoder.decode(body)
