"""The comparison over HTTP: what is held equal, what is filtered, what is shown and hidden, in which language."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import event
from starlette.testclient import TestClient

from app.api.v1.comparison import ComparisonShape
from app.api.v1.cost_curve import CostCurveShape


def ask(client: TestClient, corridor: str, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/v1/corridors/{corridor}/comparison?{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json(parse_float=Decimal)
    return found


def test_an_answer_has_exactly_the_fields_of_the_contract(demo: TestClient, corridor: str) -> None:
    answer = demo.get(f"/v1/corridors/{corridor}/comparison?expand=excluded&limit=500")
    ComparisonShape.model_validate_json(answer.content)


def test_it_says_where_it_is_from_and_that_it_is_synthetic(demo: TestClient, corridor: str) -> None:
    answer = ask(demo, corridor)
    assert answer["dataset_version"] == 1
    assert answer["methodology_version"] == "1"
    assert [item["source"] for item in answer["attribution"]] == ["demo"]
    assert "synthetic_data" in [notice["code"] for notice in answer["notices"]]
    assert answer["basis"] == "survey"
    assert answer["as_of"] is None


def test_offers_are_ranked_by_what_they_cost_and_ranks_count_offers(demo: TestClient, corridor: str) -> None:
    offers = ask(demo, corridor, "limit=500")["offers"]
    costs = [offer["total_cost_percent"] for offer in offers]
    assert costs == sorted(costs)
    for place, (before, after) in enumerate(pairwise(offers), start=2):
        assert after["rank"] == (
            before["rank"] if after["tied"] and before["tied"] and after["rank"] != place else place
        )


def test_the_limit_cuts_offers_and_nothing_else(demo: TestClient, corridor: str) -> None:
    whole, cut = ask(demo, corridor, "limit=500"), ask(demo, corridor, "limit=1")
    assert cut["offers"] == whole["offers"][:1]
    assert {**cut, "offers": []} == {**whole, "offers": []}


def test_filters_move_offers_to_excluded_and_leave_the_indicators(demo: TestClient, corridor: str) -> None:
    whole, cash = ask(demo, corridor, "limit=500"), ask(demo, corridor, "limit=500&receiving_method=cash")
    assert cash["indicators"] == whole["indicators"]
    assert all("cash" in offer["receiving_methods"] for offer in cash["offers"])
    services = cash["summary"]["services"] + sum(cash["excluded"]["counts"].values())
    assert services == whole["summary"]["services"] + sum(whole["excluded"]["counts"].values())


def test_q_keeps_the_providers_whose_names_hold_every_word(demo: TestClient, corridor: str) -> None:
    whole = ask(demo, corridor, "limit=500&expand=excluded")
    word = whole["offers"][0]["provider"]["name"].split()[0]
    found = ask(demo, corridor, f"limit=500&expand=excluded&q={word.upper()}")
    known = {row["id"] for row in demo.get(f"/v1/providers?q={word}&page_size=500").json()["providers"]}
    assert {offer["provider"]["id"] for offer in found["offers"]} <= known
    assert found["offers"]
    for left_out in found["excluded"]["offers"]:
        assert (left_out["reason"] == "filtered_q") == (left_out["provider"]["id"] not in known)


def test_a_q_that_matches_nobody_leaves_nothing_and_says_so(demo: TestClient, corridor: str) -> None:
    answer = ask(demo, corridor, "q=qqqqqq")
    assert answer["offers"] == []
    assert set(answer["excluded"]["counts"]) == {"filtered_q"}
    assert [item["parameter"] for item in answer["relax"]] == ["q"]


def test_an_unknown_worth_of_the_surveyed_amount_has_a_reason(demo: TestClient, corridor: str) -> None:
    answer = ask(demo, corridor)
    assert (answer["surveyed_amount_usd"] is None) == (answer["surveyed_amount_usd_reason"] == "no_reference_rate")
    assert (answer["amount_drifted"] is None) == (answer["surveyed_amount_usd"] is None)


def test_a_period_may_be_written_in_any_case(demo: TestClient, corridor: str) -> None:
    period = ask(demo, corridor)["period"]
    assert ask(demo, corridor, f"period={period.lower()}")["period"] == period


def test_an_answer_that_filters_emptied_says_what_each_removed(demo: TestClient, corridor: str) -> None:
    answer = ask(demo, corridor, "max_age_days=1&receiving_method=cash")
    assert answer["offers"] == []
    assert {item["parameter"] for item in answer["relax"]} == {"max_age_days", "receiving_method"}


def test_excluded_offers_are_listed_on_request(demo: TestClient, corridor: str) -> None:
    assert ask(demo, corridor)["excluded"]["offers"] is None
    listed = ask(demo, corridor, "expand=excluded&max_transfer_speed=under_1_hour")["excluded"]
    assert len(listed["offers"]) == sum(listed["counts"].values())


def test_fields_cut_the_answer_down_and_keep_where_it_is_from(demo: TestClient, corridor: str) -> None:
    answer = ask(demo, corridor, "fields=offers.rank,offers.provider.name,summary")
    assert set(answer) == {"offers", "summary", "attribution", "dataset_version", "methodology_version", "notices"}
    assert set(answer["offers"][0]) == {"rank", "provider"}
    assert set(answer["offers"][0]["provider"]) == {"name"}


@pytest.mark.parametrize("asked", ["language=fr", "header"])
def test_language_changes_names_and_nothing_that_machines_read(demo: TestClient, corridor: str, asked: str) -> None:
    path = f"/v1/corridors/{corridor}/comparison"
    english = demo.get(path)
    if asked == "header":
        french = demo.get(path, headers={"Accept-Language": "fr-CH, de;q=0.5"})
    else:
        french = demo.get(f"{path}?{asked}")
    assert french.headers["content-language"] == "fr"
    assert english.headers["content-language"] == "en"
    assert french.json()["offers"] == english.json()["offers"]
    assert french.json()["corridor"]["id"] == corridor


def test_the_amount_is_what_was_asked_and_its_default_was_surveyed(demo: TestClient, corridor: str) -> None:
    default = ask(demo, corridor)["amount"]
    surveyed = demo.get(f"/v1/corridors/{corridor}").json()["choices"]["amounts"]
    assert default in [choice["amount"] for choice in surveyed if choice["tier"] == "usd_200"]
    double = default["amount"] * 2
    asked = ask(demo, corridor, f"amount={double}&sending_currency={default['currency']}")
    assert asked["amount"] == {"amount": double, "currency": default["currency"]}
    assert {offer["price_basis"] for offer in asked["offers"]} <= {"interpolated", "observed"}


def test_exact_only_leaves_interpolated_prices_out(demo: TestClient, corridor: str) -> None:
    amount = ask(demo, corridor)["amount"]["amount"] * 2
    exact = ask(demo, corridor, f"amount={amount}&exact_only=true")
    assert all(offer["price_basis"] == "observed" for offer in exact["offers"])


@pytest.mark.parametrize("amount_is", ["principal", "total_paid", "received"])
def test_whatever_is_held_equal_every_offer_adds_up(demo: TestClient, corridor: str, amount_is: str) -> None:
    answer = ask(demo, corridor, f"amount_is={amount_is}&limit=500")
    for offer in answer["offers"]:
        paid, principal, fee = (offer[name]["amount"] for name in ("sender_pays", "principal", "fee"))
        assert abs(paid - principal - fee) <= Decimal("0.01") * (1 if paid < 10**6 else 100)
    if amount_is == "received":
        assert answer["offers"] == []


def test_a_corridor_may_be_written_in_any_case_and_with_two_letters(demo: TestClient, corridor: str) -> None:
    assert ask(demo, corridor.lower())["corridor"]["id"] == corridor


def test_a_past_period_gives_the_prices_of_then(demo: TestClient, corridor: str) -> None:
    known = demo.get(f"/v1/corridors/{corridor}").json()
    past = next((period for period in known["periods"] if period != known["newest_period"]), None)
    assert past is not None
    answer = ask(demo, corridor, f"period={past}")
    assert (answer["period"], answer["freshness"]) == (past, "old_round")


def is_of_a_request(statement: str) -> bool:
    """Say whether a statement is no background task's: of those that look for newer data, and for work to be done."""
    tables = ("dataset_versions", "FROM partners", "FROM import_jobs")
    return "SELECT" in statement and not any(table in statement for table in tables)


def test_newest_rounds_are_answered_without_asking_the_database(
    demo: TestClient, demo_app: FastAPI, corridor: str
) -> None:
    asked: list[str] = []

    def note(*arguments: object) -> None:
        asked.append(str(arguments[2]))

    demo.get("/v1/currencies")  # who publishes rates since when is read once after each import of rates
    engine = demo_app.state.served.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        for path in (
            f"/v1/corridors/{corridor}/comparison?amount=150&expand=excluded",
            f"/v1/corridors/{corridor}/cost-curve",
            f"/v1/corridors/{corridor}",
            "/v1/corridors",
            "/v1/providers",
            "/v1/countries",
            "/v1/currencies",
            "/v1/vocabulary",
        ):
            assert demo.get(path).status_code == 200
        assert [text for text in asked if is_of_a_request(text)] == []
        demo.get("/v1/quotes?page_size=1")
        assert [text for text in asked if is_of_a_request(text)]
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_a_cost_curve_shows_each_amount_and_where_the_winner_changes(demo: TestClient, corridor: str) -> None:
    known = demo.get(f"/v1/corridors/{corridor}/cost-curve").json()["known_amounts"]
    low, high = known["smallest"], known["largest"]
    answer = demo.get(f"/v1/corridors/{corridor}/cost-curve?amounts={low},{high}")
    CostCurveShape.model_validate_json(answer.content)
    curve = answer.json()
    assert [point["amount"]["amount"] for point in curve["points"]] == [low, high]
    assert all(low <= switch["at"] <= high for switch in curve["switches"])
    for point in curve["points"]:
        assert point["cheapest"] == (point["costs"][0] if point["costs"] else None)
        for cost in point["costs"]:
            assert curve["services"][cost["service"]]["provider"]["id"]


def test_more_amounts_than_a_curve_takes_are_refused(demo: TestClient, corridor: str) -> None:
    amounts = ",".join(str(number) for number in range(1, 52))
    assert demo.get(f"/v1/corridors/{corridor}/cost-curve?amounts={amounts}").status_code == 422
