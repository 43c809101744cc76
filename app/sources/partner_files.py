"""Files that partners send: CSV or NDJSON, also gzipped, as a stream of items, each read like a pushed one.

A line of NDJSON is an item as ``POST /v1/quotes`` takes it. A row of CSV says the same in columns: nested fields have a
point in their names (``fee.kind``), lists a semicolon between their words, and whole structures (``fee.bands``) are
JSON. An empty cell is a field that is not there. What is wrong with one item refuses that item; what makes the whole
file doubtful (its header, its packing, its encoding) refuses the file, with the line.
"""

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import IO, Any, Final, NamedTuple

import msgspec

from app.domain.errors import listed, quoted
from app.domain.file_errors import FileTooLarge, MissingColumn, Place, UnreadableFile, WrongLayout

LONGEST_LINE: Final = 64 * 1024
"""Bytes of one line: no item is as long."""

MOST_EMPTY_LINES: Final = 10_000
"""So many empty lines may follow one another."""

MOST_UNPACKED: Final = 200
"""How many times its packed size a file may unpack to: prices in gzip come to a tenth or a fiftieth."""

ALWAYS_UNPACKED: Final = 2**20
"""Bytes that any file may unpack to, however small it is packed."""

_GZIP: Final = b"\x1f\x8b"
_BOM: Final = b"\xef\xbb\xbf"
_SEPARATOR: Final = ";"
_NOTHING_SAID: Final = b' \t\r\n,"'

_TEXTS: Final = frozenset(
    {
        *("external_id", "provider", "provider_name", "provider_type", "corridor"),
        *("sending_currency", "receiving_currency", "transfer_speed", "customer", "fee_mode"),
        *("fee.kind", "fee.amount", "fee.at_amount", "fee.percent", "offered_rate"),
        *("observed_at", "valid_until", "min_amount", "max_amount"),
    }
)
_LISTS: Final = frozenset({"payment_instruments", "access_points", "receiving_methods"})
_STRUCTURES: Final = frozenset({"fee.bands", "offered_rates", "taxes"})
_CHOICES: Final = frozenset({"fee.marginal"})
_REQUIRED: Final = ("external_id", "provider", "corridor", "sending_currency", "receiving_currency", "observed_at")

COLUMNS: Final = tuple(sorted(_TEXTS | _LISTS | _STRUCTURES | _CHOICES))
"""Every column that a CSV file may have."""


class FileFormat(StrEnum):
    """What a partner's file is, by its media type."""

    CSV = "text/csv"
    NDJSON = "application/x-ndjson"


class FileItem(NamedTuple):
    """One item of a file: the bytes of its JSON, and the line on which it begins, from 1."""

    raw: bytes
    line: int


class PartnerFile:
    """A partner's file while it is read; ``bytes_read`` says how far, in bytes as they were received."""

    def __init__(
        self, received: IO[bytes] | gzip.GzipFile, file_format: FileFormat, *, size: int, most_bytes: int
    ) -> None:
        """``received`` gives the bytes as they were sent, ``size`` of them; ``most_bytes`` bounds them unpacked."""
        self._received = received
        self._format = file_format
        self._size = size
        self._most_bytes = most_bytes
        self._line = 0
        self._unpacked = 0
        self._row_began = 0
        self._packed: IO[bytes] | gzip.GzipFile | None = None

    @property
    def bytes_read(self) -> int:
        """How many of the received bytes are read."""
        return min(self._size, self._unpacked if self._packed is None else self._packed.tell())

    @property
    def place(self) -> Place:
        """Where the file is being read."""
        return Place(row=self._line or None)

    def items(self) -> Iterator[FileItem]:
        """Yield the items in their order; raises the kinds of UnreadableFile and WrongLayout, with the line."""
        head = self._received.read(len(_GZIP))
        self._received.seek(0)
        lines = self._lines(self._unpacking() if head == _GZIP else self._received)
        yield from self._rows(lines) if self._format is FileFormat.CSV else self._objects(lines)
        if self._line == 0:
            raise UnreadableFile("is empty.")

    def _unpacking(self) -> gzip.GzipFile:
        self._packed = self._received
        return gzip.GzipFile(fileobj=self._received, mode="rb")

    def _lines(self, stream: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
        """Yield lines, never one that is longer than an item can be, nor more than may be unpacked.

        Nor many empty ones: they use up no quota, and would be read for minutes while nobody else can write.
        """
        empty = 0
        while line := self._line_of(stream):
            self._line += 1
            self._unpacked += len(line)
            if len(line) > LONGEST_LINE:
                raise UnreadableFile(f"is longer than {LONGEST_LINE // 1024} KiB; no quote is.", place=self.place)
            self._check_size()
            empty = 0 if line.strip(_NOTHING_SAID) else empty + 1
            if empty > MOST_EMPTY_LINES:
                raise UnreadableFile(f"is the last of more than {MOST_EMPTY_LINES:,} empty lines.", place=self.place)
            yield line.removeprefix(_BOM) if self._line == 1 else line

    def _line_of(self, stream: IO[bytes] | gzip.GzipFile) -> bytes:
        try:
            return stream.readline(LONGEST_LINE + 1)
        except (gzip.BadGzipFile, zlib.error, EOFError):
            raise UnreadableFile("is packed in a way that cannot be unpacked to its end.", place=self.place) from None

    def _check_size(self) -> None:
        if self._unpacked > self._most_bytes:
            raise FileTooLarge(f"is more than {self._most_bytes:,} bytes unpacked.", place=self.place)
        most = max(ALWAYS_UNPACKED, MOST_UNPACKED * self._size)
        if self._packed is not None and self._unpacked > most:
            raise FileTooLarge(f"unpacks to more than {MOST_UNPACKED} times its size.", place=self.place)

    def _objects(self, lines: Iterator[bytes]) -> Iterator[FileItem]:
        for line in lines:
            item = line.strip()
            if item:
                yield FileItem(item, self._line)

    def _rows(self, lines: Iterator[bytes]) -> Iterator[FileItem]:
        rows = self._cells(lines)
        header = next(rows, None)
        if header is None:
            return
        columns = self._columns(header)
        began = self._line
        for cells in rows:
            line, began = began + 1, self._line
            if not any(cells):
                continue
            if len(cells) != len(columns):
                problem = f"has {len(cells)} cells where the header has {len(columns)}."
                raise WrongLayout(problem, place=Place(row=line))
            yield FileItem(_item_of(columns, cells), line)

    def _cells(self, lines: Iterator[bytes]) -> Iterator[list[str]]:
        try:
            for cells in csv.reader(map(self._text, lines), strict=True):
                yield cells
                self._row_began = self._unpacked
        except csv.Error:
            raise UnreadableFile(
                "is no row of CSV: quotes must be closed, and doubled inside.", place=self.place
            ) from None

    def _text(self, line: bytes) -> str:
        if self._unpacked - self._row_began > LONGEST_LINE:  # quotes let a row go on over lines without end
            raise UnreadableFile(f"ends a row of more than {LONGEST_LINE // 1024} KiB; no quote is.", place=self.place)
        try:
            return line.decode()
        except UnicodeDecodeError:
            raise UnreadableFile("is not text in UTF-8.", place=self.place) from None

    def _columns(self, header: list[str]) -> list[str]:
        columns = [name.strip() for name in header]
        unknown = sorted(set(columns).difference(COLUMNS))
        if unknown:
            known = listed(COLUMNS, most=len(COLUMNS))
            raise WrongLayout(f"has a column {quoted(unknown[0])}; expected only {known}.", place=self.place)
        if len(set(columns)) < len(columns):
            raise WrongLayout("names a column twice.", place=self.place)
        missing = tuple(name for name in _REQUIRED if name not in columns)
        if missing:
            raise MissingColumn(columns=missing, place=self.place)
        return columns


def _item_of(columns: list[str], cells: list[str]) -> bytes:
    """Return a row as the JSON of an item; what a cell cannot be is left as text, for the item's reader to refuse."""
    item: dict[str, Any] = {}
    for name, cell in zip(columns, cells, strict=True):
        text = cell.strip()
        if not text:
            continue
        outer, _, inner = name.partition(".")
        if inner:
            item.setdefault(outer, {})[inner] = _value(name, text)
        else:
            item[name] = _value(name, text)
    return msgspec.json.encode(item)


def _value(name: str, text: str) -> Any:  # noqa: ANN401 - JSON
    return _READ[name](text) if name in _READ else text


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(_SEPARATOR)]


def _structure(text: str) -> msgspec.Raw | str:
    try:
        return msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return text


def _choice(text: str) -> bool | str:
    return {"true": True, "false": False}.get(text, text)


_READ: Final[dict[str, Callable[[str], Any]]] = {
    **dict.fromkeys(_LISTS, _words),
    **dict.fromkeys(_STRUCTURES, _structure),
    **dict.fromkeys(_CHOICES, _choice),
}
