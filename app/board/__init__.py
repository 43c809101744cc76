"""The board: every corridor's newest round and its current live quotes, and the reference rates of late; immutable.

It is in memory, one for each worker, and replaced when the data change. A public board knows nothing of sources that
may not be shown: no quote, corridor, provider, spelling or version that only they brought; nor does any of a provider
that the operator hid.

Reading it costs no database. A round's curves and figures are computed when it is first asked for, or by ``prepare``
off the request path, so that a worker answers its first question at once. Past rounds, which nobody keeps in memory,
are built from the database by ``round_of`` and ``rounds_of`` in the same shape, and so is a board as it was known at an
instant, by ``load_as_of``.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import Connection, Engine

from app.board.board import Board
from app.board.known_sources import known_sources, only_partners_came, shown_sources
from app.board.live import Live
from app.board.parts import RATES_SINCE, Places, newest_entries, spelled_providers
from app.board.past import load_as_of
from app.board.rounds import Entry, Rounds, Seen, round_of, rounds_of
from app.db import reading
from app.domain.geography import Geography
from app.domain.quotes import LiveQuote
from app.domain.rates import Institution, RateBook
from app.reference import pegs
from app.sources.source import Source, sources
from app.store import hidden_providers, imports, live_quotes, notices, providers, rates
from app.store import rounds as stored_rounds
from app.store import versions as stored_versions
from app.store.versions import DatasetVersion

__all__ = [
    "RATES_SINCE",
    "Board",
    "Seen",
    "known_sources",
    "load",
    "load_as_of",
    "load_newer",
    "round_of",
    "rounds_of",
    "shown_sources",
]


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
    seen = Seen(shown, hidden_providers.hidden(connection))
    places = Places.of(stored_rounds.known(connection), seen)
    version = stored_versions.newest_version(connection, shown)
    versions = _versions(connection, previous, shown)
    entries = newest_entries(connection, geography, places, seen, _unchanged(previous, places, versions))
    live = _live_quotes(connection, previous, seen, versions)
    book, institutions, rates_from = _rates(connection, previous, shown, now)
    names, spellings = spelled_providers(providers.spellings(connection), seen)
    return Board(
        version=version,
        loaded_at=now,
        is_synthetic=None if version is None else imports.is_synthetic(connection),
        rounds=Rounds(entries),
        periods=places.periods(),
        versions=MappingProxyType({c: versions[c] for c in sorted({*entries, *live}) if c in versions}),
        newest_periods=MappingProxyType(places.newest_periods),
        newest_since=MappingProxyType(places.newest_since(connection, seen)),
        live_quotes=MappingProxyType(live),
        live=Live(live, book, None if previous is None else previous.live),
        rates=book,
        institutions=MappingProxyType(institutions),
        rates_from=MappingProxyType(rates_from),
        providers=MappingProxyType(names),
        spellings=spellings,
        sources=MappingProxyType(known_here),
        shown=shown,
        hidden=seen.hidden,
        notices=notices.standing(connection),
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
    connection: Connection, previous: Board | None, seen: Seen, versions: Mapping[str, DatasetVersion]
) -> dict[str, tuple[LiveQuote, ...]]:
    """Return the current live quotes by corridor, through their index: history is not read."""
    corridors = live_quotes.corridors(connection, seen.shown)
    taken = {} if previous is None else previous.live_quotes
    missing = [
        corridor
        for corridor in corridors
        if corridor not in taken or previous is None or previous.versions.get(corridor) != versions.get(corridor)
    ]
    fresh: dict[str, list[LiveQuote]] = {corridor: [] for corridor in missing}
    for quote in live_quotes.current(connection, missing, seen.shown):
        if quote.description.provider not in seen.hidden:
            fresh[quote.corridor].append(quote)
    found = {corridor: tuple(fresh[corridor]) if corridor in fresh else taken[corridor] for corridor in corridors}
    return {corridor: quotes for corridor, quotes in found.items() if quotes}


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


def _unchanged(previous: Board | None, places: Places, versions: Mapping[str, DatasetVersion]) -> dict[str, Entry]:
    if previous is None:
        return {}
    entries = previous.rounds.entries
    return {
        corridor: entries[corridor]
        for corridor in places.by_corridor
        if corridor in entries and previous.versions.get(corridor) == versions.get(corridor)
    }
