"""Limits over HTTP: who is counted for what, what costs nothing, what answers say of it, and what 429 tells."""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from httpx2 import Response
from starlette.testclient import TestClient

from app.api.limits import charge_rows
from app.api.usage import UsageCounts
from app.db import open_engine, reading, transact
from app.domain.partners import KeyKind, Scope
from app.main import create_app
from app.settings import Settings
from app.store import usage
from tests.api.keyed import Keyed, key_of, partner_of
from tests.api.redis_servers import KINDS, running

NOON = datetime(2026, 11, 24, 12, 0, 7, tzinfo=UTC)
READ = "/v1/vocabulary"
STRANGER = "203.0.113.9"
NONE: Mapping[str, str] = {}
PLANS = {
    "anonymous": {"requests_per_minute": 4, "requests_per_day": 10},
    "standard": {"requests_per_minute": 5, "requests_per_day": 100, "quotes_per_day": 50},
    "publishable": {"requests_per_minute": 6},
}


@dataclass
class Limited:
    """A limited server, whose clock a test sets; it judges as many quotes as it is told and fails when it is told."""

    app: FastAPI
    settings: Settings
    at: datetime = NOON

    @contextmanager
    def client(self, address: str = STRANGER) -> Iterator[TestClient]:
        yield TestClient(self.app, client=(address, 4711), raise_server_exceptions=False)

    def ask(
        self, times: int = 1, address: str = STRANGER, path: str = READ, headers: Mapping[str, str] = NONE
    ) -> list[Response]:
        with self.client(address) as client:
            return [client.get(path, headers=headers) for _ in range(times)]

    def statuses(
        self, times: int, address: str = STRANGER, path: str = READ, headers: Mapping[str, str] = NONE
    ) -> list[int]:
        return [answer.status_code for answer in self.ask(times, address, path, headers)]

    def keyed(self, name: str = "Example Transfer", kind: KeyKind = KeyKind.LIVE) -> Keyed:
        engine = open_engine(self.settings.database_url)
        scopes = () if kind is KeyKind.PUBLISHABLE else (Scope.QUOTES_WRITE, Scope.ACCOUNT)
        made = key_of(engine, self.settings, partner_of(engine, name), *scopes, kind=kind)
        engine.dispose()
        return made


def judge(request: Request, rows: int) -> dict[str, int]:
    charge_rows(request, rows)
    return {"judged": rows}


def fail(request: Request, rows: int) -> None:
    charge_rows(request, rows)
    raise RuntimeError("a fault")


def make(sqlite_url: str, folder: Path, **more: object) -> Limited:
    given = {"data_dir": folder, "database_url": sqlite_url, "limits_enabled": True, "plans": PLANS}
    settings = Settings.model_validate({**given, **more})
    made = Limited(FastAPI(), settings)
    made.app = create_app(settings, clock=lambda: made.at)
    made.app.add_api_route("/v1/judge", judge)
    made.app.add_api_route("/v1/fail", fail)
    return made


@pytest.fixture
def limited(sqlite_url: str, tmp_path: Path) -> Iterator[Limited]:
    made = make(sqlite_url, tmp_path)
    with TestClient(made.app):
        yield made


def header(answer: Response, name: str = "ratelimit") -> dict[str, dict[str, str]]:
    """A header of limits as policies with their parameters."""
    return {
        part.split(";")[0].strip('"'): dict(item.split("=") for item in part.split(";")[1:])
        for part in answer.headers[name].split(", ")
    }


# ---------------------------------------------------------------- without a key


def test_an_address_may_ask_so_often_a_minute(limited: Limited) -> None:
    assert limited.statuses(6) == [200] * 4 + [429] * 2
    assert limited.statuses(1, "203.0.113.10") == [200]


def test_the_addresses_of_one_ipv6_subscriber_share_a_limit(limited: Limited) -> None:
    statuses = [limited.statuses(1, f"2001:db8::{number}")[0] for number in range(1, 6)]
    assert statuses == [200] * 4 + [429]


def test_what_429_tells_is_true(limited: Limited) -> None:
    refused = limited.ask(5)[-1]
    assert refused.headers["retry-after"] == "53"
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["type"] == "/problems/too-many-requests"
    assert refused.json()["detail"] == (
        "4 requests a minute are allowed, and 0 are left. Ask again after 53 seconds. A key raises this limit."
    )
    assert header(refused) == {"burst": {"r": "0", "t": "53"}, "daily": {"r": "6", "t": "43193"}}
    limited.at += timedelta(seconds=52)
    assert limited.statuses(1) == [429]
    limited.at += timedelta(seconds=1)
    assert limited.statuses(1) == [200]


def test_a_day_has_a_limit_too_and_ends_at_midnight(limited: Limited) -> None:
    for _ in range(3):
        limited.statuses(4)
        limited.at += timedelta(minutes=1)
    refused = limited.ask()[0]
    assert refused.status_code == 429
    assert refused.json()["detail"].startswith("10 requests a day are allowed, and 0 are left.")
    limited.at += timedelta(seconds=int(refused.headers["retry-after"]))
    assert limited.at.date() == date(2026, 11, 25)
    assert limited.statuses(1) == [200]


def test_the_problem_is_explained(limited: Limited) -> None:
    for code in ("too-many-requests", "too-many-quotes"):
        explained = limited.ask(path=f"/problems/{code}")[0].json()
        assert explained["status"] == 429
        assert "Retry-After" in explained["what_to_do"]


def test_every_answer_says_what_is_allowed_and_what_is_left_only_those_to_keys(limited: Limited) -> None:
    answer = limited.ask()[0]
    assert answer.headers["ratelimit-policy"] == '"burst";q=4;w=60, "daily";q=10;w=86400'
    assert "ratelimit" not in answer.headers
    assert "RateLimit-Policy" in answer.headers["access-control-expose-headers"]
    keyed = limited.ask(headers=limited.keyed().headers)[0]
    assert keyed.headers["ratelimit-policy"] == (
        '"burst";q=5;w=60, "daily";q=100;w=86400, "quotes";q=50;w=86400;qu="quotes"'
    )
    assert header(keyed) == {"burst": {"r": "4", "t": "53"}, "daily": {"r": "99", "t": "43193"}}


def test_health_and_metrics_are_never_limited(limited: Limited) -> None:
    for path in ("/health/live", "/health/ready", "/metrics"):
        assert set(limited.statuses(20, path=path)) == {200}
    assert limited.statuses(1) == [200]


def test_preflights_cost_nothing(limited: Limited) -> None:
    with limited.client() as client:
        assert {client.options(READ).status_code for _ in range(20)} == {204}
    assert limited.statuses(1) == [200]


def test_head_costs_what_get_does(limited: Limited) -> None:
    with limited.client() as client:
        assert [client.head(READ).status_code for _ in range(5)] == [200] * 4 + [429]


def test_who_has_an_answer_already_pays_nothing(limited: Limited) -> None:
    tag = limited.ask()[0].headers["etag"]
    assert limited.statuses(20, headers={"If-None-Match": tag}) == [304] * 20
    assert limited.statuses(4) == [200] * 3 + [429]


def test_our_own_failures_cost_nothing(limited: Limited) -> None:
    assert limited.statuses(20, path="/v1/fail?rows=0") == [500] * 20
    assert limited.statuses(5) == [200] * 4 + [429]


def test_an_answer_of_503_is_not_counted(sqlite_url: str, tmp_path: Path) -> None:
    made = make(sqlite_url, tmp_path)  # never started, so there is no board
    assert made.statuses(20, path="/v1/corridors") == [503] * 20
    assert made.statuses(5, path="/problems") == [200] * 4 + [429]


def test_limits_that_are_turned_off_refuse_nobody_and_say_nothing(sqlite_url: str, tmp_path: Path) -> None:
    with TestClient(make(sqlite_url, tmp_path, limits_enabled=False).app) as client:
        answers = [client.get(READ) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {200}
    assert not {"ratelimit", "ratelimit-policy"} & set(answers[0].headers)


# ---------------------------------------------------------------- proxies


def test_a_stranger_cannot_say_who_it_is(limited: Limited) -> None:
    statuses = [limited.statuses(1, headers={"X-Forwarded-For": f"198.51.100.{number}"})[0] for number in range(6)]
    assert statuses == [200] * 4 + [429] * 2


def test_behind_a_trusted_proxy_everybody_has_a_limit_of_their_own(sqlite_url: str, tmp_path: Path) -> None:
    made = make(sqlite_url, tmp_path, trusted_proxies=["10.0.0.0/8"])
    with TestClient(made.app):
        for number in range(1, 7):
            said = {"X-Forwarded-For": f"1.2.3.{number}, 198.51.100.{number}"}
            assert made.statuses(1, "10.0.0.1", headers=said) == [200]
        assert made.statuses(5, "10.0.0.1", headers={"X-Forwarded-For": "198.51.100.9"}) == [200] * 4 + [429]


# ---------------------------------------------------------------- with a key


def test_a_partner_has_one_limit_whatever_its_address(limited: Limited) -> None:
    key = limited.keyed()
    statuses = [limited.statuses(1, f"203.0.113.{number}", headers=key.headers)[0] for number in range(7)]
    assert statuses == [200] * 5 + [429] * 2
    assert limited.statuses(4) == [200] * 4
    assert limited.statuses(1, headers=limited.keyed("Other Transfer").headers) == [200]


def test_a_rehearsal_takes_nothing_from_what_is_live(limited: Limited) -> None:
    live = limited.keyed()
    engine = open_engine(limited.settings.database_url)
    test = key_of(engine, limited.settings, live.partner, Scope.ACCOUNT, kind=KeyKind.TEST)
    engine.dispose()
    assert 429 in limited.statuses(6, path="/v1/account/usage", headers=test.headers)
    assert limited.statuses(1, headers=live.headers) == [200]


def test_people_behind_one_address_do_not_share_a_limit_when_their_app_has_a_key(limited: Limited) -> None:
    app = limited.keyed(kind=KeyKind.PUBLISHABLE)
    assert limited.statuses(5) == [200] * 4 + [429]
    answers = limited.ask(7, headers=app.headers)
    assert [answer.status_code for answer in answers] == [200] * 6 + [429]
    assert answers[0].headers["ratelimit-policy"] == '"burst";q=6;w=60, "daily";q=2000000;w=86400'
    assert answers[0].headers["cache-control"].startswith("public")


def test_a_key_that_is_not_good_counts_for_its_address(limited: Limited) -> None:
    assert limited.statuses(5, headers={"Authorization": "Bearer tp_live_nonsense"}) == [401] * 4 + [429]
    assert limited.statuses(1) == [429]
    assert limited.statuses(1, headers=limited.keyed().headers) == [200]


# ---------------------------------------------------------------- quotes


def test_quotes_have_a_quota_of_their_own(limited: Limited) -> None:
    key = limited.keyed()
    first = limited.ask(path="/v1/judge?rows=30", headers=key.headers)[0]
    assert header(first)["quotes"] == {"r": "20", "t": "43193"}
    refused = limited.ask(path="/v1/judge?rows=21", headers=key.headers)[0]
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-quotes")
    assert refused.headers["retry-after"] == "43193"
    assert "50 quotes a day are allowed, and 20 are left." in refused.json()["detail"]
    assert limited.statuses(1, path="/v1/judge?rows=20", headers=key.headers) == [200]


def test_more_quotes_than_a_day_has_are_refused_without_a_time_to_come_back(limited: Limited) -> None:
    refused = limited.ask(path="/v1/judge?rows=51", headers=limited.keyed().headers)[0]
    assert refused.status_code == 429
    assert "retry-after" not in refused.headers
    assert "your plan allows 50 a day" in refused.json()["detail"]


def test_quotes_that_we_failed_to_judge_cost_nothing(limited: Limited) -> None:
    key = limited.keyed()
    assert limited.statuses(3, path="/v1/fail?rows=50", headers=key.headers) == [500] * 3
    assert limited.statuses(1, path="/v1/judge?rows=50", headers=key.headers) == [200]


# ---------------------------------------------------------------- what was used


def stored(limited: Limited) -> list[tuple[str, int, int]]:
    counts: UsageCounts = limited.app.state.usage
    counts.store()
    engine = open_engine(limited.settings.database_url)
    with reading(engine) as connection:
        found = [
            (str(used.day), used.requests, used.quotes)
            for used in usage.listed(connection, "example-transfer", date(2026, 1, 1))
        ]
    engine.dispose()
    return found


def test_what_a_partner_used_is_booked_by_day(limited: Limited) -> None:
    key = limited.keyed()
    tag = limited.ask(headers=key.headers)[0].headers["etag"]
    limited.ask(2, headers={**key.headers, "If-None-Match": tag})
    limited.ask(path="/v1/judge?rows=7", headers=key.headers)
    limited.ask(path="/v1/fail?rows=9", headers=key.headers)
    limited.ask(3)
    assert stored(limited) == [("2026-11-24", 2, 7)]
    limited.at += timedelta(days=1)
    limited.ask(path="/v1/judge?rows=5", headers=key.headers)
    assert stored(limited) == [("2026-11-25", 1, 5), ("2026-11-24", 2, 7)]


def test_a_partner_sees_what_it_used_and_what_is_left(limited: Limited) -> None:
    key = limited.keyed()
    limited.ask(path="/v1/judge?rows=7", headers=key.headers)
    stored(limited)
    answer = limited.ask(path="/v1/account/usage", headers=key.headers)[0]
    assert answer.json() == {
        "plan": "standard",
        "limits": [
            {"policy": "burst", "unit": "requests", "quota": 5, "window_seconds": 60, "remaining": 3,
             "resets_at": "2026-11-24T12:01:00Z"},
            {"policy": "daily", "unit": "requests", "quota": 100, "window_seconds": 86400, "remaining": 98,
             "resets_at": "2026-11-25T00:00:00Z"},
            {"policy": "quotes", "unit": "quotes", "quota": 50, "window_seconds": 86400, "remaining": 43,
             "resets_at": "2026-11-25T00:00:00Z"},
        ],
        "days": [{"day": "2026-11-24", "requests": 1, "quotes": 7}],
    }  # fmt: skip
    assert answer.headers["cache-control"] == "private, no-store"


def test_nobody_sees_what_others_used(limited: Limited) -> None:
    limited.ask(path="/v1/judge?rows=7", headers=limited.keyed().headers)
    stored(limited)
    other = limited.ask(path="/v1/account/usage", headers=limited.keyed("Other Transfer").headers)[0].json()
    assert other["days"] == []
    assert limited.statuses(1, path="/v1/account/usage") == [401]


def test_what_was_used_is_stored_when_the_server_ends(sqlite_url: str, tmp_path: Path) -> None:
    made = make(sqlite_url, tmp_path)
    with TestClient(made.app):
        made.ask(headers=made.keyed().headers)
    assert stored(made) == [("2026-11-24", 1, 0)]


def test_use_is_added_up_on_both_databases(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url)
    day = date(2026, 11, 24)
    for _ in range(3):
        transact(engine, lambda connection: usage.add(connection, {("a", day): (2, 10), ("b", day): (1, 0)}))
    with reading(engine) as connection:
        assert usage.listed(connection, "a", day) == [usage.DayOfUse(day, 6, 30)]
        assert usage.listed(connection, "a", day + timedelta(days=1)) == []
    engine.dispose()


def test_what_cannot_be_stored_now_is_stored_later(tmp_path: Path, sqlite_url: str) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/there-is-none.db")
    counts = UsageCounts(engine)
    counts.count("a", date(2026, 11, 24), requests=1)
    counts.store()
    counts._engine = open_engine(sqlite_url)
    counts.count("a", date(2026, 11, 24), requests=1)
    counts.store()
    with reading(counts._engine) as connection:
        assert usage.listed(connection, "a", date(2026, 11, 24))[0].requests == 2
    counts._engine.dispose()
    engine.dispose()


# ---------------------------------------------------------------- several workers, metrics


@pytest.mark.parametrize("kind", KINDS)
def test_workers_share_limits_through_redis(kind: str, sqlite_url: str, tmp_path: Path) -> None:
    with running(kind) as server, ExitStack() as workers:
        apps = [make(sqlite_url, tmp_path, redis_url=server.url) for _ in range(2)]
        for each in apps:
            workers.enter_context(TestClient(each.app))
        assert [each.statuses(1)[0] for each in apps * 3] == [200] * 4 + [429] * 2
        tag = apps[0].ask(address="203.0.113.77")[0].headers["etag"]
        assert apps[1].statuses(9, "203.0.113.77", headers={"If-None-Match": tag}) == [304] * 9
        server.kill()
        assert [each.statuses(6) for each in apps] == [[200] * 4 + [429] * 2] * 2
        assert metric(apps[0], "threepercent_limits_redis_away") == 1.0


def metric(limited: Limited, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", limited.ask(path="/metrics")[0].text, re.MULTILINE)
    assert found is not None
    return float(found[1])


def test_what_is_refused_is_counted_by_policy_and_plan(limited: Limited) -> None:
    limited.statuses(7)
    assert metric(limited, 'threepercent_limited_total{plan="anonymous",policy="burst"}') == 3.0
    assert metric(limited, "threepercent_limits_redis_away") == 0.0
