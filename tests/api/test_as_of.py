"""Answers as known at an instant: what was answered then is answered again, byte for byte, whatever came later."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from starlette.testclient import TestClient

from app.api.deps import Served
from app.db import writing
from app.domain.operator_notices import NoticeAbout, OperatorNotice
from app.main import create_app, refresh
from app.mend.notices import add_notice, end_notice
from app.mend.providers import set_visibility
from app.mend.withdrawals import withdraw
from app.settings import Settings
from app.store import imports, rates, versions
from app.store.imports import FileIdentity, ImportFile
from app.store.partners import partners
from app.store.quotes import Change, ChangeRecord
from app.store.withdrawals import Selection
from tests.api.served_sources import Clock
from tests.mend.pushes import PARTNER, hand, push, quote
from tests.store.live_records import arrive, at, live
from tests.store.records import quoted, store

PATHS = (
    "/v1/corridors/GBR-PHL/comparison?expand=excluded",
    "/v1/corridors/GBR-PHL/comparison?basis=survey",
    "/v1/corridors/GBR-PHL/comparison?basis=live&amount=150&q=swift",
    "/v1/corridors/GBR-PHL/comparison?period=2012-Q3",
    "/v1/corridors/GBR-PHL/cost-curve?basis=live&amounts=100,200",
    "/v1/corridors/GBR-PHL",
    "/v1/corridors",
    "/v1/corridors?basis=live&sort=-average",
    "/v1/corridors?period=2012-Q3",
)


class Past:
    """A served database that is written to step by step, and what was answered after each step."""

    def __init__(self, client: TestClient, clock: Clock) -> None:
        self.client = client
        self.clock = clock
        self.answered: dict[datetime, dict[str, Any]] = {}
        shared: Served = client.app.state.served  # type: ignore[attr-defined]
        self.shared = shared
        self.engine = shared.engine

    def ask(self, path: str, as_of: datetime | None = None) -> Any:  # noqa: ANN401 - JSON
        answer = self.client.get(path if as_of is None else at_instant(path, as_of))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def look(self, hours: float) -> None:
        """Let a worker notice what was written, at an hour, and keep what it answers."""
        self.clock.now = at(hours)
        assert refresh(self.shared)
        self.answered[self.clock.now] = {
            path: answer.json() for path in PATHS if (answer := self.client.get(path)).status_code == 200
        }


def at_instant(path: str, as_of: datetime) -> str:
    return f"{path}{'&' if '?' in path else '?'}as_of={as_of:%Y-%m-%dT%H:%M:%SZ}"


def timeless(answer: dict[str, Any]) -> dict[str, Any]:
    """What does not depend on being a replay."""
    return {name: value for name, value in answer.items() if name not in {"as_of", "fresh_until"}}


def fix(past: Past, value: str, hours: float, pivot: str = "EUR") -> None:
    """Let the ECB say what a euro was worth in pounds and pesos."""
    with writing(past.engine) as connection:
        identity = FileIdentity(source="ecb", file_hash=f"e{value}", labels_hash="", corrections_hash="")
        file = ImportFile(identity=identity, file_name="rates", layout="daily", is_synthetic=False)
        import_id = imports.start(connection, file, started_at=at(hours))
        number = versions.next_version(connection)
        bank = ("ecb", "ecb", "European Central Bank", None, pivot, "reference", None, "daily")
        rates.add_institutions(connection, [bank], dataset_version=number)
        days = [date(2026, 11, 20), date(2026, 11, 23), date(2026, 11, 24)]
        fixed = [("ecb", day.isoformat(), "EUR", *rate) for day in days for rate in (("GBP", "0.86"), ("PHP", value))]
        fixed += [("ecb", day.isoformat(), "EUR", "USD", "1.1") for day in days]
        rates.append(connection, fixed, import_id=import_id, dataset_version=number, recorded_at=at(hours))
        version = versions.DatasetVersion(number, at(hours), import_id, "rates")
        touched = {versions.Touched("GBR-PHL", None)}
        versions.record_version(connection, version, brought_by="ecb", touched=touched)
        imports.finish(connection, import_id, finished_at=at(hours), counts={}, dataset_version=number)


@pytest.fixture(scope="module")
def past(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """A corridor's life: surveyed, priced live by two sources, corrected, taken back, hidden and shown."""
    clock = Clock(at(0))
    data_dir: Path = tmp_path_factory.mktemp("past")
    settings = Settings(data_dir=data_dir, database_url=database_url, refresh_in_server=False)
    with TestClient(create_app(settings, clock=clock)) as client:
        story = Past(client, clock)
        live_out(story)
        yield story


def live_out(story: Past) -> None:
    engine = story.engine
    with writing(engine) as connection:
        row = {"id": PARTNER.id, "name": PARTNER.name, "kind": PARTNER.kind.value, "plan": "standard"}
        connection.execute(insert(partners).values(**row, created_at=at(0)))
        store(connection, [quoted("1"), quoted("2", fee="7"), quoted("1", period="2012-Q3")], at=at(1))
    story.look(2)
    fix(story, "68.2", 3)
    with writing(engine) as connection:
        others = [(key, f"{name} Pay") for key, name in (("a", "Aed"), ("b", "Other"), ("c", "Third"))]
        arrive(connection, [live(key, 3.5, name=name, source="quote_file") for key, name in others], now=at(4))
    push(engine, quote(hours=3.9), quote("card", hours=3.9, fee="3"), hours=4)
    story.look(5)
    push(engine, quote(hours=5.5, fee="0.5"), quote("ind", hours=5.5, corridor="GBR-IND"), hours=6)
    with writing(engine) as connection:
        newer = quoted("1", fee="5.5")
        replaced = ChangeRecord(quoted("1").id, Change.SUPERSEDED, newer.id, "another edition")
        store(connection, [newer, quoted("3", corridor="GBR-IND", period="2014-Q1")], [replaced], at=at(6))
    story.look(7)
    fix(story, "71", 8, pivot="EUR")
    added = add_notice(engine, OperatorNotice(NoticeAbout.CORRIDOR, "GBR-PHL", "Prices are being checked."), hand(8.5))
    story.look(9)
    withdraw(engine, Selection(source=PARTNER.source, source_keys=("cash",)), hand(10))
    set_visibility(engine, "third-pay", hand(10), is_hidden=True)
    story.look(11)
    assert added.number is not None
    end_notice(engine, added.number, hand(12))
    set_visibility(engine, "third-pay", hand(12), is_hidden=False)
    push(engine, quote("late", hours=12.5, fee="9"), hours=13)
    story.look(14)


def test_what_was_answered_then_is_answered_again(past: Past) -> None:
    past.clock.now = at(15)
    assert len(past.answered) == 6
    for instant, answers in past.answered.items():
        assert len(answers) >= 5
        for path, then in answers.items():
            replayed = past.ask(path, instant)
            assert timeless(replayed) == timeless(then), (instant, path)
            assert replayed["as_of"] == f"{instant:%Y-%m-%dT%H:%M:%SZ}"
            assert replayed["fresh_until"] is None


def test_a_replay_is_the_same_bytes_for_ever(past: Past) -> None:
    path = at_instant(PATHS[0], at(7))
    past.clock.now = at(15)
    first = past.client.get(path)
    past.shared.past_boards.kept.clear()
    past.clock.now = at(15) + timedelta(days=30)
    again = past.client.get(path)
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    assert again.headers["cache-control"] == "public, max-age=31536000, immutable"
    kept = past.client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert kept.status_code == 304


def test_what_may_still_change_is_not_kept(past: Past) -> None:
    past.clock.now = at(15)
    answer = past.client.get(at_instant(PATHS[0], at(15) - timedelta(seconds=60)))
    assert answer.headers["cache-control"] == "public, no-cache"
    answer = past.client.get(at_instant(PATHS[0], at(15) - timedelta(seconds=61)))
    assert answer.headers["cache-control"].endswith("immutable")


def test_taken_back_hidden_and_corrected_prices_are_where_they_were(past: Past) -> None:
    past.clock.now = at(15)
    path = "/v1/corridors/GBR-PHL/comparison?basis=live&amount=150&limit=50&expand=excluded"

    def providers(answer: dict[str, Any]) -> list[tuple[str, Any]]:
        return [(one["provider"]["id"], one["fee"]["amount"] if one["fee"] else None) for one in answer["offers"]]

    assert ("swift-cash", 0.5) in providers(past.ask(path, at(7)))
    assert ("swift-cash", 0.5) not in providers(past.ask(path, at(11)))
    assert "third-pay" in dict(providers(past.ask(path, at(9))))
    assert "third-pay" not in dict(providers(past.ask(path, at(11))))
    assert "third-pay" in dict(providers(past.ask(path)))
    before, after = (past.ask(path, at(hours))["offers"][0]["fx_margin_percent"] for hours in (7, 9))
    assert before != after


def test_a_notice_is_in_every_answer_that_it_touches_while_it_stands(past: Past) -> None:
    past.clock.now = at(15)
    said = {"code": "operator_notice", "text": "Prices are being checked."}
    for path in ("/v1/corridors/GBR-PHL/comparison", "/v1/corridors/GBR-PHL", "/v1/corridors"):
        assert past.ask(path, at(9))["notices"][0] == said, path
        assert said not in past.ask(path, at(7))["notices"]
        assert said not in past.ask(path)["notices"]
    assert said in past.ask("/v1/corridors/GBR-PHL/cost-curve", at(9))["notices"]
    assert said not in past.ask("/v1/corridors/GBR-IND/comparison", at(9))["notices"]


def test_a_quarters_prices_as_known_then_is_both_clocks_at_once(past: Past) -> None:
    past.clock.now = at(15)
    path = "/v1/corridors/GBR-PHL/comparison?period=2013-Q3&amount=120&limit=1"
    assert past.ask(path, at(2))["offers"][0]["fee"]["amount"] == 4.99
    assert past.ask(path)["offers"][0]["fee"]["amount"] == 5.5


@pytest.mark.parametrize(
    ("as_of", "status", "code"),
    [
        ("2026-11-24T12:00:00.000001Z", 422, "invalid-parameter"),
        ("2999-01-01T00:00:00Z", 422, "invalid-parameter"),
        ("2026-11-23T08:00:00Z", 404, "no-data-yet"),
        ("1970-01-01T00:00:00Z", 404, "no-data-yet"),
        ("2026-02-30T00:00:00Z", 422, "invalid-value"),
        ("2026-11-23T25:00:00Z", 422, "invalid-value"),
        ("2026-11-23T12:00:00", 422, "invalid-value"),
        ("2026-11-23", 422, "invalid-value"),
        ("now", 422, "invalid-value"),
    ],
)
@pytest.mark.parametrize("path", PATHS)
def test_an_instant_that_cannot_be_answered_is_refused(
    past: Past, path: str, as_of: str, status: int, code: str
) -> None:
    past.clock.now = at(27)
    answer = past.client.get(f"{path}{'&' if '?' in path else '?'}as_of={as_of}")
    assert answer.status_code == status, answer.text
    problem = answer.json()
    if status == 422:
        assert [(one["pointer"], one["code"]) for one in problem["errors"]] == [("/query/as_of", code)]
    else:
        assert problem["type"].endswith(code)
        assert "2026-11-23T10:00:00Z" in problem["detail"]
    assert "immutable" not in answer.headers.get("cache-control", "")


def test_files_are_replayed_too_and_pages_hold_together(past: Past) -> None:
    past.clock.now = at(15)
    whole = past.client.get(at_instant("/v1/corridors.csv", at(7))).text
    assert whole.count("GBR-") >= 2
    first = past.client.get(at_instant("/v1/corridors?page_size=1", at(7))).json()
    push(past.engine, quote("another", hours=14.5), hours=15)
    second = past.client.get(at_instant("/v1/corridors?page_size=1", at(7)) + f"&page_token={first['next_page_token']}")
    assert second.status_code == 200
    ids = [row["id"] for row in (*first["corridors"], *second.json()["corridors"])]
    assert len(set(ids)) == 2
    assert json.loads(second.content)["next_page_token"] is None
