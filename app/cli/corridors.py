"""``threepercent corridors``: the ranked list of corridors of one quarter."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from app.domain.corridor_ranking import CorridorSort, RankedCorridor, rank_corridors
from app.domain.errors import InvalidParameter
from app.domain.vocabulary import AmountTier

if TYPE_CHECKING:
    from app.domain.indicators import CorridorFigures

LARGEST_PAGE = 500
"""More corridors than there are; the largest page that the API gives."""


def corridors(
    *,
    period: Annotated[str | None, typer.Option(help="A quarter, 2013-Q3. [default: the newest of all]")] = None,
    sort: Annotated[
        str, typer.Option(help="average, median, smart, cheapest or corridor; --sort=-average reverses.")
    ] = "average",
    limit: Annotated[int | None, typer.Option(min=1, max=500, help="How many are shown. [default: all]")] = None,
    language: Annotated[str, typer.Option(help="Language of country names.")] = "en",
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as the API answers them.")] = False,
) -> None:
    """List the corridors of one quarter, cheapest first.

    Figures are the survey's, at the USD 200 tier; corridors that do not compare, or were not surveyed, come last.
    """
    from app.cli.data import opened, quarter, read_language

    read_language(language)
    by = sort.removeprefix("-")
    if by not in set(CorridorSort):
        raise InvalidParameter(parameter="--sort", expected=f"one of {', '.join(CorridorSort)}", given=sort)
    with opened() as data:
        period, rounds = data.rounds(None if period is None else quarter(period))
        figures = {
            corridor: rounds[corridor].figures[AmountTier.USD_200] if corridor in rounds else None
            for corridor in data.board.corridors
        }
    ranked = rank_corridors(figures, CorridorSort(by), descending=sort.startswith("-"))[:limit]
    if as_json:
        from app.cli.answers import print_answer

        asked = {"period": period, "sort": sort, "page_size": limit or LARGEST_PAGE, "language": language}
        print_answer(data.settings, "/v1/corridors", asked)
    else:
        _print_table(period, figures, ranked, language, is_synthetic=bool(data.board.is_synthetic))


def _print_table(
    period: str,
    figures: Mapping[str, "CorridorFigures | None"],
    ranked: list[RankedCorridor],
    language: str,
    *,
    is_synthetic: bool,
) -> None:
    from rich.text import Text

    from app.cli.output import SYNTHETIC, UNKNOWN, Column, console, figure, mark, name, put
    from app.reference import names

    columns = [
        figure("#"),
        name("Corridor"),
        Column("From", dropped=5),
        Column("To", dropped=6),
        figure("Services", dropped=1),
        figure("Average"),
        figure("Median", dropped=2),
        figure("SmaRT"),
        figure("Cheapest", dropped=3),
        Column("SmaRT is", dropped=4, is_name=True),
        Column(""),
    ]
    rows: list[list[Text | str]] = []
    country = names(language).countries
    for place in ranked:
        sending, receiving = place.corridor.split("-")
        known = figures[place.corridor]
        figures_shown = [UNKNOWN] * 5 if known is None else _figures(known)
        note = "not surveyed" if known is None else "" if known.comparable else "does not compare"
        marked = Text("") if known is None else mark(known.smart.percent)
        rank = UNKNOWN if place.rank is None else str(place.rank)
        rows.append([rank, place.corridor, country[sending], country[receiving], *figures_shown, marked, note])
    out = console()
    out.print(Text(f"What sending USD 200 cost in {period}, by corridor", style="bold"))
    if is_synthetic:
        out.print(Text(f"! {SYNTHETIC}", style="yellow"))
    out.print()
    left_out = put(out, columns, rows)
    if left_out:
        out.print(f"No room here for: {', '.join(left_out)}.")


def _figures(known: "CorridorFigures") -> list[str]:
    from app.cli.output import percent

    return [
        str(known.services),
        percent(known.average_percent),
        percent(known.median_percent),
        percent(known.smart.percent),
        percent(known.cheapest_ranked_percent),
    ]
