"""What live tariffs cost and how they rank, computed from a tariff file and a table of rates alone."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from tests.oracle import figures
from tests.oracle.live_tariffs import OLDEST, REASONS, Line, Rates, Tariff, significant
from tests.oracle.survey import SPEED_ORDER

LIVE, RECENT = timedelta(hours=1), timedelta(hours=24)

# --- A question and its answer --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    amount: Fraction
    amount_is: str
    at: datetime
    paying_with: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Price:
    """One tariff solved for one question, exactly."""

    tariff: Tariff
    basis: str
    principal: Fraction
    fee: Fraction
    tax: Fraction | None
    rate: Fraction
    mid: Fraction | None

    @property
    def paid(self) -> Fraction:
        return self.principal + self.fee

    @property
    def sender_pays(self) -> Fraction:
        return self.paid + (self.tax or 0)

    @property
    def recipient_gets(self) -> Fraction:
        return self.principal * self.rate

    @property
    def margin(self) -> Fraction | None:
        return None if self.mid is None else 100 * (self.mid - self.rate) / self.mid

    @property
    def total_cost(self) -> Fraction | None:
        return None if self.mid is None else self.paid - self.recipient_gets / self.mid

    @property
    def total_percent(self) -> Fraction | None:
        return None if self.total_cost is None else 100 * self.total_cost / self.principal

    @property
    def cost_of_total_paid(self) -> Fraction | None:
        return None if self.total_cost is None else 100 * self.total_cost / self.paid


@dataclass(frozen=True)
class Offer:
    price: Price
    key: Fraction
    rank: int = 0
    tied: bool = False

    @property
    def order(self) -> tuple[int, int]:
        return self.rank, SPEED_ORDER.index(self.price.tariff.document["transfer_speed"])


@dataclass(frozen=True)
class Ranking:
    offers: tuple[Offer, ...]
    excluded: Mapping[tuple[str, ...], str]
    ranked_by: str

    @property
    def counts(self) -> Counter[str]:
        return Counter(self.excluded.values())

    @property
    def cheapest(self) -> set[tuple[str, ...]]:
        return {offer.price.tariff.key for offer in self.offers if offer.rank == 1}

    @property
    def summary(self) -> dict[str, object]:
        percents = [p for offer in self.offers if (p := offer.price.total_percent) is not None]
        return {
            "offers": len(self.offers),
            "services": len(self.offers),
            "providers": len({offer.price.tariff.document["provider"] for offer in self.offers}),
            "cheapest_percent": round(min(percents), 6) if percents else None,
            "median_percent": round(figures.percentile(percents, Fraction(1, 2)), 6) if percents else None,
            "average_percent": round(figures.mean(percents), 6) if percents else None,
        }


def freshness(observed_at: datetime, at: datetime) -> str:
    age = at - observed_at
    if age <= LIVE:
        return "live"
    if age <= RECENT:
        return "recent"
    return "aging" if age <= OLDEST else "stale"


def rank(members: Iterable[Tariff], rates: Rates, question: Question) -> Ranking:
    """Rank the tariffs of one corridor that are priced in one pair of currencies."""
    found = {one.key: price(one, rates, question) for one in members}
    prices = [one for one in found.values() if isinstance(one, Price)]
    excluded = {key: one for key, one in found.items() if isinstance(one, str)}
    if question.amount_is == "received":
        return Ranking(_ranked([Offer(one, one.sender_pays) for one in prices]), excluded, "sender_pays")
    if question.amount_is == "total_paid":
        return Ranking(_ranked([Offer(one, -one.recipient_gets) for one in prices]), excluded, "recipient_gets")
    offers = [Offer(one, cost) for one in prices if (cost := one.total_cost) is not None]
    return Ranking(_ranked(offers), excluded, "total_cost")


def _ranked(offers: Sequence[Offer]) -> tuple[Offer, ...]:
    alike = Counter(offer.key for offer in offers)
    return tuple(
        replace(offer, rank=1 + sum(other.key < offer.key for other in offers), tied=alike[offer.key] > 1)
        for offer in sorted(offers, key=lambda offer: offer.key)
    )


def price(one: Tariff, rates: Rates, question: Question) -> Price | str:
    """Return a tariff's price, or the first reason in the contract's order why it has none."""
    solved = _solved(one, rates, question)
    reasons = [solved] if isinstance(solved, str) else []
    if question.at - one.observed_at > OLDEST:
        reasons.append("stale")
    if one.valid_until is not None and one.valid_until <= question.at:
        reasons.append("expired")  # at its end, too: the methodology leaves this one instant open
    if reasons:
        return min(reasons, key=REASONS.index)
    assert isinstance(solved, Price)
    return solved


def _solved(one: Tariff, rates: Rates, question: Question) -> Price | str:
    if not one.steps:
        return "rate_not_recorded" if question.amount_is == "received" else "incomplete_price"
    tax = one.tax_share(question.at, question.paying_with)
    mid = rates.mid(one.sending, one.receiving, one.observed_at)
    if mid is None and question.amount_is == "principal":
        return "no_benchmark"
    lines: Mapping[str, Line] = {
        "principal": one.principal,
        "total_paid": lambda base: one.paid(base, tax or Fraction(0)),
        "received": one.received,
    }
    bases = [base for base in one.bases(lines[question.amount_is], question.amount) if one.principal(base) > 0]
    if not bases:
        return "amount_not_offered" if one.only_at is None else "amount_not_observed"
    base = _best(one, bases, question.amount_is)
    rate = one.rate(base)
    assert rate is not None
    principal = one.principal(base)
    return Price(
        tariff=one,
        basis="schedule" if one.only_at is None else "observed",
        principal=principal,
        fee=one.fee(base),
        tax=None if tax is None else tax * principal,
        rate=rate,
        mid=mid,
    )


def _best(one: Tariff, bases: list[Fraction], amount_is: str) -> Fraction:
    """Of several ways to meet the question: the most that arrives, or the least that is paid."""
    if amount_is == "total_paid":
        return max(bases, key=one.received)
    return min(bases, key=lambda base: one.paid(base, Fraction(0)))


def default_amount(currency: str, rates: Rates, at: datetime) -> Fraction | None:
    """USD 200 at the reference rate, to two digits."""
    mid = rates.mid("USD", currency, at)
    return None if mid is None else significant(200 * mid, 2)
