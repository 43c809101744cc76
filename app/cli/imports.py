"""``threepercent import FILE`` and ``threepercent imports``: a survey comes in, and what came in is told."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from sqlalchemy import Engine

from app.cli.acting import actor, utc_now
from app.cli.command import Command
from app.cli.failures import fail
from app.cli.output import console
from app.cli.refused import refused_rows
from app.db import is_sqlite, open_engine, reading, sqlite_file, upgrade
from app.domain.errors import quoted
from app.ingest import Limits, Order, Progress, Report, run
from app.mend.acts import Hand
from app.mend.held import hold
from app.settings import Settings, read_settings
from app.sources.source import Refused
from app.store import imports as stored

_EVERY_ROWS = 25_000
_LISTED = 20
_PLACES = 5

imports = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="List imports, or show, withdraw or release one."
)


def import_file(  # noqa: PLR0913 - what to import, and how
    file: Path = typer.Argument(
        help="A survey: a workbook (.xlsx), or CSV in either layout, also gzipped. Or the ECB's rates: "
        "eurofxref-hist.csv, its zip, or the daily XML. Or a file of reviewed tariffs (JSON)."
    ),
    refused: Path | None = typer.Option(None, "--refused", metavar="FILE", help="Write the refused rows here, as CSV."),
    *,
    source: str | None = typer.Option(None, "--source", help="Whose it is, where the file does not say: wise."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Store nothing; tell what the import would change."),
    hold_it: bool = typer.Option(
        False, "--hold", help="Judge and keep it, and show nothing of it until imports release."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the report as JSON."),
) -> None:
    """Import a file: a survey, rates or tariffs. It is one transaction: all that can be accepted, or nothing."""
    if not file.is_file():
        raise fail(f"There is no file {quoted(str(file), 200)}.", 2)
    settings = read_settings()
    engine = open_engine(settings.database_url)
    with ExitStack() as stack:
        stack.callback(engine.dispose)
        rows = None if refused is None else stack.enter_context(refused_rows(refused, [file, *_files(engine)]))
        upgrade(engine)
        places = _Places()
        on_progress = stack.enter_context(_progress(file.name))
        order = Order(
            file=file,
            data_dir=settings.data_dir,
            now=datetime.now(UTC),
            limits=_limits(settings),
            is_dry_run=dry_run,
            on_progress=on_progress,
            on_refused=places if rows is None else _both(rows, places),
            on_wait=lambda: typer.echo("Waiting for another import…", err=True),
            source=source,
            public_sources=settings.public_sources,
            clock=utc_now,
        )
        report, held = _done(engine, order, hold_it=hold_it)
        if rows is not None:
            rows.is_wanted = report.already is None
    if as_json:
        told = report.as_json() | ({"held_as": held} if hold_it else {})
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2, sort_keys=True))
    else:
        print_outcome(report, places, is_dry_run=dry_run, held=held)


def _limits(settings: Settings) -> Limits:
    return Limits(memory_bytes=settings.import_memory_bytes, seconds_per_50_mb=settings.import_seconds_per_50_mb)


def _done(engine: Engine, order: Order, *, hold_it: bool) -> tuple[Report, int | None]:
    """Import a file, or hold it; return what came of it, and the number under which it is held."""
    if not hold_it or order.is_dry_run:
        return run(engine, order), None
    held = hold(engine, order, Hand(actor=actor(), reason="", clock=utc_now))
    return held.report, held.import_id


@imports.command("list", cls=Command)
def list_imports(*, as_json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """List the newest imports, the newest first."""
    with _connection() as connection:
        found = stored.listed(connection)
    if as_json:
        typer.echo(json.dumps([_plain(each) for each in found], ensure_ascii=False, indent=2))
        return
    if not found:
        typer.echo("Nothing has been imported yet. Import a survey with: threepercent import FILE")
    for each in found:
        version = f"dataset version {each.dataset_version}" if each.dataset_version else "no new dataset version"
        outcome = version if each.status is stored.ImportStatus.COMMITTED else each.status.value
        if each.withdrawn_version is not None:
            outcome = f"{outcome}, withdrawn in {each.withdrawn_version}"
        name = quoted(each.file.file_name, 80)[1:-1] if each.pushed_by is None else each.pushed_by.public_id
        typer.echo(f"{each.id:>4}  {each.started_at:%Y-%m-%d %H:%M}  {each.file.identity.source}  {outcome}  {name}")


@imports.command("show", cls=Command)
def show_import(
    import_id: int = typer.Argument(help="The import's number, as imports list shows it."),
    *,
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Show what one import did."""
    with _connection() as connection:
        found = stored.find(connection, import_id)
    if found is None:
        raise fail(f"There is no import {import_id}; threepercent imports list shows those there are.", 2)
    if as_json:
        typer.echo(json.dumps(_plain(found), ensure_ascii=False, indent=2))
        return
    typer.echo(f"Import {found.id} of {quoted(found.file.file_name, 200)[1:-1]}: {found.status.value}")
    typer.echo(f"content {found.file.identity.file_hash}")
    if found.failure is not None:
        typer.echo(f"It failed: {found.failure['detail']}")
    for line in _count_lines(found.counts):
        typer.echo(line)


@dataclass(slots=True)
class _Places:
    """Takes refused records and keeps the first few, to be shown with their places."""

    first: list[Refused] = field(default_factory=list)
    number: int = 0

    def __call__(self, refused: Refused) -> None:
        self.number += 1
        if len(self.first) < _PLACES:
            self.first.append(refused)

    def lines(self) -> Iterator[str]:
        for refused in self.first:
            place = quoted(refused.key, 200)[1:-1]
            yield f"    at {place or 'the top'}: {refused.reason}, found {quoted(refused.given)}"
        if self.number > len(self.first):
            yield f"    and {self.number - len(self.first):,} more; --refused FILE lists all"


def _both(*takers: Callable[[Refused], None]) -> Callable[[Refused], None]:
    def take(refused: Refused) -> None:
        for taker in takers:
            taker(refused)

    return take


def _files(engine: Engine) -> list[Path]:
    """Return what SQLite keeps its data in."""
    if not is_sqlite(engine):
        return []
    return [Path(f"{sqlite_file(engine)}{ending}") for ending in ("", "-wal", "-shm", "-journal", ".lock")]


@contextmanager
def _connection() -> Iterator[Any]:
    engine = open_engine(read_settings().database_url)
    try:
        with reading(engine) as connection:
            yield connection
    finally:
        engine.dispose()


def _plain(found: stored.Import) -> dict[str, Any]:
    return {
        "id": found.id,
        "source": found.file.identity.source,
        "file_name": found.file.file_name,
        "file_hash": found.file.identity.file_hash,
        "layout": found.file.layout,
        "is_synthetic": found.file.is_synthetic,
        "status": found.status.value,
        "started_at": found.started_at.isoformat(),
        "finished_at": None if found.finished_at is None else found.finished_at.isoformat(),
        "dataset_version": found.dataset_version,
        "counts": dict(found.counts),
        "failure": None if found.failure is None else dict(found.failure),
    }


@contextmanager
def _progress(name: str) -> Iterator[Callable[[Progress], None]]:
    """Give what is told of the progress: a bar on a terminal, a plain line now and then in a pipe."""
    if sys.stderr.isatty():
        with _bar(quoted(name, 60)[1:-1]) as tell:
            yield tell
    else:
        yield _lines()


@contextmanager
def _bar(name: str) -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TextColumn("{task.fields[rate]:,}/s"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=None, rows=0, rate=0)

        def tell(progress: Progress) -> None:
            elapsed = bar.tasks[0].elapsed or 0
            rate = int(progress.rows_read / elapsed) if elapsed else 0
            bar.update(task, completed=progress.done, total=progress.total, rows=progress.rows_read, rate=rate)

        yield tell


def _lines() -> Callable[[Progress], None]:
    told = 0

    def tell(progress: Progress) -> None:
        nonlocal told
        if progress.rows_read // _EVERY_ROWS > told:
            told = progress.rows_read // _EVERY_ROWS
            typer.echo(f"{progress.rows_read:,} rows read", err=True)

    return tell


def print_outcome(report: Report, refused: _Places | None = None, *, is_dry_run: bool, held: int | None = None) -> None:
    """Say what an import did, would do, or will do once it is released."""
    out = console()
    if report.already is not None:
        out.print(f"Nothing to do: import {report.already} was of the same content, labels and corrections.")
        return
    for line in _count_lines(report.counts, () if refused is None else refused.lines()):
        out.print(line, soft_wrap=True)
    for line in _difference_lines(report.difference or {}):
        out.print(line, soft_wrap=True)
    if held is not None:
        out.print(
            f"Held as import {held}: kept, and shown to nobody. Show it with: threepercent imports release {held}"
        )
    elif is_dry_run:
        out.print("Dry run: nothing was stored.")
    elif report.dataset_version is None:
        out.print(f"Import {report.import_id} committed. Nothing changed: no new dataset version.")
    else:
        out.print(f"Import {report.import_id} committed: dataset version {report.dataset_version}.")


def _count_lines(counts: Any, places: Iterable[str] = ()) -> Iterator[str]:  # noqa: ANN401 - plain values, as stored
    """Say what became of records, and where the first refused ones are; a survey's are told by column."""
    if counts:
        yield from _answer_lines(counts, places) if "target" in counts else _survey_lines(counts)


def _survey_lines(counts: dict[str, Any]) -> Iterator[str]:
    yield from _sheet_lines(counts)
    yield f"Rows read        {counts['rows_read']:>9,}"
    new, changed, same = counts["rows_new"], counts["rows_changed"], counts["rows_unchanged"]
    yield f"  accepted       {counts['rows_accepted']:>9,}  (new {new:,}, changed {changed:,}, unchanged {same:,})"
    yield f"  refused        {counts['rows_refused']:>9,}"
    for kind in counts["refused"]:
        yield f"    {kind['rows']:>9,}  {kind['reason']} in {kind['column']}"
    for label in counts["unmapped_labels"][:_LISTED]:
        yield f"    {label['rows']:>9,}  not mapped under {label['vocabulary']}: {quoted(label['label'], 100)}"
    yield from _more(counts["unmapped_labels"])
    yield f"Quotes accepted  {counts['quotes_accepted']:>9,}"
    for tier, number in counts["not_published"].items():
        yield f"  not published  {number:>9,}  {tier}"
    yield from _table("Exchange-rate margin", counts["fx_margin_status"])
    yield from _table("Total", counts["cost_status"])
    yield "Flags"
    for flag, tiers in counts["flags"].items():
        yield f"  {flag:<30}" + "  ".join(f"{tier} {number:,}" for tier, number in tiers.items())
    for period, number in counts["rows_vanished"].items():
        yield f"Stored rows of {period} that this file lacks, kept: {number:,}"
    notes = counts["unmapped_notes"]
    if notes:
        yield f"Notes not mapped: {sum(notes.values()):,} rows, {len(notes)} different"
        for note, number in list(notes.items())[:_LISTED]:
            yield f"    {number:>9,}  {quoted(note, 80)}"
        yield from _more(notes)
    for correction in counts["idle_corrections"]:
        yield f"Correction that matched nothing: {correction}"


def _answer_lines(counts: dict[str, Any], places: Iterable[str]) -> Iterator[str]:
    """Say what became of the rates or quotes of an answer."""
    yield f"Accepted         {counts['records_accepted']:>9,}"
    yield f"Refused          {counts['records_refused']:>9,}"
    for code, number in counts["refused"].items():
        yield f"    {number:>9,}  {code}"
    yield from places
    for what, number in counts["counts"].items():
        if number:
            yield f"  {what:<28}{number:>9,}"


def _sheet_lines(counts: dict[str, Any]) -> Iterator[str]:
    """Say what each table held; imports of earlier releases did not count them."""
    for each in counts.get("sheets", ()):
        periods = each["periods"]
        held = f"{len(periods)} quarters, {periods[0]} to {periods[-1]}" if len(periods) > 1 else "".join(periods)
        name = quoted(each["sheet"], 60)[1:-1]
        yield f"{name}: {each['rows_read']:,} rows, {each['rows_accepted']:,} accepted; {held or 'no quarter'}"
    for sheet in counts.get("sheets_absent", ()):
        yield f"The workbook has no sheet {quoted(sheet, 60)}: its quarters were not imported."


def _more(items: Sized) -> Iterator[str]:
    """Say how many of a list were not shown."""
    if len(items) > _LISTED:
        yield f"    and {len(items) - _LISTED:,} more"


def _table(title: str, tiers: dict[str, dict[str, int]]) -> Iterator[str]:
    yield title
    for status in sorted({status for found in tiers.values() for status in found}):
        yield f"  {status:<30}" + "  ".join(f"{tier} {found.get(status, 0):,}" for tier, found in tiers.items())


def _difference_lines(difference: dict[str, Any]) -> Iterator[str]:
    if not difference:
        return
    yield f"Difference: {difference['new_rounds']:,} new corridor-quarters"
    yield f"  averages that move by more than 1 point: {len(difference['averages_moved']):,}"
    for moved in difference["averages_moved"][:_LISTED]:
        yield f"    {moved['corridor']} {moved['period']}: {moved['from_percent']} to {moved['to_percent']}"
    yield from _more(difference["averages_moved"])
    yield f"  winners that change: {len(difference['winners_changed']):,}"
    for moved in difference["winners_changed"][:_LISTED]:
        was, is_ = ", ".join(moved["from"]) or "none", ", ".join(moved["to"]) or "none"
        yield f"    {moved['corridor']} {moved['period']}: {was} to {is_}"
    yield from _more(difference["winners_changed"])
    yield f"  new labels: {len(difference['new_labels']):,}"
    for label in difference["new_labels"][:_LISTED]:
        yield f"    {label['column']}: {quoted(label['label'], 80)}"
    yield from _more(difference["new_labels"])
    for period, keys in difference["vanished_rows"].items():
        yield f"  vanished rows of {period}: {len(keys):,}"
