"""How answers look to a person: plain text tables that fit their terminal, coloured only where somebody watches."""

import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.domain.methodology import CEILING_PERCENT, TARGET_PERCENT
from app.domain.money import two_decimals

WIDTH_IN_A_PIPE = 120
NAME_WIDTH = 28
GAP = 3
"""Between two columns of a table: what ``box.SIMPLE_HEAD`` and its padding take."""

UNKNOWN = "–"
SYNTHETIC_RATES = "These rates are invented for demonstration. No institution published them."
SYNTHETIC = "These prices are invented for demonstration. No provider offers them."


def console() -> Console:
    """Return standard output: as wide as the terminal (COLUMNS in a pipe), in colour on a terminal only."""
    is_terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size((WIDTH_IN_A_PIPE, 24)).columns
    return Console(
        file=sys.stdout,
        width=width,
        force_terminal=is_terminal,
        no_color=None if is_terminal else True,
        highlight=False,
        markup=False,
        emoji=False,
    )


def percent(value: Fraction | None) -> str:
    """Return ``3.44 %``: two decimals, half-up."""
    return UNKNOWN if value is None else f"{two_decimals(value)} %"


def money(value: Fraction | None, currency: str | None = None) -> str:
    """Return ``1,234.50 GBP``: two decimals, half-up, whatever the currency."""
    return UNKNOWN if value is None else f"{Decimal(two_decimals(value)):,} {currency or ''}".rstrip()


def words(codes: Iterable[str]) -> str:
    """Return words of ours for people: ``bank account, cash``; what is not known is a dash."""
    shown = [_LABELS.get(code) or code.replace("_", " ") for code in codes if code != "unknown"]
    return ", ".join(shown) or UNKNOWN


_LABELS = {
    "under_1_hour": "under 1 hour",
    "2_days": "2 days",
    "3_5_days": "3–5 days",
    "6_days_or_more": "6 days or more",
    "atm": "ATM",
    "money_transfer_operator": "money transfer operator",
    "non_bank_fi": "non-bank institution",
}


def mark(cost_percent: Fraction | None) -> Text:
    """Return the mark of a cost: below the 3 % target, above the 5 % ceiling, or neither."""
    if cost_percent is None:
        return Text("")
    if cost_percent < TARGET_PERCENT:
        return Text("< 3 %", style="bold green")
    return Text("> 5 %", style="bold red") if cost_percent > CEILING_PERCENT else Text("")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: figures stand to the right and are never broken, a name only where it is very long.

    ``dropped`` says which columns a narrow terminal loses first (1, then 2, …); 0 stays. ``called`` names a column
    without a heading.
    """

    heading: str
    dropped: int = 0
    is_figure: bool = False
    is_name: bool = False
    called: str = ""

    def least(self, cells: Iterable[Text]) -> int:
        """Return the least width at which no word is broken."""
        shown = [Text(self.heading), *cells]
        if self.is_figure:
            return max(cell.cell_len for cell in shown)
        word = max((cell_len(word) for cell in shown for word in cell.plain.split()), default=0)
        return max(word, *(min(cell.cell_len, NAME_WIDTH) for cell in shown)) if self.is_name else word


def figure(heading: str, dropped: int = 0) -> Column:
    """Return a column of figures."""
    return Column(heading, dropped, is_figure=True)


def name(heading: str, dropped: int = 0) -> Column:
    """Return a column of names or ids."""
    return Column(heading, dropped, is_name=True)


def put(out: Console, columns: Sequence[Column], rows: Iterable[Sequence[Text | str]]) -> None:
    """Write a table that fits, without blanks at the ends of its lines, and name the columns it had no room for.

    Words are broken only where the columns that always stay are too wide for the terminal by themselves. A figure is
    never broken nor cut, since what is left of it would be another figure: then lines are longer than the terminal.
    """
    texts = [[Text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    cells = [[row[place] for row in texts] for place in range(len(columns))]
    least = [column.least(found) for column, found in zip(columns, cells, strict=True)]
    kept = list(range(len(columns)))
    for place in sorted((place for place in kept if columns[place].dropped), key=lambda place: columns[place].dropped):
        if _width([least[index] for index in kept]) > out.width:
            kept.remove(place)
    full = [max(Text(columns[index].heading).cell_len, *(cell.cell_len for cell in cells[index])) for index in kept]
    widths = _shrunk(full, [least[index] for index in kept], out.width)
    widths = _shrunk(widths, [least[index] if columns[index].is_figure else 1 for index in kept], out.width)
    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold", width=_width(widths))
    for index, width in zip(kept, widths, strict=True):
        column = columns[index]
        side: Literal["left", "right"] = "right" if column.is_figure else "left"
        made.add_column(column.heading, justify=side, no_wrap=column.is_figure, overflow="fold", width=width)
    for row in texts:
        made.add_row(*(row[index] for index in kept))
    with out.capture() as captured:
        out.print(made, crop=False)
    out.file.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))
    left_out = [column.heading or column.called for place, column in enumerate(columns) if place not in kept]
    if left_out:
        out.print(f"No room here for: {', '.join(left_out)}.")


def _width(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _shrunk(full: Sequence[int], least: Sequence[int], width: int) -> list[int]:
    """Take from the widest columns what is too much, one letter at a time, and from none below its least width."""
    widths = list(full)
    while _width(widths) > width:
        loose = [index for index, found in enumerate(widths) if found > least[index]]
        if not loose:
            break
        widths[max(loose, key=lambda index: widths[index])] -= 1
    return widths
