"""Live services by corridor, grouped from the current quotes when they are first asked for."""

import threading
from collections.abc import Iterator, Mapping
from functools import cache

from app.domain.live import CorridorLive, corridor_live
from app.domain.quotes import LiveQuote
from app.domain.rates import RateBook


class Live(Mapping[str, CorridorLive]):
    """The live services by corridor; looks like a dictionary of them.

    Curves are kept with a corridor's services and rest on the rates, so that both are taken over from a board before
    only where neither changed.
    """

    __slots__ = ("_lock", "built", "quotes", "rates")

    def __init__(
        self, quotes: Mapping[str, tuple[LiveQuote, ...]], rates: RateBook, previous: "Live | None" = None
    ) -> None:
        self.quotes = quotes
        self.rates = rates
        self._lock = threading.Lock()
        self.built: dict[str, CorridorLive] = {}
        if previous is not None and previous.rates is rates:
            self.built = {
                corridor: built
                for corridor, built in list(previous.built.items())
                if corridor in quotes and quotes[corridor] is previous.quotes.get(corridor)
            }

    def prepare(self) -> None:
        """Make every curve that nobody asked for yet; to be called off the request path."""
        rate_at = cache(self.rates.at)  # most quotes of a board were seen on few days, in few pairs of currencies
        for corridor in self.quotes:
            live = self[corridor]
            for service in live.services:
                for sighting in service.sightings:
                    live.curve(sighting, rate_at)

    def __getitem__(self, corridor: str) -> CorridorLive:
        found = self.built.get(corridor)
        if found is None:
            quotes = self.quotes[corridor]
            with self._lock:
                found = self.built.setdefault(corridor, corridor_live(corridor, quotes))
        return found

    def __contains__(self, corridor: object) -> bool:
        return corridor in self.quotes

    def __iter__(self) -> Iterator[str]:
        return iter(self.quotes)

    def __len__(self) -> int:
        return len(self.quotes)
