"""What commands are given by name, judged: sources, corridors, providers and instants."""

from datetime import datetime

from sqlalchemy import Connection

from app import reference
from app.board.known_sources import known_sources
from app.domain.errors import InvalidParameter, UnknownProvider, UnknownSource
from app.domain.providers import suggest_providers
from app.sources.live_records import instant_of
from app.store import corridors, providers


def known_source(connection: Connection, key: str) -> str:
    """Return the key of a source, a partner's too; raise UnknownSource for another."""
    known = known_sources(connection)
    if key not in known:
        raise UnknownSource(text=key, known=tuple(sorted(known)))
    return key


def known_provider(connection: Connection, provider: str) -> str:
    """Return the id of a provider; raise UnknownProvider for another."""
    known = providers.names(connection)
    if provider not in known:
        raise UnknownProvider(text=provider, suggestions=suggest_providers(provider, known))
    return provider


def known_corridor(connection: Connection, text: str) -> str:
    """Return the id of a corridor in any spelling; raise as ``Geography.corridor``."""
    return reference.load().corridor(text, corridors.ids(connection)).id


def given_instant(parameter: str, text: str | None) -> datetime | None:
    """Return an instant that an option gives, null where it gives none; raise InvalidParameter."""
    found = None if text is None else instant_of(text)
    if found is None and text is not None:
        expected = "a time with its zone, such as 2026-11-24T02:00Z"
        raise InvalidParameter(parameter=parameter, expected=expected, given=text)
    return found
