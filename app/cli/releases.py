"""``threepercent releases``: which there are, whether their bytes are as published, and what was found wrong."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.command import Command
from app.cli.failures import FAILED, fail
from app.cli.output import UNKNOWN, Column, console, figure, name, put
from app.domain.errors import quoted
from app.publish import releases
from app.publish.catalogue import Standing, UnknownReleaseError, retract, standing, standings
from app.settings import read_settings

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="List releases, check their bytes, or retract one.")

Out = Annotated[
    Path | None, typer.Option("--out", help="The folder of the releases; releases in the data folder unless told.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list", cls=Command)
def list_releases(*, out: Out = None, as_json: AsJson = False) -> None:
    """List the releases, newest first, with their standing."""
    found = standings(_folder(out))
    if as_json:
        typer.echo(json.dumps([_plain(each) for each in found], ensure_ascii=False, indent=2))
        return
    if not found:
        console().print("There is no release yet. Publish one with: threepercent publish")
        return
    columns = (name("Release"), Column("Standing"), figure("Quotes"), figure("Quarters"), Column("Checksum", 1))
    put(console(), columns, [_cells(each) for each in found])
    for each in found:
        if each.reason is not None:
            successor = "" if each.successor is None else f" Use {each.successor}."
            console().print(f"{each.id} is {each.status}: {each.reason}{successor}", soft_wrap=True)


@app.command("verify", cls=Command)
def verify_releases(
    release: Annotated[str | None, typer.Argument(help="Only this release.")] = None,
    *,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Read every byte of the releases and compare it with what was published; exit status 1 where one differs."""
    folder = _folder(out)
    chosen = standings(folder) if release is None else [_standing(folder, release)]
    faults = {
        each.id: [str(each.reason)] if each.release is None else releases.verify(folder, each.release)
        for each in chosen
    }
    if as_json:
        typer.echo(json.dumps(faults, ensure_ascii=False, indent=2))
    for id_, found in faults.items():
        if not as_json:
            typer.echo(f"{id_}: {', '.join(found) or 'whole'}")
    if any(faults.values()):
        raise typer.Exit(FAILED)


@app.command("retract", cls=Command)
def retract_release(
    release: Annotated[str, typer.Argument(help="The release that was found wrong.")],
    *,
    reason: Annotated[str, typer.Option(help="What is wrong, for everybody to read.")],
    successor: Annotated[str | None, typer.Option(help="The release to use instead.")] = None,
    out: Out = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; tell what would be marked.")] = False,
) -> None:
    """Mark a release as found wrong: it stays as it is, and everybody is told why and what to use instead."""
    folder = _folder(out)
    for each in (release, successor):
        if each is not None:
            _standing(folder, each)
    if not reason.strip() or any(ord(letter) < ord(" ") for letter in reason):
        raise fail("The reason is empty, or has control characters in it.", 2)
    if dry_run:
        typer.echo(f"Dry run: {release} would be marked as retracted.")
        return
    marked = retract(folder, release, reason=reason.strip(), successor=successor)
    typer.echo(f"{marked.id} is marked as retracted. Its files are as they were.")


def _folder(out: Path | None) -> Path:
    return read_settings().releases_dir if out is None else out


def _standing(folder: Path, id_: str) -> Standing:
    try:
        return standing(folder, id_)
    except UnknownReleaseError:
        known = ", ".join(releases.listed(folder)) or "none"
        raise fail(f"There is no release {quoted(id_)}. There are: {known}.", 2) from None


def _cells(found: Standing) -> tuple[str, str, str, str, str]:
    held = found.release
    if held is None:
        return found.id, found.status, UNKNOWN, UNKNOWN, UNKNOWN
    return found.id, found.status, f"{held.quotes:,}", f"{len(held.partitions):,}", held.checksum


def _plain(found: Standing) -> dict[str, Any]:
    held = found.release
    return {
        "id": found.id,
        "status": found.status,
        "reason": found.reason,
        "successor": found.successor,
        "quotes": None if held is None else held.quotes,
        "checksum": None if held is None else held.checksum,
    }
