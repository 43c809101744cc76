"""A breaker leaves a host alone that keeps failing: a state, the instant as an argument, and the state after it.

Closed: every call goes out. ``OPENS_AFTER`` failed calls in a row open it for ``COOL_DOWN``, and each further one for
twice as long, up to ``LONGEST``. When that time is over it is half open: one call is the probe, while the others are
still refused. The probe's success closes it, its failure opens it for longer.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

OPENS_AFTER = 3
COOL_DOWN = timedelta(minutes=1)
LONGEST = timedelta(hours=1)
_MOST_FAILURES = 1_000_000  # what is counted has to fit a column


@dataclass(frozen=True, slots=True)
class Breaker:
    """How often in a row calls of a host failed, and until when it is left alone (UTC; None: it may be asked)."""

    failures: int = 0
    open_until: datetime | None = None

    def allows(self, now: datetime) -> bool:
        """Whether a call may go out.

        Nothing is left alone for longer than ``LONGEST``: an end that lies farther off was written by a clock that has
        been set back since, and does not count.
        """
        return self.open_until is None or not now < self.open_until <= now + LONGEST

    def is_half_open(self, now: datetime) -> bool:
        """Whether the next call is a probe."""
        return self.open_until is not None and self.allows(now)

    def while_probing(self, now: datetime, longest: timedelta) -> "Breaker":
        """Return the state for the time of the probe, which takes ``longest`` at most: others wait for its outcome.

        A probe that ends without an outcome, since its process died, leaves a breaker that lets the next one out then.
        """
        return Breaker(self.failures, now + min(longest, LONGEST))

    def after_success(self) -> "Breaker":
        """Return the state after a call that went well: closed, with nothing held against the host."""
        return Breaker()

    def after_failure(self, now: datetime, not_before: datetime | None = None) -> "Breaker":
        """Return the state after a call that failed for good.

        ``not_before`` is when the host itself asked to be called again (``Retry-After``); it opens the breaker at once,
        for ``LONGEST`` at most.
        """
        failures = min(self.failures + 1, _MOST_FAILURES)
        until = now + cool_down(failures) if failures >= OPENS_AFTER else None
        if not_before is not None and not_before > now:
            asked = min(not_before, now + LONGEST)
            until = asked if until is None else max(until, asked)
        return Breaker(failures, until)


def cool_down(failures: int) -> timedelta:
    """Return how long a host is left alone after so many failed calls in a row, ``OPENS_AFTER`` or more."""
    doublings = min(failures - OPENS_AFTER, (LONGEST // COOL_DOWN).bit_length())  # more make no difference
    return min(COOL_DOWN * (1 << doublings), LONGEST)
