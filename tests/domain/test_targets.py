"""Where a service meets the 3 % target, and where the cheapest changes."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.polynomials import Polynomial, Span, negative_runs
from app.domain.price_curves import NoPrice, PriceCurve
from app.domain.switches import break_even_principal, break_even_total_paid, switches
from app.domain.targets import AmountRange, meets_target_between
from app.domain.tariffs import FeeBand, tariff_curve
from app.domain.vocabulary import AmountIs, AmountTier, FeeMode, FxMarginStatus
from tests.domain.builders import curve, quote, tariff

PENCE = 100
USD_500 = AmountTier.USD_500


def surveyed(fee_200: str, fee_500: str, margin: str = "0", margin_500: str | None = None) -> PriceCurve:
    return curve(
        quote("120", fee_200, margin), quote("300", fee_500, margin_500 or margin, tier=USD_500, key="2013-Q3/2")
    )


def test_the_contracts_example_meets_the_target_from_138_41_pounds() -> None:
    found = meets_target_between(surveyed("4", "4", "0.11"), PENCE)
    assert found.ranges == (AmountRange(Fraction("138.41"), Fraction(300)),)
    assert found.reason is None


def test_a_cost_may_rise_with_the_amount() -> None:
    (dear_when_large,) = meets_target_between(surveyed("3", "30"), PENCE).ranges
    assert (dear_when_large.start, dear_when_large.end) == (Fraction(120), Fraction("124.99"))


def test_the_target_is_met_where_the_cost_is_below_and_not_where_it_is_three() -> None:
    assert meets_target_between(surveyed("3.6", "9"), PENCE).reason == "target_not_met"


def test_touching_ranges_are_one() -> None:
    assert meets_target_between(surveyed("1", "1"), PENCE).ranges == (AmountRange(Fraction(120), Fraction(300)),)


def test_a_service_whose_price_is_not_known_says_so() -> None:
    hidden = curve(quote(status=FxMarginStatus.UNDISCLOSED))
    assert meets_target_between(hidden, PENCE).reason == "no_known_price"
    unknown = tariff_curve(tariff(FeeBand(Fraction(0)), mid_market_rate=None))
    assert meets_target_between(unknown, PENCE).reason == "no_known_price"


def test_a_schedule_meets_the_target_over_its_whole_range() -> None:
    fair = tariff(FeeBand(Fraction(0), Fraction(3)), offered_rate=Fraction(62), max_amount=Fraction(1000))
    assert meets_target_between(tariff_curve(fair), PENCE).ranges == (AmountRange(Fraction("100.01"), Fraction(1000)),)


@given(st.integers(0, 12), st.integers(0, 20), st.integers(-2, 5), st.integers(-2, 5))
def test_every_minor_unit_is_inside_exactly_when_it_costs_less(f1: int, f2: int, g1: int, g2: int) -> None:
    known = surveyed(str(f1), str(f2), str(g1), str(g2))
    ranges = meets_target_between(known, 1).ranges
    for amount in range(120, 301):
        price = known.price(Fraction(amount))
        assert not isinstance(price, NoPrice)
        assert price.total_cost_percent is not None
        assert any(r.start <= amount <= r.end for r in ranges) is (price.total_cost_percent < 3)


@given(st.integers(-50, 50), st.integers(-20, 20), st.integers(-3, 3), st.integers(0, 30), st.integers(0, 60))
def test_negative_runs_are_those_found_one_by_one(c: int, b: int, a: int, first: int, length: int) -> None:
    polynomial = Polynomial(Fraction(c), Fraction(b), Fraction(a))
    runs = list(negative_runs(polynomial, first, first + length, 4))
    inside = {unit for start, end in runs for unit in range(start, end + 1)}
    assert inside == {unit for unit in range(first, first + length + 1) if polynomial(Fraction(unit, 4)) < 0}
    assert list(negative_runs(polynomial, 5, 4, 4)) == []


def test_polynomials_refuse_what_they_cannot_be() -> None:
    parabola = Polynomial(square=Fraction(1))
    with pytest.raises(ValueError, match="third degree"):
        parabola.times_x()
    with pytest.raises(ValueError, match="only a line"):
        Polynomial().after(parabola)
    for not_rising in (parabola, Polynomial(Fraction(1)), Polynomial(linear=Fraction(-1))):
        with pytest.raises(ValueError, match="rising"):
            not_rising.inverse()


NUMBERS = st.fractions(max_denominator=9, min_value=-9, max_value=9)


@given(st.builds(Polynomial, NUMBERS, NUMBERS, NUMBERS), st.builds(Polynomial, NUMBERS, NUMBERS), NUMBERS)
def test_a_polynomial_of_a_line_is_the_polynomial_at_the_lines_value(
    polynomial: Polynomial, line: Polynomial, x: Fraction
) -> None:
    assert polynomial.after(line)(x) == polynomial(line(x))


def test_a_span_knows_its_ends() -> None:
    half_open = Span(Fraction(1), Fraction(2))
    assert Fraction(1) in half_open
    assert Fraction(2) not in half_open
    assert half_open.grid(10) == (10, 19)
    open_start = Span(Fraction(1), None, includes_start=False)
    assert Fraction(1) not in open_start
    assert open_start.grid(10) == (11, None)
    assert Span(Fraction(1), Fraction(2), includes_end=True).grid(10) == (10, 20)


# --- where the winner changes


def test_break_even_at_equal_principal() -> None:
    assert break_even_principal(Fraction(5), Fraction(1), Fraction(2), Fraction(2)) == 300
    assert break_even_principal(Fraction(5), Fraction(1), Fraction(2), Fraction(5, 2)) == 200
    assert break_even_principal(Fraction("2.01"), Fraction(1), Fraction(2), Fraction(3)) == Fraction(1, 2)
    assert break_even_principal(Fraction(5), Fraction(1), Fraction(2), Fraction(1)) is None
    assert break_even_principal(Fraction(5), Fraction(1), Fraction(5), Fraction(2)) is None
    assert break_even_principal(Fraction(2), Fraction(1), Fraction(5), Fraction(2)) is None


def test_break_even_at_equal_total_paid() -> None:
    amount = break_even_total_paid(Fraction(5), Fraction(62), Fraction(2), Fraction(60))
    assert amount == 95
    assert (amount - 5) * 62 == (amount - 2) * 60
    assert break_even_total_paid(Fraction(5), Fraction(60), Fraction(2), Fraction(60)) is None
    assert break_even_total_paid(Fraction(2), Fraction(62), Fraction(5), Fraction(60)) is None


def flat(fee: str, rate: str, number: int) -> PriceCurve:
    return tariff_curve(tariff(FeeBand(Fraction(0), Fraction(fee)), offered_rate=Fraction(rate), number=number))


@pytest.mark.parametrize("amount_is", [AmountIs.PRINCIPAL, AmountIs.TOTAL_PAID])
def test_a_switch_is_the_first_minor_unit_where_the_new_winner_holds(amount_is: AmountIs) -> None:
    cheap_rate, cheap_fee = flat("5", "62", 1), flat("2", "60", 2)
    (switch,) = switches([cheap_rate, cheap_fee], Fraction(10), Fraction(1000), PENCE, amount_is)
    expected = {AmountIs.PRINCIPAL: Fraction("93.01"), AmountIs.TOTAL_PAID: Fraction("95.01")}
    assert (switch.at, switch.before, switch.after) == (expected[amount_is], 1, 0)
    assert (switch.earliest, switch.latest) == (switch.at, switch.at)


def test_the_reverse_question_switches_by_what_the_sender_pays() -> None:
    (switch,) = switches(
        [flat("5", "62", 1), flat("2", "60", 2)], Fraction(100), Fraction(9000), 100, AmountIs.RECEIVED
    )
    assert (switch.at, switch.after) == (Fraction("5580.01"), 0)


def test_bands_give_every_switch() -> None:
    steps = tariff_curve(
        tariff(
            FeeBand(Fraction(0), Fraction(1)),
            FeeBand(Fraction(100), Fraction(9)),
            FeeBand(Fraction(200), Fraction(2)),
            mode=FeeMode.ON_TOP,
        )
    )
    found = switches([steps, flat("3", "60", 2)], Fraction(1), Fraction(500), PENCE, AmountIs.PRINCIPAL)
    assert [(s.at, s.before, s.after) for s in found] == [(Fraction(100), 0, 1), (Fraction(200), 1, 0)]


def test_where_no_price_is_known_nobody_wins() -> None:
    limited = tariff_curve(tariff(FeeBand(Fraction(0), Fraction(1)), max_amount=Fraction(50)))
    (switch,) = switches([limited], Fraction(1), Fraction(100), PENCE, AmountIs.PRINCIPAL)
    assert (switch.at, switch.before, switch.after) == (Fraction("50.01"), 0, None)


def test_a_switch_between_interpolated_prices_is_an_interval() -> None:
    stepping, even = surveyed("2", "8"), surveyed("4", "4")
    (switch,) = switches([stepping, even], Fraction(120), Fraction(300), PENCE, AmountIs.PRINCIPAL)
    assert switch.at == Fraction("180.01")
    assert switch.earliest <= switch.at <= switch.latest
    assert (switch.earliest, switch.latest) == (Fraction("121.21"), Fraction("296.99"))


def test_bounds_that_cross_give_the_ends_of_the_interval() -> None:
    cheap_fee = surveyed("2", "3", "2")
    cheap_rate = surveyed("4", "4", "1")
    (switch,) = switches([cheap_fee, cheap_rate], Fraction(120), Fraction(300), PENCE, AmountIs.PRINCIPAL)
    # Between its tiers the first costs 2 + 2 % to 3 + 2 %, the second 4 + 1 %: equal at 200 and at 100.
    assert switch.latest == Fraction("200.01")
    assert switch.earliest == Fraction("121.21")
    assert switch.earliest < switch.at < switch.latest


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=5
    )
)
def test_the_envelope_agrees_with_asking_at_every_unit(services: list[tuple[int, int, int, int]]) -> None:
    curves = [surveyed(str(a), str(b), str(c), str(d)) for a, b, c, d in services]
    found = switches(curves, Fraction(120), Fraction(300), 1, AmountIs.PRINCIPAL)
    changes = {int(s.at): s.after for s in found}
    winner: int | None = None
    for amount in range(120, 301):
        costs = [_cost(known, amount) for known in curves]
        best = [place for place, cost in enumerate(costs) if cost == min(costs)]
        if amount in changes:
            before, winner = winner, changes[amount]
            assert winner in best
            assert before is not None
            assert winner is not None
            assert costs[winner] < costs[before]
        elif winner is None:
            winner = best[0] if best else None
        assert winner in best, (amount, costs, found)


def test_the_bounds_of_a_switch_at_equal_total_paid_take_what_each_fee_leaves() -> None:
    cheap_fee, cheap_rate = surveyed("2", "3", "2"), surveyed("4", "4", "1")
    (switch,) = switches([cheap_fee, cheap_rate], Fraction(130), Fraction(290), PENCE, AmountIs.TOTAL_PAID)
    assert switch.before == 0
    for unit, holds in ((switch.latest, True), (switch.latest - Fraction(1, 100), False)):
        dearest = 4 + (unit - 4) / 100
        lowest = min(fee + (unit - fee) * 2 / 100 for fee in (2, 3))
        assert (dearest < lowest) is holds


def test_a_winner_that_is_overtaken_at_the_edge_of_a_stretch_is_the_one_before() -> None:
    rising, flat_fee = surveyed("2", "90"), surveyed("4", "4")
    found = switches([flat_fee, rising], Fraction(120), Fraction(300), PENCE, AmountIs.PRINCIPAL)
    assert [(s.before, s.after) for s in found] == [(1, 0)]
    assert found[0].at == Fraction("124.10")


def test_nothing_switches_where_services_cost_the_same() -> None:
    assert switches([surveyed("4", "4"), surveyed("4", "4")], Fraction(120), Fraction(300), 1, AmountIs.PRINCIPAL) == []


def _cost(known: PriceCurve, amount: int) -> Fraction:
    price = known.price(Fraction(amount))
    assert not isinstance(price, NoPrice)
    assert price.total_cost is not None
    return price.total_cost
