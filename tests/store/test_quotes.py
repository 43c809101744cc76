"""Quotes come back exactly as they went in, are current or not by their newest change, and meet by their keys."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import IntegrityError

from app.db import decimal_text, instant, microseconds, reading, writing
from app.domain.vocabulary import AmountTier, Evidence, FxMarginStatus
from app.store import descriptions, observations, quotes, rounds, versions
from app.store.observations import ObservationFilter
from app.store.quotes import Change, ChangeRecord, QuoteRecord
from app.store.versions import Touched
from tests.store.records import DAY, DESCRIPTION, NOON, PUBLISHED, described, exactly, quoted, recorded, store

INSTANTS = st.integers(min_value=0, max_value=4 * 10**15).map(instant)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=-(10**15), max_value=10**15)


def superseded(old: QuoteRecord, new: QuoteRecord) -> ChangeRecord:
    return ChangeRecord(old.id, Change.SUPERSEDED, new.id, "a newer edition")


def reinstated(old: QuoteRecord, instead_of: QuoteRecord) -> ChangeRecord:
    return ChangeRecord(old.id, Change.REINSTATED, instead_of.id, "an edition says so again")


def current(engine: Engine, corridor: str = "GBR-PHL", period: str = "2013-Q3") -> list[bytes]:
    with reading(engine) as connection:
        return [quote.id.bytes for quote in rounds.quotes_of(connection, corridor, period)]


def test_a_quote_comes_back_as_the_domain_knows_it(empty_engine: Engine) -> None:
    record = quoted("28653", fee="1234567890123.456789", published_rate="0.000000123456789", receiving_currency="PHP")
    with writing(empty_engine) as connection:
        store(connection, [record])
    with reading(empty_engine) as connection:
        (quote,) = rounds.quotes_of(connection, "GBR-PHL", "2013-Q3")
    assert quote.id == uuid.UUID(bytes=record.id)
    assert quote.source_key == "2013-Q3/28653"
    assert quote.description == DESCRIPTION
    assert (quote.tier, quote.evidence) == (AmountTier.USD_200, Evidence.SURVEY)
    assert quote.fx_margin_status is FxMarginStatus.MEASURED
    assert quote.observed_at == DAY
    assert quote.observed_at.tzinfo is UTC
    assert quote.fee == exactly("1234567890123.456789")
    assert quote.published_rate == exactly("0.000000123456789")
    assert quote.published_mid_market_rate is None
    assert quote.receiving_currency == "PHP"


def test_decimals_keep_their_digits_on_both_databases(empty_engine: Engine) -> None:
    written = ["120", "0.1", "-3", "0", "1234567890123.456789", "100", "0.000001", "-0.05"]
    with writing(empty_engine) as connection:
        store(connection, [quoted(str(number), fee=text) for number, text in enumerate(written)])
    with reading(empty_engine) as connection:
        fees = {q.source_key: q.fee for q in rounds.quotes_of(connection, "GBR-PHL", "2013-Q3")}
    assert [str(fees[f"2013-Q3/{number}"]) for number in range(len(written))] == written


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(st.lists(DECIMALS, min_size=1, max_size=20), INSTANTS)
def test_any_decimal_and_instant_survive_by_every_way_in(engine: Engine, numbers: list[Decimal], at: datetime) -> None:
    table = quotes.quotes
    fixed: dict[str, Any] = dict(zip(QuoteRecord._fields, quoted(), strict=True)) | {"observed_at": at}
    fixed |= {"import_id": 1, "dataset_version": 1, "recorded_at": at, "amount": Decimal(1)}
    for name in ("denomination_usd", "fx_margin_percent", "published_total_percent", "published_rate"):
        fixed[name] = Decimal("1.50")
    rows = [fixed | {"id": uuid.uuid4(), "fee": number} for number in numbers]
    with writing(engine) as connection:
        connection.execute(insert(table), rows)
        records = [quoted(observed_at=microseconds(at), fee=decimal_text(number)) for number in numbers]
        records = [record._replace(id=uuid.uuid4().bytes) for record in records]
        quotes.append(connection, records, import_id=1, dataset_version=1, recorded_at=at)
        ids = [*(row["id"] for row in rows), *(uuid.UUID(bytes=record.id) for record in records)]
        found = connection.execute(
            select(table.c.id, table.c.fee, table.c.observed_at, table.c.recorded_at).where(table.c.id.in_(ids))
        )
        stored = {row.id: row for row in found}
    for id_, number in zip(ids, numbers * 2, strict=True):
        assert stored[id_].fee.as_tuple() == Decimal(decimal_text(number)).as_tuple()
        assert stored[id_].observed_at == stored[id_].recorded_at == at


def test_a_decimal_has_one_spelling() -> None:
    spelt = ["120", "120.0", "1.2E+2", "0.50", "-0", "0E-8", "1E-7"]
    assert [decimal_text(Decimal(text)) for text in spelt] == ["120", "120", "120", "0.5", "0", "0", "0.0000001"]
    for text in ("NaN", "Infinity"):
        with pytest.raises(ValueError, match="finite"):
            decimal_text(Decimal(text))


def test_an_instant_survives_to_the_microsecond() -> None:
    at = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    assert instant(microseconds(at)) == at
    assert instant(microseconds(DAY - timedelta(days=40000))) == DAY - timedelta(days=40000)


def test_texts_keep_every_character(empty_engine: Engine) -> None:
    texts = {"note": 'tab\t, line\n, return\r, \\N, \\., "quotes", Ελλάδα, 日本, \\t'}
    record = recorded(DESCRIPTION, texts)
    with writing(empty_engine) as connection:
        assert descriptions.append(connection, [record, described()]) == 2
        assert descriptions.append(connection, [record, described(), record]) == 0
    with reading(empty_engine) as connection:
        assert descriptions.published_texts(connection, record.id) == texts
        assert descriptions.find_all(connection, [record.id]) == {record.id: DESCRIPTION}


def test_a_descriptions_id_follows_from_all_of_it() -> None:
    assert described().id == described().id
    assert described(is_promotional=True).id != described().id
    assert recorded(DESCRIPTION, PUBLISHED | {"product": "cash to cash"}).id != described().id


def test_edition_a_then_b_then_a_again_ends_with_a(empty_engine: Engine) -> None:
    a, b = quoted(fee="4.99"), quoted(fee="5.99")
    with writing(empty_engine) as connection:
        store(connection, [a])
    assert current(empty_engine) == [a.id]
    with writing(empty_engine) as connection:
        store(connection, [b], [superseded(a, b)])
    assert current(empty_engine) == [b.id]
    again = [superseded(b, a), reinstated(a, b)]
    with writing(empty_engine) as connection:
        store(connection, [], again, moved=[Touched("GBR-PHL", "2013-Q3")])
    assert current(empty_engine) == [a.id]
    with writing(empty_engine) as connection:
        store(connection, [], [superseded(a, b), reinstated(b, a)], moved=[Touched("GBR-PHL", "2013-Q3")])
    assert current(empty_engine) == [b.id]
    with reading(empty_engine) as connection:
        told = observations.find(connection, uuid.UUID(bytes=a.id))
    assert told is not None
    assert [change.change for change in told.changes] == ["superseded", "reinstated", "superseded"]
    assert [change.dataset_version for change in told.changes] == [2, 3, 4]
    assert told.superseded_by == uuid.UUID(bytes=b.id)
    assert not told.observation.is_current


def test_a_withdrawn_quote_is_nowhere_but_in_its_own_story(empty_engine: Engine) -> None:
    record = quoted()
    with writing(empty_engine) as connection:
        store(connection, [record])
        withdrawn = [ChangeRecord(record.id, Change.WITHDRAWN, None, "found wrong")]
        store(connection, [], withdrawn, moved=[Touched("GBR-PHL", "2013-Q3")])
    assert current(empty_engine) == []
    with reading(empty_engine) as connection:
        assert rounds.known(connection) == []
        assert observations.listed(connection, ObservationFilter(), limit=10) == []
        assert len(observations.listed(connection, ObservationFilter(with_superseded=True), limit=10)) == 1
        told = observations.find(connection, uuid.UUID(bytes=record.id))
    assert told is not None
    assert told.superseded_by is None
    assert told.changes[-1].reason == "found wrong"


def test_known_quotes_are_found_by_source_period_and_key(empty_engine: Engine) -> None:
    first, second = quoted("1"), quoted("1", tier="usd_500", amount="300")
    other, newer = quoted("2"), quoted("2", fee="1")
    elsewhere = quoted("1", period="2012-Q3")
    with writing(empty_engine) as connection:
        store(connection, [first, second, other, elsewhere])
        store(connection, [newer], [superseded(other, newer)])
    keys = ["2013-Q3/1", "2013-Q3/2", "2013-Q3/3", "2012-Q3/1", *(f"2013-Q3/{n}" for n in range(10, 3000))]
    with reading(empty_engine) as connection:
        found = quotes.known(connection, "rpw", "2013-Q3", keys)
        assert quotes.known(connection, "demo", "2013-Q3", keys) == {}
        assert quotes.current_keys(connection, "rpw", "2013-Q3") == {"2013-Q3/1", "2013-Q3/2"}
        assert rounds.surveyed_periods(connection, "rpw") == {"2012-Q3", "2013-Q3"}
        assert rounds.surveyed_periods(connection, "demo") == set()
    assert set(found) == {"2013-Q3/1", "2013-Q3/2"}
    assert {(k.tier, k.quote_id, k.content_hash, k.is_current, k.corridor) for k in found["2013-Q3/1"]} == {
        ("usd_200", first.id, first.content_hash, True, "GBR-PHL"),
        ("usd_500", second.id, second.content_hash, True, "GBR-PHL"),
    }
    assert {(k.quote_id, k.is_current) for k in found["2013-Q3/2"]} == {(other.id, False), (newer.id, True)}


def test_the_same_quote_twice_is_refused(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        store(connection, [quoted()])
    with pytest.raises(IntegrityError), writing(empty_engine) as connection:
        store(connection, [quoted()])
    assert len(current(empty_engine)) == 1


def test_quotes_share_the_description_they_have_in_common(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        store(connection, [quoted(str(number)) for number in range(5)])
    with reading(empty_engine) as connection:
        found = list(rounds.quotes_of_period(connection, "rpw", "2013-Q3"))
    assert len({id(quote.description) for quote in found}) == 1
    assert len(found) == 5


def test_rounds_are_counted_where_a_version_touched_them(empty_engine: Engine) -> None:
    moved_from, moved_to = quoted("1"), quoted("1", corridor="GBR-IND")
    with writing(empty_engine) as connection:
        store(connection, [moved_from, quoted("2", corridor="GBR-NGA"), quoted("1", period="2012-Q3")])
        before = rounds.known(connection)
        store(connection, [moved_to], [superseded(moved_from, moved_to)], moved=[Touched("GBR-PHL", "2013-Q3")])
        after = rounds.known(connection)
        newest = versions.corridor_newest_versions(connection)
    assert before == [
        ("rpw", "GBR-NGA", "2013-Q3"),
        ("rpw", "GBR-PHL", "2012-Q3"),
        ("rpw", "GBR-PHL", "2013-Q3"),
    ]
    assert after == [
        ("rpw", "GBR-IND", "2013-Q3"),
        ("rpw", "GBR-NGA", "2013-Q3"),
        ("rpw", "GBR-PHL", "2012-Q3"),
    ]
    assert {corridor: version.version for corridor, version in newest.items()} == {
        "GBR-IND": 2,
        "GBR-NGA": 1,
        "GBR-PHL": 2,
    }
    assert newest["GBR-NGA"].committed_at == NOON
