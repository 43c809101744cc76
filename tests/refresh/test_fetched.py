"""Other addresses of sources are used as they are, or refused by the name of their setting."""

import pytest

from app.refresh import fetched_sources
from app.settings import Settings, SettingsError


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/",
        "example.org",
        "https://",
        "https://[::1/",
        "https://[bad]/",
        "https://a:b/",
        "https://a:99999/",
        "https://a:0/",
        "",
    ],
)
def test_an_address_that_is_none_is_refused_by_name(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^THREEPERCENT_SOURCE_URLS: the address of ecb must begin with https://"):
        fetched_sources(Settings(source_urls={"ecb": url}))


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://mirror.example/x?token=abc", "mirror.example"),
        ("https://mirror.example:8443/", "mirror.example"),
        ("http://127.0.0.1:8080/x", "127.0.0.1"),
        ("http://[::1]:8080/x", "[::1]"),
    ],
)
def test_a_mirror_is_asked_beside_the_hosts_that_were_declared(url: str, host: str) -> None:
    fetching = fetched_sources(Settings(source_urls={"ecb": url}))["ecb"].fetching
    assert fetching is not None
    assert (fetching.url, fetching.hosts) == (url, ("www.ecb.europa.eu", host))
