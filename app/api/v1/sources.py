"""GET /v1/sources, /{source} and /{source}/history: where the figures are from, and how each source is and was."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.responses import Response

from app import db
from app.api.answers import answer_with
from app.api.deps import ListReadingDep, Reading, ReadingDep
from app.api.formats import Json
from app.api.inputs import StrictRoute
from app.api.lists import Rows, add_list, answer_list, listing
from app.api.pages import page_by_key
from app.api.projection import FieldsOf
from app.api.provenance import about
from app.api.shapes import ListAnswer, Provenance, Shape
from app.api.v1.source_health import SourceRow, source_row, watch
from app.domain.errors import UnknownSource
from app.health import WatchedSource
from app.store import fetches

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["operations"])

HISTORY = timedelta(days=90)
SourceKey = Annotated[str, Path(description="A source's key, from GET /v1/sources.")]


class Sources(ListAnswer):
    """Every source that this installation knows."""

    sources: list[SourceRow]


class SourceDay(Shape):
    """What the calls of a source came to on one day (UTC)."""

    day: date
    fetches: int = Field(description="Calls of it, one for each thing that it is asked for.")
    failures: int = Field(description="Those that failed.")
    rows: int | None = Field(description="Rows accepted from them; null for a private source.")
    refused_rows: int | None


class OneSource(Provenance):
    """One source, and its days."""

    source: SourceRow
    history: list[SourceDay] = Field(description="Its days of the last 90 on which it was asked, the oldest first.")


class SourceHistory(ListAnswer):
    """The days of one source."""

    history: list[SourceDay]


SOURCES = listing("sources", "Sources", SourceRow)
DAYS = listing("history", "The days of a source", SourceDay)


@add_list(router, "/sources", summary="Sources, their licences and how they are", responses={200: {"model": Sources}})
def list_sources(
    reading: ListReadingDep,
    fields: Annotated[
        Annotated[list[str] | None, FieldsOf(Sources)], Query(description="Only these fields, by dotted names.")
    ] = None,
) -> Response:
    """List sources by key: licence, cadence, when each last succeeded and failed and why, what it missed.

    A source is `late` when its newest figures are older than its schedule promises, though every call of it succeeds.
    """
    found = watch(reading.shared.engine, reading.shared.settings, reading.now)
    newest = reading.board.newest_periods
    rows = {key: source_row(watched, newest.get(key)) for key, watched in found.sources.items()}
    page = page_by_key(rows, after=reading.paging.after, size=reading.paging.size)
    answer = Rows(
        rows=page.rows,
        about=_about(reading, *newest),
        next_position=page.next_position,
        fresh_until=found.fresh_until,
        fields=fields,
    )
    return answer_list(reading, SOURCES, answer)


@add_list(
    router,
    "/sources/{source}/history",
    summary="How a source was, day by day",
    responses={200: {"model": SourceHistory}},
)
def source_history(
    reading: ListReadingDep,
    source: SourceKey,
    fields: Annotated[
        Annotated[list[str] | None, FieldsOf(SourceHistory)], Query(description="Only these fields, by dotted names.")
    ] = None,
) -> Response:
    """List what the calls of a source came to on each day (UTC) of the last 90, the oldest first."""
    watched, fresh_until = _watched(reading, source)
    days = {str(row["day"]): row for row in _days(reading, watched)}
    page = page_by_key(days, after=reading.paging.after, size=reading.paging.size)
    answer = Rows(
        rows=page.rows,
        about=_about(reading, source),
        next_position=page.next_position,
        fresh_until=fresh_until,
        fields=fields,
    )
    return answer_list(reading, DAYS, answer)


@router.get("/sources/{source}", summary="One source", responses={200: {"model": OneSource}})
def one_source(
    reading: ReadingDep,
    source: SourceKey,
    fields: Annotated[
        Annotated[list[str] | None, FieldsOf(OneSource)], Query(description="Only these fields, by dotted names.")
    ] = None,
) -> Response:
    """Return a source and, for each day on which it was asked, how many calls failed and what came of the others."""
    watched, fresh_until = _watched(reading, source)
    whole: dict[str, Json] = {
        "source": source_row(watched, reading.board.newest_periods.get(source)),
        "history": _days(reading, watched),
        **_about(reading, source),
    }
    return answer_with(reading, whole, fields=fields, fresh_until=fresh_until)


def _watched(reading: Reading, source: str) -> tuple[WatchedSource, datetime]:
    found = watch(reading.shared.engine, reading.shared.settings, reading.now)
    if source not in found.sources:
        raise UnknownSource(text=source, known=tuple(found.sources))
    return found.sources[source], found.fresh_until


def _days(reading: Reading, watched: WatchedSource) -> list[Mapping[str, Json]]:
    since = (reading.now - HISTORY).replace(hour=0, minute=0, second=0, microsecond=0)
    with db.reading(reading.shared.engine) as connection:
        days = fetches.daily(connection, watched.source.key, since)
    return [_day(day, is_private=watched.is_private) for day in days]


def _day(day: fetches.Day, *, is_private: bool) -> dict[str, Json]:
    return {
        "day": day.day,
        "fetches": day.fetches,
        "failures": day.failures,
        "rows": None if is_private else day.rows,
        "refused_rows": None if is_private else day.refused_rows,
    }


def _about(reading: Reading, *shown: str) -> dict[str, Json]:
    """Say from whom the figures are: those of one source from it, those of all from the surveys that are here."""
    return about(shown, reading.board)
