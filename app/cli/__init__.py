"""The ``threepercent`` command: every command by name, loaded only when it is called, so that ``--help`` is quick."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from app.cli.command import Command
from app.cli.failures import explained


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command is written: a function, or a ``typer.Typer`` with commands of its own."""

    module: str
    attribute: str
    summary: str


COMMANDS = {
    "compare": Place("app.cli.compare", "compare", "Rank what it costs to send an amount along a corridor."),
    "corridors": Place("app.cli.corridors", "corridors", "List the corridors of one quarter, or live ones."),
    "rates": Place("app.cli.rates", "rates", "Show a reference rate."),
    "sources": Place("app.cli.sources", "sources", "List where figures come from."),
    "fetch": Place("app.cli.fetch", "fetch", "Fetch a source now, once, and store what it answers."),
    "refresh": Place("app.cli.refresh", "refresh", "Fetch sources whenever they are due."),
    "probe": Place("app.cli.probe", "probe", "Ask a source once and show what comes."),
    "serve": Place("app.cli.serve", "serve", "Serve the API."),
    "import": Place("app.cli.imports", "import_file", "Import a file: a survey, rates or tariffs."),
    "imports": Place("app.cli.import_acts", "imports", "List imports, or show, withdraw or release one."),
    "quotes": Place("app.cli.quotes", "app", "Take quotes back."),
    "providers": Place("app.cli.providers", "app", "Hide a provider from every answer, or show it."),
    "notices": Place("app.cli.notices", "app", "Add, list and end notices to readers."),
    "check-partner-file": Place("app.cli.check_partner_file", "check_partner_file", "Check a partner's file."),
    "partners": Place("app.cli.partners", "app", "Add, list and end partners; say for whom they speak."),
    "quarantine": Place("app.cli.quarantine", "app", "List quotes that wait for a person."),
    "keys": Place("app.cli.keys", "app", "Create, list, rotate and revoke keys."),
    "publish": Place("app.cli.publish", "publish_release", "Publish what is stored as a release."),
    "releases": Place("app.cli.releases", "app", "List releases, check their bytes, or retract one."),
    "stats": Place("app.cli.stats", "stats", "Show averages and other measures of total costs."),
    "demo-data": Place("app.cli.demo", "demo_data", "Write a synthetic survey, synthetic tariffs or rates."),
    "audit": Place("app.cli.audit", "app", "List who did what, and verify the log of it."),
    "db": Place("app.cli.db", "app", "Create, migrate, check, back up, restore the database."),
    "openapi": Place("app.cli.openapi", "openapi", "Print the API's OpenAPI document."),
}


class Commands(TyperGroup):
    """The commands above: listed from their summaries, imported when one is called."""

    _is_listing = False

    @contextmanager
    def _listing(self) -> Iterator[None]:
        self._is_listing = True
        try:
            yield
        finally:
            self._is_listing = False

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - typer keeps these types to itself
        """Write the help without importing what it lists."""
        with self._listing():
            super().format_help(ctx, formatter)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:  # noqa: ANN401 - typer keeps these types to itself
        """Complete the commands' names without importing them."""
        with self._listing():
            return super().shell_complete(ctx, incomplete)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - typer keeps these types to itself
        """Return a command: its summary while commands are listed, otherwise itself."""
        if self._is_listing or cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        return load(cmd_name)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer keeps these types to itself
        """Run a command; what is expected to go wrong is explained on standard error."""
        with explained():
            return super().invoke(ctx)


def load(name: str) -> Any:  # noqa: ANN401 - typer keeps this type to itself
    """Import one command."""
    place = COMMANDS[name]
    found = getattr(import_module(place.module), place.attribute)
    if isinstance(found, typer.Typer):
        loaded = get_command(found)
        loaded.name = name
        return loaded
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(name, cls=Command)(found)
    return get_command(alone)


def _version(asked: bool) -> None:  # noqa: FBT001 - typer's callback
    if asked:
        from importlib.metadata import version

        typer.echo(version("threepercent"))
        raise typer.Exit


app = typer.Typer(cls=Commands, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.callback()
def threepercent(
    version: bool = typer.Option(False, "--version", help="Print the version and end.", callback=_version),  # noqa: FBT001 - the callback answers
) -> None:
    """What it really costs to send money home: fee plus exchange-rate margin, ranked, with provenance."""


def _listed_only() -> None:
    raise AssertionError("a listed command is loaded before it runs")


for _name, _place in COMMANDS.items():
    app.command(_name, help=_place.summary)(_listed_only)


def main() -> None:
    """Run the command line: exit status 0 done, 1 the work failed or found faults, 2 wrong use."""
    app(prog_name=sys.argv[0].rpartition("/")[2] or "threepercent")
