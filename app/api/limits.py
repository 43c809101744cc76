"""How much may be asked: one pure ASGI layer that counts each request, and refuses what is more than a plan allows.

Without a key it counts for an address, with one for the partner, whichever of its keys that is: its test keys and those
of its apps apart, so that neither a rehearsal nor an app takes what its servers need. What costs nothing to the caller
is given back: an answer that it has already (304), and our own failures (5xx).
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, TypeVar

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.addresses import Address, client_address, networks, sharing
from app.api.counters import (
    REDIS_SECONDS,
    Charge,
    Counters,
    Policy,
    ProcessCounters,
    SharedCounters,
    Standing,
    connect,
)
from app.api.problems import Problem, TooManyRequestsError, problem_of
from app.api.usage import UsageCounts
from app.domain.partners import Caller, KeyKind, Partner
from app.domain.push_errors import TooManyQuotes
from app.observability import QUIET_ROUTES, Metrics, log
from app.settings import ANONYMOUS_PLAN, PUBLISHABLE_PLAN, STANDARD_PLAN, Plan, Settings, SettingsError

BURST: Final = "burst"
DAILY: Final = "daily"
QUOTES: Final = "quotes"
MINUTE: Final = 60
DAY: Final = 86_400
NOT_MODIFIED: Final = 304
TOO_MANY: Final = 429
SERVER_ERROR: Final = 500
REDIS_THREADS: Final = 16

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Terms:
    """A plan as it is counted, and as RateLimit-Policy tells it: that of quotes only where it allows any."""

    plan_name: str
    requests: tuple[Policy, ...]
    quotes: Policy
    header: str

    @property
    def policies(self) -> tuple[Policy, ...]:
        """All policies that are told."""
        return (*self.requests, self.quotes) if self.quotes.quota else self.requests


def terms_of(plan_name: str, plan: Plan) -> Terms:
    """Return the terms of a plan."""
    requests = Policy(BURST, plan.requests_per_minute, MINUTE), Policy(DAILY, plan.requests_per_day, DAY)
    terms = Terms(plan_name, requests, Policy(QUOTES, plan.quotes_per_day, DAY, unit=QUOTES), "")
    return replace(terms, header=", ".join(map(_told, terms.policies)))


def _told(policy: Policy) -> str:
    return f'"{policy.name}";q={policy.quota};w={policy.seconds}' + (f';qu="{policy.unit}"' if policy.unit else "")


@dataclass(slots=True)
class Allowance:
    """What one request, or one job, may use, and what it has used of that so far."""

    subject: str
    terms: Terms
    counters: Counters | None
    clock: Callable[[], datetime]
    on_refused: Callable[[str, str], None]
    is_free: bool = False
    rows: int = 0
    charges: list[Charge] = field(default_factory=list)

    def charge_request(self) -> None:
        """Charge one request; raise TooManyRequestsError where one of its policies has no room. May block."""
        self._charge(self.terms.requests, 1)

    def charge_rows(self, rows: int) -> None:
        """Charge quotes that are to be judged; raise TooManyQuotes where the day has no room. May block."""
        if self.counters is not None and rows > self.terms.quotes.quota:
            self.on_refused(QUOTES, self.terms.plan_name)
            raise TooManyQuotes(
                f"This has {rows:,} quotes, and your plan allows {self.terms.quotes.quota:,} a day. Send fewer, "
                "or ask the operator for another plan."
            )
        self._charge((self.terms.quotes,), rows)
        self.rows += rows

    def give_back(self) -> None:
        """Take back all that was charged. May block."""
        for charge in self.charges:
            charge.give_back()
        self.charges, self.rows = [], 0

    def header(self, now: float) -> str:
        """Return RateLimit: for each policy what is left, and in how many seconds it is whole again."""
        newest = {standing.policy.name: (charge, standing) for charge in self.charges for standing in charge.standings}
        shown = []
        for charge, standing in newest.values():
            returned = charge.cost if self.is_free and charge.is_granted else 0
            left = min(standing.policy.quota, standing.remaining + returned)
            shown.append(f'"{standing.policy.name}";r={left};t={standing.resets_after(now)}')
        return ", ".join(shown)

    def standings(self) -> Sequence[Standing]:
        """Return how every policy stands now, without charging anything. May block."""
        now = self.clock().timestamp()
        counters = self.counters or ProcessCounters()
        return counters.take(self.subject, self.terms.policies, 0, now).standings

    def _charge(self, policies: Sequence[Policy], cost: int) -> None:
        if self.counters is None or not cost:
            return
        now = self.clock().timestamp()
        charge = self.counters.take(self.subject, policies, cost, now)
        self.charges.append(charge)
        if charge.is_granted:
            return
        full = [standing for standing in charge.standings if standing.used + cost > standing.policy.quota]
        last = max(full, key=lambda standing: standing.resets_after(now))
        self.on_refused(last.policy.name, self.terms.plan_name)
        kind = TooManyQuotes if last.policy.unit else TooManyRequestsError
        raise kind(_refusal(last, now, self.terms.plan_name), last.resets_after(now))


def _refusal(full: Standing, now: float, plan_name: str) -> str:
    what = full.policy.unit or "requests"
    span = "minute" if full.policy.seconds == MINUTE else "day"
    hint = " A key raises this limit." if plan_name == ANONYMOUS_PLAN else ""
    return (
        f"{full.policy.quota:,} {what} a {span} are allowed, and {full.remaining:,} are left. "
        f"Ask again after {full.resets_after(now)} seconds.{hint}"
    )


def check_limits(settings: Settings) -> None:
    """Raise SettingsError where limits cannot be counted as the settings want; connects to nothing."""
    try:
        if settings.limits_enabled and settings.redis_url:
            connect(settings.redis_url, REDIS_SECONDS).close()
    except ImportError:
        raise SettingsError(
            "THREEPERCENT_REDIS_URL needs the client of Redis: pip install 'threepercent[redis]'."
        ) from None
    except ValueError:
        raise SettingsError("THREEPERCENT_REDIS_URL cannot be read. Expected redis://host:6379/0.") from None


class Limits:
    """Who may use how much: the settings' plans, and who counts."""

    def __init__(self, settings: Settings, *, metrics: Metrics, clock: Callable[[], datetime]) -> None:
        """``clock`` says in which windows of time something falls."""
        check_limits(settings)
        self.settings = settings
        self.metrics = metrics
        self.clock = clock
        self.trusted = networks(settings.trusted_proxies)
        self._terms = {name: terms_of(name, plan) for name, plan in settings.plans.items()}
        self.counters: Counters | None = None
        self._redis: SharedCounters | None = None
        self._threads: ThreadPoolExecutor | None = None
        if settings.limits_enabled and settings.redis_url:
            self.counters = self._redis = SharedCounters(
                settings.redis_url, on_away=self._redis_went_away, on_back=self._redis_is_back
            )
            self._threads = ThreadPoolExecutor(REDIS_THREADS, thread_name_prefix="limits")
        elif settings.limits_enabled:
            self.counters = ProcessCounters()

    def address_of(self, scope: Scope) -> Address | None:
        """Return who asks, by address."""
        return client_address(scope, self.trusted)

    async def refused(self, scope: Scope, problem: Problem) -> Problem:
        """Return the problem for a key that is not good: a request with one counts for its address."""
        allowance = self.of(scope, None)
        return await charge_request(self, allowance) or replace(
            problem, headers={**problem.headers, **self.headers(allowance, is_shown=False)}
        )

    def headers(self, allowance: Allowance, *, is_shown: bool) -> dict[str, str]:
        """Return what an answer says of limits: what is allowed, and where that is shown what is left of it."""
        if self.counters is None:
            return {}
        headers = {"RateLimit-Policy": allowance.terms.header}
        if is_shown and (standing := allowance.header(allowance.clock().timestamp())):
            headers["RateLimit"] = standing
        return headers

    def of(self, scope: Scope, caller: Caller | None) -> Allowance:
        """Return what a request may use: its caller's plan, or its address's where it has no key."""
        if caller is None:
            subject = f"address:{sharing(self.address_of(scope))}"
            return self._allowance(subject, ANONYMOUS_PLAN)
        if caller.kind is KeyKind.PUBLISHABLE:
            return self._allowance(f"partner:{caller.partner.id}:apps", PUBLISHABLE_PLAN)
        return self.of_partner(caller.partner, is_sandbox=caller.kind is KeyKind.TEST)

    def of_partner(self, partner: Partner, *, is_sandbox: bool = False) -> Allowance:
        """Return what a partner's own keys may use, also for work that outlives its request."""
        return self._allowance(f"partner:{partner.id}{':test' if is_sandbox else ''}", partner.plan)

    async def off_the_loop(self, work: Callable[[], Result]) -> Result:
        """Do what counts: at once in this process, in a thread of its own where Redis is asked."""
        if self._threads is None:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def close(self) -> None:
        """End the threads and connections."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
        if self._redis is not None:
            self._redis.close()

    def _allowance(self, subject: str, plan_name: str) -> Allowance:
        return Allowance(
            subject=subject,
            terms=self._terms.get(plan_name) or self._terms[STANDARD_PLAN],
            counters=self.counters,
            clock=self.clock,
            on_refused=self._count_refusal,
        )

    def _count_refusal(self, policy: str, plan_name: str) -> None:
        self.metrics.limited.labels(policy, plan_name).inc()

    def _redis_went_away(self, error: Exception) -> None:
        self.metrics.limits_redis_away.set(1)
        log.error("limits_redis_away", error=type(error).__name__)

    def _redis_is_back(self) -> None:
        self.metrics.limits_redis_away.set(0)
        log.info("limits_redis_back")


class Limited:
    """Wraps the framework's app, inside of ``Identified``: counts each request before it is answered."""

    def __init__(self, app: ASGIApp, limits: Limits, usage: UsageCounts) -> None:
        """``usage`` is told what each partner used."""
        self.app = app
        self.limits = limits
        self.usage = usage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: with a problem, where its caller has used up what it may."""
        if scope["type"] != "http" or scope["path"] in QUIET_ROUTES:
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        caller: Caller | None = state.get("caller")
        allowance = state["allowance"] = self.limits.of(scope, caller)
        refused = await charge_request(self.limits, allowance)
        if refused is not None:
            await refused.response(scope["request_id"])(scope, receive, send)
            return

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                allowance.is_free = message["status"] == NOT_MODIFIED or message["status"] >= SERVER_ERROR
                is_shown = caller is not None or message["status"] == TOO_MANY
                said = self.limits.headers(allowance, is_shown=is_shown)
                more = [(name.lower().encode(), text.encode()) for name, text in said.items()]
                message["headers"] = [*message.get("headers", ()), *more]
            await send(message)

        try:
            await self.app(scope, receive, send_counted)
        except Exception:
            allowance.is_free = True
            raise
        finally:
            await self._settle(allowance, caller)

    async def _settle(self, allowance: Allowance, caller: Caller | None) -> None:
        """Give back what costs nothing, and book the rest."""
        if allowance.is_free:
            await self.limits.off_the_loop(allowance.give_back)
        elif caller is not None and caller.kind is not KeyKind.TEST:
            day = self.limits.clock().date()
            self.usage.count(caller.partner.id, day, requests=1, quotes=allowance.rows)


async def charge_request(limits: Limits, allowance: Allowance) -> Problem | None:
    """Charge one request; return the problem to answer with, null where there is room for it."""
    try:
        if limits.counters is not None:
            await limits.off_the_loop(allowance.charge_request)
    except TooManyRequestsError as error:
        problem = problem_of(error)
        return replace(problem, headers={**problem.headers, **limits.headers(allowance, is_shown=True)})
    return None


def charge_rows(request: Request, rows: int) -> None:
    """Charge quotes that are to be judged to the caller of a request; raise TooManyQuotes beyond its quota.

    Asks Redis where that is set, so never call it on the event loop. All is given back where we answer 5xx.
    """
    allowance: Allowance = request.scope["state"]["allowance"]
    allowance.charge_rows(rows)
