"""Every source's health: what it declares, what is stored about it, and what both come to at an instant."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from app.board import known_sources
from app.domain.breakers import Breaker
from app.domain.fetch_errors import AddressRefused
from app.domain.source_health import SourceFacts, SourceHealth, health
from app.fetch import host_of
from app.settings import Settings
from app.sources.source import Source
from app.store import fetches
from app.store.source_facts import source_facts


class HostBreaker(NamedTuple):
    """The breaker of one of a source's hosts that was ever asked: ``closed``, ``open`` or ``half_open``."""

    host: str
    state: str
    failures: int
    open_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedSource:
    """A source, what is stored about it, and how it is.

    ``is_private``: nobody but the operator sees its figures. ``is_moved``: the operator named another address for it,
    which is the operator's own.
    """

    source: Source
    facts: SourceFacts
    health: SourceHealth
    breakers: tuple[HostBreaker, ...]
    is_private: bool
    is_moved: bool

    @property
    def changes_at(self) -> datetime | None:
        """When time alone changes any of this, null for never."""
        opens = (breaker.open_until for breaker in self.breakers if breaker.state == "open")
        instants = [instant for instant in (self.health.changes_at, *opens) if instant is not None]
        return min(instants, default=None)


def watched_sources(connection: Connection, settings: Settings, at: datetime) -> dict[str, WatchedSource]:
    """Return every source that this installation knows, by key, as it is at an instant."""
    known = known_sources(connection)
    facts = source_facts(connection, known)
    breakers = fetches.breakers(connection)
    return {key: _watched(known[key], facts[key], breakers, settings, at) for key in sorted(known)}


def _watched(
    source: Source, facts: SourceFacts, breakers: Mapping[str, Breaker], settings: Settings, at: datetime
) -> WatchedSource:
    fetching = source.fetching
    moved_to = settings.source_urls.get(source.key)
    hosts = () if fetching is None else dict.fromkeys([*fetching.hosts, *_hosts(moved_to)])
    return WatchedSource(
        source=source,
        facts=facts,
        health=health(facts, None if fetching is None else fetching.schedule, at),
        breakers=tuple(_breaker(host, breakers[host], at) for host in hosts if host in breakers),
        is_private=source.is_private and source.key not in settings.public_sources,
        is_moved=moved_to is not None,
    )


def _hosts(moved_to: str | None) -> Iterator[str]:
    """Give the host of an operator's own address, none where it is no address that could be asked."""
    if moved_to is not None:
        with suppress(AddressRefused):
            yield host_of(moved_to)


def _breaker(host: str, breaker: Breaker, at: datetime) -> HostBreaker:
    state = "half_open" if breaker.is_half_open(at) else "closed" if breaker.allows(at) else "open"
    return HostBreaker(host, state, breaker.failures, breaker.open_until)
