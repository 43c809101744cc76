"""The index of current live quotes leads to their quotes by key, on both databases, whatever history there is."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, event, text

from app.db import is_sqlite, reading, writing
from app.domain.vocabulary import AmountTier, Basis, Evidence
from app.store import live_quotes, observations
from app.store.live_quotes import Current, Service
from app.store.observations import ObservationFilter, Position
from app.store.quotes import Place, stored
from tests.store.live_records import START, arrive, at, live, price
from tests.store.records import quoted, store

HISTORY = 200


@pytest.fixture(scope="module")
def kept(engine: Engine) -> Engine:
    """Two services of GBR-PHL, one with a long history, one of GBR-IND of another source, and a survey's quote."""
    for hours in range(0, HISTORY, 50):
        with writing(engine) as connection:
            arrive(connection, [live(hours=hours + n / 50) for n in range(50)])
    with writing(engine) as connection:
        arrive(connection, [live(hours=HISTORY), live("other", HISTORY, name="Other Pay", valid_until=at(500.5))])
        there = live("t", scope="far", source="quote_file", tier="", corridor="GBR-IND", currencies=("GBP", "INR"))
        arrive(connection, [there])
        store(connection, [quoted("1")])
    return engine


def test_current_quotes_come_back_as_the_domain_knows_them(kept: Engine) -> None:
    with reading(kept) as connection:
        found = list(live_quotes.current(connection, ["GBR-IND", "GBR-PHL"]))
    assert [quote.corridor for quote in found] == ["GBR-IND", "GBR-PHL", "GBR-PHL"]
    by_key = {quote.source_key: quote for quote in found}
    newest = by_key["swift-cash"]
    assert (newest.tier, newest.evidence) == (AmountTier.USD_200, Evidence.AGGREGATOR_ESTIMATE)
    assert newest.observed_at == START + timedelta(hours=HISTORY)
    assert (newest.terms, newest.valid_until) == (price(), None)
    assert (newest.sending_currency, newest.receiving_currency) == ("GBP", "PHP")
    assert by_key["other"].valid_until == at(500.5)
    assert by_key["other"].description.provider == "other-pay"
    assert by_key["t"].tier is None
    assert found[1].description is found[2].description or by_key["other"].description != newest.description


def test_only_named_sources_and_corridors_are_given(kept: Engine) -> None:
    with reading(kept) as connection:
        assert live_quotes.corridors(connection) == ["GBR-IND", "GBR-PHL"]
        assert live_quotes.corridors(connection, {"wise"}) == ["GBR-PHL"]
        assert live_quotes.corridors(connection, set()) == []
        assert [q.source for q in live_quotes.current(connection, ["GBR-IND", "GBR-PHL"], {"quote_file"})] == [
            "quote_file"
        ]
        assert list(live_quotes.current(connection, [])) == []


def test_the_index_can_be_asked_by_key_and_by_scope(kept: Engine) -> None:
    with reading(kept) as connection:
        by_key = live_quotes.known(connection, "wise", {"other", "nobody"}, ())
        by_scope = live_quotes.known(connection, "wise", (), {"GBR-PHL/usd_200"})
        assert live_quotes.known(connection, "quote_file", {"other"}, {"GBR-PHL/usd_200"}) == {}
    assert set(by_key) == {Service("other", "usd_200")}
    assert set(by_scope) == {Service("other", "usd_200"), Service("swift-cash", "usd_200")}
    record = live("other", HISTORY, name="Other Pay", valid_until=at(500.5))
    assert by_key[Service("other", "usd_200")] == Current(
        "wise", "other", "usd_200", "GBR-PHL/usd_200", "GBR-PHL", record.observed_at, record.id
    )


def test_stored_quotes_are_known_by_their_key(kept: Engine) -> None:
    there, absent = live(hours=50), live(hours=3)
    with reading(kept) as connection:
        places = [Place(record.corridor, record.observed_at, record.id) for record in (there, absent)]
        assert stored(connection, places) == {there.id}
        assert stored(connection, [places[0]._replace(corridor="GBR-IND")]) == set()
        assert stored(connection, []) == set()


def plan_of(engine: Engine, statement: str, parameters: object) -> str:
    explain = "EXPLAIN QUERY PLAN " if is_sqlite(engine) else "EXPLAIN "
    with engine.connect() as connection:
        if not is_sqlite(engine):  # a small table is scanned whatever there is: ask what it would do with a large one
            connection.execute(text("SET enable_seqscan = off"))
        rows = connection.exec_driver_sql(explain + statement, parameters)  # type: ignore[arg-type]
        return "\n".join(str(row[-1]) for row in rows)


def asked_of_quotes(engine: Engine, ask: Callable[[Connection], object]) -> list[tuple[str, object]]:
    """Return the statements about quotes that are sent meanwhile, each with its parameters."""
    asked: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        with reading(engine) as connection:
            ask(connection)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return [(said, given) for said, given in asked if " quotes" in said]


def listing_of(engine: Engine, wanted: ObservationFilter) -> list[tuple[str, object]]:
    return asked_of_quotes(engine, lambda connection: observations.listed(connection, wanted, limit=9, shown=SHOWN))


@pytest.mark.parametrize("through", ["board", "listing", "arrival"])
def test_current_quotes_are_found_without_reading_their_history(kept: Engine, through: str) -> None:
    def ask(connection: Connection) -> None:
        if through == "board":
            list(live_quotes.current(connection, ["GBR-PHL"], {"wise"}))
        elif through == "listing":
            wanted = ObservationFilter(basis=Basis.LIVE, corridors=("GBR-PHL",))
            assert len(observations.listed(connection, wanted, limit=9, shown={"wise"})) == 2
        else:
            stored(connection, [Place("GBR-PHL", live().observed_at, live().id)])

    (statement, parameters), *_ = asked_of_quotes(kept, ask)
    plan = plan_of(kept, statement, parameters)
    if is_sqlite(kept):
        assert "SCAN quotes" not in plan, plan
        assert "quotes USING INDEX sqlite_autoindex_quotes_1 (corridor=? AND observed_at=? AND id=?)" in plan or (
            "quotes USING COVERING INDEX sqlite_autoindex_quotes_1 (corridor=? AND observed_at=? AND id=?)" in plan
        ), plan
    else:
        assert "pk_quotes" in plan, plan
        assert "Seq Scan on quotes" not in plan, plan


SHOWN = ("demo", "ecb", "quote_file", "rpw", "wise")


@pytest.mark.parametrize("wanted", [ObservationFilter(), ObservationFilter(sources=("rpw", "wise", "quote_file"))])
@pytest.mark.parametrize("page", [1, 2, 3, 100])
def test_pages_of_live_and_surveyed_quotes_give_each_once_in_order(
    kept: Engine, page: int, wanted: ObservationFilter
) -> None:
    found: list[tuple[str, str]] = []
    after = None
    with reading(kept) as connection:
        while listed := observations.listed(connection, wanted, limit=page, after=after, shown=SHOWN):
            assert len(listed) <= page
            assert all(one.is_current for one in listed)
            found += [(one.quote.corridor, one.quote.source) for one in listed]
            last = listed[-1].quote
            after = Position(last.corridor, last.observed_at, last.id)
    assert found == [("GBR-IND", "quote_file"), ("GBR-PHL", "rpw"), ("GBR-PHL", "wise"), ("GBR-PHL", "wise")]


def test_a_source_that_is_not_shown_is_in_no_listing(kept: Engine) -> None:
    with reading(kept) as connection:
        for with_superseded in (False, True):
            for basis in (None, *Basis):
                wanted = ObservationFilter(basis=basis, sources=("wise",), with_superseded=with_superseded)
                assert observations.listed(connection, wanted, limit=9, shown=("rpw",)) == []


@pytest.mark.parametrize(
    "wanted",
    [
        ObservationFilter(),
        ObservationFilter(sources=("wise",)),
        ObservationFilter(with_superseded=True),
        ObservationFilter(basis=Basis.LIVE, with_superseded=True),
        ObservationFilter(basis=Basis.SURVEY),
    ],
)
def test_a_page_is_read_in_its_order_without_sorting_all_that_is_shown(kept: Engine, wanted: ObservationFilter) -> None:
    for statement, parameters in listing_of(kept, wanted):
        plan = plan_of(kept, statement, parameters)
        assert "ix_quotes_source_period_source_key" not in plan, plan
        if "live_quotes.observed_at" in statement:  # those of one corridor are sorted, being few
            assert "newest_change" not in plan, plan
        elif is_sqlite(kept):
            assert "TEMP B-TREE" not in plan, plan
        else:
            assert "pk_quotes" in plan, plan


def test_current_live_quotes_are_listed_from_their_index(kept: Engine) -> None:
    ((statement, parameters),) = listing_of(kept, ObservationFilter(basis=Basis.LIVE))
    plan = plan_of(kept, statement, parameters)
    assert "quote_changes" not in statement
    if is_sqlite(kept):
        assert "SCAN live_quotes" in plan, plan
        assert "quotes USING INDEX sqlite_autoindex_quotes_1 (corridor=? AND observed_at=? AND id=?)" in plan, plan
    else:
        assert "pk_quotes" in plan, plan
