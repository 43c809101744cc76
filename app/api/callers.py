"""Who calls: one pure ASGI layer that reads a request's key, refuses a bad one, and says whose a good one is.

A malformed key is refused without asking the database. What was found is kept for a second at most, unknown keys too,
so a revoked key ends within a second on every worker; no key is kept itself, only its hash under the server's secret.
While the database is away, keys that were good when it last answered are still good, so that reads go on.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.accounts import KnownKey, find_key, key_secret
from app.api.problems import RETRY_AFTER_SECONDS, Problem, framework_problem, problem_of
from app.db import DatabaseError
from app.domain import keys
from app.domain.errors import ThreePercentError
from app.domain.key_errors import KeyMalformed, KeyUnknown
from app.domain.key_rights import Address
from app.domain.partners import Caller, KeyKind
from app.domain.partners import Scope as KeyScope
from app.observability import log_away
from app.settings import Settings

IDENTIFIED_PATHS: Final = "/v1/"
"""Health, metrics and documentation are everybody's: they are answered whatever key comes with the request."""

KNOWN_SECONDS: Final = 1.0
MOST_KNOWN: Final = 10_000
PRIVATE: Final = "private, no-store"


@dataclass(slots=True)
class _Looked:
    """What the database said of a hash, and when, by a clock that never turns back."""

    known: KnownKey | None
    at: float


@dataclass(slots=True)
class KeyRing:
    """The keys that were asked for of late, by their hashes; the least recently used are forgotten first.

    ``on_use`` is told which key was used, and when. Used on the event loop only, but for the look itself.
    """

    settings: Settings
    engine: Engine
    clock: Callable[[], datetime]
    on_use: Callable[[str, datetime], None]
    seconds: Callable[[], float] = time.monotonic
    _secret: bytes | None = None
    _looked: OrderedDict[bytes, _Looked] = field(default_factory=OrderedDict)
    _looking: dict[bytes, asyncio.Task[KnownKey | None]] = field(default_factory=dict)

    @property
    def remembered(self) -> int:
        """How many hashes are remembered."""
        return len(self._looked)

    async def caller(self, key: keys.ApiKey, address: Address | None) -> Caller:
        """Return whose key this is; raise KeyNotGood or WrongNetwork, or a DatabaseError for a key not seen before."""
        if self._secret is None:
            self._secret = await run_in_threadpool(key_secret, self.settings)
        known = await self._known(keys.digest(self._secret, key))
        if known is None:
            raise KeyUnknown
        now = self.clock()
        caller = known.caller(now, address)
        self.on_use(caller.key_id, now)
        return caller

    async def _known(self, digest: bytes) -> KnownKey | None:
        """Return a key from memory or the database; who asks for the same at the same time shares one look."""
        looked = self._looked.get(digest)
        if looked is not None and self.seconds() - looked.at < KNOWN_SECONDS:
            self._looked.move_to_end(digest)
            return looked.known
        if digest not in self._looking:
            self._looking[digest] = asyncio.create_task(self._look(digest))
        return await asyncio.shield(self._looking[digest])

    async def _look(self, digest: bytes) -> KnownKey | None:
        began = self.seconds()
        try:
            known = await run_in_threadpool(find_key, self.engine, digest)
        except (DatabaseError, OperationalError) as error:
            looked = self._looked.get(digest)
            if looked is None or looked.known is None:
                raise
            log_away(error)
            known = looked.known
        finally:
            del self._looking[digest]
        self._looked[digest] = _Looked(known, began)
        self._looked.move_to_end(digest)
        while len(self._looked) > MOST_KNOWN:
            self._looked.popitem(last=False)
        return known


class Identified:
    """Wraps the framework's app: sets ``caller`` in the request's state, null where no key was sent."""

    def __init__(
        self,
        app: ASGIApp,
        ring: KeyRing,
        address_of: Callable[[Scope], Address | None],
        refused: Callable[[Scope, Problem], Awaitable[Problem]],
    ) -> None:
        """``address_of`` tells the caller's address, behind trusted proxies too; ``refused`` what a bad key is told."""
        self.app = app
        self.ring = ring
        self.address_of = address_of
        self.refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: with a problem, where what was sent as a key is not a good one."""
        if scope["type"] == "http":
            state = scope.setdefault("state", {})
            state["caller"] = None
            try:
                key = _sent_key(Headers(scope=scope)) if scope["path"].startswith(IDENTIFIED_PATHS) else None
                if key is not None:
                    state["caller"] = await self.ring.caller(key, self.address_of(scope))
            except ThreePercentError as error:
                problem = await self.refused(scope, problem_of(error))
                await problem.response(scope["request_id"])(scope, receive, send)
                return
            except (DatabaseError, OperationalError) as error:
                log_away(error, request_id=scope["request_id"])
                away = framework_problem(503, {"Retry-After": RETRY_AFTER_SECONDS})
                await away.response(scope["request_id"])(scope, receive, send)
                return
        await self.app(scope, receive, send)


def caller_of(request: Request) -> Caller | None:
    """Return who calls; null for a request without a key."""
    caller: Caller | None = request.scope.get("state", {}).get("caller")
    return caller


def is_answered_privately(request: Request) -> bool:
    """Say whether a read answers more than everybody's data, or other: a sandbox's, or that of private sources."""
    caller = caller_of(request)
    return caller is not None and (caller.kind is KeyKind.TEST or KeyScope.PRIVATE_READ in caller.scopes)


def _sent_key(headers: Headers) -> keys.ApiKey | None:
    """Return the key that a request carries, null without any; raise KeyMalformed for anything but one good-looking."""
    authorization, bare = headers.getlist("authorization"), headers.getlist("x-api-key")
    sent = [*authorization, *bare]
    if not sent:
        return None
    if len(sent) > 1:
        raise KeyMalformed("This request carries more than one key; send one, as Authorization or as X-API-Key.")
    if bare:
        return keys.read_key(bare[0].strip())
    scheme, _, credentials = authorization[0].strip().partition(" ")
    if scheme.lower() != "bearer":
        raise KeyMalformed("Authorization takes a key as Bearer tp_live_…, and no other scheme.")
    return keys.read_key(credentials.strip())
