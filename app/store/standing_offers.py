"""What stands when something is pushed: what the same services of a partner offer, and what other partners say."""

from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

from sqlalchemy import Connection, select

from app.db import instant, microseconds
from app.domain.partners import SOURCE_PREFIX
from app.store import bulk
from app.store.live_quotes import NO_TIER, Current, live_quotes
from app.store.quotes import quotes

CORRIDORS_AT_ONCE: Final = 500
_AFTER_PREFIX: Final = SOURCE_PREFIX[:-1] + chr(ord(SOURCE_PREFIX[-1]) + 1)
_PLACE: Final = ("corridor", "observed_at", "id")
_PLACE_IN_INDEX: Final = ("corridor", "observed_at", "quote_id")


class StandingOffer(NamedTuple):
    """What a service offers now; ``terms`` as they are stored."""

    current: Current
    sending_currency: str
    receiving_currency: str
    terms: str


class Said(NamedTuple):
    """Where and when something was observed; ``observed_at`` in microseconds since 1970."""

    corridor: str
    observed_at: int


def standing(connection: Connection, source: str, source_keys: Collection[str]) -> dict[str, StandingOffer]:
    """Return what those of these services that are current in a source offer, by their key; at no tier."""
    its_quote = bulk.Onward(quotes, dict(zip(_PLACE, _PLACE_IN_INDEX, strict=True)), StandingOffer._fields[1:])
    lookup = bulk.Lookup(
        live_quotes, ("source_key",), Current._fields, {"source": source, "tier": NO_TIER}, onward=its_quote
    )
    rows = bulk.find(connection, lookup, ((key,) for key in sorted(source_keys)))
    width = len(Current._fields)
    return {row[1]: StandingOffer(Current._make(row[:width]), *row[width:]) for row in rows}


def said_by_others(connection: Connection, source: str, places: Iterable[Said]) -> set[bytes]:
    """Return the content hashes of what partners other than ``source`` currently say at these places and instants."""
    wanted = set(places)
    if not wanted:
        return set()
    index = live_quotes.c
    since, until = min(place.observed_at for place in wanted), max(place.observed_at for place in wanted)
    corridors = sorted({place.corridor for place in wanted})
    keys: list[tuple[str, int, bytes]] = []
    for start in range(0, len(corridors), CORRIDORS_AT_ONCE):
        rows = connection.execute(
            select(index.corridor, index.observed_at, index.quote_id).where(
                index.corridor.in_(corridors[start : start + CORRIDORS_AT_ONCE]),
                index.observed_at.between(instant(since), instant(until)),
                index.source >= SOURCE_PREFIX,
                index.source < _AFTER_PREFIX,
                index.source != source,
            )
        )
        keys += [
            (corridor, at, quote_id.bytes)
            for corridor, observed_at, quote_id in rows
            if Said(corridor, at := microseconds(observed_at)) in wanted
        ]
    content = bulk.Lookup(quotes, _PLACE, ("content_hash",))
    return {bytes(found) for (found,) in bulk.find(connection, content, keys)}
