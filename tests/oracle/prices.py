"""What a row costs at any amount: statuses, published and interpolated prices, bounds, the three-percent test."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import ceil, floor

from tests.oracle.survey import COMMON_CURRENCY, Row, Tier, minor_units

NEAR = Fraction(1, 100)
PROMOTION = re.compile(r"promotion|special offer")
PARALLEL_MARKET = re.compile(r"parallel|grey")
PAYOUT = re.compile(r"\b(?:pay ?out|pays out|paid out)(?: in)? ([A-Z]{3})\b")
CONVERTS_LATER = re.compile(r"recipients may incur an additional cost")
SERVICE = re.compile(r"^([A-Z]{3}) [Ss]ervice\s*$", re.MULTILINE)
EXCLUSION_ORDER = ["undisclosed_margin", "margin_not_measured", "zero_unexplained", "incomplete_price"]
EXCLUSION = {
    "undisclosed": "undisclosed_margin",
    "not_measured": "margin_not_measured",
    "zero_unexplained": "zero_unexplained",
    "incomplete": "incomplete_price",
}


@dataclass(frozen=True)
class Price:
    """A solved offer: exact figures at one principal."""

    basis: str
    principal: Fraction
    fee: Fraction
    margin: Fraction
    total_percent: Fraction
    total_cost: Fraction
    margin_status: str
    is_suspect: bool
    low: Fraction | None
    high: Fraction | None
    paid_low: Fraction | None
    paid_high: Fraction | None
    tiers: tuple[int, ...]

    @property
    def sender_pays(self) -> Fraction:
        return self.principal + self.fee

    @property
    def cost_of_total_paid(self) -> Fraction:
        return 100 * self.total_cost / self.sender_pays


@cache
def margin_status(row: Row, tier: Tier) -> str:
    """The first that fits, in the methodology's order."""
    if not row.is_transparent:
        return "undisclosed"
    if tier.fee is None or tier.margin is None:
        return "incomplete"
    if row.sender == "RUS" and row.period <= "2021-Q4":
        return "not_measured"
    if tier.margin != 0 or tier.rate != 1 or row.interbank != 1:
        return "measured"
    if is_tender(tier.currency, row.sender) and is_tender(tier.currency, row.receiver):
        return "same_currency"
    return "paid_out_in_sending_currency" if payout(row) == tier.currency else "zero_unexplained"


def is_tender(currency: str, country: str) -> bool:
    """Whether it is legal tender there, or the country's own is declared at par with it."""
    return country in COMMON_CURRENCY.get(currency, set())


@cache
def payout(row: Row) -> str | None:
    """The currency that a note, or a product called `USD service`, says is paid out; `LCU` is the receiver's own."""
    said = PAYOUT.search(row.notes) or SERVICE.search(row.notes) or SERVICE.search(row.product)
    return said[1] if said and said[1] != "LCU" else None


def observed_tier(row: Row, amount: Fraction) -> int | None:
    """The tier within 1 % of whose amount this one lies."""
    for index, tier in enumerate(row.tiers):
        if tier is not None and abs(amount - tier.amount) <= NEAR * tier.amount:
            return index
    return None


def price(row: Row, amount: Fraction, *, total_paid: bool = False) -> Price | str:
    """The price at a principal or at a total paid, or the reason why there is none."""
    index = _observed_tier_paid(row, amount) if total_paid else observed_tier(row, amount)
    if index is not None:
        return _observed(row, index, amount, total_paid=total_paid)
    first, last = row.tiers
    known = [tier for tier in (first, last) if tier is not None]
    if len(known) > 1 and amount < known[0].amount:
        known = known[:1]
    elif len(known) > 1 and amount > known[1].amount:
        known = known[1:]  # outside the surveyed amounts it is the nearest one that says why there is no price
    reasons = {EXCLUSION[s] for t in known if (s := margin_status(row, t)) in EXCLUSION}
    for reason in EXCLUSION_ORDER:
        if reason in reasons:
            return reason
    if first is None or last is None or first.is_suspect or last.is_suspect or first.currency != last.currency:
        return "amount_not_observed"
    principal = _solve_between(first, last, amount) if total_paid else amount
    if not first.amount < principal < last.amount:
        return "amount_not_observed"
    return _between(row, (first, last), principal, total_paid=total_paid)


def _observed_tier_paid(row: Row, total: Fraction) -> int | None:
    for index, tier in enumerate(row.tiers):
        if tier is None or tier.fee is None:
            continue
        principal = total / (1 + tier.fee / tier.amount)
        if abs(principal - tier.amount) <= NEAR * tier.amount:
            return index
    return None


def _observed(row: Row, index: int, amount: Fraction, *, total_paid: bool) -> Price | str:
    tier = row.tiers[index]
    assert tier is not None
    status = margin_status(row, tier)
    if status in EXCLUSION or tier.fee is None or tier.margin is None:
        return EXCLUSION[status]
    principal = amount / (1 + tier.fee / tier.amount) if total_paid else amount
    percent = tier.sound_total
    return Price(
        basis="observed",
        principal=principal,
        fee=tier.fee / tier.amount * principal,
        margin=tier.margin,
        total_percent=percent,
        total_cost=percent * principal / 100,
        margin_status=status,
        is_suspect=tier.is_suspect,
        low=None,
        high=None,
        paid_low=None,
        paid_high=None,
        tiers=(index,),
    )


def _line(first: Tier, last: Tier, principal: Fraction) -> tuple[Fraction, Fraction]:
    """Fee in money and margin in percent, both linear in the principal."""
    first_fee, first_margin = _parts(first)
    last_fee, last_margin = _parts(last)
    share = (principal - first.amount) / (last.amount - first.amount)
    return first_fee + share * (last_fee - first_fee), first_margin + share * (last_margin - first_margin)


def _parts(tier: Tier) -> tuple[Fraction, Fraction]:
    assert tier.fee is not None
    assert tier.margin is not None
    return tier.fee, tier.margin


def _solve_between(first: Tier, last: Tier, total: Fraction) -> Fraction:
    """P with P + F(P) = total, F linear."""
    first_fee, last_fee = _parts(first)[0], _parts(last)[0]
    slope = (last_fee - first_fee) / (last.amount - first.amount)
    return (total - first_fee + slope * first.amount) / (1 + slope)


def _between(row: Row, ends: tuple[Tier, Tier], principal: Fraction, *, total_paid: bool) -> Price:
    first, last = ends
    fee, margin = _line(first, last, principal)
    fees, margins = (sorted(parts) for parts in zip(*map(_parts, ends), strict=True))
    cost, total = fee + principal * margin / 100, principal + fee
    statuses = [margin_status(row, end) for end in ends]
    bounds = [100 * f / (total - f if total_paid else principal) + g for f, g in zip(fees, margins, strict=True)]
    paid = [100 * (f + (total - f) * g / 100) / total for f, g in zip(fees, margins, strict=True)]
    return Price(
        basis="interpolated",
        principal=principal,
        fee=fee,
        margin=margin,
        total_percent=100 * cost / principal,
        total_cost=cost,
        margin_status=statuses[0] if statuses[0] != "measured" else statuses[1],
        is_suspect=False,
        low=bounds[0],
        high=bounds[1],
        paid_low=paid[0],
        paid_high=paid[1],
        tiers=(0, 1),
    )


@cache
def meets_target_between(row: Row, target: Fraction = Fraction(3)) -> list[tuple[Fraction, Fraction]]:
    """The known amounts, in minor units, where the total cost is below the target."""
    known = [t for t in row.tiers if t is not None and margin_status(row, t) not in EXCLUSION]
    if not known:
        return []
    scale = 10 ** minor_units(known[0].currency)
    surveyed = [t.amount for t in row.tiers if t is not None]
    smallest, largest = min(surveyed), max(surveyed)
    runs: list[tuple[int, int]] = []
    for tier in known:
        if tier.sound_total < target:
            start, end = max(smallest, tier.amount * (1 - NEAR)), min(largest, tier.amount * (1 + NEAR))
            runs.append((ceil(start * scale), floor(end * scale)))
    if len(known) == 2 and not any(t.is_suspect for t in known) and known[0].currency == known[1].currency:
        start, end = smallest * (1 + NEAR) * scale, largest * (1 - NEAR) * scale
        runs += _below((known[0], known[1]), floor(start) + 1, ceil(end) - 1, scale, target)
    return [(Fraction(a, scale), Fraction(b, scale)) for a, b in _joined(runs)]


def _below(ends: tuple[Tier, Tier], start: int, end: int, scale: int, target: Fraction) -> list[tuple[int, int]]:
    """Runs of whole minor units where the interpolated cost is below: the excess is quadratic, so two pieces."""

    def excess(unit: int) -> Fraction:
        amount = Fraction(unit, scale)
        fee, margin = _line(*ends, amount)
        return 100 * fee + (margin - target) * amount

    if end < start:
        return []
    origin, step, second = excess(0), excess(1), excess(2)
    curve = (second - 2 * step + origin) / 2
    slope = step - origin - curve
    vertex = floor(-slope / (2 * curve)) if curve else start
    cut = min(max(vertex, start), end)
    pieces = [(start, cut), (cut + 1, end)]
    return [run for low, high in pieces if low <= high for run in _monotone_below(excess, low, high)]


def _monotone_below(excess: Callable[[int], Fraction], low: int, high: int) -> list[tuple[int, int]]:
    at_low, at_high = excess(low) < 0, excess(high) < 0
    if at_low == at_high:
        return [(low, high)] if at_low else []
    left, right = low, high
    while right - left > 1:
        middle = (left + right) // 2
        if (excess(middle) < 0) == at_low:
            left = middle
        else:
            right = middle
    return [(low, left)] if at_low else [(right, high)]


def _joined(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(run for run in runs if run[0] <= run[1]):
        if joined and start <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def cautions(row: Row, found: Price) -> set[str]:
    """What a ranked survey offer must be read with."""
    said = {"single_source"}
    paid_out = payout(row)
    foreign = paid_out is not None and not is_tender(paid_out, row.receiver)
    if foreign or CONVERTS_LATER.search(row.notes):
        said.add("receiver_converts_later")
    if found.margin < 0:
        said |= _better_than_mid_market(row)
    if found.is_suspect:
        said.add("published_total_suspect")
    if found.basis == "interpolated":
        said.add("interpolated")
    return said


def _better_than_mid_market(row: Row) -> set[str]:
    """Why a margin is negative, as the notes say it."""
    why = {"promotion"} if PROMOTION.search(row.notes) else set()
    if PARALLEL_MARKET.search(row.notes):
        why.add("parallel_rate")
    return {f"better_than_mid_market_{one}" for one in why or {"unexplained"}}
