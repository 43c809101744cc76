"""Whether the figures of a compared quote can be: signs, the sum that they must make, a rate near the declared one."""

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from app.domain.money import Currency, money_out
from app.domain.plausibility.rates import (
    IMPLAUSIBLE_RATE,
    LEAST_MARGIN_PERCENT,
    MOST_MARGIN_PERCENT,
    offered_rate_doubt,
)
from app.sources.cells import CellError, number_of
from app.sources.json_documents import Number, given_text

RATE_DIGITS = 6
"""A rate has at least as many significant digits; zeros at its end are not written."""


class ImplausibleError(Exception):
    """A quote that cannot be: the ``field`` at fault, a ``code`` for machines, and the reason as a phrase."""

    def __init__(self, field: str, code: str, reason: str, given: object = "") -> None:
        """``given`` is what stands in the field: outside text."""
        super().__init__(reason)
        self.field = field
        self.code = code
        self.reason = reason
        self.given = given_text(given)


class Sums(NamedTuple):
    """The figures of a quote, in major units; ``received`` is null where it was not said."""

    sent: Decimal
    fee: Decimal
    rate: Decimal
    received: Decimal | None


def number(field: str, value: Number | None) -> Decimal | None:
    """Return a number exactly, or null; raises ImplausibleError for one that no price has."""
    if value is None:
        return None
    try:
        text = number_of(value.text)
    except CellError as error:
        raise ImplausibleError(field, "invalid-number", f"expected {error.expected}", value) from None
    return None if text is None else Decimal(text)


def needed(field: str, value: Number | None) -> Decimal:
    """Return a number exactly; raises ImplausibleError where there is none."""
    found = number(field, value)
    if found is None:
        raise ImplausibleError(field, "missing-value", "expected a number", None)
    return found


def positive(field: str, value: Number | None) -> Decimal:
    """Return a number of more than 0; raises ImplausibleError."""
    found = needed(field, value)
    if found <= 0:
        raise ImplausibleError(field, "not-positive", "expected a number of more than 0", value)
    return found


def check_sums(sums: Sums, sending: Currency, receiving: Currency) -> None:
    """Raise ImplausibleError unless received = (sent - fee) * rate, to the rounding of what was published.

    Sent, fee and received may each be off by a minor unit, the rate by one in its last written or sixth digit.
    """
    sent, fee, rate, received = sums
    if fee < 0:
        raise ImplausibleError("fee", "not-positive", "expected a fee of 0 or more", _written(fee))
    if fee >= sent:
        raise ImplausibleError("fee", "does-not-add-up", f"expected a fee below the {sent} sent", _written(fee))
    if received is None:
        return
    if received <= 0:
        raise ImplausibleError(
            "receivedAmount", "not-positive", "expected an amount of more than 0", _written(received)
        )
    principal, exact_rate = Fraction(sent) - Fraction(fee), Fraction(rate)
    tolerance = _unit(receiving) + 2 * exact_rate * _unit(sending) + principal * _last_digit(rate)
    expected = principal * exact_rate
    if abs(Fraction(received) - expected) > tolerance:
        reason = f"expected (sent - fee) times the rate, {money_out(expected, receiving.minor_units):f}"
        raise ImplausibleError("receivedAmount", "does-not-add-up", reason, _written(received))


def check_margin(rate: Decimal, mid: Decimal | None, markup: Decimal | None) -> None:
    """Raise ImplausibleError for a rate too far from the mid-market rate that the answer declares, or such a markup."""
    if markup is not None and not LEAST_MARGIN_PERCENT <= markup <= MOST_MARGIN_PERCENT:
        expected = f"expected a markup from {LEAST_MARGIN_PERCENT} to {MOST_MARGIN_PERCENT} percent"
        raise ImplausibleError("markup", IMPLAUSIBLE_RATE, expected, _written(markup))
    doubt = None if mid is None else offered_rate_doubt(rate, Fraction(mid))
    if doubt is not None:
        reason = f"{doubt} against the declared mid-market rate {mid}"
        raise ImplausibleError("rate", IMPLAUSIBLE_RATE, reason, _written(rate))


def _unit(currency: Currency) -> Fraction:
    return Fraction(1, 10**currency.minor_units)


def _last_digit(rate: Decimal) -> Fraction:
    """Return one in the last digit that a rate was written with, or in its sixth if it was written with fewer."""
    exponent = rate.as_tuple().exponent
    written = exponent if isinstance(exponent, int) else 0
    return Fraction(10) ** min(written, rate.adjusted() + 1 - RATE_DIGITS)


def _written(value: Decimal) -> Number:
    return Number(format(value, "f"))
