"""Currencies, and numbers without loss: how they are read, kept, and rounded at the one place where they leave.

Published and given numbers are ``Decimal`` without trailing zeros; computed ones are ``Fraction``; the ``*_out``
functions are the only roundings (METHODOLOGY, One price).
"""

import re
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache

from app.domain.errors import InvalidAmount, InvalidNumber

SIGNIFICANT_DIGITS = 15
LONGEST_NUMBER = 40
PERCENT_DECIMALS = 6
RATE_DIGITS = 10
LARGEST_AMOUNT = Decimal(10) ** 12

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)", re.ASCII)
# Wide enough that nothing below is ever rounded by the context instead of by us.
_EXACT = Context(prec=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Currency:
    """A currency of ISO 4217; ``minor_units`` is how many decimals its money has (JPY 0, GBP 2, TND 3)."""

    code: str
    numeric: str | None
    name: str
    minor_units: int
    is_historic: bool


def normalise(number: Decimal) -> Decimal:
    """Return the same number without trailing zeros and without an exponent: ``120.50`` is ``120.5``, ``-0`` is 0."""
    if not number:
        return Decimal(0)
    stripped = number.normalize(_EXACT)
    exponent = stripped.as_tuple().exponent
    return stripped.quantize(Decimal(1), context=_EXACT) if isinstance(exponent, int) and exponent > 0 else stripped


@lru_cache(maxsize=1 << 16)
def exact(number: Decimal) -> Fraction:
    """Return the same number as a fraction; kept, since published numbers come back thousands of times."""
    return Fraction(number)


def parse_decimal(text: str) -> Decimal:
    """Read a number: ASCII digits, an optional sign and point, at most 15 significant digits
    (those of a whole number all count, trailing zeros after the point do not).

    Exponents, ``NaN``, ``Infinity``, grouping, spaces and other scripts' digits are refused with ``InvalidNumber``,
    and length is judged before anything is converted (RELIABILITY 2 and 12).
    """
    if not text:
        raise InvalidNumber(text=text, reason="it is empty")
    if len(text) > LONGEST_NUMBER:
        raise InvalidNumber(text=text, reason=f"it is longer than {LONGEST_NUMBER} characters")
    if not _NUMBER.fullmatch(text):
        raise InvalidNumber(text=text, reason=_what_is_wrong(text))
    plain = text.rstrip("0").rstrip(".") if "." in text else text
    digits = plain.lstrip("+-0.")
    if not digits:
        return Decimal(0)
    if len(digits) - ("." in digits) > SIGNIFICANT_DIGITS:
        raise InvalidNumber(text=text, reason=f"it has more than {SIGNIFICANT_DIGITS} significant digits")
    return Decimal(plain)


def _what_is_wrong(text: str) -> str:
    if not text.isascii():
        return "only the digits 0 to 9 are read"
    if "," in text:
        return "it has a comma; decimals follow a point and thousands are not separated"
    if re.fullmatch(r"[+-]?[0-9.]+[eE][+-]?[0-9]+", text):
        return "exponents are not read"
    if text.strip().lower().lstrip("+-") in {"nan", "snan", "inf", "infinity"}:
        return "it must be finite"
    return "it holds something else than digits, one sign and one point"


def parse_amount(text: str, currency: Currency, *, parameter: str = "amount") -> Decimal:
    """Read an amount of money that somebody asks about: positive, at most 10^12, payable in the currency.

    More decimals than the currency has (``120.505`` pounds, ``0.5`` yen) are refused, not rounded: the answer would be
    about another amount than the one asked. Trailing zeros do not count. Raises ``InvalidAmount`` or ``InvalidNumber``.
    """
    return check_amount(parse_decimal(text), currency, parameter=parameter)


def check_amount(amount: Decimal, currency: Currency, *, parameter: str = "amount") -> Decimal:
    """Return the amount if it can be paid in the currency, else raise ``InvalidAmount`` (see ``parse_amount``)."""
    if amount <= 0:
        raise InvalidAmount(reason=f"The {parameter} must be more than 0.", parameter=parameter)
    if amount > LARGEST_AMOUNT:
        raise InvalidAmount(reason=f"The {parameter} must be at most {LARGEST_AMOUNT}.", parameter=parameter)
    number = normalise(amount)
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > currency.minor_units:
        raise InvalidAmount(
            reason=f"The {parameter} has more decimals than {currency.code} has: give {_decimals(currency)}.",
            parameter=parameter,
        )
    return number


def _decimals(currency: Currency) -> str:
    units = currency.minor_units
    return "whole units" if units == 0 else "at most 1 decimal" if units == 1 else f"at most {units} decimals"


def percent_out(value: Fraction) -> Decimal:
    """Round a percentage for output: 6 decimals, half-even, trailing zeros dropped."""
    return _rounded(value, PERCENT_DECIMALS)


def money_out(value: Fraction, minor_units: int) -> Decimal:
    """Round money in major units to its currency's minor units, half-even, trailing zeros dropped."""
    return _rounded(value, minor_units)


def rate_out(value: Fraction) -> Decimal:
    """Round an exchange rate to 10 significant digits, half-even, trailing zeros dropped."""
    return _rounded(value, RATE_DIGITS - 1 - magnitude(value)) if value else Decimal(0)


def two_decimals(value: Fraction) -> str:
    """Return a number for a table that people read: always 2 decimals, half-up (away from zero in the middle)."""
    scaled = abs(value) * 100
    units, rest = divmod(scaled.numerator, scaled.denominator)
    units += 2 * rest >= scaled.denominator
    sign = "-" if value < 0 and units else ""
    return f"{sign}{units // 100}.{units % 100:02d}"


def magnitude(value: Fraction) -> int:
    """Return the power of ten of a number's first digit: 2 for 120, 0 for 1, -3 for 0.0076. Not for 0."""
    numerator, denominator = abs(value.numerator), value.denominator
    power = len(str(numerator)) - len(str(denominator))
    reaches = numerator >= denominator * 10**power if power >= 0 else numerator * 10**-power >= denominator
    return power if reaches else power - 1


def _rounded(value: Fraction, decimals: int) -> Decimal:
    """Round half-even in whole numbers, which is exact and six times as quick as by way of fractions."""
    numerator, denominator = value.numerator, value.denominator
    if decimals >= 0:
        numerator *= 10**decimals
    else:
        denominator *= 10**-decimals
    units, rest = divmod(numerator, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and units & 1):
        units += 1
    while decimals > 0 and not units % 10:
        units //= 10
        decimals -= 1
    return _EXACT.scaleb(Decimal(units), -decimals) if decimals > 0 else Decimal(units * 10**-decimals)
