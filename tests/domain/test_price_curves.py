"""A price at any amount: observed, between, from a schedule; and why there is none."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.price_curves import Gap, NoPrice, Piece, PriceCurve, first_reason
from app.domain.survey_curves import survey_curves
from app.domain.tariffs import FeeBand, Tariff, tariff_curve
from app.domain.vocabulary import AmountIs, AmountTier, Exclusion, FeeMode, FxMarginStatus, PriceBasis
from tests.domain.builders import at, curve, quote, tariff
from tests.domain.strategies import smooth_tariffs, written_deducted

USD_500 = AmountTier.USD_500


def surveyed() -> PriceCurve:
    """Made anew for each use, so that a change of the code on purpose (mutation testing) reaches every test."""
    return curve(quote("120", "4", "1", "4.33"), quote("300", "6", "0.5", "2.5", tier=USD_500))


def why_not(amount: str, amount_is: AmountIs = AmountIs.PRINCIPAL, of: PriceCurve | None = None) -> NoPrice:
    found = (of or surveyed()).price(Fraction(amount), amount_is)
    assert isinstance(found, NoPrice)
    return found


# --- observed


@pytest.mark.parametrize("amount", ["118.8", "120", "121.2"])
def test_within_one_percent_the_published_percentages_stand(amount: str) -> None:
    price = at(surveyed(), amount)
    assert price.basis is PriceBasis.OBSERVED
    assert price.total_cost_percent == Fraction("4.33")
    assert price.fee_percent == Fraction(400, 120)
    assert price.fx_margin_percent == 1
    assert price.total_cost == Fraction("4.33") * Fraction(amount) / 100
    assert price.tier is AmountTier.USD_200
    assert price.published_total_percent == Decimal("4.33")
    assert (price.total_cost_low, price.total_cost_high) == (price.total_cost, price.total_cost)
    assert (price.total_cost_percent_low, price.total_cost_percent_high) == (Fraction("4.33"), Fraction("4.33"))


@pytest.mark.parametrize("amount", ["121.21", "200", "296.99"])
def test_between_two_amounts_fee_and_margin_are_linear(amount: str) -> None:
    price = at(surveyed(), amount)
    share = (Fraction(amount) - 120) / 180
    assert price.basis is PriceBasis.INTERPOLATED
    assert price.fee == 4 + 2 * share
    assert price.fx_margin_percent == 1 - share / 2
    assert price.total_cost == price.fee + Fraction(amount) * price.fx_margin_percent / 100
    assert price.tier is None
    assert price.published_total_percent is None
    assert price.fee_mode is FeeMode.ON_TOP
    assert price.fx_margin_status is FxMarginStatus.MEASURED
    assert len(price.quote_ids) == 2


def test_the_bounds_of_an_interpolated_price_come_from_fees_in_steps() -> None:
    price = at(surveyed(), "200")
    assert price.total_cost_low == 4 + Fraction(200, 100) / 2
    assert price.total_cost_high == 6 + Fraction(200, 100) * 1
    assert price.total_cost_percent_low == Fraction(5, 2)
    assert price.total_cost_percent_high == 4
    assert price.total_cost is not None
    assert price.total_cost_low < price.total_cost < price.total_cost_high


@pytest.mark.parametrize("amount", ["118.79", "303.01", "1", "1000000"])
def test_nothing_is_extrapolated(amount: str) -> None:
    assert why_not(amount) == NoPrice(Exclusion.AMOUNT_NOT_OBSERVED)


def test_a_service_seen_at_one_amount_has_a_price_there_alone() -> None:
    one = curve(quote("120", "4", "1"))
    assert at(one, "120").basis is PriceBasis.OBSERVED
    assert why_not("130", of=one).reason is Exclusion.AMOUNT_NOT_OBSERVED


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (FxMarginStatus.UNDISCLOSED, Exclusion.UNDISCLOSED_MARGIN),
        (FxMarginStatus.NOT_MEASURED, Exclusion.MARGIN_NOT_MEASURED),
        (FxMarginStatus.ZERO_UNEXPLAINED, Exclusion.ZERO_UNEXPLAINED),
        (FxMarginStatus.INCOMPLETE, Exclusion.INCOMPLETE_PRICE),
    ],
)
def test_a_doubtful_margin_is_no_price_but_a_lower_bound(status: FxMarginStatus, reason: Exclusion) -> None:
    doubtful = curve(quote("120", "4", "0", "3.33", status=status), quote("300", "6", "0.5", tier=USD_500))
    assert why_not("120", of=doubtful) == NoPrice(reason, Decimal("3.33"))
    assert why_not("200", of=doubtful) == NoPrice(reason)
    assert why_not("100", of=doubtful) == NoPrice(reason)
    assert why_not("400", of=doubtful) == NoPrice(Exclusion.AMOUNT_NOT_OBSERVED)
    assert at(doubtful, "300").basis is PriceBasis.OBSERVED


@pytest.mark.parametrize("status", [FxMarginStatus.SAME_CURRENCY, FxMarginStatus.PAID_OUT_IN_SENDING_CURRENCY])
def test_a_true_zero_is_a_price(status: FxMarginStatus) -> None:
    assert at(curve(quote("120", "4", "0", status=status)), "120").fx_margin_percent == 0


def test_a_missing_fee_is_an_incomplete_price_whatever_the_status_says() -> None:
    assert why_not("120", of=curve(quote(fee=None, total="5"))).reason is Exclusion.INCOMPLETE_PRICE
    assert why_not("120", of=curve(quote(margin=None, total="5"))).reason is Exclusion.INCOMPLETE_PRICE


@pytest.mark.parametrize(("published", "stands"), [("1", Fraction(13, 3)), ("9", Fraction(9))])
def test_a_suspect_total_is_replaced_by_the_larger_of_published_and_recomputed(
    published: str, stands: Fraction
) -> None:
    price = at(curve(quote("120", "4", "1", published)), "120")
    assert price.total_cost_percent == stands
    assert price.published_total_percent == Decimal(published)
    assert price.is_total_suspect


def test_a_suspect_end_gives_no_price_between() -> None:
    suspect = curve(quote("120", "4", "1", "1"), quote("300", "6", "0.5", tier=USD_500))
    assert why_not("200", of=suspect) == NoPrice(Exclusion.AMOUNT_NOT_OBSERVED)
    assert not at(suspect, "300").is_total_suspect


def test_amounts_in_two_currencies_are_two_curves_and_give_nothing_between() -> None:
    euro, pound = survey_curves((quote("120"), quote("300", tier=USD_500, currency="EUR")))
    assert (euro.currency, pound.currency) == ("EUR", "GBP")
    assert [*euro.known_amounts, *pound.known_amounts] == [300, 120]
    assert why_not("200", of=pound).reason is Exclusion.AMOUNT_NOT_OBSERVED


def test_two_tiers_at_nearly_one_amount_do_not_overlap() -> None:
    near = curve(quote("120", "4", "1"), quote("121", "5", "1", tier=USD_500))
    assert at(near, "121").fee_percent == Fraction(400, 120)
    assert at(near, "122").fee_percent == Fraction(500, 121)
    assert at(curve(quote("120", "4"), quote("120", "5", tier=USD_500)), "120").basis is PriceBasis.OBSERVED


@given(st.fractions(min_value=Fraction(1, 100), max_value=1000, max_denominator=1000))
def test_a_curve_answers_every_principal_once(amount: Fraction) -> None:
    known = surveyed()
    stretches: list[Piece | Gap] = [*known.pieces, *known.gaps]
    assert sum(amount in stretch.span for stretch in stretches) == 1


# --- total paid and received


@given(st.fractions(min_value=Fraction(119), max_value=302, max_denominator=1000))
def test_the_total_paid_of_a_principal_leads_back_to_its_price(principal: Fraction) -> None:
    price = at(surveyed(), principal)
    back = surveyed().price(price.sender_pays, AmountIs.TOTAL_PAID)
    assert not isinstance(back, NoPrice)
    assert back.sender_pays == price.sender_pays
    if back.basis is price.basis:
        assert back.principal == principal


def test_the_bounds_at_equal_total_paid_take_the_principal_that_each_fee_leaves() -> None:
    price = at(surveyed(), "205", AmountIs.TOTAL_PAID)
    low, high = 4 + Fraction(201, 200), 6 + Fraction(199, 100)
    assert (price.total_cost_low, price.total_cost_high) == (low, high)
    assert price.total_cost_percent_low == 100 * low / 201
    assert price.total_cost_percent_high == 100 * high / 199


def test_a_total_paid_in_a_doubtful_window_names_the_doubt() -> None:
    hidden = FxMarginStatus.UNDISCLOSED
    doubtful = curve(quote("120", "4", "0", "3.33", status=hidden), quote("300", "6", "0", tier=USD_500, status=hidden))
    assert why_not("124", AmountIs.TOTAL_PAID, doubtful) == NoPrice(Exclusion.UNDISCLOSED_MARGIN, Decimal("3.33"))
    for paid in ("1", "118", "119", "120", "121", "122", "200", "297", "298", "300", "303", "999"):
        assert why_not(paid, AmountIs.TOTAL_PAID, doubtful).reason is Exclusion.UNDISCLOSED_MARGIN
    assert why_not("5", AmountIs.TOTAL_PAID).reason is Exclusion.AMOUNT_NOT_OBSERVED


def test_a_total_paid_below_what_is_known_is_not_observed_whatever_the_other_end_is() -> None:
    half = curve(quote("120", "4", "1"), quote("300", None, "1", "7", tier=USD_500, status=FxMarginStatus.INCOMPLETE))
    assert why_not("122", AmountIs.TOTAL_PAID, half).reason is Exclusion.AMOUNT_NOT_OBSERVED
    assert at(half, "124", AmountIs.TOTAL_PAID).principal == 120
    for paid in ("126", "200", "306", "999"):
        assert why_not(paid, AmountIs.TOTAL_PAID, half).reason is Exclusion.INCOMPLETE_PRICE
    other = curve(quote("120", None, "1", "7", status=FxMarginStatus.INCOMPLETE), quote("300", "4", "1", tier=USD_500))
    reasons = [why_not(paid, AmountIs.TOTAL_PAID, other).reason for paid in ("124", "300", "400")]
    assert reasons == [Exclusion.INCOMPLETE_PRICE, Exclusion.INCOMPLETE_PRICE, Exclusion.AMOUNT_NOT_OBSERVED]


def test_the_margins_status_is_named_where_both_ends_share_it() -> None:
    same = FxMarginStatus.SAME_CURRENCY
    alike = curve(quote("120", "4", "0", status=same), quote("300", "6", "0", tier=USD_500, status=same))
    mixed = curve(quote("120", "4", "0", status=same), quote("300", "6", "1", tier=USD_500))
    assert [at(alike, amount).fx_margin_status for amount in ("120", "200")] == [same, same]
    assert [at(mixed, amount).fx_margin_status for amount in ("120", "200")] == [same, None]
    assert at(mixed, "120").fee_mode is at(mixed, "200").fee_mode is FeeMode.ON_TOP


def test_an_observed_price_is_preferred_where_a_total_fits_two_principals() -> None:
    steep = curve(quote("120", "0", "1"), quote("300", "0", "1", tier=USD_500))
    assert at(steep, "121.2", AmountIs.TOTAL_PAID).basis is PriceBasis.OBSERVED
    falling = curve(quote("120", "12", "1"), quote("300", "0", "1", tier=USD_500))
    paid = Fraction("133.2")  # 10 % of 121.09… and what the line takes of 121.28…
    both = [piece for piece, _ in falling._solutions(paid, AmountIs.TOTAL_PAID)]
    assert {piece.basis for piece in both} == {PriceBasis.OBSERVED, PriceBasis.INTERPOLATED}
    assert at(falling, paid, AmountIs.TOTAL_PAID).basis is PriceBasis.OBSERVED


def test_a_piece_knows_the_amounts_that_it_answers() -> None:
    (known,) = tariff_curve(tariff(FeeBand(Fraction(10), Fraction(2)), max_amount=Fraction(100))).pieces
    spans = [known.span_of(amount_is) for amount_is in AmountIs]
    assert [(span.start, span.end) for span in spans if span] == [
        (Fraction(start), Fraction(end)) for start, end in ((10, 100), (12, 102), (600, 6000))
    ]
    blind = replace(known, offered_rate=None)
    assert blind.span_of(AmountIs.RECEIVED) is None


def test_a_curve_knows_between_which_amounts_it_has_prices() -> None:
    flat = curve(quote("120", "6", "1"), quote("300", "6", "1", tier=USD_500))
    assert flat.known_between(AmountIs.PRINCIPAL) == (Fraction(120), Fraction(300))
    assert flat.known_between(AmountIs.TOTAL_PAID) == (Fraction(126), Fraction(306))
    assert flat.known_between(AmountIs.RECEIVED) is None
    assert tariff_curve(tariff(*STEPS)).known_between(AmountIs.PRINCIPAL) is None


def test_a_survey_cannot_answer_what_is_received() -> None:
    assert why_not("6000", AmountIs.RECEIVED) == NoPrice(Exclusion.RATE_NOT_RECORDED)
    hidden = curve(quote(status=FxMarginStatus.UNDISCLOSED))
    assert why_not("6000", AmountIs.RECEIVED, hidden) == NoPrice(Exclusion.UNDISCLOSED_MARGIN)


# --- schedules

STEPS = (
    FeeBand(Fraction(0), Fraction(2)),
    FeeBand(Fraction(100), Fraction(5)),
    FeeBand(Fraction(500), percent=Fraction(1)),
)


@pytest.mark.parametrize(("amount", "fee"), [("1", 2), ("99.99", 2), ("100", 5), ("499.99", 5), ("500", 5), ("600", 6)])
def test_a_band_holds_from_its_amount_to_the_next(amount: str, fee: int) -> None:
    price = at(tariff_curve(tariff(*STEPS)), amount)
    assert price.fee == fee
    assert price.basis is PriceBasis.SCHEDULE
    assert (price.receiving_currency, price.offered_rate, price.mid_market_rate) == ("PHP", Fraction(60), Fraction(62))


def test_a_fee_is_bounded_by_its_minimum_and_maximum() -> None:
    band = FeeBand(Fraction(0), Fraction(1), Fraction(1), minimum=Fraction(3), maximum=Fraction(20))
    known = tariff_curve(tariff(band))
    assert [at(known, str(amount)).fee for amount in (50, 200, 250, 1900, 5000)] == [3, 3, Fraction(7, 2), 20, 20]


def test_marginal_bands_price_each_slice() -> None:
    bands = (FeeBand(Fraction(0), Fraction(1), Fraction(2)), FeeBand(Fraction(100), percent=Fraction(1)))
    known = tariff_curve(tariff(*bands, is_marginal=True))
    assert at(known, "50").fee == 2
    assert at(known, "100").fee == 3
    assert at(known, "300").fee == 5


def test_limits_are_amounts_the_provider_refuses_beyond() -> None:
    known = tariff_curve(tariff(*STEPS, min_amount=Fraction(10), max_amount=Fraction(800)))
    assert [at(known, amount).fee for amount in ("10", "800")] == [2, 8]
    assert why_not("9.99", of=known) == NoPrice(Exclusion.AMOUNT_NOT_OFFERED)
    assert why_not("800.01", of=known) == NoPrice(Exclusion.AMOUNT_NOT_OFFERED)
    assert why_not("1", AmountIs.RECEIVED, known) == NoPrice(Exclusion.AMOUNT_NOT_OFFERED)


def test_limits_may_leave_whole_bands_out() -> None:
    known = tariff_curve(tariff(*STEPS, min_amount=Fraction(100), max_amount=Fraction(100)))
    assert at(known, "100").fee == 5
    for amount in ("99", "101", "500"):
        assert why_not(amount, of=known).reason is Exclusion.AMOUNT_NOT_OFFERED


def test_a_limit_may_begin_in_the_last_band() -> None:
    known = tariff_curve(tariff(*STEPS, min_amount=Fraction(600)))
    assert at(known, "600").fee == 6
    assert why_not("599.99", of=known).reason is Exclusion.AMOUNT_NOT_OFFERED


def test_a_deducted_fee_is_a_function_of_what_is_paid() -> None:
    known = tariff_curve(tariff(*STEPS, mode=FeeMode.DEDUCTED))
    price = at(known, "100", AmountIs.TOTAL_PAID)
    assert (price.fee, price.principal, price.recipient_gets) == (Fraction(5), Fraction(95), Fraction(5700))
    assert price.fee_mode is FeeMode.DEDUCTED


def test_where_two_payments_convert_the_same_principal_the_smaller_is_taken() -> None:
    known = tariff_curve(tariff(*STEPS, mode=FeeMode.DEDUCTED))
    price = at(known, "96")
    assert (price.sender_pays, price.fee) == (Fraction(98), Fraction(2))


def test_a_total_paid_that_two_principals_fit_converts_the_larger() -> None:
    falling = tariff(FeeBand(Fraction(0), Fraction(9)), FeeBand(Fraction(100), Fraction(1)))
    assert at(tariff_curve(falling), "105", AmountIs.TOTAL_PAID).principal == 104


def test_a_payment_that_no_principal_fits_is_not_offered() -> None:
    assert why_not("103", AmountIs.TOTAL_PAID, tariff_curve(tariff(*STEPS))).reason is Exclusion.AMOUNT_NOT_OFFERED


@pytest.mark.parametrize(
    "bands",
    [
        (),
        (FeeBand(Fraction(10)), FeeBand(Fraction(10))),
        (FeeBand(Fraction(10)), FeeBand(Fraction(5))),
    ],
)
def test_bands_out_of_order_are_refused(bands: tuple[FeeBand, ...]) -> None:
    with pytest.raises(ValueError, match="bands must rise"):
        tariff_curve(tariff(*bands))


def test_a_fee_that_takes_everything_is_refused() -> None:
    everything = tariff(FeeBand(Fraction(0), percent=Fraction(100)), mode=FeeMode.DEDUCTED)
    with pytest.raises(ValueError, match="must leave something"):
        tariff_curve(everything)


def test_slices_with_bounds_of_their_own_are_refused() -> None:
    with pytest.raises(ValueError, match="marginal"):
        tariff_curve(tariff(FeeBand(Fraction(0), maximum=Fraction(1)), is_marginal=True))


AMOUNTS = st.fractions(min_value=Fraction(1), max_value=5000, max_denominator=100)


@given(smooth_tariffs(), AMOUNTS, st.sampled_from(AmountIs))
def test_one_tariff_written_on_top_and_deducted_costs_the_same(
    on_top: Tariff, amount: Fraction, amount_is: AmountIs
) -> None:
    a = tariff_curve(on_top).price(amount, amount_is)
    b = tariff_curve(written_deducted(on_top)).price(amount, amount_is)
    if isinstance(a, NoPrice) or isinstance(b, NoPrice):
        assert a == b
        return
    assert (a.principal, a.fee, a.total_cost, a.recipient_gets) == (b.principal, b.fee, b.total_cost, b.recipient_gets)


def test_the_first_reason_is_the_first_that_is_declared() -> None:
    order = list(Exclusion)
    for earlier, later in pairwise(order):
        assert first_reason([later, earlier]) is earlier
