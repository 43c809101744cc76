"""HTTP manners that hold for every route, as one pure ASGI layer: HEAD, OPTIONS, CORS, versions, the last resort."""

from collections.abc import Callable
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import framework_problem
from app.domain.methodology import METHODOLOGY_VERSION
from app.observability import Metrics, log

APP_VERSION = version("threepercent")
LARGEST_READ_BODY_BYTES = 64 * 1024
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
EXPOSED_HEADERS = (
    "ETag, Idempotency-Replayed, Link, Location, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, "
    "X-Request-Id, X-ThreePercent-Version"
)
ASKED_HEADERS = (
    "Accept, Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-API-Key, "
    "X-Request-Id, X-ThreePercent-Clock"
)
PREFLIGHT_SECONDS = "86400"


class Manners:
    """Wraps the framework's app: everything here must work for every answer, its own errors included."""

    def __init__(self, app: ASGIApp, owner: FastAPI, metrics: Metrics, dataset_version: Callable[[], int]) -> None:
        """``owner`` knows the routes; ``dataset_version`` gives the version of the board in memory."""
        self.app = app
        self.owner = owner
        self.metrics = metrics
        self.dataset_version = dataset_version

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; other protocols pass through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"
        # A copy: the server counts the bytes of the answer by the method in its own dictionary.
        asked = {**scope, "method": "GET"} if is_head else scope
        started = False

        async def send_politely(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._dress(MutableHeaders(scope=message), asked)
            elif is_head and message["type"] == "http.response.body":
                message = {"type": "http.response.body", "body": b"", "more_body": message.get("more_body", False)}
            await send(message)

        try:
            await self._answer(asked, receive, send_politely)
        except Exception as error:  # the last resort: opaque for the caller, whole in the log
            self.metrics.errors.inc()
            log.error("unexpected_error", request_id=scope["request_id"], exc_info=error)
            if started:
                raise
            await framework_problem(500).response(scope["request_id"])(scope, receive, send_politely)
        finally:
            if "route" in asked:
                scope["route"] = asked["route"]  # for ``Observed``

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST" and _body_length(scope) > LARGEST_READ_BODY_BYTES:  # writes have their own limits
            await framework_problem(413).response(scope["request_id"])(scope, receive, send)
        elif scope["method"] == "OPTIONS" and (allowed := self._allowed(scope)):
            await send({"type": "http.response.start", "status": 204, "headers": _preflight(allowed)})
            await send({"type": "http.response.body", "body": b""})
        else:
            await self.app(scope, receive, self._naming_methods(scope, send))

    def _naming_methods(self, scope: Scope, send: Send) -> Send:
        async def send_allow(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 405:  # noqa: PLR2004 - RFC 9110
                MutableHeaders(scope=message)["Allow"] = ", ".join(self._allowed(scope))
            await send(message)

        return send_allow

    def _allowed(self, scope: Scope) -> list[str]:
        """Return the methods that this address knows; empty where there is no such address.

        An address that stands in the contract as it is, is not also one of those with a parameter in its place.
        """
        found: dict[str, set[str]] = {}
        for route in (context.original_route for context in iter_route_contexts(self.owner.routes)):
            if isinstance(route, APIRoute) and route.path_regex.match(scope["path"]):
                found.setdefault(route.path_format, set()).update(route.methods or ())
        nearest = min(found, key=lambda path: path.count("{"), default="")
        known = [method for method in METHODS if method in found.get(nearest, ())]
        return [
            *(["GET", "HEAD"] if "GET" in known else []),
            *(m for m in known if m != "GET"),
            *(known and ["OPTIONS"]),
        ]

    def _dress(self, headers: MutableHeaders, scope: Scope) -> None:
        own = scope.get("state", {}).get("dataset_version")  # of a sandbox, or of a board with private sources
        dataset_version = self.dataset_version() if own is None else own
        headers["X-ThreePercent-Version"] = f"{APP_VERSION}; {dataset_version}; {METHODOLOGY_VERSION}"
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS


def _body_length(scope: Scope) -> int:
    given = Headers(scope=scope).get("content-length", "0")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 20 else LARGEST_READ_BODY_BYTES + 1  # noqa: PLR2004


def _preflight(allowed: list[str]) -> list[tuple[bytes, bytes]]:
    methods = ", ".join(allowed).encode()
    return [
        (b"allow", methods),
        (b"access-control-allow-methods", methods),
        (b"access-control-allow-headers", ASKED_HEADERS.encode()),
        (b"access-control-max-age", PREFLIGHT_SECONDS.encode()),
        (b"content-length", b"0"),
    ]
