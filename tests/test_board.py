"""The board holds every corridor's newest round, is never changed, and is replaced when the data change."""

import gc
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import FrozenInstanceError
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import Engine, event

from app import reference
from app.board import Board, Seen, load, load_newer, round_of, rounds_of
from app.board.rounds import IsTender
from app.db import reading, writing
from app.domain.errors import CorridorNotCovered, NoDataYet, PeriodNotSurveyed
from app.domain.quotes import Quote
from app.domain.rates import ReferenceRate
from app.domain.rounds import CorridorRound, corridor_round
from app.domain.vocabulary import AmountTier
from app.sources.source import LiveRecord
from app.store import imports, rates, versions
from app.store.imports import FileIdentity, ImportFile
from app.store.quotes import Change, ChangeRecord
from app.store.versions import DatasetVersion, Touched
from tests.store.live_records import arrive, live
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


def test_past_rounds_of_what_may_not_be_shown_are_not_there(surveyed: Engine) -> None:
    with reading(surveyed) as connection:
        assert len(round_of(connection, GEOGRAPHY, "GBR-PHL", "2011-Q1", seen=Seen(frozenset({"rpw"}))).candidates) == 1
        assert list(rounds_of(connection, GEOGRAPHY, "2012-Q3", seen=Seen(frozenset({"demo"})))) == []
        with pytest.raises(PeriodNotSurveyed):
            round_of(connection, GEOGRAPHY, "GBR-PHL", "2011-Q1", seen=Seen(frozenset({"demo"})))


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


def test_looking_for_a_newer_version_costs_two_queries(surveyed: Engine) -> None:
    board = load_newer(surveyed, GEOGRAPHY, NOON, None)
    with counted_queries(surveyed) as statements:
        assert load_newer(surveyed, GEOGRAPHY, NOON, board) is None
    assert len([statement for statement in statements if statement.startswith("SELECT dataset")]) == 1
    assert len(statements) <= 3


def test_a_round_is_computed_once_however_many_ask(surveyed: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    board = loaded(surveyed)
    calls: list[str] = []

    def counted(
        corridor: str,
        source: str,
        period: str,
        quotes: Iterable[Quote],
        tender: IsTender,
        **options: Any,  # noqa: ANN401 -- passed on as they are
    ) -> CorridorRound:
        calls.append(corridor)
        return corridor_round(corridor, source, period, quotes, tender, **options)

    monkeypatch.setattr("app.board.rounds.corridor_round", counted)
    threads = [threading.Thread(target=lambda: board.rounds["GBR-IND"]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == ["GBR-IND"]
    board.prepare()
    board.prepare()
    assert sorted(calls) == list(board.corridors)


SECRET = live("secret", name="Secret Pay", corridor="GBR-KEN", currencies=("GBP", "KES"))
OPEN = live("open", source="quote_file", tier="", scope="open")


def let_arrive(engine: Engine, *answers: list[LiveRecord]) -> None:
    for answer in answers:
        with writing(engine) as connection:
            arrive(connection, answer)


def test_current_live_quotes_are_on_the_board_by_corridor(surveyed: Engine) -> None:
    elsewhere = live("new", source="quote_file", tier="", scope="new", corridor="GBR-KEN", currencies=("GBP", "KES"))
    newer = live("open", 1, source="quote_file", tier="", scope="open")
    let_arrive(surveyed, [OPEN], [newer], [elsewhere])
    board = loaded(surveyed)
    assert {corridor: [quote.id.bytes for quote in quotes] for corridor, quotes in board.live_quotes.items()} == {
        "GBR-KEN": [elsewhere.id],
        "GBR-PHL": [newer.id],
    }
    assert "GBR-KEN" in board.corridors
    assert "GBR-KEN" not in board.periods
    assert board.corridors == tuple(sorted({*MANY, "GBR-PHL", "GBR-KEN"}))
    assert board.versions["GBR-PHL"].version == 3
    assert board.rounds["GBR-PHL"].period == "2013-Q3"


def test_what_only_private_sources_know_is_not_on_a_public_board(surveyed: Engine) -> None:
    before = loaded(surveyed)
    let_arrive(surveyed, [live(name="EXAMPLE TRANSFER"), SECRET])
    after = loaded(surveyed)
    for part in ("version", "corridors", "live_quotes", "versions", "providers", "spellings", "newest_periods"):
        assert getattr(after, part) == getattr(before, part), part
    with reading(surveyed) as connection:
        private = load(connection, GEOGRAPHY, NOON, with_private=True)
        allowed = load(connection, GEOGRAPHY, NOON, public_sources=("wise",))
    for board in (private, allowed):
        assert set(board.live_quotes) == {"GBR-KEN", "GBR-PHL"}
        assert board.dataset_version == 2
        assert board.versions["GBR-PHL"].version == 2
        assert "secret-pay" in board.providers
        assert {spelling.source for spelling in board.spellings} == {"rpw", "wise"}


def test_a_private_spelling_does_not_change_the_name_that_the_public_sees(empty_engine: Engine) -> None:
    let_arrive(empty_engine, [live("open", source="quote_file", tier="", scope="open", name="Zed PAY")])
    let_arrive(empty_engine, [live(name="Aed pay")], [live("z", name="ZED Pay", scope="z"), live("z2", name="Zed Pay")])
    assert loaded(empty_engine).providers == {"zed-pay": "Zed PAY"}
    with reading(empty_engine) as connection:
        everything = load(connection, GEOGRAPHY, NOON, with_private=True)
    assert everything.providers == {"aed-pay": "Aed pay", "zed-pay": "ZED Pay"}


def test_private_news_make_no_new_public_board_and_cost_one_query(surveyed: Engine) -> None:
    public = load_newer(surveyed, GEOGRAPHY, NOON, None)
    private = load_newer(surveyed, GEOGRAPHY, NOON, None, with_private=True)
    assert public is not None
    let_arrive(surveyed, [SECRET])
    with counted_queries(surveyed) as statements:
        assert load_newer(surveyed, GEOGRAPHY, NOON, public) is None
    assert len([statement for statement in statements if statement.startswith("SELECT dataset")]) == 1
    assert load_newer(surveyed, GEOGRAPHY, NOON, private, with_private=True) is not None
    allowed = load_newer(surveyed, GEOGRAPHY, NOON, public, public_sources=("wise",))
    assert allowed is not None
    assert set(allowed.live_quotes) == {"GBR-KEN"}


def test_live_quotes_of_corridors_that_nothing_touched_are_taken_over(surveyed: Engine) -> None:
    far = live("far", source="quote_file", tier="", scope="far", corridor="GBR-IND", currencies=("GBP", "INR"))
    let_arrive(surveyed, [OPEN], [far])
    first = loaded(surveyed)
    let_arrive(surveyed, [live("open", 2, source="quote_file", tier="", scope="open")])
    second = loaded(surveyed, first)
    assert second.live_quotes["GBR-IND"] is first.live_quotes["GBR-IND"]
    assert second.live_quotes["GBR-PHL"] != first.live_quotes["GBR-PHL"]
    assert second.rounds.entries["GBR-IND"] is first.rounds.entries["GBR-IND"]
    assert second.versions == loaded(surveyed).versions


def test_a_corridor_whose_live_quotes_were_all_withdrawn_has_none(surveyed: Engine) -> None:
    let_arrive(surveyed, [OPEN])
    first = loaded(surveyed)
    let_arrive(surveyed, [live("open", 2, source="quote_file", tier="", scope="open", corridor="GBR-IND")])
    assert set(loaded(surveyed, first).live_quotes) == {"GBR-IND"}


def fixing_arrives(engine: Engine, day: str, value: str, source: str = "ecb") -> None:
    identity = FileIdentity(source=source, file_hash=f"{day}{value}", labels_hash="", corrections_hash="")
    with writing(engine) as connection:
        file = ImportFile(identity=identity, file_name="f", layout=None, is_synthetic=False)
        import_id = imports.start(connection, file, started_at=NOON)
        version = versions.next_version(connection)
        rates.add_institutions(
            connection, [("ecb", source, "European Central Bank", None, "EUR", None, None, None)], dataset_version=1
        )
        rates.append(
            connection,
            [("ecb", day, "EUR", "GBP", value)],
            import_id=import_id,
            dataset_version=version,
            recorded_at=NOON,
        )
        versions.record_version(
            connection, DatasetVersion(version, NOON, import_id, "rates"), brought_by=source, touched=()
        )
        imports.finish(connection, import_id, finished_at=NOON, counts={}, dataset_version=version)


def test_a_board_has_the_rates_of_forty_days_and_reads_them_only_when_they_changed(surveyed: Engine) -> None:
    fixing_arrives(surveyed, "2026-10-01", "0.85")
    fixing_arrives(surveyed, "2026-11-20", "0.8726")
    board = loaded(surveyed)
    found = board.rates.rate("EUR", "GBP", NOON.date())
    assert isinstance(found, ReferenceRate)
    assert found.rate == Fraction(8726, 10000)
    assert not isinstance(board.rates.rate("EUR", "GBP", date(2026, 10, 2)), ReferenceRate)
    assert board.institutions["ecb"].name == "European Central Bank"
    let_arrive(surveyed, [OPEN])
    second = loaded(surveyed, board)
    assert second.rates is board.rates
    fixing_arrives(surveyed, "2026-11-23", "0.9")
    third = loaded(surveyed, second)
    assert third.rates is not board.rates
    assert third.rates.rate("EUR", "GBP", NOON.date()) != found
