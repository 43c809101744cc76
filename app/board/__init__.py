"""The board: every corridor's newest round and its current live quotes, and the reference rates of late; immutable.

It is in memory, one for each worker, and replaced when the data change. A public board knows nothing of sources that
may not be shown: no quote, corridor, provider, spelling or version that only they brought.

Reading it costs no database. A round's curves and figures are computed when it is first asked for, or by ``prepare``
off the request path, so that a worker answers its first question at once. Past rounds, which nobody keeps in memory,
are built from the database by ``round_of`` and ``rounds_of`` in the same shape.
"""

import gc
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import Connection, Engine

from app.board.known_sources import known_sources, only_partners_came, shown_sources
from app.board.live import Live
from app.board.rounds import Entry, Rounds, read_entries, round_of, rounds_of, tender_rule
from app.db import reading
from app.domain.corridors import Corridor, near
from app.domain.errors import CorridorNotCovered, NoDataYet
from app.domain.geography import Geography
from app.domain.quotes import LiveQuote
from app.domain.rates import Institution, RateBook
from app.domain.rounds import CorridorRound
from app.reference import pegs
from app.sources.provider_names import shown_name
from app.sources.source import Source, sources
from app.store import imports, live_quotes, providers, rates
from app.store import rounds as stored_rounds
from app.store import versions as stored_versions
from app.store.providers import Spelling
from app.store.rounds import Round
from app.store.versions import DatasetVersion

__all__ = ["Board", "known_sources", "load", "load_newer", "round_of", "rounds_of", "shown_sources"]

RATES_SINCE = timedelta(days=40)
"""How far back the rates of a board go; older ones are in the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What a worker knows without asking the database; nothing in it ever changes.

    ``rounds``: each corridor's newest round. ``periods``: the quarters in which each corridor was surveyed, oldest
    first. ``live_quotes``: each corridor's current live quotes, by id, and ``live`` the services that they are of.
    ``versions``: the newest dataset version that touched each corridor. ``newest_periods``: each source's newest
    quarter anywhere, and ``newest_since`` when its first quote arrived. ``rates``: fixings of the last 40 days, by
    ``institutions``, and pegs; ``rates_from``: the imports that they are from. ``shown``: the sources whose figures
    may be seen here, null for all. ``sources``: every source by key, partners included, shown or not. ``version`` (the
    newest that any of those shown brought) and ``is_synthetic`` are null while there are no data.
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


def load(  # noqa: PLR0913 - what is read, when, after what, and for whose eyes
    connection: Connection,
    geography: Geography,
    now: datetime,
    previous: Board | None = None,
    *,
    with_private: bool = False,
    public_sources: Collection[str] = (),
    only: Collection[str] | None = None,
) -> Board:
    """Read the board from the database; corridors that no version touched since ``previous`` are taken over from it.

    Of sources that are private by their terms only the ``public_sources`` are on it, unless ``with_private``. ``only``
    these sources, where they are named: what else there is, is not for this reader.
    """
    known_here = known_sources(connection)
    shown = _shown(known_here, with_private=with_private, public_sources=public_sources, only=only)
    if previous is not None and not only_partners_came(previous.shown, shown):
        previous = None
    known: defaultdict[str, list[str]] = defaultdict(list)
    newest_periods: dict[str, str] = {}
    newest: dict[str, Round] = {}
    for place in stored_rounds.known(connection):
        if shown is not None and place.source not in shown:
            continue
        known[place.corridor].append(place.period)
        newest_periods[place.source] = max(newest_periods.get(place.source, ""), place.period)
        before = newest.get(place.corridor)
        if before is None or (place.period, place.source) > (before.period, before.source):
            newest[place.corridor] = place
    version = stored_versions.newest_version(connection, shown)
    versions = _versions(connection, previous, shown)
    entries = _unchanged(previous, newest, versions)
    missing = [place for corridor, place in newest.items() if corridor not in entries]
    entries.update(read_entries(connection, missing, tender_rule(geography)))
    live = _live_quotes(connection, previous, shown, versions)
    book, institutions, rates_from = _rates(connection, previous, shown, now)
    names, spellings = _providers(connection, shown)
    return Board(
        version=version,
        loaded_at=now,
        is_synthetic=None if version is None else imports.is_synthetic(connection),
        rounds=Rounds({corridor: entries[corridor] for corridor in sorted(entries)}),
        periods=MappingProxyType({corridor: tuple(sorted(set(known[corridor]))) for corridor in sorted(known)}),
        versions=MappingProxyType({c: versions[c] for c in sorted(known.keys() | live.keys()) if c in versions}),
        newest_periods=MappingProxyType(newest_periods),
        newest_since=MappingProxyType(
            {
                source: since
                for source, period in newest_periods.items()
                if (since := stored_rounds.arrived(connection, source, period)) is not None
            }
        ),
        live_quotes=MappingProxyType(live),
        live=Live(live, book, None if previous is None else previous.live),
        rates=book,
        institutions=MappingProxyType(institutions),
        rates_from=MappingProxyType(rates_from),
        providers=MappingProxyType(names),
        spellings=spellings,
        sources=MappingProxyType(known_here),
        shown=shown,
    )


def load_newer(  # noqa: PLR0913 - as of ``load``
    engine: Engine,
    geography: Geography,
    now: datetime,
    than: Board | None,
    *,
    with_private: bool = False,
    public_sources: Collection[str] = (),
    only: Collection[str] | None = None,
) -> Board | None:
    """Return a new board if the database has another dataset version or partner than this board, else null.

    To be called off the request path, about once a second: it costs two small queries while nothing changes. The new
    board is prepared, unless it is the first, and so is one that was not; the caller swaps boards in one assignment.
    ``with_private``, ``public_sources`` and ``only`` as of ``load``: what may not be shown makes no new board.
    """
    with reading(engine) as connection:
        known = known_sources(connection)
        shown = _shown(known, with_private=with_private, public_sources=public_sources, only=only)
        is_new = (
            than is None
            or than.shown != shown
            or than.sources.keys() != known.keys()
            or stored_versions.newest_version(connection, shown) != than.version
        )
        board = None
        if is_new:
            board = load(
                connection,
                geography,
                now,
                than,
                with_private=with_private,
                public_sources=public_sources,
                only=only,
            )
    if than is not None:
        (board or than).prepare()
    return board


def _shown(
    known: Mapping[str, Source], *, with_private: bool, public_sources: Collection[str], only: Collection[str] | None
) -> frozenset[str] | None:
    if only is not None:
        return frozenset(only)
    return None if with_private else shown_sources(known, public_sources)


def _versions(
    connection: Connection, previous: Board | None, shown: Collection[str] | None
) -> dict[str, DatasetVersion]:
    """Return each corridor's newest version: of those that ``previous`` had, only what came since is looked up."""
    if previous is None:
        return stored_versions.corridor_newest_versions(connection, shown)
    since = stored_versions.corridor_newest_versions(connection, shown, since=previous.dataset_version)
    return {**previous.versions, **since}


def _live_quotes(
    connection: Connection,
    previous: Board | None,
    shown: Collection[str] | None,
    versions: Mapping[str, DatasetVersion],
) -> dict[str, tuple[LiveQuote, ...]]:
    """Return the current live quotes by corridor, through their index: history is not read."""
    corridors = live_quotes.corridors(connection, shown)
    taken = {} if previous is None else previous.live_quotes
    missing = [
        corridor
        for corridor in corridors
        if corridor not in taken or previous is None or previous.versions.get(corridor) != versions.get(corridor)
    ]
    fresh: dict[str, list[LiveQuote]] = {corridor: [] for corridor in missing}
    for quote in live_quotes.current(connection, missing, shown):
        fresh[quote.corridor].append(quote)
    return {corridor: tuple(fresh[corridor]) if corridor in fresh else taken[corridor] for corridor in corridors}


def _rates(
    connection: Connection, previous: Board | None, shown: Collection[str] | None, now: datetime
) -> tuple[RateBook, dict[str, Institution], dict[str, int]]:
    """Return the rates of late, those of ``previous`` where no import of rates ended since."""
    publishing = [key for key, source in sources().items() if source.kind == "rates"]
    newest = imports.newest_of(connection, [key for key in publishing if shown is None or key in shown])
    if previous is not None and previous.rates_from == newest:
        return previous.rates, dict(previous.institutions), newest
    institutions = {
        key: each for key, each in rates.institutions(connection).items() if shown is None or each.source in shown
    }
    fixings = rates.recent(connection, (now - RATES_SINCE).date()) if institutions else []
    book = RateBook((fixing for fixing in fixings if fixing.institution in institutions), pegs(), institutions)
    return book, institutions, newest


def _providers(connection: Connection, shown: Collection[str] | None) -> tuple[dict[str, str], tuple[Spelling, ...]]:
    """Return providers' names by id and all spellings, as far as sources that are shown have them."""
    names, spellings = providers.names(connection), providers.spellings(connection)
    if shown is None:
        return names, tuple(spellings)
    seen = tuple(spelling for spelling in spellings if spelling.source in shown)
    spelled: defaultdict[str, set[str]] = defaultdict(set)
    for spelling in seen:
        spelled[spelling.provider].add(spelling.published)
    hidden = {(each.provider, each.published) for each in spellings if each.published not in spelled[each.provider]}
    return {
        provider: shown_name(provider, spelled[provider]) if (provider, name) in hidden else name
        for provider, name in names.items()
        if spelled[provider]
    }, seen


def _unchanged(
    previous: Board | None, newest: Mapping[str, Round], versions: Mapping[str, DatasetVersion]
) -> dict[str, Entry]:
    if previous is None:
        return {}
    entries = previous.rounds.entries
    return {
        corridor: entries[corridor]
        for corridor in newest
        if corridor in entries and previous.versions.get(corridor) == versions.get(corridor)
    }
