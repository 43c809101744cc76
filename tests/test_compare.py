"""A question and a round become an answer: defaults, clocks, notices, what to relax, and where the winner changes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial

import pytest

from app.compare import Comparison, ComparisonQuestion, SurveyContext, compare_survey, cost_curve
from app.domain.errors import InvalidParameter
from app.domain.filters import Filters
from app.domain.quotes import Quote
from app.domain.rounds import CorridorRound, corridor_round, stops_being_current, survey_freshness
from app.domain.vocabulary import AmountIs, AmountTier, Freshness, FxMarginStatus, PaymentInstrument, ProviderType
from app.reference import load
from tests.domain.builders import OBSERVED, quote

GEOGRAPHY = load()
IMPORTED = datetime(2014, 1, 2, tzinfo=UTC)
CURRENT = datetime(2014, 6, 1, tzinfo=UTC)
CONTEXT = SurveyContext(dataset_version=7, committed_at=IMPORTED, newest_period="2013-Q3", newest_period_since=IMPORTED)
USD_500 = AmountTier.USD_500


def both(key: str, fee: str, margin: str, fee_500: str | None = None, **changes: object) -> list[Quote]:
    name = f"2013-Q3/{key}"
    return [
        quote("120", fee, margin, key=name, provider=key, **changes),  # type: ignore[arg-type]
        quote("300", fee_500 or fee, margin, tier=USD_500, key=name, provider=key, **changes),  # type: ignore[arg-type]
    ]


def a_round(*services: list[Quote], corridor: str = "GBR-PHL") -> CorridorRound:
    quotes = [quoted for service in services for quoted in service]
    return corridor_round(corridor, "rpw", "2013-Q3", quotes, GEOGRAPHY.shares_tender)


ROUND = a_round(both("a", "4", "1"), both("b", "2", "3"), both("c", "9", "0"))
answer = partial(compare_survey, ROUND, context=CONTEXT, geography=GEOGRAPHY, now=CURRENT)


def test_without_any_wish_the_surveyed_amount_is_sent_in_the_usual_currency_at_equal_principal() -> None:
    found = answer(ComparisonQuestion())
    assert (found.amount, found.amount_currency, found.amount_is) == (Fraction(120), "GBP", AmountIs.PRINCIPAL)
    assert [o.candidate.description.provider for o in found.ranking.offers] == ["a", "b", "c"]
    assert (found.dataset_version, found.basis, found.basis_reason) == (7, "survey", "no_live_quotes")


def test_the_default_currency_is_that_of_most_services_and_the_amount_the_most_frequent() -> None:
    mixed = a_round(
        both("a", "1", "1"),
        [quote("140", currency="EUR", key="2013-Q3/b")],
        [quote("150", currency="EUR", key="2013-Q3/c")],
        [quote("150", currency="EUR", key="2013-Q3/d")],
    )
    assert mixed.default_currency == "EUR"
    assert [mixed.default_amount(currency) for currency in ("EUR", "GBP")] == [150, 120]
    assert mixed.default_amount("USD") is None
    tie = a_round(both("a", "1", "1"), [quote("140", currency="EUR", key="2013-Q3/b")])
    assert tie.default_currency == "EUR"


def test_a_currency_that_nobody_was_asked_in_is_refused_with_those_that_were() -> None:
    with pytest.raises(InvalidParameter, match="GBP"):
        answer(ComparisonQuestion(sending_currency="EUR"))
    only_500 = a_round([quote("300", tier=USD_500)])
    with pytest.raises(InvalidParameter, match="an amount in GBP"):
        compare_survey(only_500, ComparisonQuestion(), context=CONTEXT, geography=GEOGRAPHY, now=CURRENT)


def test_the_summary_counts_services_whatever_is_merged() -> None:
    twins = a_round(
        both("a", "6", "1"),
        [replace(q, source_key="2013-Q3/z", id=quote(key=f"z{q.tier}").id) for q in both("a", "6", "1")],
        both("b", "6", "4"),
    )
    summary = compare_survey(twins, ComparisonQuestion(), context=CONTEXT, geography=GEOGRAPHY, now=CURRENT).summary
    assert (summary.offers, summary.services, summary.providers) == (2, 3, 2)
    assert (summary.cheapest_percent, summary.median_percent) == (Fraction(6), Fraction(6))
    assert summary.average_percent == 7


def test_nothing_ranked_has_no_figures() -> None:
    hidden = a_round([quote(status=FxMarginStatus.UNDISCLOSED, is_transparent=False)])
    assert "no_price_at_this_amount" not in [n.code for n in answer(ComparisonQuestion()).notices]
    found = compare_survey(hidden, ComparisonQuestion(), context=CONTEXT, geography=GEOGRAPHY, now=CURRENT)
    assert (found.summary.offers, found.summary.cheapest_percent, found.summary.average_percent) == (0, None, None)
    assert found.relax == ()


# --- the two clocks


def test_a_round_is_current_for_twelve_months_after_its_quarter() -> None:
    assert stops_being_current("2013-Q3") == datetime(2014, 10, 1, tzinfo=UTC)
    assert stops_being_current("2013-Q4") == datetime(2015, 1, 1, tzinfo=UTC)
    assert survey_freshness("2013-Q3", "2013-Q3", datetime(2014, 9, 30, 23, 59, tzinfo=UTC)) is Freshness.CURRENT_ROUND
    assert survey_freshness("2013-Q3", "2013-Q3", datetime(2014, 10, 1, tzinfo=UTC)) is Freshness.OLD_ROUND
    assert survey_freshness("2013-Q2", "2013-Q3", CURRENT) is Freshness.OLD_ROUND


def test_a_current_answer_says_until_when_it_stands() -> None:
    found = answer(ComparisonQuestion())
    assert (found.evaluated_at, found.fresh_until) == (IMPORTED, datetime(2014, 10, 1, tzinfo=UTC))
    assert [notice.code for notice in found.notices] == []


def test_an_old_answer_says_since_when_it_is_old_and_does_not_change_any_more() -> None:
    years_later = datetime(2026, 11, 23, tzinfo=UTC)
    found = compare_survey(ROUND, ComparisonQuestion(), context=CONTEXT, geography=GEOGRAPHY, now=years_later)
    assert (found.evaluated_at, found.fresh_until) == (datetime(2014, 10, 1, tzinfo=UTC), None)
    assert [notice.code for notice in found.notices] == ["prices_are_historical"]
    assert "2013-Q3" in found.notices[0].text


def test_a_newer_round_elsewhere_makes_an_answer_old_from_its_arrival() -> None:
    arrived = datetime(2014, 3, 1, tzinfo=UTC)
    newer = replace(CONTEXT, newest_period="2013-Q4", newest_period_since=arrived)
    found = compare_survey(ROUND, ComparisonQuestion(), context=newer, geography=GEOGRAPHY, now=CURRENT)
    assert (found.freshness, found.evaluated_at, found.fresh_until) == (Freshness.OLD_ROUND, arrived, None)


def test_an_age_limit_is_a_tick_of_its_own() -> None:
    limit = ComparisonQuestion(filters=Filters(max_age_days=timedelta(days=400)))
    found = answer(limit)
    assert found.summary.services == 3
    assert found.fresh_until == OBSERVED + timedelta(days=400, microseconds=1)
    after = compare_survey(ROUND, limit, context=CONTEXT, geography=GEOGRAPHY, now=found.fresh_until)
    assert after.summary.services == 0
    assert after.evaluated_at == found.fresh_until


# --- notices and relaxations


def test_invented_and_doubtful_prices_say_so() -> None:
    doubtful = a_round([quote(status=FxMarginStatus.ZERO_UNEXPLAINED)])
    found = compare_survey(
        doubtful, ComparisonQuestion(), context=replace(CONTEXT, is_synthetic=True), geography=GEOGRAPHY, now=CURRENT
    )
    assert [notice.code for notice in found.notices] == ["synthetic_data", "corridor_not_comparable"]


def test_an_empty_answer_says_what_each_filter_alone_removed() -> None:
    card = frozenset({PaymentInstrument.DEBIT_CARD})
    bank = frozenset({ProviderType.BANK})
    found = answer(ComparisonQuestion(filters=Filters(payment_instrument=card, provider=frozenset({"a"}))))
    assert [(r.parameter, r.removed_services, r.offers_without) for r in found.relax] == [
        ("payment_instrument", 3, 1),
        ("provider", 2, 0),
    ]
    assert answer(ComparisonQuestion(filters=Filters(provider_type=bank))).relax[0].offers_without == 3
    assert answer(ComparisonQuestion(filters=Filters(provider=frozenset({"a"})))).relax == ()


def test_the_surveyed_dollars_are_known_where_dollars_are_sent() -> None:
    dollars = a_round([quote("200", currency="USD", corridor="USA-PHL")], corridor="USA-PHL")
    found = compare_survey(dollars, ComparisonQuestion(), context=CONTEXT, geography=GEOGRAPHY, now=CURRENT)
    assert found.surveyed_amount_usd == 200
    assert found.amount_drifted is False
    drifted = a_round([quote("300", currency="USD", corridor="USA-PHL")], corridor="USA-PHL")
    assert compare_survey(
        drifted, ComparisonQuestion(), context=CONTEXT, geography=GEOGRAPHY, now=CURRENT
    ).amount_drifted
    assert answer(ComparisonQuestion()).surveyed_amount_usd is None


def test_what_is_received_is_asked_in_the_receivers_currency() -> None:
    found = answer(ComparisonQuestion(amount=Decimal(6000), amount_is=AmountIs.RECEIVED))
    assert (found.amount_currency, found.receiving_currency) == ("PHP", "PHP")
    assert {e.reason for e in found.ranking.excluded} == {"rate_not_recorded"}


def test_targets_are_asked_of_the_offer() -> None:
    found = answer(ComparisonQuestion())
    offer = found.ranking.offers[0]
    assert found.meets_target_between(offer).ranges[0].end == 300
    test = found.test(offer)
    assert test is not None
    assert not test.meets_target


# --- the cost curve


def test_the_curve_says_that_one_service_is_the_cheapest_throughout() -> None:
    def at(amount: Decimal | None) -> Comparison:
        return answer(ComparisonQuestion(amount=amount))

    curve = cost_curve(at, [Decimal(120), Decimal(300)])
    # a: 4 + 1 %, b: 2 + 3 %, c: 9 + 0 %; a and c meet at 500, so a stays the cheapest throughout.
    assert [c.ranking.offers[0].candidate.description.provider for c in curve.comparisons] == ["a", "a"]
    assert (curve.first, curve.last) == (Fraction(120), Fraction(300))
    assert curve.switches_reason == "one_service_is_cheapest_throughout"


def test_the_curve_switches_where_the_straight_lines_cross() -> None:
    crossing = a_round(both("a", "2", "2"), both("b", "4", "1"))

    def at(amount: Decimal | None) -> Comparison:
        question = ComparisonQuestion(amount=amount)
        return compare_survey(crossing, question, context=CONTEXT, geography=GEOGRAPHY, now=CURRENT)

    curve = cost_curve(at, [])
    assert len(curve.comparisons) == 1
    (switch,) = curve.switches
    assert switch.before is not None
    assert switch.after is not None
    names = [curve.services[place].description.provider for place in (switch.before, switch.after)]
    assert (switch.at, names) == (Fraction("200.01"), ["a", "b"])
    assert curve.switches_reason is None


def test_the_curve_takes_every_service_wherever_it_is_known_whatever_amounts_are_asked() -> None:
    half_known = [
        quote("120", None, "1", "5", key="2013-Q3/b", provider="b", status=FxMarginStatus.INCOMPLETE),
        quote("300", "1", "1", key="2013-Q3/b", provider="b", tier=USD_500),
    ]
    rounds = a_round(both("a", "5", "1"), half_known)

    def at(amount: Decimal | None) -> Comparison:
        question = ComparisonQuestion(amount=amount)
        return compare_survey(rounds, question, context=CONTEXT, geography=GEOGRAPHY, now=CURRENT)

    for amounts in ([], [Decimal(120)], [Decimal(120), Decimal(300)]):
        assert [(s.at, s.before, s.after) for s in cost_curve(at, amounts).switches] == [(Fraction(297), 0, 1)]


def test_only_surveyed_amounts_take_part_where_that_is_asked() -> None:
    crossing = a_round(both("a", "2", "2"), both("b", "4", "1"))

    def at(amount: Decimal | None) -> Comparison:
        question = ComparisonQuestion(amount=amount, exact_only=True)
        return compare_survey(crossing, question, context=CONTEXT, geography=GEOGRAPHY, now=CURRENT)

    curve = cost_curve(at, [], exact_only=True)
    assert [s.after for s in curve.switches] == [None, 1]


def test_at_equal_total_paid_the_curve_covers_the_totals_and_an_empty_answer_names_them() -> None:
    def at(amount: Decimal | None) -> Comparison:
        return answer(ComparisonQuestion(amount=amount, amount_is=AmountIs.TOTAL_PAID))

    curve = cost_curve(at, [])
    assert (curve.first, curve.last) == (Fraction(122), Fraction(309))
    nothing_there = at(Decimal(100))
    assert nothing_there.summary.services == 0
    assert [n.code for n in nothing_there.notices] == ["no_price_at_this_amount"]
    assert "from 122.00 GBP to 309.00 GBP" in nothing_there.notices[0].text


def test_where_no_price_is_known_anywhere_no_amount_is_named() -> None:
    hidden = a_round([quote(status=FxMarginStatus.UNDISCLOSED, is_transparent=False)])
    question = ComparisonQuestion(amount_is=AmountIs.TOTAL_PAID)

    def at(_: Decimal | None) -> Comparison:
        return compare_survey(hidden, question, context=CONTEXT, geography=GEOGRAPHY, now=CURRENT)

    assert cost_curve(at, []).switches_reason == "no_known_price"
    assert "no_price_at_this_amount" not in [n.code for n in at(None).notices]


def test_the_default_currency_was_asked_for_200_dollars() -> None:
    odd = a_round([quote("200", currency="USD"), quote("345", currency="EUR", tier=USD_500)])
    assert odd.default_currency == "USD"


def test_what_is_received_has_no_curve_in_a_survey() -> None:
    def at(amount: Decimal | None) -> Comparison:
        return answer(ComparisonQuestion(amount=amount, amount_is=AmountIs.RECEIVED))

    assert cost_curve(at, [Decimal(6000)]).switches_reason == "no_known_price"
