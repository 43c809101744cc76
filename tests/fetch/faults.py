"""What a bad day of other people's servers can bring: what each fault plays, and how a fetch must end that meets it."""

import gzip
import io
import itertools
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

from app.domain.fetch_errors import (
    AnswerTooLarge,
    CutOff,
    FetchError,
    GarbledAnswer,
    RedirectRefused,
    TooSlow,
    UnexpectedStatus,
    Unreachable,
)
from app.fetch import Policy, Received

CERTIFICATE = Path(__file__).parent / "tls" / "source.example.pem"
BODY = b'{"rates": []}'
PIECE = b"x" * 16_000
DRIP_SECONDS = 0.05
POLICY = Policy(user_agent="ThreePercent/0 (+tests)", networks=(ip_network("127.0.0.0/8"),))
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class Caller:
    """The server's end of one connection. ``number`` counts the connections that met the same fault, from 1."""

    connection: socket.socket
    question: bytes
    number: int
    port: int
    stopping: threading.Event

    def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.connection.sendall(piece)

    def hang(self) -> None:
        """Do nothing until the other side goes away."""
        self.connection.settimeout(0.1)
        while not self.stopping.is_set():
            try:
                if not self.connection.recv(1024):
                    return
            except TimeoutError:
                continue

    def drip(self, text: bytes) -> None:
        for position in itertools.cycle(range(len(text))):
            if self.stopping.wait(DRIP_SECONDS):
                return
            self.say(text[position : position + 1])

    def flood(self, piece: bytes) -> None:
        while not self.stopping.is_set():
            self.say(piece)

    def reset(self) -> None:
        """End the connection as a crashed machine does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def shut(self) -> None:
        """Say no more, and stay on the line."""
        self.connection.shutdown(socket.SHUT_WR)
        self.hang()


Play = Callable[[Caller], None]


@dataclass(frozen=True)
class Fault:
    """What is played and how a fetch ends: with one of ``ends_as``, or with what ``came`` accepts.

    ``attempts``: how often the fetcher asks, None where its time decides. ``is_conditional``: it asks whether anything
    changed. ``is_heavy``: it keeps a processor busy, so that it is played alone. ``before_question``: the server does
    not wait to be asked.
    """

    play: Play
    ends_as: tuple[type[FetchError], ...] = ()
    came: Callable[[Received], bool] | None = None
    attempts: int | None = 1
    is_conditional: bool = False
    is_heavy: bool = False
    before_question: bool = False


def answer(
    body: bytes = BODY, *, status: str = "200 OK", headers: tuple[str, ...] = (), length: str | None = None
) -> bytes:
    declared = f"Content-Length: {len(body) if length is None else length}"
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", *([declared] if length != "" else []), *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def says(*pieces: bytes) -> Play:
    return lambda caller: caller.say(*pieces)


def packed(body: bytes, label: str = "gzip") -> Play:
    return says(answer(body, headers=(f"Content-Encoding: {label}",)))


def sends_on(*places: str) -> Play:
    """Redirect; ``{port}`` is the server's own."""

    def play(caller: Caller) -> None:
        headers = tuple(f"Location: {place.format(port=caller.port)}" for place in places)
        caller.say(answer(b"", status="302 Found", headers=headers))

    return play


def status(text: str, *headers: str) -> Play:
    return says(answer(b"", status=text, headers=headers))


def _told(question: bytes) -> bytes:
    place = bytes.fromhex(question.split()[1].partition(b"?")[2].decode().partition("&")[0])
    return b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + place + b"\r\n\r\n"


def recovers(first: bytes, times: int) -> Play:
    return lambda caller: caller.say(first if caller.number <= times else answer())


def then(first: bytes, what: Callable[[Caller], None]) -> Play:
    def play(caller: Caller) -> None:
        caller.say(first)
        what(caller)

    return play


def bomb(size: int) -> bytes:
    held = io.BytesIO()
    with gzip.GzipFile(fileobj=held, mode="wb", mtime=0) as file:
        for _ in range(size // 2**20):
            file.write(bytes(2**20))
    return held.getvalue()


def flood_packed(caller: Caller) -> None:
    held = gzip.compress(bytes(2**20), mtime=0)
    caller.flood(b"%x\r\n%s\r\n" % (len(held), held))


def whole(received: Received) -> bool:
    return received.status == 200 and received.body == BODY and received.media_type == "application/json"


def unchanged(received: Received) -> bool:
    return received.status == 304 and received.body == b"" and received.etag == '"kept"'


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
GZIPPED = gzip.compress(BODY, mtime=0)
_NO_CHECK = GZIPPED[:-8] + bytes(4) + GZIPPED[-4:]

SILENT = {
    "accepts_and_says_nothing": Fault(Caller.hang, (TooSlow,)),
    "answers_by_the_byte_from_the_first": Fault(lambda c: c.drip(HEAD), (TooSlow,)),
    "sends_headers_by_the_byte": Fault(then(HEAD, lambda c: c.drip(b"X-Slow: yes\r\n")), (TooSlow,)),
    "sends_its_body_by_the_byte": Fault(then(answer(b"", length="100000"), lambda c: c.drip(b"x")), (TooSlow,)),
    "sends_chunks_by_the_byte": Fault(then(CHUNKED, lambda c: c.drip(b"1\r\nx\r\n")), (TooSlow,)),
    "stops_within_its_body": Fault(then(answer(BODY, length="100"), Caller.hang), (TooSlow,)),
    "stops_between_headers": Fault(then(HEAD, Caller.hang), (TooSlow,)),
    "says_continue_for_ever": Fault(
        lambda c: c.flood(b"HTTP/1.1 100 Continue\r\n\r\n" * 50), (TooSlow,), is_heavy=True
    ),
    "says_continue_by_and_by": Fault(lambda c: c.drip(b"HTTP/1.1 103 Early Hints\r\n\r\n"), (TooSlow,)),
}
BROKEN_OFF = {
    "closes_unasked": Fault(lambda _: None, (CutOff,), attempts=3, before_question=True),
    "closes_when_asked": Fault(lambda _: None, (CutOff,), attempts=3),
    "resets_unasked": Fault(Caller.reset, (CutOff, Unreachable), attempts=3, before_question=True),
    "resets_when_asked": Fault(Caller.reset, (CutOff,), attempts=3),
    "resets_within_headers": Fault(then(HEAD, Caller.reset), (CutOff,), attempts=3),
    "resets_within_its_body": Fault(then(answer(BODY, length="100"), Caller.reset), (CutOff,), attempts=3),
    "half_closes_when_asked": Fault(Caller.shut, (CutOff,), attempts=3),
    "half_closes_within_headers": Fault(then(HEAD, Caller.shut), (CutOff,), attempts=3),
    "half_closes_within_its_body": Fault(then(answer(BODY, length="100"), Caller.shut), (CutOff,), attempts=3),
    "closes_within_chunks": Fault(says(CHUNKED, b'5\r\n{"ra'), (CutOff,), attempts=3),
    "closes_before_the_last_chunk": Fault(says(CHUNKED, b'5\r\n{"rat\r\n'), (CutOff,), attempts=3),
    "declares_more_than_it_sends": Fault(says(answer(length="1000")), (CutOff,), attempts=3),
    "recovers_from_a_reset": Fault(lambda c: c.reset() if c.number == 1 else c.say(answer()), came=whole, attempts=2),
}
ENDLESS = {
    "endless_headers": Fault(then(HEAD, lambda c: c.flood(b"X-More: of the same\r\n" * 50)), (GarbledAnswer,)),
    "endless_header_line": Fault(then(HEAD + b"X-Long: ", lambda c: c.flood(PIECE)), (GarbledAnswer,)),
    "huge_header_line": Fault(says(HEAD, b"X-Long: ", b"x" * 2**20, b"\r\n\r\n"), (GarbledAnswer,)),
    "endless_status_line": Fault(then(b"HTTP/1.1 200 ", lambda c: c.flood(PIECE)), (GarbledAnswer,)),
    "endless_body": Fault(then(answer(b"", length=""), lambda c: c.flood(PIECE)), (AnswerTooLarge,)),
    "endless_chunks": Fault(then(CHUNKED, lambda c: c.flood(b"%x\r\n%s\r\n" % (len(PIECE), PIECE))), (AnswerTooLarge,)),
    "endless_tiny_chunks": Fault(
        then(CHUNKED, lambda c: c.flood(b"1\r\nx\r\n" * 2000)), (AnswerTooLarge, TooSlow), is_heavy=True
    ),
    "endless_chunk_extension": Fault(then(CHUNKED + b"1;x=", lambda c: c.flood(PIECE)), (GarbledAnswer,)),
    "endless_trailers": Fault(then(CHUNKED + b"0\r\n", lambda c: c.flood(b"X-More: y\r\n" * 50)), (GarbledAnswer,)),
    "declares_too_much": Fault(then(answer(b"", length="10000000000"), Caller.hang), (AnswerTooLarge,)),
    "gzip_bomb": Fault(packed(bomb(64 * 2**20)), (AnswerTooLarge,), is_heavy=True),
    "gzip_bomb_of_many_members": Fault(packed(bomb(2**20) * 64), (AnswerTooLarge,), is_heavy=True),
    "endless_gzip": Fault(then(CHUNKED[:-2] + b"Content-Encoding: gzip\r\n\r\n", flood_packed), (AnswerTooLarge,)),
}
GARBLED = {
    "garbage": Fault(says(bytes(range(256)) * 8), (GarbledAnswer,)),
    "http_0_9": Fault(says(b"<html>\r\n<p>Hello\r\n</html>\r\n"), (CutOff,), attempts=3),  # a head without an end
    "another_protocol": Fault(says(b"SSH-2.0-OpenSSH_9.9\r\n"), (CutOff,), attempts=3),  # neither has this
    "status_in_words": Fault(says(b"HTTP/1.1 fine\r\n\r\n"), (GarbledAnswer,)),
    "status_of_two_digits": Fault(says(b"HTTP/1.1 99 Low\r\n\r\n"), (GarbledAnswer,)),
    "status_of_four_digits": Fault(says(b"HTTP/1.1 2000 High\r\n\r\n"), (GarbledAnswer,)),
    "header_without_colon": Fault(says(HEAD, b"no colon here\r\n\r\n"), (GarbledAnswer,)),
    "header_with_nul": Fault(says(HEAD, b"X-Nul: a\x00b\r\n\r\n"), (GarbledAnswer,)),
    "blank_before_colon": Fault(says(HEAD, b"Content-Length : 5\r\n\r\nhello"), (GarbledAnswer,)),
    "negative_length": Fault(says(answer(length="-5")), (GarbledAnswer,)),
    "signed_length": Fault(says(answer(length="+13")), (GarbledAnswer,)),
    "length_in_words": Fault(says(answer(length="many")), (GarbledAnswer,)),
    "length_of_many_digits": Fault(says(answer(length="9" * 400)), (GarbledAnswer,)),
    "two_lengths": Fault(says(answer(headers=("Content-Length: 5",))), (GarbledAnswer,)),
    "unknown_transfer_encoding": Fault(
        says(answer(length="", headers=("Transfer-Encoding: gzip, chunked",))), (GarbledAnswer,)
    ),
    "garbage_for_chunks": Fault(says(CHUNKED, b"\xff\xfe not a size\r\n"), (GarbledAnswer,)),
    "negative_chunk": Fault(says(CHUNKED, b"-1\r\nx\r\n0\r\n\r\n"), (GarbledAnswer,)),
    "chunk_of_many_digits": Fault(says(CHUNKED, b"f" * 40 + b"\r\nx\r\n"), (GarbledAnswer,)),
    "chunk_longer_than_its_size": Fault(says(CHUNKED, b"3\r\nhello\r\n0\r\n\r\n"), (GarbledAnswer,)),
    "packing_that_is_none": Fault(packed(BODY), (GarbledAnswer,)),
    "packing_with_a_wrong_check": Fault(packed(_NO_CHECK), (GarbledAnswer,)),
    "packing_with_more_behind_it": Fault(packed(GZIPPED + b"more"), (GarbledAnswer,)),
    "packing_cut_short": Fault(packed(GZIPPED[:-12]), (CutOff,), attempts=3),
    "brotli_unasked": Fault(packed(b"\x8b\x06\x80", "br"), (GarbledAnswer,)),
    "deflate_unasked": Fault(packed(b"\x78\x9c", "deflate"), (GarbledAnswer,)),
    "packed_twice": Fault(packed(gzip.compress(GZIPPED), "gzip, gzip"), (GarbledAnswer,)),
    "says_unchanged_unasked": Fault(status("304 Not Modified"), (GarbledAnswer,)),
}
SENT_ON = {
    "redirect_loop": Fault(sends_on("/redirect_loop"), (RedirectRefused,)),
    "redirects_without_end": Fault(
        lambda c: c.say(answer(b"", status="307 Go", headers=(f"Location: /redirects_without_end/{c.number}",))),
        (RedirectRefused,),
    ),
    "redirect_to_another_host": Fault(sends_on("http://other.example:{port}/"), (RedirectRefused,)),
    "redirect_to_another_name_of_the_host": Fault(sends_on("http://localhost:{port}/"), (RedirectRefused,)),
    "redirect_without_scheme_to_another_host": Fault(sends_on("//other.example/"), (RedirectRefused,)),
    "redirect_to_a_private_address": Fault(sends_on("http://10.0.0.1/"), (RedirectRefused,)),
    "redirect_to_the_cloud_s_keys": Fault(sends_on("http://169.254.169.254/latest/"), (RedirectRefused,)),
    "redirect_to_a_file": Fault(sends_on("file:///etc/passwd"), (RedirectRefused,)),
    "redirect_to_data": Fault(sends_on("data:application/json,[]"), (RedirectRefused,)),
    "redirect_to_another_port": Fault(sends_on("http://127.0.0.1:6379/"), (RedirectRefused,)),
    "redirect_with_a_user": Fault(sends_on("http://user:secret@127.0.0.1:{port}/good"), (RedirectRefused,)),
    "redirect_to_what_is_none": Fault(sends_on("http://[::1"), (RedirectRefused,)),
    "redirect_with_letters_of_another_script": Fault(sends_on("http://127.0.0.1\u00b2/"), (RedirectRefused,)),
    "redirect_to_nowhere": Fault(status("302 Found"), (UnexpectedStatus,)),
    "redirect_to_two_places": Fault(sends_on("/good", "/garbage"), (UnexpectedStatus,)),
    "redirect_to_a_good_answer": Fault(sends_on("../x/../good?a=b#c"), came=whole),
}
STATUSES = {
    "no_content": Fault(status("204 No Content"), (UnexpectedStatus,)),
    "partial_content": Fault(says(answer(status="206 Partial Content")), (UnexpectedStatus,)),
    "switching_protocols": Fault(says(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"), (GarbledAnswer,)),
    "not_found": Fault(status("404 Not Found"), (UnexpectedStatus,)),
    "forbidden": Fault(status("403 Forbidden"), (UnexpectedStatus,)),
    "asked_too_often": Fault(status("429 Slow down"), (UnexpectedStatus,), attempts=3),
    "asked_too_often_come_at_once": Fault(
        recovers(answer(b"", status="429 Slow down", headers=("Retry-After: 0",)), 1), came=whole, attempts=2
    ),
    "asked_too_often_come_in_a_second": Fault(
        recovers(answer(b"", status="429 Slow down", headers=("Retry-After: 1",)), 1), came=whole, attempts=2
    ),
    "asked_too_often_come_in_an_hour": Fault(status("429 Slow", "Retry-After: 3600"), (UnexpectedStatus,)),
    "asked_too_often_come_in_an_age": Fault(status("429 Slow", f"Retry-After: {10**18}"), (UnexpectedStatus,)),
    "asked_too_often_come_before": Fault(status("429 Slow", "Retry-After: -5"), (UnexpectedStatus,), attempts=3),
    "asked_too_often_come_whenever": Fault(status("429 Slow", "Retry-After: soon"), (UnexpectedStatus,), attempts=3),
    "asked_too_often_come_in_a_later_year": Fault(
        status("429 Slow", "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT"), (UnexpectedStatus,)
    ),
    "asked_too_often_come_last_year": Fault(
        status("503 Away", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT"), (UnexpectedStatus,), attempts=3
    ),
    "storm": Fault(status("503 Away"), (UnexpectedStatus,), attempts=3),
    "storm_that_passes": Fault(recovers(answer(b"", status="503 Away"), 2), came=whole, attempts=3),
    "broken_inside": Fault(status("500 Oops"), (UnexpectedStatus,), attempts=3),
    "broken_gateway": Fault(status("502 Oops"), (UnexpectedStatus,), attempts=3),
    "slow_gateway": Fault(status("504 Oops"), (UnexpectedStatus,), attempts=3),
    "not_implemented": Fault(status("501 No"), (UnexpectedStatus,)),
}
ODD_BUT_WELL = {
    "good": Fault(says(answer()), came=whole),
    "packed": Fault(packed(GZIPPED), came=whole),
    "packed_in_two_members": Fault(packed(gzip.compress(BODY[:5]) + gzip.compress(BODY[5:])), came=whole),
    "packed_inside_again": Fault(
        packed(gzip.compress(GZIPPED, mtime=0)),
        came=lambda r: r.body == GZIPPED,  # unpacked once, as labelled
    ),
    "html_for_json": Fault(
        says(b"HTTP/1.1 200 OK\r\nContent-Type: Text/HTML; charset=ISO-8859-1\r\nContent-Length: 6\r\n\r\n<html>"),
        came=lambda r: (r.media_type, r.charset, r.body) == ("text/html", "iso-8859-1", b"<html>"),
    ),
    "says_not_what_it_is": Fault(
        says(b"HTTP/1.1 200 OK\r\n\r\nhello"),
        came=lambda r: (r.media_type, r.charset, r.body) == (None, None, b"hello"),
    ),
    "empty": Fault(says(answer(b"")), came=lambda r: (r.status, r.body) == (200, b"")),
    "without_length": Fault(says(answer(length="")), came=whole),
    "declares_less_than_it_sends": Fault(says(answer(length="5")), came=lambda r: r.body == BODY[:5]),
    "stays_on_the_line": Fault(then(answer(), Caller.hang), came=whole),
    "answers_unasked": Fault(then(answer(), Caller.shut), came=whole, before_question=True),
    "length_twice_the_same": Fault(says(answer(headers=(f"Content-Length: {len(BODY)}",))), came=whole),
    "bare_line_feeds": Fault(says(answer().replace(b"\r\n", b"\n")), came=whole),
    "continues_first": Fault(says(b"HTTP/1.1 100 Continue\r\n\r\n" * 3, answer()), came=whole),
    "unchanged": Fault(status("304 Not Modified"), came=unchanged, is_conditional=True),
    "unchanged_with_a_body": Fault(
        says(answer(b"stray", status="304 Not Modified")), came=unchanged, is_conditional=True
    ),
    "changed_although_asked": Fault(says(answer()), came=whole, is_conditional=True),
    "validator_that_cannot_be_sent_back": Fault(
        says(answer(headers=('ETag: "\u00e9"', "Last-Modified: " + "x" * 2000))),
        came=lambda r: whole(r) and r.etag is None and r.last_modified is None,
    ),
}
FAULTS: dict[str, Fault] = SILENT | BROKEN_OFF | ENDLESS | GARBLED | SENT_ON | STATUSES | ODD_BUT_WELL
