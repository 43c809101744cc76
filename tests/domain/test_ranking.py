"""Ranks, ties, certainty, cautions and exclusions."""

from dataclasses import fields, replace
from datetime import timedelta
from fractions import Fraction
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.filters import Filters
from app.domain.ranking import Candidate, Question, rank
from app.domain.tariffs import FeeBand, RateStep
from app.domain.vocabulary import (
    AmountIs,
    AmountTier,
    Caution,
    Customer,
    Evidence,
    Exclusion,
    FxMarginStatus,
    PaymentInstrument,
    PriceBasis,
    SurveyNote,
    TransferSpeed,
)
from tests.domain.builders import candidate, description, quote, rates, service, tariff, tariff_candidate
from tests.domain.strategies import smooth_tariffs, written_deducted

HELD = Question(amount=Fraction(120), currency="GBP")


def ask(**changes: Any) -> Question:  # noqa: ANN401 - whatever a case changes
    return replace(HELD, **changes)


def providers(candidates: list[Candidate], question: Question = HELD) -> list[str]:
    return [offer.candidate.description.provider for offer in rank(candidates, question).offers]


def reasons(candidates: list[Candidate], question: Question = HELD) -> dict[str, str]:
    return {e.candidate.description.provider: e.reason for e in rank(candidates, question).excluded}


def test_the_cheapest_comes_first_by_fee_and_margin_together() -> None:
    free_but_dear = service("free", "0", "4.5")
    fee_and_fair = service("fair", "3", "0.5")
    assert providers([free_but_dear, fee_and_fair]) == ["fair", "free"]


def test_the_answer_names_what_was_compared() -> None:
    cash = tariff_candidate(tariff(FeeBand(Fraction(0), Fraction(2))))
    blind = tariff_candidate(tariff(FeeBand(Fraction(0), Fraction(2)), offered_rate=None, mid_market_rate=None))
    survey = service("a", "1", "1")
    assert rank([cash], ask()).key == "total_cost"
    assert rank([cash], ask(amount_is=AmountIs.TOTAL_PAID)).key == "recipient_gets"
    assert rank([cash, survey], ask(amount_is=AmountIs.TOTAL_PAID)).key == "cost_of_total_paid_percent"
    assert rank([cash, blind], ask(amount_is=AmountIs.TOTAL_PAID)).key == "recipient_gets", "a fee alone ranks nobody"
    assert rank([cash], ask(amount_is=AmountIs.RECEIVED)).key == "sender_pays"
    assert rank([], ask(amount_is=AmountIs.TOTAL_PAID)).key == "cost_of_total_paid_percent"


def test_two_receiving_currencies_are_not_compared_by_what_arrives() -> None:
    pesos = tariff_candidate(tariff(FeeBand(Fraction(0)), number=1), "a")
    dollars = tariff_candidate(
        tariff(FeeBand(Fraction(0)), number=2, receiving_currency="USD", offered_rate=Fraction(1), mid_market_rate=1),
        "b",
    )
    ranking = rank([pesos, dollars], ask(amount_is=AmountIs.TOTAL_PAID))
    assert ranking.key == "cost_of_total_paid_percent"
    assert [offer.candidate.description.provider for offer in ranking.offers] == ["b", "a"]
    only = rank([pesos, dollars], ask(receiving_currency="USD"))
    assert [offer.candidate.description.provider for offer in only.offers] == ["b"]
    assert [e.reason for e in only.excluded] == [Exclusion.OTHER_CURRENCY]


def test_a_payout_currency_that_was_not_recorded_never_matches() -> None:
    silent, dollars = service("a", "1", "1"), service("b", "1", "1", payout_currency="USD")
    euros = service("c", "1", "1", payout_currency="EUR")
    question = ask(receiving_currency="USD")
    assert providers([silent, dollars, euros], question) == ["b"]
    assert reasons([silent, dollars, euros], question) == {"a": "unknown_receiving_currency", "c": "other_currency"}
    hidden = candidate(quote(status=FxMarginStatus.UNDISCLOSED))
    assert reasons([hidden], question) == {"example": "unknown_receiving_currency"}


def test_at_equal_total_paid_more_received_is_cheaper_without_any_benchmark() -> None:
    low = tariff_candidate(tariff(FeeBand(Fraction(0), Fraction(1)), mid_market_rate=None, number=1), "low")
    high = tariff_candidate(
        tariff(FeeBand(Fraction(0), Fraction(2)), mid_market_rate=None, offered_rate=Fraction(61), number=2), "high"
    )
    paid = ask(amount_is=AmountIs.TOTAL_PAID, amount=Fraction(1000))
    assert providers([low, high], paid) == ["high", "low"]
    offer = rank([high], paid).offers[0]
    assert offer.price.total_cost_percent is None
    assert reasons([low], ask()) == {"low": Exclusion.NO_BENCHMARK}
    received = ask(amount_is=AmountIs.RECEIVED, amount=Fraction(60000))
    assert providers([low, high], received) == ["high", "low"]


def test_at_equal_principal_the_cost_decides_and_not_its_share_of_what_is_paid() -> None:
    all_fee, all_margin = service("fee", "10", "0"), service("margin", "0", "4.8")
    question = ask(amount=Fraction(200))
    assert providers([all_fee, all_margin], question) == ["margin", "fee"]
    shares = [offer.price.cost_of_total_paid_percent for offer in rank([all_fee, all_margin], question).offers]
    assert shares == sorted(shares, reverse=True)  # type: ignore[type-var]


def test_only_the_source_that_is_asked_for_is_ranked() -> None:
    assert providers([service("a", "1", "1")], ask(filters=Filters(source=frozenset({"rpw"})))) == ["a"]


def test_what_is_known_exactly_is_certain_whatever_is_held_equal() -> None:
    live = tariff_candidate(tariff(FeeBand(Fraction(0), Fraction(2))))
    for amount_is in AmountIs:
        assert rank([live], ask(amount_is=amount_is)).offers[0].is_rank_certain


def test_certainty_is_each_offers_own_also_among_ties() -> None:
    steps, one, two = service("a", "2", "1", fee_500="8"), service("b", "4", "1"), service("c", "4", "1")
    sure = [service("d", "0", "1"), service("e", "0", "1")]
    offers = rank([steps, one, two, *sure], ask(amount=Fraction(200))).offers
    assert [(o.candidate.description.provider, o.rank, o.is_rank_certain) for o in offers] == [
        ("d", 1, True),
        ("e", 1, True),
        ("b", 3, False),
        ("c", 3, False),
        ("a", 5, False),
    ]


def test_competition_ranks_leave_room_for_ties() -> None:
    offers = rank([service("a", "2", "1"), service("b", "2", "1"), service("c", "3", "1")], ask()).offers
    assert [(o.rank, o.is_tied) for o in offers] == [(1, True), (1, True), (3, False)]
    assert all(o.is_rank_certain for o in offers)


def test_inside_a_tie_the_faster_comes_first_and_then_the_name() -> None:
    slow = service("a", "2", "1", transfer_speed=TransferSpeed.NEXT_DAY)
    unknown = service("0", "2", "1", transfer_speed=TransferSpeed.UNKNOWN)
    assert providers([unknown, service("c", "2", "1"), slow, service("b", "2", "1")]) == ["b", "c", "a", "0"]


def test_services_equal_in_every_answered_field_are_one_offer() -> None:
    about = description("a")
    twins = [service(key, "2", "1", about=about) for key in ("2013-Q3/2", "2013-Q3/1", "2013-Q3/3")]
    other = service("z", "1", "9")
    (offer, last) = rank([*twins, other], ask()).offers
    assert (offer.services, offer.rank, offer.is_tied) == (3, 1, False)
    assert last.rank == 2
    assert len(offer.quote_ids) == 3
    assert list(offer.quote_ids) == sorted(offer.quote_ids)


@pytest.mark.parametrize(
    "changes",
    [
        {"payment_instruments": (PaymentInstrument.DEBIT_CARD,)},
        {"transfer_speed": TransferSpeed.SAME_DAY},
        {"customer": Customer.NEW},
        {"is_promotional": True},
    ],
)
def test_services_that_differ_in_an_answered_field_are_two_offers(changes: dict[str, Any]) -> None:
    a, b = service("1", "2", "1", provider="a"), service("2", "2", "1", provider="a", **changes)
    assert [o.services for o in rank([a, b], ask()).offers] == [1, 1]


def test_services_that_meet_the_target_elsewhere_are_two_offers() -> None:
    about = description("a")
    a, b = service("1", "4", "1", about=about), service("2", "4", "1", fee_500="1", about=about)
    assert [o.services for o in rank([a, b], ask()).offers] == [1, 1]


def test_merging_leaves_the_order_inside_a_tie_alone() -> None:
    about = description("a")
    one, two, three = (
        service("1", "4", "1", about=about),
        service("2", "4", "1", about=about, fee_500="1"),
        service("3", "4", "1", about=about),
    )
    keys = [[c.key[1] for c in offer.members] for offer in rank([three, two, one], ask()).offers]
    assert keys == [["1", "3"], ["2"]]


def test_sorting_by_speed_keeps_the_ranks_of_cost() -> None:
    slow = service("a", "1", "1", transfer_speed=TransferSpeed.TWO_DAYS)
    fast = service("b", "9", "1")
    offers = rank([slow, fast], ask(sort_by_speed=True)).offers
    assert [(o.candidate.description.provider, o.rank) for o in offers] == [("b", 2), ("a", 1)]


# --- certainty


def test_overlapping_bounds_make_a_rank_uncertain() -> None:
    steps = service("a", "2", "1", fee_500="8")
    flat = service("b", "4", "1")
    dear = service("c", "30", "1")
    offers = rank([steps, flat, dear], ask(amount=Fraction(200))).offers
    assert [(o.candidate.description.provider, o.is_rank_certain) for o in offers] == [
        ("b", False),
        ("a", False),
        ("c", True),
    ]
    assert all(o.price.basis is PriceBasis.INTERPOLATED for o in offers)


@pytest.mark.parametrize(
    ("fee", "is_certain"), [("1.99", True), ("2", True), ("2.01", False), ("3.99", False), ("4", True)]
)
def test_bounds_that_only_touch_do_not_overlap(fee: str, *, is_certain: bool) -> None:
    steps, flat = service("a", "2", "0", fee_500="4"), service("b", fee, "0")
    offers = rank([steps, flat], ask(amount=Fraction(200))).offers
    assert [o.is_rank_certain for o in offers] == [is_certain, is_certain]


def test_exact_only_leaves_interpolated_prices_out() -> None:
    assert reasons([service("a", "2", "1")], ask(amount=Fraction(200), exact_only=True)) == {
        "a": Exclusion.AMOUNT_NOT_OBSERVED
    }
    assert providers([service("a", "2", "1")], ask(exact_only=True)) == ["a"]


# --- exclusions


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (FxMarginStatus.UNDISCLOSED, "undisclosed_margin"),
        (FxMarginStatus.NOT_MEASURED, "margin_not_measured"),
        (FxMarginStatus.ZERO_UNEXPLAINED, "zero_unexplained"),
        (FxMarginStatus.INCOMPLETE, "incomplete_price"),
    ],
)
def test_a_doubtful_price_is_not_ranked_and_says_what_it_costs_at_least(status: FxMarginStatus, reason: str) -> None:
    doubtful = candidate(quote(fee="1", margin="0", total="0.83", status=status))
    (excluded,) = rank([doubtful], ask()).excluded
    assert (excluded.reason, excluded.at_least_percent) == (reason, Fraction("0.83"))
    (elsewhere,) = rank([doubtful], ask(currency="EUR")).excluded
    assert (elsewhere.reason, elsewhere.at_least_percent) == (reason, None)


def test_a_service_in_another_currency_is_not_ranked() -> None:
    assert reasons([service("a", "1", "1")], ask(currency="EUR")) == {"a": "other_currency"}
    dear_doubt = candidate(quote(), quote("300", tier=AmountTier.USD_500, status=FxMarginStatus.UNDISCLOSED))
    assert reasons([dear_doubt], ask(currency="EUR")) == {"example": "other_currency"}
    live = tariff_candidate(tariff(FeeBand(Fraction(0))), "b")
    assert reasons([live], ask(currency="EUR")) == {"b": "other_currency"}
    assert reasons([replace(live, curves=())], ask()) == {"b": "other_currency"}


def test_a_survey_is_not_ranked_by_what_is_received() -> None:
    assert reasons([service("a", "1", "1")], ask(amount_is=AmountIs.RECEIVED)) == {"a": "rate_not_recorded"}


def test_each_service_is_counted_once_filters_first() -> None:
    hidden = candidate(quote(status=FxMarginStatus.UNDISCLOSED, provider="a"))
    question = ask(filters=Filters(payment_instrument=frozenset({PaymentInstrument.BANK_ACCOUNT})))
    assert reasons([hidden], question) == {"a": "filtered_payment_instrument"}


def test_the_excluded_are_in_an_order_of_their_own() -> None:
    a, b, c = (
        service("a", "1", "1"),
        service("b", "1", "1"),
        candidate(quote(status=FxMarginStatus.INCOMPLETE, provider="z")),
    )
    question = ask(amount=Fraction(1))
    assert list(reasons([b, c, a], question)) == list(reasons([a, b, c], question)) == ["a", "b", "z"]


# --- cautions


def cautions_of(**changes: Any) -> list[str]:  # noqa: ANN401 - whatever a case changes
    tender = changes.pop("tender", True)
    evidence = changes.pop("evidence", Evidence.SURVEY)
    margin = changes.pop("margin", "1")
    total = changes.pop("total", None)
    one = candidate(quote(margin=margin, total=total, **changes), is_tender_for_receiver=tender, evidence=evidence)
    (offer,) = rank([one], ask()).offers
    return list(offer.cautions)


def test_cautions_say_what_a_reader_should_know() -> None:
    notes = {"notes": (SurveyNote.RECEIVER_CONVERTS_LATER,)}
    parallel = {"notes": (SurveyNote.PARALLEL_MARKET,), "is_promotional": True}
    assert cautions_of() == ["single_source"]
    assert cautions_of(**notes) == ["receiver_converts_later", "single_source"]
    assert cautions_of(payout_currency="USD", tender=False) == ["receiver_converts_later", "single_source"]
    assert cautions_of(payout_currency="USD", tender=True) == ["single_source"]
    assert cautions_of(tender=False) == ["single_source"]
    assert cautions_of(margin="-1", **parallel) == ["better_than_mid_market_parallel_rate", "single_source"]
    assert cautions_of(margin="-1", is_promotional=True) == ["better_than_mid_market_promotion", "single_source"]
    assert cautions_of(margin="-1") == ["better_than_mid_market_unexplained", "single_source"]
    assert cautions_of(margin="0", **parallel) == ["single_source"]
    assert cautions_of(total="9") == ["published_total_suspect", "single_source"]
    assert cautions_of(evidence=Evidence.AGGREGATOR_ESTIMATE) == ["estimate_by_competitor", "single_source"]


def test_an_interpolated_price_is_called_so() -> None:
    (offer,) = rank([service("a", "2", "1")], ask(amount=Fraction(200))).offers
    assert offer.cautions == (Caution.INTERPOLATED, Caution.SINGLE_SOURCE)


# --- properties

services = st.builds(
    lambda key, fee, margin, provider: service(f"2013-Q3/{key}", str(fee), str(margin), provider=provider),
    st.uuids(),
    st.integers(0, 9),
    st.integers(-1, 4),
    st.sampled_from("abc"),
)


@given(st.lists(services, max_size=8), st.randoms(use_true_random=False), st.sampled_from([120, 200, 300, 500]))
def test_the_answer_does_not_depend_on_the_order_of_the_input(
    candidates: list[Candidate], random: Random, amount: int
) -> None:
    question = ask(amount=Fraction(amount))
    shuffled = list(candidates)
    random.shuffle(shuffled)
    first, second = rank(candidates, question), rank(shuffled, question)
    assert [(o.rank, o.quote_ids, o.services) for o in first.offers] == [
        (o.rank, o.quote_ids, o.services) for o in second.offers
    ]
    assert [e.candidate.key for e in first.excluded] == [e.candidate.key for e in second.excluded]
    assert sum(o.services for o in first.offers) + len(first.excluded) == len(candidates)
    costs = [o.price.total_cost for o in first.offers]
    assert costs == sorted(costs)  # type: ignore[type-var]


def test_no_commercial_field_can_reach_the_ranking() -> None:
    assert {f.name for f in fields(Candidate)} == {
        "key", "description", "curves", "source", "evidence", "observed_at", "valid_until", "is_tender_for_receiver",
        "quote_ids", "barred", "sources_disagree", "has_other_sources", "tax",
    }  # fmt: skip


RATES = st.integers(50, 62).map(Fraction)


@given(st.data())
def test_one_tariff_written_in_either_mode_ranks_the_same(data: st.DataObject) -> None:
    on_top = [
        replace(
            data.draw(smooth_tariffs()), quote_id=UUID(int=i), rates=rates(Fraction(data.draw(st.integers(50, 62))))
        )
        for i in range(3)
    ]
    amount, amount_is = Fraction(data.draw(st.integers(200, 900))), data.draw(st.sampled_from(AmountIs))
    question = ask(amount=amount * 60 if amount_is is AmountIs.RECEIVED else amount, amount_is=amount_is)
    answers = [
        rank([tariff_candidate(t, f"p{i}") for i, t in enumerate(tariffs)], question)
        for tariffs in (on_top, [written_deducted(t) for t in on_top])
    ]
    first, second = ([(o.rank, o.candidate.description.provider) for o in answer.offers] for answer in answers)
    assert first == second


def test_age_is_counted_from_the_observation() -> None:
    old = service("a", "1", "1")
    limit = old.observed_at
    aged = Filters(max_age_days=timedelta(days=1), observed_since=limit)
    assert providers([old], ask(filters=aged)) == ["a"]
    later = Filters(max_age_days=timedelta(days=1), observed_since=limit + timedelta(microseconds=1))
    assert reasons([old], ask(filters=later)) == {"a": "filtered_max_age_days"}


def test_two_surveyed_tiers_are_ranked_at_their_own_amounts() -> None:
    both = candidate(quote("120", "2.4", "1"), quote("300", "9", "1", tier=AmountTier.USD_500))
    costs = [rank([both], ask(amount=Fraction(amount))).offers[0].price.total_cost for amount in (120, 300)]
    assert costs == [Fraction("3.6"), 12]


def test_what_has_no_benchmark_or_no_rate_is_said_before_its_age_or_the_amount() -> None:
    unheld = tariff(FeeBand(Fraction(0), Fraction(2)), mid_market_rate=None, max_amount=Fraction(100))
    blind = tariff(FeeBand(Fraction(0), Fraction(2)), mid_market_rate=None, offered_rate=None)
    for said, reason in ((unheld, "no_benchmark"), (blind, "incomplete_price")):
        old = replace(tariff_candidate(said), barred=Exclusion.STALE)
        assert reasons([old]) == {"example": reason}
    paid = ask(amount_is=AmountIs.TOTAL_PAID)
    assert reasons([tariff_candidate(unheld)], paid) == {"example": "amount_not_offered"}


def test_below_the_first_step_of_a_banded_rate_there_is_no_price() -> None:
    banded = replace(tariff(FeeBand(Fraction(0), Fraction(2))), rates=(RateStep(Fraction(500), Fraction(60)),))
    paid = ask(amount=Fraction(200), amount_is=AmountIs.TOTAL_PAID)
    known = tariff_candidate(tariff(FeeBand(Fraction(0), Fraction(2)), number=2), "known")
    assert reasons([tariff_candidate(banded), known], paid) == {"example": "incomplete_price"}
    assert rank([tariff_candidate(banded), known], paid).key == "recipient_gets"
