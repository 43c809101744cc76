"""``threepercent publish``: what is stored becomes a release that can be cited."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.failures import fail
from app.cli.output import SYNTHETIC, Column, console, figure, put
from app.db import check_schema, open_engine
from app.publish import NothingToPublishError, Order, Published, publish
from app.publish.releases import ReleaseDamagedError
from app.publish.tables import UnfitQuoteError
from app.settings import read_settings

EVERY_ROWS = 100_000


def publish_release(
    *,
    on: Annotated[str | None, typer.Option("--date", help="The release's date, 2026-11-24; today unless told.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder of the releases; releases in the data folder unless told.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Publish nothing; tell what would change.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Publish what is stored as a release.

    Its quotes, by quarter as CSV and Parquet, are described, citable, and never changed again. Private sources are left
    out. Where nothing has changed since the newest release, nothing is published.
    """
    settings = read_settings()
    engine = open_engine(settings.database_url)
    try:
        check_schema(engine)
        with _progress() as tell:
            order = Order(
                folder=settings.releases_dir if out is None else out,
                date=_day(on),
                is_dry_run=dry_run,
                on_rows=tell,
            )
            published = publish(engine, order)
    except NothingToPublishError:
        raise fail("There is nothing to publish: import a survey first.") from None
    except (ReleaseDamagedError, UnfitQuoteError) as error:
        raise fail(str(error)) from None
    except OSError as error:
        raise fail(f"The folder of the releases cannot be used: {error.strerror or error}.") from None
    finally:
        engine.dispose()
    if as_json:
        typer.echo(json.dumps(_plain(published, is_dry_run=dry_run), ensure_ascii=False, indent=2))
    else:
        _print(published, order)


def _day(text: str | None) -> date:
    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("expected a date such as 2026-11-24.", param_hint="--date") from None


def _plain(published: Published, *, is_dry_run: bool) -> dict[str, Any]:
    release = published.release
    return {
        "release": release.id,
        "is_new": published.is_new,
        "is_dry_run": is_dry_run,
        "is_synthetic": release.is_synthetic,
        "checksum": release.checksum,
        "quotes": release.quotes,
        "quarters": len(release.partitions),
        "previous": release.previous if published.is_new else None,
        "written": list(published.written),
        "changes": [
            {"period": one.period, "added": one.added, "removed": one.removed}
            for one in (release.changes if published.is_new else ())
        ],
    }


def _print(published: Published, order: Order) -> None:
    out, release = console(), published.release
    if release.is_synthetic:
        out.print(f"! {SYNTHETIC}")
    if not published.is_new:
        out.print(f"Nothing to do: release {release.id} holds just what is stored.")
        return
    columns = (Column("Quarter"), figure("Quotes"), figure("Added"), figure("Removed"))
    quotes = {partition.period: partition.quotes for partition in release.partitions}
    put(
        out,
        columns,
        [
            (one.period, f"{quotes.get(one.period, 0):,}", f"{one.added:,}", f"{one.removed:,}")
            for one in release.changes
        ],
    )
    same = len(release.partitions) - len(published.written)
    since = f" since {release.previous}; {same} quarters are the same" if release.previous else ""
    out.print(f"{release.quotes:,} quotes of {len(release.partitions)} quarters, {len(published.written)} new{since}.")
    out.print(f"Checksum over the rows: sha256:{release.checksum}", soft_wrap=True)
    if order.is_dry_run:
        out.print("Dry run: nothing was published.")
    else:
        out.print(f"Published {release.id} in {order.folder / release.id}", soft_wrap=True)


@contextmanager
def _progress() -> Iterator[Callable[[str, int], None]]:
    """Give what is told of rows: a moving line on a terminal, a plain one now and then in a pipe."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    shown = (SpinnerColumn(), TextColumn("{task.description}: {task.completed:,} quotes"), TimeElapsedColumn())
    with Progress(*shown, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda period, rows: bar.update(task, description=period, advance=rows)


def _lines() -> Callable[[str, int], None]:
    passed = told = 0

    def tell(period: str, rows: int) -> None:
        nonlocal passed, told
        passed += rows
        if passed // EVERY_ROWS > told:
            told = passed // EVERY_ROWS
            typer.echo(f"{period}: {passed:,} quotes", err=True)

    return tell
