"""Which offer costs least: every offer solved for the quantity held equal, ranked exactly, the rest named with why.

Nothing commercial can enter: the inputs are the frozen types below (METHODOLOGY, What is held equal).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from itertools import groupby
from uuid import UUID

from app.domain.costs import Price
from app.domain.filters import Filters
from app.domain.price_curves import NoPrice, PriceCurve
from app.domain.quotes import Description
from app.domain.targets import meets_target_between
from app.domain.taxes import TaxOnSender
from app.domain.vocabulary import (
    AmountIs,
    Caution,
    Evidence,
    Exclusion,
    PriceBasis,
    SurveyNote,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One service with what is known of its price.

    ``curves``: one per sending currency. ``is_tender_for_receiver``: its payout currency, where named, is legal
    tender (or at a declared par) in the receiving country. ``key`` makes the order total: (source, source key).
    ``barred``: why a live price, though known, is ranked no more. ``tax``: what the sender owes beside the price; where
    its size is known the curves hold it.
    """

    key: tuple[str, str]
    description: Description
    curves: tuple[PriceCurve, ...]
    source: str
    evidence: Evidence
    observed_at: datetime
    valid_until: datetime | None = None
    is_tender_for_receiver: bool = True
    quote_ids: tuple[UUID, ...] = ()
    barred: Exclusion | None = None
    sources_disagree: bool = False
    has_other_sources: bool = False
    tax: TaxOnSender | None = None

    def curve(self, currency: str) -> PriceCurve | None:
        """Return the curve in a sending currency."""
        return next((curve for curve in self.curves if curve.currency == currency), None)

    def pays_out(self, currency: str) -> str | None:
        """Return what the receiver gets for money sent in a currency, where a rate or a note says so."""
        curve = self.curve(currency)
        return (curve and curve.receiving_currency) or self.description.payout_currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: an amount in major units of the sending currency (of the receiving one for ``received``).

    ``receiving_currency``: only offers that pay out in it; an offer whose payout currency was not recorded never
    matches. ``minor_per_major``: how many minor units make one major unit of the sending currency.
    """

    amount: Fraction
    currency: str
    amount_is: AmountIs = AmountIs.PRINCIPAL
    receiving_currency: str | None = None
    minor_per_major: int = 100
    filters: Filters = field(default_factory=Filters)
    exact_only: bool = False
    sort_by_speed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A ranked price; services that are equal in every answered field are its ``members``, one offer."""

    rank: int
    is_tied: bool
    is_rank_certain: bool
    members: tuple[Candidate, ...]
    price: Price
    cautions: tuple[Caution, ...]
    quote_ids: tuple[UUID, ...]

    @property
    def candidate(self) -> Candidate:
        """The first of the members, which speaks for all."""
        return self.members[0]

    @property
    def services(self) -> int:
        """How many services are this offer."""
        return len(self.members)


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    """A service that is not ranked, why, and what its cost is at least, where a total was published."""

    candidate: Candidate
    reason: str
    at_least_percent: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """The answer: ``key`` names what was compared (``total_cost``, ``recipient_gets``, ...)."""

    key: str
    offers: tuple[Offer, ...]
    excluded: tuple[Excluded, ...]


def rank(candidates: Iterable[Candidate], question: Question) -> Ranking:
    """Rank the candidates for one question; competition ranks (1, 1, 3), equal means exactly equal under the key."""
    priced: list[tuple[Candidate, Price]] = []
    excluded: list[Excluded] = []
    for candidate in candidates:
        found = judge(candidate, question)
        if isinstance(found, Excluded):
            excluded.append(found)
        else:
            priced.append((candidate, found))
    key = rank_key(question.amount_is, [price for _, price in priced])
    rankable: list[tuple[Candidate, Price, Fraction]] = []
    for candidate, price in priced:
        value = rank_value(key, price)
        if value is None:
            excluded.append(Excluded(candidate=candidate, reason=Exclusion.NO_BENCHMARK))
        else:
            rankable.append((candidate, price, value))
    offers = _placed(key, rankable, question.minor_per_major)
    if question.sort_by_speed:
        offers.sort(key=lambda offer: (offer.candidate.description.transfer_speed.place, offer.rank))
    return Ranking(key, tuple(offers), tuple(sorted(excluded, key=lambda e: (e.reason, tie_order(e.candidate)[1:]))))


def judge(candidate: Candidate, question: Question) -> Price | Excluded:
    """Return a candidate's price for the question, or why it has none that could be ranked."""
    reason = question.filters.reason(candidate.description, candidate.source, candidate.observed_at)
    if reason is None and question.receiving_currency is not None and candidate.pays_out(question.currency) is None:
        reason = "unknown_receiving_currency"
    reason = reason or _unpriced_throughout(candidate, question)
    if reason is not None:
        return Excluded(candidate=candidate, reason=reason)
    price = _price(candidate, question)
    if isinstance(price, Price):
        if price.offered_rate is None and price.total_cost is None:  # below the first step of a banded rate
            return Excluded(candidate=candidate, reason=Exclusion.INCOMPLETE_PRICE)
        return price if candidate.barred is None else Excluded(candidate=candidate, reason=candidate.barred)
    at_least = None if price.at_least_percent is None else Fraction(price.at_least_percent)
    return Excluded(candidate=candidate, reason=price.reason, at_least_percent=at_least)


def _unpriced_throughout(candidate: Candidate, question: Question) -> Exclusion | None:
    """Return why a service has no cost at any amount, which is said before anything about the amount or its age.

    A fee alone is no price. With a rate but nothing to hold it to, only equal principal has no ranking.
    """
    curve = candidate.curve(question.currency)
    if curve is None or not curve.pieces or any(piece.total_cost is not None for piece in curve.pieces):
        return None
    if question.amount_is is AmountIs.PRINCIPAL and any(piece.offered_rate is not None for piece in curve.pieces):
        return Exclusion.NO_BENCHMARK
    is_blind = all(piece.offered_rate is None for piece in curve.pieces)
    return Exclusion.INCOMPLETE_PRICE if is_blind and question.amount_is is not AmountIs.RECEIVED else None


def _price(candidate: Candidate, question: Question) -> Price | NoPrice:
    curve = candidate.curve(question.currency)
    if curve is None:
        return _in_other_currency(candidate)
    price = curve.price(question.amount, question.amount_is)
    if isinstance(price, NoPrice):
        return price
    if question.exact_only and price.basis is PriceBasis.INTERPOLATED:
        return NoPrice(Exclusion.AMOUNT_NOT_OBSERVED)
    if question.receiving_currency not in (None, candidate.pays_out(question.currency)):
        return NoPrice(Exclusion.OTHER_CURRENCY)
    return price


def _in_other_currency(candidate: Candidate) -> NoPrice:
    """Return why a service priced in other currencies is not ranked: a doubt about its price is named first."""
    for curve in candidate.curves:
        for amount in curve.known_amounts[:1]:
            doubt = curve.price(amount)
            if isinstance(doubt, NoPrice):
                return NoPrice(doubt.reason)
    return NoPrice(Exclusion.OTHER_CURRENCY)


def rank_key(amount_is: AmountIs, prices: list[Price]) -> str:
    """Return what an answer compares, given every price that it could (METHODOLOGY, What is held equal)."""
    if amount_is is AmountIs.PRINCIPAL:
        return "total_cost"
    if amount_is is AmountIs.RECEIVED:
        return "sender_pays"
    one_currency = len({price.receiving_currency for price in prices}) <= 1
    if prices and one_currency and all(price.recipient_gets is not None for price in prices):
        return "recipient_gets"
    return "cost_of_total_paid_percent"


def rank_value(key: str, price: Price) -> Fraction | None:
    """Return a price's value under a key, smaller is better; null where it has none."""
    if key == "recipient_gets":
        return None if price.recipient_gets is None else -price.recipient_gets
    if key == "sender_pays":
        return price.sender_pays
    if key == "total_cost" or price.total_cost is None:
        return price.total_cost
    return (price.total_cost + price.tax) / price.sender_pays  # at equal sender_pays, what does not arrive


@dataclass(frozen=True, slots=True)
class _Row:
    """One offer on its way to a rank: its value under the key, and the services that are equal in every field."""

    value: Fraction
    members: tuple[tuple[Candidate, Price], ...]

    @property
    def candidate(self) -> Candidate:
        """The first member's service."""
        return self.members[0][0]

    @property
    def price(self) -> Price:
        """The first member's price."""
        return self.members[0][1]


def _placed(key: str, rankable: list[tuple[Candidate, Price, Fraction]], units: int) -> list[Offer]:
    rankable.sort(key=lambda row: (row[2], tie_order(row[0])))
    rows = _merged(rankable, units)
    certain = _certain([_bounds(key, row.price) for row in rows])
    offers: list[Offer] = []
    place = 1
    for _, group in groupby(rows, key=lambda row: row.value):
        tied = list(group)
        offers += [
            Offer(
                rank=place,
                is_tied=len(tied) > 1,
                is_rank_certain=certain[len(offers) + index],
                members=tuple(candidate for candidate, _ in row.members),
                price=row.price,
                cautions=cautions(row.candidate, row.price),
                quote_ids=tuple(sorted({quote for _, price in row.members for quote in price.quote_ids})),
            )
            for index, row in enumerate(tied)
        ]
        place += len(tied)
    return offers


def _merged(rankable: list[tuple[Candidate, Price, Fraction]], units: int) -> list[_Row]:
    """Make one row of services that are equal in every answered field: the survey repeats rows."""
    alike: dict[object, list[tuple[Candidate, Price, Fraction]]] = {}
    for found in rankable:
        alike.setdefault(_answered(found[0], found[1]), []).append(found)
    rows: list[_Row] = []
    for group in alike.values():
        parts: dict[object, list[tuple[Candidate, Price, Fraction]]] = {}
        for found in group:
            curve = found[0].curve(found[1].currency)
            targets = meets_target_between(curve, units) if len(group) > 1 and curve is not None else None
            parts.setdefault(targets, []).append(found)
        rows += [
            _Row(members[0][2], tuple((candidate, price) for candidate, price, _ in members))
            for members in parts.values()
        ]
    return sorted(rows, key=lambda row: (row.value, tie_order(row.candidate)))


def _answered(candidate: Candidate, price: Price) -> tuple[object, ...]:
    d = candidate.description
    return (
        *(d.provider, d.provider_type, d.payment_instruments, d.access_points, d.receiving_methods),
        *(d.transfer_speed, d.network_coverage, d.customer, d.is_transparent, d.is_promotional),
        *(d.payout_currency, d.notes),
        *(candidate.source, candidate.evidence, candidate.observed_at, candidate.valid_until),
        cautions(candidate, price),
        price.fx_margin_status,
        replace(price, quote_ids=(), fee_bounds=None),
    )


def tie_order(candidate: Candidate) -> tuple[int, str, tuple[str, str]]:
    """Order inside a tie: the faster, then identifiers, so that nothing depends on the order of the input."""
    return (candidate.description.transfer_speed.place, candidate.description.provider, candidate.key)


def _bounds(key: str, price: Price) -> tuple[Fraction, Fraction] | None:
    """Return the least and the most that an interpolated price can be under the key."""
    if key == "recipient_gets":
        return price.recipient_gets_bounds
    if key == "sender_pays":
        return price.sender_pays_bounds
    if price.total_cost_low is None or price.total_cost_high is None:
        return None
    return price.total_cost_low, price.total_cost_high


def _certain(bounds: list[tuple[Fraction, Fraction] | None]) -> list[bool]:
    """Say of each price whether its bounds stay clear of every other's; bounds that only touch do not overlap."""
    certain = [True] * len(bounds)
    for i, own in enumerate(bounds):
        if own is None or own[0] == own[1]:
            continue
        for j, other in enumerate(bounds):
            if i != j and other is not None and own[0] < other[1] and other[0] < own[1]:
                certain[i] = certain[j] = False
    return certain


def cautions(candidate: Candidate, price: Price) -> tuple[Caution, ...]:
    """Return what a reader should know before trusting this price, in the order of the vocabulary."""
    d = candidate.description
    found = set() if candidate.has_other_sources else {Caution.SINGLE_SOURCE}
    if candidate.sources_disagree:
        found.add(Caution.SOURCES_DISAGREE)
    if candidate.tax is not None and candidate.tax.percent != 0:
        found.add(Caution.TAX_APPLIES)
    converts = d.payout_currency is not None and not candidate.is_tender_for_receiver
    if converts or SurveyNote.RECEIVER_CONVERTS_LATER in d.notes:
        found.add(Caution.RECEIVER_CONVERTS_LATER)
    if price.fx_margin_percent is not None and price.fx_margin_percent < 0:
        if SurveyNote.PARALLEL_MARKET in d.notes:
            found.add(Caution.BETTER_THAN_MID_MARKET_PARALLEL_RATE)
        elif d.is_promotional:
            found.add(Caution.BETTER_THAN_MID_MARKET_PROMOTION)
        else:
            found.add(Caution.BETTER_THAN_MID_MARKET_UNEXPLAINED)
    if price.is_total_suspect:
        found.add(Caution.PUBLISHED_TOTAL_SUSPECT)
    if price.basis is PriceBasis.INTERPOLATED:
        found.add(Caution.INTERPOLATED)
    if candidate.evidence is Evidence.AGGREGATOR_ESTIMATE:
        found.add(Caution.ESTIMATE_BY_COMPETITOR)
    return tuple(caution for caution in Caution if caution in found)
