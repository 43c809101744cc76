"""What stands when something is pushed: what the same services of a partner offer, and what other partners say."""

from collections.abc import Collection, Iterable
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, select

from app.db import instant, microseconds
from app.domain.partners import SOURCE_PREFIX
from app.store.live_quotes import is_its_quote, live_quotes
from app.store.quotes import quotes

KEYS_AT_ONCE: Final = 500
_AFTER_PREFIX: Final = SOURCE_PREFIX[:-1] + chr(ord(SOURCE_PREFIX[-1]) + 1)


class StandingOffer(NamedTuple):
    """What a service offers now; ``observed_at`` in microseconds since 1970, ``terms`` as they are stored."""

    corridor: str
    observed_at: int
    sending_currency: str
    receiving_currency: str
    terms: str


class Said(NamedTuple):
    """Where and when something was observed; ``observed_at`` in microseconds since 1970."""

    corridor: str
    observed_at: int


def standing(connection: Connection, source: str, source_keys: Collection[str]) -> dict[str, StandingOffer]:
    """Return what those of these services that are current in a source offer, by their key; at no tier."""
    index, columns = live_quotes.c, quotes.c
    query = select(
        index.source_key,
        index.corridor,
        index.observed_at,
        columns.sending_currency,
        columns.receiving_currency,
        columns.terms,
    ).join_from(live_quotes, quotes, is_its_quote())
    found: dict[str, StandingOffer] = {}
    if connection.execute(select(index.source).where(index.source == source).limit(1)).first() is None:
        return found
    ordered = sorted(source_keys)
    for start in range(0, len(ordered), KEYS_AT_ONCE):
        keys = ordered[start : start + KEYS_AT_ONCE]
        rows = connection.execute(query.where(index.source == source, index.source_key.in_(keys), index.tier == ""))
        for key, corridor, observed_at, sending, receiving, terms in rows:
            found[key] = StandingOffer(corridor, microseconds(observed_at), sending, receiving, terms)
    return found


def said_by_others(connection: Connection, source: str, places: Iterable[Said]) -> set[bytes]:
    """Return the content hashes of what partners other than ``source`` currently say at these places and instants."""
    wanted = set(places)
    if not wanted:
        return set()
    index = live_quotes.c
    since, until = min(place.observed_at for place in wanted), max(place.observed_at for place in wanted)
    corridors = sorted({place.corridor for place in wanted})
    ids: list[tuple[Said, UUID]] = []
    for start in range(0, len(corridors), KEYS_AT_ONCE):
        rows = connection.execute(
            select(index.corridor, index.observed_at, index.quote_id).where(
                index.corridor.in_(corridors[start : start + KEYS_AT_ONCE]),
                index.observed_at.between(instant(since), instant(until)),
                index.source >= SOURCE_PREFIX,
                index.source < _AFTER_PREFIX,
                index.source != source,
            )
        )
        ids += [
            (place, quote_id)
            for corridor, observed_at, quote_id in rows
            if (place := Said(corridor, microseconds(observed_at))) in wanted
        ]
    return {content for place, quote_id in ids for content in _content(connection, place, quote_id)}


def _content(connection: Connection, place: Said, quote_id: UUID) -> list[bytes]:
    columns = quotes.c
    rows = connection.execute(
        select(columns.content_hash).where(
            columns.corridor == place.corridor,
            columns.observed_at == instant(place.observed_at),
            columns.id == quote_id,
        )
    )
    return [bytes(content) for content in rows.scalars()]
