"""The board: every corridor's newest round, immutable, in memory; one for each worker, replaced when the data change.

Reading it costs no database. A round's curves and figures are computed when it is first asked for, or by ``prepare``
off the request path, so that a worker answers its first question at once. Past rounds, which nobody keeps in memory,
are built from the database by ``round_of`` and ``rounds_of`` in the same shape.
"""

import gc
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from types import MappingProxyType

from sqlalchemy import Connection, Engine

from app.db import reading
from app.domain.corridors import Corridor, near
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

IsTender = Callable[[str, str, date], bool]


class _Entry:
    """One corridor's newest round: its quotes until somebody asks, then what is computed from them."""

    __slots__ = ("_built", "_lock", "_quotes", "_tender", "place")

    def __init__(self, place: Round, quotes: list[Quote], tender: IsTender) -> None:
        self.place = place
        self._quotes = quotes
        self._tender = tender
        self._built: CorridorRound | None = None
        self._lock = threading.Lock()

    @property
    def is_built(self) -> bool:
        """Whether the round has been computed."""
        return self._built is not None

    def round(self) -> CorridorRound:
        """Return the round, computing it the first time."""
        if self._built is None:
            with self._lock:
                if self._built is None:
                    source, corridor, period = self.place
                    self._built = corridor_round(corridor, source, period, self._quotes, self._tender)
                    self._quotes = []
        return self._built


class _Rounds(Mapping[str, CorridorRound]):
    """The rounds by corridor; looks like a dictionary of them."""

    __slots__ = ("entries",)

    def __init__(self, entries: Mapping[str, _Entry]) -> None:
        self.entries = entries

    def __getitem__(self, corridor: str) -> CorridorRound:
        return self.entries[corridor].round()

    def __contains__(self, corridor: object) -> bool:
        return corridor in self.entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What a worker knows without asking the database; nothing in it ever changes.

    ``rounds``: each corridor's newest round. ``periods``: the quarters in which each corridor was surveyed, oldest
    first. ``versions``: the newest dataset version that touched each corridor. ``newest_periods``: each source's
    newest quarter anywhere, and ``newest_since`` when its first quote arrived.
    ``version`` and ``is_synthetic`` are null while there are no data.
    """

    version: DatasetVersion | None
    loaded_at: datetime
    is_synthetic: bool | None
    rounds: _Rounds
    periods: Mapping[str, tuple[str, ...]]
    versions: Mapping[str, DatasetVersion]
    newest_periods: Mapping[str, str]
    newest_since: Mapping[str, datetime]
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
            sender, receiver = corridor.split("-")
            raise CorridorNotCovered(corridor=corridor, suggestions=near(Corridor(sender, receiver), self.rounds))
        return found

    def prepare(self) -> None:
        """Compute every round that nobody asked for yet; to be called off the request path.

        The whole is then taken out of the garbage collector's sight, or each full collection would walk all of it
        (pauses of 90 ms). What is garbage now is collected first: frozen, it would never be.
        """
        waiting = [entry for entry in self.rounds.entries.values() if not entry.is_built]
        for entry in waiting:
            entry.round()
        if waiting:
            gc.collect()
            gc.freeze()


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
    entries = _unchanged(previous, newest, versions)
    missing = [place for corridor, place in newest.items() if corridor not in entries]
    entries.update(_read_entries(connection, missing, tender_rule(geography)))
    return Board(
        version=imports.newest_version(connection),
        loaded_at=now,
        is_synthetic=imports.is_synthetic(connection),
        rounds=_Rounds({corridor: entries[corridor] for corridor in sorted(entries)}),
        periods=MappingProxyType({corridor: tuple(sorted(set(known[corridor]))) for corridor in sorted(known)}),
        versions=MappingProxyType(versions),
        newest_periods=MappingProxyType(newest_periods),
        newest_since=MappingProxyType(
            {
                source: since
                for source, period in newest_periods.items()
                if (since := stored_rounds.arrived(connection, source, period)) is not None
            }
        ),
        providers=MappingProxyType(providers.names(connection)),
        spellings=tuple(providers.spellings(connection)),
    )


def load_newer(engine: Engine, geography: Geography, now: datetime, than: Board | None) -> Board | None:
    """Return a new board if the database has another dataset version than this board, else null.

    To be called off the request path, about once a second: it costs one query while nothing changes. The new board
    is prepared, unless it is the first, and so is one that was not; the caller swaps boards in one assignment.
    """
    with reading(engine) as connection:
        newest = imports.newest_version(connection)
        is_new = than is None or newest != than.version
        board = load(connection, geography, now, than) if is_new else None
    if than is not None:
        (board or than).prepare()
    return board


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
    found = _read_entries(connection, list(places.values()), tender_rule(geography))
    yield from (found[corridor].round() for corridor in sorted(found))


def tender_rule(geography: Geography) -> IsTender:
    """Return the question whether a currency is tender, or at par with it, in a country on a day; answers are kept."""
    return cache(geography.shares_tender)


def _unchanged(
    previous: Board | None, newest: Mapping[str, Round], versions: Mapping[str, DatasetVersion]
) -> dict[str, _Entry]:
    if previous is None:
        return {}
    entries = previous.rounds.entries
    return {
        corridor: entries[corridor]
        for corridor in newest
        if corridor in entries and previous.versions.get(corridor) == versions.get(corridor)
    }


def _read_entries(connection: Connection, places: list[Round], is_tender: IsTender) -> dict[str, _Entry]:
    wanted: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for place in places:
        wanted[place.source, place.period].add(place.corridor)
    shared: dict[bytes, Description] = {}
    found = {}
    for (source, period), corridors in wanted.items():
        for corridor, quotes in _quotes(connection, source, period, corridors, shared):
            found[corridor] = _Entry(Round(source, corridor, period), quotes, is_tender)
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
