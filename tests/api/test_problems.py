"""Every error is a problem document that explains itself and never repeats what was sent."""

from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from app.api.problems import problem_types

MARK = "zqxjMARKERzqxj"

HOSTILE = [
    "NaN", "Infinity", "-Infinity", "1e999", "1e999999999", "9" * 5000, "0x10", "1_000", "\uff11\uff12", " 5 ", "5 ",
    "\u0660",
    "-1", "-0", "0", "0.0", "00000000000000000000", "99999999999999999999", "1.00000000000000000001", ".", "-", "+",
    "", " ", "null", "None", "true", "[]", "{}", "\x00", "a\x00b", "\u202e" + MARK, "\ufeff1", "\u200b", "'", '"', "\\",
    "' OR '1'='1", "1;DROP TABLE quotes", "../../etc/passwd", "%00", "%2e%2e%2f", "<script>alert(1)</script>",
    "{{7*7}}",
    "${jndi:ldap://x}", "=1+1", "\r\nX-Injected: 1", "\ud7ff", "\U0001f4b8", "é" * 200, "a" * 9000, "GBR-PHL,", ",,,",
    "unknown", "2013-Q5", "2013-q3", "9999-Q9", "GBP\n", "gbp\n", "1\n", "120\n",
]  # fmt: skip

PLACES = [
    "/v1/corridors/{corridor}/comparison?amount={}", "/v1/corridors/{corridor}/comparison?limit={}",
    "/v1/corridors/{corridor}/comparison?period={}", "/v1/corridors/{corridor}/comparison?sending_currency={}",
    "/v1/corridors/{corridor}/comparison?provider={}", "/v1/corridors/{corridor}/comparison?payment_instrument={}",
    "/v1/corridors/{corridor}/comparison?max_age_days={}", "/v1/corridors/{corridor}/comparison?fields={}",
    "/v1/corridors/{corridor}/comparison?exact_only={}", "/v1/corridors/{corridor}/comparison?{}=1",
    "/v1/corridors/{corridor}/cost-curve?amounts={}", "/v1/corridors/{}", "/v1/corridors?sending_country={}",
    "/v1/corridors?sort={}", "/v1/corridors?page_token={}", "/v1/corridors?page_size={}", "/v1/corridors?q={}",
    "/v1/providers?q={}", "/v1/providers/{}", "/v1/quotes/{}", "/v1/quotes?corridor={}", "/v1/quotes?period={}",
    "/v1/quotes?page_token={}", "/v1/vocabulary?language={}", "/v1/corridors.{}", "/problems/{}", "/{}",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_hostile_text_is_answered_with_a_problem_and_never_repeated(
    demo: TestClient, corridor: str, place: str
) -> None:
    for text in (*HOSTILE, f"{MARK}<>", f"{MARK}-1"):
        path = place.replace("{corridor}", corridor).replace("{}", quote(text, safe=""))
        answer = demo.get(path)
        assert answer.status_code < 500, (text, answer.text)
        if answer.status_code >= 400:
            is_problem(answer.status_code, answer.headers["content-type"], answer.json())
            assert MARK not in answer.text
            assert "x-injected" not in answer.headers


def is_problem(status: int, media_type: str, problem: dict[str, Any]) -> None:
    assert media_type == "application/problem+json"
    assert list(problem) == ["type", "title", "status", "detail", "instance", "request_id", "errors"]
    assert problem["status"] == status
    code = problem["type"].removeprefix("/problems/")
    assert problem_types()[code].title == problem["title"]
    for item in problem["errors"]:
        assert list(item) == ["pointer", "code", "detail"]


@pytest.mark.parametrize(
    ("path", "status", "kind", "said"),
    [
        ("/v1/corridors/GBR-PHL/comparison?colour=red", 422, "invalid-request", "unknown parameter"),
        ("/v1/corridors/GBR-PHL/comparison?amount=1&amount=2", 422, "invalid-request", "more than once"),
        ("/v1/corridors/GBR-PHL/comparison?amount=1e3", 422, "invalid-request", "exponents are not read"),
        ("/v1/corridors/GBR-PHL/comparison?amount=.5", 422, "invalid-request", "a digit before and after the point"),
        ("/v1/corridors/GBR-PHL/comparison?amount=120.", 422, "invalid-request", "a digit before and after the point"),
        ("/v1/corridors/GBR-PHL/comparison?limit=501", 422, "invalid-request", "from 1 to 500"),
        ("/v1/corridors/GBR-PHL/comparison?amount_is=fee", 422, "invalid-request", "principal, total_paid, received"),
        ("/v1/corridors?basis=live&period=2013-Q3", 422, "contradictory-parameters", "no period"),
        ("/v1/corridors?basis=live", 404, "no-live-quotes", "survey rounds"),
        ("/v1/corridors?period=1999-Q1", 404, "period-not-surveyed", "There is data for"),
        ("/v1/corridors?sending_country=QQ", 404, "unknown-country", "ISO 3166"),
        ("/v1/corridors?page_token=abc", 422, "invalid-page-token", "without page_token"),
        ("/v1/corridors/GBR-GBR", 404, "corridor-to-itself", "itself"),
        ("/v1/corridors/GBR-QQQ", 404, "unknown-corridor", "GBR-PHL"),
        ("/v1/corridors/ATA-ALA", 404, "corridor-not-covered", "GET /v1/corridors"),
        ("/v1/providers/nobody", 404, "unknown-provider", "GET /v1/providers"),
        ("/v1/quotes/1", 404, "unknown-quote", "quote_ids"),
        ("/v1/quotes/00000000-0000-8000-8000-000000000000", 404, "unknown-quote", "quote_ids"),
        ("/v1/nothing", 404, "not-found", "/docs"),
        ("/v1/corridors/", 404, "not-found", "/docs"),
        ("/v1/corridors.xlsx", 404, "not-found", "/docs"),
    ],
)
def test_what_is_wrong_is_named_with_what_is_expected(
    demo: TestClient, path: str, status: int, kind: str, said: str
) -> None:
    answer = demo.get(path)
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (status, f"/problems/{kind}")
    is_problem(status, answer.headers["content-type"], problem)
    assert said in problem["detail"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/v1/corridors/{corridor}/comparison?provider=nobody", "provider"),
        ("/v1/corridors/{corridor}/comparison?sending_currency=zzz", "sending_currency"),
        ("/v1/corridors/{corridor}/comparison?receiving_currency=zzz", "receiving_currency"),
        ("/v1/corridors/{corridor}/comparison?period=1999-Q1", "period"),
        ("/v1/corridors/{corridor}/comparison?basis=live", "basis"),
        ("/v1/corridors/{corridor}/cost-curve?provider=nobody", "provider"),
        ("/v1/corridors?sending_country=GBR,ZZZ", "sending_country"),
        ("/v1/corridors?receiving_country=ZZZ", "receiving_country"),
        ("/v1/corridors?period=1999-Q1", "period"),
        ("/v1/quotes?provider=nobody", "provider"),
        ("/v1/quotes?sending_currency=zzz", "sending_currency"),
        ("/v1/quotes?corridor=GBR-ZZZ", "corridor"),
        ("/v1/quotes?corridor=ATA-ALA", "corridor"),
        ("/v1/quotes?period=1999-Q1", "period"),
        ("/v1/quotes?period=1999-Q1&corridor={corridor}", "period"),
    ],
)
def test_what_is_not_found_points_at_the_parameter_that_asked_for_it(
    demo: TestClient, corridor: str, path: str, parameter: str
) -> None:
    answer = demo.get(path.format(corridor=corridor))
    assert answer.status_code == 404
    assert [item["pointer"] for item in answer.json()["errors"]] == [f"/query/{parameter}"]


def test_a_quarter_without_a_survey_is_the_same_problem_wherever_it_is_asked_for(
    demo: TestClient, corridor: str
) -> None:
    answers = [demo.get(path) for path in ("/v1/corridors?period=1999-Q1", "/v1/quotes?period=1999-Q1")]
    assert {(answer.status_code, answer.json()["type"]) for answer in answers} == {
        (404, "/problems/period-not-surveyed")
    }
    assert answers[0].json()["detail"] == answers[1].json()["detail"]
    one = demo.get(f"/v1/quotes?period=1999-Q1&corridor={corridor}")
    assert corridor in one.json()["detail"]


def test_every_fault_of_a_request_is_listed_where_it_is(demo: TestClient, corridor: str) -> None:
    answer = demo.get(f"/v1/corridors/{corridor}/comparison?amount=abc&limit=0&exact_only=yes")
    pointers = {item["pointer"] for item in answer.json()["errors"]}
    assert pointers == {"/query/amount", "/query/limit", "/query/exact_only"}


def test_an_unknown_currency_and_one_that_was_not_surveyed_are_told_apart(demo: TestClient, corridor: str) -> None:
    path = f"/v1/corridors/{corridor}/comparison?sending_currency="
    unknown, other = demo.get(f"{path}QQQ"), demo.get(f"{path}ISK")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/unknown-currency")
    assert (other.status_code, other.json()["type"]) == (422, "/problems/invalid-parameter")
    assert other.json()["errors"][0]["pointer"] == "/query/sending_currency"


def test_an_amount_that_its_currency_cannot_pay_is_refused_not_rounded(demo: TestClient, corridor: str) -> None:
    answer = demo.get(f"/v1/corridors/{corridor}/comparison?amount=100.0001")
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-amount")
    assert demo.get(f"/v1/corridors/{corridor}/comparison?amount=1000000000001").status_code == 422


def test_a_media_type_that_does_not_exist_is_refused_with_those_that_do(demo: TestClient, corridor: str) -> None:
    answer = demo.get("/v1/corridors", headers={"Accept": "application/xml"})
    assert (answer.status_code, answer.json()["type"]) == (406, "/problems/not-acceptable")
    assert "text/csv" in answer.json()["detail"]
    one = demo.get(f"/v1/corridors/{corridor}/comparison", headers={"Accept": "text/csv"})
    assert one.status_code == 406


def test_every_kind_of_problem_is_explained_where_its_type_points(demo: TestClient) -> None:
    listed = demo.get("/problems").json()["problems"]
    assert {kind["type"] for kind in listed} == {f"/problems/{code}" for code in problem_types()}
    for kind in listed:
        assert demo.get(kind["type"]).json() == kind
        assert kind["what_to_do"]


def test_suggestions_help_who_mistyped_a_corridor(demo: TestClient, corridor: str) -> None:
    sending, receiving = corridor.split("-")
    answer = demo.get(f"/v1/corridors/{receiving}{sending}x")
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/unknown-corridor"
