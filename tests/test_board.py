"""The board holds every corridor's newest round, is never changed, and is replaced when the data change."""

import gc
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import FrozenInstanceError
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event

from app import reference
from app.board import Board, IsTender, load, load_newer, round_of, rounds_of
from app.db import reading, writing
from app.domain.errors import CorridorNotCovered, NoDataYet, PeriodNotSurveyed
from app.domain.quotes import Quote
from app.domain.rounds import CorridorRound, corridor_round
from app.domain.vocabulary import AmountTier
from app.store.imports import Touched
from app.store.quotes import Change, ChangeRecord
from tests.store.records import NOON, quoted, store

GEOGRAPHY = reference.load()
MANY = ["ARE-IND", "ARE-PAK", "CAN-IND", "DEU-TUR", "FRA-MAR", "GBR-IND", "GBR-NGA", "ITA-PHL", "SAU-EGY", "USA-MEX"]


@contextmanager
def counted_queries(engine: Engine) -> Iterator[list[str]]:
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", count)
    yield statements
    event.remove(engine, "before_cursor_execute", count)


@pytest.fixture
def surveyed(empty_engine: Engine) -> Engine:
    """GBR-PHL in three quarters, ten corridors in the middle one, GBR-IND in the last."""
    records = [quoted("1", period=period) for period in ("2011-Q1", "2012-Q3", "2013-Q3")]
    records += [quoted(str(key), corridor=corridor, period="2012-Q3") for corridor in MANY for key in (1, 2)]
    records += [
        quoted("1", corridor="GBR-IND", period="2013-Q3"),
        quoted("1", corridor="GBR-IND", period="2013-Q3", tier="usd_500", amount="300", fee="6"),
    ]
    with writing(empty_engine) as connection:
        store(connection, records)
    return empty_engine


def loaded(engine: Engine, previous: Board | None = None) -> Board:
    with reading(engine) as connection:
        return load(connection, GEOGRAPHY, NOON, previous)


def test_each_corridor_has_its_own_newest_round(surveyed: Engine) -> None:
    board = loaded(surveyed)
    assert {corridor: board.rounds[corridor].period for corridor in ("GBR-PHL", "GBR-IND", "GBR-NGA")} == {
        "GBR-PHL": "2013-Q3",
        "GBR-IND": "2013-Q3",
        "GBR-NGA": "2012-Q3",
    }
    assert board.corridors == tuple(sorted([*MANY, "GBR-PHL"]))
    assert board.periods["GBR-PHL"] == ("2011-Q1", "2012-Q3", "2013-Q3")
    assert board.surveyed == ("2011-Q1", "2012-Q3", "2013-Q3")
    assert board.newest_periods == {"rpw": "2013-Q3"}
    assert (board.dataset_version, board.committed_at, board.loaded_at) == (1, NOON, NOON)
    assert board.is_synthetic is False
    assert board.providers == {"example-transfer": "Example Transfer"}
    assert [spelling.published for spelling in board.spellings] == ["Example  Transfer"]


def test_a_round_has_one_candidate_for_each_service_and_its_figures(surveyed: Engine) -> None:
    found = loaded(surveyed).newest_round("GBR-IND")
    (candidate,) = found.candidates
    assert candidate.key == ("rpw", "2013-Q3/1")
    assert len(candidate.quote_ids) == 2
    assert found.figures[AmountTier.USD_200].services == found.figures[AmountTier.USD_500].services == 1


def test_an_empty_database_gives_an_empty_board(empty_engine: Engine) -> None:
    board = loaded(empty_engine)
    assert (board.dataset_version, board.committed_at, board.is_synthetic, board.corridors) == (0, None, None, ())
    with pytest.raises(NoDataYet):
        board.newest_round("GBR-PHL")


def test_an_idle_refresh_freezes_nothing(surveyed: Engine) -> None:
    board = loaded(surveyed)
    board.prepare()
    frozen = gc.get_freeze_count()
    for _ in range(3):
        assert load_newer(surveyed, GEOGRAPHY, NOON, board) is None
    assert gc.get_freeze_count() <= frozen


def test_a_corridor_without_quotes_is_not_covered_and_near_ones_are_named(surveyed: Engine) -> None:
    with pytest.raises(CorridorNotCovered) as caught:
        loaded(surveyed).newest_round("GBR-MEX")
    assert {"USA-MEX", "GBR-IND"} <= set(caught.value.suggestions)


def test_nothing_of_a_board_can_be_changed(surveyed: Engine) -> None:
    board = loaded(surveyed)
    with pytest.raises(FrozenInstanceError):
        board.loaded_at = NOON  # type: ignore[misc]
    for part in (board.rounds, board.periods, board.versions, board.providers, board.newest_periods):
        with pytest.raises(TypeError):
            part["GBR-PHL"] = None  # type: ignore[index]


def test_a_superseded_round_gives_way_to_the_one_before(surveyed: Engine) -> None:
    withdrawn = ChangeRecord(quoted("1", period="2013-Q3").id, Change.WITHDRAWN, None, "found wrong")
    with writing(surveyed) as connection:
        store(connection, [], [withdrawn], moved=[Touched("GBR-PHL", "2013-Q3")])
    board = loaded(surveyed)
    assert board.rounds["GBR-PHL"].period == "2012-Q3"
    assert board.periods["GBR-PHL"] == ("2011-Q1", "2012-Q3")


def test_past_rounds_come_from_the_database_in_the_same_shape(surveyed: Engine) -> None:
    with reading(surveyed) as connection:
        old = round_of(connection, GEOGRAPHY, "GBR-PHL", "2011-Q1")
        newest = round_of(connection, GEOGRAPHY, "GBR-PHL", "2013-Q3")
        middle = list(rounds_of(connection, GEOGRAPHY, "2012-Q3"))
        assert list(rounds_of(connection, GEOGRAPHY, "2011-Q2")) == []
    assert (old.corridor, old.period, len(old.candidates)) == ("GBR-PHL", "2011-Q1", 1)
    assert newest == loaded(surveyed).rounds["GBR-PHL"]
    assert [found.corridor for found in middle] == sorted([*MANY, "GBR-PHL"])
    assert {found.period for found in middle} == {"2012-Q3"}


def test_a_quarter_without_survey_names_those_with_one(surveyed: Engine) -> None:
    with reading(surveyed) as connection, pytest.raises(PeriodNotSurveyed, match="2012-Q3"):
        round_of(connection, GEOGRAPHY, "GBR-PHL", "2011-Q2", known=("2011-Q1", "2012-Q3"))


def test_a_board_is_replaced_only_when_the_data_changed(surveyed: Engine) -> None:
    first = load_newer(surveyed, GEOGRAPHY, NOON, None)
    assert first is not None
    assert load_newer(surveyed, GEOGRAPHY, NOON, first) is None
    with writing(surveyed) as connection:
        store(connection, [quoted("7", corridor="GBR-NGA", period="2013-Q3")], at=NOON + timedelta(days=1))
    later = NOON + timedelta(days=2)
    second = load_newer(surveyed, GEOGRAPHY, later, first)
    assert second is not None
    assert (second.dataset_version, second.loaded_at) == (2, later)
    assert second.committed_at == NOON + timedelta(days=1)
    assert second.rounds["GBR-NGA"].period == "2013-Q3"
    assert first.rounds["GBR-NGA"].period == "2012-Q3"
    assert (second.versions["GBR-NGA"].version, second.versions["GBR-PHL"].version) == (2, 1)
    assert second.rounds["GBR-PHL"] is first.rounds["GBR-PHL"]


def test_looking_for_a_newer_version_costs_one_query(surveyed: Engine) -> None:
    board = load_newer(surveyed, GEOGRAPHY, NOON, None)
    with counted_queries(surveyed) as statements:
        assert load_newer(surveyed, GEOGRAPHY, NOON, board) is None
    assert len([statement for statement in statements if statement.startswith("SELECT dataset")]) == 1
    assert len(statements) <= 2


def test_a_round_is_computed_once_however_many_ask(surveyed: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    board = loaded(surveyed)
    calls: list[str] = []

    def counted(corridor: str, source: str, period: str, quotes: Iterable[Quote], tender: IsTender) -> CorridorRound:
        calls.append(corridor)
        return corridor_round(corridor, source, period, quotes, tender)

    monkeypatch.setattr("app.board.corridor_round", counted)
    threads = [threading.Thread(target=lambda: board.rounds["GBR-IND"]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == ["GBR-IND"]
    board.prepare()
    board.prepare()
    assert sorted(calls) == list(board.corridors)
