"""Which prices an answer rests on, live quotes or a survey round; never both (METHODOLOGY, One epoch per answer)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from app.board import Board
from app.compare.answers import DEFAULT, PUBLISHED, Comparison, ComparisonQuestion, Notice
from app.compare.asking import LiveContext, live_context
from app.compare.live import compare_live
from app.compare.survey import SurveyContext, compare_survey, survey_context
from app.domain.errors import (
    ContradictoryParameters,
    InvalidParameter,
    NoLiveQuotes,
    PeriodNotSurveyed,
    UnknownProvider,
    listed,
)
from app.domain.geography import Geography
from app.domain.live import CorridorLive
from app.domain.money import check_amount
from app.domain.operator_notices import OPERATOR_NOTICE, notices_about
from app.domain.providers import suggest_providers
from app.domain.quotes import quarter_end
from app.domain.rounds import CorridorRound
from app.domain.vocabulary import AmountIs, Basis

PastRound: TypeAlias = Callable[[str, str], CorridorRound]
"""Reads the round of a corridor in a past quarter, which no board holds."""

RECENT_PERIODS = 4


@dataclass(frozen=True, slots=True)
class SurveyPrices:
    """A corridor's survey round, and what an answer about it rests on."""

    round: CorridorRound
    context: SurveyContext


@dataclass(frozen=True, slots=True)
class LivePrices:
    """A corridor's live services, and what an answer about them rests on."""

    live: CorridorLive
    context: LiveContext


Prices: TypeAlias = SurveyPrices | LivePrices


def find_prices(  # noqa: PLR0913 - which corridor, what was asked of it, when, and who reads the past
    board: Board, corridor: str, *, basis: Basis | None, period: str | None, now: datetime, past: PastRound
) -> Prices:
    """Return a corridor's prices on the basis that was asked for, else on the default one.

    Raises NoDataYet, CorridorNotCovered, PeriodNotSurveyed, and NoLiveQuotes where live ones were asked for in vain.
    """
    board.check_covered(corridor)
    live, periods = board.live.get(corridor), board.periods.get(corridor, ())
    if basis is Basis.LIVE:
        if live is None:
            known = listed(sorted(periods, reverse=True), RECENT_PERIODS)
            raise NoLiveQuotes(f"{corridor} has survey rounds ({known}): leave out basis, or write basis=survey.")
        return LivePrices(live, live_context(board, corridor, basis_reason="asked_for", is_asked=True))
    if live is not None and basis is None and period is None:
        if not periods:
            return LivePrices(live, live_context(board, corridor, basis_reason="no_survey_round", is_asked=False))
        if live.is_default(now):
            return LivePrices(live, live_context(board, corridor, basis_reason="live_quotes", is_asked=False))
    if not periods and period is None:
        raise PeriodNotSurveyed(corridor=corridor, period="any quarter", known=())
    if period is not None and period not in periods:
        raise PeriodNotSurveyed(corridor=corridor, period=period, known=periods)
    newest = board.rounds[corridor]
    found = newest if period in {None, newest.period} else past(corridor, period or newest.period)
    reason, since = "no_live_quotes", None
    if live is not None:
        is_asked = basis is not None or period is not None
        reason = "asked_for" if is_asked else "too_few_live_providers"
        since = None if is_asked else live.live_until
    return SurveyPrices(found, survey_context(board, found, basis_reason=reason, basis_since=since))


def compare(
    prices: Prices, question: ComparisonQuestion, *, board: Board, geography: Geography, now: datetime
) -> Comparison:
    """Rank the offers for one question as seen at ``now`` (UTC), after checking what only the data can judge."""
    for provider in sorted(question.filters.provider):
        if provider not in board.providers:
            raise UnknownProvider(text=provider, suggestions=suggest_providers(provider, board.providers))
    for code in (question.sending_currency, question.receiving_currency):
        if code is not None:
            geography.currency(code)
    question = replace(question, benchmark=_benchmark(question.benchmark, prices, board))
    if question.amount is not None:
        check_amount(question.amount, geography.currency(_amount_currency(prices, question, geography, now)))
    if isinstance(prices, LivePrices):
        answer = compare_live(prices.live, question, context=prices.context, geography=geography, now=now)
    else:
        answer = compare_survey(prices.round, question, context=prices.context, geography=geography, now=now)
    said = _said_by_the_operator(board, answer)
    return replace(answer, notices=(*said, *answer.notices)) if said else answer


def _said_by_the_operator(board: Board, answer: Comparison) -> tuple[Notice, ...]:
    """Return the operator's notices about the corridor, the sources or the providers of an answer."""
    if not board.notices:
        return ()
    ranked = {one.description.provider for offer in answer.ranking.offers for one in offer.members}
    left_out = {one.candidate.description.provider for one in answer.ranking.excluded}
    found = notices_about(
        board.notices, corridors=(answer.corridor,), providers=ranked | left_out, sources=answer.sources
    )
    return tuple(Notice(OPERATOR_NOTICE, one.text) for one in found)


def _benchmark(asked: str | None, prices: Prices, board: Board) -> str | None:
    """Return the institution that live margins are to be measured against; null where none was chosen.

    Refuses an institution that nobody knows, and any where margins stand as published.
    """
    if asked in {None, PUBLISHED, DEFAULT}:
        return None
    if isinstance(prices, SurveyPrices):
        detail = "A survey's margins stand as published: leave out benchmark, or write basis=live."
        raise ContradictoryParameters("benchmark", "basis", detail=detail)
    if asked not in board.institutions:
        known = listed(sorted(board.institutions)) or "none: no reference rates were fetched yet"
        raise InvalidParameter(parameter="benchmark", expected=f"an institution ({known})", given=asked)
    return asked


def _amount_currency(prices: Prices, question: ComparisonQuestion, geography: Geography, now: datetime) -> str:
    if isinstance(prices, LivePrices):
        sending = question.sending_currency or prices.live.default_currency(now)
        paid_out = prices.live.pays_out(sending) if sending in prices.live.currencies else None
    else:
        sending = question.sending_currency or prices.round.default_currency
        paid_out = geography.local_currency(prices.round.corridor[4:], quarter_end(prices.round.period))
    if question.amount_is is not AmountIs.RECEIVED:
        return sending
    return question.receiving_currency or paid_out or sending
