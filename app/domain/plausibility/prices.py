"""Whether the price of a pushed quote can be true: its rates, its fee, and the amounts that it is for."""

from collections.abc import Iterator
from decimal import Context, Decimal
from fractions import Fraction
from typing import Final

from app.domain.costs import fx_margin_percent
from app.domain.money import exact, two_decimals
from app.domain.plausibility.cases import EXACT, Against, Case, fee_at, written
from app.domain.terms import AmountFee, Fee
from app.domain.verdicts import Finding, Verdict

_HUNDRED: Final = Decimal(100)
_USD_JUDGED: Final = 200
_SHOWN: Final = Context(prec=6)


def inverted_rate(case: Case) -> Finding | None:
    """Ask whether a rate is turned round: that of the sending currency per one of the receiving."""
    if not case.odd_rates or case.against is None:
        return None
    place = next(_inverted(case, case.against), None)
    if place is None:
        return None
    pair = case.pair
    return Finding(
        rule="inverted-rate",
        verdict=Verdict.REJECT,
        detail=f"The rate is turned round: expected how many {pair.receiving_currency} one {pair.sending_currency} "
        f"buys, about {_rate(case.against)}.",
        pointer=_place(case, place),
        limit=_rate(case.against),
        value=written(case.terms.rates[place].rate),
    )


def margin_out_of_range(case: Case) -> Finding | None:
    """Ask whether a rate's margin against the reference rate is one that services have; the oddest rate counts."""
    against = case.against
    if not case.odd_rates or against is None:
        return None
    rates = case.terms.rates
    margins = [(fx_margin_percent(exact(rates[place].rate), against.reference.rate), place) for place in case.odd_rates]
    usual, plausible = case.parameters.usual_margin_percent, case.parameters.plausible_margin_percent
    margin, place = max(margins, key=lambda one: _beyond(one[0], usual))
    if not _beyond(margin, usual) or next(_inverted(case, against), None) is not None:
        return None
    is_implausible = bool(_beyond(margin, plausible))
    least, most = plausible if is_implausible else usual
    return Finding(
        rule="margin-out-of-range",
        verdict=Verdict.QUARANTINE if is_implausible else Verdict.FLAG,
        detail=f"The rate {written(rates[place].rate)} has a margin of {two_decimals(margin)} % against the "
        f"reference rate {_rate(against)}{_day(against)}: expected {least} to {most} %.",
        pointer=_place(case, place),
        limit=f"{least} to {most} %",
        value=f"{two_decimals(margin)} %",
    )


def rate_jump(case: Case) -> Finding | None:
    """Ask whether the rate is far from the same service's last one; where the market moved with it, that is no harm."""
    was = None if case.before is None else case.before.rate
    if was is None or not case.terms.rates:
        return None
    rate = case.terms.rates[0].rate
    low, high = (rate, was) if rate < was else (was, rate)
    usual, plausible = case.parameters.usual_rate_change_percent, case.parameters.plausible_rate_change_percent
    if _is_within(low, high, usual):
        return None
    has_usual_margin = case.against is not None and 0 not in case.odd_rates
    is_implausible = not has_usual_margin and not _is_within(low, high, plausible)
    limit = plausible if is_implausible else usual
    return Finding(
        rule="rate-jump",
        verdict=Verdict.QUARANTINE if is_implausible else Verdict.FLAG,
        detail=f"The rate {written(rate)} is more than {limit} % from the {written(was)} of the same service before.",
        pointer=_place(case, 0),
        limit=f"{limit} %",
        value=written(rate),
    )


def rate_unchecked(case: Case) -> Finding | None:
    """Ask whether there is anything that the rate can be compared with."""
    if case.against is not None or not case.terms.rates:
        return None
    if case.before is not None and case.before.rate is not None:
        return None
    pair = case.pair
    return Finding(
        rule="rate-unchecked",
        verdict=Verdict.FLAG,
        detail=f"For that time there is neither a reference rate of {pair.sending_currency} and "
        f"{pair.receiving_currency} nor an earlier quote of the service: the rate could not be checked.",
        pointer=_place(case, 0),
    )


def no_offered_rate(case: Case) -> Finding | None:
    """Ask whether the quote says at which rate the money is changed; without one its cost is not known."""
    if case.terms.rates:
        return None
    return Finding(
        rule="no-offered-rate",
        verdict=Verdict.FLAG,
        detail="Without an offered_rate the cost is not known, and the quote is not ranked. Expected a rate: 1 where "
        "nothing is exchanged.",
        pointer="/offered_rate",
    )


def fee_against_amount(case: Case) -> Finding | None:
    """Ask whether the fee is too large a part of the amount; small amounts bear the fee of 200 US dollars."""
    amount, fee = case.amount, case.fee
    if not amount or not fee:
        return None
    usual, plausible = case.parameters.usual_fee_percent, case.parameters.plausible_fee_percent
    base = amount
    if case.pair.usual_amount is not None and case.pair.usual_amount > amount:
        base = case.pair.usual_amount
    if EXACT.multiply(fee, _HUNDRED) <= EXACT.multiply(base, usual):
        return None
    is_implausible = EXACT.multiply(fee, _HUNDRED) > EXACT.multiply(base, plausible)
    limit = plausible if is_implausible else usual
    currency = case.pair.sending_currency
    return Finding(
        rule="fee-against-amount",
        verdict=Verdict.QUARANTINE if is_implausible else Verdict.FLAG,
        detail=f"The fee for {written(amount)} {currency} is {written(fee)}: expected at most {limit} % of "
        f"{written(base)}.",
        pointer="/fee",
        limit=f"{limit} %",
        value=written(fee),
    )


def fee_jump(case: Case) -> Finding | None:
    """Ask whether the fee is far from the same service's last one."""
    amount, fee = case.amount, case.fee
    before = None if case.before is None else case.before.fee
    if amount is None or before is None or _is_of_another_amount(before, amount):
        return None
    was = fee_at(before, amount)
    low, high = (fee, was) if fee < was else (was, fee)
    if EXACT.multiply(EXACT.subtract(high, low), _HUNDRED) <= EXACT.multiply(
        amount, case.parameters.fee_change_percent
    ):
        return None
    usual, plausible = case.parameters.usual_fee_change, case.parameters.plausible_fee_change
    if high < EXACT.multiply(low, Decimal(usual)):
        return None
    is_implausible = high >= EXACT.multiply(low, Decimal(plausible))
    limit = plausible if is_implausible else usual
    return Finding(
        rule="fee-jump",
        verdict=Verdict.QUARANTINE if is_implausible else Verdict.FLAG,
        detail=f"The fee for {written(amount)} {case.pair.sending_currency} is {written(fee)}, and was {written(was)} "
        f"before: expected less than {limit} times it, and more than the same part of it.",
        pointer="/fee",
        limit=f"{limit} times",
        value=written(fee),
    )


def free_of_charge(case: Case) -> Finding | None:
    """Ask whether a transfer costs nothing, or less: a fee or a margin may be missing."""
    amount, rates = case.amount, case.terms.rates
    if case.fee or amount is None or not rates:
        return None
    rate = next((band.rate for band in reversed(rates) if band.start <= amount), rates[0].rate)
    at_par = case.pair.sending_currency == case.pair.receiving_currency
    if not at_par and (case.against is None or exact(rate) < case.against.reference.rate):
        return None
    return Finding(
        rule="free-of-charge",
        verdict=Verdict.FLAG,
        detail=f"Sending {written(amount)} {case.pair.sending_currency} costs nothing: is a fee missing?",
        pointer="/fee",
    )


def unusual_limits(case: Case) -> Finding | None:
    """Ask whether the limits are amounts that people send, or in another unit."""
    terms, usd = case.terms, case.pair.usd
    if usd is None or (terms.min_amount is None and terms.max_amount is None):
        return None
    low, high = (exact(limit) * usd for limit in case.parameters.usual_limits_usd)
    if terms.max_amount is not None and exact(terms.max_amount) < low:
        name, given, limit, sign = "max_amount", terms.max_amount, case.parameters.usual_limits_usd[0], "at least"
    elif terms.min_amount is not None and exact(terms.min_amount) > high:
        name, given, limit, sign = "min_amount", terms.min_amount, case.parameters.usual_limits_usd[1], "at most"
    else:
        return None
    return Finding(
        rule="unusual-limits",
        verdict=Verdict.FLAG,
        detail=f"{name} is {written(given)} {case.pair.sending_currency}: expected {sign} the worth of {limit} US "
        "dollars. Amounts are in whole units of the currency.",
        pointer=f"/{name}",
        limit=f"USD {limit}",
        value=written(given),
    )


def _place(case: Case, index: int) -> str:
    rates = case.terms.rates
    return "/offered_rate" if len(rates) == 1 and not rates[0].start else f"/offered_rates/{index}/rate"


def _inverted(case: Case, against: Against) -> Iterator[int]:
    """Give the places of the rates that are inverted: implausible, and near the reference when turned round."""
    within, bounds = case.parameters.inverted_within_percent, case.parameters.plausible_margin_percent
    for place in case.odd_rates:
        rate, reference = exact(case.terms.rates[place].rate), against.reference.rate
        is_near = abs(fx_margin_percent(1 / rate, reference)) <= within
        if is_near and _beyond(fx_margin_percent(rate, reference), bounds):
            yield place


def _is_of_another_amount(fee: Fee, amount: Decimal) -> bool:
    return isinstance(fee, AmountFee) and fee.at_amount != amount


def _beyond(margin: Fraction, bounds: tuple[Decimal, Decimal]) -> Fraction:
    """Return by how many percentage points a margin exceeds bounds; 0 within them."""
    least, most = exact(bounds[0]), exact(bounds[1])
    return max(least - margin, margin - most, Fraction(0))


def _is_within(low: Decimal, high: Decimal, percent: Decimal) -> bool:
    """Say whether the higher of two rates is at most so many percent above the lower, exactly."""
    return EXACT.multiply(high, _HUNDRED) <= EXACT.multiply(low, EXACT.add(_HUNDRED, percent))


def _rate(against: Against) -> str:
    rate = against.reference.rate
    return f"{_SHOWN.divide(Decimal(rate.numerator), Decimal(rate.denominator)):f}"


def _day(against: Against) -> str:
    day = against.reference.day
    return "" if day is None else f" of {day}"
