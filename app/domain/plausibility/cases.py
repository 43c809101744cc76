"""A pushed quote with all that is known around it: what the rules of ``quotes`` are asked about."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from functools import cached_property
from typing import Final, NamedTuple, TypeAlias

from app.domain.money import exact
from app.domain.plausibility.parameters import Parameters
from app.domain.rates import ReferenceRate
from app.domain.terms import AmountFee, Fee, PercentFee, RateBand, ScheduleFee, Terms
from app.domain.verdicts import Finding

EXACT: Final = Context(prec=80)
"""Wide enough that no sum and no product of two published numbers is rounded."""

_HUNDRED: Final = Decimal(100)
_HUNDREDTH: Final = Decimal("0.01")
_NOTHING: Final = Decimal(0)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UP, _DOWN = Context(prec=40, rounding=ROUND_CEILING), Context(prec=40, rounding=ROUND_FLOOR)


class NamedProvider(NamedTuple):
    """Whose price it says it is, of those that the partner may speak for; ``is_known``: we or the partner know it.

    ``resembles``: the name of another provider that looks the same; ``near``: ids that may have been meant;
    ``known_as``: the name of a known one, where the partner gives it a name that nobody else does.
    """

    id: str
    name: str
    is_known: bool = True
    resembles: str | None = None
    near: tuple[str, ...] = ()
    known_as: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The currencies of a corridor: ``sent`` and ``paid`` are those that are legal tender at its ends.

    ``usd``: one US dollar in the sending currency, and ``usual_amount`` about 200 of them, where that is known.
    """

    sending_country: str
    receiving_country: str
    sending_currency: str
    receiving_currency: str
    sent: tuple[str, ...]
    paid: tuple[str, ...]
    usd: Fraction | None = None
    usual_amount: Decimal | None = None


@dataclass(frozen=True)
class Against:
    """A reference rate, and between which rates a margin is usual: surely so, since the bounds are rounded inwards."""

    reference: ReferenceRate
    parameters: Parameters

    @cached_property
    def usual(self) -> tuple[Decimal, Decimal]:
        """The lowest and the highest rate with a usual margin."""
        least, most = self.parameters.usual_margin_percent
        lowest = self.reference.rate * (100 - exact(most)) / 100
        highest = self.reference.rate * (100 - exact(least)) / 100
        return (
            _UP.divide(Decimal(lowest.numerator), Decimal(lowest.denominator)),
            _DOWN.divide(Decimal(highest.numerator), Decimal(highest.denominator)),
        )

    def odd(self, rates: Sequence[RateBand]) -> Sequence[int]:
        """Return the places of the rates that do not surely have a usual margin."""
        low, high = self.usual
        if len(rates) == 1 and low <= rates[0].rate <= high:
            return ()
        return [place for place, band in enumerate(rates) if not low <= band.rate <= high]


class Before(NamedTuple):
    """What the same service of the same partner cost before; ``fee`` null: the fee is the same."""

    rate: Decimal | None
    fee: Fee | None


class Case(NamedTuple):
    """One quote, and what is known around it; times are microseconds since 1970 (UTC).

    ``amount``: at which the fee is judged, null where none suggests itself, and ``fee`` the fee there; ``odd_rates``:
    its rates whose margins may be unusual, by their places. ``against``: the reference rate that counted when it was
    observed; ``before``: the same service's current price, where the two are comparable; ``has_twin``: another partner
    says the same about the same instant.
    """

    provider: NamedProvider
    pair: Pair
    terms: Terms
    observed_at: int
    valid_until: int | None
    now: int
    parameters: Parameters
    amount: Decimal | None
    fee: Decimal
    odd_rates: Sequence[int] = ()
    against: Against | None = None
    before: Before | None = None
    has_twin: bool = False


Rule: TypeAlias = Callable[[Case], Finding | None]
"""One question about a quote; null: nothing was found."""


def judged_amount(terms: Terms, pair: Pair) -> Decimal | None:
    """Return the amount at which a fee is judged, in the units of the terms; null where none suggests itself.

    That of a fee for one amount, else about 200 US dollars, moved between the limits; without a rate for that the
    amount from which the last band prices.
    """
    fee = terms.fee
    if isinstance(fee, AmountFee):
        return fee.at_amount
    amount = pair.usual_amount
    if amount is None:
        start = fee.bands[-1].start if isinstance(fee, ScheduleFee) else _HUNDRED
        amount = start or None
    low, high = terms.min_amount, terms.max_amount
    if high is not None and amount is not None and amount > high:
        amount = high
    if low is not None and (amount is None or amount < low):
        amount = low or amount
    return amount


def fee_at(fee: Fee, amount: Decimal) -> Decimal:
    """Return the fee of an amount, exactly; a fee that was asked for at one amount is that fee."""
    if isinstance(fee, AmountFee):
        return fee.amount
    if isinstance(fee, PercentFee):
        return _share(amount, fee.percent)
    if fee.is_marginal:
        return _of_slices(fee, amount)
    own = fee.bands[0]
    for band in fee.bands:
        if band.start > amount:
            break
        own = band
    found = EXACT.add(own.fixed, _share(amount, own.percent)) if own.percent else own.fixed
    if own.minimum is not None and found < own.minimum:
        found = own.minimum
    return own.maximum if own.maximum is not None and found > own.maximum else found


def _of_slices(fee: ScheduleFee, amount: Decimal) -> Decimal:
    total = _NOTHING
    for band, end in zip(fee.bands, [*(band.start for band in fee.bands[1:]), amount], strict=True):
        if band.start <= amount:
            width = EXACT.subtract(min(end, amount), band.start)
            total = EXACT.add(total, EXACT.add(band.fixed, _share(width, band.percent)))
    return total


def instant_of(microseconds: int) -> datetime:
    """Return the instant of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


def written(number: Decimal) -> str:
    """Return a number as people write it: without an exponent and without zeros at its end."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _share(amount: Decimal, percent: Decimal) -> Decimal:
    return EXACT.multiply(EXACT.multiply(amount, percent), _HUNDREDTH)
