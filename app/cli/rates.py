"""``threepercent rates BASE QUOTE``: a reference rate of a day or of a span, and the published figures behind it."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from app.domain.errors import InvalidParameter, UnknownInstitution

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from app.cli.data import Data
    from app.domain.rate_days import RateOnDay, RateQuestion
    from app.domain.rates import Institution, Leg
    from app.sources.source import Source

LARGEST_PAGE = 500
"""The largest page that the API gives."""

_WHY = {
    "weekend": "nothing is published on a weekend",
    "closing_day": "a closing day of TARGET",
    "weekend_and_closing_day": "a weekend and closing days of TARGET",
    "not_published": "nothing newer was published by then",
}
_TYPES = {"daily_fixing": "daily fixing", "declared_peg": "declared peg", "same_currency": "the same currency"}


def rates(  # noqa: PLR0913 - each parameter is an option of the command line
    base: Annotated[str, typer.Argument(help="What 1 of is priced: EUR.", show_default=False)],
    quote: Annotated[str, typer.Argument(help="In which currency: PHP.", show_default=False)],
    *,
    on: Annotated[str | None, typer.Option("--date", help="One day, 2025-12-31. [default: today, UTC]")] = None,
    since: Annotated[str | None, typer.Option("--from", help="The first of several days.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="The last of several days. [default: today, UTC]")] = None,
    benchmark: Annotated[str | None, typer.Option(help="The institution that is preferred: ecb.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as the API answers them.")] = False,
) -> None:
    """Show a reference rate, and the published figures behind it.

    What other institutions published for the same pair stands below. A daily fixing is of its day, never of now. Where
    there is none on a day, the last one is shown with its age, for at most 7 days; then the rate is not available. Of
    several days, those on which something was published are listed.
    """
    from app.cli.data import opened
    from app.domain.rate_days import RateQuestion
    from app.sources.source import publication_days

    with opened() as data:
        first, last = _days(data.now.date(), on, since, until)
        question = RateQuestion(
            base=data.geography.currency(base).code,
            quotes=(data.geography.currency(quote).code,),
            since=first,
            until=last,
            benchmark=benchmark,
            publication_days={key: publication_days(one.source) for key, one in data.board.institutions.items()},
        )
        if benchmark is not None and benchmark not in data.board.institutions:
            raise UnknownInstitution(text=benchmark, known=tuple(data.board.institutions))
        found = [] if as_json else _found(data, question)
    if as_json:
        _print_json(data, question, is_span=since is not None)
        return
    from rich.text import Text

    from app.cli.output import SYNTHETIC_RATES, console

    out, used = console(), _used(data, found)
    if any(source.is_synthetic for source in used):
        out.print(Text(f"! {SYNTHETIC_RATES}", style="yellow"))
    if since is None:
        _show_day(out, found[0], data.board.institutions)
    else:
        _show_span(out, found, question)
    if used:
        out.print()
    for source in used:
        out.print(Text(f"{source.key}: {source.attribution}"))


def _days(today: date, on: str | None, since: str | None, until: str | None) -> tuple[date, date]:
    """Read the one day, or the first and last of several; raise ``InvalidParameter`` where they cannot be."""
    if on is not None and (since is not None or until is not None):
        raise InvalidParameter(parameter="--date", expected="either --date, or --from and --to")
    if until is not None and since is None:
        raise InvalidParameter(parameter="--to", expected="--from as well: the first day")
    if since is None:
        day = today if on is None else _day("--date", on, today)
        return day, day
    first = _day("--from", since, today)
    last = today if until is None else _day("--to", until, today)
    if first > last:
        raise InvalidParameter(parameter="--to", expected="a day that is not before --from", given=until)
    return first, last


def _day(option: str, text: str, today: date) -> date:
    from app.domain.calendars import read_day

    found = read_day(text)
    if found is None or found > today:
        raise InvalidParameter(parameter=option, expected=f"a day such as 2025-12-31, up to {today}", given=text)
    return found


def _found(data: "Data", question: "RateQuestion") -> list["RateOnDay"]:
    from app.db import reading
    from app.domain.rate_days import rates_on_days
    from app.reference import pegs
    from app.store.rate_books import read_book

    days = question.since, question.until
    with reading(data.engine) as connection:
        book = read_book(
            connection,
            pegs(),
            data.board.institutions,
            {question.base, *question.quotes},
            days,
            benchmark=question.benchmark,
        )
    return list(rates_on_days(book, question, *days))


def _print_json(data: "Data", question: "RateQuestion", *, is_span: bool) -> None:
    from app.cli.answers import print_answer

    days = {"from": question.since, "to": question.until} if is_span else {"date": question.since}
    asked = {"base": question.base, "quote": question.quotes[0], **days, "benchmark": question.benchmark}
    print_answer(data.settings, "/v1/rates", {**asked, "page_size": LARGEST_PAGE} if is_span else asked)


def _used(data: "Data", found: Sequence["RateOnDay"]) -> "list[Source]":
    """Return the sources of the figures that are shown, by key."""
    from app.sources.source import sources

    keys = {data.board.institutions[key].source for row in found for key in row.institutions}
    return [source for key, source in sorted(sources().items()) if key in keys]


def _show_day(out: "Console", row: "RateOnDay", known: "Mapping[str, Institution]") -> None:
    from rich.text import Text

    from app.cli.output import Column, figure, name, put
    from app.domain.rates import NoRate

    found = row.rate
    if isinstance(found, NoRate):
        out.print(Text(_not_available(row), style="bold"))
        return
    out.print(Text(f"1 {found.base} = {_rate(row)} {found.quote} on {row.on}", style="bold"))
    out.print(_said(row))
    if found.legs:
        out.print()
        columns = [name("From"), name("To"), figure("Published"), name("Day"), Column("By")]
        put(out, columns, [_leg(leg, known) for leg in found.legs])
    if row.others:
        out.print()
        _show_others(out, row, known)


def _show_others(out: "Console", row: "RateOnDay", known: "Mapping[str, Institution]") -> None:
    from rich.text import Text

    from app.cli.output import Column, figure, name, put
    from app.domain.money import rate_out, two_decimals
    from app.domain.rate_days import difference_percent
    from app.domain.rates import NoRate

    if isinstance(row.rate, NoRate):
        return
    out.print(Text("Other institutions", style="bold"))
    columns = [
        name("Key"),
        Column("Institution"),
        figure(f"1 {row.rate.base} in {row.rate.quote}"),
        name("Day"),
        figure("Differs by"),
    ]
    rows = [
        (
            key,
            known[key].name,
            format(rate_out(other.rate), "f"),
            str(other.day),
            f"{two_decimals(difference_percent(other.rate, row.rate.rate))} %",
        )
        for key, other in row.others
    ]
    put(out, columns, rows)


def _show_span(out: "Console", found: Sequence["RateOnDay"], question: "RateQuestion") -> None:
    from rich.text import Text

    from app.cli.output import UNKNOWN, Column, figure, name, put
    from app.domain.rates import NoRate

    (quote,) = question.quotes
    title = f"1 {question.base} in {quote}, {question.since} to {question.until}: days of publication"
    out.print(Text(title, style="bold"))
    out.print()
    columns = [name("Date"), figure(quote), name("Of"), Column("")]
    put(
        out,
        columns,
        [
            (str(row.on), UNKNOWN, UNKNOWN, _not_available(row))
            if isinstance(row.rate, NoRate)
            else (str(row.on), _rate(row), str(row.rate.day or UNKNOWN), _TYPES[row.rate.rate_type])
            for row in found
        ],
    )
    if not any(row.is_of_its_day for row in found):
        out.print()
        out.print(Text("Nothing was published for this pair on these days; the last row says what there is."))


def _rate(row: "RateOnDay") -> str:
    from app.cli.output import UNKNOWN
    from app.domain.money import rate_out
    from app.domain.rates import NoRate

    return UNKNOWN if isinstance(row.rate, NoRate) else format(rate_out(row.rate.rate), "f")


def _said(row: "RateOnDay") -> str:
    from app.domain.rates import NoRate

    if isinstance(row.rate, NoRate):
        return _not_available(row)
    kind = _TYPES[row.rate.rate_type]
    if row.carried_forward_reason is None:
        return f"{kind.capitalize()}{'' if row.rate.day is None else f' of {row.rate.day}'}."
    days = "1 day" if row.age_days == 1 else f"{row.age_days} days"
    why = _WHY[row.carried_forward_reason]
    return f"{kind.capitalize()} of {row.rate.day}, carried forward {days}: {why}."


def _not_available(row: "RateOnDay") -> str:
    from app.domain.rates import NoRate

    if not isinstance(row.rate, NoRate):
        return ""
    pair = f"{row.rate.base} in {row.rate.quote} on {row.on} is not available"
    if row.rate.newest is None:
        return f"{pair}: there is no reference rate here."
    return f"{pair}: the newest rate is of {row.rate.newest}, more than 7 days before."


def _leg(leg: "Leg", known: "Mapping[str, Institution]") -> tuple[str, ...]:
    from app.cli.output import UNKNOWN

    by = f"declared: {leg.reference}" if leg.institution is None else known[leg.institution].name
    day = UNKNOWN if leg.day is None else str(leg.day)
    return f"1 {leg.base}", leg.quote, format(leg.value, "f"), day, by
