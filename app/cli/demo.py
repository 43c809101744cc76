"""``threepercent demo-data``: write a synthetic survey to a file."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.cli.failures import FAILED, WRONG_USE, fail
from app.demo.files import Progress as Report
from app.demo.files import write_csv, write_workbook
from app.demo.plan import DEFAULT_ROWS, DEFAULT_SEED, DemoError, Plan
from app.demo.traps import Layout


class FileLayout(StrEnum):
    """What kind of file is written."""

    WORKBOOK = "workbook"
    CSV = "csv"


def demo_data(  # noqa: PLR0913 (each parameter is an option of the command line)
    *,
    out: Annotated[Path, typer.Option("--out", help="The file to write; a CSV that ends in .gz is gzipped.")],
    layout: Annotated[FileLayout, typer.Option(help="The six sheets of the official workbook, or CSV.")] = (
        FileLayout.WORKBOOK
    ),
    rows: Annotated[int, typer.Option(min=1, help="How many rows the survey has.")] = DEFAULT_ROWS,
    columns: Annotated[
        Layout, typer.Option(help="CSV only: columns of the survey up to 2016-Q1 (old) or since (new).")
    ] = Layout.NEW,
    seed: Annotated[int, typer.Option(help="Another number gives other prices; the same one the same bytes.")] = (
        DEFAULT_SEED
    ),
    force: Annotated[bool, typer.Option("--force", help="Write over a file that exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written, with each trap's rows, as JSON.")] = (
        False
    ),
) -> None:
    """Write a synthetic survey: invented providers and prices, labelled synthetic in every row."""
    if out.exists() and not force:
        raise fail(f"{out} exists. Choose another name, or write over it with --force.", WRONG_USE)
    try:
        plan = Plan(rows, seed, tuple(Layout) if layout is FileLayout.WORKBOOK else (columns,))
        write = write_workbook if layout is FileLayout.WORKBOOK else write_csv
        with _progress(rows) as report:
            write(plan, out, report)
    except DemoError as error:
        raise fail(str(error), WRONG_USE) from None
    except OSError as error:
        raise fail(f"{out} could not be written: {error.strerror or error}.", FAILED) from None
    if as_json:
        periods = [f"{one.period[:4]}-Q{one.period[5]}" for one in plan.rounds]
        told = {"rows": rows, "seed": seed, "layout": layout, "periods": periods, "traps": plan.trap_counts()}
        typer.echo(json.dumps(told))
    else:
        typer.echo(f"Wrote {rows:,} synthetic rows, {len(plan.rounds)} of the survey's quarters, to {out}.")


@contextmanager
def _progress(rows: int) -> Iterator[Report]:
    """Show a bar on a terminal, and a line at each tenth in a pipe; on the error stream, so that output stays clean."""
    if not sys.stderr.isatty():
        reached = 0

        def tell(number: int) -> None:
            nonlocal reached
            if number * 10 // rows > reached:
                reached = number * 10 // rows
                typer.echo(f"{number:,} of {rows:,} rows", err=True)

        yield tell
        return
    shown = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*shown, console=Console(stderr=True)) as bar:
        task = bar.add_task("Writing rows", total=rows)
        yield lambda number: bar.update(task, completed=number)
