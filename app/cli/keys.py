"""``threepercent keys``: what partners and apps identify themselves with; each key is shown once, when it is made."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from app.accounts import LONGEST_OVERLAP, Maker, NewKey, create_key, find_key_of, find_partner, key_secret, revoke_key
from app.accounts import rotate_key as rotated
from app.cli.acting import actor, opened, opened_to_change
from app.cli.command import Command
from app.cli.output import UNKNOWN, Column, console, name, put
from app.db import reading, writing
from app.domain.key_rights import KeyRecord, Rights, check_rights, read_networks
from app.domain.partners import KeyKind, Scope
from app.store import keys as stored

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Create, list, rotate and revoke keys.")

DEFAULT_OVERLAP_HOURS = 24
_MOST_OVERLAP_HOURS = LONGEST_OVERLAP // timedelta(hours=1)
_MOST_DAYS = 3_650
_COLUMNS = (
    name("Key"),
    name("Begins with"),
    name("Partner"),
    Column("Scopes", 2),
    Column("State"),
    Column("Ends", 3),
    Column("Last used", 1),
    name("Name", 4),
)

KeyArgument = Annotated[str, typer.Argument(metavar="ID", help="A key's id, as keys list shows it; not the key.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Change nothing; tell what would change.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("create", cls=Command)
def create(  # noqa: PLR0913, PLR0917 - what a key is
    partner: Annotated[str, typer.Option("--partner", metavar="NAME", help="Whose key it is, by name or id.")],
    scope: Annotated[
        list[Scope] | None, typer.Option("--scope", help="What it allows beside public reads; may be repeated.")
    ] = None,
    kind: Annotated[
        KeyKind, typer.Option("--kind", help="`live`, `test` for the partner's sandbox, `pub` for apps.")
    ] = KeyKind.LIVE,
    label: Annotated[str, typer.Option("--name", metavar="TEXT", help="What people call it.")] = "",
    network: Annotated[
        list[str] | None,
        typer.Option("--network", metavar="N", help="A network that it is good from; may be repeated; else from all."),
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=_MOST_DAYS, help="How long it is good; for ever unless given.")
    ] = None,
    *,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Create a key and show it, this once: it is not kept."""
    now = datetime.now(UTC)
    rights = Rights(
        kind=kind,
        scopes=frozenset(scope or ()),
        networks=read_networks(network or ()),
        expires_at=None if days is None else now + timedelta(days=days),
    )
    if dry_run:
        with opened_to_change() as (engine, _), reading(engine) as connection:
            found = find_partner(connection, partner)
            check_rights(rights, found.kind, now)
        typer.echo(f"Would create a {kind.value} key of {found.id} for {_allowed(rights)}. Nothing was changed.")
        return
    with _changing(now) as (connection, by):
        made = create_key(connection, find_partner(connection, partner), rights, label, by)
    _show(made, as_json=as_json)


@app.command("list", cls=Command)
def list_keys(
    partner: Annotated[str | None, typer.Option("--partner", metavar="NAME", help="Only this partner's keys.")] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """List keys: what each allows, whether it is good, when it was last used. Never the keys themselves."""
    now = datetime.now(UTC)
    with opened() as (engine, _), reading(engine) as connection:
        found = stored.listed(connection, None if partner is None else find_partner(connection, partner).id)
    if as_json:
        typer.echo(json.dumps({"keys": [_plain(key, now) for key in found]}, ensure_ascii=False, indent=1))
    elif not found:
        typer.echo("There are no keys yet. Create one with: threepercent keys create --partner NAME --scope SCOPE")
    else:
        put(console(), _COLUMNS, [_row(key, now) for key in found])


@app.command("rotate", cls=Command)
def rotate(
    key: KeyArgument,
    overlap_hours: Annotated[
        int,
        typer.Option("--overlap-hours", min=0, max=_MOST_OVERLAP_HOURS, help="How long the old key is good as well."),
    ] = DEFAULT_OVERLAP_HOURS,
    *,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Create a key that allows the same, and show it, this once; the old one ends after the overlap."""
    now = datetime.now(UTC)
    if dry_run:
        with opened_to_change() as (engine, _), reading(engine) as connection:
            found = find_key_of(connection, key)
        typer.echo(f"Would rotate {found.id} ({found.shown}) of {found.partner}. Nothing was changed.")
        return
    with _changing(now) as (connection, by):
        made = rotated(connection, find_key_of(connection, key), timedelta(hours=overlap_hours), by)
    _show(made, as_json=as_json)
    if not as_json:
        typer.echo(f"{key} is good for another {overlap_hours} h.", err=True)


@app.command("revoke", cls=Command)
def revoke(key: KeyArgument, *, dry_run: DryRunOption = False) -> None:
    """End a key at once: within a second no worker takes it any more."""
    now = datetime.now(UTC)
    if dry_run:
        with opened_to_change() as (engine, _), reading(engine) as connection:
            found = find_key_of(connection, key)
        typer.echo(f"Would revoke {found.id} ({found.shown}) of {found.partner}. Nothing was changed.")
        return
    with _changing(now) as (connection, by):
        found = find_key_of(connection, key)
        is_new = found.revoked_at is None
        revoke_key(connection, found, by)
    done = "Revoked" if is_new else "Revoked before:"
    typer.echo(f"{done} {found.id} ({found.shown}) of {found.partner}.")


@contextmanager
def _changing(now: datetime) -> Iterator[tuple[Connection, Maker]]:
    with opened_to_change() as (engine, settings):
        by = Maker(actor=actor(), now=now, secret=key_secret(settings))
        with writing(engine) as connection:
            yield connection, by


def _show(made: NewKey, *, as_json: bool) -> None:
    """Print the key alone on standard output, and what to know about it beside."""
    if as_json:
        shown = {"key": made.key.text, **_plain(made.record, made.record.created_at)}
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=1))
        return
    record = made.record
    typer.echo(made.key.text)
    typer.echo(f"{record.id}, a {record.kind.value} key of {record.partner} for {_allowed(record.rights)}.", err=True)
    typer.echo("This is the only time that it is shown: keep it where secrets are kept.", err=True)


def _allowed(rights: Rights) -> str:
    scopes = ", ".join(sorted(rights.scopes)) or "public reads only"
    where = f", from {', '.join(map(str, rights.networks))} only" if rights.networks else ""
    until = f", until {rights.expires_at:%Y-%m-%d %H:%M} UTC" if rights.expires_at else ""
    return f"{scopes}{where}{until}"


def _row(key: KeyRecord, now: datetime) -> tuple[str, ...]:
    return (
        key.id,
        key.shown,
        key.partner,
        ", ".join(sorted(key.scopes)) or UNKNOWN,
        key.state(now).value,
        UNKNOWN if key.expires_at is None else f"{key.expires_at:%Y-%m-%d %H:%M}",
        UNKNOWN if key.last_used_at is None else f"{key.last_used_at:%Y-%m-%d %H:%M}",
        key.name or UNKNOWN,
    )


def _plain(key: KeyRecord, now: datetime) -> dict[str, Any]:
    return {
        "id": key.id,
        "partner": key.partner,
        "kind": key.kind.value,
        "shown": key.shown,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "networks": [str(network) for network in key.networks],
        "state": key.state(now).value,
        "created_at": _instant(key.created_at),
        "created_by": key.created_by,
        "expires_at": _instant(key.expires_at),
        "revoked_at": _instant(key.revoked_at),
        "last_used_at": _instant(key.last_used_at),
        "successor": key.successor,
    }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}"
