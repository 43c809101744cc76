"""Cells as a workbook or a CSV holds them, read without loss: numbers as exact decimals, dates, keys, texts.

A workbook's number arrives as a binary double; its shortest decimal form (``repr``) is what the CSV editions of the
same survey print, so that both give the same digits. Numbers stored as text are read by the same rules.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import TypeAlias, TypeVar

Cell: TypeAlias = str | float | int | bool | date | time | timedelta | None

NOT_GIVEN = frozenset({"", ".."})
"""How the survey writes a missing value."""

Key = TypeVar("Key")
Value = TypeVar("Value")
MOST_REMEMBERED = 100_000


class Remembered(dict[Key, Value]):
    """What a function said of each argument before: looked up at the speed of a dictionary, within bounds."""

    def __init__(self, function: Callable[[Key], Value]) -> None:
        """``function`` is asked once for each argument; what it raises is not remembered."""
        super().__init__()
        self._function = function

    def __missing__(self, key: Key) -> Value:
        """Ask the function."""
        value = self._function(key)
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        self[key] = value
        return value


LONGEST_TEXT = 2000
SIGNIFICANT_DIGITS = 17
"""As many as the shortest form of a double can have."""

LARGEST_POWER = 12
"""A number of 10^12 or more is a mistake."""

MOST_DECIMALS = 40

_NUMBER = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,3}))?", re.ASCII)
_LONGEST_NUMBER = 60
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY_MONTH_YEAR = re.compile(r"([0-9]{1,2})/([A-Za-z]{3})/([0-9]{4})", re.ASCII)
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[ T]00:00:00)?", re.ASCII)
_EARLIEST_YEAR, _LATEST_YEAR = 1990, 2100


class CellError(Exception):
    """A cell that cannot be what its column needs; ``expected`` is a phrase, ``column`` the column if it is known."""

    def __init__(self, expected: str, column: str | None = None) -> None:
        """Keep what was expected, and where."""
        super().__init__(expected)
        self.expected = expected
        self.column = column


def named(column: str, read: Callable[[Cell], Value], cell: Cell) -> Value:
    """Read a cell; an error names its column."""
    try:
        return read(cell)
    except CellError as error:
        raise CellError(error.expected, column) from None


def text_of(cell: Cell) -> str | None:
    """Return a cell's text as published, or null where the survey gives none (blank or ``..``).

    NUL and other invisible control characters below U+0020 are refused (tabs and line breaks are not): databases and
    terminals choke on them.
    """
    if cell is None:
        return None
    text = cell if isinstance(cell, str) else number_of(cell) if isinstance(cell, float | int) else str(cell)
    if text is None or text.strip() in NOT_GIVEN:
        return None
    if len(text) > LONGEST_TEXT:
        raise CellError(f"a text of at most {LONGEST_TEXT} characters")
    if not text.isprintable() and any(ord(each) < ord(" ") and each not in "\t\r\n" for each in text):
        raise CellError("a text without control characters")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise CellError("a text in Unicode, without lone surrogates") from None
        text = unicodedata.normalize("NFC", text)
    return text


def number_of(cell: Cell) -> str | None:
    """Return a number as an exact decimal without trailing zeros (``735``, ``-0.22``), or null where none is given.

    A text that holds a number counts as one. Anything else is refused: words, ``NaN``, another locale's (``1,5``,
    ``1.234,56``), spaces inside, more than 17 significant digits, 10^12 or more.
    """
    if cell is None:
        return None
    if isinstance(cell, bool) or not isinstance(cell, str | float | int):
        raise CellError("a number")
    text = cell.strip() if isinstance(cell, str) else repr(cell)
    if text in NOT_GIVEN:
        return None
    if len(text) > _LONGEST_NUMBER:
        raise CellError(f"a number of at most {SIGNIFICANT_DIGITS} significant digits")
    match = _NUMBER.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        raise CellError(_what_a_number_is(text))
    return _canonical(match[1], match[2], match[3] or "", int(match[4] or 0))


def _canonical(sign: str, whole: str, decimals: str, exponent: int) -> str:
    digits = (whole + decimals).lstrip("0")
    exponent -= len(decimals)
    significant = digits.rstrip("0")
    if not significant:
        return "0"
    exponent += len(digits) - len(significant)
    if len(significant) > SIGNIFICANT_DIGITS:
        raise CellError(f"a number of at most {SIGNIFICANT_DIGITS} significant digits")
    if len(significant) + exponent > LARGEST_POWER or exponent < -MOST_DECIMALS:
        raise CellError(f"a number below 10^{LARGEST_POWER}, with at most {MOST_DECIMALS} decimals")
    minus = "-" if sign == "-" else ""
    if exponent >= 0:
        return f"{minus}{significant}{'0' * exponent}"
    padded = significant.rjust(1 - exponent, "0")
    return f"{minus}{padded[:exponent]}.{padded[exponent:]}"


def _what_a_number_is(text: str) -> str:
    if "," in text:
        return "a number with a point before its decimals and no separators of thousands"
    if not text.isascii():
        return "a number in the digits 0 to 9"
    if text.lower().lstrip("+-") in {"nan", "inf", "infinity"}:
        return "a finite number"
    return "a number"


def key_of(cell: Cell) -> str:
    """Return a row's own number as the source writes it: a positive whole number, without a point."""
    try:
        text = number_of(cell)
    except CellError:
        text = None
    if text is None or not text.isdigit() or text == "0":
        raise CellError("a positive whole number")
    return text


def date_of(cell: Cell) -> date:
    """Return a date: Excel's own, ``22/Jan/2011`` or ``2011-01-22`` (a time of midnight may follow)."""
    if isinstance(cell, datetime):
        found = cell.date()
    elif isinstance(cell, date):
        found = cell
    elif isinstance(cell, str):
        found = _date_from_text(cell.strip())
    else:
        raise CellError(_DATE)
    if not _EARLIEST_YEAR <= found.year <= _LATEST_YEAR:
        raise CellError(f"a date from {_EARLIEST_YEAR} to {_LATEST_YEAR}")
    return found


_DATE = "a date such as 22/Jan/2011 or 2011-01-22"


def _date_from_text(text: str) -> date:
    try:
        if match := _DAY_MONTH_YEAR.fullmatch(text):
            return date(int(match[3]), _MONTHS.index(match[2].lower()) + 1, int(match[1]))
        if match := _ISO.fullmatch(text):
            return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        raise CellError("a date that exists") from None
    raise CellError(_DATE)


_PERIOD = re.compile(r"([0-9]{4})_([1-4])Q", re.ASCII)


def period_of(cell: Cell) -> str:
    """Return a quarter as we write it: ``2013_3Q`` is ``2013-Q3``."""
    match = _PERIOD.fullmatch(cell.strip()) if isinstance(cell, str) else None
    if match is None or not _EARLIEST_YEAR <= int(match[1]) <= _LATEST_YEAR:
        raise CellError("a quarter such as 2013_3Q")
    return f"{match[1]}-Q{match[2]}"
