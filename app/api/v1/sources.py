"""GET /v1/sources and /v1/status: where the figures are from, how old they are, and whether all is well."""

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response

from app import db
from app.api.deps import JsonOnlyDep, LanguageDep, ListReadingDep, Served, ServedDep
from app.api.formats import Answer, Json, encode, respond
from app.api.inputs import StrictRoute
from app.api.lists import Rows, add_list, answer_list, listing
from app.api.manners import APP_VERSION
from app.api.pages import page_by_key
from app.api.projection import FieldsOf
from app.api.provenance import about
from app.api.shapes import ListAnswer, Moment, OpenWord, Period, Provenance, Reuse, Shape
from app.board import Board
from app.domain import vocabulary as words
from app.domain.rounds import stops_being_current
from app.sources.source import Source, sources
from app.store import imports
from app.store.imports import Import, ImportStatus

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["operations"])


class SourceRow(Shape):
    """A source of prices: whose figures, under which licence, how often, and how they arrived."""

    key: str
    name: str
    publisher: str
    evidence: Annotated[str, OpenWord(words.Evidence)]
    licence: str
    licence_link: str
    text: str = Field(description="What to show beside its figures.")
    link: str
    cadence: str
    is_synthetic: bool
    reuse: Reuse
    newest_period: Period | None = Field(description="Its newest round here; null: nothing of it was imported.")
    last_success_at: Moment | None
    last_failure_at: Moment | None


class Sources(ListAnswer):
    """Every source that this installation knows."""

    sources: list[SourceRow]


class Incident(Shape):
    """Something that is not as it should be."""

    code: str
    text: str


class Status(Provenance):
    """How this installation is: its versions, its data, its incidents."""

    status: Annotated[str, OpenWord(("ok", "degraded", "stale"))]
    incidents: list[Incident]
    app_version: str
    committed_at: Moment | None = Field(description="When the dataset version was committed; null: no data.")
    is_synthetic: bool | None
    corridors: int
    newest_periods: dict[str, Period] = Field(description="The newest round by source.")
    database: str = Field(description="sqlite with its version, or postgresql.")


SOURCES = listing("sources", "Sources", SourceRow)

_INCIDENTS = {
    "not_ready": "The prices have not been loaded yet; whatever needs them is answered with 503 until then.",
    "no_data": "Nothing has been imported yet.",
    "no_current_round": "The newest survey round ended more than 12 months ago.",
    "database_away": "The database does not answer; newest rounds are served from memory.",
    "last_import_failed": "The last import failed; what was there before is served.",
}


def _runs(shared: Served) -> list[Import]:
    """Return every import there ever was, the newest first: a source may have been imported long ago."""
    with db.reading(shared.engine) as connection:
        return imports.listed(connection, limit=max(1, imports.count(connection)))


@add_list(router, "/sources", summary="Sources and their licences", responses={200: {"model": Sources}})
def list_sources(
    reading: ListReadingDep,
    fields: Annotated[
        Annotated[list[str] | None, FieldsOf(Sources)], Query(description="Only these fields, by dotted names.")
    ] = None,
) -> Response:
    """List sources by key, with licence, cadence and when an import of each last succeeded and failed."""
    runs = _runs(reading.shared)
    found = {key: _source(source, reading.board, runs) for key, source in sources().items()}
    page = page_by_key(found, after=reading.paging.after, size=reading.paging.size)
    said = about(sorted(reading.board.newest_periods), reading.board.dataset_version)
    rows = Rows(rows=page.rows, about=said, next_position=page.next_position, fields=fields)
    return answer_list(reading, SOURCES, rows)


def _source(source: Source, board: Board, runs: list[Import]) -> dict[str, Json]:
    own = [run for run in runs if run.file.identity.source == source.key]
    return {
        "key": source.key,
        "name": source.name,
        "publisher": source.publisher,
        "evidence": source.evidence,
        "licence": source.licence,
        "licence_link": source.licence_link,
        "text": source.attribution,
        "link": source.link,
        "cadence": source.cadence,
        "is_synthetic": source.is_synthetic,
        "reuse": {
            "display": source.reuse.display,
            "store": source.reuse.store,
            "redistribute": source.reuse.redistribute,
        },
        "newest_period": board.newest_periods.get(source.key),
        "last_success_at": max(
            (r.finished_at for r in own if r.status is ImportStatus.COMMITTED and r.finished_at), default=None
        ),
        "last_failure_at": max(
            (r.finished_at for r in own if r.status is ImportStatus.FAILED and r.finished_at), default=None
        ),
    }


@router.get("/status", summary="How this installation is", responses={200: {"model": Status}})
def status(request: Request, shared: ServedDep, language: LanguageDep, _json: JsonOnlyDep) -> Response:
    """Return `ok`, `degraded` (something failed) or `stale` (no current survey round), with the incidents.

    It answers before there are prices to answer with, and is never kept by a cache.
    """
    board, now = shared.board, shared.clock()
    failures = [*([] if board else ["not_ready"]), *_failures(shared)]
    old = _old(board, now) if board else []
    newest: Mapping[str, Json] = dict(sorted(board.newest_periods.items())) if board else {}
    whole: dict[str, Json] = {
        "status": "degraded" if failures else "stale" if old else "ok",
        "incidents": [{"code": code, "text": _INCIDENTS[code]} for code in (*failures, *old)],
        "app_version": APP_VERSION,
        "committed_at": board.committed_at if board else None,
        "is_synthetic": board.is_synthetic if board else None,
        "corridors": len(board.corridors) if board else 0,
        "newest_periods": newest,
        "database": f"sqlite {sqlite3.sqlite_version}" if db.is_sqlite(shared.engine) else "postgresql",
        **about(newest, board.dataset_version if board else 0),
    }
    return respond(request, Answer(body=encode(whole), cache_control="no-store", language=language))


def _failures(shared: Served) -> list[str]:
    try:
        newest = next((run for run in _runs(shared) if run.status is not ImportStatus.RUNNING), None)
    except (db.DatabaseError, SQLAlchemyError):
        return ["database_away"]
    return ["last_import_failed"] if newest is not None and newest.status is ImportStatus.FAILED else []


def _old(board: Board, now: datetime) -> list[str]:
    if not board.rounds:
        return ["no_data"]
    newest = max(board.newest_periods.values())
    return ["no_current_round"] if stops_being_current(newest) <= now else []
