"""``threepercent partners``: who may push quotes, and for which providers."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from app.accounts import (
    By,
    add_partner,
    end_partner,
    find_partner,
    give_providers,
    named_providers,
    new_partner,
    take_providers,
)
from app.cli.acting import actor, opened, opened_to_change
from app.cli.command import Command
from app.cli.output import Column, console, name, put, words
from app.db import reading, writing
from app.domain.errors import ContradictoryParameters, InvalidParameter
from app.domain.partners import Partner, PartnerKind
from app.domain.vocabulary import ProviderType
from app.settings import STANDARD_PLAN, read_settings
from app.store import partners as stored
from app.store.partners import Membership

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Add, list and end partners; say for whom they speak."
)

_COLUMNS = (name("Partner"), name("Name"), Column("Kind"), Column("Plan", 2), Column("Since", 3), name("Speaks for", 1))

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The partner's name, or its id as partners list.")]
ProviderOption = Annotated[
    list[str] | None,
    typer.Option("--provider", metavar="P", help="A provider that it speaks for, by name or id; may be repeated."),
]
TypeOption = Annotated[ProviderType, typer.Option("--provider-type", help="What kind of provider these are.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Change nothing; tell what would change.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_MOST_TYPES = ProviderType.MONEY_TRANSFER_OPERATOR


@app.command("add", cls=Command)
def add(  # noqa: PLR0913 - what a partner is
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name, as its quotes' source shows it.")],
    provider: ProviderOption = None,
    provider_type: TypeOption = _MOST_TYPES,
    plan: Annotated[str, typer.Option("--plan", help="Its limits, by the name of a plan.")] = STANDARD_PLAN,
    *,
    aggregator: Annotated[bool, typer.Option("--aggregator", help="It speaks for any provider.")] = False,
    operator: Annotated[bool, typer.Option("--operator", help="Its keys decide on quotes and push none.")] = False,
    dry_run: DryRunOption = False,
) -> None:
    """Add a partner: a provider that pushes its own prices, an aggregator, or an account of the operator."""
    kind = _kind(aggregator=aggregator, operator=operator)
    if plan not in read_settings().plans:
        known = ", ".join(sorted(read_settings().plans))
        raise InvalidParameter(parameter="--plan", expected=f"one of {known}", given=plan)
    with _changing(dry_run=dry_run) as (connection, by):
        partner = new_partner(connection, name, kind, plan=plan, spoken_for=provider or (), provider_type=provider_type)
        if not dry_run:
            add_partner(connection, partner, by)
    done = "Would add" if dry_run else "Added"
    typer.echo(f"{done} {partner.id}, {_described(partner)}.{_unchanged(dry_run=dry_run)}")
    if not dry_run:
        scope = "quotes:review" if kind is PartnerKind.OPERATOR else "quotes:write"
        typer.echo(f"Create its first key with: threepercent keys create --partner {partner.id} --scope {scope}")


@app.command("list", cls=Command)
def list_partners(*, as_json: JsonOption = False) -> None:
    """List every partner there is or was."""
    with opened() as (engine, _), reading(engine) as connection:
        found = stored.listed(connection)
    if as_json:
        typer.echo(json.dumps({"partners": [_plain(each) for each in found]}, ensure_ascii=False, indent=1))
    elif not found:
        typer.echo("There are no partners yet. Add one with: threepercent partners add NAME")
    else:
        put(console(), _COLUMNS, [_row(each) for each in found])


@app.command("give", cls=Command)
def give(
    partner: NameArgument,
    provider: ProviderOption = None,
    provider_type: TypeOption = _MOST_TYPES,
    *,
    dry_run: DryRunOption = False,
) -> None:
    """Let a partner speak for more providers."""
    with _changing(dry_run=dry_run) as (connection, by):
        found = _pushing(find_partner(connection, partner))
        given = named_providers(connection, _some(provider), provider_type)
        if not dry_run:
            give_providers(connection, found, given, by)
    named = ", ".join(each.name for each in given.values())
    may = "would speak" if dry_run else "speaks"
    typer.echo(f"{found.id} {may} for {named} ({words([provider_type])}).{_unchanged(dry_run=dry_run)}")


@app.command("take", cls=Command)
def take(partner: NameArgument, provider: ProviderOption = None, *, dry_run: DryRunOption = False) -> None:
    """Let a partner speak no longer for providers; what it pushed of them stays."""
    with _changing(dry_run=dry_run) as (connection, by):
        found = find_partner(connection, partner)
        taken = sorted(named_providers(connection, _some(provider), _MOST_TYPES))
        if unknown := [each for each in taken if each not in found.providers]:
            expected = f"providers that {found.id} speaks for: {', '.join(found.providers) or 'there are none'}"
            raise InvalidParameter(parameter="--provider", expected=expected, given=", ".join(unknown))
        if not dry_run:
            take_providers(connection, found, taken, by)
    may = "would speak" if dry_run else "speaks"
    typer.echo(f"{found.id} {may} no longer for {', '.join(taken)}.{_unchanged(dry_run=dry_run)}")


@app.command("end", cls=Command)
def end(partner: NameArgument, *, dry_run: DryRunOption = False) -> None:
    """End a partner: its keys are good no longer; what it pushed stays until it is withdrawn or expires."""
    with _changing(dry_run=dry_run) as (connection, by):
        found = find_partner(connection, partner)
        if not dry_run:
            end_partner(connection, found, by)
    done = "Would end" if dry_run else "Ended"
    typer.echo(f"{done} {found.id}: none of its keys is good any more.{_unchanged(dry_run=dry_run)}")


@contextmanager
def _changing(*, dry_run: bool) -> Iterator[tuple[Connection, By]]:
    """Give the database to change, or to read where nothing is to be changed, and who acts."""
    by = By(actor=actor(), now=datetime.now(UTC))
    with opened_to_change() as (engine, _), (reading if dry_run else writing)(engine) as connection:
        yield connection, by


def _kind(*, aggregator: bool, operator: bool) -> PartnerKind:
    if aggregator and operator:
        detail = "Leave out --aggregator or --operator: a partner is one of them, or a provider."
        raise ContradictoryParameters("--aggregator", "--operator", detail=detail)
    if operator:
        return PartnerKind.OPERATOR
    return PartnerKind.AGGREGATOR if aggregator else PartnerKind.PROVIDER


def _pushing(partner: Partner) -> Partner:
    if partner.kind is PartnerKind.OPERATOR:
        raise InvalidParameter(parameter="NAME", expected="a partner that pushes quotes; this is the operator's own")
    return partner


def _some(providers: list[str] | None) -> list[str]:
    if not providers:
        raise InvalidParameter(parameter="--provider", expected="at least one provider")
    return providers


def _described(partner: Partner) -> str:
    if partner.kind is PartnerKind.OPERATOR:
        return "the operator's own: its keys push no quotes"
    kinds = {given.type for given in partner.providers.values()}
    named = ", ".join(given.name for given in partner.providers.values())
    if partner.kind is PartnerKind.AGGREGATOR:
        return f"an aggregator, which speaks for any provider{f', {named} first' if named else ''}"
    return f"which speaks for {named} ({words(sorted(kinds))})"


def _unchanged(*, dry_run: bool) -> str:
    return " Nothing was changed." if dry_run else ""


def _row(membership: Membership) -> tuple[str, ...]:
    partner = membership.partner
    speaks_for = ", ".join(partner.providers) or ("any" if partner.kind is PartnerKind.AGGREGATOR else "–")
    since = f"{membership.created_at:%Y-%m-%d}"
    if membership.ended_at is not None:
        speaks_for = f"ended on {membership.ended_at:%Y-%m-%d}"
    return partner.id, partner.name, partner.kind.value, partner.plan, since, speaks_for


def _plain(membership: Membership) -> dict[str, Any]:
    partner, ended = membership.partner, membership.ended_at
    return {
        "id": partner.id,
        "name": partner.name,
        "kind": partner.kind.value,
        "plan": partner.plan,
        "source": partner.source,
        "providers": [
            {"id": key, "name": given.name, "type": given.type.value} for key, given in partner.providers.items()
        ],
        "created_at": f"{membership.created_at:%Y-%m-%dT%H:%M:%SZ}",
        "ended_at": None if ended is None else f"{ended:%Y-%m-%dT%H:%M:%SZ}",
    }
