"""What can go wrong, in words for the person who can mend it. No HTTP here: ``api/problems.py`` maps the tree.

    ThreePercentError
      UnknownCountry  UnknownCurrency  UnknownCorridor > CorridorToItself  CorridorNotCovered
      UnknownPeriod  PeriodNotSurveyed  NoDataYet  UnknownProvider  UnknownQuote
      InvalidNumber  InvalidAmount  InvalidName  InvalidParameter
      SourceError
        UnreadableFile > EncryptedFile, FileTooLarge   WrongLayout > MissingSheet, MissingColumn
        InvalidCell > UnmappedLabel   DuplicateRow   SyntheticMix

A class's docstring is its title: what the error means whoever meets it. ``code`` is its kebab-case name for machines
and ``detail`` says what was wrong in this case, what is expected and what to do. Text from outside is only ever shown
through ``quoted``, so that no message can carry a control character, a forged line or a megabyte.
"""

# ruff: noqa: N818 -- a name says what happened; the common base says that it is an error
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

QUOTED_LENGTH = 40
LISTED = 12


def quoted(text: str, length: int = QUOTED_LENGTH) -> str:
    """Return text from outside between quotation marks: at most ``length`` characters, anything unprintable escaped.

    Quotation marks inside are escaped too, so that where the quotation ends is never in doubt.
    """
    shown = "".join(map(_shown, text[:length]))
    return f'"{shown}…"' if len(text) > length else f'"{shown}"'


def _shown(character: str) -> str:
    if character == '"':
        return r"\x22"
    return character if character.isprintable() and character != "\\" else ascii(character)[1:-1]


def listed(items: Iterable[str], most: int = LISTED) -> str:
    """Return known values as a phrase, ``A, B and 7 more``; the items are ours, not a caller's."""
    known = list(items)
    if len(known) <= most:
        return ", ".join(known)
    return f"{', '.join(known[:most])} and {len(known) - most} more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in a file something is: as much of it as is known. ``row`` counts from 1 as a spreadsheet shows it."""

    file: str | None = None
    sheet: str | None = None
    row: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        """Return ``survey.xlsx, sheet "Dataset", row 12, column "cc1 lcu fee"``."""
        parts = []
        if self.file is not None:
            parts.append(quoted(self.file, 200)[1:-1])
        if self.sheet is not None:
            parts.append(f"sheet {quoted(self.sheet)}")
        if self.row is not None:
            parts.append(f"row {self.row}")
        if self.column is not None:
            parts.append(f"column {quoted(self.column)}")
        return ", ".join(parts)


class ThreePercentError(Exception):
    """Something that this software expects to go wrong, and can explain."""

    code: ClassVar[str] = "error"

    def __init__(self, detail: str) -> None:
        """Keep the explanation, which is also the exception's text."""
        super().__init__(detail)
        self.detail = detail

    @classmethod
    def title(cls) -> str:
        """Return the first line of the docstring: what the error means."""
        return (cls.__doc__ or "").partition("\n")[0]


class UnknownCountry(ThreePercentError):
    """No country has this code or name."""

    code = "unknown-country"

    def __init__(self, *, text: str, suggestions: tuple[str, ...] = ()) -> None:
        """``suggestions`` are codes with names, nearest first."""
        near = f" Did you mean {listed(suggestions)}?" if suggestions else ""
        super().__init__(f"{quoted(text)} is not a country; use its ISO 3166 code, such as GBR or GB.{near}")
        self.text = text
        self.suggestions = suggestions


class UnknownCurrency(ThreePercentError):
    """No currency has this code."""

    code = "unknown-currency"

    def __init__(self, *, text: str) -> None:
        """``text`` is what was given as a currency."""
        super().__init__(f"{quoted(text)} is not a currency; use its ISO 4217 code, such as GBP.")
        self.text = text


class UnknownCorridor(ThreePercentError):
    """This is not a corridor: two countries that exist, from the sender's to the receiver's."""

    code = "unknown-corridor"

    def __init__(self, *, text: str, suggestions: tuple[str, ...] = (), detail: str | None = None) -> None:
        """``suggestions`` are corridor ids, nearest first."""
        near = f" Did you mean {listed(suggestions)}?" if suggestions else ""
        expected = "write the sending and the receiving country's codes, such as GBR-PHL."
        super().__init__((detail or f"{quoted(text)} is not a corridor; {expected}") + near)
        self.text = text
        self.suggestions = suggestions


class CorridorToItself(UnknownCorridor):
    """A corridor joins two countries; this one goes from a country to itself."""

    code = "corridor-to-itself"

    def __init__(self, *, country: str) -> None:
        """``country`` is the alpha-3 code that stands on both sides."""
        super().__init__(
            text=f"{country}-{country}",
            detail=f"{country}-{country} goes from a country to itself; a corridor joins two different countries, "
            "such as GBR-PHL.",
        )
        self.country = country


class CorridorNotCovered(ThreePercentError):
    """Both countries exist, but no source has prices for this corridor."""

    code = "corridor-not-covered"

    def __init__(self, *, corridor: str, suggestions: tuple[str, ...] = ()) -> None:
        """``suggestions`` are covered corridors with the same sender or receiver."""
        near = f" Covered and near: {listed(suggestions)}." if suggestions else ""
        super().__init__(f"No source has prices for {corridor}.{near} GET /v1/corridors lists every covered corridor.")
        self.corridor = corridor
        self.suggestions = suggestions


class UnknownPeriod(ThreePercentError):
    """A period is a quarter, written 2013-Q3."""

    code = "unknown-period"

    def __init__(self, *, text: str) -> None:
        """``text`` is what was given as a period."""
        super().__init__(f"{quoted(text)} is not a period; write a quarter, such as 2013-Q3.")
        self.text = text


class PeriodNotSurveyed(ThreePercentError):
    """There was no survey in this quarter, or none here."""

    code = "period-not-surveyed"

    def __init__(self, *, period: str, known: tuple[str, ...], corridor: str | None = None) -> None:
        """``known`` are the surveyed periods, of the corridor where one is named; newest are shown first."""
        where = f" in {corridor}" if corridor else ""
        newest_first = sorted(known, reverse=True)
        there_is = f" There is data for {listed(newest_first)}." if known else ""
        super().__init__(f"There was no survey{where} in {period}.{there_is}")
        self.period = period
        self.known = known
        self.corridor = corridor


class NoDataYet(ThreePercentError):
    """There are no data yet for what was asked."""

    code = "no-data-yet"

    def __init__(self) -> None:
        """There is nothing to tell but what to do."""
        super().__init__("There are no prices yet. Import a survey with: threepercent import FILE")


class UnknownProvider(ThreePercentError):
    """No provider has this id."""

    code = "unknown-provider"

    def __init__(self, *, text: str, suggestions: tuple[str, ...] = ()) -> None:
        """``suggestions`` are provider ids, nearest first."""
        near = f" Did you mean {listed(suggestions)}?" if suggestions else ""
        super().__init__(f"{quoted(text)} is not a provider's id; GET /v1/providers lists them.{near}")
        self.text = text
        self.suggestions = suggestions


class UnknownQuote(ThreePercentError):
    """No public quote has this id."""

    code = "unknown-quote"

    def __init__(self, *, text: str) -> None:
        """``text`` is what was given as an id."""
        super().__init__(f"{quoted(text)} is not the id of a public quote; answers name theirs in quote_ids.")
        self.text = text


class InvalidNumber(ThreePercentError):
    """This is not a number as this software reads numbers."""

    code = "invalid-number"

    def __init__(self, *, text: str, reason: str) -> None:
        """``reason`` says what is wrong with it, as the rest of "… is not a number here: "."""
        super().__init__(
            f"{quoted(text)} is not a number here: {reason}. "
            "Write digits, with a point before decimals, such as 120 or 120.50."
        )
        self.text = text
        self.reason = reason


class InvalidAmount(ThreePercentError):
    """An amount of money must be positive, not absurd, and payable in its currency."""

    code = "invalid-amount"

    def __init__(self, *, reason: str, parameter: str = "amount") -> None:
        """``reason`` is a whole sentence that says what is wrong and what is expected."""
        super().__init__(reason)
        self.reason = reason
        self.parameter = parameter


class InvalidName(ThreePercentError):
    """A name must be visible text of a sane length."""

    code = "invalid-name"

    def __init__(self, *, text: str, reason: str) -> None:
        """``reason`` says what is wrong, as the rest of "… cannot be a name: "."""
        super().__init__(f"{quoted(text)} cannot be a name: {reason}.")
        self.text = text
        self.reason = reason


class InvalidParameter(ThreePercentError):
    """A parameter has a value that it cannot have, or contradicts another."""

    code = "invalid-parameter"

    def __init__(self, *, parameter: str, expected: str, given: str | None = None) -> None:
        """``expected`` is a phrase, "one of cost, transfer_speed"; ``given`` is shown only in quoted form."""
        was = f"cannot be {quoted(given)}" if given is not None else "is not valid here"
        super().__init__(f"{quoted(parameter)[1:-1]} {was}; expected {expected}.")
        self.parameter = parameter
        self.expected = expected
        self.given = given


class SourceError(ThreePercentError):
    """Other people's data is not as expected, at a place that is named."""

    code = "source-error"

    def __init__(self, detail: str, *, place: Place | None = None) -> None:
        """``detail`` says what was wrong and what was expected; the place goes in front of it."""
        where = str(place) if place else ""
        super().__init__(f"{where}: {detail}" if where else detail)
        self.place = place or Place()
        self.problem = detail


class UnreadableFile(SourceError):
    """The file cannot be read as what it should be."""

    code = "unreadable-file"


class EncryptedFile(UnreadableFile):
    """The file is protected by a password."""

    code = "encrypted-file"

    def __init__(self, *, place: Place | None = None) -> None:
        """There is nothing to tell but what to do."""
        super().__init__("is protected by a password; save it without one and import that.", place=place)


class FileTooLarge(UnreadableFile):
    """Reading the file would take more memory or time than is allowed."""

    code = "file-too-large"


class WrongLayout(SourceError):
    """The file can be read, but is not laid out as any survey file that is known."""

    code = "wrong-layout"


class MissingSheet(WrongLayout):
    """A workbook lacks a sheet that it must have."""

    code = "missing-sheet"

    def __init__(self, *, expected: str, found: tuple[str, ...], place: Place | None = None) -> None:
        """``expected`` names the sheet or sheets looked for, ``found`` the file's."""
        there = ", ".join(quoted(name) for name in found[:LISTED]) or "none"
        super().__init__(f"lacks the sheet {expected}; its sheets are: {there}.", place=place)
        self.expected = expected
        self.found = found


class MissingColumn(WrongLayout):
    """A table lacks columns that it must have."""

    code = "missing-column"

    def __init__(self, *, columns: tuple[str, ...], place: Place | None = None) -> None:
        """``columns`` are ours: the required ones that were not found."""
        noun = "column" if len(columns) == 1 else "columns"
        super().__init__(f"lacks the {noun} {', '.join(quoted(name) for name in columns)}.", place=place)
        self.columns = columns


class InvalidCell(SourceError):
    """A cell holds something else than it must."""

    code = "invalid-cell"

    def __init__(self, *, expected: str, given: str, place: Place | None = None) -> None:
        """``expected`` is a phrase, "a country's code"."""
        super().__init__(f"expected {expected}, found {quoted(given)}.", place=place)
        self.expected = expected
        self.given = given


class UnmappedLabel(InvalidCell):
    """A published label that the source's label file does not map."""

    code = "unmapped-label"

    def __init__(self, *, label: str, vocabulary: str, place: Place | None = None) -> None:
        """``vocabulary`` names the table of the label file that should map it."""
        super().__init__(expected=f"a label mapped under {vocabulary}", given=label, place=place)
        self.label = label
        self.vocabulary = vocabulary


class DuplicateRow(SourceError):
    """A key that must be unique in a file and period occurs twice."""

    code = "duplicate-row"

    def __init__(self, *, key: str, place: Place | None = None) -> None:
        """``key`` is the source's own key."""
        super().__init__(f"the key {quoted(key)} occurs twice; the first row is kept.", place=place)
        self.key = key


class SyntheticMix(SourceError):
    """Synthetic and real prices must not meet in one database."""

    code = "synthetic-mix"

    def __init__(self, *, database_is_synthetic: bool, place: Place | None = None) -> None:
        """``database_is_synthetic`` says which of the two the database holds."""
        holds, offered = ("synthetic", "real") if database_is_synthetic else ("real", "synthetic")
        super().__init__(
            f"this file holds {offered} prices and the database {holds} ones, which must not meet; "
            "import it into another database (THREEPERCENT_DATABASE_URL).",
            place=place,
        )
        self.database_is_synthetic = database_is_synthetic
