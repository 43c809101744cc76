"""``threepercent corridors``: the ranked list of corridors, of one quarter or by live prices."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from app.domain.corridor_ranking import CorridorSort, RankedCorridor, rank_corridors
from app.domain.errors import InvalidParameter
from app.domain.vocabulary import AmountTier, Basis

if TYPE_CHECKING:
    from rich.console import Console

    from app.domain.indicators import CorridorFigures

LARGEST_PAGE = 500
"""More corridors than there are; the largest page that the API gives."""


def corridors(  # noqa: PLR0913 - each parameter is an option of the command line
    *,
    basis: Annotated[Basis, typer.Option(help="A survey round, or live prices as they are now.")] = Basis.SURVEY,
    period: Annotated[str | None, typer.Option(help="A quarter, 2013-Q3. [default: the newest of all]")] = None,
    sort: Annotated[
        str, typer.Option(help="average, median, smart, cheapest or corridor; --sort=-average reverses.")
    ] = "average",
    limit: Annotated[int | None, typer.Option(min=1, max=500, help="How many are shown. [default: all]")] = None,
    language: Annotated[str, typer.Option(help="Language of country names.")] = "en",
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as the API answers them.")] = False,
) -> None:
    """List the corridors of one quarter, or live ones, cheapest first.

    Figures are the survey's, at the USD 200 tier, or those of live prices at about USD 200 that leave the sender's
    pocket; corridors that do not compare, or have no figures, come last.
    """
    from app.cli.data import check_basis, opened, quarter, read_language

    read_language(language)
    by = sort.removeprefix("-")
    if by not in set(CorridorSort):
        raise InvalidParameter(parameter="--sort", expected=f"one of {', '.join(CorridorSort)}", given=sort)
    is_live = basis is Basis.LIVE
    check_basis(basis, period)
    figures: Mapping[str, CorridorFigures | None]
    with opened() as data:
        if is_live:
            figures = data.live_figures()
        else:
            period, rounds = data.rounds(None if period is None else quarter(period))
            figures = {
                corridor: rounds[corridor].figures[AmountTier.USD_200] if corridor in rounds else None
                for corridor in data.board.corridors
            }
    ranked = rank_corridors(figures, CorridorSort(by), descending=sort.startswith("-"))[:limit]
    if as_json:
        from app.cli.answers import print_answer

        asked = {"period": period, "sort": sort, "page_size": limit or LARGEST_PAGE, "language": language}
        print_answer(data.settings, "/v1/corridors", {**asked, "basis": basis} if is_live else asked)
        return
    from rich.text import Text

    from app.cli.output import SYNTHETIC, console

    out = console()
    title = "What sending about USD 200 costs by live prices" if is_live else f"What sending USD 200 cost in {period}"
    out.print(Text(f"{title}, by corridor", style="bold"))
    if data.board.is_synthetic:
        out.print(Text(f"! {SYNTHETIC}", style="yellow"))
    out.print()
    notes = dict.fromkeys(figures, "no live prices" if is_live else "not surveyed")
    if is_live:
        notes |= dict.fromkeys(data.board.live, "no price to rank")
    _print_table(out, figures, ranked, notes, language, is_live=is_live)


def _print_table(  # noqa: PLR0913 - what is shown, and how
    out: "Console",
    figures: "Mapping[str, CorridorFigures | None]",
    ranked: "Sequence[RankedCorridor]",
    notes: Mapping[str, str],
    language: str,
    *,
    is_live: bool,
) -> None:
    """Write the ranked corridors; SmaRT is a survey's alone, so that live ones are marked by their average."""
    from rich.text import Text

    from app.cli.output import UNKNOWN, Column, figure, mark, name, percent, put
    from app.reference import names

    columns = [
        figure("#"),
        name("Corridor"),
        Column("From", dropped=5),
        Column("To", dropped=6),
        figure("Services", dropped=1),
        figure("Average"),
        figure("Median", dropped=2),
        *([] if is_live else [figure("SmaRT")]),
        figure("Cheapest", dropped=3),
        Column("Average is" if is_live else "SmaRT is", dropped=4, is_name=True),
        Column(""),
    ]
    rows: list[list[Text | str]] = []
    country = names(language).countries
    for place in ranked:
        sending, receiving = place.corridor.split("-")
        known = figures[place.corridor]
        shown: list[Text | str] = [
            UNKNOWN if place.rank is None else str(place.rank),
            place.corridor,
            country[sending],
            country[receiving],
        ]
        if known is None:
            rows.append([*shown, *[UNKNOWN] * (4 if is_live else 5), "", notes[place.corridor]])
            continue
        marked = known.average_percent if is_live else known.smart.percent
        rows.append(
            [
                *shown,
                str(known.services),
                percent(known.average_percent),
                percent(known.median_percent),
                *([] if is_live else [percent(known.smart.percent)]),
                percent(known.cheapest_ranked_percent),
                mark(marked),
                "" if known.comparable else "does not compare",
            ]
        )
    put(out, columns, rows)
