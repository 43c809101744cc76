"""``threepercent quotes withdraw``: take quotes of a source back, by their ids, their services, corridor or time."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer

from app.cli.acting import NOTHING_CHANGED, DryRunOption, ReasonOption, actor, opened_to_change, public_reason, utc_now
from app.cli.command import Command
from app.cli.naming import given_instant, known_corridor, known_source
from app.db import instant, reading
from app.domain.errors import InvalidParameter, quoted
from app.mend.acts import Hand
from app.mend.withdrawals import Withdrawn, withdraw
from app.store.withdrawals import Selection

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Take quotes back.")

LISTED = 20
TimeOption = Annotated[str | None, typer.Option(metavar="TIME", help="RFC 3339, such as 2026-11-24T02:00Z.")]


@app.callback()
def quotes() -> None:
    """Take quotes back."""


@app.command("withdraw", cls=Command)
def withdraw_quotes(  # noqa: PLR0913 - what quotes are selected by
    source: Annotated[str, typer.Option("--source", help="Whose quotes: a source's key; a partner's is partner-ID.")],
    reason: ReasonOption,
    *,
    quote_id: Annotated[list[str] | None, typer.Option("--id", help="A quote's id; may be repeated.")] = None,
    external_id: Annotated[
        list[str] | None, typer.Option("--external-id", help="The source's own key of a service; may be repeated.")
    ] = None,
    corridor: Annotated[str | None, typer.Option("--corridor", help="Only this corridor, such as GBR-PHL.")] = None,
    observed_from: TimeOption = None,
    observed_until: TimeOption = None,
    sent_from: TimeOption = None,
    sent_until: TimeOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Take quotes back: everything that is given must hold of them.

    With a time or --id they are taken back as if they had never been sent, and what they had replaced stands again.
    Services that are named without a time end.
    """
    hand = Hand(actor=actor(), reason=public_reason(reason), clock=utc_now)
    with opened_to_change() as (engine, _):
        with reading(engine) as connection:
            selection = Selection(
                source=known_source(connection, source),
                quote_ids=tuple(_uuid(text) for text in quote_id or ()),
                source_keys=tuple(external_id or ()),
                corridor=None if corridor is None else known_corridor(connection, corridor),
                observed_from=given_instant("--observed-from", observed_from),
                observed_until=given_instant("--observed-until", observed_until),
                sent_from=given_instant("--sent-from", sent_from),
                sent_until=given_instant("--sent-until", sent_until),
            )
        if selection.is_of_services and not selection.source_keys and selection.corridor is None:
            expected = "--id, --external-id, --corridor or a time; all quotes of a source are never meant"
            raise InvalidParameter(parameter="quotes withdraw", expected=expected)
        withdrawn = withdraw(engine, selection, hand, is_dry_run=dry_run)
    for line in told(withdrawn, is_dry_run=dry_run):
        typer.echo(line)


def told(withdrawn: Withdrawn, *, is_dry_run: bool) -> Iterator[str]:
    """Say what a withdrawal came to, or would; a dry run lists the first quotes."""
    number, waiting = len(withdrawn.quotes), len(withdrawn.waiting)
    if not number and not waiting:
        yield f"No quotes are meant. {NOTHING_CHANGED}"
        return
    if is_dry_run:
        for one in withdrawn.quotes[:LISTED]:
            was = "shown" if one.is_current else "superseded"
            at = instant(one.observed_at)
            yield f"{UUID(bytes=one.id)}  {one.corridor}  {_moment(at)}  {was}  {quoted(one.source_key, 80)[1:-1]}"
        if number > LISTED:
            yield f"and {number - LISTED:,} more"
    quarantined = f" and {waiting:,} from quarantine" if waiting else ""
    returned = (
        f"{len(withdrawn.returned):,} older ones stand again" if withdrawn.returned else "none stands in their place"
    )
    if is_dry_run:
        yield f"Would withdraw {number:,} quotes{quarantined}; {returned}. {NOTHING_CHANGED}"
    else:
        version = "" if withdrawn.dataset_version is None else f" Dataset version {withdrawn.dataset_version}."
        yield f"Withdrew {number:,} quotes{quarantined}; {returned}.{version}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidParameter(parameter="--id", expected="a quote's id, as answers name it", given=text) from None
