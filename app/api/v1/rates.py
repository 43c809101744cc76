"""GET /v1/rates: reference rates of a day or of a span of days, with the published figures that they follow from."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from app import db
from app.api.deps import CurrencyParameter, ListReading, ListReadingDep
from app.api.inputs import CURRENCY, Parsed, StrictRoute, Text, Texts
from app.api.lists import Rows, add_list, answer_list, listing
from app.api.pages import Page
from app.api.problems import InvalidPageTokenError, caused_by
from app.api.projection import FieldsOf
from app.api.provenance import about
from app.api.shapes import ListAnswer
from app.api.v1.rate_rows import RateRow, row_of
from app.board import RATES_SINCE
from app.domain.calendars import FIRST_DAY, read_day
from app.domain.errors import ContradictoryParameters, InvalidParameter, UnknownInstitution
from app.domain.methodology import REFERENCE_RATE_DAYS
from app.domain.rate_days import RateOnDay, RateQuestion, rates_on_days
from app.domain.rates import NoRate, RateBook
from app.reference import pegs
from app.sources.source import publication_days
from app.store.rate_books import read_book

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["reference"])

DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
INSTITUTION = r"^[a-z0-9][a-z0-9_-]{0,39}$"
STRIDE = timedelta(days=366)
"""How much of a span is read at once, so that a page reads little more than it shows."""


class Day(Parsed):
    """A day of the calendar."""

    def __init__(self) -> None:
        """The same wherever a day is given."""
        schema = {"type": "string", "format": "date", "pattern": DAY, "examples": ["2025-12-31"]}
        super().__init__(_read, schema)


def _read(text: str) -> date:
    found = read_day(text)
    if found is None:
        raise InvalidParameter(parameter="day", expected=f"a day from {FIRST_DAY} on, such as 2025-12-31", given=text)
    return found


class Rates(ListAnswer):
    """Rates in the order of day and currency."""

    rates: list[RateRow]


RATES = listing("rates", "Reference rates", RateRow)


class _Days(NamedTuple):
    """One day, or the first and last of several; ``fresh_until``: when another day begins, where today was meant."""

    since: date
    until: date
    is_span: bool
    fresh_until: datetime | None


def _days(
    reading: ListReadingDep,
    on: Annotated[
        Annotated[date | None, Day()], Query(alias="date", description="One day; today (UTC) unless told.")
    ] = None,
    since: Annotated[
        Annotated[date | None, Day()],
        Query(alias="from", description="The first of several days; needs `quote`. Each day of publication is a row."),
    ] = None,
    until: Annotated[
        Annotated[date | None, Day()],
        Query(alias="to", description="The last of several days; today (UTC) unless told. It has a row in any case."),
    ] = None,
) -> _Days:
    today = reading.now.astimezone(UTC).date()
    midnight = datetime.combine(today + timedelta(days=1), time(), UTC)
    for name, day in (("date", on), ("from", since), ("to", until)):
        if day is not None and day > today:
            with caused_by(name):
                raise InvalidParameter(parameter=name, expected=f"a day that has begun, up to {today}", given=str(day))
    if on is not None:
        if since is not None or until is not None:
            both = ["from"] if since is not None else ["to"]
            raise ContradictoryParameters("date", *both, detail="date is one day; from and to are a span.")
        return _Days(on, on, is_span=False, fresh_until=None)
    if since is None:
        if until is not None:
            raise ContradictoryParameters("to", detail="to needs from: the first day of the span.")
        return _Days(today, today, is_span=False, fresh_until=midnight)
    last = today if until is None else until
    if since > last:
        raise ContradictoryParameters("from", "to", detail="from must not be after to.")
    return _Days(since, last, is_span=True, fresh_until=midnight if until is None else None)


def _question(
    reading: ListReadingDep,
    days: Annotated[_Days, Depends(_days)],
    base: Annotated[CurrencyParameter, Query(description="What 1 of is priced; EUR unless told.")] = None,
    quote: Annotated[
        Annotated[list[str] | None, Texts(CURRENCY, "ISO 4217 codes, such as PHP", "PHP")],
        Query(description="In which currencies; all that have a rate unless told."),
    ] = None,
    benchmark: Annotated[
        Annotated[str | None, Text(INSTITUTION, "an institution's key, such as ecb", "ecb", longest=40)],
        Query(description="The institution whose own figures are preferred where it has some."),
    ] = None,
) -> RateQuestion:
    geography = reading.shared.geography
    with caused_by("base"):
        currency = geography.currency(base or "EUR").code
    with caused_by("quote"):
        quotes = None if quote is None else tuple(sorted({geography.currency(code).code for code in quote}))
    if days.is_span and quotes is None:
        raise ContradictoryParameters("from", detail="from needs quote: the currencies of the span.")
    known = reading.board.institutions
    if benchmark is not None and benchmark not in known:
        with caused_by("benchmark"):
            raise UnknownInstitution(text=benchmark, known=tuple(known))
    return RateQuestion(
        base=currency,
        quotes=tuple(geography.currencies) if quotes is None else quotes,
        since=days.since,
        until=days.until,
        benchmark=benchmark,
        has_gaps=quotes is None,
        publication_days={key: publication_days(one.source) for key, one in known.items()},
    )


@add_list(router, "/rates", summary="Reference rates", responses={200: {"model": Rates}})
def rates(
    reading: ListReadingDep,
    question: Annotated[RateQuestion, Depends(_question)],
    days: Annotated[_Days, Depends(_days)],
    fields: Annotated[
        Annotated[list[str] | None, FieldsOf(Rates)], Query(description="Only these fields, by dotted names.")
    ] = None,
) -> Response:
    """List reference rates of one day, or of each day of publication from `from` to `to`.

    A rate follows exactly from its `legs`, the published figures; of each currency the newest counts for at most 7
    days. Of one day `other_institutions` shows what others published for the same pair.
    """
    known = reading.board.institutions
    page = _page(reading, question)
    used = {key for row in page.rows for key in row.institutions}
    is_silent = days.is_span and reading.paging.after is None and not any(row.is_of_its_day for row in page.rows)
    notices = ("nothing_published",) if is_silent and not page.next_position else ()
    said = about({known[key].source for key in used}, reading.board, notices)
    rows = Rows(
        rows=[row_of(row, known) for row in page.rows],
        about=said,
        next_position=page.next_position,
        fresh_until=days.fresh_until,
        fields=fields,
    )
    return answer_list(reading, RATES, rows)


def _page(reading: ListReading, question: RateQuestion) -> Page[RateOnDay]:
    after, size = _position(reading.paging.after), reading.paging.size
    rows = list(islice(_rows(reading, question, after), size + 1))
    shown = tuple(rows[:size])
    more = (shown[-1].on.isoformat(), shown[-1].rate.quote) if len(rows) > size else None
    return Page(rows=shown, next_position=more)


def _position(after: tuple[str, ...] | None) -> tuple[date, str] | None:
    if after is None:
        return None
    try:
        day, quote = after
        return date.fromisoformat(day), quote
    except ValueError as error:
        raise InvalidPageTokenError from error


def _rows(reading: ListReading, question: RateQuestion, after: tuple[date, str] | None) -> Iterator[RateOnDay]:
    """Give the rows from a position on, reading a stride of days at a time."""
    since = question.since if after is None else max(question.since, after[0])
    while since <= question.until:
        until = min(question.until, since + STRIDE)
        yield from rates_on_days(_book(reading, question, since, until), question, since, until, after)
        since = until + timedelta(days=1)


def _book(reading: ListReading, question: RateQuestion, since: date, until: date) -> RateBook:
    """Return the board's rates where they reach back far enough and have all that is asked, else the database's."""
    board = reading.board
    reaches_to = (board.loaded_at - RATES_SINCE).date() + timedelta(days=REFERENCE_RATE_DAYS)
    if since >= reaches_to:
        ends = (board.rates.rate(question.base, quote, until) for quote in question.quotes)
        if question.has_gaps or not any(isinstance(rate, NoRate) for rate in ends):
            return board.rates
    with db.reading(reading.shared.engine) as connection:
        currencies = {question.base, *question.quotes}
        return read_book(
            connection,
            pegs(),
            board.institutions,
            currencies,
            (since, until),
            benchmark=question.benchmark,
            with_older=not question.has_gaps,
        )
