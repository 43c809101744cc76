"""``threepercent quarantine``: quotes that wait for a person, and what that person decides."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

import typer
from sqlalchemy import Engine

from app import reference
from app.accounts import find_partner
from app.cli.acting import actor, opened, opened_to_change
from app.cli.command import Command
from app.cli.output import Column, console, name, put
from app.db import instant, reading
from app.domain.errors import InvalidParameter
from app.domain.reasons import reason
from app.domain.review_errors import UnknownQuarantined
from app.domain.terms import first_rate_of
from app.domain.verdicts import findings_from
from app.mend.acts import Hand
from app.mend.decisions import decide
from app.sources.kept_records import record_from
from app.store import quarantine
from app.store.quarantine import Quarantined, WaitingStatus, Wanted

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="List quotes that wait for a person; accept or refuse them."
)

MOST_AT_ONCE: Final = 10_000
_LISTED: Final = 100
_COLUMNS: Final = (
    name("Quote"),
    name("Partner"),
    name("External id", 2),
    Column("Corridor"),
    Column("Rate", 3),
    Column("Came", 4),
    name("Found"),
)

IdsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[ID]...", help="Quotes, by their ids as quarantine list shows them.")
]
PartnerOption = Annotated[
    str | None,
    typer.Option("--partner", metavar="NAME", help="Only quotes of this partner, by name or id."),
]
CorridorOption = Annotated[
    str | None, typer.Option("--corridor", metavar="C", help="Only quotes of this corridor, such as GBR-PHL.")
]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, in a line that the partner reads.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Change nothing; tell what would be decided.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list", cls=Command)
def list_quarantine(
    partner: PartnerOption = None,
    corridor: CorridorOption = None,
    status: Annotated[WaitingStatus, typer.Option("--status", help="Those that wait, or what became of them.")] = (
        WaitingStatus.WAITING
    ),
    *,
    as_json: JsonOption = False,
) -> None:
    """List quotes in quarantine and what was found, the first that came first."""
    with opened() as (engine, _):
        wanted = _wanted(engine, partner, corridor, status)
        with reading(engine) as connection:
            found = quarantine.listed(connection, wanted, limit=_LISTED)
            count = quarantine.count(connection, wanted)
    if as_json:
        typer.echo(json.dumps({"count": count, "quotes": [_plain(one) for one in found]}, ensure_ascii=False, indent=1))
    elif not found:
        typer.echo("No quote waits." if status is WaitingStatus.WAITING else f"No quote was {status.value}.")
    else:
        put(console(), _COLUMNS, [_row(one) for one in found])
        if count > len(found):
            typer.echo(f"and {count - len(found):,} more")


@app.command("accept", cls=Command)
def accept(
    why: ReasonOption,
    ids: IdsArgument = None,
    partner: PartnerOption = None,
    corridor: CorridorOption = None,
    *,
    dry_run: DryRunOption = False,
) -> None:
    """Accept quotes that wait: they are shown at once, as if they had just come. All of them, or none."""
    _decide(ids, partner, corridor, why, is_accepted=True, is_dry_run=dry_run)


@app.command("refuse", cls=Command)
def refuse(
    why: ReasonOption,
    ids: IdsArgument = None,
    partner: PartnerOption = None,
    corridor: CorridorOption = None,
    *,
    dry_run: DryRunOption = False,
) -> None:
    """Refuse quotes that wait: they are never shown. All of them, or none; at most 10,000 at once."""
    _decide(ids, partner, corridor, why, is_accepted=False, is_dry_run=dry_run)


def _decide(  # noqa: PLR0913 - which quotes, what and why
    ids: list[str] | None,
    partner: str | None,
    corridor: str | None,
    why: str,
    *,
    is_accepted: bool,
    is_dry_run: bool,
) -> None:
    hand = Hand(actor=actor(), reason=reason(why, parameter="--reason"), clock=lambda: datetime.now(UTC))
    with opened_to_change() as (engine, _):
        chosen = _chosen(engine, ids, _wanted(engine, partner, corridor, WaitingStatus.WAITING))
        decided = decide(engine, chosen, hand, is_accepted=is_accepted, is_dry_run=is_dry_run)
    count = len(decided.quotes)
    quotes = "1 quote" if count == 1 else f"{count:,} quotes"
    if is_dry_run:
        verb = "accept" if is_accepted else "refuse"
        typer.echo(f"Would {verb} {quotes}. Nothing was changed.")
        for one in decided.quotes[:_LISTED]:
            typer.echo(f"  {one.quote_id}  {one.partner}  {one.external_id}  {one.corridor}")
        return
    done = "Accepted" if is_accepted else "Refused"
    shown = "" if decided.dataset_version is None else f" Shown in dataset version {decided.dataset_version}."
    typer.echo(f"{done} {quotes}.{shown}")


def _chosen(engine: Engine, ids: list[str] | None, wanted: Wanted) -> list[UUID]:
    """Return the quotes that are named, or all that wait of a partner or corridor."""
    if ids:
        if wanted.partner is not None or wanted.corridor is not None:
            raise InvalidParameter(parameter="ID", expected="ids, or --partner and --corridor, not both")
        return [_uuid(text) for text in ids]
    if wanted.partner is None and wanted.corridor is None:
        raise InvalidParameter(parameter="ID", expected="ids of quotes, --partner or --corridor")
    with reading(engine) as connection:
        found = quarantine.listed(connection, wanted, limit=MOST_AT_ONCE)
    return [one.quote_id for one in found]


def _wanted(engine: Engine, partner: str | None, corridor: str | None, status: WaitingStatus) -> Wanted:
    found = None
    if partner is not None:
        with reading(engine) as connection:
            found = find_partner(connection, partner).id
    its_corridor = None if corridor is None else reference.load().corridor(corridor, ()).id
    return Wanted(status=status, partner=found, corridor=its_corridor)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise UnknownQuarantined(text=text) from None


def _row(one: Quarantined) -> list[str]:
    rate = first_rate_of(record_from(one.record).terms)
    rules = ", ".join(finding.rule for finding in findings_from(one.findings))
    return [
        str(one.quote_id),
        one.partner,
        one.external_id,
        one.corridor,
        "–" if rate is None else f"{rate:f}",
        f"{one.recorded_at:%Y-%m-%d %H:%M}",
        rules,
    ]


def _plain(one: Quarantined) -> dict[str, Any]:
    record = record_from(one.record)
    return {
        "quote_id": str(one.quote_id),
        "status": one.status.value,
        "partner": one.partner,
        "external_id": one.external_id,
        "corridor": one.corridor,
        "provider": record.service.provider,
        "provider_name": record.service.provider_name,
        "sending_currency": record.sending_currency,
        "receiving_currency": record.receiving_currency,
        "terms": json.loads(record.terms),
        "observed_at": instant(record.observed_at).isoformat(),
        "recorded_at": one.recorded_at.isoformat(),
        "findings": json.loads(one.findings),
        "decided_at": None if one.decided_at is None else one.decided_at.isoformat(),
        "decided_by": one.decided_by,
        "decision_reason": one.decision_reason,
    }
