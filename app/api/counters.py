"""Counting what was used in windows of the clock: in this process, or in Redis for all of them.

A window is a whole number of its lengths since 1970, so a minute is a minute of the clock and a day is one of UTC, on
every worker. Either all policies of a charge have room for it and all count it, or none does.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from redis import Redis

MOST_COUNTED: Final = 60_000
"""Counts that one process remembers: what was used least recently is forgotten first, 25 MB at worst."""

REDIS_SECONDS: Final = 0.25
"""How long a worker waits for Redis before it counts by itself."""

AWAY_SECONDS: Final = 5.0
"""How long it does so before it asks Redis again."""

PREFIX: Final = "threepercent:limits:window:1"
"""Of every key in Redis; names how it is counted, since two ways of counting must never meet on one key."""


@dataclass(frozen=True, slots=True)
class Policy:
    """So many in each window of so many seconds; ``unit``: of what, where not of requests."""

    name: str
    quota: int
    seconds: int
    unit: str = ""


class Standing(NamedTuple):
    """How a policy stands for somebody after a charge, or after one was refused for it or for another policy."""

    policy: Policy
    window: int
    used: int

    @property
    def remaining(self) -> int:
        """What is left in this window."""
        return max(0, self.policy.quota - self.used)

    def resets_after(self, now: float) -> int:
        """Whole seconds until the window has ended for sure, at least one."""
        return max(1, ceil((self.window + 1) * self.policy.seconds - now))


class Charge(NamedTuple):
    """What was asked to be charged, to whom, and how all policies stand since; ``by`` counted it."""

    subject: str
    cost: int
    is_granted: bool
    standings: tuple[Standing, ...]
    by: "Counters"

    def give_back(self) -> None:
        """Take a granted charge back, from the very windows that it was counted in."""
        if self.is_granted:
            self.by.give_back(self)


class Counters(Protocol):
    """Who counts; safe to be called from several threads, and may take as long as a call over the network."""

    def take(self, subject: str, policies: Sequence[Policy], cost: int, now: float) -> Charge:
        """Charge a cost (0 only looks) to somebody at an instant in seconds since 1970, if every policy has room."""
        ...

    def give_back(self, charge: Charge) -> None:
        """Take a granted charge back."""
        ...


@dataclass(slots=True)
class ProcessCounters:
    """Counts of this process: exact, and bounded in number."""

    most: int = MOST_COUNTED
    _used: OrderedDict[tuple[str, str], tuple[int, int]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, subject: str, policies: Sequence[Policy], cost: int, now: float) -> Charge:
        """Charge a cost if every policy has room for it."""
        with self._lock:
            before = [self._standing(subject, policy, now) for policy in policies]
            for policy, _, used in before:
                if used + cost > policy.quota:
                    return Charge(subject, cost, False, tuple(before), self)
            if not cost:
                return Charge(subject, cost, True, tuple(before), self)
            for policy, window, used in before:
                self._used[subject, policy.name] = window, used + cost
                self._used.move_to_end((subject, policy.name))
            while len(self._used) > self.most:
                self._used.popitem(last=False)
        after = tuple([Standing(policy, window, used + cost) for policy, window, used in before])
        return Charge(subject, cost, True, after, self)

    def give_back(self, charge: Charge) -> None:
        """Take a charge back, where its window is still the one that is counted."""
        with self._lock:
            for standing in charge.standings:
                key = charge.subject, standing.policy.name
                window, used = self._used.get(key, (-1, 0))
                if window == standing.window:
                    self._used[key] = window, max(0, used - charge.cost)

    def _standing(self, subject: str, policy: Policy, now: float) -> Standing:
        window = int(now // policy.seconds)
        counted, used = self._used.get((subject, policy.name), (window, 0))
        return Standing(policy, window, used if counted == window else 0)


# KEYS: a count for each policy. ARGV: the cost, then quota and seconds to live for each. Returns 1 or 0 and the counts.
TAKE: Final = """
local cost = tonumber(ARGV[1])
local granted = 1
local answer = {1}
for i, key in ipairs(KEYS) do
  local used = tonumber(redis.call('GET', key) or '0')
  answer[i + 1] = used
  if used + cost > tonumber(ARGV[2 * i]) then granted = 0 end
end
answer[1] = granted
if granted == 1 and cost > 0 then
  for i, key in ipairs(KEYS) do
    answer[i + 1] = redis.call('INCRBY', key, cost)
    redis.call('EXPIRE', key, ARGV[2 * i + 1])
  end
end
return answer
"""

# KEYS: the counts. ARGV: the cost. A count that has ended meanwhile stays away.
GIVE_BACK: Final = """
for _, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') >= tonumber(ARGV[1]) then redis.call('DECRBY', key, ARGV[1]) end
end
"""


class SharedCounters:
    """Counts in Redis, one call for each charge; while it is away, counts of this process, for nobody is let down.

    Each worker then allows what a plan says by itself, so all of them together at most as many times as much.
    """

    def __init__(
        self,
        url: str,
        *,
        on_away: Callable[[Exception], None],
        on_back: Callable[[], None],
        patience: float = REDIS_SECONDS,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """``on_away`` and ``on_back`` are told when Redis stops answering and when it answers again.

        ``patience``: how long it is waited for, in seconds; ``seconds`` is a clock that never turns back.
        """
        self._client = connect(url, patience)
        self._take = self._client.register_script(TAKE)
        self._give_back = self._client.register_script(GIVE_BACK)
        self._fallback = ProcessCounters()
        self._on_away, self._on_back, self._seconds = on_away, on_back, seconds
        self._away_until: float | None = None
        self._lock = Lock()

    def take(self, subject: str, policies: Sequence[Policy], cost: int, now: float) -> Charge:
        """Charge a cost if every policy has room for it."""
        if not self._is_asked():
            return self._fallback.take(subject, policies, cost, now)
        windows = [int(now // policy.seconds) for policy in policies]
        keys = [_key(subject, policy, window) for policy, window in zip(policies, windows, strict=True)]
        terms = [term for policy in policies for term in (policy.quota, 2 * policy.seconds)]
        try:
            granted, *used = self._take(keys=keys, args=[cost, *terms])
        except _redis_error() as error:
            self._went_away(error)
            return self._fallback.take(subject, policies, cost, now)
        self._came_back()
        standings = map(Standing, policies, windows, map(int, used))
        return Charge(subject, cost, bool(granted), tuple(standings), self)

    def give_back(self, charge: Charge) -> None:
        """Take a charge back; while Redis is away it stays charged until its windows end."""
        if not charge.cost or not self._is_asked():
            return
        keys = [_key(charge.subject, standing.policy, standing.window) for standing in charge.standings]
        try:
            self._give_back(keys=keys, args=[charge.cost])
        except _redis_error() as error:
            self._went_away(error)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _is_asked(self) -> bool:
        """Say whether Redis is to be asked; of all who come after a pause, one tries whether it is there again."""
        with self._lock:
            if self._away_until is None:
                return True
            if self._seconds() < self._away_until:
                return False
            self._away_until = self._seconds() + AWAY_SECONDS
            return True

    def _went_away(self, error: Exception) -> None:
        with self._lock:
            is_new = self._away_until is None
            self._away_until = self._seconds() + AWAY_SECONDS
        if is_new:
            self._on_away(error)

    def _came_back(self) -> None:
        if self._away_until is not None:
            with self._lock:
                is_back, self._away_until = self._away_until is not None, None
            if is_back:
                self._on_back()


def connect(url: str, patience: float) -> "Redis":
    """Return a client of Redis that gives up quickly and tries a lost connection once more; connects to nothing yet.

    Raises ImportError without the extra ``redis``.
    """
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.exceptions import ConnectionError as ConnectionLost
    from redis.retry import Retry

    return Redis.from_url(
        url,
        socket_timeout=patience,
        socket_connect_timeout=patience,
        retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionLost,)),
    )


def _redis_error() -> type[Exception]:
    from redis.exceptions import RedisError

    return RedisError


def _key(subject: str, policy: Policy, window: int) -> str:
    """Return the key of a count; the braces keep all counts of a subject on one machine of a cluster."""
    return f"{PREFIX}:{{{subject}}}:{policy.name}:{policy.seconds}:{window}"
