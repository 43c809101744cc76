"""Whatever a server does, a fetch ends in its time, says what happened, and holds no more than it may."""

import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.fetch_errors import AnswerTooLarge, FetchError
from app.fetch import Fetcher, Received, Request, _content_type
from tests.fetch.fault_server import FaultServer, listening
from tests.fetch.faults import CHUNKED, FAULTS, GZIPPED, NOW, POLICY, Fault

DEADLINE = 1.5
IN_TIME = DEADLINE * 1.1 + 0.1  # the deadline, a tenth of it, and what a busy machine may take to wake a thread
REPLAYS = 3  # a machine that is busy is so by chance; a fetcher that overruns does so every time
MAX_BYTES, MAX_UNPACKED_BYTES = 2**20, 4 * 2**20


@dataclass(frozen=True)
class Outcome:
    """How a fetch ended, and the seconds that it took."""

    end: Received | FetchError
    seconds: float
    asked: int


def fetched(server: FaultServer, name: str) -> Outcome:
    fault, before = FAULTS[name], server.asked[name]
    request = Request(
        url=server.url(name) + "?apikey=secret",
        hosts=("127.0.0.1",),
        etag='"kept"' if fault.is_conditional else None,
        deadline_seconds=DEADLINE,
        max_bytes=MAX_BYTES,
        max_unpacked_bytes=MAX_UNPACKED_BYTES,
    )
    fetcher = Fetcher(POLICY, {}, clock=lambda: NOW, random=lambda: 0.0)
    started = time.monotonic()
    end: Received | FetchError
    try:
        end = fetcher.get(request)
    except FetchError as error:
        end = error
    return Outcome(end, time.monotonic() - started, server.asked[name] - before)


def played(name: str) -> Outcome:
    """Play a fault on a server of its own, so that its counts begin anew."""
    with FaultServer(playing=name) as server:
        return fetched(server, name)


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    """Play every fault once: those that wait beside each other, those that work alone."""
    light = [name for name, fault in FAULTS.items() if not fault.is_heavy]
    with ThreadPoolExecutor(max_workers=16) as threads:
        ended = dict(zip(light, threads.map(played, light), strict=True))
    return ended | {name: played(name) for name, fault in FAULTS.items() if fault.is_heavy}


def test_there_are_faults_enough() -> None:
    assert len(FAULTS) >= 100


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_ends_in_time(outcomes: dict[str, Outcome], name: str) -> None:
    seconds = [outcomes[name].seconds]
    while seconds[-1] > IN_TIME and len(seconds) <= REPLAYS:
        seconds.append(played(name).seconds)
    assert seconds[-1] <= IN_TIME, seconds


@pytest.mark.parametrize(("name", "fault"), FAULTS.items())
def test_every_fault_ends_as_it_should(outcomes: dict[str, Outcome], name: str, fault: Fault) -> None:
    end = outcomes[name].end
    if fault.came is not None:
        assert isinstance(end, Received), end
        assert fault.came(end), end
    else:
        assert type(end) in fault.ends_as, end
    if fault.attempts is not None:
        assert end.attempts == fault.attempts


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_said_of_a_fault_names_the_host_and_no_secret(outcomes: dict[str, Outcome], name: str) -> None:
    end = outcomes[name].end
    if isinstance(end, FetchError):
        assert end.detail.startswith("127.0.0.1 ")
        assert end.detail.endswith(".")
        assert not end.detail.endswith("..")
        assert "secret" not in str(end) + repr(end)
        assert len(end.detail) < 250
        assert end.detail.isprintable()
        assert end.__cause__ is None  # which might quote what was sent


# ---------------------------------------------------------------- memory


@pytest.mark.parametrize(
    "name",
    [
        "endless_headers",
        "endless_header_line",
        "endless_status_line",
        "endless_body",
        "endless_chunks",
        "endless_chunk_extension",
        "endless_trailers",
        "declares_too_much",
        "says_continue_for_ever",
        "gzip_bomb",
        "gzip_bomb_of_many_members",
        "endless_gzip",
    ],
)
def test_memory_is_bounded_by_the_limits_whatever_comes(name: str) -> None:
    with FaultServer(playing=name) as server:
        tracemalloc.start()
        try:
            end = fetched(server, name).end
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert isinstance(end, FetchError)
    # What was unpacked, one step more, what a growing buffer may hold beside it, and the server's own pieces.
    assert most < 2 * MAX_UNPACKED_BYTES + 2 * 2**20, most


def test_a_body_at_the_limit_is_taken_and_one_byte_more_is_not() -> None:
    body = b'{"rates": []}'
    with FaultServer() as server:
        for name, limits in {
            "good": {"max_bytes": len(body)},
            "packed": {"max_unpacked_bytes": len(body)},
            "without_length": {"max_bytes": len(body)},
        }.items():
            for less, is_taken in ((0, True), (1, False)):
                given = {key: size - less for key, size in limits.items()}
                request = Request(url=server.url(name), hosts=("127.0.0.1",), **given)  # type: ignore[arg-type]
                fetcher = Fetcher(POLICY, {}, clock=lambda: NOW)
                if is_taken:
                    assert fetcher.get(request).body == body
                else:
                    with pytest.raises(AnswerTooLarge):
                        fetcher.get(request)


# ---------------------------------------------------------------- whatever comes

FRAGMENTS = [
    *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 200\r\n", b"HTTP/1.1 304 \r\n", b"HTTP/1.1 302 Go\r\n", b"HTTP/1.1 100 \r\n"),
    *(b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n", b"Location: /\r\n"),
    *(b"Content-Encoding: gzip\r\n", b"Content-Type: ", b"text/html; charset=", b"Retry-After: ", b'ETag: "x"\r\n'),
    *(
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b": ",
        b"5\r\nhello\r\n",
        b"0\r\n\r\n",
        b"hello",
        b"\x00",
        b"\xff\xfe",
        b"\r",
        b";=",
    ),
    GZIPPED,
    GZIPPED[:15],
]
HEADS = st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", CHUNKED])


@given(HEADS, st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=30)), max_size=12))
def test_whatever_bytes_come_they_are_an_answer_or_an_error_of_fetching(head: bytes, fragments: list[bytes]) -> None:
    with listening(lambda connection: connection.sendall(head + b"".join(fragments))) as port:
        request = Request(url=f"http://127.0.0.1:{port}/", hosts=("127.0.0.1",), deadline_seconds=20)
        fetcher = Fetcher(replace(POLICY, attempts=1), {}, clock=lambda: NOW)
        try:
            received = fetcher.get(request)
        except FetchError as error:
            end = error.detail
        else:
            assert received.status == 200
            end = f"{received.media_type}{received.charset}{received.etag}{received.last_modified}."
    assert end.isprintable()
    assert end.endswith(".")


@given(st.text(max_size=100))
def test_whatever_a_content_type_says_it_is_a_plain_type_or_none(header: str) -> None:
    media_type, charset = _content_type(header)
    for said in (media_type, charset):
        assert said is None or (said.isascii() and said.isprintable() and " " not in said and said == said.lower())


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("application/json", ("application/json", None)),
        ('Text/CSV; Charset="UTF-8"; header=present', ("text/csv", "utf-8")),
        ("application/vnd.sdmx.data+csv;version=1.0.0", ("application/vnd.sdmx.data+csv", None)),
        ("nonsense", (None, None)),
        ("; charset=utf-8", (None, "utf-8")),
        ("text/html; charset=" + "x" * 1000, ("text/html", None)),
        ("", (None, None)),
    ],
)
def test_a_content_type_is_read(header: str, expected: tuple[str | None, str | None]) -> None:
    assert _content_type(header) == expected
