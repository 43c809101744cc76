"""Metrics of sources for alerts: read from the database when somebody looks, but only every few seconds."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.db import DatabaseError, reading
from app.domain.source_health import HealthState
from app.health import WatchedSource, watched_sources
from app.settings import Settings
from app.store import fetches

LOOK_EVERY: Final = timedelta(seconds=10)
"""How long a look at the database is good for, also one that failed: each scrape of each worker would ask otherwise."""

FAILURES_WITHIN: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SourcesSeen:
    """How every source was at one look, and how many calls of each failed within the last day."""

    sources: Mapping[str, WatchedSource]
    failures: Mapping[str, int]


def look(engine: Engine, settings: Settings, now: datetime) -> SourcesSeen | None:
    """Read how every source is; null where the database does not answer."""
    try:
        with reading(engine) as connection:
            return SourcesSeen(
                watched_sources(connection, settings, now), fetches.failures_since(connection, now - FAILURES_WITHIN)
            )
    except (DatabaseError, SQLAlchemyError):
        return None


Figure = Callable[[WatchedSource, SourcesSeen], float | None]


def _instant(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


def _failed_at(watched: WatchedSource, _seen: SourcesSeen) -> float | None:
    failure = watched.health.last_failure
    return None if failure is None else failure.at.timestamp()


_SOURCE_FIGURES: Final[tuple[tuple[str, str, Figure], ...]] = (
    (
        "last_success_timestamp_seconds",
        "When a call or an import last went well.",
        lambda watched, _seen: _instant(watched.health.last_success_at),
    ),
    ("last_failure_timestamp_seconds", "When a call or an import last failed.", _failed_at),
    (
        "newest_observation_timestamp_seconds",
        "When the newest of its current quotes was observed.",
        lambda watched, _seen: _instant(watched.facts.newest_observed_at),
    ),
    (
        "missed_publications",
        "What should have come an hour ago and did not.",
        lambda watched, _seen: watched.health.missed_publications,
    ),
    (
        "failures_last_day",
        "Calls that failed within the last 24 hours.",
        lambda watched, seen: seen.failures.get(watched.source.key, 0),
    ),
    (
        "failing_targets",
        "Things asked for of which the newest call failed.",
        lambda watched, _seen: watched.health.failing_targets,
    ),
    ("rows", "Rows accepted from its newest answers.", lambda watched, _seen: watched.health.rows),
    (
        "refused_rows",
        "Rows of its newest answers that were refused.",
        lambda watched, _seen: watched.health.refused_rows,
    ),
)


class SourceMetrics(Collector):
    """How each source is, as the database said when it was last asked; the same in every worker that asks it.

    Instants are told, not ages: an age is Prometheus's own ``time()`` less the instant.
    """

    def __init__(self) -> None:
        """Nothing is known before the first look."""
        self._seen: SourcesSeen | None = None
        self._asked_at: datetime | None = None
        self._asking = Lock()

    def renew(self, look_now: Callable[[], SourcesSeen | None], now: datetime) -> None:
        """Look again where the last look is not of the last few seconds; ``look_now`` returns null where it cannot.

        Whoever comes while another looks is told what was known before.
        """
        is_recent = self._asked_at is not None and abs(now - self._asked_at) < LOOK_EVERY
        if is_recent or not self._asking.acquire(blocking=False):
            return
        try:
            self._seen = look_now()
            self._asked_at = now
        finally:
            self._asking.release()

    def collect(self) -> Iterator[Metric]:
        """Give every metric of the sources."""
        seen = self._seen
        yield GaugeMetricFamily(
            "threepercent_sources_read", "Whether the database told how the sources are.", value=seen is not None
        )
        if seen is not None:
            yield from _source_figures(seen)
            yield _states(seen)
            yield from _breaker_figures(seen)


def _source_figures(seen: SourcesSeen) -> Iterator[Metric]:
    """Give one gauge for each figure; a source has no sample where the figure is not known."""
    for name, text, figure in _SOURCE_FIGURES:
        family = GaugeMetricFamily(f"threepercent_source_{name}", text, labels=("source",))
        for key, watched in seen.sources.items():
            value = figure(watched, seen)
            if value is not None:
                family.add_metric((key,), value)
        yield family


def _states(seen: SourcesSeen) -> Metric:
    family = GaugeMetricFamily(
        "threepercent_source_state", "1 for the state that a source is in.", labels=("source", "state")
    )
    for key, watched in seen.sources.items():
        for state in HealthState:
            family.add_metric((key, state.value), watched.health.state is state)
    return family


def _breaker_figures(seen: SourcesSeen) -> Iterator[Metric]:
    is_open = GaugeMetricFamily(
        "threepercent_host_breaker_open", "Whether a host is left alone, by any worker.", labels=("host",)
    )
    failures = GaugeMetricFamily("threepercent_host_failures", "Calls in a row that failed.", labels=("host",))
    for breaker in {each.host: each for watched in seen.sources.values() for each in watched.breakers}.values():
        is_open.add_metric((breaker.host,), breaker.state == "open")
        failures.add_metric((breaker.host,), breaker.failures)
    yield from (is_open, failures)
