"""Who asks, by address: proxies are believed only where the operator named them."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

from starlette.datastructures import Headers
from starlette.types import Scope

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

UNKNOWN: Final = "unknown"
SUBSCRIBER_BITS: Final = 64
"""What one subscriber is given of IPv6: whoever has one address has all those of its /64."""

REMEMBERED: Final = 10_000
"""Addresses that a process need not read again."""

LONGEST_CHAIN: Final = 32
"""Proxies that are looked through at most."""


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read networks as the settings write them; raises ValueError where one is none."""
    return tuple(ip_network(text) for text in texts)


def client_address(scope: Scope, trusted: Sequence[Network]) -> Address | None:
    """Return the address of whoever asks, null where the connection has none.

    It is the connection's own, unless that is a trusted proxy's: then X-Forwarded-For is read from its end, and the
    first address that is not a trusted proxy's counts. What stands before that one, anybody may have written.
    """
    client = scope.get("client")
    found = None if client is None else _read(client[0])
    if found is None or not trusted:
        return found
    lines = Headers(scope=scope).getlist("x-forwarded-for")
    for text in reversed([part for line in lines for part in line.split(",")][-LONGEST_CHAIN:]):
        if not is_inside(found, trusted):
            break
        named = _read(text.strip())
        if named is None:  # the proxy nearest to us that said something we cannot read is as far as we see
            break
        found = named
    return found


def is_inside(address: Address, of: Sequence[Network]) -> bool:
    """Say whether an address is in one of the networks."""
    return any(address.version == network.version and address in network for network in of)


@lru_cache(REMEMBERED)
def sharing(address: Address | None) -> str:
    """Return what all addresses of one subscriber have in common: an IPv4 address itself, of IPv6 the /64."""
    if address is None:
        return UNKNOWN
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((address, SUBSCRIBER_BITS), strict=False))


@lru_cache(REMEMBERED)
def _read(text: str) -> Address | None:
    """Read an address, with its port or without; an IPv4 one that is written as IPv6 is the IPv4 one."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address
