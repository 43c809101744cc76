"""Live comparisons, asked through HTTP, answer what the independent computation says.

Every corridor is asked with one of the three amounts held equal in turn; amounts and instants are drawn by chance.
THREEPERCENT_TEST_ORACLE=all asks with all three, at every instant at which time alone changes the answer.
"""

import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from tests.oracle.live import Question, default_amount, rank
from tests.oracle.live_checking import World, wrong_switches
from tests.oracle.live_tariffs import MEASURES, OLDEST, US_TAX_FROM, Tariff, minor_units, unit
from tests.oracle.live_worlds import NOW, TWINS

EVERYTHING = os.environ.get("THREEPERCENT_TEST_ORACLE") == "all"
SHOWN = 40
SWITCHES = 100
MOMENT = timedelta(microseconds=1)


def report(found: list[str]) -> str:
    return f"{len(found)} differences:\n" + "\n".join(found[:SHOWN])


def instants(members: list[Tariff], start: datetime, chance: random.Random) -> Iterator[datetime]:
    """When to ask: as soon as all is known, around the ends of prices and of their freshness, and at random."""
    seen = chance.choice(members).observed_at
    ends = [one.valid_until for one in members if one.valid_until is not None and one.valid_until > start]
    yield start + chance.random() * timedelta(days=1)
    around = [seen + timedelta(hours=24), seen + OLDEST, *ends]
    yield from (at + step for at in around for step in (timedelta(0), MOMENT, -MOMENT) if at + step > start)
    yield start + chance.random() * timedelta(days=8)


def amounts(members: list[Tariff], amount_is: str, chance: random.Random) -> Iterator[Fraction]:
    """Some by chance, from less than anybody takes to more, and the bands' own with the cents around them."""
    one = members[0]
    sending, receiving = minor_units(one.sending), minor_units(one.receiving)
    top = max((tariff.largest or tariff.smallest + 1000 for tariff in members), default=Fraction(1000))
    rate = next((tariff.steps[0][1] for tariff in members if tariff.steps), Fraction(1))
    scale, digits = (rate, receiving) if amount_is == "received" else (Fraction(1), sending)
    while True:
        drawn = top * Fraction(round(10 ** chance.uniform(0, 3.1)), 1000)
        tariff = chance.choice(members)
        mark = chance.choice(tariff.marks) + chance.choice([-1, 0, 1]) * unit(one.sending)
        for amount in (drawn * scale, mark * scale):
            rounded = round(amount, digits)
            if rounded > 0:
                yield rounded


def questions(members: list[Tariff], start: datetime, chance: random.Random, *, each: int) -> Iterator[Question]:
    for amount_is in MEASURES if EVERYTHING else [chance.choice(MEASURES)]:
        drawn = amounts(members, amount_is, chance)
        times = list(instants(members, start, chance))
        asked = times if EVERYTHING else [chance.choice(times)]
        for at in asked:
            yield from (Question(next(drawn), amount_is, at) for _ in range(each))


def differences(world: World, start: datetime, *, each: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    return [
        line
        for corridor, members in world.corridors.items()
        for question in questions(members, start, chance, each=each)
        if question.amount_is != "principal" or all_have_a_benchmark(world, members)
        for line in world.compare(corridor, question)
    ]


def all_have_a_benchmark(world: World, members: list[Tariff]) -> bool:
    return all(world.rates.mid(one.sending, one.receiving, one.observed_at) is not None for one in members)


@pytest.mark.slow
def test_every_corridor_of_the_demonstration_is_ranked_as_computed_from_its_files(demo_world: World) -> None:
    found = differences(demo_world, demo_world.clock.at, each=6 if EVERYTHING else 1, seed=1)
    assert demo_world.offers > 5 * demo_world.questions
    assert not found, report(found)


@pytest.mark.slow
def test_jumps_old_fixings_missing_rates_and_unknown_means_of_payment_are_ranked_as_computed(edge_world: World) -> None:
    found = differences(edge_world, NOW, each=20 if EVERYTHING else 6, seed=2)
    assert edge_world.offers > 5 * edge_world.questions
    assert not found, report(found)


def test_the_tax_of_the_united_states_begins_with_2026(new_year_world: World) -> None:
    corridors = [corridor for corridor in new_year_world.corridors if corridor.startswith("USA-")]
    asked = [
        (corridor, Question(Fraction(300), amount_is, US_TAX_FROM + step))
        for corridor in corridors
        for amount_is in MEASURES[:2]
        for step in (-MOMENT, timedelta(0))
    ]
    found = [line for corridor, question in asked for line in new_year_world.compare(corridor, question)]
    assert corridors
    assert not found, report(found)


@pytest.mark.parametrize("means", ["cash", "bank_account"])
def test_a_tax_that_the_means_of_payment_decide_is_known_once_they_are_asked_for(means: str, edge_world: World) -> None:
    members = [one for one in edge_world.corridors["USA-MEX"] if means in one.document["payment_instruments"]]
    question = Question(Fraction(250), "total_paid", NOW, frozenset({means}))
    expected = rank(members, edge_world.rates, question)
    asked = {"amount": "250", "amount_is": "total_paid", "basis": "live", "limit": "500", "payment_instrument": means}
    answer = edge_world.ask("/v1/corridors/USA-MEX/comparison", NOW, **asked)
    served = [(offer["provider"]["id"], offer["rank"], offer["tax"]["amount"]) for offer in answer["offers"]]
    computed = [
        (str(offer.price.tariff.document["provider"]), offer.rank, round(offer.price.tax or Fraction(0), 2))
        for offer in expected.offers
    ]
    assert sorted(served) == sorted(computed)


def test_the_default_amount_is_about_two_hundred_dollars_in_the_sending_currency(demo_world: World) -> None:
    at = demo_world.clock.at = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    found = []
    for corridor, members in demo_world.corridors.items():
        answer = demo_world.ask(f"/v1/corridors/{corridor}/comparison", at)
        currency = members[0].sending
        computed = {"amount": default_amount(currency, demo_world.rates, at), "currency": currency}
        if (answer["amount"], answer["amount_is"], answer["basis"]) != (computed, "total_paid", "live"):
            found.append(f"{corridor}: served {answer['amount']}, computed {computed}")
    assert not found, report(found)


def checked_switches(world: World, at: datetime) -> list[tuple[str, bool]]:
    asked = [(corridor, amount_is) for corridor in world.corridors for amount_is in MEASURES]
    random.Random(4).shuffle(asked)
    found: list[tuple[str, bool]] = []
    for corridor, amount_is in asked:
        one = world.corridors[corridor][0]
        if default_amount(one.receiving if amount_is == "received" else one.sending, world.rates, at) is None:
            continue  # there is no curve unless amounts are given
        if amount_is == "received" and received_in_other_units(one):
            continue
        found += wrong_switches(world, corridor, amount_is, at)
        if len(found) >= SWITCHES and not EVERYTHING:
            break
    return found


def received_in_other_units(one: Tariff) -> bool:
    return minor_units(one.sending) != minor_units(one.receiving)


@pytest.mark.slow
def test_switches_are_where_another_service_becomes_the_cheapest(demo_world: World) -> None:
    found = checked_switches(demo_world, datetime(2026, 11, 24, 9, 30, tzinfo=UTC))
    assert len(found) >= SWITCHES
    wrong = [line for line, right in found if not right]
    assert not wrong, report(wrong)


@pytest.mark.slow
def test_switches_between_tariffs_that_jump_are_where_another_becomes_the_cheapest(edge_world: World) -> None:
    wrong = [line for line, right in checked_switches(edge_world, NOW) if not right]
    assert not wrong, report(wrong)


@pytest.mark.parametrize("amount_is", MEASURES)
@pytest.mark.parametrize("corridor", ["GBR-PHL", "USA-MEX"])
def test_one_smooth_tariff_ranks_the_same_whether_its_fee_is_on_top_or_deducted(
    corridor: str, amount_is: str, twin_world: World
) -> None:
    chance = random.Random(f"{corridor} {amount_is}")
    for _ in range(200 if EVERYTHING else 10):
        amount = round(Fraction(chance.uniform(20, 3000)) * (18 if amount_is == "received" else 1), 2)
        question = Question(amount, amount_is, NOW)
        found = list(twin_world.compare(corridor, question))
        assert not found, report(found)
        path = f"/v1/corridors/{corridor}/comparison"
        asked = {"amount": f"{float(amount):.2f}", "amount_is": amount_is, "limit": "500", "basis": "live"}
        answer = twin_world.ask(path, NOW, **asked)
        ranks: dict[str, Counter[Fraction]] = {name: Counter() for name in TWINS}
        for offer in answer["offers"]:
            ranks[offer["provider"]["id"].split("-")[1]][offer["rank"]] += 1
        assert all(list(places.values()) == [2] for places in ranks.values()), (amount, ranks)


def test_a_curve_of_received_amounts_is_in_the_receiving_currency(demo_world: World) -> None:
    at = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    asked = {"basis": "live", "amount_is": "received"}
    curve = demo_world.ask("/v1/corridors/JPN-PHL/cost-curve", at, **asked)
    assert curve["known_amounts"]["currency"] == "PHP"
    switches = [*wrong_switches(demo_world, "JPN-PHL", "received", at)]
    assert [line for line, right in switches if not right] == []


def test_a_tariff_without_a_rate_is_incomplete_and_leaves_the_ranking_by_what_arrives(twin_world: World) -> None:
    assert list(twin_world.compare("FRA-SEN", Question(Fraction(200), "total_paid", NOW))) == []


@pytest.mark.parametrize("corridor", ["USA-KEN", "USA-MEX"])
def test_without_a_benchmark_that_is_the_first_reason_at_equal_principal(corridor: str, edge_world: World) -> None:
    assert list(edge_world.compare(corridor, Question(Fraction(980), "principal", NOW))) == []


def test_the_default_amount_does_not_depend_on_naming_the_receiving_currency(demo_world: World) -> None:
    at = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    asked = [{}, {"receiving_currency": "PHP"}]
    path = "/v1/corridors/GBR-PHL/comparison"
    first, second = (demo_world.ask(path, at, basis="live", **one)["amount"] for one in asked)
    assert first == second


def test_switches_are_between_services_that_are_neither_stale_nor_expired(edge_world: World) -> None:
    found = wrong_switches(edge_world, "GBR-PHL", "total_paid", NOW, amounts="75,76")
    assert [line for line, right in found if not right] == []
