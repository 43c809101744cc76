"""GET /v1/status: whether all is well here, and what is not."""

import sqlite3
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Request
from pydantic import Field
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response

from app import db
from app.api.deps import JsonOnlyDep, LanguageDep, Served, ServedDep
from app.api.formats import Answer, Json, encode, respond
from app.api.inputs import StrictRoute
from app.api.manners import APP_VERSION
from app.api.provenance import about
from app.api.shapes import Moment, OpenWord, Period, Provenance, Shape
from app.api.v1.source_health import watch
from app.board import Board
from app.domain.rounds import stops_being_current
from app.domain.source_health import HealthState
from app.health import WatchedSource

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["operations"])


class Incident(Shape):
    """Something that is not as it should be."""

    code: str
    source: str | None = Field(description="The key of the source that it is about; null: no single one.")
    since: Moment | None = Field(description="Since when; null where that is not known.")
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


class _Found(NamedTuple):
    """An incident, and whether something failed (``degraded``) or is only old (``stale``)."""

    code: str
    is_failure: bool
    since: datetime | None = None
    source: str | None = None


_TEXTS = {
    "not_ready": "The prices have not been loaded yet; whatever needs them is answered with 503 until then.",
    "no_data": "No prices have been imported yet.",
    "no_current_round": "The newest survey round ended more than 12 months ago.",
    "database_away": "The database does not answer; newest rounds are served from memory.",
    "last_import_failed": "The last import failed; what was there before is served.",
    "source_failing": "The source cannot be fetched; what came from it before is served, with its age.",
    "source_late": "The source has published nothing new for longer than its schedule promises.",
}


@router.get("/status", summary="How this installation is", responses={200: {"model": Status}})
def status(request: Request, shared: ServedDep, language: LanguageDep, _json: JsonOnlyDep) -> Response:
    """Return `ok`, `degraded` (something failed) or `stale` (something is older than it should be), with the incidents.

    It answers before there are prices to answer with, and is never kept by a cache.
    """
    board, now = shared.board, shared.clock()
    found = _of_rounds(board, now) if board else [_Found("not_ready", is_failure=True)]
    found += _of_sources(shared, now)
    has_failed = any(incident.is_failure for incident in found)
    newest: Mapping[str, Json] = dict(sorted(board.newest_periods.items())) if board else {}
    whole: dict[str, Json] = {
        "status": "degraded" if has_failed else "stale" if found else "ok",
        "incidents": [_incident(incident) for incident in sorted(found, key=lambda each: not each.is_failure)],
        "app_version": APP_VERSION,
        "committed_at": board.committed_at if board else None,
        "is_synthetic": board.is_synthetic if board else None,
        "corridors": len(board.corridors) if board else 0,
        "newest_periods": newest,
        "database": f"sqlite {sqlite3.sqlite_version}" if db.is_sqlite(shared.engine) else "postgresql",
        **about(newest, board),
    }
    return respond(request, Answer(body=encode(whole), cache_control="no-store", language=language))


def _of_sources(shared: Served, now: datetime) -> list[_Found]:
    try:
        watched = watch(shared.engine, shared.settings, now).sources
    except (db.DatabaseError, SQLAlchemyError):
        return [_Found("database_away", is_failure=True)]
    return [incident for key, each in watched.items() for incident in _of_source(key, each)]


def _of_source(key: str, watched: WatchedSource) -> Iterator[_Found]:
    """Give what is wrong with a source: one that fails may have missed something too, or nothing yet."""
    health, failure = watched.health, watched.health.last_failure
    if health.state is HealthState.FAILING:
        yield _Found("source_failing", is_failure=True, since=health.since, source=key)
    if health.missed_publications and health.state is not HealthState.PAUSED:
        yield _Found("source_late", is_failure=False, since=health.missed_since, source=key)
    is_manual = health.state is HealthState.MANUAL
    if is_manual and failure is not None and failure.at >= (health.last_success_at or failure.at):
        yield _Found("last_import_failed", is_failure=True, since=failure.at, source=key)


def _of_rounds(board: Board, now: datetime) -> list[_Found]:
    if not board.corridors:
        return [_Found("no_data", is_failure=False)]
    if not board.newest_periods:
        return []
    ended = stops_being_current(max(board.newest_periods.values()))
    return [_Found("no_current_round", is_failure=False, since=ended)] if ended <= now else []


def _incident(found: _Found) -> dict[str, Json]:
    return {"code": found.code, "source": found.source, "since": found.since, "text": _TEXTS[found.code]}
