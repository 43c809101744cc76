"""Limits behind the server that ships: what its own habits must not undo, and several processes counting as one."""

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import date

import pytest

from app.db import open_engine, reading
from app.domain.partners import Scope
from app.settings import Settings
from app.store import usage
from tests.api.keyed import key_of, partner_of
from tests.api.redis_servers import KINDS, running
from tests.api.test_server import Server, serving

ON = "true"
READ = "/v1/vocabulary"
QUOTA = 40


def plans(quota: int) -> str:
    return json.dumps({"anonymous": {"requests_per_minute": quota}})


def status(server: Server, **headers: str) -> int:
    with closing(server.connection()) as connection:
        connection.request("GET", READ, headers={name.replace("_", "-"): text for name, text in headers.items()})
        answer = connection.getresponse()
        answer.read()
        return answer.status


def wait_for_a_new_minute() -> None:
    """Leave a minute that is about to end, since nobody can be refused in two of them at once."""
    if time.time() % 60 > 45:
        time.sleep(60 - time.time() % 60)


@pytest.mark.slow
def test_who_asks_from_this_machine_cannot_say_to_be_somebody_else(settings: Settings) -> None:
    with serving(settings, THREEPERCENT_LIMITS_ENABLED=ON, THREEPERCENT_PLANS=plans(3)) as server:
        wait_for_a_new_minute()
        statuses = [status(server, X_Forwarded_For=f"198.51.100.{number}") for number in range(5)]
    assert statuses == [200] * 3 + [429] * 2


@pytest.mark.slow
def test_a_proxy_on_this_machine_is_believed_where_it_is_trusted(settings: Settings) -> None:
    trusted = {"THREEPERCENT_TRUSTED_PROXIES": '["127.0.0.0/8"]'}
    with serving(settings, THREEPERCENT_LIMITS_ENABLED=ON, THREEPERCENT_PLANS=plans(3), **trusted) as server:
        wait_for_a_new_minute()
        assert {status(server, X_Forwarded_For=f"198.51.100.{number}") for number in range(5)} == {200}
        assert [status(server, X_Forwarded_For="198.51.100.9") for _ in range(4)] == [200] * 3 + [429]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_processes_that_share_redis_let_through_exactly_the_quota(kind: str, settings: Settings) -> None:
    with running(kind) as redis, ExitStack() as processes:
        shared = {
            "THREEPERCENT_LIMITS_ENABLED": ON,
            "THREEPERCENT_PLANS": plans(QUOTA),
            "THREEPERCENT_REDIS_URL": redis.url,
        }
        servers = [processes.enter_context(serving(settings, **shared)) for _ in range(2)]
        for server in servers:
            assert status_of_health(server) == 200
        wait_for_a_new_minute()
        with ThreadPoolExecutor(8) as pool:
            answers = Counter(pool.map(lambda number: status(servers[number % 2]), range(3 * QUOTA), timeout=60))
    assert answers == {200: QUOTA, 429: 2 * QUOTA}


def status_of_health(server: Server) -> int:
    with closing(server.connection()) as connection:
        connection.request("GET", "/health/ready")
        answer = connection.getresponse()
        answer.read()
        return answer.status


@pytest.mark.slow
def test_what_a_partner_used_is_stored_before_the_server_ends(settings: Settings) -> None:
    engine = open_engine(settings.database_url)
    key = key_of(engine, settings, partner_of(engine), Scope.ACCOUNT)
    with serving(settings) as server:
        assert [status(server, **key.headers) for _ in range(7)] == [200] * 7
    with reading(engine) as connection:
        days = usage.listed(connection, key.partner.id, date(2026, 1, 1))
    engine.dispose()
    assert sum(used.requests for used in days) == 7
