"""``threepercent notices``: tell readers something, in every answer that it touches."""

import json
from typing import Annotated

import typer
from sqlalchemy import Connection

from app.cli.acting import NOTHING_CHANGED, DryRunOption, actor, opened, opened_to_change, utc_now
from app.cli.command import Command
from app.cli.naming import known_corridor, known_provider, known_source
from app.cli.output import Column, console, figure, name, put
from app.db import reading
from app.domain.errors import ContradictoryParameters
from app.domain.operator_notices import NoticeAbout, OperatorNotice
from app.domain.reasons import notice_text
from app.mend.acts import Hand
from app.mend.notices import add_notice, end_notice
from app.store import notices as stored

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Add, list and end notices to readers.")

_COLUMNS = (figure("Number"), name("About"), Column("Text"), figure("Since version", 1))


@app.command("add", cls=Command)
def add(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What readers are told.")],
    corridor: Annotated[
        str | None, typer.Option("--corridor", help="Only about this corridor, such as GBR-PHL.")
    ] = None,
    provider: Annotated[str | None, typer.Option("--provider", help="Only about this provider, by its id.")] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="Only about figures of this source, by its key.")
    ] = None,
    *,
    dry_run: DryRunOption = False,
) -> None:
    """Show a notice in every answer, or in those about a corridor, a provider or a source."""
    said = notice_text(text, parameter="TEXT")
    if sum(about is not None for about in (corridor, provider, source)) > 1:
        detail = "A notice is about one corridor, one provider, one source, or everything."
        raise ContradictoryParameters("corridor", "provider", "source", detail=detail)
    with opened_to_change() as (engine, _):
        with reading(engine) as connection:
            about, subject = _subject(connection, corridor, provider, source)
        notice = OperatorNotice(about, subject, said)
        done = add_notice(engine, notice, Hand(actor=actor(), reason="", clock=utc_now), is_dry_run=dry_run)
    where = f"{_about(about, subject)} ({done.corridors:,} corridors)"
    if dry_run:
        typer.echo(f"Would show it in answers about {where}. {NOTHING_CHANGED}")
    else:
        typer.echo(f"Notice {done.number} stands in answers about {where}.")
        typer.echo(f"End it with: threepercent notices end {done.number}")


@app.command("end", cls=Command)
def end(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="The notice's number, as notices list shows it.")],
    *,
    dry_run: DryRunOption = False,
) -> None:
    """Show a notice no longer; answers of the past show it still."""
    with opened_to_change() as (engine, _):
        done = end_notice(engine, number, Hand(actor=actor(), reason="", clock=utc_now), is_dry_run=dry_run)
    about = _about(done.notice.about, done.notice.subject)
    typer.echo(f"Would end notice {number} about {about}. {NOTHING_CHANGED}" if dry_run else f"Ended notice {number}.")


@app.command("list", cls=Command)
def list_notices(
    *,
    ended: Annotated[bool, typer.Option("--ended", help="Those too that were ended.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the notices that stand, the newest first."""
    with opened() as (engine, _), reading(engine) as connection:
        found = stored.listed(connection, with_ended=ended)
    if as_json:
        rows = [{**one._asdict(), "recorded_at": one.recorded_at.isoformat()} for one in found]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    if not found:
        typer.echo("No notice stands.")
        return
    rows_shown = [(str(one.id), _about(one.about, one.subject), _text(one), str(one.since_version)) for one in found]
    put(console(), _COLUMNS, rows_shown)


def _text(one: stored.Notice) -> str:
    return one.text if one.until_version is None else f"{one.text} (until version {one.until_version})"


def _about(about: NoticeAbout, subject: str) -> str:
    return "everything" if about is NoticeAbout.ALL else f"{about.value} {subject}"


def _subject(
    connection: Connection, corridor: str | None, provider: str | None, source: str | None
) -> tuple[NoticeAbout, str]:
    """Return what a notice is about, judged."""
    if corridor is not None:
        return NoticeAbout.CORRIDOR, known_corridor(connection, corridor)
    if provider is not None:
        return NoticeAbout.PROVIDER, known_provider(connection, provider)
    return (NoticeAbout.ALL, "") if source is None else (NoticeAbout.SOURCE, known_source(connection, source))
