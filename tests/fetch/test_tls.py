"""TLS is verified against the name, whatever number the name stands for, and never given up."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.domain.fetch_errors import (
    CutOff,
    GarbledAnswer,
    RedirectRefused,
    TooSlow,
    Unreachable,
    UntrustedHost,
)
from app.fetch import Fetcher, Received, Request
from app.fetch.wire import trusted
from tests.fetch.fault_server import FaultServer, listening
from tests.fetch.faults import BODY, CERTIFICATE, FAULTS, NOW, POLICY, answer
from tests.fetch.test_faults import DEADLINE, IN_TIME, MAX_BYTES, MAX_UNPACKED_BYTES

NAMES = ("source.example", "other.example", "127.0.0.1")


@pytest.fixture(autouse=True)
def names_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(host: str, port: int, *_: object, **__: object) -> list[tuple[Any, ...]]:
        assert host in NAMES
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with FaultServer(tls=context) as running:
        yield running


def our_authority() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=CERTIFICATE)


def get(url: str, *, tls: ssl.SSLContext | None = None) -> Received:
    fetcher = Fetcher(POLICY, {}, clock=lambda: NOW, random=lambda: 0.0, tls=tls or our_authority())
    request = Request(
        url=url,
        hosts=NAMES,
        deadline_seconds=DEADLINE,
        max_bytes=MAX_BYTES,
        max_unpacked_bytes=MAX_UNPACKED_BYTES,
    )
    return fetcher.get(request)


def on(server: FaultServer, name: str, fault: str) -> str:
    return f"https://{name}:{server.port}/{fault}"


def test_a_certificate_for_the_name_is_trusted(server: FaultServer) -> None:
    received = get(on(server, "source.example", "packed"))
    assert received.body == BODY
    assert received.url == f"https://source.example:{server.port}/packed"
    assert f"Host: source.example:{server.port}".encode() in server.questions[0]


def test_a_certificate_for_the_number_is_trusted_where_the_number_is_asked(server: FaultServer) -> None:
    assert get(on(server, "127.0.0.1", "good")).body == BODY


def test_a_certificate_for_another_name_is_not_trusted_and_not_tried_again(server: FaultServer) -> None:
    with pytest.raises(UntrustedHost, match=r"other\.example cannot be trusted: Hostname mismatch") as caught:
        get(on(server, "other.example", "good"))
    assert caught.value.attempts == 1
    assert server.questions == []


def test_a_certificate_of_nobody_we_know_is_not_trusted(server: FaultServer) -> None:
    with pytest.raises(UntrustedHost, match="cannot be trusted: self-signed certificate"):
        get(on(server, "source.example", "good"), tls=trusted())
    assert server.questions == []


def test_what_is_trusted_by_default_verifies_names() -> None:
    assert trusted().check_hostname
    assert trusted().verify_mode is ssl.CERT_REQUIRED
    assert trusted().minimum_version >= ssl.TLSVersion.TLSv1_2
    assert len(trusted().get_ca_certs()) > 50


@pytest.mark.parametrize(
    "name",
    [
        "accepts_and_says_nothing",
        "sends_its_body_by_the_byte",
        "resets_within_its_body",
        "declares_more_than_it_sends",
        "endless_headers",
        "endless_body",
        "garbage",
        "gzip_bomb",
        "redirect_loop",
        "asked_too_often_come_in_an_hour",
        "storm_that_passes",
    ],
)
def test_faults_end_alike_within_tls(server: FaultServer, name: str) -> None:
    fault = FAULTS[name]
    if fault.came:
        assert fault.came(get(on(server, "source.example", name)))
    else:
        with pytest.raises(fault.ends_as):
            get(on(server, "source.example", name))


def test_a_redirect_away_from_tls_is_not_followed(server: FaultServer) -> None:
    place = f"http://127.0.0.1:{server.port}/good".encode().hex()
    with pytest.raises(RedirectRefused, match="to an address without TLS"):
        get(on(server, "source.example", f"redirect?{place}"))


def drip(connection: socket.socket) -> None:
    for _ in range(200):
        connection.sendall(b"\x16")  # the first byte of every record, and no record
        time.sleep(0.05)


def listen_only(connection: socket.socket) -> None:
    while connection.recv(10_000):
        pass


@pytest.mark.parametrize("play", [listen_only, drip])
def test_a_handshake_that_never_ends_ends_in_time(play: Callable[[socket.socket], object]) -> None:
    started = time.monotonic()
    with listening(play) as port, pytest.raises((TooSlow, Unreachable)):
        get(f"https://127.0.0.1:{port}/")
    assert time.monotonic() - started <= IN_TIME


def test_tls_to_a_plain_port_says_so() -> None:
    with (
        listening(lambda connection: connection.sendall(answer(status="400 Plain HTTP here"))) as port,
        pytest.raises(Unreachable, match="cannot be spoken to by TLS"),
    ):
        get(f"https://127.0.0.1:{port}/")


def test_plain_http_to_a_port_of_tls_ends(server: FaultServer) -> None:
    with pytest.raises((GarbledAnswer, CutOff)):
        get(f"http://127.0.0.1:{server.port}/good")


def test_a_body_without_length_counts_as_whole_only_after_tls_said_farewell(server: FaultServer) -> None:
    assert get(on(server, "source.example", "without_length")).body == BODY

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)

    def rude(connection: socket.socket) -> None:
        wrapped = context.wrap_socket(connection, server_side=True)
        wrapped.recv(10_000)
        wrapped.sendall(answer(length=""))
        wrapped.close()  # which says nothing

    with listening(rude) as port, pytest.raises(CutOff):
        get(f"https://127.0.0.1:{port}/")
