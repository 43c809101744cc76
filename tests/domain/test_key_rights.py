"""What a key allows, when and from where it is good, and that no key gives more than it has."""

from datetime import datetime, timedelta
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.domain.errors import InvalidParameter, ThreePercentError
from app.domain.key_errors import KeyExpired, KeyRevoked, WrongNetwork
from app.domain.key_rights import (
    CREATED_BY,
    SCOPES_OF,
    KeyRecord,
    KeyState,
    Rights,
    check_no_more,
    check_rights,
    read_networks,
    scopes_of_partner,
)
from app.domain.partners import KeyKind, PartnerKind, Scope

HOME = read_networks(["203.0.113.0/24", "2001:db8::/48"])
INSTANTS = [None, datetime.fromisoformat("2026-12-01T00:00:00Z"), datetime.fromisoformat("2027-12-01T00:00:00Z")]
NETWORKS = [(), HOME, read_networks(["203.0.113.8/29"]), read_networks(["203.0.112.0/23"]), read_networks(["::/0"])]

rights = some.builds(
    Rights,
    kind=some.sampled_from(KeyKind),
    scopes=some.frozensets(some.sampled_from(Scope)),
    networks=some.sampled_from(NETWORKS),
    expires_at=some.sampled_from(INSTANTS),
)


def key(now: datetime, **changes: object) -> KeyRecord:
    whole = {
        "id": "key_a",
        "partner": "example",
        "kind": KeyKind.LIVE,
        "shown": "tp_live_abcd…",
        "name": "",
        "scopes": frozenset({Scope.ACCOUNT}),
        "networks": (),
        "created_at": now,
        "created_by": "cli:test",
    }
    return KeyRecord(**{**whole, **changes})  # type: ignore[arg-type] # a case says what differs


def allows(one: Rights, other: Rights) -> bool:
    """Say whether a key allows all that another does: what ``check_no_more`` is to find out, told otherwise."""
    probes = [ip_address(text) for text in ("203.0.113.9", "203.0.113.200", "203.0.112.1", "2001:db8::1", "2a00::1")]
    ends = [instant for instant in INSTANTS if instant is not None]
    return (
        other.scopes <= one.scopes
        and other.kind in CREATED_BY[one.kind]
        and all(at_home(one, probe) for probe in probes if at_home(other, probe))
        and all(is_good(one, end) for end in ends if is_good(other, end))
        and not (one.expires_at is not None and other.expires_at is None)
    )


def at_home(one: Rights, address: object) -> bool:
    return not one.networks or any(address in network for network in one.networks)


def is_good(one: Rights, at: datetime) -> bool:
    return one.expires_at is None or at < one.expires_at


@given(rights, rights)
def test_no_key_creates_one_that_allows_more(creator: Rights, wanted: Rights) -> None:
    try:
        check_no_more(wanted, creator)
    except ThreePercentError:
        assert not allows(creator, wanted)
    else:
        assert allows(creator, wanted)


@given(rights)
def test_a_key_may_always_create_its_own_like_if_it_may_create_any(one: Rights) -> None:
    if one.kind is not KeyKind.PUBLISHABLE:
        check_no_more(one, one)


def test_who_decides_does_not_push_and_who_pushes_does_not_decide() -> None:
    for kind in PartnerKind:
        assert not {Scope.QUOTES_WRITE, Scope.QUOTES_REVIEW} <= scopes_of_partner(kind)
    assert Scope.QUOTES_REVIEW not in SCOPES_OF[KeyKind.TEST]
    assert SCOPES_OF[KeyKind.PUBLISHABLE] == frozenset()


def test_a_key_is_good_until_its_end_and_never_after_it_was_revoked(now: datetime) -> None:
    ends = now + timedelta(hours=1)
    record = key(now, expires_at=ends)
    assert record.state(ends - timedelta(microseconds=1)) is KeyState.ACTIVE
    assert record.state(ends) is KeyState.EXPIRED
    with pytest.raises(KeyExpired):
        record.check(ends, None)
    with pytest.raises(KeyRevoked):
        key(now, expires_at=ends, revoked_at=now).check(ends, None)


@pytest.mark.parametrize(
    ("address", "is_good"),
    [("203.0.113.255", True), ("203.0.114.0", False), ("2001:db8::9", True), ("2001:db8:1::9", False), (None, False)],
)
def test_a_key_is_good_from_its_networks_only(now: datetime, address: str | None, *, is_good: bool) -> None:
    record = key(now, networks=HOME)
    given_address = None if address is None else ip_address(address)
    if is_good:
        record.check(now, given_address)
    else:
        with pytest.raises(WrongNetwork):
            record.check(now, given_address)
    key(now).check(now, given_address)


def test_networks_are_read_strictly_and_kept_in_order() -> None:
    assert [
        str(network) for network in read_networks(["2001:db8::/48", "198.51.100.7", "10.0.0.0/8", "10.0.0.0/8"])
    ] == [
        "10.0.0.0/8",
        "198.51.100.7/32",
        "2001:db8::/48",
    ]
    for text in ("10.0.0.1/8", "10.0.0.0/33", "localhost", "", "0x7f000001", "10.0.0.0/255.0.0.1", "1.2.3"):
        with pytest.raises(InvalidParameter):
            read_networks([text])


def test_a_key_that_ended_already_or_has_endless_networks_is_refused(now: datetime) -> None:
    with pytest.raises(InvalidParameter, match="yet to come"):
        check_rights(Rights(kind=KeyKind.LIVE, scopes=frozenset(), expires_at=now), PartnerKind.PROVIDER, now)
    many = read_networks(f"10.0.{number}.0/24" for number in range(51))
    with pytest.raises(InvalidParameter, match="at most 50"):
        check_rights(Rights(kind=KeyKind.LIVE, scopes=frozenset(), networks=many), PartnerKind.PROVIDER, now)
