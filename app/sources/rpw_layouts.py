"""The survey's two layouts, by their columns: which there must be, which there may be, and where a file has them."""

from collections.abc import Sequence
from typing import NamedTuple

from app.domain.file_errors import MissingColumn, Place, WrongLayout
from app.sources.cells import Cell

SYNTHETIC = "synthetic"
"""A column that our own generator adds after the official ones; its rows say ``yes``."""

_TIER_COLUMNS = (
    "lcu amount",
    "denomination amount",
    "lcu code",
    "lcu fee",
    "lcu fx rate",
    "fx margin",
    "total cost %",
)
TIERS = ("cc1", "cc2")
_SHARED = (
    "id",
    "period",
    "source_code",
    "destination_code",
    "firm",
    "firm_type",
    "speed actual",
    *(f"{tier} {column}" for tier in TIERS for column in _TIER_COLUMNS),
    "inter lcu bank fx",
    "transparent",
    "date",
)


NONE = ""
"""The name of a column that a layout does not have."""


class Layout(NamedTuple):
    """One layout: its sheet in the workbook, the columns a file must have, and those that it may leave out."""

    name: str
    sheet: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    product: str
    payment_instrument: str
    access_point: str
    receiving_method: str
    network_coverage: str
    notes: tuple[str, ...]


OLD = Layout(
    name="up_to_2016_q1",
    sheet="Dataset (up to Q1 2016)",
    required=(*_SHARED, "product", "sending location", "coverage", "pick-up method"),
    optional=("note1", "note2", "corridor"),
    product="product",
    payment_instrument=NONE,
    access_point="sending location",
    receiving_method="pick-up method",
    network_coverage="coverage",
    notes=("note1", "note2"),
)
NEW = Layout(
    name="from_2016_q2",
    sheet="Dataset (from Q2 2016)",
    required=(*_SHARED, "payment instrument", "access point", "receiving network coverage", "pickup method"),
    optional=("standard note", "note2", "pickup location", "sending network coverage", "corridor"),
    product=NONE,
    payment_instrument="payment instrument",
    access_point="access point",
    receiving_method="pickup method",
    network_coverage="receiving network coverage",
    notes=("standard note", "note2"),
)
LAYOUTS = (OLD, NEW)


class Columns(NamedTuple):
    """Where a table has what: positions by folded header; unnamed columns and unknown ones are left alone."""

    layout: Layout
    position: dict[str, int]
    width: int

    @property
    def is_synthetic(self) -> bool:
        """Say whether the table calls itself synthetic."""
        return SYNTHETIC in self.position


def fold_header(cell: Cell) -> str:
    """Return a header for comparing: ``Standard Note `` is ``standard note``."""
    return " ".join(cell.split()).casefold() if isinstance(cell, str) else ""


def recognise(header: Sequence[Cell], place: Place, expected: Layout | None = None) -> Columns:
    """Find a table's layout by its header row.

    ``expected`` is the layout that the sheet's name promises. Raises ``MissingColumn`` where a layout is recognised but
    not complete, ``WrongLayout`` where none is, or where a header that counts occurs twice.
    """
    names = [fold_header(cell) for cell in header]
    layout = expected or max(LAYOUTS, key=lambda each: len(set(each.required) & set(names)))
    found = set(layout.required) & set(names)
    missing = tuple(name for name in layout.required if name not in found)
    if missing and len(found) * 2 < len(layout.required):
        raise WrongLayout(
            "the first row is not the header of a survey file; expected columns such as "
            f"{', '.join(layout.required[:6])} and {layout.required[-1]}.{_separated_otherwise(header)}",
            place=place,
        )
    if missing:
        raise MissingColumn(columns=missing, place=place)
    position: dict[str, int] = {}
    for index, name in enumerate(names):
        if name in position and name in (*layout.required, *layout.optional, SYNTHETIC):
            raise WrongLayout(f'has the column "{name}" twice.', place=place)
        if name:
            position.setdefault(name, index)
    return Columns(layout, position, len(names))


def _separated_otherwise(header: Sequence[Cell]) -> str:
    """Return a sentence about a header that another separator than the comma cuts into the survey's columns."""
    line = ",".join(cell for cell in header if isinstance(cell, str))
    for separator, called in ((";", "';'"), ("\t", "tabs"), ("|", "'|'")):
        parts = {fold_header(part.strip('"')) for part in line.split(separator)}
        if any(len(parts & set(layout.required)) * 2 >= len(layout.required) for layout in LAYOUTS):
            return f" It seems to be separated by {called}; save it with commas."
    return ""
