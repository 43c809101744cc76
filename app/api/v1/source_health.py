"""How the sources are, as answers say it: read once for a moment, and without what is the operator's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated

from pydantic import Field
from sqlalchemy import Engine

from app import db
from app.api.formats import Json
from app.api.shapes import Moment, OpenWord, Period, Reuse, Shape
from app.domain import vocabulary as words
from app.domain.source_health import HealthState
from app.health import HostBreaker, WatchedSource, watched_sources
from app.settings import Settings

NEWS_WITHIN = timedelta(seconds=30)
"""How long an answer about sources is kept: they change without a new dataset version."""


class BreakerShape(Shape):
    """The breaker of a host: while it is open, nobody asks the host."""

    host: str
    state: Annotated[str, OpenWord(("closed", "open", "half_open"))]
    failures: int = Field(description="Calls in a row that failed.")
    open_until: Moment | None


class SourceRow(Shape):
    """A source of prices or rates: whose figures, under which licence, how often, how they arrived, how it is."""

    key: str
    name: str
    publisher: str
    kind: Annotated[str, OpenWord(("survey", "quotes", "rates"))]
    evidence: Annotated[str | None, OpenWord(words.Evidence)] = Field(description="Null for reference rates.")
    licence: str
    licence_link: str
    text: str = Field(description="What to show beside its figures.")
    link: str
    cadence: str
    is_synthetic: bool
    is_private: bool = Field(
        description="Its terms of reuse are unknown: its figures are in no answer, and what it holds is not told here."
    )
    reuse: Reuse
    state: Annotated[str, OpenWord(HealthState)]
    state_since: Moment | None = Field(description="Since when it is failing, late or paused; null otherwise.")
    newest_period: Period | None = Field(description="Its newest survey round here; null: none was imported.")
    newest_fixing_day: date | None = Field(description="The newest day with rates of it; null: it has none here.")
    newest_observed_at: Moment | None = Field(description="When the newest of its current live quotes was observed.")
    last_success_at: Moment | None = Field(description="When a call or an import of it last went well.")
    last_failure_at: Moment | None
    last_failure_code: str | None
    last_failure_detail: str | None = Field(description="Null where it would show what is the operator's own.")
    rows: int | None = Field(description="Rows accepted from its newest answers or its newest import.")
    refused_rows: int | None = Field(description="Rows of the same that were refused.")
    missed_publications: int | None = Field(
        description="What should have come by its schedule an hour ago and did not; null: nothing is scheduled, or "
        "nothing has come yet."
    )
    next_due_at: Moment | None = Field(description="When it is to be asked next; in the past: nobody has asked since.")
    paused_at: Moment | None
    paused_reason: str | None
    breakers: list[BreakerShape] = Field(description="Those of its hosts that were ever asked.")


@dataclass(frozen=True, slots=True)
class Watch:
    """Every source at a moment, and until when an answer about them holds."""

    sources: Mapping[str, WatchedSource]
    fresh_until: datetime


def watch(engine: Engine, settings: Settings, now: datetime) -> Watch:
    """Read how every source is."""
    with db.reading(engine) as connection:
        found = watched_sources(connection, settings, now)
    changes = (watched.changes_at for watched in found.values())
    return Watch(found, min([now + NEWS_WITHIN, *(instant for instant in changes if instant is not None)]))


def source_row(watched: WatchedSource, newest_period: str | None) -> dict[str, Json]:
    """Return a source as answers show it.

    What a private source holds is not counted, and a failure's detail, which may quote it, is left out; so is where an
    operator has it fetched from instead of the declared hosts.
    """
    source, facts, health = watched.source, watched.facts, watched.health
    failure = health.last_failure
    is_open = not watched.is_private
    return {
        "key": source.key,
        "name": source.name,
        "publisher": source.publisher,
        "kind": source.kind,
        "evidence": source.evidence,
        "licence": source.licence,
        "licence_link": source.licence_link,
        "text": source.attribution,
        "link": source.link,
        "cadence": source.cadence,
        "is_synthetic": source.is_synthetic,
        "is_private": watched.is_private,
        "reuse": {
            "display": source.reuse.display,
            "store": source.reuse.store,
            "redistribute": source.reuse.redistribute,
        },
        "state": health.state,
        "state_since": health.since,
        "newest_period": newest_period if is_open else None,
        "newest_fixing_day": facts.newest_day if is_open else None,
        "newest_observed_at": facts.newest_observed_at if is_open else None,
        "last_success_at": health.last_success_at,
        "last_failure_at": failure.at if failure else None,
        "last_failure_code": failure.code if failure else None,
        "last_failure_detail": failure.detail if failure and is_open and not watched.is_moved else None,
        "rows": health.rows if is_open else None,
        "refused_rows": health.refused_rows if is_open else None,
        "missed_publications": health.missed_publications,
        "next_due_at": health.next_due_at,
        "paused_at": facts.paused_at,
        "paused_reason": facts.paused_reason,
        "breakers": [_breaker(each) for each in watched.breakers if each.host in _declared_hosts(watched)],
    }


def _declared_hosts(watched: WatchedSource) -> tuple[str, ...]:
    fetching = watched.source.fetching
    return () if fetching is None else fetching.hosts


def _breaker(breaker: HostBreaker) -> dict[str, Json]:
    return {
        "host": breaker.host,
        "state": breaker.state,
        "failures": breaker.failures,
        "open_until": breaker.open_until,
    }
