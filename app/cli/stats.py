"""``threepercent stats``: averages and their kin over a release, by whatever groups are asked for."""

import csv
import json
import sys
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from app.api.formats import number
from app.cli.failures import fail
from app.cli.output import SYNTHETIC, UNKNOWN, Column, console, figure, name, put
from app.domain.errors import InvalidParameter, listed, quoted
from app.domain.money import percent_out
from app.domain.statistics import GROUPINGS, MEASURES, Asked, Cell, Key
from app.domain.vocabulary import AmountTier
from app.publish.catalogue import Standing, UnknownReleaseError, standing, standings
from app.publish.releases import Release
from app.settings import read_settings
from app.statistics import StatisticsTooLargeError, ask

COUNTS = ("services", "providers", "undisclosed")


def stats(  # noqa: PLR0913 - each is an option
    measures: Annotated[
        list[str] | None, typer.Argument(help=f"Any of {', '.join(MEASURES)}; mean unless told.")
    ] = None,
    *,
    by: Annotated[str, typer.Option("--by", help=f"Groups, with commas: any of {', '.join(GROUPINGS)}.")] = "",
    where: Annotated[
        list[str] | None,
        typer.Option(help="Only these, such as corridor=GBR-PHL,DEU-GHA; several times for several groups."),
    ] = None,
    tier: Annotated[AmountTier, typer.Option(help="The surveyed amount.")] = AmountTier.USD_200,
    release: Annotated[str | None, typer.Option(help="A release; the newest good one unless told.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder of the releases, unless it is in the data folder.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show averages and other measures of total costs over a release.

    In percent of the principal, over services that disclose their rate, unweighted. Figures by neither place nor filter
    of one are about the world, and leave out what is sent from Russia, where margins were not measured.
    """
    folder = read_settings().releases_dir if out is None else out
    asked = Asked(
        measures=_known("MEASURES", measures or ["mean"], MEASURES),
        group_by=_known("--by", [word for word in by.split(",") if word], GROUPINGS),
        filters=_filters(where or []),
        tier=tier,
    )
    held = _release(folder, release)
    try:
        cells = ask(folder, held, asked)
    except StatisticsTooLargeError as error:
        raise fail(f"This question is too large: {error}. Narrow it with --where, or ask by fewer groups.") from None
    if as_json:
        _print_json(held, asked, cells)
    elif as_csv:
        _print_csv(asked, cells)
    else:
        _print(held, asked, cells)


def _known(parameter: str, words: list[str], known: Mapping[str, object]) -> tuple[str, ...]:
    for word in words:
        if word not in known:
            raise InvalidParameter(parameter=parameter, expected=f"any of {listed(known, most=len(known))}", given=word)
    return tuple(dict.fromkeys(words))


def _filters(where: list[str]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for text in where:
        group, is_given, words = text.partition("=")
        _known("--where", [group], GROUPINGS)
        wanted = frozenset(word for word in words.split(",") if word)
        if not is_given or not wanted or group in found:
            expected = "each group once with one word or more, such as corridor=GBR-PHL,DEU-GHA"
            raise InvalidParameter(parameter="--where", expected=expected, given=text)
        found[group] = wanted
    return found


def _release(folder: Path, id_: str | None) -> Release:
    try:
        found: Standing | None = (
            standing(folder, id_) if id_ else next((one for one in standings(folder) if one.status == "good"), None)
        )
    except UnknownReleaseError:
        raise fail(
            f"There is no release {quoted(str(id_))}; threepercent releases list tells which there are.", 2
        ) from None
    if found is None:
        raise fail("There is no release yet. Publish one with: threepercent publish")
    if found.release is None:
        raise fail(f"Release {found.id} is damaged: {found.reason}")
    return found.release


def _figure(value: Fraction | None) -> str:
    return UNKNOWN if value is None else f"{percent_out(value):.4f}"


def _print(held: Release, asked: Asked, cells: Mapping[Key, Cell]) -> None:
    out = console()
    if held.is_synthetic:
        out.print(f"! {SYNTHETIC}")
    if not cells:
        out.print(f"Release {held.id} has no row for this question.")
        return
    measures = [measure for measure in asked.measures if measure not in COUNTS]
    columns: list[Column] = [name(group) for group in asked.group_by]
    columns += [figure(measure) for measure in measures]
    columns += [figure("services"), figure("providers", 2), figure("undisclosed", 1)]
    rows = [
        (
            *key,
            *(_figure(cell.values[measure]) for measure in measures),
            *(f"{cell.services:,}", f"{cell.providers:,}", f"{cell.undisclosed:,}"),
        )
        for key, cell in cells.items()
    ]
    put(out, columns, rows)
    out.print(
        f"Percent of the principal at the {asked.tier.value} tier; release {held.id}, methodology "
        f"{held.methodology_version}.",
        soft_wrap=True,
    )


def _plain(asked: Asked, key: Key, cell: Cell) -> dict[str, Any]:
    row: dict[str, Any] = dict(zip(asked.group_by, key, strict=True))
    for measure in asked.measures:
        value = cell.values[measure]
        if measure not in COUNTS:
            row[measure] = None if value is None else number(percent_out(value))
    return row | {count: getattr(cell, count) for count in COUNTS}


def _print_csv(asked: Asked, cells: Mapping[Key, Cell]) -> None:
    measures = [measure for measure in asked.measures if measure not in COUNTS]
    writer = csv.DictWriter(sys.stdout, [*asked.group_by, *measures, *COUNTS], lineterminator="\n")
    writer.writeheader()
    writer.writerows(_plain(asked, key, cell) for key, cell in cells.items())


def _print_json(held: Release, asked: Asked, cells: Mapping[Key, Cell]) -> None:
    document = {
        "release": held.id,
        "checksum": held.checksum,
        "methodology_version": held.methodology_version,
        "is_synthetic": held.is_synthetic,
        "amount_tier": asked.tier.value,
        "rows": [_as_numbers(_plain(asked, key, cell)) for key, cell in cells.items()],
    }
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def _as_numbers(row: dict[str, Any]) -> dict[str, Any]:
    return {key: float(value) if key in MEASURES and isinstance(value, str) else value for key, value in row.items()}
