"""``threepercent sources``: where prices and rates come from, how each source is and was; pausing and resuming one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.text import Text
from sqlalchemy import Connection, Engine
from typer.core import TyperGroup

from app.cli.acting import actor
from app.cli.command import Command
from app.cli.output import UNKNOWN, Column, console, figure, name, put
from app.db import check_schema, open_engine, reading, writing
from app.domain.audit import Action
from app.domain.errors import InvalidParameter, SourceNotFetched, UnknownSource
from app.domain.source_health import HealthState
from app.health import WatchedSource, watched_sources
from app.settings import Settings, read_settings
from app.sources.source import sources as known_sources
from app.store import audit, fetches, rounds

HISTORY = timedelta(days=90)
LONGEST_REASON = 200

_STYLES = {HealthState.OK: "green", HealthState.LATE: "yellow", HealthState.FAILING: "bold red"}
_COLUMNS = (
    name("Source"),
    name("State"),
    figure("Last success", dropped=1),
    figure("Age"),
    figure("Newest", dropped=4),
    figure("Missed", dropped=3),
    figure("Rows", dropped=5),
    figure("Refused", dropped=2),
    Column("Breaker"),
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print what the API answers.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Change nothing; tell what would change.")]
KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="A source's key, as sources lists it.")]


class _KeyOrCommand(TyperGroup):
    """``sources KEY`` shows one source: whatever is no command here is a key."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - typer keeps these types to itself
        """Return the command that is named, or ``show``."""
        return super().resolve_command(ctx, args if args[0] in self.commands else ["show", *args])


sources = typer.Typer(
    cls=_KeyOrCommand,
    rich_markup_mode=None,
    add_completion=False,
    invoke_without_command=True,
    help="List where figures come from and how each source is; pause one. `sources KEY` shows one source.",
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """How every source is now, for the operator: private ones too."""

    settings: Settings
    now: datetime
    sources: Mapping[str, WatchedSource]
    newest_periods: Mapping[str, str]


@sources.callback()
def list_sources(ctx: typer.Context, *, as_json: JsonOption = False) -> None:
    """List every source, where no other command is named."""
    if ctx.invoked_subcommand is not None:
        return
    if as_json:
        _print_answer("/v1/sources")
        return
    with _opened() as (engine, settings):
        seen = _look(engine, settings)
    out = console()
    put(out, _COLUMNS, [_row(watched, seen) for watched in seen.sources.values()])
    out.print()
    remarks = [line for watched in seen.sources.values() for line in _remarks(watched)]
    for line in remarks:
        out.print(line, soft_wrap=True)
    if remarks:
        out.print()
    for key, watched in seen.sources.items():
        source = watched.source
        out.print(Text(f"{key}: {source.name}. {source.attribution} ({source.licence})"))


@sources.command("show", cls=Command)
def show_source(key: KeyArgument, *, as_json: JsonOption = False) -> None:
    """Show one source, and what its calls came to on each day of the last 90."""
    with _opened() as (engine, settings):
        seen = _look(engine, settings)
        if key not in seen.sources:
            raise UnknownSource(text=key, known=tuple(seen.sources))
        if as_json:
            _print_answer(f"/v1/sources/{key}")
            return
        watched = seen.sources[key]
        since = (seen.now - HISTORY).replace(hour=0, minute=0, second=0, microsecond=0)
        with reading(engine) as connection:
            days = fetches.daily(connection, key, since)
    out = console()
    put(out, _COLUMNS, [_row(watched, seen)])
    out.print()
    for line in (*_facts(watched), *_remarks(watched)):
        out.print(line, soft_wrap=True)
    if not days:
        out.print("It was not asked for anything in the last 90 days.")
        return
    out.print()
    columns = [Column("Day"), figure("Calls"), figure("Failed"), figure("Rows"), figure("Refused")]
    put(out, columns, [tuple(str(value) for value in day) for day in days])


@sources.command("pause", cls=Command)
def pause_source(
    key: KeyArgument,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; everybody can read it.")],
    *,
    dry_run: DryRunOption = False,
) -> None:
    """Stop fetching a source until it is resumed; what came from it before stays, with its age."""
    fetched, said = _fetched(key), _reason(reason)
    with _opened() as (engine, _):
        if dry_run:
            with reading(engine) as connection:
                since = _paused_at(connection, fetched)
            state = "is running" if since is None else f"is paused since {_instant(since)}"
            typer.echo(f"Would pause {fetched}, which {state}. Nothing was changed.")
            return
        with writing(engine) as connection:
            now = datetime.now(UTC)
            is_new = fetches.pause(connection, fetched, said, now)
            since = _paused_at(connection, fetched)
            audit.append(
                connection,
                at=now,
                actor=actor(),
                action=Action.SOURCE_PAUSED,
                subject=fetched,
                detail={"reason": said, "is_new": is_new},
            )
    if not is_new and since is not None:
        typer.echo(f"{fetched} was paused already, since {_instant(since)}; the reason is changed.")
        return
    typer.echo(f"Paused {fetched}. Fetch it again with: threepercent sources resume {fetched}")


@sources.command("resume", cls=Command)
def resume_source(key: KeyArgument, *, dry_run: DryRunOption = False) -> None:
    """Fetch a paused source again, from its next due time on."""
    fetched = _fetched(key)
    with _opened() as (engine, _):
        with reading(engine) as connection:
            since = _paused_at(connection, fetched)
        if since is None:
            typer.echo(f"{fetched} is not paused.")
            return
        if dry_run:
            typer.echo(f"Would resume {fetched}, which is paused since {_instant(since)}. Nothing was changed.")
            return
        with writing(engine) as connection:
            fetches.resume(connection, fetched)
            now, action = datetime.now(UTC), Action.SOURCE_RESUMED
            audit.append(connection, at=now, actor=actor(), action=action, subject=fetched, detail={})
    typer.echo(f"Resumed {fetched}.")


# --- How a source is told -------------------------------------------------------------------------------------------


def _row(watched: WatchedSource, seen: _Seen) -> tuple[Text | str, ...]:
    health, facts, source = watched.health, watched.facts, watched.source
    newest = facts.newest_day or facts.newest_observed_at or seen.newest_periods.get(source.key)
    return (
        source.key,
        Text(health.state.value.replace("_", " "), style=_STYLES.get(health.state, "")),
        UNKNOWN if health.last_success_at is None else f"{health.last_success_at:%Y-%m-%d %H:%M}",
        UNKNOWN if health.last_success_at is None else _age(seen.now - health.last_success_at),
        UNKNOWN if newest is None else str(newest)[:10],
        _number(health.missed_publications),
        _number(health.rows),
        _number(health.refused_rows),
        _breaker(watched),
    )


def _breaker(watched: WatchedSource) -> Text | str:
    states = [breaker.state for breaker in watched.breakers]
    worst = next((state for state in ("open", "half_open", "closed") if state in states), None)
    if worst is None:
        return UNKNOWN
    return Text(worst.replace("_", " "), style="bold red" if worst == "open" else "")


def _facts(watched: WatchedSource) -> Iterator[Text]:
    source, health = watched.source, watched.health
    yield Text(f"{source.name}, by {source.publisher}; {source.licence}, {source.cadence}.")
    if health.next_due_at is not None:
        yield Text(f"Due at {_instant(health.next_due_at)}.")
    asks = len(watched.facts.targets)
    if asks and source.fetching is not None:
        minutes = -(-asks * source.fetching.pause_seconds // 60)
        yield Text(f"Asked for {asks:,} things so far; a round of all takes {minutes:.0f} min at least.")
    for target in watched.facts.targets:
        success = "never" if target.success_at is None else _instant(target.success_at)
        failure = "" if target.failing_since is None else f", failing since {_instant(target.failing_since)}"
        yield Text(f"{target.target}: last success {success}{failure}.")


def _remarks(watched: WatchedSource) -> Iterator[Text]:
    """Say what is wrong with a source, and what somebody decided about it."""
    key, health, facts = watched.source.key, watched.health, watched.facts
    since = "" if health.since is None else f" since {_instant(health.since)}"
    if watched.is_private:
        yield Text(f"{key} is private: its figures are shown on the command line only.")
    if health.state is HealthState.PAUSED:
        yield Text(f"{key} is paused{since}: {facts.paused_reason}")
    if health.state is HealthState.LATE:
        yield Text(f"{key} has brought nothing new for longer than its schedule promises,{since or ' now'}.")
    if health.state is HealthState.FAILING and health.last_failure is not None:
        failure = health.last_failure
        several = f" ({health.failing_targets} of {health.targets} targets)" if health.targets > 1 else ""
        yield Text(f"{key} is failing{since}{several}: {failure.code}. {failure.detail or ''}".rstrip())
    for breaker in watched.breakers:
        if breaker.state == "open" and breaker.open_until is not None:
            yield Text(f"{breaker.host} is left alone until {_instant(breaker.open_until)}.")


def _number(value: int | None) -> str:
    return UNKNOWN if value is None else f"{value:,}"


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _age(age: timedelta) -> str:
    """Return an age in its largest unit: ``5 min``, ``3 h``, ``12 days``."""
    minutes = max(0, age // timedelta(minutes=1))
    if minutes < 2 * 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 2 * 24 * 60 else f"{minutes // (24 * 60)} days"


# --- What is asked and where the answer is --------------------------------------------------------------------------


@contextmanager
def _opened() -> Iterator[tuple[Engine, Settings]]:
    settings = read_settings()
    engine = open_engine(settings.database_url)
    try:
        check_schema(engine)
        yield engine, settings
    finally:
        engine.dispose()


def _look(engine: Engine, settings: Settings) -> _Seen:
    now = datetime.now(UTC)
    with reading(engine) as connection:
        periods: dict[str, str] = {}
        for place in rounds.known(connection):
            periods[place.source] = max(place.period, periods.get(place.source, ""))
        return _Seen(settings, now, watched_sources(connection, settings, now), periods)


def _print_answer(path: str) -> None:
    from app.cli.answers import print_answer

    print_answer(read_settings(), path, {}, with_private=False)


def _paused_at(connection: Connection, source: str) -> datetime | None:
    state = fetches.states(connection).get(source)
    return None if state is None else state.paused_at


def _fetched(key: str) -> str:
    """Return the key of a source that is fetched; another cannot be paused."""
    found = tuple(sorted(other for other, source in known_sources().items() if source.fetching is not None))
    if key not in found and key in known_sources():
        raise SourceNotFetched(source=key, known=found)
    if key not in found:
        raise UnknownSource(text=key, known=found)
    return key


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason or len(reason) > LONGEST_REASON or not reason.isprintable():
        expected = f"a line of at most {LONGEST_REASON} visible characters"
        raise InvalidParameter(parameter="--reason", expected=expected, given=text)
    return reason
