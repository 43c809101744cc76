"""An errand asks again only for what can have changed, by whatever rules, and one target's fault touches no other."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.db import reading
from app.domain.fetch_errors import UnexpectedStatus
from app.fetch import Received, Request
from app.ingest import answers
from app.refresh import Errand, Outcome, Surroundings, errand, run
from app.sources import ecb
from app.sources.source import Ask, Doubt, Known, RateReading, Source, sources
from app.store import fetches
from tests.refresh.replaying import ecb_daily

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TAG = '"1"'


@dataclass
class World:
    """An upstream of one answer with an ETag, whose every address answers a conditional request with 304."""

    engine: Engine
    folder: Path
    now: datetime = NOON
    body: bytes = ecb_daily(("2026-11-20", {"USD": "1.16", "GBP": "0.87"}))
    is_down: bool = False
    asked: list[Request] = field(default_factory=list)
    public_sources: tuple[str, ...] = ()

    def get(self, request: Request) -> Received:
        self.asked.append(request)
        if self.is_down:
            raise UnexpectedStatus(host="example.org", status=503)
        is_same = request.etag == TAG
        return Received(
            status=304 if is_same else 200,
            body=b"" if is_same else self.body,
            media_type="text/xml",
            charset=None,
            etag=TAG,
            last_modified=None,
            url=request.url,
            attempts=1,
            seconds=0.1,
            received_bytes=len(self.body),
        )

    def run(self, source: Source) -> list[Outcome]:
        self.now += timedelta(hours=1)
        surroundings = Surroundings(
            engine=self.engine,
            data_dir=self.folder,
            get=self.get,
            clock=lambda: self.now,
            wait=lambda _: False,
            public_sources=self.public_sources,
        )
        return list(run(surroundings, Errand(source=source)))

    def tags(self) -> list[str | None]:
        return [request.etag for request in self.asked]


@pytest.fixture
def world(empty_engine: Engine, tmp_path: Path) -> World:
    return World(empty_engine, tmp_path)


@pytest.fixture
def asks(monkeypatch: pytest.MonkeyPatch) -> list[Ask]:
    """Give what the ECB is asked, to be changed by a test."""
    found = [Ask("daily", "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml")]
    monkeypatch.setattr(ecb, "asks", lambda _source, _known: list(found))
    return found


def outcomes(world: World) -> list[str]:
    return [outcome.fetched.outcome for outcome in world.run(sources()["ecb"])]


def test_what_is_stored_is_asked_for_conditionally(world: World, asks: list[Ask]) -> None:
    assert [outcomes(world), outcomes(world), outcomes(world)] == [["stored"], ["unchanged"], ["unchanged"]]
    assert world.tags() == [None, TAG, TAG]
    with reading(world.engine) as connection:
        newest = fetches.newest(connection)["ecb", asks[0].target].success
    assert newest is not None
    assert (newest.rows, newest.import_id) == (2, 1)


def test_validators_of_another_address_are_not_sent(world: World, asks: list[Ask]) -> None:
    outcomes(world)
    asks[0] = asks[0]._replace(url=f"{asks[0].url}?sendAmount=250")
    world.body = ecb_daily(("2026-11-20", {"USD": "1.16", "GBP": "0.88"}))
    assert outcomes(world) == ["stored"]
    assert outcomes(world) == ["unchanged"]
    assert world.tags() == [None, None, TAG]


@pytest.mark.usefixtures("asks")
def test_validators_are_not_sent_when_our_rules_have_changed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes(world)
    for module in (answers, errand):
        monkeypatch.setattr(module, "rules_hash", lambda _source: "other rules")
    assert outcomes(world) == ["stored"]
    assert outcomes(world) == ["unchanged"]
    assert world.tags() == [None, None, TAG]


@pytest.mark.usefixtures("asks")
def test_after_a_failure_everything_is_asked_for(world: World) -> None:
    outcomes(world)
    world.is_down = True
    assert outcomes(world) == ["failed"]
    world.is_down = False
    assert [outcomes(world), outcomes(world)] == [["unchanged"], ["unchanged"]]
    assert world.tags() == [None, TAG, None, TAG]


def test_one_answer_that_nobody_can_read_keeps_no_other_from_being_asked(
    world: World, asks: list[Ask], monkeypatch: pytest.MonkeyPatch
) -> None:
    asks.append(Ask("history", "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip"))
    read: Callable[[Source, Ask, bytes], RateReading] = ecb.read

    def bug(source: Source, ask: Ask, body: bytes) -> RateReading:
        if ask.target == "daily":
            raise ZeroDivisionError("a secret of ours")
        return read(source, ask, body)

    monkeypatch.setattr(ecb, "read", bug)
    failed, stored = world.run(sources()["ecb"])
    assert (failed.fetched.outcome, failed.fetched.failure_code) == ("failed", "unexpected-error")
    assert failed.fetched.failure_detail is not None
    assert "ZeroDivisionError" in failed.fetched.failure_detail
    assert "secret" not in failed.fetched.failure_detail
    assert stored.fetched.outcome == "stored"


@pytest.mark.usefixtures("asks")
def test_answers_are_taken_as_the_settings_show_them(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []

    def take(*_given: object, public_sources: tuple[str, ...], **_named: object) -> answers.Taken:
        shown.append(public_sources)
        return answers.Taken(
            import_id=1,
            dataset_version=None,
            rows=1,
            refused=[Doubt("a", "b", "c", "d")],
            counts={},
            content_hash="x",
            outcome="stored",
        )

    monkeypatch.setattr(errand, "take", take)
    world.public_sources = ("wise",)
    outcomes(world)
    assert shown == [("wise",)]


def test_what_an_adapter_knows_is_of_the_day_of_the_clock(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    days = []

    def nothing(_source: Source, known: Known) -> list[Ask]:
        days.append(known.today)
        return []

    monkeypatch.setattr(ecb, "asks", nothing)
    assert world.run(sources()["ecb"]) == []
    assert days == ["2026-11-23"]
