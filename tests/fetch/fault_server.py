"""A server on this machine that misbehaves on request.

The first part of a path names the fault; where it names none, the server plays ``playing``, so that the paths of real
sources can be asked of it too.
"""

import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Self

from tests.fetch.faults import FAULTS, Caller, _told


@dataclass
class FaultServer:
    """Plays faults until its block ends. ``tls``: it speaks TLS, with a certificate for source.example.

    The path ``/redirect?`` with an address in hex redirects to that address.
    """

    playing: str = "good"
    tls: ssl.SSLContext | None = None
    asked: Counter[str] = field(default_factory=Counter)
    questions: list[bytes] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._listener.close()

    def url(self, fault: str) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://127.0.0.1:{self.port}/{fault}"

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.settimeout(5)
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True, suppress_ragged_eofs=False)
            with connection:
                early = FAULTS[self.playing]
                question = b"" if early.before_question else _question(connection)
                if question.startswith(b"GET /redirect?"):
                    connection.sendall(_told(question))
                    _end_of(connection)
                    return
                name = _named(question) or self.playing
                with self._lock:
                    self.asked[name] += 1
                    self.questions.append(question)
                    number = self.asked[name]
                FAULTS[name].play(Caller(connection, question, number, self.port, self._stopping))
                _end_of(connection)


def _question(connection: socket.socket) -> bytes:
    """Read a question to its blank line."""
    question = b""
    while b"\r\n\r\n" not in question:
        piece = connection.recv(4096)
        if not piece:
            break
        question += piece
    return question


def _named(question: bytes) -> str | None:
    path = question.split(b" ")[1] if question.count(b" ") >= 2 else b""
    name = path.lstrip(b"/").partition(b"/")[0].partition(b"?")[0].decode("latin-1")
    return name if name in FAULTS else None


def _end_of(connection: socket.socket) -> None:
    """End politely, so that the operating system does not throw away what is still on its way."""
    with suppress(OSError):
        if isinstance(connection, ssl.SSLSocket):
            connection.settimeout(1)
            connection.unwrap()
        connection.shutdown(socket.SHUT_WR)


def full_listener() -> Iterator[int]:
    """Give the port of a listener whose queue is full, so that the connection to it is never made."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port: int = listener.getsockname()[1]
        waiting = []
        for _ in range(4):
            caller = socket.socket()
            caller.setblocking(False)
            caller.connect_ex(("127.0.0.1", port))
            waiting.append(caller)
        yield port
        for caller in waiting:
            caller.close()


@contextmanager
def listening(play: Callable[[socket.socket], object]) -> Iterator[int]:
    """Play something to each who connects, without reading what it asks."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        def serve(connection: socket.socket) -> None:
            with connection:
                try:
                    play(connection)
                except OSError:
                    return

        threading.Thread(target=listen, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
