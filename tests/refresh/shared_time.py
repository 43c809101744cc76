"""Simulated time that several processes share: it stands still while anybody works, and jumps when everybody waits.

So an hour passes as fast as its work is done, no step depends on how fast this machine is, and a process that is killed
is simply nobody's wait any more.
"""

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

STUCK_SECONDS = 60.0
"""No step of the simulation takes so long, be the machine as busy as it likes."""


@dataclass
class Waiter:
    """A thread of some process: what it waits for, null while it works."""

    process: int = 0
    until: datetime | None = None


class SharedTime:
    """``expected`` is how many threads have to be there and wait before time goes on, but never past ``limit``."""

    def __init__(self, begin: datetime) -> None:
        self.now = begin
        self.limit = begin
        self.expected = 0
        self.is_ending = False
        self.port = 0
        self.changed = threading.Condition()
        self._waiters: dict[socket.socket, Waiter] = {}
        self._selector = selectors.DefaultSelector()
        self._is_closed = False

    def run_until(self, limit: datetime) -> None:
        """Let time go on to an instant; return when everybody waits there."""
        with self.changed:
            self.limit = limit
            self._go_on()
            while not (self.now >= limit and self._is_everybody_waiting()):
                moved = self.changed.wait(STUCK_SECONDS)
                assert moved, f"stuck at {self.now}: {self._waiters.values()}, {self.expected} expected"

    def jump(self, by: timedelta) -> None:
        """Set every clock forward or back; whoever waits for some seconds waits no longer or shorter for that."""
        with self.changed:
            self.now += by
            self.limit += by
            for waiter in self._waiters.values():
                if waiter.until is not None:
                    waiter.until += by

    def without(self, process: int, threads: int) -> None:
        """Expect a process no more, since it was killed."""
        with self.changed:
            self.expected -= threads
            for gone in [key for key, waiter in self._waiters.items() if waiter.process == process]:
                self._drop(gone)
            self._go_on()

    def end(self) -> None:
        """Ask every process to end."""
        with self.changed:
            self.is_ending = True
            for key, waiter in self._waiters.items():
                if waiter.until is not None:
                    self._answer(key, waiter)

    def _is_everybody_waiting(self) -> bool:
        waiters = self._waiters.values()
        return len(waiters) >= self.expected and all(waiter.until is not None for waiter in waiters)

    def _go_on(self) -> None:
        """Move time to the first instant that somebody waits for, where nobody works."""
        while self._waiters and self._is_everybody_waiting() and self.now < self.limit:
            first = min(waiter.until for waiter in self._waiters.values() if waiter.until is not None)
            self.now = max(self.now, min(first, self.limit))
            for key, waiter in self._waiters.items():
                if waiter.until is not None and waiter.until <= self.now:
                    self._answer(key, waiter)
        self.changed.notify_all()

    def _answer(self, key: socket.socket, waiter: Waiter) -> None:
        waiter.until = None
        try:
            key.sendall(f"{self.now.isoformat()} {int(self.is_ending)}\n".encode())
        except OSError:
            """It was killed; its end is read soon."""

    def _drop(self, key: socket.socket) -> None:
        self._waiters.pop(key, None)
        try:
            self._selector.unregister(key)
        except (KeyError, ValueError):
            return
        key.close()

    # ---------------------------------------------------------------- the thread that listens

    def listen(self, listening: socket.socket) -> None:
        listening.setblocking(False)
        self._selector.register(listening, selectors.EVENT_READ)
        while not self._is_closed:
            for found, _ in self._selector.select(0.05):
                with self.changed:
                    if found.fileobj is listening:
                        connection, _ = listening.accept()
                        self._waiters[connection] = Waiter()
                        self._selector.register(connection, selectors.EVENT_READ)
                    else:
                        self._read(found.fileobj)  # type: ignore[arg-type] # only sockets are registered

    def _read(self, key: socket.socket) -> None:
        waiter = self._waiters.get(key)
        if waiter is None:
            return
        try:
            said = key.recv(200)
        except OSError:
            said = b""
        if not said:
            self._drop(key)
            self._go_on()
            return
        word, figure = said.decode().split()
        if word == "process":
            waiter.process = int(figure)
            self._answer(key, waiter)
        elif float(figure) <= 0 or self.is_ending:
            self._answer(key, waiter)
        else:
            waiter.until = self.now + timedelta(seconds=float(figure))
            self._go_on()

    def close(self) -> None:
        self._is_closed = True


@contextmanager
def shared_time(begin: datetime) -> Iterator[SharedTime]:
    """Keep time on a port of this machine for as long as the block lasts."""
    time = SharedTime(begin)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        time.port = listening.getsockname()[1]
        thread = threading.Thread(target=time.listen, args=(listening,))
        thread.start()
        try:
            yield time
        finally:
            time.close()
            thread.join()


class TimeOfOthers:
    """The clock and the waiting of a process that lives in shared time: each of its threads has a line of its own."""

    def __init__(self, port: int, process: int) -> None:
        self._port, self._process = port, process
        self._own = threading.local()

    def clock(self) -> datetime:
        if not hasattr(self._own, "line"):
            self._own.line = socket.create_connection(("127.0.0.1", self._port)).makefile("rw")
            self._say(f"process {self._process}")
        now: datetime = self._own.now
        return now

    def wait(self, seconds: float) -> bool:
        self.clock()
        return self._say(f"wait {seconds}")

    def _say(self, words: str) -> bool:
        self._own.line.write(f"{words}\n")
        self._own.line.flush()
        told: str = self._own.line.readline()
        now, is_ending = told.split()
        self._own.now = datetime.fromisoformat(now)
        return is_ending == "1"
