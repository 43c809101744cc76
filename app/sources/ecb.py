"""The European Central Bank's reference rates: the daily XML, the last 90 days' XML, and the history as CSV or zip.

Stored as published: 1 euro = so many of the other currency. A gap (``N/A``) stays a gap.
"""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final
from xml.parsers import expat

from app.domain.calendars import is_publication_day
from app.domain.errors import quoted
from app.domain.file_errors import FileTooLarge, SourceError, UnreadableFile, WrongLayout
from app.sources.fixings import NOT_PUBLISHED, Fixings
from app.sources.source import Ask, InstitutionRecord, Known, RateReading, Source

INSTITUTION: Final = "ecb"
DAILY, LAST_90_DAYS, HISTORY = "daily", "last_90_days", "history"

_BASE: Final = "EUR"
_NOT_GIVEN: Final = frozenset({"N/A", ""})
_LAST_90_DAYS_REACH: Final = 80
_MOST_BYTES: Final = 32 * 2**20
_MOST_COLUMNS: Final = 200
_MOST_ELEMENTS: Final = 1_000_000
_DEEPEST: Final = 8
_SYNTHETIC: Final = "synthetic"
_ASKED: Final = {
    DAILY: ("eurofxref-daily.xml", "application/xml"),
    LAST_90_DAYS: ("eurofxref-hist-90d.xml", "application/xml"),
    HISTORY: ("eurofxref-hist.zip", "application/zip"),
}


def asks(source: Source, known: Known) -> list[Ask]:
    """Return the one call that leaves no gap: the newest day, the last 90 days, or the whole history."""
    if source.fetching is None:
        return []
    target = _target(dict(known.newest_fixings).get(INSTITUTION), date.fromisoformat(known.today))
    file, accept = _ASKED[target]
    return [Ask(target, f"{source.fetching.url.rstrip('/')}/{file}", accept)]


def _target(newest: str | None, today: date) -> str:
    """Choose the smallest file that holds every day since the newest one that is known."""
    if newest is None:
        return HISTORY
    since = date.fromisoformat(newest)
    if since < today - timedelta(days=_LAST_90_DAYS_REACH):
        return HISTORY
    between = (since + timedelta(days=days) for days in range(1, (today - since).days))
    return LAST_90_DAYS if any(is_publication_day("target", day) for day in between) else DAILY


def read(source: Source, ask: Ask, body: bytes) -> RateReading:  # noqa: ARG001 - each file says itself what it is
    """Turn one of the files into fixings; which it is, its content says."""
    institution = InstitutionRecord(
        key=INSTITUTION,
        source=source.key,
        name="European Central Bank",
        country=None,
        pivot_currency=_BASE,
        rate_type="euro foreign exchange reference rate",
        link=source.link,
        cadence="daily",
    )
    fixings = Fixings()
    if body.startswith(b"PK"):
        body = unpacked(body)
    if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        _Document(fixings).read(body)
    else:
        read_table(body, fixings, INSTITUTION, is_synthetic=False)
    return fixings.reading([institution])


def unpacked(body: bytes) -> bytes:
    """Return the one file that a zip holds. Raises UnreadableFile where it is damaged, holds several, or is too big."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            members = archive.infolist()
            if len(members) != 1:
                raise UnreadableFile(f"holds {len(members)} files; a zip of reference rates holds one.")
            if members[0].compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                raise UnreadableFile("is compressed in a way that is not read here.")
            with archive.open(members[0]) as member:
                found = member.read(_MOST_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise UnreadableFile(f"is a zip that cannot be unpacked ({quoted(str(error), 80)[1:-1]}).") from None
    if len(found) > _MOST_BYTES:
        raise FileTooLarge(f"is more than {_MOST_BYTES // 2**20} MiB when it is unpacked.")
    return found


def read_table(body: bytes, fixings: Fixings, institution: str, *, is_synthetic: bool) -> None:
    """Read the history's CSV: ``Date`` and a column for each currency, one row a day, ``N/A`` where there is none.

    An empty last column is the file's own trailing comma. A column ``synthetic``, with ``yes`` in every row, marks
    rates that somebody invented; they must be expected.
    """
    rows = _rows(body)
    header = [name.strip() for name in next(rows, (0, []))[1]]
    if not header or header[0] != "Date":
        raise WrongLayout('expected reference rates as CSV with a first column "Date".')
    if len(header) > _MOST_COLUMNS:
        raise WrongLayout(f"has more than {_MOST_COLUMNS} columns.")
    if (_SYNTHETIC in header) is not is_synthetic:
        raise WrongLayout(
            f'{"lacks" if is_synthetic else "has"} the column "{_SYNTHETIC}", which marks invented rates.'
        )
    columns = _columns(header, fixings)
    marked = header.index(_SYNTHETIC) if is_synthetic else None
    days: set[str] = set()
    for line, cells in rows:
        place = f"line {line}"
        if len(cells) != len(header):
            reason = f"expected {len(header)} cells as in the header, found {len(cells)}"
            fixings.refuse(place, "wrong-width", reason, cells[0])
        elif marked is not None and cells[marked].strip() != "yes":
            raise SourceError(f'{place}: expected yes under "{_SYNTHETIC}" in every row of invented rates.')
        elif fixings.is_day(cells[0].strip(), place):
            _read_row(fixings, institution, [cell.strip() for cell in cells], columns, line)
            days.add(cells[0])
    if not days and not fixings.refused:
        raise SourceError("holds a header and no day.")


def _rows(body: bytes) -> Iterator[tuple[int, list[str]]]:
    if len(body) > _MOST_BYTES:
        raise FileTooLarge(f"is more than {_MOST_BYTES // 2**20} MiB.")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"is not UTF-8 text at byte {error.start}.") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        raise UnreadableFile(f"is not CSV at line {reader.line_num} ({error}).") from None


def _columns(header: list[str], fixings: Fixings) -> list[tuple[int, str]]:
    """Return the places and codes of the columns that are currencies; one that nobody knows is refused, once."""
    named = [(index, name) for index, name in enumerate(header) if index and name not in {"", _SYNTHETIC}]
    if "" in header[1:-1]:
        raise WrongLayout("has a column without a name.")
    if len({name for _, name in named}) < len(named):
        raise WrongLayout("has two columns of one name.")
    if not named:
        raise WrongLayout("has no column of a currency.")
    return [(index, name) for index, name in named if fixings.knows(name, f"column {quoted(name)}")]


def _read_row(fixings: Fixings, institution: str, cells: list[str], columns: list[tuple[int, str]], line: int) -> None:
    for index, currency in columns:
        given = cells[index]
        if given in _NOT_GIVEN:
            fixings.counts[NOT_PUBLISHED] += 1
        else:
            fixings.add(institution, cells[0], (_BASE, currency), given, f"line {line}, column {currency}")


class _Document:
    """Reads ``Cube`` elements as they come: a day has the attribute ``time``, a rate ``currency`` and ``rate``."""

    def __init__(self, fixings: Fixings) -> None:
        self._fixings = fixings
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._declared
        self._parser.EntityDeclHandler = self._declared
        self._day: str | None = None
        self._is_day_good = False
        self._days = self._depth = self._elements = 0

    def read(self, body: bytes) -> None:
        """Read a whole document. Raises UnreadableFile where it is no XML, WrongLayout where it holds no rates."""
        if len(body) > _MOST_BYTES:
            raise FileTooLarge(f"is more than {_MOST_BYTES // 2**20} MiB.")
        try:
            self._parser.Parse(body, True)
        except expat.ExpatError as error:
            raise UnreadableFile(f"is not XML at line {error.lineno} ({expat.ErrorString(error.code)}).") from None
        except (LookupError, ValueError):
            raise UnreadableFile("is XML in an encoding that is not read here.") from None
        if not self._days:
            raise WrongLayout("expected reference rates as XML: elements Cube with a day, and with rates in them.")
        if not self._fixings.accepted and not self._fixings.refused:
            raise SourceError("holds a day and no rate.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > _DEEPEST or self._elements > _MOST_ELEMENTS:
            raise WrongLayout(f"line {self._line}: is nested deeper, or holds more, than reference rates do.")
        if name.rpartition(" ")[2] != "Cube":
            return
        if "time" in attributes:
            self._days += 1
            self._day = attributes["time"]
            self._is_day_good = self._fixings.is_day(self._day, f"line {self._line}")
        elif "currency" in attributes or "rate" in attributes:
            self._rate(attributes)
        elif self._day is not None:
            raise WrongLayout(f'line {self._line}: expected the attributes "currency" and "rate".')

    def _rate(self, attributes: dict[str, str]) -> None:
        currency, rate = attributes.get("currency"), attributes.get("rate")
        if self._day is None or currency is None or rate is None:
            raise WrongLayout(f'line {self._line}: expected the attributes "currency" and "rate" within a day.')
        if self._is_day_good:
            place = f"line {self._line}, {quoted(currency)[1:-1]}"
            self._fixings.add(INSTITUTION, self._day, (_BASE, currency), rate, place)

    def _end(self, _name: str) -> None:
        self._depth -= 1

    def _declared(self, *_declaration: object) -> None:
        raise UnreadableFile(f"line {self._line}: declares a document type or an entity, which is not read here.")

    @property
    def _line(self) -> int:
        return self._parser.CurrentLineNumber
