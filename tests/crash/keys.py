"""Each write many times at once under its key, while the server is killed again and again: one effect each."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from tests.crash.checking import Findings, check_all
from tests.crash.clients import Partners
from tests.crash.cycles import Report, wait_for_files
from tests.crash.ledger import Ledger, Sent
from tests.crash.world import World

AT_ONCE = 50
LEAST_SECONDS, MOST_SECONDS = 1.0, 6.0
FILES = 0.02


def run(  # noqa: PLR0913 - how much is sent, by which chance, and who is told
    world: World,
    keys: int,
    *,
    seed: int,
    fold: int = AT_ONCE,
    is_killed: bool = True,
    on_kill: Callable[[int, Ledger], None] = lambda _kill, _ledger: None,
) -> Report:
    """Send ``keys`` writes, each ``fold`` times by 50 partners at once; kill the server at random moments meanwhile."""
    chance = random.Random(seed)
    ledger = Ledger(datetime.now(UTC))
    attempts = _Attempts(_writes(ledger, chance, keys), fold)
    report = Report(0, ledger, Findings())
    began = time.monotonic()
    while not attempts.wait(0):
        world.start()
        partners = Partners(world, ledger, attempts.next, AT_ONCE)
        partners.start()
        if is_killed and not attempts.wait(chance.uniform(LEAST_SECONDS, MOST_SECONDS)):
            world.kill()
            report.cycles += 1
            partners.end()
            on_kill(report.cycles, ledger)
        else:
            partners.join()
            attempts.begin_again(ledger.unanswered())
            if attempts.wait(0):
                wait_for_files(world)
            world.stop()
    report.findings = check_all(world.settings.database_url, ledger)
    report.seconds = time.monotonic() - began
    return report


def _writes(ledger: Ledger, chance: random.Random, keys: int) -> Iterator[Sent]:
    for _ in range(keys):
        yield ledger.file(chance.randint(1, 20)) if chance.random() < FILES else ledger.batch(chance.randint(1, 3))


class _Attempts:
    """Gives each write so many times, one write after the other, so that its attempts meet."""

    def __init__(self, writes: Iterator[Sent], fold: int) -> None:
        self._lock = threading.Lock()
        self._attempts = (sent for sent in writes for _ in range(fold))
        self._ended = threading.Event()

    def next(self) -> Sent | None:
        """Return the next attempt."""
        with self._lock:
            sent = next(self._attempts, None)
        if sent is None:
            self._ended.set()
        return sent

    def wait(self, seconds: float) -> bool:
        """Wait for the end, not for ever; say whether it came."""
        return self._ended.wait(seconds)

    def begin_again(self, unanswered: list[Sent]) -> None:
        """Send what was never answered once more."""
        if unanswered:
            self._attempts = (sent for sent in unanswered)
            self._ended.clear()
