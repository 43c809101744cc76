# ruff: noqa: FBT001 -- tables of cases have columns that are true or false
"""The formulas of one price, in both directions and both fee modes."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.costs import fx_margin_percent, three_percent_test, total_cost
from app.domain.tariffs import FeeBand, tariff_curve
from app.domain.vocabulary import AmountIs, AmountTier, FeeMode
from tests.domain.builders import at, curve, priced, quote, tariff

rates = st.fractions(min_value=Fraction(1, 1000), max_value=1000)
amounts = st.fractions(min_value=1, max_value=10**6, max_denominator=100)
fees = st.fractions(min_value=0, max_value=500, max_denominator=100)


def test_the_margin_is_what_the_rate_falls_short_of_the_mid_market_in_percent() -> None:
    assert fx_margin_percent(Fraction(60), Fraction(62)) == Fraction(200, 62)


def test_a_rate_better_than_mid_market_is_a_negative_margin() -> None:
    assert fx_margin_percent(Fraction(63), Fraction(60)) == -5


@given(rates)
def test_the_margin_is_nothing_at_the_mid_market_rate(rate: Fraction) -> None:
    assert fx_margin_percent(rate, rate) == 0


@given(rates, rates, rates)
def test_the_margin_falls_as_the_offered_rate_rises(a: Fraction, b: Fraction, mid: Fraction) -> None:
    lower, higher = sorted((a, b))
    assert fx_margin_percent(lower, mid) >= fx_margin_percent(higher, mid)


@given(amounts, fees, rates, rates)
def test_fee_and_margin_sum_exactly_to_what_is_paid_less_what_arrives(
    principal: Fraction, fee: Fraction, offered: Fraction, mid: Fraction
) -> None:
    paid = principal + fee
    assert total_cost(principal, fee, fx_margin_percent(offered, mid)) == paid - principal * offered / mid


@pytest.mark.parametrize("mode", FeeMode)
@given(amount=amounts, fixed=fees, percent=st.fractions(min_value=0, max_value=50, max_denominator=100))
def test_components_sum_to_the_total_in_both_fee_modes(
    mode: FeeMode, amount: Fraction, fixed: Fraction, percent: Fraction
) -> None:
    found = tariff_curve(tariff(FeeBand(Fraction(0), fixed, percent), mode=mode)).price(amount + 1000)
    price = priced(found)
    assert price.fx_margin_percent is not None
    assert price.recipient_gets is not None
    assert price.total_cost == price.fee + price.principal * price.fx_margin_percent / 100
    assert price.total_cost == price.sender_pays - price.recipient_gets / 62


@given(amounts, fees, st.fractions(min_value=1, max_value=1000, max_denominator=10))
def test_cost_percent_is_unchanged_when_amount_and_fee_scale_together(
    principal: Fraction, fee: Fraction, factor: Fraction
) -> None:
    margin = Fraction(2)
    assert total_cost(principal, fee, margin) / principal == (
        total_cost(principal * factor, fee * factor, margin) / (principal * factor)
    )


def test_the_survey_row_of_the_contract_costs_what_the_contract_says() -> None:
    price = at(curve(quote("120", "4", "0.11", "3.44")), "120")
    assert price.total_cost_percent == Fraction("3.44")
    assert price.total_cost == Fraction("4.128")
    assert price.sender_pays == 124
    assert price.fee_percent == Fraction(10, 3)
    assert price.cost_of_total_paid_percent == 100 * Fraction("4.128") / 124
    assert price.recipient_gets is None
    assert price.offered_rate is None


def test_costs_are_not_known_without_a_mid_market_rate() -> None:
    price = at(tariff_curve(tariff(FeeBand(Fraction(0), Fraction(2)), mid_market_rate=None)), "100")
    assert (price.total_cost, price.total_cost_percent, price.cost_of_total_paid_percent) == (None, None, None)
    assert (price.total_cost_percent_low, price.total_cost_percent_high) == (None, None)
    assert (price.total_cost_low, price.total_cost_high) == (None, None)
    assert price.recipient_gets == 6000
    assert three_percent_test(price) is None


@pytest.mark.parametrize(
    ("total", "meets", "within", "gap"),
    [
        ("2.99", True, True, "-0.01"),
        ("3", False, True, "0"),
        ("5", False, True, "2"),
        ("5.01", False, False, "2.01"),
        ("-1", True, True, "-4"),
    ],
)
def test_the_target_is_below_three_and_the_ceiling_at_most_five(
    total: str,
    meets: bool,
    within: bool,
    gap: str,
) -> None:
    price = (
        at(curve(quote("100", total, "0", total)), "100")
        if Decimal(total) >= 0
        else at(curve(quote("100", "0", total, total)), "100")
    )
    test = three_percent_test(price)
    assert test is not None
    assert (test.meets_target, test.within_ceiling, test.gap_percentage_points) == (meets, within, Fraction(gap))


def test_sdg_words_are_for_the_surveyed_usd_200_amount_only() -> None:
    known = curve(quote("120"), quote("300", tier=AmountTier.USD_500))
    official = {
        amount: three_percent_test(at(known, amount)).is_official  # type: ignore[union-attr]
        for amount in ("120", "121.2", "200", "300")
    }
    assert official == {"120": True, "121.2": True, "200": False, "300": False}


@given(amounts, st.sampled_from(AmountIs))
def test_every_amount_held_equal_is_held_exactly(amount: Fraction, amount_is: AmountIs) -> None:
    price = priced(tariff_curve(tariff(FeeBand(Fraction(0), Fraction(3), Fraction(1)))).price(amount + 10, amount_is))
    held = {
        AmountIs.PRINCIPAL: price.principal,
        AmountIs.TOTAL_PAID: price.sender_pays,
        AmountIs.RECEIVED: price.recipient_gets,
    }
    assert held[amount_is] == amount + 10
