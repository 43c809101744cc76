"""Compare: a corridor's round and a question → the ranked, honest answer. No database, no clock: both are arguments."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from app.board import Board
from app.domain.costs import ThreePercentTest, three_percent_test
from app.domain.errors import InvalidParameter
from app.domain.filters import Filters
from app.domain.geography import Geography
from app.domain.indicators import CorridorFigures, mean, percentile
from app.domain.methodology import SURVEYED_AMOUNT_USD
from app.domain.money import two_decimals
from app.domain.price_curves import PriceCurve
from app.domain.quotes import quarter_end
from app.domain.ranking import Candidate, Offer, Question, Ranking, rank, tie_order
from app.domain.rounds import CorridorRound, stops_being_current, survey_freshness
from app.domain.switches import Switch, switches
from app.domain.targets import TargetRanges, meets_target_between
from app.domain.vocabulary import AmountIs, AmountTier, Basis, Exclusion, Freshness, PriceBasis


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyContext:
    """What an answer rests on beside its round: versions and the source's newest round, with when it arrived."""

    dataset_version: int
    committed_at: datetime
    newest_period: str
    newest_period_since: datetime
    is_synthetic: bool = False


def survey_context(board: Board, found: CorridorRound) -> SurveyContext:
    """Return what an answer about a round rests on, as the board knows it."""
    version = board.versions[found.corridor]
    return SurveyContext(
        dataset_version=version.version,
        committed_at=version.committed_at,
        newest_period=board.newest_periods[found.source],
        newest_period_since=board.newest_since[found.source],
        is_synthetic=bool(board.is_synthetic),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonQuestion:
    """What a person asks; null takes the default that METHODOLOGY (Service, current, epoch) names."""

    amount: Decimal | None = None
    amount_is: AmountIs | None = None
    sending_currency: str | None = None
    receiving_currency: str | None = None
    filters: Filters = field(default_factory=Filters)
    exact_only: bool = False
    sort_by_speed: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that every reader of an answer should see; the text is plain English."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Summary:
    """All ranked offers at the amount and filters; percentages of the principal, averages over services."""

    offers: int
    services: int
    providers: int
    cheapest_percent: Fraction | None
    median_percent: Fraction | None
    average_percent: Fraction | None


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What one filter alone removed, and how many offers there would be without it."""

    parameter: str
    removed_services: int
    offers_without: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The main answer, exact; ``amount`` is in ``amount_currency``. API.md says how it is written."""

    corridor: str
    source: str
    basis: Basis
    basis_reason: str
    period: str
    freshness: Freshness
    notices: tuple[Notice, ...]
    amount: Fraction
    amount_currency: str
    amount_is: AmountIs
    sending_currency: str
    receiving_currency: str | None
    surveyed_amount_usd: Decimal | None
    amount_drifted: bool | None
    evaluated_at: datetime
    fresh_until: datetime | None
    dataset_version: int
    ranking: Ranking
    summary: Summary
    figures: CorridorFigures
    relax: tuple[Relaxation, ...]
    minor_per_major: int

    def test(self, offer: Offer) -> ThreePercentTest | None:
        """Return the three-percent test of one of the offers."""
        return three_percent_test(offer.price)

    def meets_target_between(self, offer: Offer) -> TargetRanges:
        """Return the amounts at which an offer's service costs less than 3 %."""
        curve = offer.candidate.curve(self.sending_currency)
        return (
            TargetRanges((), "no_known_price") if curve is None else meets_target_between(curve, self.minor_per_major)
        )


def compare(
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
    ranking = rank(corridor_round.candidates, settled)
    freshness = survey_freshness(corridor_round.period, context.newest_period, now)
    surveyed_usd = corridor_round.default_amount("USD") if settled.currency == "USD" else None
    evaluated_at, fresh_until = _clocks(corridor_round, settled, context, now)
    return Comparison(
        corridor=corridor_round.corridor,
        source=corridor_round.source,
        basis=Basis.SURVEY,
        basis_reason="no_live_quotes",
        period=corridor_round.period,
        freshness=freshness,
        notices=(*_notices(corridor_round, freshness, context), *_no_price_here(ranking, settled)),
        amount=settled.amount,
        amount_currency=(received_in if settled.amount_is is AmountIs.RECEIVED else None) or settled.currency,
        amount_is=settled.amount_is,
        sending_currency=settled.currency,
        receiving_currency=received_in,
        surveyed_amount_usd=surveyed_usd,
        amount_drifted=None if surveyed_usd is None else _has_drifted(surveyed_usd),
        evaluated_at=evaluated_at,
        fresh_until=fresh_until,
        dataset_version=context.dataset_version,
        ranking=ranking,
        summary=_summary(ranking.offers),
        figures=corridor_round.figures[AmountTier.USD_200],
        relax=_relaxations(corridor_round.candidates, settled) if not ranking.offers else (),
        minor_per_major=settled.minor_per_major,
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
    passed = [instant for instant in instants if instant <= now]
    coming = [instant for instant in instants if instant > now]
    return max([context.committed_at, *passed]), min(coming, default=None)


def _notices(corridor_round: CorridorRound, freshness: Freshness, context: SurveyContext) -> tuple[Notice, ...]:
    notices: list[Notice] = []
    if context.is_synthetic:
        notices.append(
            Notice("synthetic_data", "These prices are invented for demonstration. No provider offers them.")
        )
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


def _no_price_here(ranking: Ranking, question: Question) -> tuple[Notice, ...]:
    """Say where prices are known if the amount is why nothing is ranked: at equal total paid that is easily missed."""
    if ranking.offers or all(excluded.reason != Exclusion.AMOUNT_NOT_OBSERVED for excluded in ranking.excluded):
        return ()
    curves = [curve for e in ranking.excluded if (curve := e.candidate.curve(question.currency)) is not None]
    known = known_between(curves, question.amount_is)
    if known is None:
        return ()
    low, high = (f"{two_decimals(end)} {question.currency}" for end in known)
    text = f"No price is known at this amount. There are prices from {low} to {high}."
    return (Notice("no_price_at_this_amount", text),)


def known_between(curves: Sequence[PriceCurve], amount_is: AmountIs) -> tuple[Fraction, Fraction] | None:
    """Return the smallest and largest amount held equal at which any of some surveyed curves has a price."""
    known = [range_ for curve in curves if (range_ := curve.known_between(amount_is)) is not None]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else None


def _summary(offers: Sequence[Offer]) -> Summary:
    percents = [
        percent
        for offer in offers
        if (percent := offer.price.total_cost_percent) is not None
        for _ in range(offer.services)
    ]
    return Summary(
        offers=len(offers),
        services=sum(offer.services for offer in offers),
        providers=len({offer.candidate.description.provider for offer in offers}),
        cheapest_percent=min(percents, default=None),
        median_percent=percentile(percents, Fraction(1, 2)),
        average_percent=mean(percents),
    )


def _relaxations(candidates: Sequence[Candidate], question: Question) -> tuple[Relaxation, ...]:
    """Say of each filter of an empty answer what it alone removed."""
    everyone = sum(offer.services for offer in rank(candidates, replace(question, filters=Filters())).offers)
    found = []
    for parameter in question.filters.asked():
        alone = question.filters
        for other in question.filters.asked():
            if other != parameter:
                alone = alone.without(other)
        left = sum(offer.services for offer in rank(candidates, replace(question, filters=alone)).offers)
        without = rank(candidates, replace(question, filters=question.filters.without(parameter)))
        found.append(Relaxation(parameter, everyone - left, len(without.offers)))
    return tuple(found)


def _has_drifted(usd: Decimal) -> bool:
    low, high = SURVEYED_AMOUNT_USD
    return not low <= usd <= high


@dataclass(frozen=True, slots=True)
class CostCurve:
    """Rankings at several amounts, the services that can ever be priced, and where the cheapest of them changes.

    ``switches`` refer to ``services`` by place and cover the known amounts from ``first`` to ``last``; the reason says
    why there is none.
    """

    comparisons: tuple[Comparison, ...]
    services: tuple[Candidate, ...]
    first: Fraction | None
    last: Fraction | None
    switches: tuple[Switch, ...]
    switches_reason: str | None


def cost_curve(
    compared: Callable[[Decimal | None], Comparison], amounts: Sequence[Decimal], *, exact_only: bool = False
) -> CostCurve:
    """Compare at each amount and find every switch of the cheapest service between the known amounts.

    ``compared`` answers the question at one amount (null: the default), as ``compare`` does. Every service that the
    filters leave takes part wherever its price is known, whatever amounts are asked; ``exact_only`` leaves out what
    lies between surveyed amounts.
    """
    comparisons = tuple(compared(amount) for amount in amounts) or (compared(None),)
    first = comparisons[0]
    priced = [
        (candidate, curve)
        for candidate in sorted(_meant(first.ranking), key=tie_order)
        if (curve := _known(candidate.curve(first.sending_currency), exact_only=exact_only)) is not None
    ]
    services, curves = tuple(service for service, _ in priced), [curve for _, curve in priced]
    known = known_between(curves, first.amount_is)
    if known is None:
        return CostCurve(comparisons, services, None, None, (), "no_known_price")
    found = switches(curves, *known, first.minor_per_major, first.amount_is)
    reason = None if found else "one_service_is_cheapest_throughout"
    return CostCurve(comparisons, services, *known, tuple(found), reason)


def _meant(ranking: Ranking) -> list[Candidate]:
    """Return every service that no filter left out."""
    left_out = ("filtered_", "unknown_", Exclusion.PROMOTION_ONLY)
    excluded = [e.candidate for e in ranking.excluded if not e.reason.startswith(left_out)]
    ranked = [candidate for offer in ranking.offers for candidate in offer.members]
    return ranked + excluded


def _known(curve: PriceCurve | None, *, exact_only: bool) -> PriceCurve | None:
    """Return the curve if it has a price anywhere."""
    if curve is None:
        return None
    if exact_only:
        observed = tuple(piece for piece in curve.pieces if piece.basis is not PriceBasis.INTERPOLATED)
        curve = replace(curve, pieces=observed)
    return curve if curve.pieces else None
