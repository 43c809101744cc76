"""The board: every corridor's newest round, immutable, in memory; one for each worker, replaced when the data change.

Reading it costs no database. Past rounds, which nobody keeps in memory, are built from the database by ``round_of``
and ``rounds_of`` in the same shape.
"""

import gc
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from types import MappingProxyType

from sqlalchemy import Connection, Engine

from app.db import reading
from app.domain.errors import CorridorNotCovered, NoDataYet, PeriodNotSurveyed
from app.domain.geography import Geography
from app.domain.quotes import Description, Quote
from app.domain.rounds import CorridorRound, corridor_round
from app.store import imports, providers
from app.store import rounds as stored_rounds
from app.store.imports import DatasetVersion
from app.store.providers import Spelling
from app.store.rounds import Round

FEW_CORRIDORS = 8
"""Up to so many corridors of a quarter are read one by one; more are read with the whole quarter."""

NEAR_CORRIDORS = 3
"""So many covered corridors with the same receiver, and as many with the same sender, are suggested."""

IsTender = Callable[[str, str, date], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What a worker knows without asking the database; nothing in it ever changes.

    ``rounds``: each corridor's newest round. ``periods``: the quarters in which each corridor was surveyed, oldest
    first. ``versions``: the newest dataset version that touched each corridor. ``newest_periods``: each source's
    newest quarter anywhere. ``version`` and ``is_synthetic`` are null while there are no data.
    """

    version: DatasetVersion | None
    loaded_at: datetime
    is_synthetic: bool | None
    rounds: Mapping[str, CorridorRound]
    periods: Mapping[str, tuple[str, ...]]
    versions: Mapping[str, DatasetVersion]
    newest_periods: Mapping[str, str]
    providers: Mapping[str, str]
    spellings: tuple[Spelling, ...]

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
        """The ids of all corridors with a current quote, sorted."""
        return tuple(self.periods)

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
            raise CorridorNotCovered(corridor=corridor, suggestions=self._near(corridor))
        return found

    def _near(self, corridor: str) -> tuple[str, ...]:
        sender, receiver = corridor.split("-")
        same_sender = [other for other in self.rounds if other.startswith(sender)]
        same_receiver = [other for other in self.rounds if other.endswith(receiver)]
        return tuple(same_receiver[:NEAR_CORRIDORS] + same_sender[:NEAR_CORRIDORS])


def load(connection: Connection, geography: Geography, now: datetime, previous: Board | None = None) -> Board:
    """Read the board from the database; corridors that no version touched since ``previous`` are taken over from it."""
    known: defaultdict[str, list[str]] = defaultdict(list)
    newest_periods: dict[str, str] = {}
    newest: dict[str, Round] = {}
    for place in stored_rounds.known(connection):
        known[place.corridor].append(place.period)
        newest_periods[place.source] = max(newest_periods.get(place.source, ""), place.period)
        before = newest.get(place.corridor)
        if before is None or (place.period, place.source) > (before.period, before.source):
            newest[place.corridor] = place
    versions = imports.corridor_newest_versions(connection)
    rounds = _unchanged(previous, newest, versions)
    missing = [place for corridor, place in newest.items() if corridor not in rounds]
    rounds.update(_read_rounds(connection, missing, tender_rule(geography)))
    board = Board(
        version=imports.newest_version(connection),
        loaded_at=now,
        is_synthetic=imports.is_synthetic(connection),
        rounds=MappingProxyType({corridor: rounds[corridor] for corridor in sorted(rounds)}),
        periods=MappingProxyType({corridor: tuple(sorted(set(known[corridor]))) for corridor in sorted(known)}),
        versions=MappingProxyType(versions),
        newest_periods=MappingProxyType(newest_periods),
        providers=MappingProxyType(providers.names(connection)),
        spellings=tuple(providers.spellings(connection)),
    )
    gc.freeze()  # or each full collection walks all of it: pauses of 90 ms (PERFORMANCE)
    return board


def load_newer(engine: Engine, geography: Geography, now: datetime, than: Board | None) -> Board | None:
    """Return a new board if the database has another dataset version than this board, else null; one query then.

    To be called off the request path; the caller swaps the boards in one assignment.
    """
    with reading(engine) as connection:
        newest = imports.newest_version(connection)
        if than is not None and newest == than.version:
            return None
        return load(connection, geography, now, than)


def round_of(
    connection: Connection, geography: Geography, corridor: str, period: str, *, known: tuple[str, ...] = ()
) -> CorridorRound:
    """Return one corridor's round of a quarter from the database; raise PeriodNotSurveyed where there is none.

    ``known``: the corridor's quarters, which the error names.
    """
    quotes = stored_rounds.quotes_of(connection, corridor, period)
    if not quotes:
        raise PeriodNotSurveyed(corridor=corridor, period=period, known=known)
    source = max(quote.source for quote in quotes)
    own = [quote for quote in quotes if quote.source == source]
    return corridor_round(corridor, source, period, own, tender_rule(geography))


def rounds_of(connection: Connection, geography: Geography, period: str) -> Iterator[CorridorRound]:
    """Give all corridors' rounds of one quarter from the database, in the order of their ids."""
    places: dict[str, Round] = {}
    for place in stored_rounds.of_period(connection, period):
        places[place.corridor] = max(place, places.get(place.corridor, place))
    found = _read_rounds(connection, list(places.values()), tender_rule(geography))
    yield from (found[corridor] for corridor in sorted(found))


def tender_rule(geography: Geography) -> IsTender:
    """Return the question whether a currency is tender, or at par with it, in a country on a day; answers are kept."""
    return cache(geography.shares_tender)


def _unchanged(
    previous: Board | None, newest: Mapping[str, Round], versions: Mapping[str, DatasetVersion]
) -> dict[str, CorridorRound]:
    if previous is None:
        return {}
    return {
        corridor: previous.rounds[corridor]
        for corridor in newest
        if corridor in previous.rounds and previous.versions.get(corridor) == versions.get(corridor)
    }


def _read_rounds(connection: Connection, places: list[Round], is_tender: IsTender) -> dict[str, CorridorRound]:
    wanted: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for place in places:
        wanted[place.source, place.period].add(place.corridor)
    shared: dict[bytes, Description] = {}
    found = {}
    for (source, period), corridors in wanted.items():
        for corridor, quotes in _quotes(connection, source, period, corridors, shared):
            found[corridor] = corridor_round(corridor, source, period, quotes, is_tender)
    return found


def _quotes(
    connection: Connection, source: str, period: str, corridors: set[str], shared: dict[bytes, Description]
) -> Iterator[tuple[str, list[Quote]]]:
    if len(corridors) <= FEW_CORRIDORS:
        for corridor in corridors:
            yield corridor, stored_rounds.quotes_of(connection, corridor, period, source=source)
        return
    by_corridor: defaultdict[str, list[Quote]] = defaultdict(list)
    for quote in stored_rounds.quotes_of_period(connection, source, period, shared):
        if quote.corridor in corridors:
            by_corridor[quote.corridor].append(quote)
    yield from by_corridor.items()
