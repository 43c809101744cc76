"""``threepercent fetch SOURCE``: one source is asked now, once, and what it answers is stored."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from app import reference
from app.cli.failures import fail
from app.cli.output import UNKNOWN, Column, console, figure, name, put
from app.db import open_engine, reading, upgrade
from app.domain.errors import InvalidParameter, quoted
from app.refresh import Errand, Outcome, StoredBreakers, fetched_source, run, surroundings
from app.settings import read_settings
from app.sources.source import Source
from app.store import corridors as stored_corridors
from app.store import fetches

EVERY_TARGETS = 25
LISTED = 20

Told = Callable[[int], None]


def fetch(
    source: Annotated[str, typer.Argument(help="Which source; threepercent sources lists them.")],
    *,
    corridor: Annotated[
        list[str] | None, typer.Option(help="Only this corridor, such as GBR-PHL; may be given several times.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Ask, but store nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Fetch a source now, once, and store what it answers.

    What fails changes nothing of what is stored; the exit status is then 1.
    """
    settings = read_settings()
    found = fetched_source(settings, source)
    engine = open_engine(settings.database_url)
    with ExitStack() as stack:
        stack.callback(engine.dispose)
        upgrade(engine)
        with reading(engine) as connection:
            wanted = read_corridors(found, corridor or (), stored_corridors.ids(connection))
            state = fetches.states(connection).get(source)
            seen = dict(fetches.breakers(connection))
        if state is not None and state.paused_at is not None:
            typer.echo(f"{source} is paused ({state.paused_reason}); it is fetched now since you ask.", err=True)
        breakers = seen if dry_run else StoredBreakers(engine, utc_now)
        world = surroundings(settings, engine, clock=utc_now, wait=wait, breakers=breakers)
        tell = stack.enter_context(_progress(source))
        errand = Errand(source=found, corridors=wanted, is_dry_run=dry_run, on_asks=lambda asks: tell(len(asks)))
        outcomes = []
        for outcome in run(world, errand):
            outcomes.append(outcome)
            tell(0)
    if not outcomes:
        raise fail(nothing_to_ask(found))
    if as_json:
        typer.echo(json.dumps(_document(source, outcomes, is_dry_run=dry_run), ensure_ascii=False, indent=2))
    else:
        _print(outcomes, is_dry_run=dry_run)
    if any(outcome.is_failure for outcome in outcomes):
        raise typer.Exit(1)


def utc_now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


def wait(seconds: float) -> bool:
    """Wait; nobody asks a command to end but by interrupting it."""
    time.sleep(seconds)
    return False


def read_corridors(source: Source, given: list[str] | tuple[str, ...], known: list[str]) -> tuple[str, ...]:
    """Return the corridors that were named, as ids; raises the domain's errors where one is none."""
    if given and source.kind != "quotes":
        raise InvalidParameter(
            parameter="--corridor", expected=f"nothing: {source.key} is not asked by corridor", given=given[0]
        )
    geography = reference.load()
    return tuple(dict.fromkeys(geography.corridor(text, known).id for text in given))


def nothing_to_ask(source: Source) -> str:
    """Say why a source has nothing to ask for, and what to do."""
    if source.kind != "quotes":
        return f"There is nothing to ask of {source.key}."
    return (
        f"There is nothing to ask of {source.key}: it is asked for the corridors that have prices, or that --corridor "
        "names, in currencies that have a reference rate. Fetch rates first with: threepercent fetch ecb"
    )


def took(fetched: fetches.Fetched) -> str:
    """Return how long a call took: ``0.42 s``."""
    return f"{(fetched.finished_at - fetched.started_at) / timedelta(seconds=1):.2f} s"


def _print(outcomes: list[Outcome], *, is_dry_run: bool) -> None:
    out = console()
    columns = [
        name("Target"),
        Column("Outcome"),
        figure("Rows"),
        figure("Refused"),
        figure("Bytes", 1),
        figure("Time", 2),
    ]
    put(out, columns, [_row(outcome) for outcome in outcomes])
    failures = [outcome.fetched for outcome in outcomes if outcome.is_failure]
    for failed in failures[:LISTED]:
        out.print(f"{failed.target} failed: {failed.failure_detail}", soft_wrap=True)
    if len(failures) > LISTED:
        out.print(f"and {len(failures) - LISTED:,} more")
    for line in refused_lines(outcomes):
        out.print(line, soft_wrap=True)
    versions = [outcome.dataset_version for outcome in outcomes if outcome.dataset_version is not None]
    if is_dry_run:
        out.print("Dry run: nothing was stored.")
    elif versions:
        out.print(f"Stored: dataset version {max(versions)}.")
    else:
        out.print("Nothing changed: no new dataset version.")


def _row(outcome: Outcome) -> tuple[str, ...]:
    fetched = outcome.fetched
    rows = (f"{fetched.rows:,}", f"{fetched.refused_rows:,}") if not outcome.is_failure else (UNKNOWN, UNKNOWN)
    return (fetched.target, fetched.outcome, *rows, f"{fetched.received_bytes:,}", took(fetched))


def refused_lines(outcomes: list[Outcome]) -> Iterator[str]:
    """Yield the first refused records, each with its place and why."""
    refused = [(outcome.fetched.target, doubt) for outcome in outcomes for doubt in outcome.refused]
    for target, doubt in refused[:LISTED]:
        yield f"refused in {target} at {quoted(doubt.place, 80)[1:-1]}: {doubt.reason} (given {quoted(doubt.given)})"
    if len(refused) > LISTED:
        yield f"and {len(refused) - LISTED:,} more"


def _document(source: str, outcomes: list[Outcome], *, is_dry_run: bool) -> dict[str, Any]:
    return {"source": source, "is_dry_run": is_dry_run, "targets": [_target(outcome) for outcome in outcomes]}


def _target(outcome: Outcome) -> dict[str, Any]:
    fetched = outcome.fetched
    failure = {"code": fetched.failure_code, "detail": fetched.failure_detail} if outcome.is_failure else None
    return {
        "target": fetched.target,
        "outcome": fetched.outcome,
        "failure": failure,
        "started_at": fetched.started_at.isoformat(),
        "finished_at": fetched.finished_at.isoformat(),
        "attempts": fetched.attempts,
        "received_bytes": fetched.received_bytes,
        "content_hash": fetched.content_hash,
        "rows": fetched.rows,
        "refused": [doubt._asdict() for doubt in outcome.refused],
        "dataset_version": outcome.dataset_version,
    }


@contextmanager
def _progress(source: str) -> Iterator[Told]:
    """Give what is told of the progress: of so many new asks, or with 0 of one that is done."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task, total = bar.add_task(source, total=None), 0

        def tell(asks: int) -> None:
            nonlocal total
            total += asks
            bar.update(task, total=total, advance=0 if asks else 1)

        yield tell


def _lines() -> Told:
    """Tell a plain line now and then."""
    total = done = 0

    def tell(asks: int) -> None:
        nonlocal total, done
        total, done = total + asks, done + (not asks)
        if not asks and done % EVERY_TARGETS == 0:
            typer.echo(f"{done:,} of {total:,} asked", err=True)

    return tell
