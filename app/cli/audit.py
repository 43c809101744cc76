"""``threepercent audit``: who did what, and whether anybody changed that afterwards."""

import json
import re
from datetime import UTC
from typing import Annotated, Any

import typer

from app.cli.acting import opened
from app.cli.command import Command
from app.cli.failures import fail
from app.db import reading
from app.domain.audit import Entry
from app.domain.errors import InvalidParameter, quoted
from app.store import audit as stored

_HEAD = re.compile(r"([1-9][0-9]{0,8}):([0-9a-f]{64})", re.ASCII)
_LISTED = 50
_MOST_LISTED = 10_000

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="List who did what, and verify the log of it.")


@app.command("list", cls=Command)
def list_acts(
    limit: Annotated[int, typer.Option("--limit", min=1, max=_MOST_LISTED, help="How many acts to list.")] = _LISTED,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the newest administrative acts, the newest first."""
    with opened() as (engine, _), reading(engine) as connection:
        found = stored.newest(connection, limit)
    if as_json:
        typer.echo(json.dumps([_plain(entry) for entry in found], ensure_ascii=False, indent=2))
        return
    if not found:
        typer.echo("Nothing has been done by hand yet.")
    for entry in found:
        act = entry.act
        at = act.at.astimezone(UTC)
        what = f"{act.action.replace('_', ' ')}  {_line(act.subject)}  {_line(act.detail)}"
        typer.echo(f"{act.number:>5}  {at:%Y-%m-%d %H:%M:%S}  {_line(act.actor)}  {what}")


@app.command("verify", cls=Command)
def verify(
    noted: Annotated[
        str | None,
        typer.Option("--noted", metavar="HEAD", help="A head that was noted before: the log must still hold it."),
    ] = None,
) -> None:
    """Check that no act was changed, removed or slipped in, and print the log's head: note it somewhere else."""
    number, hash_ = _head_of(noted)
    with opened() as (engine, _), reading(engine) as connection:
        broken = stored.verify(connection)
        head = stored.head(connection)
        known = stored.find(connection, number) if number else None
    if broken is not None:
        raise fail(f"The log does not hold: entry {broken} is not as it was written, or one before it is missing.")
    if number and (known is None or known.hash.hex() != hash_):
        is_cut = head is None or head.act.number < number
        why = "the newest acts were cut off" if is_cut else "the log was written anew"
        raise fail(f"The log does not hold the noted entry {number}: {why}.")
    if head is None:
        typer.echo("The log holds: nothing has been done by hand yet.")
        return
    acts = "1 act" if head.act.number == 1 else f"{head.act.number:,} acts"
    typer.echo(f"The log holds: {acts}. Its head is {head.act.number}:{head.hash.hex()}")


def _head_of(noted: str | None) -> tuple[int, str]:
    """Return the number and hash that were noted, 0 where nothing was."""
    if noted is None:
        return 0, ""
    match = _HEAD.fullmatch(noted)
    if match is None:
        expected = "a head as audit verify prints it, NUMBER:HASH"
        raise InvalidParameter(parameter="--noted", expected=expected, given=noted)
    return int(match[1]), match[2]


def _line(text: str) -> str:
    """Return text of the log so that it cannot forge a line or move a cursor."""
    return quoted(text, 400)[1:-1].replace(r"\x22", '"')


def _plain(entry: Entry) -> dict[str, Any]:
    act = entry.act
    return {
        "number": act.number,
        "at": act.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "actor": act.actor,
        "action": act.action,
        "subject": act.subject,
        "detail": json.loads(act.detail),
        "hash": entry.hash.hex(),
    }
