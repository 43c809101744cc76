"""Live prices over HTTP: the basis, the reverse question, benchmarks, and caching by a clock that is stepped."""

import json
import os
import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.conftest import NOW, LiveClock

STEPS = int(os.environ.get("THREEPERCENT_TEST_STEPS", "400"))
ROUTE = "/v1/corridors/GBR-PHL/comparison"


def answer(client: TestClient, query: str = "") -> dict[str, Any]:
    found = client.get(f"{ROUTE}?{query}")
    assert found.status_code == 200, found.text
    whole: dict[str, Any] = found.json()
    return whole


def test_live_prices_are_the_default_where_two_providers_have_them(live: TestClient) -> None:
    found = answer(live)
    assert (found["basis"], found["basis_reason"], found["period"]) == ("live", "live_quotes", None)
    assert (found["amount_is"], found["ranked_by"], found["rank_stable"]) == ("total_paid", "recipient_gets", True)
    assert found["indicators"]["period"] is not None
    assert {offer["source"] for offer in found["offers"]} == {"demo_tariffs"}


def test_a_survey_is_answered_when_it_is_asked_for(live: TestClient) -> None:
    asked = answer(live, "basis=survey")
    assert (asked["basis"], asked["basis_reason"], asked["benchmark"]) == ("survey", "asked_for", "published")
    assert asked["surveyed_amount_usd"] is None or asked["surveyed_amount_usd"] > 0


def test_every_live_offer_says_what_it_is_measured_against(live: TestClient) -> None:
    for offer in answer(live)["offers"]:
        assert offer["mid_market_rate_type"] == "daily_fixing"
        assert offer["mid_market_rate_institutions"] == ["demo_fixing"]
        assert offer["mid_market_rate_date"] < NOW.date().isoformat()
        assert offer["observed_at"].endswith("Z")


def test_what_is_paid_and_received_solves_the_question_both_ways(live: TestClient) -> None:
    """To send what arrives at 200 takes 200, tariff by tariff, unless a step offers the same for less."""
    there = answer(live, "amount=200&limit=500")
    for offer in there["offers"]:
        gets = offer["recipient_gets"]["amount"]
        back = answer(live, f"amount={gets}&amount_is=received&provider={offer['provider']['id']}&limit=500")
        same = [one for one in back["offers"] if one["quote_ids"] == offer["quote_ids"]]
        assert same
        assert same[0]["sender_pays"]["amount"] <= 200.01


def test_an_institution_nobody_knows_is_refused_with_those_there_are(live: TestClient) -> None:
    refused = live.get(f"{ROUTE}?benchmark=nobody")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/query/benchmark")
    assert "demo_fixing" in refused.text
    assert answer(live, "benchmark=demo_fixing")["benchmark"] == "demo_fixing"


def test_a_benchmark_for_a_survey_contradicts_it(live: TestClient) -> None:
    refused = live.get(f"{ROUTE}?benchmark=demo_fixing&basis=survey")
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/contradictory-parameters")
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/query/benchmark", "/query/basis"]


def test_the_list_of_corridors_has_live_figures(live: TestClient) -> None:
    found = live.get("/v1/corridors?basis=live&sort=cheapest&page_size=500").json()
    ranked = [row for row in found["corridors"] if row["rank"] is not None]
    assert (found["basis"], found["period"]) == ("live", None)
    assert ranked
    costs = [row["cheapest_percent"] for row in ranked]
    assert costs == sorted(costs)
    one = answer_of(live, ranked[0]["id"])["summary"]
    assert (ranked[0]["cheapest_percent"], ranked[0]["services"]) == (one["cheapest_percent"], one["services"])


def answer_of(client: TestClient, corridor: str) -> dict[str, Any]:
    whole: dict[str, Any] = client.get(f"/v1/corridors/{corridor}/comparison?basis=live").json()
    return whole


def test_a_corridor_says_what_live_prices_can_be_asked_for(live: TestClient) -> None:
    found = live.get("/v1/corridors/GBR-PHL").json()
    assert (found["basis"], found["default_amount"]["currency"]) == ("live", "GBP")
    total = sum(choice["services"] for choice in found["choices"]["providers"])
    assert total == len(answer(live, "limit=500")["offers"]) + sum(answer(live)["excluded"]["counts"].values())


def test_the_cost_curve_follows_tariffs(live: TestClient) -> None:
    found = live.get("/v1/corridors/GBR-PHL/cost-curve?amounts=50,100,1000").json()
    assert found["known_amounts"]["largest"] >= 1000
    for point in found["points"]:
        best = answer(live, f"amount={point['amount']['amount']}&limit=1")["offers"][0]
        assert found["services"][point["cheapest"]["service"]]["provider"]["id"] == best["provider"]["id"]


def test_the_first_minor_unit_after_a_switch_has_the_new_winner(live: TestClient) -> None:
    found = live.get("/v1/corridors/GBR-PHL/cost-curve?amounts=50,100,1000").json()
    inside = [switch for switch in found["switches"] if switch["before"] is not None and switch["after"] is not None]
    assert inside
    for switch in inside[:6]:
        winners = [answer(live, f"amount={at:.2f}&limit=1")["offers"][0] for at in (switch["at"] - 0.01, switch["at"])]
        ids = [found["services"][switch[side]]["quote_ids"] for side in ("before", "after")]
        assert [winner["quote_ids"] for winner in winners] == ids


def without_clocks(body: bytes) -> str:
    whole = json.loads(body)
    return json.dumps({key: value for key, value in whole.items() if key not in {"evaluated_at", "fresh_until"}})


def at(live: TestClient, clock: LiveClock, when: datetime, query: str) -> tuple[str, str, dict[str, Any]]:
    clock.at = when
    found = live.get(f"{ROUTE}?{query}")
    return found.headers["etag"].replace("-gzip", ""), without_clocks(found.content), found.json()


@pytest.mark.parametrize("query", ["limit=500&expand=excluded&amount=200", "limit=500&expand=excluded"])
def test_the_entity_tag_changes_exactly_when_the_answer_does(
    live: TestClient, live_clock: LiveClock, query: str
) -> None:
    chance, just = random.Random(7), timedelta(microseconds=1)
    tags: dict[str, str] = {}
    for _ in range(max(20, STEPS // 10)):
        when = NOW + timedelta(seconds=chance.randint(0, 10 * 86_400))
        tag, content, whole = at(live, live_clock, when, query)
        assert tags.setdefault(tag, content) == content, "one tag for two answers"
        if whole["fresh_until"] is None:
            continue
        change = datetime.fromisoformat(whole["fresh_until"])
        assert at(live, live_clock, change - just, query)[:2] == (tag, content)
        after = at(live, live_clock, change, query)
        assert after[0] != tag
        assert after[1] != content
    assert len(tags) > 3


def test_no_cache_keeps_an_answer_beyond_the_instant_at_which_it_changes(
    live: TestClient, live_clock: LiveClock
) -> None:
    live_clock.at = datetime.fromisoformat(answer(live)["fresh_until"]) - timedelta(seconds=10)
    control = live.get(ROUTE).headers["cache-control"]
    ages = {part.split("=")[0].strip(): part.split("=")[1] for part in control.split(",") if "=" in part}
    assert int(ages["max-age"]) + int(ages["stale-while-revalidate"]) <= 10


def test_when_live_prices_have_gone_stale_the_survey_answers_again(live: TestClient, live_clock: LiveClock) -> None:
    live_clock.at = NOW + timedelta(days=30)
    found = answer(live)
    assert (found["basis"], found["basis_reason"]) == ("survey", "too_few_live_providers")
    assert datetime.fromisoformat(found["evaluated_at"]) > NOW
    stale = answer(live, "basis=live&amount=200")
    assert (stale["offers"], set(stale["excluded"]["counts"]) <= {"stale", "expired"}) == ([], True)


def test_a_cost_curve_is_good_until_the_first_of_its_points_changes(live: TestClient, live_clock: LiveClock) -> None:
    """At one amount a tariff may be refused that at another is ranked, and then goes stale."""
    query = "amounts=1,40,400,4000"
    whole = live.get(f"/v1/corridors/GBR-PHL/cost-curve?{query}").json()
    ends = [answer(live, f"amount={amount}")["fresh_until"] for amount in (1, 40, 400, 4000)]
    assert whole["fresh_until"] == min(end for end in ends if end is not None)
    change = datetime.fromisoformat(whole["fresh_until"])
    bodies = []
    for when in (NOW, change - timedelta(microseconds=1), change):
        live_clock.at = when
        bodies.append(without_clocks(live.get(f"/v1/corridors/GBR-PHL/cost-curve?{query}").content))
    assert bodies[0] == bodies[1]


def test_a_quarter_is_answered_by_its_survey_whatever_is_live(live: TestClient, live_clock: LiveClock) -> None:
    period = live.get("/v1/corridors/GBR-PHL").json()["periods"][-1]
    assert (answer(live, f"period={period}")["basis"], answer(live, f"period={period}")["basis_reason"]) == (
        "survey",
        "asked_for",
    )
    before = answer(live, "basis=survey")
    live_clock.at = NOW + timedelta(days=30)
    assert answer(live, "basis=survey")["evaluated_at"] == before["evaluated_at"]


def test_the_list_of_live_corridors_changes_when_it_says(live: TestClient, live_clock: LiveClock) -> None:
    just = timedelta(microseconds=1)
    whole = live.get("/v1/corridors?basis=live&page_size=500").json()
    seen = [whole]
    for _ in range(4):
        change = datetime.fromisoformat(seen[-1]["fresh_until"])
        live_clock.at = change - just
        assert live.get("/v1/corridors?basis=live&page_size=500").json() == seen[-1]
        live_clock.at = change
        seen.append(live.get("/v1/corridors?basis=live&page_size=500").json())
        assert seen[-1]["evaluated_at"] == seen[-2]["fresh_until"]
