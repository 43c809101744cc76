"""Partners who push until nobody answers any more."""

import http.client
import random
import threading
from collections.abc import Callable, Iterable

from tests.crash.ledger import Ledger, Sent, Told
from tests.crash.world import World

RETRY_SECONDS = 0.1
GAVE_UP = (OSError, http.client.HTTPException)


class Partners:
    """Some partners at once, each with a connection of its own; they stop when told, or when their server is gone."""

    def __init__(self, world: World, ledger: Ledger, next_write: Callable[[], Sent | None], count: int) -> None:
        """``next_write`` gives what to send next, null where there is nothing more."""
        self._world = world
        self._ledger = ledger
        self._next = next_write
        self._ending = threading.Event()
        self.first_answer = threading.Event()
        self._threads = [threading.Thread(target=self._push, daemon=True) for _ in range(count)]

    def start(self) -> None:
        """Let them push."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Wait until each has noticed that its server is gone, or has nothing more to send."""
        self._ending.set()
        self.join()

    def join(self) -> None:
        """Wait until each has nothing more to send."""
        for thread in self._threads:
            thread.join()

    def _push(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._world.port, timeout=60)
        try:
            while not self._ending.is_set() and (sent := self._next()) is not None:
                while not self._ledger.hear(sent, send(connection, self._world.key, sent)):
                    if self._ending.wait(RETRY_SECONDS):
                        return
                self.first_answer.set()
        except GAVE_UP:
            self._ledger.miss()
        finally:
            connection.close()


def send(connection: http.client.HTTPConnection, key: str, sent: Sent) -> Told:
    """Send a write and return its answer."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": sent.media_type, "Idempotency-Key": f'"{sent.key}"'}
    connection.request("POST", sent.path, sent.body, headers)
    answer = connection.getresponse()
    return Told(answer.status, answer.read(), answer.headers.get("idempotency-replayed") == "true")


def again_then_new(ledger: Ledger, chance: random.Random, *, files: float) -> Callable[[], Sent | None]:
    """Give what was never answered first, as a partner's retry would, then new writes, some of them files."""
    waiting = ledger.unanswered()
    lock = threading.Lock()

    def write() -> Sent:
        with lock:
            if waiting:
                return waiting.pop()
            if chance.random() < files:
                return ledger.file(chance.randint(1, 300))
            return ledger.batch(chance.randint(1, 20))

    return write


def only(writes: Iterable[Sent]) -> Callable[[], Sent | None]:
    """Give these writes, each once."""
    waiting = list(writes)
    lock = threading.Lock()

    def write() -> Sent | None:
        with lock:
            return waiting.pop() if waiting else None

    return write
