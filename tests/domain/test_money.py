"""Numbers come in exactly, stay exact, and are rounded once, where they leave."""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import InvalidAmount, InvalidNumber
from app.domain.money import (
    Currency,
    magnitude,
    money_out,
    normalise,
    parse_amount,
    parse_decimal,
    percent_out,
    rate_out,
    two_decimals,
)

WIDE = Context(prec=400)

fractions = st.builds(
    Fraction, st.integers(min_value=-(10**30), max_value=10**30), st.integers(min_value=1, max_value=10**18)
)
published = st.builds(
    lambda digits, scale: Decimal(digits).scaleb(-scale, WIDE),
    st.integers(min_value=-(10**15) + 1, max_value=10**15 - 1),
    st.integers(min_value=0, max_value=12),
)


def money(code: str, minor_units: int) -> Currency:
    return Currency(code=code, numeric=None, name=code, minor_units=minor_units, is_historic=False)


GBP, JPY, TND = money("GBP", 2), money("JPY", 0), money("TND", 3)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("120", "120"),
        ("120.50", "120.5"),
        ("+5", "5"),
        ("-0.8", "-0.8"),
        ("-0", "0"),
        ("-.0", "0"),
        ("-00.1200", "-0.12"),
        ("000120", "120"),
        (".5", "0.5"),
        ("5.", "5"),
        ("100000000000000", "100000000000000"),
        ("0.00773993808049535", "0.00773993808049535"),
    ],
)
def test_a_number_is_read_digit_for_digit_and_kept_without_trailing_zeros(text: str, number: str) -> None:
    assert str(normalise(parse_decimal(text))) == format(parse_decimal(text), "f")
    assert parse_decimal(text) == Decimal(number)


@pytest.mark.parametrize(
    "text",
    [
        "", " 5 ", "5 ", "\n5", "1_000", "1,000", "12,5", "１２", "٣", "1e3", "1E-6", "1e999999999", "NaN", "-sNaN",  # noqa: RUF001
        "Infinity", "inf", "0x10", "--5", "+", ".", "1.2.3", "5\x00", "½", "five", "−5", "1" * 41, "9" * 5000,
        "1234567890123456", "0.1234567890123456", "1000000000000000",
    ],
)  # fmt: skip
def test_what_is_no_plain_number_is_refused_with_a_short_printable_reason(text: str) -> None:
    with pytest.raises(InvalidNumber) as refused:
        parse_decimal(text)
    assert refused.value.detail.isprintable()
    assert len(refused.value.detail) < 300


@given(published)
def test_reading_what_was_written_gives_the_number_back(number: Decimal) -> None:
    kept = normalise(number)
    assert kept == number
    assert parse_decimal(format(number, "f")).as_tuple() == kept.as_tuple()
    assert parse_decimal(format(kept, "f")).as_tuple() == kept.as_tuple()
    assert not kept.is_signed() or kept < 0


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=9))
def test_one_number_has_one_normal_form(number: Decimal) -> None:
    kept = normalise(number)
    again = normalise(number.scaleb(-3, WIDE).scaleb(3, WIDE))
    assert kept.as_tuple() == again.as_tuple()
    assert "E" not in str(kept) or abs(kept) < Decimal("0.000001")


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("120.505", GBP),
        ("0.5", JPY),
        ("1.2345", TND),
        ("0", GBP),
        ("-5", GBP),
        ("1000000000000.01", GBP),
        ("0.00", GBP),
    ],
)
def test_an_amount_that_nobody_can_pay_is_refused(text: str, currency: Currency) -> None:
    with pytest.raises(InvalidAmount) as refused:
        parse_amount(text, currency)
    assert refused.value.parameter == "amount"


@pytest.mark.parametrize(
    ("text", "currency"),
    [("120.50", GBP), ("120.500", GBP), ("18000", JPY), ("18000.0", JPY), ("1.234", TND), ("1000000000000", GBP)],
)
def test_an_amount_that_can_be_paid_is_taken_whatever_its_trailing_zeros(text: str, currency: Currency) -> None:
    assert parse_amount(text, currency) == Decimal(text)


def test_the_refusal_of_an_amount_says_what_the_currency_can_pay() -> None:
    with pytest.raises(InvalidAmount, match=r"more decimals than JPY has: give whole units"):
        parse_amount("0.5", JPY)
    with pytest.raises(InvalidAmount, match="at most 2 decimals"):
        parse_amount("0.505", GBP)
    with pytest.raises(InvalidAmount, match="at most 1 decimal"):
        parse_amount("0.505", money("XXA", 1))


@given(fractions)
def test_a_percentage_is_rounded_to_six_decimals_half_even(value: Fraction) -> None:
    out = percent_out(value)
    assert Fraction(out) == Fraction(round(value * 10**6), 10**6)
    assert out.as_tuple() == normalise(out).as_tuple()


@given(fractions, st.integers(min_value=0, max_value=4))
def test_money_is_rounded_to_its_minor_units_half_even(value: Fraction, minor_units: int) -> None:
    assert Fraction(money_out(value, minor_units)) == Fraction(round(value * 10**minor_units), 10**minor_units)


@given(fractions)
def test_a_rate_has_ten_significant_digits_half_even(value: Fraction) -> None:
    exact = Context(prec=10, rounding=ROUND_HALF_EVEN).divide(Decimal(value.numerator), Decimal(value.denominator))
    assert rate_out(value) == exact


@given(fractions.filter(bool))
def test_the_magnitude_is_the_power_of_ten_of_the_first_digit(value: Fraction) -> None:
    power = magnitude(value)
    assert Fraction(10) ** power <= abs(value) < Fraction(10) ** (power + 1)


@given(fractions)
def test_two_decimals_are_half_up_and_always_two(value: Fraction) -> None:
    text = two_decimals(value)
    cents = abs(value) * 100
    nearest = (2 * cents.numerator + cents.denominator) // (2 * cents.denominator)
    assert abs(Fraction(text)) == Fraction(nearest, 100)
    assert text.startswith("-") == (value < 0 and nearest > 0)
    assert len(text.partition(".")[2]) == 2


@pytest.mark.parametrize(
    ("out", "expected"),
    [
        (percent_out(Fraction(10, 3)), "3.333333"),
        (percent_out(Fraction(5, 10**7)), "0"),
        (percent_out(Fraction(15, 10**7)), "0.000002"),
        (percent_out(Fraction(100)), "100"),
        (money_out(Fraction(125, 1000), 2), "0.12"),
        (money_out(Fraction(135, 1000), 2), "0.14"),
        (money_out(Fraction(5, 2), 0), "2"),
        (money_out(Fraction(-1, 1000), 2), "0"),
        (rate_out(Fraction(2, 3)), "0.6666666667"),
        (rate_out(Fraction(99999999995)), "100000000000"),
        (rate_out(Fraction(0)), "0"),
    ],
)
def test_worked_roundings(out: Decimal, expected: str) -> None:
    assert format(out, "f") == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2.675", "2.68"),
        ("-2.675", "-2.68"),
        ("-0.001", "0.00"),
        ("3", "3.00"),
        ("0.005", "0.01"),
        ("1234.5", "1234.50"),
    ],
)
def test_a_table_for_people_rounds_as_people_do(value: str, text: str) -> None:
    assert two_decimals(Fraction(value)) == text
