"""How answers look to a person: plain text tables that fit their terminal, coloured only where somebody watches."""

import shutil
import sys
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.domain.methodology import CEILING_PERCENT, TARGET_PERCENT
from app.domain.money import two_decimals

WIDTH_IN_A_PIPE = 120
UNKNOWN = "–"
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


def table(columns: Iterable[tuple[str, str]]) -> Table:
    """Return an empty table; each column is its heading and ``left`` or ``right``. Figures are never broken."""
    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for heading, side in columns:
        is_figure = side == "right"
        made.add_column(heading, justify="right" if is_figure else "left", no_wrap=is_figure, overflow="fold")
    return made


def put(out: Console, made: Table) -> None:
    """Write a table without the blanks that would fill its lines."""
    with out.capture() as captured:
        out.print(made)
    out.file.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))
