"""``threepercent providers``: hide a provider from every answer, and show it again."""

from typing import Annotated

import typer

from app.cli.acting import NOTHING_CHANGED, DryRunOption, ReasonOption, actor, opened_to_change, public_reason, utc_now
from app.cli.command import Command
from app.mend.acts import Hand
from app.mend.providers import set_visibility

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Hide a provider from every answer, or show it.")

ProviderArgument = Annotated[str, typer.Argument(metavar="PROVIDER", help="Its id, as GET /v1/providers lists it.")]


@app.command("hide", cls=Command)
def hide(provider: ProviderArgument, reason: ReasonOption, *, dry_run: DryRunOption = False) -> None:
    """Hide a provider from every answer, within a second, until it is shown again."""
    _set(provider, reason, is_hidden=True, dry_run=dry_run)


@app.command("show", cls=Command)
def show(provider: ProviderArgument, reason: ReasonOption, *, dry_run: DryRunOption = False) -> None:
    """Show a hidden provider again."""
    _set(provider, reason, is_hidden=False, dry_run=dry_run)


def _set(provider: str, reason: str, *, is_hidden: bool, dry_run: bool) -> None:
    hand = Hand(actor=actor(), reason=public_reason(reason), clock=utc_now)
    with opened_to_change() as (engine, _):
        found = set_visibility(engine, provider, hand, is_hidden=is_hidden, is_dry_run=dry_run)
    verb = "hide" if is_hidden else "show"
    state = "hidden" if is_hidden else "shown"
    what = f"{found.name}: {sum(found.quotes.values()):,} quotes in {len(found.quotes):,} corridors"
    if not found.is_new:
        typer.echo(f"{found.name} is {state} already. {NOTHING_CHANGED}")
    elif dry_run:
        typer.echo(f"Would {verb} {what}. {NOTHING_CHANGED}")
    else:
        typer.echo(f"{state.capitalize()} since dataset version {found.dataset_version}: {what}.")
