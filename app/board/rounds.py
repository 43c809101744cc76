"""Survey rounds: a corridor's newest one computed when it is first asked for, past ones built from the database."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from sqlalchemy import Connection

from app.domain.errors import PeriodNotSurveyed
from app.domain.geography import Geography
from app.domain.methodology import REFERENCE_RATE_DAYS
from app.domain.quotes import Description, Quote
from app.domain.rates import RateBook, ReferenceRate
from app.domain.rounds import CorridorRound, collection_days, corridor_round
from app.reference import pegs
from app.store import rates
from app.store import rounds as stored_rounds
from app.store.rounds import Round

FEW_CORRIDORS = 8
"""Up to so many corridors of a quarter are read one by one; more are read with the whole quarter."""

IsTender = Callable[[str, str, date], bool]


class Entry:
    """One corridor's newest round: its quotes until somebody asks, then what is computed from them."""

    __slots__ = ("_built", "_lock", "_quotes", "_tender", "_usd_rates", "place")

    def __init__(self, place: Round, quotes: list[Quote], tender: IsTender, usd_rates: Mapping[str, Fraction]) -> None:
        self.place = place
        self._usd_rates = usd_rates
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
                    self._built = corridor_round(
                        corridor, source, period, self._quotes, self._tender, usd_rates=self._usd_rates
                    )
                    self._quotes = []
        return self._built


class Rounds(Mapping[str, CorridorRound]):
    """The rounds by corridor; looks like a dictionary of them."""

    __slots__ = ("entries",)

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self.entries = entries

    def __getitem__(self, corridor: str) -> CorridorRound:
        return self.entries[corridor].round()

    def __contains__(self, corridor: object) -> bool:
        return corridor in self.entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)


class Seen(NamedTuple):
    """What may be seen: of which sources (null: all), without which providers, and as known at which dataset version.

    ``as_of`` is null for what is known now.
    """

    shown: frozenset[str] | None = None
    hidden: frozenset[str] = frozenset()
    as_of: int | None = None

    def shows(self, source: str) -> bool:
        """Say whether a source's figures may be seen."""
        return self.shown is None or source in self.shown


def round_of(  # noqa: PLR0913 - which round, from where, and of what may be seen
    connection: Connection,
    geography: Geography,
    corridor: str,
    period: str,
    *,
    known: tuple[str, ...] = (),
    seen: Seen = Seen(),  # noqa: B008 - a tuple that nobody can change
) -> CorridorRound:
    """Return one corridor's round of a quarter from the database; raise PeriodNotSurveyed where there is none.

    ``known``: the corridor's quarters, which the error names.
    """
    found = stored_rounds.quotes_of(connection, corridor, period, as_of=seen.as_of)
    quotes = [one for one in found if seen.shows(one.source) and one.description.provider not in seen.hidden]
    if not quotes:
        raise PeriodNotSurveyed(corridor=corridor, period=period, known=known)
    source = max(quote.source for quote in quotes)
    own = [quote for quote in quotes if quote.source == source]
    usd_rates = usd_rates_of(connection, [own], seen.as_of)[0]
    return corridor_round(corridor, source, period, own, tender_rule(geography), usd_rates=usd_rates)


def rounds_of(
    connection: Connection,
    geography: Geography,
    period: str,
    *,
    seen: Seen = Seen(),  # noqa: B008 - a tuple that nobody can change
) -> Iterator[CorridorRound]:
    """Give all corridors' rounds of one quarter from the database, in the order of their ids."""
    if seen.as_of is None:
        surveyed = stored_rounds.of_period(connection, period)
    else:
        surveyed = [place for place in stored_rounds.known_as_of(connection, seen.as_of) if place.period == period]
    places: dict[str, Round] = {}
    for place in surveyed:
        if seen.shows(place.source):
            places[place.corridor] = max(place, places.get(place.corridor, place))
    found = read_entries(connection, list(places.values()), tender_rule(geography), seen)
    yield from (found[corridor].round() for corridor in sorted(found))


def tender_rule(geography: Geography) -> IsTender:
    """Return the question whether a currency is tender, or at par with it, in a country on a day; answers are kept."""
    return cache(geography.shares_tender)


def read_entries(connection: Connection, places: list[Round], is_tender: IsTender, seen: Seen) -> dict[str, Entry]:
    """Read the quotes of rounds; whole quarters at once where many of their corridors are asked for.

    A round in which only hidden providers have quotes is left out.
    """
    wanted: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for place in places:
        wanted[place.source, place.period].add(place.corridor)
    shared: dict[bytes, Description] = {}
    read = [
        (Round(source, corridor, period), quotes)
        for (source, period), corridors in wanted.items()
        for corridor, found in _quotes(connection, source, period, corridors, shared, seen.as_of)
        if (quotes := [one for one in found if one.description.provider not in seen.hidden])
    ]
    usd_rates = usd_rates_of(connection, [quotes for _, quotes in read], seen.as_of)
    return {
        place.corridor: Entry(place, quotes, is_tender, usd)
        for (place, quotes), usd in zip(read, usd_rates, strict=True)
    }


def usd_rates_of(
    connection: Connection, rounds: Sequence[Sequence[Quote]], as_of: int | None = None
) -> list[dict[str, Fraction]]:
    """Return, for each round, US dollars for one unit of its currencies when they were surveyed, where known.

    Only the days that are needed are read, each with the week before it; as known at a dataset version, if told.
    """
    institutions = rates.institutions(connection, as_of)
    days = [collection_days(quotes) for quotes in rounds]
    if not institutions:
        return [{} for _ in rounds]
    wanted: defaultdict[date, set[str]] = defaultdict(set)
    for found in days:
        for currency, day in found.items():
            wanted[day].add(currency)
    known: dict[tuple[str, date], Fraction] = {}
    for day, currencies in wanted.items():
        since = day - timedelta(days=REFERENCE_RATE_DAYS)
        fixings = rates.between(connection, {"USD", *currencies}, since, day, as_of)
        book = RateBook(fixings, pegs(), institutions)
        for currency in currencies:
            rate = book.rate(currency, "USD", day)
            if isinstance(rate, ReferenceRate):
                known[currency, day] = rate.rate
    return [{c: known[c, day] for c, day in found.items() if (c, day) in known} for found in days]


def _quotes(  # noqa: PLR0913, PLR0917 - which rounds, from where, and as known when
    connection: Connection,
    source: str,
    period: str,
    corridors: set[str],
    shared: dict[bytes, Description],
    as_of: int | None,
) -> Iterator[tuple[str, list[Quote]]]:
    if len(corridors) <= FEW_CORRIDORS:
        for corridor in corridors:
            yield corridor, stored_rounds.quotes_of(connection, corridor, period, source=source, as_of=as_of)
        return
    by_corridor: defaultdict[str, list[Quote]] = defaultdict(list)
    for quote in stored_rounds.quotes_of_period(connection, source, period, shared, as_of=as_of):
        if quote.corridor in corridors:
            by_corridor[quote.corridor].append(quote)
    yield from by_corridor.items()
