"""However an address is written, wrapped, resolved or redirected to, no socket goes where sources are not fetched from.

What is attempted is recorded at the socket itself, not by our own code, and nothing gets out. The resolver of these
tests is as helpful as those of operating systems: it reads short, octal and hexadecimal forms as addresses.
"""

import re
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from app.domain.breakers import Breaker
from app.domain.fetch_errors import AddressRefused, FetchError, RedirectRefused, Unreachable
from app.fetch import Fetcher, Policy, Request
from app.fetch.guard import known
from tests.fetch.fault_server import FaultServer
from tests.fetch.faults import NOW

Address = tuple[Any, ...]

PUBLIC, PUBLIC_6 = "8.8.8.8", "2606:4700:4700::1111"
NAMES = {
    "good.example": [PUBLIC],
    "good6.example": [PUBLIC_6],
    "nat64.good.example": ["64:ff9b::808:808"],
    "xn--bcher-kva.example": [PUBLIC],
    "localhost": ["127.0.0.1", "::1"],
    "a.localhost": ["127.0.0.1"],
    "localhost.localdomain": ["127.0.0.1"],
    "ip6-localhost": ["::1"],
    "127.0.0.1.wildcard.example": ["127.0.0.1"],
    "private.example": ["10.0.0.1"],
    "nothing.example": ["0.0.0.0"],  # noqa: S104 - an answer, not a bind
    "metadata.google.internal": ["169.254.169.254"],
    "loopback6.example": ["::1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "compatible.example": ["::7f00:1"],
    "nat64.example": ["64:ff9b::a00:1"],
    "localnat64.example": ["64:ff9b:1::808:808"],
    "sixtofour.example": ["2002:7f00:1::1"],
    "teredo.example": ["2001:0:808:808::1"],
    "zone.example": ["fe80::1%2"],
    "unique.example": ["fd00:ec2::254"],
    "private-second.example": [PUBLIC, "192.168.1.1"],
    "private-first.example": ["10.0.0.1", PUBLIC],
    "mixed-families.example": [PUBLIC, "::1"],
}
NUMBERS = re.findall(
    r"\S+",
    """
127.0.0.1 127.1 127.0.1 127.255.255.254 2130706433 0x7f000001 0x7F000001 0x7f.0.0.1 0x7f.1 0177.0.0.1
017700000001 0177.1 127.0.0.1. 127.000.000.001 00000177.0.0.1 127.0.0.0x1 0x7f.0x0.0x0.0x1 127.0.0.1..
1.127.0.0.1 0 0.0.0.0 0x0 00 0.1 256.256.256.256 127.0.0.257 4294967295 4294967297 99999999999 -1 0x 10.0.0.1
10.1 167772161 172.16.0.1 172.31.255.255 192.168.0.1 192.168.257 169.254.169.254 0xa9fea9fe 2852039166
0251.0376.0251.0376 169.254.43518 100.64.0.1 100.127.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1
198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
""",
)
WRAPPED = re.findall(
    r"\S+",
    """
[::1] [::] [0:0:0:0:0:0:0:1] [0000::1] [::1.] [::1 [::1]] ::1 [::ffff:127.0.0.1] [::ffff:7f00:1]
[::ffff:10.0.0.1] [::ffff:169.254.169.254] [::ffff:8.8.8.8] [::ffff:0:127.0.0.1] [::127.0.0.1] [::7f00:1]
[::8.8.8.8] [64:ff9b::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b::10.0.0.1] [64:ff9b::169.254.169.254]
[64:ff9b::100.64.0.1] [64:ff9b::1] [64:ff9b:1::7f00:1] [64:ff9b:1::808:808] [64:ff9b:1:ffff::a00:1]
[2002:7f00:1::] [2002:a00:1::1] [2002:a9fe:a9fe::] [2002:808:808::] [2001:0:7f00:1::1]
[2001:0:4136:e378:8000:63bf:80ff:fffe] [2001::1] [2001:2::1] [2001:10::1] [2001:20::1] [2001:db8::1] [3fff::1]
[2606:4700::5efe:7f00:1] [2606:4700::200:5efe:a00:1] [fe80::1] [fe80::1%25eth0] [fe80::1%eth0] [fe80::1%251]
[febf::1] [fec0::1] [fc00::1] [fd00:ec2::254] [ff02::1] [ff0e::1] [100::1] [100:0:0:1::1] [5f00::1] [4000::1]
[e000::1] [2606:4700:4700::1111%25eth0] [127.0.0.1] [v1.fe80] [::1]x
""",
)
DISGUISED = [
    # users and passwords
    "https://good.example@127.0.0.1/",
    "https://user:secret@good.example/",
    "https://@good.example/",
    "https://:@good.example/",
    "https://good.example:443@127.0.0.1/",
    "https://good.example%40127.0.0.1/",
    "https://127.0.0.1\\@good.example/",
    "https://good.example\\@127.0.0.1/",
    "https://good.example\\.127.0.0.1/",
    "https:\\\\127.0.0.1\\",
    # other schemes, and none
    "file:///etc/passwd",
    "file://127.0.0.1/etc/passwd",
    "ftp://127.0.0.1/",
    "gopher://127.0.0.1:6379/_SET%20a%201",
    "dict://127.0.0.1:11211/stat",
    "ldap://127.0.0.1/",
    "ws://127.0.0.1/",
    "wss://good.example/",
    "data:application/json,[]",
    "javascript:alert(1)",
    "jar:https://good.example/!/",
    "unix:/var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
    "httpss://127.0.0.1/",
    "//127.0.0.1/",
    "127.0.0.1/",
    "https:127.0.0.1",
    "https:/127.0.0.1/",
    "https:///127.0.0.1/",
    "https://",
    "https://?",
    "https:///",
    "",
    # digits, dots and letters of other scripts
    "https://\uff11\uff12\uff17.\uff10.\uff10.\uff11/",
    "https://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/",
    "https://127\u30020\u30020\u30021/",
    "https://127\uff0e0\uff0e0\uff0e1/",
    "https://127\uff610\uff610\uff611/",
    "https://\u0661\u0662\u0667.\u0660.\u0660.\u0661/",
    "https://127.0.0.\u00b9/",
    "https://\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54/",
    "https://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3/",
    "https://loc\U0001d4b6lhost/",
    "https://local\u00adhost/",
    "https://local\u200dhost/",
    "https://127.0.0.1\u200b/",
    "https://good.example\u2044@127.0.0.1/",
    "https://good.example\uff0f.127.0.0.1/",
    "https://good.example\uff20127.0.0.1/",
    "https://[\uff1a\uff1a1]/",
    "https://localhost\u3002/",
    # ports
    "https://good.example:0/",
    "https://good.example:65536/",
    "https://good.example:99999999/",
    "https://good.example:-443/",
    "https://good.example:+443/",
    "https://good.example:4_43/",
    "https://good.example:\uff14\uff14\uff13/",
    "https://good.example:22:443/",
    "https://good.example:port/",
    "https://127.0.0.1:443/",
    "https://localhost:22/",
    "https://[::1]:443/",
    # blanks, controls, escapes
    " https://127.0.0.1/",
    "https://127.0.0.1 /",
    "https://127.0.\t0.1/",
    "https://good.example\r\n.private.example/",
    "https://good.example\n@127.0.0.1/",
    "https://good.example\x00.private.example/",
    "https://%31%32%37.0.0.1/",
    "https://127.0.0.1%00.good.example/",
    "https://127.0.0.1%2f.good.example/",
    "https://127.0.0.1%23.good.example/",
    "https://localhost%00/",
    "https://%6cocalhost/",
    "https://localhost%2e/",
    "https://good.example" + "/" * 10_000,
    # names
    "https://localhost./",
    "https://LOCALHOST/",
    "https://LocalHost./",
    "https://-good.example/",
    "https://good..example/",
    "https://.good.example/",
    "https://good.example../",
    "https://" + "a" * 64 + ".example/",
    "https://" + "a." * 127 + "example/",
    "https://good.example,private.example/",
    "https://*/",
    "https://$(hostname)/",
    "https://unknown.example/",
    "http://good.example/",  # without TLS, and no network of ours
    "http://127.0.0.1/",
    "http://localhost/",
    "http://private.example/",
    *(f"https://{name}/" for name, answers in NAMES.items() if answers not in ([PUBLIC], [PUBLIC_6])),
]
DISGUISED.remove("https://nat64.good.example/")  # which is the one good way there from a network without IPv4
HOSTILE = [*(f"https://{number}/" for number in NUMBERS + WRAPPED), *DISGUISED]


class Witness:
    """Sees every attempt to connect; lets those through that ``allow``, refuses the others as a closed port would."""

    def __init__(self) -> None:
        self.attempted: list[str] = []
        self.allow: Callable[[Address], bool] = lambda _: False
        self.is_watching = True
        self.past_us: list[object] = []  # what the interpreter itself saw of connections that we did not let through

    def saw(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "socket.connect" and self.is_watching:
            address = arguments[1]
            if not (isinstance(address, tuple) and self.allow(address)):
                self.past_us.append(address)


_witnesses: list[Witness] = []


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    for witness in _witnesses:
        witness.saw(event, arguments)


@pytest.fixture(scope="module")
def auditing() -> None:
    sys.addaudithook(_audit)  # stays until the interpreter ends, and sees nothing without a witness


@pytest.fixture
def witness(monkeypatch: pytest.MonkeyPatch, auditing: None) -> Iterator[Witness]:  # noqa: ARG001 - set up
    seen = Witness()
    connect = socket.socket.connect

    def watched(self: socket.socket, address: Address) -> None:
        seen.attempted.append(str(address[0]))
        if not seen.allow(address):
            raise ConnectionRefusedError(111, "Connection refused")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", watched)
    monkeypatch.setattr(socket.socket, "connect_ex", watched)
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    _witnesses.append(seen)
    yield seen
    _witnesses.remove(seen)
    assert seen.past_us == []


def resolve(host: str, port: int, *_: object, **__: object) -> list[tuple[Any, ...]]:
    """Answer as an operating system does: names by a table, anything like a number as ``inet_aton`` reads it."""
    answers = NAMES.get(host.lower().removesuffix("."))
    if answers is None:
        try:
            answers = [socket.inet_ntoa(socket.inet_aton(host))]
        except OSError:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known") from None
    return [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (answer, port, 0, 0))
        if ":" in answer
        else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (answer, port))
        for answer in answers
    ]


def allowed(url: str) -> tuple[str, ...]:
    """Every host that anybody might find in an address, so that the list of hosts is not what refuses it."""
    hosts = {"good.example"}
    for text in re.findall(r"[^/@\\?#]+", url):
        for host in (text, text.rpartition(":")[0], text.rstrip("."), text.strip()):
            try:
                hosts |= known([host])
            except FetchError:
                continue
    return tuple(sorted(hosts))


def fetcher(policy: Policy, breakers: dict[str, Breaker] | None = None) -> Fetcher:
    return Fetcher(policy, {} if breakers is None else breakers, clock=lambda: NOW, sleep=lambda _: None)


STRICT = Policy(user_agent="ThreePercent/0 (+tests)")


def test_there_are_hostile_addresses_enough() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 80


@pytest.mark.parametrize("url", HOSTILE, ids=ascii)
def test_a_hostile_address_opens_no_socket(witness: Witness, url: str) -> None:
    with pytest.raises((AddressRefused, Unreachable)) as caught:
        fetcher(STRICT).get(Request(url=url, hosts=allowed(url), deadline_seconds=5))
    assert witness.attempted == []
    assert "secret" not in caught.value.detail
    assert caught.value.detail.isprintable()


@pytest.mark.parametrize("url", [url for url in HOSTILE if url != "127.0.0.1/"], ids=ascii)  # that is a path there
def test_a_redirect_to_a_hostile_address_opens_no_socket(witness: Witness, url: str) -> None:
    place = url.encode()
    if re.search(rb"[\x00\r\n]", place) or not url.strip().isprintable() or len(place) > 5000:
        place = b"https://private.example/" + place.hex().encode()[:50]  # such a header would not even be read
    with FaultServer() as server:
        witness.allow = lambda address: address[:2] == ("127.0.0.1", server.port)
        policy = Policy(user_agent="ThreePercent/0 (+tests)", networks=(ip_network("127.0.0.1"),))
        start = f"http://127.0.0.1:{server.port}/redirect?{place.hex()}"
        hosts = tuple(
            {*allowed(url), "private.example", "127.0.0.1"} - ({"localhost"} if "localhost" in url else set())
        )
        with pytest.raises(FetchError) as caught:
            fetcher(policy).get(Request(url=start, hosts=hosts, deadline_seconds=5))
    assert set(witness.attempted) <= {"127.0.0.1"}
    assert isinstance(caught.value, (RedirectRefused, AddressRefused, Unreachable))


# ---------------------------------------------------------------- what is well is asked, and at no other number


@pytest.mark.parametrize(
    ("url", "number"),
    [
        ("https://good.example/", PUBLIC),
        ("https://GOOD.example./a?b", PUBLIC),
        ("https://good.example:443/#fragment@127.0.0.1", PUBLIC),
        ("https://good.example:8443/", PUBLIC),
        ("https://good.example/?@127.0.0.1/", PUBLIC),
        ("https://good.example/https://127.0.0.1/", PUBLIC),
        ("https://good6.example/", PUBLIC_6),
        ("https://b\u00fccher.example/", PUBLIC),
        ("https://nat64.good.example/", "64:ff9b::808:808"),
        ("https://8.8.8.8/", PUBLIC),
        (f"https://[{PUBLIC_6}]/", PUBLIC_6),
    ],
    ids=ascii,
)
def test_a_global_address_is_asked_at_the_very_number_that_was_checked(witness: Witness, url: str, number: str) -> None:
    hosts = ("Good.Example.", "good6.example", "b\u00fccher.example", "nat64.good.example", PUBLIC, PUBLIC_6)
    with pytest.raises(Unreachable):
        fetcher(replace(STRICT, attempts=1)).get(Request(url=url, hosts=hosts))
    assert witness.attempted == [number]


def test_a_name_that_is_public_first_and_private_then_is_asked_in_public_only(
    witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([PUBLIC, "10.0.0.1"])
    asked: list[str] = []

    def rebinding(host: str, port: int, *_: object, **__: object) -> list[tuple[Any, ...]]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with pytest.raises(AddressRefused, match=r"rebinding\.example stands for 10\.0\.0\.1"):
        fetcher(STRICT).get(Request(url="https://rebinding.example/", hosts=("rebinding.example",)))
    assert asked == ["rebinding.example"] * 2  # once for each attempt, and never between the check and its use
    assert witness.attempted == [PUBLIC]


def test_a_name_of_many_numbers_is_tried_at_a_few_of_them(witness: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(NAMES, "many.example", [f"8.8.8.{last}" for last in range(1, 200)])
    with pytest.raises(Unreachable):
        fetcher(replace(STRICT, attempts=1)).get(Request(url="https://many.example/", hosts=("many.example",)))
    assert witness.attempted == [f"8.8.8.{last}" for last in range(1, 5)]


@pytest.mark.parametrize(
    "url", ["https://other.example/", "https://good.example.evil.example/", "https://ood.example/"]
)
def test_a_host_that_was_not_named_is_not_asked(witness: Witness, url: str) -> None:
    with pytest.raises(AddressRefused, match="is not among the hosts of this source"):
        fetcher(STRICT).get(Request(url=url, hosts=("good.example",)))
    assert witness.attempted == []


def test_networks_that_an_operator_names_are_asked_and_no_others(witness: Witness) -> None:
    policy = replace(STRICT, attempts=1, networks=(ip_network("10.0.0.0/24"), ip_network("fd00:ec2::/64")))
    for url, attempted in {
        "http://private.example/": ["10.0.0.1"],
        "https://private.example/": ["10.0.0.1"],
        "https://unique.example/": ["fd00:ec2::254"],
        "https://private-first.example/": ["10.0.0.1", PUBLIC],
        "http://10.0.1.1/": [],
        "http://good.example/": [],  # without TLS only those networks
        "https://localhost/": [],
        "https://mapped.example/": [],
        "https://nat64.example/": [],  # the same number in disguise is not what was named
    }.items():
        witness.attempted.clear()
        with pytest.raises(FetchError):
            fetcher(policy).get(Request(url=url, hosts=allowed(url)))
        assert witness.attempted == attempted, url
