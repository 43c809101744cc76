"""What is asked of a host and on which terms, and what came back."""

import ipaddress
import re
from dataclasses import dataclass
from importlib.metadata import version
from typing import NamedTuple, Self

from app.settings import PREFIX, Settings, SettingsError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_CONTACT = re.compile(r"[\x21-\x27\x2a-\x7e]{1,200}")  # visible, and no parenthesis that would end the comment
_HEADER_TEXT = re.compile(r"[\x20-\x7e]{1,1000}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How every source is asked. ``user_agent`` says who we are.

    ``networks`` are those not global that may be asked all the same, and the only ones without TLS. ``connect_seconds``
    and ``read_seconds`` bound one step, a call's deadline all of them. ``attempts`` and ``redirects`` are the most.
    """

    user_agent: str
    networks: tuple[Network, ...] = ()
    connect_seconds: float = 10
    read_seconds: float = 20
    attempts: int = 3
    redirects: int = 5

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the policy that an operator's settings make; raises SettingsError where they cannot be used."""
        contact = settings.fetch_contact.strip()
        if contact and not _CONTACT.fullmatch(contact):
            raise SettingsError(f"{PREFIX}FETCH_CONTACT: expected a mail or web address without blanks or parentheses.")
        try:
            networks = tuple(ipaddress.ip_network(text) for text in settings.fetch_networks)
        except ValueError as error:
            raise SettingsError(f"{PREFIX}FETCH_NETWORKS: {error}; expected networks such as 10.1.0.0/16.") from None
        whom = f" (+{contact})" if contact else ""
        return cls(user_agent=f"ThreePercent/{version('threepercent')}{whom}", networks=networks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call. ``hosts`` are all that may be asked for it, the host of ``url`` among them.

    ``etag`` and ``last_modified`` as they were received with what we have. ``deadline_seconds`` bounds the call with
    all its attempts, ``max_bytes`` its body before and ``max_unpacked_bytes`` after decompression.
    """

    url: str
    hosts: tuple[str, ...]
    accept: str = "*/*"
    etag: str | None = None
    last_modified: str | None = None
    deadline_seconds: float = 60
    max_bytes: int = 16 * 2**20
    max_unpacked_bytes: int = 64 * 2**20

    @property
    def is_conditional(self) -> bool:
        """Whether the answer may be that nothing has changed."""
        return sendable(self.etag) or sendable(self.last_modified)

    def headers(self, policy: Policy) -> list[tuple[bytes, bytes]]:
        """Return the headers of the call; a validator that cannot be sent is left out."""
        given = {
            "User-Agent": policy.user_agent,
            "Accept": self.accept,
            "Accept-Encoding": "gzip",
            "Connection": "close",
            "If-None-Match": self.etag,
            "If-Modified-Since": self.last_modified,
        }
        return [(name.encode(), text.encode()) for name, text in given.items() if text is not None and sendable(text)]


class Received(NamedTuple):
    """What came back: status 200 with a body, or 304, where nothing has changed since what ``etag`` names.

    ``media_type`` in lower case and ``charset`` as the answer says, None where it says neither. ``url`` is where it
    came from in the end, ``received_bytes`` all that came over the wire in ``attempts``, ``seconds`` how long it took.
    """

    status: int
    body: bytes
    media_type: str | None
    charset: str | None
    etag: str | None
    last_modified: str | None
    url: str
    attempts: int
    seconds: float
    received_bytes: int


def sendable(text: str | None) -> bool:
    """Whether a text can stand in a header: visible ASCII and blanks, of a sane length."""
    return text is not None and _HEADER_TEXT.fullmatch(text) is not None
