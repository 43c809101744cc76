"""Who asks, by address: the connection's own, or what a proxy says that the operator trusts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Scope

from app.api.addresses import client_address, networks, sharing

TRUSTED = networks(["10.0.0.0/8", "fd00::/8"])


def scope(client: str | None, *forwarded: str) -> Scope:
    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in forwarded]
    return {"type": "http", "client": None if client is None else (client, 4711), "headers": headers}


def seen(client: str | None, *forwarded: str) -> str:
    return str(client_address(scope(client, *forwarded), TRUSTED))


def test_whoever_connects_is_who_asks() -> None:
    assert seen("203.0.113.9") == "203.0.113.9"
    assert seen("2001:db8::1") == "2001:db8::1"


def test_what_a_stranger_says_of_itself_counts_for_nothing() -> None:
    assert seen("203.0.113.9", "198.51.100.1") == "203.0.113.9"
    assert str(client_address(scope("10.0.0.1", "198.51.100.1"), ())) == "10.0.0.1"


def test_a_trusted_proxy_is_believed() -> None:
    assert seen("10.0.0.1", "198.51.100.1") == "198.51.100.1"
    assert seen("fd00::1", "2001:db8::7") == "2001:db8::7"


def test_through_several_trusted_proxies_the_first_stranger_counts() -> None:
    assert seen("10.0.0.1", "198.51.100.1, 10.0.0.3", "10.0.0.2") == "198.51.100.1"


def test_what_stands_before_the_first_stranger_may_be_forged_and_is_not_read() -> None:
    assert seen("10.0.0.1", "1.2.3.4, 198.51.100.1") == "198.51.100.1"
    assert seen("10.0.0.1", "10.0.0.9, 198.51.100.1") == "198.51.100.1"


@pytest.mark.parametrize(
    "said", ["", "unknown", "198.51.100.300", "_hidden", "a.example", "\uff11.2.3.4", "198.51.100.1 x"]
)
def test_a_proxy_that_says_nothing_that_can_be_read_is_as_far_as_is_seen(said: str) -> None:
    assert seen("10.0.0.1", said.encode().decode("latin-1")) == "10.0.0.1"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("198.51.100.1:4711", "198.51.100.1"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
    ],
)
def test_ports_and_ipv4_within_ipv6_are_understood(said: str, meant: str) -> None:
    assert seen("10.0.0.1", said) == meant


def test_a_proxy_that_connects_by_ipv4_within_ipv6_is_still_trusted() -> None:
    assert seen("::ffff:10.0.0.1", "198.51.100.1") == "198.51.100.1"


def test_a_connection_without_an_address_is_somebody_all_the_same() -> None:
    assert seen(None) == seen("a socket's path") == "None"
    assert sharing(None) == "unknown"


def test_a_subscriber_has_one_limit_whichever_of_its_addresses_it_uses() -> None:
    def shared(text: str) -> str:
        return sharing(client_address(scope(text), ()))

    assert shared("2001:db8:1:2::1") == shared("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert shared("2001:db8:1:3::1") != shared("2001:db8:1:2::1")
    assert shared("198.51.100.1") != shared("198.51.100.2")
    assert shared("::ffff:198.51.100.1") == shared("198.51.100.1")


@given(st.lists(st.text(st.characters(max_codepoint=255), max_size=40), max_size=5))
def test_no_header_can_make_a_stranger_another_one(lines: list[str]) -> None:
    assert seen("203.0.113.9", *lines) == "203.0.113.9"


@given(st.lists(st.text(st.characters(max_codepoint=255), max_size=40), max_size=5))
def test_any_header_of_a_trusted_proxy_is_read_without_failing(lines: list[str]) -> None:
    assert client_address(scope("10.0.0.1", *lines), TRUSTED) is not None
