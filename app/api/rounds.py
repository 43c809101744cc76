"""Which survey round a request is about: the newest from the board, a past one from the database."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app import db
from app.api.deps import RoundFigures, Served
from app.api.problems import ContradictoryParametersError, NoLiveQuotesError
from app.board import Board, round_of, rounds_of
from app.compare import SurveyContext, survey_context
from app.domain.errors import NoDataYet, PeriodNotSurveyed
from app.domain.rounds import CorridorRound
from app.domain.vocabulary import Basis

PAST_QUARTERS_KEPT = 16


@dataclass(frozen=True, slots=True)
class FoundRound:
    """A corridor's round with what its answer rests on."""

    round: CorridorRound
    context: SurveyContext


def find_round(shared: Served, board: Board, text: str, *, basis: Basis | None, period: str | None) -> FoundRound:
    """Return the round of a corridor, as somebody wrote it; the newest one never asks the database.

    Raises the domain's errors for what is not a corridor, not covered or not surveyed, and ``NoLiveQuotesError``.
    """
    check_basis(basis, period)
    corridor = shared.geography.corridor(text, board.corridors).id
    newest = board.newest_round(corridor)
    if basis is Basis.LIVE:
        known = ", ".join(reversed(board.periods[corridor][-4:]))
        raise NoLiveQuotesError(f"{corridor} has survey rounds ({known}): leave out basis, or write basis=survey.")
    if period is None or period == newest.period:
        return FoundRound(newest, survey_context(board, newest))
    if period not in board.periods[corridor]:
        raise PeriodNotSurveyed(corridor=corridor, period=period, known=board.periods[corridor])
    with db.reading(shared.engine) as connection:
        found = round_of(connection, shared.geography, corridor, period, known=board.periods[corridor])
    return FoundRound(found, survey_context(board, found))


def check_basis(basis: Basis | None, period: str | None) -> None:
    """Refuse ``basis=live`` with a period: only surveys have periods."""
    if basis is Basis.LIVE and period is not None:
        detail = "basis=live has no period; leave out one of the two."
        raise ContradictoryParametersError("basis", "period", detail=detail)


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
        raise NoDataYet
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
            found = {one.corridor: _figures(one) for one in rounds_of(connection, shared.geography, period)}
        with shared.past_figures_lock:  # endpoints run in threads
            while len(shared.past_figures) >= PAST_QUARTERS_KEPT:
                del shared.past_figures[next(iter(shared.past_figures))]
            shared.past_figures[key] = found
    return period, found


def _figures(found: CorridorRound) -> RoundFigures:
    return RoundFigures(found.corridor, found.source, found.period, found.figures)
