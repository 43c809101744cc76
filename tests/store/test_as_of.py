"""What is stored, as known at a dataset version: nothing that came later shows, and nothing of before is lost."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, Engine

from app import reference
from app.board import load, load_as_of
from app.db import reading, writing
from app.domain.operator_notices import NoticeAbout, OperatorNotice
from app.store import descriptions, hidden_providers, notices, providers, rates, rounds, versions
from app.store.providers import Spelling
from app.store.quotes import Change, ChangeRecord
from app.store.versions import EVERYBODY, DatasetVersion, Touched
from tests.store.records import NOON, described, quoted, store

GEOGRAPHY = reference.load()
ECB = ("ecb", "ecb", "European Central Bank", None, "EUR", "reference", None, "daily")
TODAY = date(2026, 11, 23)


def act(connection: Connection, *corridors: str, hours: float = 1) -> int:
    """Record a version that is nobody's own."""
    number = versions.next_version(connection)
    touched = {Touched(corridor, None) for corridor in corridors}
    version = DatasetVersion(number, NOON + timedelta(hours=hours), None, "act")
    versions.record_version(connection, version, brought_by=EVERYBODY, touched=touched)
    return number


def test_a_corrected_fixing_is_what_it_was_before(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        rates.add_institutions(connection, [ECB], dataset_version=1)
        for version, value in ((1, "1.1"), (3, "1.2")):
            record = ("ecb", TODAY.isoformat(), "EUR", "USD", value)
            rates.append(connection, [record], import_id=1, dataset_version=version, recorded_at=NOON)
    with reading(empty_engine) as connection:
        for as_of, known in ((0, []), (1, ["1.1"]), (2, ["1.1"]), (3, ["1.2"]), (None, ["1.2"])):
            recent = rates.recent(connection, TODAY, as_of)
            assert [str(one.value) for one in recent] == known
            assert [str(one.value) for one in rates.between(connection, {"USD"}, TODAY, TODAY, as_of)] == known


def test_an_institution_is_what_was_said_of_it(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        rates.add_institutions(connection, [ECB], dataset_version=2)
        rates.add_institutions(connection, [ECB], dataset_version=3)
        rates.add_institutions(connection, [(*ECB[:2], "The Bank", *ECB[3:])], dataset_version=4)
    with reading(empty_engine) as connection:
        names = {as_of: [one.name for one in rates.institutions(connection, as_of).values()] for as_of in (1, 2, 3, 4)}
        assert names == {1: [], 2: ["European Central Bank"], 3: ["European Central Bank"], 4: ["The Bank"]}
        assert rates.institutions(connection)["ecb"].name == "The Bank"


def test_a_round_is_there_while_it_has_current_quotes(empty_engine: Engine) -> None:
    withdrawn = ChangeRecord(quoted("1").id, Change.WITHDRAWN, None, "found wrong")
    again = ChangeRecord(quoted("1").id, Change.REINSTATED, None, "right after all")
    with writing(empty_engine) as connection:
        store(connection, [quoted("1")])
        store(connection, [quoted("1", period="2012-Q3")])
        store(connection, [], [withdrawn], moved=[Touched("GBR-PHL", "2013-Q3")])
        store(connection, [], [again], moved=[Touched("GBR-PHL", "2013-Q3")])
    with reading(empty_engine) as connection:
        periods = [[place.period for place in rounds.known_as_of(connection, number)] for number in range(5)]
        assert periods == [[], ["2013-Q3"], ["2012-Q3", "2013-Q3"], ["2012-Q3"], ["2012-Q3", "2013-Q3"]]
        assert rounds.known_as_of(connection, 4) == rounds.known(connection)
        there = [len(rounds.quotes_of(connection, "GBR-PHL", "2013-Q3", as_of=number)) for number in range(5)]
        assert there == [0, 1, 1, 0, 1]
        streamed = [len(list(rounds.quotes_of_period(connection, "rpw", "2013-Q3", as_of=n))) for n in range(5)]
        assert streamed == there
        assert rounds.arrived(connection, "rpw", "2012-Q3", 1) is None


def test_spellings_hidden_providers_and_notices_begin_and_end_with_versions(empty_engine: Engine) -> None:
    notice = OperatorNotice(NoticeAbout.ALL, "", "Look out.")
    with writing(empty_engine) as connection:
        store(connection, [quoted("1")])
        providers.add_spellings(connection, [Spelling("rpw", "EXAMPLE", "example-transfer")], dataset_version=2)
        for hidden, version in ((True, 2), (False, 4)):
            hidden_providers.append(
                connection, "example-transfer", is_hidden=hidden, reason="r", dataset_version=version
            )
        number = notices.add(connection, notice, since_version=2, recorded_at=NOON)
        notices.end(connection, number, until_version=4)
    with reading(empty_engine) as connection:
        assert [len(providers.spellings(connection, version)) for version in (0, 1, 2)] == [0, 1, 2]
        hidden_at = [bool(hidden_providers.hidden(connection, version)) for version in range(6)]
        assert hidden_at == [False, False, True, True, False, False]
        assert hidden_providers.hidden(connection) == frozenset()
        assert [len(notices.standing(connection, version)) for version in range(6)] == [0, 0, 1, 1, 0, 0]
        assert notices.standing(connection) == ()


def test_the_version_of_an_instant_is_the_newest_committed_by_then(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        store(connection, [quoted("1")], at=NOON)
        act(connection, hours=1)
        store(connection, [quoted("2")], at=NOON + timedelta(hours=1))
    with reading(empty_engine) as connection:
        found = [
            versions.version_as_of(connection, NOON + timedelta(seconds=seconds), shown)
            for seconds, shown in ((-1, None), (0, None), (3599, None), (3600, None), (3600, ["wise"]), (0, ["wise"]))
        ]
        assert [None if one is None else one.version for one in found] == [None, 1, 1, 3, 2, None]
        first = versions.first_version(connection, ["wise"])
        assert first is not None
        assert first.version == 2


@pytest.fixture
def two_providers(empty_engine: Engine) -> Engine:
    """GBR-PHL in two quarters; in the newest by Other Pay alone."""
    other = described(provider="other-pay", provider_name="Other Pay")
    with writing(empty_engine) as connection:
        descriptions.append(connection, [other])
        store(connection, [quoted("1", period="2012-Q3"), quoted("2", description_id=other.id)])
        providers.add_providers(connection, [("other-pay", "Other Pay")])
        providers.add_spellings(connection, [Spelling("rpw", "Other Pay", "other-pay")], dataset_version=1)
    return empty_engine


def test_a_round_of_a_hidden_provider_alone_gives_way_to_the_one_before(two_providers: Engine) -> None:
    with reading(two_providers) as connection:
        before = load(connection, GEOGRAPHY, NOON)
    with writing(two_providers) as connection:
        number = versions.next_version(connection)
        hidden_providers.append(connection, "other-pay", is_hidden=True, reason="r", dataset_version=number)
        act(connection, "GBR-PHL", hours=1)
    later = NOON + timedelta(hours=2)
    with reading(two_providers) as connection:
        after = load(connection, GEOGRAPHY, later, before)
        past = load_as_of(connection, GEOGRAPHY, NOON, sources=after.sources, shown=after.shown)
        now = load_as_of(connection, GEOGRAPHY, later, sources=after.sources, shown=after.shown, corridor="GBR-PHL")
    assert [board.rounds["GBR-PHL"].period for board in (before, past, after, now)] == [
        *("2013-Q3", "2013-Q3"),
        *("2012-Q3", "2012-Q3"),
    ]
    assert after.periods["GBR-PHL"] == now.periods["GBR-PHL"] == ("2012-Q3",)
    assert set(before.providers) == set(past.providers) == {"example-transfer", "other-pay"}
    assert set(after.providers) == set(now.providers) == {"example-transfer"}
    assert (past.dataset_version, past.versions["GBR-PHL"].version, past.as_of) == (1, 1, 1)
    assert (now.dataset_version, now.versions["GBR-PHL"].version) == (2, 2)
    assert past.rounds["GBR-PHL"] == before.rounds["GBR-PHL"]


def test_where_all_are_hidden_a_corridor_is_not_covered(two_providers: Engine) -> None:
    with writing(two_providers) as connection:
        number = versions.next_version(connection)
        for provider in ("other-pay", "example-transfer"):
            hidden_providers.append(connection, provider, is_hidden=True, reason="r", dataset_version=number)
        act(connection, "GBR-PHL", hours=1)
    with reading(two_providers) as connection:
        board = load(connection, GEOGRAPHY, NOON)
    assert (board.corridors, dict(board.rounds), board.providers) == ((), {}, {})
