"""Keeping one source fresh: each due instant of its schedule is served once, whichever worker comes first.

All that is remembered stands in the database: how far the schedule was served, and what was asked for the due instant
that is being served. So a worker that dies in the middle is followed by one that asks only what is left, and one that
lost its lease can write nothing of it any more.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app.db import DatabaseError, reading, transact
from app.domain import breakers
from app.domain.errors import LeaseLost, ThreePercentError
from app.domain.schedules import RETRIES, due_to_serve, missed, newest_due, next_due, retry_at
from app.observability import Metrics, log, log_away
from app.refresh.errand import Errand, Outcome, Surroundings, run
from app.refresh.fetched import declared
from app.sources.source import Ask, Source
from app.store import fetches, leases
from app.store.fetches import Fetched, SourceState
from app.store.leases import Lease

LOOK_SECONDS: Final = 30.0
"""The longest wait between two looks at the clock and the database: a pause, a dead worker or a new time is noticed."""

AWAY_SECONDS: Final = 5.0
"""Between two tries while the database does not answer."""

LONGEST_LATER: Final = max(RETRIES[-1], breakers.LONGEST)
"""How long a due instant can have to wait: a time farther off was computed before the clock was set back."""

_NEVER_SERVED: Final = SourceState(paused_at=None, paused_reason=None, served_until=None)


class Due(NamedTuple):
    """A due instant that is being served under a lease, and what was asked for it before."""

    at: datetime
    missed: int
    lease: Lease
    before: list[Fetched]


@dataclass(slots=True)
class Progress:
    """How far a due instant is served: by target, whether it is done, how often it failed and when last."""

    done: set[str] = field(default_factory=set)
    failures: Counter[str] = field(default_factory=Counter)
    failed_at: dict[str, datetime] = field(default_factory=dict)

    def note(self, calls: Iterable[Fetched]) -> None:
        """Take notice of calls, the oldest first."""
        for call in calls:
            if call.outcome == fetches.FAILED:
                self.failures[call.target] += 1
                self.failed_at[call.target] = call.finished_at
            else:
                self.done.add(call.target)

    def retries(self, after: datetime, now: datetime) -> dict[str, datetime]:
        """Return when each target that failed may be asked again, of those that have to wait beyond an instant.

        A failure recorded under a clock that was ahead keeps nobody waiting for longer than any failure does.
        """
        waiting = {}
        for target, failures in self.failures.items():
            at = None if target in self.done else retry_at(failures, self.failed_at[target])
            if at is not None and after < at <= now + RETRIES[-1]:
                waiting[target] = at
        return waiting

    def skipped(self, now: datetime) -> frozenset[str]:
        """Return the targets that are not asked now: done, given up, or to be tried later."""
        given_up = {target for target, failures in self.failures.items() if failures > len(RETRIES)}
        return frozenset({*self.done, *given_up, *self.retries(now, now)})


class Keeper:
    """Keeps one source fresh, for one worker."""

    def __init__(self, world: Surroundings, source: Source, *, owner: str, metrics: Metrics) -> None:
        """``owner`` names the worker in its leases; no two have the same."""
        self.world = world
        self.source = source
        self.owner = owner
        self.metrics = metrics
        self.lease_seconds = int(2 * (declared(source).deadline_seconds + declared(source).pause_seconds)) + 60
        self.has_failed = False
        self._held: Lease | None = None
        self._later: tuple[datetime, datetime] | None = None  # a due instant, and when it is worth looking at again
        self._in_vain = 0

    def keep(self) -> None:
        """Serve the source's schedule until the process is asked to end."""
        while not self.world.wait(self.turn()):
            pass

    def turn(self) -> float:
        """Serve what is due now; return the seconds until the next look. What goes wrong is logged and stays here."""
        try:
            return self._turn(self.world.clock())
        except LeaseLost as error:
            log.warning("refresh_lost", source=self.source.key, said=error.detail)
            self.metrics.leases_lost.labels(self.source.key).inc()
            return LOOK_SECONDS
        except (DatabaseError, SQLAlchemyError) as error:
            log_away(error, source=self.source.key)
            self.has_failed = True
            return AWAY_SECONDS
        except ThreePercentError as error:
            log.warning("refresh_impossible", source=self.source.key, code=error.code, said=error.detail)
            return self._after_fault()
        except Exception as error:  # noqa: BLE001 -- one source's fault must touch no other, nor end this one for good
            log.error("refresh_unexpected", source=self.source.key, exc_info=error)
            self.metrics.errors.inc()
            return self._after_fault()

    def let_go(self) -> None:
        """Release the lease if one is held, so that another worker can go on at once; what is under way is lost."""
        lease = self._held
        if lease is not None:
            self._released(lease)

    # ---------------------------------------------------------------- one turn

    def _turn(self, now: datetime) -> float:
        with reading(self.world.engine) as connection:
            state = fetches.states(connection).get(self.source.key, _NEVER_SERVED)
        schedule = declared(self.source).schedule
        due_at = None if state.paused_at is not None else due_to_serve(schedule, state.served_until, now)
        if due_at is None:
            return _until(next_due(schedule, now), now)
        if self._later is not None and self._later[0] == due_at and now < self._later[1] <= now + LONGEST_LATER:
            return _until(min(self._later[1], next_due(schedule, now)), now)
        due = transact(self.world.engine, lambda connection: self._begin(connection, now))
        if due is None:
            return LOOK_SECONDS
        with self._holding(due.lease):
            self._serve(due, now)
        after = self.world.clock()
        return 0.0 if self._later is None else _until(self._later[1], after)

    def _begin(self, connection: Connection, now: datetime) -> Due | None:
        """Take the lease and look again, in one transaction: null where another worker is at it, or was."""
        lease = leases.acquire(connection, f"refresh {self.source.key}", self.owner, now, self.lease_seconds)
        if lease is None:
            return None
        state = fetches.states(connection).get(self.source.key, _NEVER_SERVED)
        schedule = declared(self.source).schedule
        due_at = None if state.paused_at is not None else due_to_serve(schedule, state.served_until, now)
        if due_at is None:
            leases.release(connection, lease, now)
            return None
        if state.served_until is not None and state.served_until > now:  # written under a clock that was ahead
            fetches.forget_dues(connection, self.source.key, now)
        calls = [call for call in fetches.history(connection, self.source.key, due_at) if call.due_at == due_at]
        return Due(due_at, missed(schedule, state.served_until, now), lease, calls[::-1])

    def _serve(self, due: Due, now: datetime) -> None:
        """Ask what is left of a due instant; record it as served when nothing of it can be asked any more."""
        progress = Progress()
        progress.note(due.before)
        errand = Errand(
            source=self.source,
            due_at=due.at,
            lease=due.lease,
            skipped=progress.skipped(now),
            on_asks=lambda asks: self._tell_asking(due, asks),
        )
        left_alone: list[datetime] = []
        for outcome in run(self.world, errand):
            self._tell(outcome)
            if outcome.is_recorded:
                progress.note([outcome.fetched])
            else:
                left_alone.append(outcome.retry_at or now + RETRIES[0])
        if self.world.wait(0):
            return
        later = [*progress.retries(now, self.world.clock()).values(), *left_alone]
        if not progress.done and not progress.failures and not later:  # no corridor yet, or no rate
            log.info("refresh_nothing_to_ask", source=self.source.key, due=due.at.isoformat())
            later = [self.world.clock() + timedelta(seconds=self._after_nothing())]
        until = self._reached(due, now)
        if later and until == due.at:
            self._later = (due.at, min(later))
            return
        transact(self.world.engine, lambda connection: self._finish(connection, due, until))
        self._later = None
        self._in_vain = 0
        failed = sorted(progress.failures.keys() - progress.done)
        log.info("refresh_served", source=self.source.key, due=due.at.isoformat(), failed=failed[:10])

    def _reached(self, due: Due, begun: datetime) -> datetime:
        """Return how far the schedule is served by a round that ends now.

        One that took longer than lies between two due instants stands for those that passed meanwhile: rounds neither
        overlap nor follow each other without a pause.
        """
        schedule, now = declared(self.source).schedule, self.world.clock()
        until = newest_due(schedule, now)
        if until <= due.at or now - begun <= next_due(schedule, due.at) - due.at:
            return due.at
        passed = missed(schedule, due.at, now) + 1
        seconds = round((now - begun).total_seconds())
        log.warning("refresh_overran", source=self.source.key, due=due.at.isoformat(), seconds=seconds, missed=passed)
        return until

    def _finish(self, connection: Connection, due: Due, until: datetime) -> None:
        leases.check(connection, due.lease)
        fetches.serve_until(connection, self.source.key, until)

    @contextmanager
    def _holding(self, lease: Lease) -> Iterator[None]:
        """Hold a lease while something is done, and let go of it however that ends."""
        self._held = lease
        self.metrics.lease_held.labels(self.source.key).set(1)
        try:
            yield
        finally:
            self._released(lease)
            self.metrics.lease_held.labels(self.source.key).set(0)

    def _released(self, lease: Lease) -> None:
        self._held = None
        with suppress(DatabaseError, SQLAlchemyError):  # then it ends by itself
            transact(self.world.engine, lambda connection: leases.release(connection, lease, self.world.clock()))

    def _after_fault(self) -> float:
        self.has_failed = True
        return self._after_nothing()

    def _after_nothing(self) -> float:
        """Return how many seconds to wait when nothing could be asked at all: more each time, and never given up."""
        wait = RETRIES[min(self._in_vain, len(RETRIES) - 1)]
        self._in_vain += 1
        return wait.total_seconds()

    # ---------------------------------------------------------------- what operators see

    def _tell_asking(self, due: Due, asks: list[Ask]) -> None:
        told = {"source": self.source.key, "due": due.at.isoformat(), "asks": len(asks)}
        if due.before:
            log.info("refresh_resumed", **told, calls_before=len(due.before))
        elif due.missed:
            log.warning("refresh_caught_up", **told, missed=due.missed)
        else:
            log.info("refresh_asking", **told)

    def _tell(self, outcome: Outcome) -> None:
        fetched = outcome.fetched
        told = {
            "source": fetched.source,
            "target": fetched.target,
            "outcome": fetched.outcome,
            "attempts": fetched.attempts,
            "seconds": round((fetched.finished_at - fetched.started_at) / timedelta(seconds=1), 3),
        }
        if outcome.is_failure:
            self.has_failed = True
            log.warning("fetch", **told, code=fetched.failure_code, said=fetched.failure_detail)
        else:
            log.info("fetch", **told, rows=fetched.rows, refused=fetched.refused_rows)
        if outcome.is_recorded:
            self.metrics.count_fetch(
                fetched.source, fetched.outcome, fetched.refused_rows, fetched.finished_at.timestamp()
            )


def _until(at: datetime, now: datetime) -> float:
    """Return the seconds to an instant, at most those between two looks."""
    return min(max((at - now).total_seconds(), 0.0), LOOK_SECONDS)
