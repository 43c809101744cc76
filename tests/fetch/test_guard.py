"""Which numbers are global, and which policy an operator's settings make."""

import re
from importlib.metadata import version
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import errors, fetch_errors
from app.domain.errors import ThreePercentError
from app.domain.fetch_errors import AddressRefused, FetchError, UnexpectedStatus
from app.fetch import Policy, host_of
from app.fetch.guard import is_global, is_permitted, read
from app.settings import Settings, SettingsError

IPV4 = st.integers(0, 2**32 - 1).map(IPv4Address)
IPV6 = st.integers(0, 2**128 - 1).map(IPv6Address)
GLOBAL = ["1.1.1.1", "8.8.8.8", "100.63.255.255", "172.32.0.1", "198.20.0.1", "223.255.255.255", "2606:4700:4700::1111"]


@pytest.mark.parametrize("text", [*GLOBAL, "2a00:1450::1", "64:ff9b::808:808"])
def test_numbers_of_the_public_internet_are_global(text: str) -> None:
    assert is_global(ip_address(text))


@given(IPV4)
def test_a_global_number_is_one_by_the_library_s_own_judgement_too(address: IPv4Address) -> None:
    if is_global(address):
        assert address.is_global
        assert not any((address.is_multicast, address.is_private, address.is_reserved, address.is_loopback))
    else:
        ours = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))  # not private, and nobody's home
        assert not address.is_global or address.is_multicast or any(address in block for block in ours)


@given(IPV6)
def test_a_global_number_of_the_new_kind_is_routed_and_no_disguise(address: IPv6Address) -> None:
    if is_global(address):
        assert address in IPv6Network("2000::/3") or address in IPv6Network("64:ff9b::/96")
        assert not any((address.is_multicast, address.is_link_local, address.is_private, address.is_site_local))
        assert address.ipv4_mapped is None
        assert address.sixtofour is None
        assert address.teredo is None


@given(IPV4, st.sampled_from(["::ffff:0:0", "::", "::ffff:0:0:0", "64:ff9b:1::", "fe80::5efe:0:0", "2606::5efe:0:0"]))
def test_an_old_number_inside_a_new_one_is_refused_in_every_form_but_one(address: IPv4Address, prefix: str) -> None:
    assert not is_global(IPv6Address(int(IPv6Address(prefix)) | int(address)))
    assert not is_global(IPv6Address((0x2002 << 112) | int(address) << 80))
    assert not is_global(IPv6Address((0x20010000 << 96) | (0xFFFFFFFF ^ int(address))))
    assert is_global(IPv6Address(int(IPv6Address("64:ff9b::")) | int(address))) == is_global(address)


@pytest.mark.parametrize("text", GLOBAL)
def test_without_tls_nothing_is_permitted_but_the_networks_that_were_named(text: str) -> None:
    address = ip_address(text)
    assert is_permitted(address, (), is_plain=False)
    assert not is_permitted(address, (), is_plain=True)
    assert is_permitted(address, (ip_network(text),), is_plain=True)


@pytest.mark.parametrize(
    ("url", "key", "again"),
    [
        ("https://API.Example./v4?x=1", "api.example", "https://api.example/v4?x=1"),
        ("https://api.example:443/", "api.example", "https://api.example/"),
        ("https://api.example:8443", "api.example:8443", "https://api.example:8443/"),
        ("http://127.0.0.1:8080/a b".replace(" ", "%20"), "127.0.0.1:8080", "http://127.0.0.1:8080/a%20b"),
        ("https://[2606:4700::1]:8443/", "[2606:4700::1]:8443", "https://[2606:4700::1]:8443/"),
        ("https://b\u00fccher.example/#part", "xn--bcher-kva.example", "https://xn--bcher-kva.example/"),
    ],
)
def test_an_address_has_one_form_and_its_host_one_key(url: str, key: str, again: str) -> None:
    assert host_of(url) == key
    assert read(url).url == again
    assert read(again).url == again


@given(st.one_of(st.text(max_size=50), st.text(max_size=50).map(lambda text: f"https://{text}/")))
def test_any_text_is_an_address_in_one_form_or_refused(text: str) -> None:
    try:
        target = read(text)
    except AddressRefused:
        return
    assert re.fullmatch(r"[a-z0-9._:-]+", target.host)
    assert 0 < target.port < 2**16
    assert read(target.url) == target


# ---------------------------------------------------------------- policy, and what errors say


def test_we_say_who_we_are_and_whom_to_write_to() -> None:
    number = version("threepercent")
    assert Policy.of(Settings()).user_agent == f"ThreePercent/{number}"
    assert (
        Policy.of(Settings(fetch_contact="ops@example.org")).user_agent == f"ThreePercent/{number} (+ops@example.org)"
    )


@pytest.mark.parametrize("contact", ["a b", "a)b", "a\r\nX-Forged: yes", "\u00e9", "x" * 201])
def test_a_contact_that_cannot_be_a_header_is_refused_by_the_name_of_its_setting(contact: str) -> None:
    with pytest.raises(SettingsError, match=r"^THREEPERCENT_FETCH_CONTACT: "):
        Policy.of(Settings(fetch_contact=contact))


def test_networks_are_read_and_wrong_ones_refused_by_the_name_of_their_setting() -> None:
    networks = (IPv4Network("10.1.0.0/16"), IPv6Network("fd00::/8"))
    assert Policy.of(Settings(fetch_networks=("10.1.0.0/16", "fd00::/8"))).networks == networks
    for wrong in ("10.1.0.1/16", "everything", ""):
        with pytest.raises(SettingsError, match=r"^THREEPERCENT_FETCH_NETWORKS: "):
            Policy.of(Settings(fetch_networks=(wrong,)))


def kinds(base: type[ThreePercentError]) -> list[type[ThreePercentError]]:
    return [base, *(heir for child in base.__subclasses__() for heir in kinds(child))]


def test_every_error_of_fetching_has_its_own_code_and_its_place_in_the_tree() -> None:
    found = kinds(FetchError)
    codes = [kind.code for kind in kinds(ThreePercentError)]
    for kind in found:
        assert "code" in vars(kind)
        assert codes.count(kind.code) == 1
        assert re.fullmatch(r"[A-Z][^.]*\.", kind.title())
        assert kind.__name__ in (fetch_errors.__doc__ or "")
    assert "fetch_errors.py" in (errors.__doc__ or "")


def test_a_host_from_outside_is_shown_short_and_printable() -> None:
    error = FetchError(host="a\n\x1b[31m" + "b" * 500, problem="did something")
    assert error.detail.isprintable()
    assert len(error.detail) < 200


@pytest.mark.parametrize(("status", "is_passing"), [(429, True), (500, True), (503, True), (404, False), (501, False)])
def test_only_some_statuses_are_worth_another_attempt(status: int, *, is_passing: bool) -> None:
    assert UnexpectedStatus(host="a.example", status=status).is_passing is is_passing
