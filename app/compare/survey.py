"""Compare on the survey basis: a corridor's round and a question → the answer. No database, no clock: arguments."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from app.board import Board
from app.compare.answers import (
    SYNTHETIC,
    Comparison,
    ComparisonQuestion,
    Notice,
    no_price_here,
    relaxations,
    summary_of,
    with_tax,
)
from app.domain.errors import InvalidParameter
from app.domain.geography import Geography
from app.domain.methodology import SURVEYED_AMOUNT_USD
from app.domain.quotes import quarter_end
from app.domain.ranking import Question, rank
from app.domain.rounds import CorridorRound, stops_being_current, survey_freshness
from app.domain.vocabulary import AmountIs, AmountTier, Basis, Freshness


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyContext:
    """What an answer rests on beside its round: versions and the source's newest round, with when it arrived.

    ``basis_reason``: why this basis; ``basis_since``: the instant from which it is the default, null where always.
    """

    dataset_version: int
    committed_at: datetime
    newest_period: str
    newest_period_since: datetime
    is_synthetic: bool = False
    basis_reason: str = "no_live_quotes"
    basis_since: datetime | None = None


def survey_context(
    board: Board, found: CorridorRound, *, basis_reason: str = "no_live_quotes", basis_since: datetime | None = None
) -> SurveyContext:
    """Return what an answer about a round rests on, as the board knows it."""
    version = board.versions[found.corridor]
    return SurveyContext(
        dataset_version=version.version,
        committed_at=version.committed_at,
        newest_period=board.newest_periods[found.source],
        newest_period_since=board.newest_since[found.source],
        is_synthetic=bool(board.is_synthetic),
        basis_reason=basis_reason,
        basis_since=basis_since,
    )


def compare_survey(
    corridor_round: CorridorRound,
    question: ComparisonQuestion,
    *,
    context: SurveyContext,
    geography: Geography,
    now: datetime,
) -> Comparison:
    """Rank a survey round's offers for one question as seen at ``now`` (UTC).

    Raises ``InvalidParameter`` where no service of the round is priced in the sending currency, or there is no
    default amount.
    """
    settled = _settle(corridor_round, question, geography)
    filters = question.filters
    if filters.max_age_days is not None:
        settled = replace(settled, filters=replace(filters, observed_since=now - filters.max_age_days))
    received_in = _received_in(corridor_round, settled, geography)
    candidates = [
        with_tax(one, one.observed_at.date(), filters, corridor_round.corridor[:3]) for one in corridor_round.candidates
    ]
    ranking = rank(candidates, settled)
    amount_currency = (received_in if settled.amount_is is AmountIs.RECEIVED else None) or settled.currency
    freshness = survey_freshness(corridor_round.period, context.newest_period, now)
    surveyed_usd = corridor_round.surveyed_amount_usd(settled.currency)
    evaluated_at, fresh_until = _clocks(corridor_round, settled, context, now)
    return Comparison(
        corridor=corridor_round.corridor,
        sources=(corridor_round.source,),
        basis=Basis.SURVEY,
        basis_reason=context.basis_reason,
        period=corridor_round.period,
        freshness=freshness,
        notices=(*_notices(corridor_round, freshness, context), *no_price_here(ranking, settled)),
        amount=settled.amount,
        amount_currency=amount_currency,
        amount_is=settled.amount_is,
        sending_currency=settled.currency,
        receiving_currency=received_in,
        surveyed_amount_usd=surveyed_usd,
        amount_drifted=None if surveyed_usd is None else _has_drifted(surveyed_usd),
        evaluated_at=evaluated_at,
        fresh_until=fresh_until,
        dataset_version=context.dataset_version,
        ranking=ranking,
        summary=summary_of(ranking.offers),
        figures=corridor_round.figures[AmountTier.USD_200],
        figures_period=corridor_round.period,
        relax=relaxations(candidates, settled) if not ranking.offers else (),
        minor_per_major=settled.minor_per_major,
        amount_units=10 ** geography.currency(amount_currency).minor_units,
    )


def _settle(corridor_round: CorridorRound, question: ComparisonQuestion, geography: Geography) -> Question:
    """Put the defaults in: the currency of most services, its most frequent surveyed amount, equal principal."""
    surveyed = sorted({amount.currency for amount in corridor_round.amounts})
    currency = question.sending_currency or corridor_round.default_currency
    if currency not in surveyed:
        expected = f"a currency that this round was surveyed in ({', '.join(surveyed)})"
        raise InvalidParameter(parameter="sending_currency", expected=expected, given=currency)
    amount = corridor_round.default_amount(currency) if question.amount is None else question.amount
    if amount is None:
        raise InvalidParameter(parameter="amount", expected=f"an amount in {currency}: none was surveyed near USD 200")
    amount_is = question.amount_is or AmountIs.PRINCIPAL
    return Question(
        amount=Fraction(amount),
        currency=currency,
        amount_is=amount_is,
        receiving_currency=question.receiving_currency,
        minor_per_major=10 ** geography.currency(currency).minor_units,
        filters=question.filters,
        exact_only=question.exact_only,
        sort_by_speed=question.sort_by_speed,
    )


def _received_in(corridor_round: CorridorRound, question: Question, geography: Geography) -> str | None:
    """Return the currency in which an amount received is meant: the one asked for, else the receiving country's own."""
    if question.receiving_currency is not None or question.amount_is is not AmountIs.RECEIVED:
        return question.receiving_currency
    return geography.local_currency(corridor_round.corridor[4:], quarter_end(corridor_round.period))


def _clocks(
    corridor_round: CorridorRound, question: Question, context: SurveyContext, now: datetime
) -> tuple[datetime, datetime | None]:
    """Return when this answer last changed and when time alone will change it next (API.md, Two clocks)."""
    stale_at = stops_being_current(corridor_round.period)
    if corridor_round.period != context.newest_period:
        stale_at = min(stale_at, context.newest_period_since)
    instants = [stale_at]
    age = question.filters.max_age_days
    if age is not None:
        just_over = timedelta(microseconds=1)
        instants += [candidate.observed_at + age + just_over for candidate in corridor_round.candidates]
    if context.basis_since is not None:
        instants.append(context.basis_since)
    passed = [instant for instant in instants if instant <= now]
    coming = [instant for instant in instants if instant > now]
    return max([context.committed_at, *passed]), min(coming, default=None)


def _notices(corridor_round: CorridorRound, freshness: Freshness, context: SurveyContext) -> tuple[Notice, ...]:
    notices: list[Notice] = []
    if context.is_synthetic:
        notices.append(SYNTHETIC)
    if freshness is Freshness.OLD_ROUND:
        notices.append(
            Notice(
                "prices_are_historical",
                f"These prices were collected in {corridor_round.period}; what providers charge today may differ.",
            )
        )
    if not corridor_round.figures[AmountTier.USD_200].comparable:
        notices.append(
            Notice(
                "corridor_not_comparable",
                "More than half of this corridor's published prices are doubtful, so that its averages do not compare "
                "with those of other corridors.",
            )
        )
    return tuple(notices)


def _has_drifted(usd: Fraction) -> bool:
    low, high = SURVEYED_AMOUNT_USD
    return not low <= usd <= high
