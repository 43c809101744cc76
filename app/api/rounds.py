"""Which prices a request is about: live ones or the newest round from the board, a past round from the database."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from app import db
from app.api.deps import Reading, RoundFigures, Served
from app.board import Board, round_of, rounds_of
from app.compare import LiveCorridors, Prices, find_prices, live_corridors
from app.domain.errors import ContradictoryParameters, NoDataYet, PeriodNotSurveyed
from app.domain.rounds import CorridorRound
from app.domain.vocabulary import Basis

PAST_QUARTERS_KEPT = 16
_ONLY_LIVE: Final = "No survey has been imported yet. Live prices are at /v1/corridors?basis=live"


def prices_of(reading: Reading, text: str, *, basis: Basis | None, period: str | None) -> Prices:
    """Return the prices of a corridor, as somebody wrote it; live ones and the newest round never ask the database.

    Raises the domain's errors for what is not a corridor, not covered, not surveyed or without live quotes.
    """
    check_basis(basis, period)
    shared, board = reading.shared, reading.board
    corridor = shared.geography.corridor(text, board.corridors).id

    def past(corridor: str, period: str) -> CorridorRound:
        with db.reading(shared.engine) as connection:
            return round_of(
                connection, shared.geography, corridor, period, known=board.periods[corridor], seen=board.seen
            )

    return find_prices(board, corridor, basis=basis, period=period, now=reading.now, past=past)


def check_basis(basis: Basis | None, period: str | None) -> None:
    """Refuse ``basis=live`` with a period: only surveys have periods."""
    if basis is Basis.LIVE and period is not None:
        detail = "basis=live has no period; leave out one of the two."
        raise ContradictoryParameters("basis", "period", detail=detail)


def check_period(board: Board, period: str, corridors: Collection[str] = ()) -> None:
    """Refuse a quarter in which none of these corridors (all where none is named) was surveyed."""
    if not board.periods:
        raise NoDataYet
    known = tuple(sorted({found for corridor in corridors for found in board.periods[corridor]})) or board.surveyed
    if period not in known:
        raise PeriodNotSurveyed(
            period=period, known=known, corridor=next(iter(corridors)) if len(corridors) == 1 else None
        )


def period_rounds(shared: Served, board: Board, period: str | None) -> tuple[str, Mapping[str, RoundFigures]]:
    """Return a quarter (the newest where null) and the figures of each corridor that was surveyed then.

    A past quarter is read from the database once for each dataset version; the figures of a few are kept.
    """
    if not board.rounds:
        raise NoDataYet(_ONLY_LIVE if board.corridors else None)
    if period is None:
        period = board.surveyed[-1]
    check_period(board, period)
    covered = [corridor for corridor, periods in board.periods.items() if period in periods]
    if all(board.periods[corridor][-1] == period for corridor in covered):
        return period, {corridor: _figures(board.rounds[corridor]) for corridor in covered}
    key = (board.dataset_version, period)
    found = shared.past_figures.get(key)
    if found is None:
        with db.reading(shared.engine) as connection:
            found = {
                one.corridor: _figures(one) for one in rounds_of(connection, shared.geography, period, seen=board.seen)
            }
        with shared.past_figures_lock:  # endpoints run in threads
            while len(shared.past_figures) >= PAST_QUARTERS_KEPT:
                del shared.past_figures[next(iter(shared.past_figures))]
            shared.past_figures[key] = found
    return period, found


def live_figures(shared: Served, board: Board, now: datetime) -> LiveCorridors:
    """Return all corridors' live figures; computed once for a board, and again when time has changed them.

    Raises ``NoLiveQuotes`` where no corridor has any.
    """
    kept = shared.live_corridors
    if kept is not None and kept[0] is board and kept[1].holds(now):
        return kept[1]
    found = live_corridors(board, shared.geography, now)
    if board.as_of is None:
        shared.live_corridors = (board, found)
    return found


def _figures(found: CorridorRound) -> RoundFigures:
    return RoundFigures(found.corridor, found.source, found.period, found.figures)
