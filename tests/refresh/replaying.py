"""A local HTTP server that replays bytes, keeps account of who asked what, and may fail on request."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass
class Reply:
    """What is answered: with an ETag, a request that brings it back is answered with 304."""

    body: bytes = b""
    status: int = 200
    media_type: str = "application/json"
    etag: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


Answer = Callable[[str], Reply]


class Replay:
    """``answers``: what is answered by path (without query), a reply or a function of the whole address."""

    def __init__(self) -> None:
        self.answers: dict[str, Reply | Answer] = {}
        self.asked: list[str] = []
        self.statuses: Counter[int] = Counter()
        self.headers: list[dict[str, str]] = []
        self.url = ""
        self.has_asked = threading.Condition()
        self._lock = threading.Lock()

    def reply_to(self, path: str, headers: dict[str, str]) -> Reply:
        found = self.answers.get(urlsplit(path).path)
        reply = found(path) if callable(found) else found
        if reply is None:
            reply = Reply(status=404)
        elif reply.etag is not None and headers.get("if-none-match") == reply.etag:
            reply = Reply(status=304, etag=reply.etag)
        with self._lock:
            self.asked.append(path)
            self.headers.append(headers)
            self.statuses[reply.status] += 1
        with self.has_asked:
            self.has_asked.notify_all()
        return reply

    @property
    def paths(self) -> list[str]:
        return [urlsplit(path).path.rpartition("/")[2] for path in self.asked]


@contextmanager
def replaying() -> Iterator[Replay]:
    """Serve on a free port of this machine for as long as the block lasts."""
    replay = Replay()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reply = replay.reply_to(self.path, {name.lower(): text for name, text in self.headers.items()})
            self.send_response(reply.status)
            for name, text in reply.headers.items():
                self.send_header(name, text)
            if reply.etag is not None:
                self.send_header("ETag", reply.etag)
            if reply.status != 304:
                self.send_header("Content-Type", reply.media_type)
                self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *_args: object) -> None:  # noqa: A002 - http.server's name
            """Say nothing."""

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:  # whoever asked was killed
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    replay.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield replay
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ecb_daily(*days: tuple[str, dict[str, str]]) -> bytes:
    """Days of reference rates as the European Central Bank writes them."""
    cubes = "".join(
        f"<Cube time='{day}'>"
        + "".join(f"<Cube currency='{currency}' rate='{rate}'/>" for currency, rate in rates.items())
        + "</Cube>"
        for day, rates in days
    )
    return (
        "<?xml version='1.0' encoding='UTF-8'?>"
        "<gesmes:Envelope xmlns:gesmes='http://www.gesmes.org/xml/2002-08-01' "
        "xmlns='http://www.ecb.int/vocabulary/2002-08-01/eurofxref'>"
        f"<Cube>{cubes}</Cube></gesmes:Envelope>"
    ).encode()


def ecb_history(*days: tuple[str, dict[str, str]]) -> bytes:
    """The same as the history's CSV: the newest first, a trailing comma, N/A for gaps; the zip is not needed."""
    currencies = sorted({currency for _, rates in days for currency in rates})
    lines = [",".join(["Date", *currencies, ""])]
    lines += [",".join([day, *(rates.get(currency, "N/A") for currency in currencies), ""]) for day, rates in days]
    return "\n".join([*lines, ""]).encode()
