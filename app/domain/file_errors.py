"""What can go wrong with a source's file or answer; these join the tree of ``errors.py``.

    ThreePercentError
      SourceError
        UnreadableFile > EncryptedFile, FileTooLarge   WrongLayout > MissingSheet, MissingColumn
        InvalidCell > UnmappedLabel   DuplicateRow   SyntheticMix

Each names its place, as far as it is known.
"""

# ruff: noqa: N818 -- a name says what happened; the common base says that it is an error
from dataclasses import dataclass

from app.domain.errors import LISTED, ThreePercentError, quoted


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
            f"this source gives {offered} figures and the database holds {holds} ones, which must not meet; "
            "use another database (THREEPERCENT_DATABASE_URL).",
            place=place,
        )
        self.database_is_synthetic = database_is_synthetic
