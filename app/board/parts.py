"""What a board is put together from, of what is known now or was at a dataset version: rounds, and providers' names."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection

from app.board.rounds import Entry, Seen, read_entries, tender_rule
from app.domain.geography import Geography
from app.sources.provider_names import shown_name
from app.store import rounds as stored_rounds
from app.store.providers import Spelling
from app.store.rounds import Round

RATES_SINCE: Final = timedelta(days=40)
"""How far back the rates of a board go; older ones are in the database."""


class Places:
    """The rounds that there are: of each corridor the newest first; and each source's newest quarter anywhere."""

    def __init__(self, by_corridor: dict[str, list[Round]], newest_periods: dict[str, str]) -> None:
        self.by_corridor = by_corridor
        self.newest_periods = newest_periods

    @classmethod
    def of(cls, known: Iterable[Round], seen: Seen) -> "Places":
        """Return those of rounds that may be seen."""
        by_corridor: defaultdict[str, list[Round]] = defaultdict(list)
        newest_periods: dict[str, str] = {}
        for place in known:
            if seen.shows(place.source):
                by_corridor[place.corridor].append(place)
                newest_periods[place.source] = max(newest_periods.get(place.source, ""), place.period)
        for places in by_corridor.values():
            places.sort(key=lambda place: (place.period, place.source), reverse=True)
        return cls(dict(by_corridor), newest_periods)

    def periods(self) -> Mapping[str, tuple[str, ...]]:
        """Return the quarters of each corridor, the oldest first."""
        return MappingProxyType(
            {
                corridor: tuple(sorted({place.period for place in places}))
                for corridor, places in sorted(self.by_corridor.items())
            }
        )

    def newest_since(self, connection: Connection, seen: Seen) -> dict[str, datetime]:
        """Return when the first quote of each source's newest quarter arrived."""
        return {
            source: since
            for source, period in self.newest_periods.items()
            if (since := stored_rounds.arrived(connection, source, period, seen.as_of)) is not None
        }


def newest_entries(
    connection: Connection, geography: Geography, places: Places, seen: Seen, known: Mapping[str, Entry]
) -> dict[str, Entry]:
    """Return each corridor's newest round, those that are ``known`` taken over.

    A round in which only hidden providers have quotes is none: it is taken out of ``places``.
    """
    is_tender = tender_rule(geography)
    entries = dict(known)
    while missing := [rounds[0] for corridor, rounds in places.by_corridor.items() if corridor not in entries]:
        entries.update(read_entries(connection, missing, is_tender, seen))
        for place in missing:
            if place.corridor not in entries:
                places.by_corridor[place.corridor].remove(place)
                if not places.by_corridor[place.corridor]:
                    del places.by_corridor[place.corridor]
    return {corridor: entries[corridor] for corridor in sorted(entries)}


def spelled_providers(spellings: Iterable[Spelling], seen: Seen) -> tuple[dict[str, str], tuple[Spelling, ...]]:
    """Return the names of the providers that may be seen, by id, and their spellings by sources that may be."""
    found = tuple(one for one in spellings if seen.shows(one.source) and one.provider not in seen.hidden)
    spelled: defaultdict[str, set[str]] = defaultdict(set)
    for spelling in found:
        spelled[spelling.provider].add(" ".join(spelling.published.split()))
    return {provider: shown_name(provider, spelled[provider]) for provider in sorted(spelled)}, found
