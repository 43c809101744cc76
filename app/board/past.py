"""A board as it was known at an instant: a function of the dataset version of then, and of nothing that came later."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import Connection

from app.board.board import Board
from app.board.live import Live
from app.board.parts import RATES_SINCE, Places, newest_entries, spelled_providers
from app.board.rounds import Rounds, Seen
from app.domain.geography import Geography
from app.domain.quotes import LiveQuote
from app.domain.rates import RateBook
from app.reference import pegs
from app.sources.source import Source
from app.store import hidden_providers, imports, live_quotes, notices, providers, rates, versions
from app.store import rounds as stored_rounds


def load_as_of(  # noqa: PLR0913 - as known when, of what, and for whose eyes
    connection: Connection,
    geography: Geography,
    instant: datetime,
    *,
    sources: Mapping[str, Source],
    shown: frozenset[str] | None,
    corridor: str | None = None,
) -> Board:
    """Return the board as it was known at an instant: of the newest dataset version committed by then.

    ``sources`` and ``shown`` as of the board of the present: who may see what is decided today. With a ``corridor`` the
    rounds and live quotes of others are left out. Reads the database; nothing of it ever changes afterwards, if every
    version that will be committed under an earlier time is committed. It is the same for all instants of one version.
    """
    version = versions.version_as_of(connection, instant, shown)
    number, since = (0, instant) if version is None else (version.version, version.committed_at)
    seen = Seen(shown, hidden_providers.hidden(connection, number), number)
    places = Places.of(stored_rounds.known_as_of(connection, number), seen)
    newest_since = places.newest_since(connection, seen)
    if corridor is not None:
        places.by_corridor = {one: found for one, found in places.by_corridor.items() if one == corridor}
    entries = newest_entries(connection, geography, places, seen, {})
    live = _live_quotes(connection, corridor, seen)
    institutions = {key: one for key, one in rates.institutions(connection, number).items() if seen.shows(one.source)}
    fixings = rates.recent(connection, (since - RATES_SINCE).date(), number) if institutions else []
    book = RateBook((fixing for fixing in fixings if fixing.institution in institutions), pegs(), institutions)
    touched = versions.corridor_newest_versions(connection, shown, as_of=number, corridor=corridor)
    names, spellings = spelled_providers(providers.spellings(connection, number), seen)
    return Board(
        version=version,
        loaded_at=since,
        is_synthetic=None if version is None else imports.is_synthetic(connection),
        rounds=Rounds(entries),
        periods=places.periods(),
        versions=MappingProxyType({one: touched[one] for one in sorted({*entries, *live}) if one in touched}),
        newest_periods=MappingProxyType(places.newest_periods),
        newest_since=MappingProxyType(newest_since),
        live_quotes=MappingProxyType(live),
        live=Live(live, book),
        rates=book,
        institutions=MappingProxyType(institutions),
        rates_from=MappingProxyType({}),
        providers=MappingProxyType(names),
        spellings=spellings,
        sources=sources,
        shown=shown,
        hidden=seen.hidden,
        notices=notices.standing(connection, number),
        as_of=number,
    )


def _live_quotes(connection: Connection, corridor: str | None, seen: Seen) -> dict[str, tuple[LiveQuote, ...]]:
    found: defaultdict[str, list[LiveQuote]] = defaultdict(list)
    for quote in live_quotes.current_as_of(connection, corridor, seen.as_of or 0, seen.shown):
        if quote.description.provider not in seen.hidden:
            found[quote.corridor].append(quote)
    return {one: tuple(found[one]) for one in sorted(found)}
