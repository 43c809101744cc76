"""One question about one corridor's live services: its defaults, its candidates, and what stands beside an offer."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from uuid import UUID

from app.board import Board
from app.compare.answers import ComparisonQuestion, LiveOffer, Notice, OtherObservation, with_tax
from app.domain.costs import Price
from app.domain.errors import InvalidParameter
from app.domain.geography import Geography
from app.domain.indicators import CorridorFigures
from app.domain.live import CorridorLive, LiveService, Sighting, benchmark_of, default_live_amount, live_freshness
from app.domain.methodology import ECB_FIXES_AT, SOURCES_DISAGREE_ABOVE
from app.domain.price_curves import NoPrice, PriceCurve, taxed
from app.domain.ranking import Candidate, Offer, Question, Ranking
from app.domain.rates import NoRate, RateBook, ReferenceRate
from app.domain.rounds import CorridorRound
from app.domain.vocabulary import AmountIs, AmountTier


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveContext:
    """What a live answer rests on beside its services: versions, rates, and the newest survey round's figures.

    ``is_asked``: the reader chose the basis, so that time does not change it. ``surveyed_amounts``: the newest round's
    default amount in each currency.
    """

    dataset_version: int
    committed_at: datetime
    rates: RateBook
    figures: CorridorFigures | None
    figures_period: str | None
    basis_reason: str
    is_asked: bool
    has_survey: bool
    rate_sources: Mapping[str, str]
    figures_source: str | None = None
    surveyed_amounts: Mapping[str, Decimal] = field(default_factory=dict)
    is_synthetic: bool = False


def live_context(board: Board, corridor: str, *, basis_reason: str, is_asked: bool) -> LiveContext:
    """Return what a live answer about a corridor rests on, as the board knows it."""
    version = board.versions[corridor]
    survey = board.rounds.get(corridor)
    return LiveContext(
        dataset_version=version.version,
        committed_at=version.committed_at,
        rates=board.rates,
        figures=None if survey is None else survey.figures[AmountTier.USD_200],
        figures_period=None if survey is None else survey.period,
        basis_reason=basis_reason,
        is_asked=is_asked,
        has_survey=survey is not None,
        rate_sources={key: found.source for key, found in board.institutions.items()},
        figures_source=None if survey is None else survey.source,
        surveyed_amounts=_surveyed_amounts(survey),
        is_synthetic=bool(board.is_synthetic),
    )


def _surveyed_amounts(survey: CorridorRound | None) -> dict[str, Decimal]:
    if survey is None:
        return {}
    found = {one.currency: survey.default_amount(one.currency) for one in survey.amounts}
    return {currency: amount for currency, amount in found.items() if amount is not None}


class Asking:
    """One question about one corridor's live services, at any instant."""

    def __init__(
        self, live: CorridorLive, question: ComparisonQuestion, context: LiveContext, geography: Geography
    ) -> None:
        self.live = live
        self.question = question
        self.context = context
        self._geography = geography
        self._candidates: dict[tuple[tuple[UUID, ...], date], Candidate] = {}
        self._available: dict[tuple[str, str, date], tuple[str, ...]] = {}
        self._rates: dict[tuple[str, str, date, bool, str | None], ReferenceRate | NoRate] = {}

    # ---------------------------------------------------------------- what is asked

    def settled(self, now: datetime) -> Question:
        """Put the defaults in: the currency of most services, about USD 200, equal total paid."""
        asked = self.question
        currency = asked.sending_currency or self.live.default_currency(now)
        if currency not in self.live.currencies:
            priced = ", ".join(sorted(self.live.currencies))
            expected = f"a currency that live prices here are in ({priced})"
            raise InvalidParameter(parameter="sending_currency", expected=expected, given=currency)
        amount_is = asked.amount_is or AmountIs.TOTAL_PAID
        received_in = asked.receiving_currency
        if received_in is None and amount_is is AmountIs.RECEIVED:
            received_in = self.live.pays_out(currency)
        meant = received_in if received_in is not None and amount_is is AmountIs.RECEIVED else currency
        amount = self._default_amount(meant, now)[0] if asked.amount is None else asked.amount
        filters = asked.filters
        if filters.max_age_days is not None:
            filters = replace(filters, observed_since=now - filters.max_age_days)
        return Question(
            amount=Fraction(amount),
            currency=currency,
            amount_is=amount_is,
            receiving_currency=received_in,
            minor_per_major=10 ** self._geography.currency(currency).minor_units,
            filters=filters,
            exact_only=asked.exact_only,
            sort_by_speed=asked.sort_by_speed,
        )

    def _default_amount(self, currency: str, now: datetime) -> tuple[Decimal | Fraction, Notice | None]:
        """Return about USD 200, and what is to be said where no rate of late says how much that is.

        Only an amount is chosen by an old rate, or by the newest survey; no price rests on either.
        """
        found = self.mid_market("USD", currency, now)
        if isinstance(found, ReferenceRate):
            return default_live_amount(found.rate), None
        if found.newest is not None:
            old = self.context.rates.rate("USD", currency, found.newest)
            if isinstance(old, ReferenceRate):
                text = f"The default amount is about USD 200 at a rate of {found.newest}: there is no newer one."
                return default_live_amount(old.rate), Notice("default_amount_by_old_rate", text)
        surveyed = self.context.surveyed_amounts.get(currency)
        if surveyed is None:
            expected = f"an amount in {currency}: no reference rate says what USD 200 is"
            raise InvalidParameter(parameter="amount", expected=expected)
        text = "The default amount is that of the newest survey: no reference rate says what USD 200 is."
        return surveyed, Notice("default_amount_by_survey", text)

    def notices(self, settled: Question, now: datetime) -> tuple[Notice, ...]:
        """Return what is to be said of the defaults."""
        if self.question.amount is not None:
            return ()
        _, notice = self._default_amount(self.amount_currency(settled), now)
        return () if notice is None else (notice,)

    def amount_currency(self, settled: Question) -> str:
        """Return the currency of the amount: the sending one, or of what is received."""
        received = settled.receiving_currency if settled.amount_is is AmountIs.RECEIVED else None
        return received or settled.currency

    # ---------------------------------------------------------------- what is there

    def candidate(self, service: LiveService, now: datetime, settled: Question) -> Candidate:
        """Return a service as it is to be ranked at ``now``."""
        speaker = service.speaker(now)
        others = service.others(now)
        found = self.candidate_of(speaker, now)
        return replace(
            found,
            barred=speaker.barred(now),
            has_other_sources=any(one.first.source != speaker.first.source for one in others),
            sources_disagree=any(self._disagree(found, self.candidate_of(one, now), settled) for one in others),
        )

    def candidate_of(self, sighting: Sighting, now: datetime) -> Candidate:
        """Return a service as one source describes it, with what its sender owes at ``now``; made once for a day."""
        key = sighting.quote_ids, now.date()
        found = self._candidates.get(key)
        if found is None:
            found = self._candidates[key] = self._made(sighting, key[1])
        return found

    def _made(self, sighting: Sighting, on: date) -> Candidate:
        first = sighting.first
        curve = self.live.curve(sighting, self.mid_market, self.question.benchmark)
        found = Candidate(
            key=(first.source, first.source_key),
            description=first.description,
            curves=(curve,),
            source=first.source,
            evidence=first.evidence,
            observed_at=sighting.observed_at,
            valid_until=sighting.valid_until,
            quote_ids=sighting.quote_ids,
        )
        return with_tax(found, on, self.question.filters, first.corridor[:3])

    def _disagree(self, one: Candidate, other: Candidate, settled: Question) -> bool:
        """Say whether two sources differ by more than 1 % of what is received, or of the principal in cost."""
        first, second = (self._price(candidate, settled) for candidate in (one, other))
        if first is None or second is None:
            return False
        if first.recipient_gets is not None and second.recipient_gets is not None:
            ratio = (first.recipient_gets / first.sender_pays) / (second.recipient_gets / second.sender_pays)
            return max(ratio, 1 / ratio) > 1 + SOURCES_DISAGREE_ABOVE
        costs = first.total_cost_percent, second.total_cost_percent
        if costs[0] is None or costs[1] is None:
            return False
        return abs(costs[0] - costs[1]) > 100 * SOURCES_DISAGREE_ABOVE

    def _price(self, candidate: Candidate, settled: Question) -> Price | None:
        curve = candidate.curve(settled.currency)
        found = None if curve is None else curve.price(settled.amount, settled.amount_is)
        return None if found is None or isinstance(found, NoPrice) else found

    def beside(self, offer: Offer, now: datetime, settled: Question) -> LiveOffer:
        """Return what an offer says beside its price."""
        service = self._services[offer.candidate.quote_ids]
        speaker = service.speaker(now)
        # Of two prices at two amounts the newer quote's benchmark is named; mostly it is one.
        against = benchmark_of(speaker.first, self.mid_market, self.question.benchmark)
        return LiveOffer(
            freshness=live_freshness(speaker.observed_at, now),
            reference=None if against is None else against.reference,
            others=tuple(
                OtherObservation(
                    source=one.first.source,
                    evidence=one.first.evidence,
                    observed_at=one.observed_at,
                    freshness=live_freshness(one.observed_at, now),
                    price=self._price(self.candidate_of(one, now), settled),
                    quote_ids=one.quote_ids,
                )
                for one in service.others(now)
            ),
        )

    @cached_property
    def _services(self) -> dict[tuple[UUID, ...], LiveService]:
        return {one.quote_ids: service for service in self.live.services for one in service.sightings}

    def sources(self, ranking: Ranking, beside: Mapping[tuple[UUID, ...], LiveOffer]) -> tuple[str, ...]:
        """Return whose figures the answer holds: prices, other observations, reference rates, a survey's figures."""
        named = {offer.candidate.source for offer in ranking.offers} | {e.candidate.source for e in ranking.excluded}
        named |= set() if self.context.figures_source is None else {self.context.figures_source}
        for one in beside.values():
            named |= {other.source for other in one.others}
            if one.reference is not None:
                named |= {self.context.rate_sources.get(key, key) for key in one.reference.institutions}
        return tuple(sorted(named))

    # ---------------------------------------------------------------- benchmarks

    def benchmarks_available(self, settled: Question, now: datetime) -> tuple[str, ...]:
        """Return the institutions that can be asked for as ``benchmark`` here, the default's first."""
        received = settled.receiving_currency or self.live.pays_out(settled.currency)
        key = settled.currency, received, now.date()
        found = self._available.get(key)
        if found is None:
            found = self._available[key] = self.context.rates.benchmarks(*key)
        return found

    def mid_market(self, base: str, quote: str, at: datetime, benchmark: str | None = None) -> ReferenceRate | NoRate:
        """Return the reference rate that counted at an instant; looked up once for each stretch without a fixing."""
        key = base, quote, at.date(), at.time() >= ECB_FIXES_AT, benchmark
        found = self._rates.get(key)
        if found is None:
            found = self._rates[key] = self.context.rates.at(base, quote, at, benchmark)
        return found

    def sighting(self, candidate: Candidate) -> Sighting:
        """Return what a candidate was made of."""
        return self._sightings[candidate.quote_ids]

    def with_curve(self, candidate: Candidate, curve: PriceCurve) -> Candidate:
        """Return a candidate with another curve, taxed as before."""
        percent = None if candidate.tax is None else candidate.tax.percent
        return replace(candidate, curves=(taxed(curve, percent) if percent else curve,))

    @cached_property
    def _sightings(self) -> dict[tuple[UUID, ...], Sighting]:
        return {one.quote_ids: one for service in self.live.services for one in service.sightings}
