"""What operators see: one JSON log line for what matters, a request id on everything, metrics by route template."""

import logging
import re
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.observability.sources import SourceMetrics
from app.settings import Settings

REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}", re.ASCII)
TELLING = re.compile(r"tp_(?:live|test|pub)|[0-9]+(?:\.[0-9]+){3}", re.IGNORECASE)
METRICS_MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
UNMATCHED = "unmatched"
SLOW_SECONDS = 1.0
NOTED = "noted"
"""Where a request's scope holds what the log is to say of its answer: the dataset version, the quotes."""
LONGEST_SAID = 300
SERVER_ERROR = 500
SERVER_LOGGER = "uvicorn"
# Asked for every few seconds by machines.
QUIET_ROUTES = frozenset({"/health/live", "/health/ready", "/metrics"})
KNOWN_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

log = structlog.stdlib.get_logger("threepercent")


def configure_logs(settings: Settings) -> None:
    """Write logs to standard error as the settings say: JSON, one object a line, or text for people."""
    rendered: Callable[..., Any] = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    level = getattr(logging, settings.log_level.upper())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, rendered],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _configure_server_logs(shared, rendered, level)


def _configure_server_logs(shared: list[Any], rendered: Callable[..., Any], level: int) -> None:
    """Write the server's own lines in the same way."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                rendered,
            ],
        )
    )
    server = logging.getLogger(SERVER_LOGGER)
    server.handlers = [handler]
    server.propagate = False
    server.setLevel(level)


def log_away(error: Exception, **places: str) -> None:
    """Log that the database does not answer: an expected error, whose first line says all that a traceback would."""
    said = str(error).strip().splitlines() or [type(error).__name__]
    log.error("database_away", error=type(error).__name__, said=said[0][:LONGEST_SAID], **places)


class Metrics:
    """The figures of one process, in a registry of their own, so that two apps in one process do not meet."""

    def __init__(self) -> None:
        """Declare every metric, so that each is there from the start."""
        self.registry = CollectorRegistry(auto_describe=True)
        labels = ("method", "route")
        self.requests = Counter(
            "threepercent_requests", "Requests answered.", (*labels, "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "threepercent_request_seconds", "Time to answer.", labels, registry=self.registry, buckets=BUCKETS
        )
        self.in_flight = Gauge("threepercent_requests_in_flight", "Requests being answered.", registry=self.registry)
        self.errors = Counter("threepercent_unexpected_errors", "Errors that nobody expected.", registry=self.registry)
        self.dataset_version = Gauge(
            "threepercent_dataset_version", "Dataset version of the board in memory.", registry=self.registry
        )
        self.board_loads = Counter(
            "threepercent_board_loads", "Times the board was read.", ("outcome",), registry=self.registry
        )
        self.limited = Counter(
            "threepercent_limited", "Refused because a limit was reached.", ("policy", "plan"), registry=self.registry
        )
        self.limits_redis_away = Gauge(
            "threepercent_limits_redis_away", "Whether limits are counted here alone, 1 or 0.", registry=self.registry
        )
        self.sources = SourceMetrics()
        self.registry.register(self.sources)
        self._declare_fetching()

    def _declare_fetching(self) -> None:
        """Declare what is counted where this process fetches sources itself; the database knows of all processes."""
        registry, source = self.registry, ("source",)
        self.fetches = Counter("threepercent_fetches", "Calls of sources.", ("source", "outcome"), registry=registry)
        self.fetched_at = Gauge(
            "threepercent_fetch_last_success_timestamp_seconds",
            "When a call last went well.",
            source,
            registry=registry,
        )
        self.refused_rows = Counter("threepercent_refused_rows", "Records refused.", source, registry=registry)
        self.breaker_open = Gauge(
            "threepercent_breaker_open", "Whether a host is left alone, 1 or 0.", ("host",), registry=registry
        )
        self.lease_held = Gauge(
            "threepercent_lease_held", "Whether a source is being fetched here, 1 or 0.", source, registry=registry
        )
        self.leases_lost = Counter(
            "threepercent_leases_lost", "Times another worker took over.", source, registry=registry
        )

    def count_fetch(self, source: str, outcome: str, refused_rows: int, finished_at: float) -> None:
        """Count one call of a source; ``finished_at`` in seconds since 1970."""
        self.fetches.labels(source, outcome).inc()
        self.refused_rows.labels(source).inc(refused_rows)
        if outcome != "failed":
            self.fetched_at.labels(source).set(finished_at)

    def render(self) -> bytes:
        """Return the metrics in the text format of Prometheus."""
        return generate_latest(self.registry)


class Observed:
    """Pure ASGI: gives each request its id, counts, times and logs it by route template.

    Never by its address or query: those say what a person asked.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, clock: Callable[[], float] = time.perf_counter) -> None:
        """``clock`` measures durations only."""
        self.app = app
        self.metrics = metrics
        self.clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; other protocols pass through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = request_id_from(Headers(scope=scope).get("x-request-id"))
        scope["request_id"] = request_id
        status = SERVER_ERROR
        started = self.clock()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        self.metrics.in_flight.inc()
        try:
            await self.app(scope, receive, send_with_id)
        finally:
            self.metrics.in_flight.dec()
            self._record(scope, status, self.clock() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in KNOWN_METHODS else "other"
        route = getattr(scope.get("route"), "path_format", None) or getattr(scope.get("route"), "path", UNMATCHED)
        self.metrics.requests.labels(method, route, str(status)).inc()
        self.metrics.seconds.labels(method, route).observe(seconds)
        write = log.debug if route in QUIET_ROUTES else log.info
        if status >= SERVER_ERROR or seconds >= SLOW_SECONDS:
            write = log.warning
        write(
            "request",
            request_id=scope["request_id"],
            method=method,
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 3),
            **scope.get(NOTED, {}),
        )


def request_id_from(given: str | None) -> str:
    """Return the caller's request id where it is a plain one (8 to 64 of ``A-Z a-z 0-9 . _ -``), else a new one.

    One that holds what may be a key or somebody's address is replaced too: it would be in every log.
    """
    is_plain = given is not None and REQUEST_ID.fullmatch(given) and not TELLING.search(given)
    return given if given is not None and is_plain else uuid.uuid4().hex
