"""The ranked answer for one corridor and quarter: offers merged and ranked, the rest excluded with reasons."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from tests.oracle import figures
from tests.oracle.prices import (
    EXCLUSION,
    EXCLUSION_ORDER,
    Price,
    cautions,
    margin_status,
    meets_target_between,
    observed_tier,
    payout,
    price,
)
from tests.oracle.survey import SPEED_ORDER, Row, Tier, minor_units

Shown = tuple[object, ...]
PHRASES = (
    "promotion",
    "special offer",
    "parallel",
    "grey",
    "officially adopted",
    "recipients may incur",
    "fees are quoted only in USD",
    "Through ",
    "Economy service",
    "Service for members",
    "-account holders",
    "negative total cost",
    "informal exchange rate",
    "applied the interbank exchange rate",
    "transfers up to",
)


@dataclass(frozen=True)
class Question:
    amount: Fraction
    currency: str
    amount_is: str = "principal"
    filters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Offer:
    """Equal services as one: the rows, the price, the rank under the key."""

    rows: tuple[Row, ...]
    price: Price
    key: Fraction
    low: Fraction
    high: Fraction
    rank: int = 0
    tied: bool = False
    overlaps: bool = False

    @property
    def services(self) -> int:
        return len(self.rows)

    @property
    def row(self) -> Row:
        return self.rows[0]

    @property
    def cautions(self) -> set[str]:
        return cautions(self.row, self.price)


@dataclass(frozen=True)
class Ranking:
    offers: tuple[Offer, ...]
    excluded: Mapping[str, int]
    reasons: Mapping[str, str]  # row key -> why it was excluded
    at_least: Mapping[str, Fraction]  # row key -> the published total, where the amount asked was observed

    @property
    def services(self) -> int:
        return sum(offer.services for offer in self.offers)

    @property
    def percents(self) -> list[Fraction]:
        return [offer.price.total_percent for offer in self.offers for _ in offer.rows]


def rank(members: Sequence[Row], question: Question) -> Ranking:
    reasons: dict[str, str] = {}
    groups: dict[Shown, list[tuple[Row, Price]]] = defaultdict(list)
    for row in members:
        found = _filtered(row, question.filters) or _priced(row, question)
        if isinstance(found, str):
            reasons[row.key] = found
        else:
            groups[_shown(row, found)].append((row, found))
    offers = [_offer([row for row, _ in group], group[0][1], question) for group in groups.values()]
    at_least = {row.key: total for row in members if row.key in reasons for total in _published(row, reasons, question)}
    return Ranking(tuple(_ranked(offers)), Counter(reasons.values()), reasons, at_least)


def _published(row: Row, reasons: Mapping[str, str], question: Question) -> Iterator[Fraction]:
    """The published total of a doubtful price: what the transfer costs at least."""
    if reasons[row.key] in EXCLUSION_ORDER and question.amount_is == "principal":
        index = observed_tier(row, question.amount)
        tier = None if index is None else row.tiers[index]
        if tier is not None and tier.currency == question.currency:
            yield tier.total


def _filtered(row: Row, filters: Mapping[str, str]) -> str | None:
    """Filters first, then what is unknown: a known value that does not match goes before an unknown one."""
    attributes: dict[str, frozenset[str]] = {
        "payment_instrument": row.paid_with,
        "access_point": row.access,
        "receiving_method": row.received,
        "provider_type": frozenset({row.provider_type}),
        "max_transfer_speed": frozenset({row.speed}),
    }
    unknown: list[str] = []
    for name, wanted in filters.items():
        has = attributes[name]
        if has == {"unknown"}:
            unknown.append("transfer_speed" if name == "max_transfer_speed" else name)
            continue
        if name == "max_transfer_speed":
            matches = SPEED_ORDER.index(row.speed) <= SPEED_ORDER.index(wanted)
        else:
            matches = bool(has & set(wanted.split(",")))
        if not matches:
            return f"filtered_{name}"
    return f"unknown_{unknown[0]}" if unknown else None


def _priced(row: Row, question: Question) -> Price | str:
    if question.amount_is == "received" or row.first.currency != question.currency:
        statuses = {EXCLUSION.get(margin_status(row, tier), "") for tier in row.tiers if tier is not None}
        otherwise = "rate_not_recorded" if row.first.currency == question.currency else "other_currency"
        return next((reason for reason in EXCLUSION_ORDER if reason in statuses), otherwise)
    return price(row, question.amount, total_paid=question.amount_is == "total_paid")


def _shown(row: Row, found: Price) -> Shown:
    """Everything that an answer says of an offer, rounded as the answer rounds."""
    units = minor_units(row.first.currency)
    tiers = [tier for i in found.tiers if (tier := row.tiers[i]) is not None]
    return (
        (row.provider, row.provider_type, row.paid_with, row.access, row.received, row.speed, row.coverage),
        tuple(round(x, units) for x in (found.sender_pays, found.principal, found.fee, found.total_cost)),
        tuple(None if x is None else round(x, 6) for x in (found.total_percent, found.margin, found.low, found.high)),
        (found.basis, found.margin_status, found.is_suspect, frozenset(cautions(row, found)), row.observed_at),
        tuple(meets_target_between(row)),
        (_said(row), payout(row)),
        tuple(_denominations(tiers)),
    )


def _said(row: Row) -> frozenset[str]:
    """What the notes say beside a payout currency: an answer shows it, so it tells services apart."""
    return frozenset(phrase for phrase in PHRASES if phrase in row.notes)


def _denominations(tiers: Sequence[Tier]) -> list[Fraction]:
    return [tier.denomination for tier in tiers]


def _offer(rows: list[Row], found: Price, question: Question) -> Offer:
    paid = question.amount_is == "total_paid"
    key = found.cost_of_total_paid if paid else found.total_cost
    low, high = (found.paid_low, found.paid_high) if paid else (found.low, found.high)
    point = found.cost_of_total_paid if paid else found.total_percent
    return Offer(tuple(rows), found, key, point if low is None else low, point if high is None else high)


def _ranked(offers: list[Offer]) -> list[Offer]:
    ordered = sorted(offers, key=lambda o: (o.key, SPEED_ORDER.index(o.row.speed), o.row.key))
    alike = Counter(offer.key for offer in ordered)
    first: dict[Fraction, int] = {}
    for place, offer in enumerate(ordered, start=1):
        first.setdefault(offer.key, place)
    return [
        replace(offer, rank=first[offer.key], tied=alike[offer.key] > 1, overlaps=_overlaps(offer, ordered))
        for offer in ordered
    ]


def _overlaps(offer: Offer, others: list[Offer]) -> bool:
    """Whether another offer's interval shares more than an end with this one's."""
    return any(o is not offer and o.low < offer.high and offer.low < o.high for o in others)


def questions(members: Sequence[Row]) -> list[Question]:
    """The amounts at which every corridor and quarter is asked."""
    currency = figures.default_currency(members)
    first, second = figures.default_amount(members), figures.second_amount(members)
    units = minor_units(currency)
    near = [first, first * Fraction(1009, 1000), first / 2]
    paid = [first * Fraction(106, 100)]
    if second is not None and second > first:
        near += [second, (first + second) / 2, 3 * second]
        paid += [(first + second) / 2, second * Fraction(102, 100)]
    asked = [Question(round(amount, units), currency) for amount in near]
    return asked + [Question(round(amount, units), currency, "total_paid") for amount in paid]
