"""A board itself: what a worker knows without asking the database, and what it says of corridors and rounds."""

import gc
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.board.live import Live
from app.board.rounds import Rounds, Seen
from app.domain.corridors import Corridor, near
from app.domain.errors import CorridorNotCovered, NoDataYet
from app.domain.operator_notices import OperatorNotice
from app.domain.quotes import LiveQuote
from app.domain.rates import Institution, RateBook
from app.domain.rounds import CorridorRound
from app.sources.source import Source
from app.store.providers import Spelling
from app.store.versions import DatasetVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What a worker knows without asking the database; nothing in it ever changes.

    ``rounds``: each corridor's newest round. ``periods``: the quarters in which each corridor was surveyed, oldest
    first. ``live_quotes``: each corridor's current live quotes, by id, and ``live`` the services that they are of.
    ``versions``: the newest dataset version that touched each corridor. ``newest_periods``: each source's newest
    quarter anywhere, and ``newest_since`` when its first quote arrived. ``rates``: fixings of the last 40 days, by
    ``institutions``, and pegs; ``rates_from``: the imports that they are from. ``sources``: every source by key,
    partners included, shown or not; ``shown``: those whose figures may be seen here, null for all; ``hidden``: the
    providers that may not. ``notices``: what the operator has to say. ``version`` (the newest that any of those shown
    brought) and ``is_synthetic`` are null while there are no data.

    ``as_of``: the dataset version at which all this was known, null for what is known now.
    """

    version: DatasetVersion | None
    loaded_at: datetime
    is_synthetic: bool | None
    rounds: Rounds
    periods: Mapping[str, tuple[str, ...]]
    versions: Mapping[str, DatasetVersion]
    newest_periods: Mapping[str, str]
    newest_since: Mapping[str, datetime]
    live_quotes: Mapping[str, tuple[LiveQuote, ...]]
    live: Live
    rates: RateBook
    institutions: Mapping[str, Institution]
    rates_from: Mapping[str, int]
    providers: Mapping[str, str]
    spellings: tuple[Spelling, ...]
    sources: Mapping[str, Source]
    shown: frozenset[str] | None
    hidden: frozenset[str]
    notices: tuple[OperatorNotice, ...]
    as_of: int | None = None

    @property
    def seen(self) -> Seen:
        """What may be seen here: so rounds of the past are read."""
        return Seen(self.shown, self.hidden, self.as_of)

    @property
    def dataset_version(self) -> int:
        """The number of the dataset version, 0 while there are no data."""
        return 0 if self.version is None else self.version.version

    @property
    def committed_at(self) -> datetime | None:
        """When the dataset version was committed."""
        return None if self.version is None else self.version.committed_at

    @property
    def corridors(self) -> tuple[str, ...]:
        """The ids of all corridors with a current quote, of a survey or live, sorted."""
        return tuple(sorted({*self.periods, *self.live_quotes}))

    @property
    def surveyed(self) -> tuple[str, ...]:
        """All quarters in which any corridor was surveyed, oldest first."""
        return tuple(sorted({period for periods in self.periods.values() for period in periods}))

    def newest_round(self, corridor: str) -> CorridorRound:
        """Return a corridor's newest round; raise NoDataYet or CorridorNotCovered where there is none."""
        found = self.rounds.get(corridor)
        if found is None:
            if not self.rounds:
                raise NoDataYet
            sender, receiver = corridor.split("-")
            raise CorridorNotCovered(corridor=corridor, suggestions=near(Corridor(sender, receiver), self.rounds))
        return found

    def check_covered(self, corridor: str) -> None:
        """Raise NoDataYet or CorridorNotCovered where a corridor has neither a survey round nor live quotes."""
        if corridor in self.periods or corridor in self.live_quotes:
            return
        if not self.corridors:
            raise NoDataYet
        sender, receiver = corridor.split("-")
        raise CorridorNotCovered(corridor=corridor, suggestions=near(Corridor(sender, receiver), self.corridors))

    def prepare(self) -> None:
        """Compute every round and live curve that nobody asked for yet; to be called off the request path.

        The whole is then taken out of the garbage collector's sight, or each full collection would walk all of it
        (pauses of 90 ms). What is garbage now is collected first: frozen, it would never be.
        """
        waiting = [entry for entry in self.rounds.entries.values() if not entry.is_built]
        for entry in waiting:
            entry.round()
        self.live.prepare()
        if waiting:
            gc.collect()
            gc.freeze()
