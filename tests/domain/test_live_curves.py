"""What a live source says becomes a curve: observed amounts, straight lines between them, or a whole tariff."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from app.domain.costs import Price
from app.domain.live_curves import Benchmarked, live_curve
from app.domain.price_curves import NoPrice, PriceCurve
from app.domain.quotes import LiveQuote
from app.domain.terms import Band, PercentFee, RateBand, ScheduleFee
from app.domain.vocabulary import AmountIs, Exclusion, FeeMode, PriceBasis
from tests.domain.builders import SEEN, live_quote

MID = Fraction(72)


def curve(*quotes: LiveQuote, mid: Fraction | None = MID) -> PriceCurve:
    return live_curve([Benchmarked(quote, mid) for quote in quotes])


def priced(found: PriceCurve, amount: str | int, amount_is: AmountIs = AmountIs.TOTAL_PAID) -> Price:
    price = found.price(Fraction(amount), amount_is)
    assert isinstance(price, Price), price
    return price


def test_a_deducted_fee_leaves_the_rest_to_convert() -> None:
    """The documented example: GBP 10,000 less 37.12 at 1.15989."""
    quote = live_quote("10000", "37.12", "1.15989", mode=FeeMode.DEDUCTED, pays="EUR")
    price = priced(curve(quote, mid=Fraction("1.15989")), 10_000)
    assert price.recipient_gets == (10_000 - Fraction("37.12")) * Fraction("1.15989")
    assert price.fx_margin_percent == 0
    assert price.basis is PriceBasis.OBSERVED


def test_a_fee_on_top_is_of_the_principal() -> None:
    price = priced(curve(live_quote("200", "4", "70")), 204)
    assert [price.principal, price.fee, price.recipient_gets] == [200, 4, 14_000]
    assert price.total_cost == 4 + 200 * Fraction(2, 72)


def test_without_a_benchmark_the_price_is_known_and_the_cost_is_not() -> None:
    price = priced(curve(live_quote("200", "4", "70"), mid=None), 204)
    assert [price.recipient_gets, price.total_cost, price.fx_margin_percent] == [14_000, None, None]


@pytest.mark.parametrize("amount", ["197", "207", "100"])
def test_nothing_is_known_beyond_one_percent_of_the_only_amount(amount: str) -> None:
    found = curve(live_quote("200", "4", "70")).price(Fraction(amount), AmountIs.PRINCIPAL)
    assert isinstance(found, NoPrice)
    assert found.reason is Exclusion.AMOUNT_NOT_OBSERVED


def test_between_two_amounts_the_fee_is_a_line_with_bounds() -> None:
    found = curve(live_quote("200", "4", "70"), live_quote("500", "10", "70"))
    price = priced(found, 300, AmountIs.PRINCIPAL)
    assert price.basis is PriceBasis.INTERPOLATED
    assert [price.fee, *(price.fee_bounds or ())] == [6, 4, 10]
    assert price.recipient_gets == 21_000


def test_between_two_rates_what_is_received_is_not_known_but_the_cost_is() -> None:
    found = curve(live_quote("200", "4", "70"), live_quote("500", "10", "71"))
    price = priced(found, 350, AmountIs.PRINCIPAL)
    margins = [100 * (72 - Fraction(rate)) / 72 for rate in (70, 71)]
    assert (price.recipient_gets, price.fx_margin_percent) == (None, sum(margins) / 2)


def test_between_two_rates_without_a_benchmark_nothing_is_known() -> None:
    found = curve(live_quote("200", "4", "70"), live_quote("500", "10", "71"), mid=None)
    assert isinstance(found.price(Fraction(350)), NoPrice)


def test_of_two_prices_at_one_amount_the_newer_counts() -> None:
    older = live_quote("200", "9", "70", seen=SEEN.replace(hour=8))
    assert priced(curve(older, live_quote("200", "4", "70")), 200, AmountIs.PRINCIPAL).fee == 4


def test_a_tariff_speaks_for_every_amount() -> None:
    schedule = ScheduleFee((Band(start=Decimal(0), fixed=Decimal(3)), Band(start=Decimal(100), percent=Decimal(2))))
    found = curve(live_quote(fees=schedule))
    assert [priced(found, amount, AmountIs.PRINCIPAL).fee for amount in (50, 99, 100, 400)] == [3, 3, 2, 8]


def test_a_percentage_is_of_the_amount_paid_when_it_is_deducted() -> None:
    price = priced(curve(live_quote(fees=PercentFee(Decimal(1)), mode=FeeMode.DEDUCTED)), 200)
    assert [price.fee, price.principal] == [2, 198]


def test_a_rate_holds_from_its_amount_on_for_the_whole() -> None:
    quote = live_quote(fees=PercentFee(Decimal(0)))
    terms = replace(quote.terms, rates=(RateBand(Decimal(0), Decimal(70)), RateBand(Decimal(500), Decimal(71))))
    found = curve(replace(quote, terms=terms))
    gets = [priced(found, amount, AmountIs.PRINCIPAL).recipient_gets for amount in (100, 499, 500)]
    assert gets == [7_000, 499 * 70, 35_500]


def test_where_two_payments_pay_out_the_same_the_smaller_is_asked_for() -> None:
    """At a step of the rate the receiver's 35,100 can be reached below and above it; more received would be better."""
    quote = live_quote(fees=PercentFee(Decimal(0)))
    terms = replace(quote.terms, rates=(RateBand(Decimal(0), Decimal(70)), RateBand(Decimal(500), Decimal(69))))
    price = priced(curve(replace(quote, terms=terms)), 34_900, AmountIs.RECEIVED)
    assert price.sender_pays == Fraction(34_900, 70)


def test_a_rate_step_holds_at_its_very_amount() -> None:
    quote = live_quote("500", "0", "70")
    terms = replace(quote.terms, rates=(RateBand(Decimal(0), Decimal(70)), RateBand(Decimal(500), Decimal(71))))
    assert priced(curve(replace(quote, terms=terms)), 500).recipient_gets == 35_500


def test_between_two_mid_market_rates_there_is_no_one_rate_to_show() -> None:
    low, high = live_quote("200", "4", "70"), live_quote("500", "10", "70")
    found = live_curve([Benchmarked(low, Fraction(72)), Benchmarked(high, Fraction(73))])
    assert priced(found, 300, AmountIs.PRINCIPAL).mid_market_rate is None
    same = live_curve([Benchmarked(low, Fraction(72)), Benchmarked(high, Fraction(72))])
    assert priced(same, 300, AmountIs.PRINCIPAL).mid_market_rate == 72
