"""What a key allows: which scopes each kind may have, when and from where it is good, and which keys it may create."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from app.domain.errors import InvalidParameter
from app.domain.key_errors import KeyExpired, KeyRevoked, WrongNetwork, WrongScope
from app.domain.partners import KeyKind, PartnerKind, Scope

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MOST_NETWORKS: Final = 50

SCOPES_OF: Final = {
    KeyKind.LIVE: frozenset(Scope),
    KeyKind.TEST: frozenset({Scope.QUOTES_WRITE, Scope.ACCOUNT}),
    KeyKind.PUBLISHABLE: frozenset[Scope](),
}
"""The scopes that a kind of key may have: a sandbox has nothing private, and an app can be taken apart by anybody."""

CREATED_BY: Final = {
    KeyKind.LIVE: frozenset(KeyKind),
    KeyKind.TEST: frozenset({KeyKind.TEST}),
    KeyKind.PUBLISHABLE: frozenset[KeyKind](),
}
"""The kinds of keys that a key may create, rotate, revoke and see: what belongs to a sandbox stays in it."""


class KeyState(StrEnum):
    """Whether a key can be used."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """What is known of a key: never the key itself. ``networks``: the addresses that it is good from, empty for all."""

    id: str
    partner: str
    kind: KeyKind
    shown: str
    name: str
    scopes: frozenset[Scope]
    networks: tuple[Network, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    successor: str | None = None

    @property
    def rights(self) -> "Rights":
        """What it allows."""
        return Rights(kind=self.kind, scopes=self.scopes, networks=self.networks, expires_at=self.expires_at)

    def state(self, now: datetime) -> KeyState:
        """Return whether it can be used: a revoked key stays revoked, expired or not."""
        if self.revoked_at is not None:
            return KeyState.REVOKED
        if self.expires_at is not None and self.expires_at <= now:
            return KeyState.EXPIRED
        return KeyState.ACTIVE

    def check(self, now: datetime, address: Address | None) -> None:
        """Raise KeyRevoked, KeyExpired or WrongNetwork where it is not good now, or not from this address."""
        state = self.state(now)
        if state is KeyState.REVOKED:
            raise KeyRevoked
        if state is KeyState.EXPIRED:
            raise KeyExpired
        if self.networks and (address is None or not any(address in network for network in self.networks)):
            raise WrongNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What a new key is to allow."""

    kind: KeyKind
    scopes: frozenset[Scope]
    networks: tuple[Network, ...] = ()
    expires_at: datetime | None = None


def check_rights(wanted: Rights, of: PartnerKind, now: datetime) -> None:
    """Raise InvalidParameter where no such key makes sense, whoever creates it."""
    allowed = SCOPES_OF[wanted.kind] & scopes_of_partner(of)
    if excess := sorted(wanted.scopes - allowed):
        may = ", ".join(sorted(allowed)) or "no scope at all"
        what = f"{may}: that is what a {wanted.kind.value} key of {_called(of)} may have"
        raise InvalidParameter(parameter="scopes", expected=what, given=", ".join(excess))
    if wanted.expires_at is not None and wanted.expires_at <= now:
        raise InvalidParameter(parameter="expires_at", expected="an instant that is yet to come")
    if len(wanted.networks) > MOST_NETWORKS:
        raise InvalidParameter(parameter="networks", expected=f"at most {MOST_NETWORKS} networks")


def scopes_of_partner(kind: PartnerKind) -> frozenset[Scope]:
    """Return what keys of such a partner may allow: who decides on quotes does not push any, and the other way."""
    if kind is PartnerKind.OPERATOR:
        return frozenset({Scope.QUOTES_REVIEW, Scope.PRIVATE_READ, Scope.ACCOUNT})
    return frozenset({Scope.QUOTES_WRITE, Scope.PRIVATE_READ, Scope.ACCOUNT})


def check_no_more(wanted: Rights, than: Rights) -> None:
    """Raise WrongScope or InvalidParameter where a key would allow more than the one that creates it."""
    if wanted.kind not in CREATED_BY[than.kind]:
        detail = f"A {than.kind.value} key creates no {wanted.kind.value} keys."
        raise WrongScope(needed=Scope.ACCOUNT, detail=detail)
    if excess := sorted(wanted.scopes - than.scopes):
        missing = " and ".join(excess)
        detail = f"A key creates only keys with the same scopes or fewer; this one has no {missing}."
        raise WrongScope(needed=excess[0], detail=detail)
    if than.networks and not (wanted.networks and all(_is_within(each, than.networks) for each in wanted.networks)):
        raise InvalidParameter(parameter="networks", expected="networks within those of the key that creates it")
    if than.expires_at is not None and (wanted.expires_at is None or wanted.expires_at > than.expires_at):
        raise InvalidParameter(parameter="expires_at", expected="an end no later than that of the key that creates it")


def read_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return networks in canonical order; raise InvalidParameter for what is none, or sets bits of the host."""
    networks = set()
    for text in texts:
        try:
            networks.add(ip_network(text))
        except ValueError:
            expected = "addresses or networks such as 203.0.113.7 or 2001:db8:12::/48, without bits of a host"
            raise InvalidParameter(parameter="networks", expected=expected, given=text) from None
    return tuple(sorted(networks, key=lambda network: (network.version, network.network_address, network.prefixlen)))


def read_address(text: str | None) -> Address | None:
    """Return a peer's address, an IPv4 one also where IPv6 carries it; null for what is none."""
    try:
        address = ip_address(text or "")
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_within(network: Network, others: Collection[Network]) -> bool:
    return any(
        network.version == other.version and network.network_address in other and network.broadcast_address in other
        for other in others
    )


def _called(kind: PartnerKind) -> str:
    return "an operator" if kind is PartnerKind.OPERATOR else f"{_article(kind.value)} {kind.value}"


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"
