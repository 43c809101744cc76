"""What a comparison is asked and what it answers, whichever the basis; exact, and as far as both bases share it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from app.domain.costs import Price, ThreePercentTest, three_percent_test
from app.domain.filters import Filters
from app.domain.indicators import CorridorFigures, mean, percentile
from app.domain.money import two_decimals
from app.domain.polynomials import Span
from app.domain.price_curves import PriceCurve, taxed
from app.domain.ranking import Candidate, Offer, Question, Ranking, rank
from app.domain.rates import ReferenceRate
from app.domain.targets import TargetRanges, meets_target_between
from app.domain.taxes import tax_on_sender
from app.domain.vocabulary import AmountIs, Basis, Evidence, Exclusion, Freshness

PUBLISHED, DEFAULT = "published", "default"
"""The benchmark of surveys (theirs), and of live quotes where none was chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonQuestion:
    """What a person asks; null takes the default that METHODOLOGY (Service, current, epoch) names.

    ``benchmark``: an institution whose reference rate live margins are measured against.
    """

    amount: Decimal | None = None
    amount_is: AmountIs | None = None
    sending_currency: str | None = None
    receiving_currency: str | None = None
    filters: Filters = field(default_factory=Filters)
    exact_only: bool = False
    sort_by_speed: bool = False
    benchmark: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that every reader of an answer should see; the text is plain English."""

    code: str
    text: str


SYNTHETIC = Notice("synthetic_data", "These prices are invented for demonstration. No provider offers them.")


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
class OtherObservation:
    """The same service as another source sees it, at the same amount; ``price`` null where it has none there."""

    source: str
    evidence: Evidence
    observed_at: datetime
    freshness: Freshness
    price: Price | None
    quote_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOffer:
    """What a live offer says beside its price: how fresh it is, its benchmark, and who else describes it."""

    freshness: Freshness
    reference: ReferenceRate | None
    others: tuple[OtherObservation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The main answer, exact; ``amount`` is in ``amount_currency``. API.md says how it is written.

    ``period`` is null on the live basis, and ``figures`` (the newest survey round's) where there was no survey.
    ``minor_per_major`` is of the sending currency, ``amount_units`` of the amount's.
    ``live``: what the live offers say beside their prices, by quote ids. ``sources``: whose figures it holds.
    """

    corridor: str
    sources: tuple[str, ...]
    basis: Basis
    basis_reason: str
    period: str | None
    freshness: Freshness
    notices: tuple[Notice, ...]
    amount: Fraction
    amount_currency: str
    amount_is: AmountIs
    sending_currency: str
    receiving_currency: str | None
    surveyed_amount_usd: Fraction | None
    amount_drifted: bool | None
    evaluated_at: datetime
    fresh_until: datetime | None
    dataset_version: int
    ranking: Ranking
    summary: Summary
    figures: CorridorFigures | None
    figures_period: str | None
    relax: tuple[Relaxation, ...]
    minor_per_major: int
    amount_units: int
    benchmark: str = PUBLISHED
    benchmarks_available: tuple[str, ...] = ()
    rank_stable: bool | None = None
    rank_stable_reason: str | None = "published_margins"
    mid_market_rate: Fraction | None = None
    mid_market_rate_reason: str | None = "not_used"
    live: Mapping[tuple[UUID, ...], LiveOffer] = field(default_factory=dict)

    def beside(self, offer: Offer) -> LiveOffer | None:
        """Return what a live offer says beside its price; null for a survey's."""
        return self.live.get(offer.candidate.quote_ids)

    def freshness_of(self, offer: Offer) -> Freshness:
        """Return how fresh an offer's price is: a live one's own, a survey's the round's."""
        found = self.beside(offer)
        return self.freshness if found is None else found.freshness

    def test(self, offer: Offer) -> ThreePercentTest | None:
        """Return the three-percent test of one of the offers."""
        return three_percent_test(offer.price)

    def meets_target_between(self, offer: Offer) -> TargetRanges:
        """Return the amounts at which an offer's service costs less than 3 %."""
        curve = offer.candidate.curve(self.sending_currency)
        return (
            TargetRanges((), "no_known_price") if curve is None else meets_target_between(curve, self.minor_per_major)
        )


def no_price_here(ranking: Ranking, question: Question) -> tuple[Notice, ...]:
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


def known_between(
    curves: Sequence[PriceCurve], amount_is: AmountIs, horizon: Fraction | None = None
) -> tuple[Fraction, Fraction] | None:
    """Return the smallest and largest amount held equal at which any of some curves has a price.

    Observations bound themselves. A schedule without an end is followed up to ``horizon``; null leaves it out.
    """
    known = [range_ for curve in curves if (range_ := curve.known_between(amount_is)) is not None]
    if horizon is not None:
        schedules = [curve for curve in curves if not curve.known_amounts]
        spans = [span for c in schedules for p in c.pieces if (span := p.span_of(amount_is)) is not None]
        known += [(max(span.start, Fraction(0)), _end(span, horizon)) for span in spans if span.start < horizon]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else None


def _end(span: Span, horizon: Fraction) -> Fraction:
    return horizon if span.end is None else min(span.end, horizon)


def summary_of(offers: Sequence[Offer]) -> Summary:
    """Return the figures of all ranked offers."""
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


def relaxations(candidates: Sequence[Candidate], question: Question) -> tuple[Relaxation, ...]:
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


def with_tax(candidate: Candidate, on: date, filters: Filters, sending_country: str) -> Candidate:
    """Return the candidate with what its sender owes on a day, where the sending country taxes transfers."""
    found = tax_on_sender(
        sending_country, on, candidate.description.payment_instruments, asked=filters.payment_instrument
    )
    if found is None:
        return candidate
    curves = tuple(taxed(curve, found.percent) for curve in candidate.curves) if found.percent else candidate.curves
    return replace(candidate, tax=found, curves=curves)


def last_and_next(
    instants: Iterable[datetime], now: datetime, state: Callable[[datetime], object]
) -> tuple[datetime | None, datetime | None]:
    """Return the last instant up to ``now`` and the first one after it at which ``state`` really changes.

    ``instants`` are all at which it may; between two of them it is constant. Null: it never did, or never will.
    """
    ordered = sorted(set(instants))
    passed = [at for at in ordered if at <= now]
    here = state(now)
    following = next((at for at in ordered if at > now and state(at) != here), None)
    last = None
    for index in range(len(passed) - 1, -1, -1):
        before = passed[index - 1] if index else passed[0] - _INSTANT
        if state(before) != here:
            last = passed[index]
            break
    return last, following


_INSTANT = datetime.resolution
