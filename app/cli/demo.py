"""``threepercent demo-data``: write a synthetic survey, synthetic tariffs or synthetic rates to a file."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.cli.failures import FAILED, WRONG_USE, fail
from app.demo.files import Progress as Report
from app.demo.files import write_csv, write_workbook
from app.demo.plan import DEFAULT_ROWS, DEFAULT_SEED, DemoError, Plan
from app.demo.rates import DEFAULT_DAYS, write_rates
from app.demo.tariffs import DEFAULT_TARIFFS, write_tariffs
from app.demo.traps import Layout


class FileLayout(StrEnum):
    """What kind of file is written."""

    WORKBOOK = "workbook"
    CSV = "csv"
    QUOTES = "quotes"
    RATES = "rates"


_SURVEYS = (FileLayout.WORKBOOK, FileLayout.CSV)


def demo_data(  # noqa: PLR0913 (each parameter is an option of the command line)
    *,
    out: Annotated[Path, typer.Option("--out", help="The file to write; a CSV that ends in .gz is gzipped.")],
    layout: Annotated[
        FileLayout,
        typer.Option(help="A survey as the six sheets of the official workbook or as CSV, live tariffs, or rates."),
    ] = FileLayout.WORKBOOK,
    rows: Annotated[
        int | None,
        typer.Option(min=1, help="Rows of a survey (7500), tariffs (600), or days of rates (60)."),
    ] = None,
    columns: Annotated[
        Layout, typer.Option(help="CSV only: columns of the survey up to 2016-Q1 (old) or since (new).")
    ] = Layout.NEW,
    on: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], metavar="DATE", help="Tariffs and rates only: the day they are for; today (UTC)."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another number gives other prices; the same one the same bytes.")] = (
        DEFAULT_SEED
    ),
    force: Annotated[bool, typer.Option("--force", help="Write over a file that exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written, with each trap's rows, as JSON.")] = (
        False
    ),
) -> None:
    """Write a synthetic survey, synthetic tariffs or rates: all of it invented, and labelled so."""
    if out.exists() and not force:
        raise fail(f"{out} exists. Choose another name, or write over it with --force.", WRONG_USE)
    try:
        if layout in _SURVEYS:
            text, told = _survey(out, layout, columns, rows or DEFAULT_ROWS, seed)
        else:
            text, told = _live(out, layout, rows, seed, (on or datetime.now(UTC)).date())
    except DemoError as error:
        raise fail(str(error), WRONG_USE) from None
    except OSError as error:
        raise fail(f"{out} could not be written: {error.strerror or error}.", FAILED) from None
    typer.echo(json.dumps(told) if as_json else text)


def _survey(out: Path, layout: FileLayout, columns: Layout, rows: int, seed: int) -> tuple[str, dict[str, Any]]:
    plan = Plan(rows, seed, tuple(Layout) if layout is FileLayout.WORKBOOK else (columns,))
    write = write_workbook if layout is FileLayout.WORKBOOK else write_csv
    with _progress(rows) as report:
        write(plan, out, report)
    periods = [f"{one.period[:4]}-Q{one.period[5]}" for one in plan.rounds]
    text = f"Wrote {rows:,} synthetic rows, {len(plan.rounds)} of the survey's quarters, to {out}."
    return text, {"rows": rows, "seed": seed, "layout": layout, "periods": periods, "traps": plan.trap_counts()}


def _live(out: Path, layout: FileLayout, rows: int | None, seed: int, on: date) -> tuple[str, dict[str, Any]]:
    if layout is FileLayout.RATES:
        days = rows or DEFAULT_DAYS
        write_rates(out, days, on)
        told = {"rows": days, "layout": layout, "on": str(on)}
        return f"Wrote {days:,} days of synthetic rates, of weekdays before {on}, to {out}.", told
    number = rows or DEFAULT_TARIFFS
    write_tariffs(out, number, seed, on)
    told = {"rows": number, "seed": seed, "layout": layout, "on": str(on)}
    return f"Wrote {number:,} synthetic tariffs for {on} to {out}.", told


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
