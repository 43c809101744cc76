"""Where we go and where we do not: addresses as text, and the numbers that names turn out to stand for.

Text is read by one parser only, and what it made of it is checked, asked and compared. A name may be followed to any
global address; a number that is not global is refused however it is written or wrapped, unless settings allow it.
"""

import ipaddress
import re
from collections.abc import Collection, Iterable
from typing import NamedTuple
from urllib.parse import urljoin

import httpx

from app.domain.fetch_errors import AddressRefused, RedirectRefused
from app.fetch.request import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LONGEST_URL = 8192
_AUTHORITY = re.compile(r"[a-z]+://([^/?#]*)", re.IGNORECASE)
_WITH_PORT = re.compile(r"(?:\[[^\]]*\]|[^:\[\]]*)(?::[0-9]{1,5})?")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LONGEST_NAME = 253

# Special blocks of the IANA registries; given here whole, since which of them ``is_global`` knows depends on Python.
_REFUSED_IPV4 = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' own addresses
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, where clouds keep their keys
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_IPV6 = tuple(
    ipaddress.IPv6Network(block)
    for block in (
        "2001::/23",  # protocols' own, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})  # the interface's upper half, an IPv4 address being the lower


class Target(NamedTuple):
    """An address that was checked: lower-case ASCII ``host`` without a trailing dot, and what to ask it for."""

    scheme: str
    host: str
    port: int
    path: bytes

    @property
    def authority(self) -> str:
        """Return the host, with the port where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """Return the whole address again."""
        return f"{self.scheme}://{self.authority}{self.path.decode('ascii')}"


def declared(url: str, hosts: Iterable[str]) -> Target:
    """Return the target of a call's own address; raises AddressRefused, before anything is asked of anybody."""
    target = read(url)
    if target.host not in known(hosts):
        raise AddressRefused(host=target.host, problem="is not among the hosts of this source")
    return target


def redirected(origin: Target, location: str, hosts: Iterable[str], ports: Collection[int]) -> Target:
    """Return the target of a redirect; raises RedirectRefused where we do not follow it.

    Allowed are the source's hosts, the schemes' own ports and ``ports``, and never plain HTTP after TLS.
    """
    try:
        _check_text(location)
        target = read(urljoin(origin.url, location))
    except (AddressRefused, ValueError):
        raise RedirectRefused(host=origin.host, problem="sent us on to what is no address of a source") from None
    if target.host not in known(hosts):
        problem = f"sent us on to another host than this source's: {target.host[:100]}"
        raise RedirectRefused(host=origin.host, problem=problem)
    if origin.scheme == "https" and target.scheme != "https":
        raise RedirectRefused(host=origin.host, problem="sent us on to an address without TLS")
    if target.port not in {_DEFAULT_PORTS[target.scheme], *ports}:
        raise RedirectRefused(host=origin.host, problem=f"sent us on to port {target.port}")
    return target


def known(hosts: Iterable[str]) -> frozenset[str]:
    """Return hosts as targets write theirs; raises AddressRefused where one cannot be a host."""
    return frozenset(
        read(f"https://[{host}]/" if host.count(":") > 1 and "[" not in host else f"https://{host}/").host
        for host in hosts
    )


def is_permitted(address: Address, networks: Iterable[Network], *, is_plain: bool) -> bool:
    """Whether a socket may be opened to an address; ``is_plain``: without TLS, which only ``networks`` may be asked."""
    if any(address in network for network in networks):
        return True
    return not is_plain and is_global(address)


def is_global(address: Address) -> bool:
    """Whether an address is one of the public Internet, as is any IPv4 address that it has inside.

    IPv6 is allowed by exception: 2000::/3 without its special blocks, and what the well-known prefix of NAT64 makes of
    a global IPv4 address. Mapped, compatible, local NAT64, 6to4, Teredo and ISATAP forms are none.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not any(address in block for block in _REFUSED_IPV4)
    if address in _NAT64:
        return is_global(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return (
        address in _GLOBAL_IPV6
        and address.is_global
        and address.scope_id is None
        and (int(address) >> 32) & 0xFFFFFFFF not in _ISATAP
        and not any(address in block for block in _REFUSED_IPV6)
    )


def read(url: str) -> Target:
    """Return the target that an address means; raises AddressRefused, with nothing of it but a host that is one."""
    _check_text(url)
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise AddressRefused(host="", problem="cannot be read") from None
    if parsed.scheme not in _DEFAULT_PORTS:
        raise AddressRefused(host="", problem="begins with neither https nor http")
    authority = _AUTHORITY.match(url)
    if parsed.userinfo or authority is None or "@" in authority[1]:
        raise AddressRefused(host="", problem="names a user or a password")
    port = _DEFAULT_PORTS[parsed.scheme] if parsed.port is None else parsed.port
    if not _WITH_PORT.fullmatch(authority[1]) or not 0 < port < 2**16:
        raise AddressRefused(host="", problem="has a port that is none")
    host = parsed.raw_host.decode("ascii").lower().removesuffix(".")
    if not _is_host(host):
        raise AddressRefused(host="", problem="has a host that is neither a name nor a plain number")
    return Target(parsed.scheme, host, port, parsed.raw_path)


def _check_text(url: str) -> None:
    """Refuse what parsers disagree about: blanks, controls, backslashes, digits that are not ASCII, sheer length."""
    if len(url) > _LONGEST_URL or any(
        character == "\\" or character.isspace() or not character.isprintable() or _is_foreign_digit(character)
        for character in url
    ):
        raise AddressRefused(host="", problem="has characters that no address has, or too many")


def _is_foreign_digit(character: str) -> bool:
    return character.isnumeric() and not character.isascii()


def _is_host(host: str) -> bool:
    """Whether it is a name, or a number in its one plain form; 0x7f.1, 017700000001 and 127.1 are neither."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        labels = host.split(".")
        return (
            len(host) <= _LONGEST_NAME
            and all(_LABEL.fullmatch(label) for label in labels)
            and not _NUMERIC_LABEL.fullmatch(labels[-1])
        )
    return isinstance(address, ipaddress.IPv4Address) or address.scope_id is None
