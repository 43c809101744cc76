"""Listings give every quote once, in one order, by pages and filters; one quote tells where it is from."""

import random
import uuid

import pytest
from sqlalchemy import Engine

from app.db import microseconds, reading, writing
from app.domain.vocabulary import (
    AccessPoint,
    NetworkCoverage,
    PaymentInstrument,
    ProviderType,
    ReceivingMethod,
    TransferSpeed,
)
from app.store import descriptions, observations
from app.store.observations import Observation, ObservationFilter, Position
from app.store.quotes import Change, ChangeRecord, QuoteRecord
from tests.store.records import DAY, NOON, PUBLISHED, described, quoted, store

BY_CARD = described(
    provider="card-house",
    provider_type=ProviderType.BANK,
    payment_instruments=(PaymentInstrument.CREDIT_CARD,),
    receiving_methods=(ReceivingMethod.CARD,),
    access_points=(AccessPoint.INTERNET,),
    transfer_speed=TransferSpeed.TWO_DAYS,
    network_coverage=NetworkCoverage.LOW,
    is_transparent=False,
)
PLACES = {"flags": "denomination_differs,date_outside_quarter", "place_row": 77}


@pytest.fixture(scope="module")
def listed_engine(engine: Engine) -> Engine:
    old, new = quoted("9"), quoted("9", fee="3", **PLACES)
    records = [quoted(str(n), corridor=c) for c in ("GBR-PHL", "ARE-IND", "GBR-NGA") for n in range(5)]
    records += [quoted("20", description_id=BY_CARD.id, sending_currency="EUR", period="2012-Q3")]
    records += [quoted("21", tier="usd_500", observed_at=microseconds(DAY) - 1, cost_status="suspect")]
    random.Random(3).shuffle(records)
    with writing(engine) as connection:
        descriptions.append(connection, [described(), BY_CARD])
        store(connection, [old, *records])
        store(connection, [new], [ChangeRecord(old.id, Change.SUPERSEDED, new.id, "newer edition")])
    return engine


def everything(engine: Engine, wanted: ObservationFilter, page: int = 100) -> list[Observation]:
    found: list[Observation] = []
    after = None
    with reading(engine) as connection:
        while observed := observations.listed(connection, wanted, limit=page, after=after):
            found += observed
            last = observed[-1].quote
            after = Position(last.corridor, last.observed_at, last.id)
    return found


def keys(engine: Engine, **wanted: tuple[str, ...]) -> set[str]:
    return {f"{o.quote.corridor} {o.quote.source_key}" for o in everything(engine, ObservationFilter(**wanted))}  # type: ignore[arg-type]


@pytest.mark.parametrize("page", [1, 3, 7, 100])
def test_pages_of_any_size_give_every_quote_once_in_order(listed_engine: Engine, page: int) -> None:
    found = everything(listed_engine, ObservationFilter(), page)
    order = [(o.quote.corridor, o.quote.observed_at, o.quote.id) for o in found]
    assert order == sorted(order)
    assert len(set(order)) == len(order) == 18


def test_superseded_quotes_are_listed_only_when_asked_for(listed_engine: Engine) -> None:
    found = everything(listed_engine, ObservationFilter(with_superseded=True))
    assert len(found) == 19
    assert [o.quote.source_key for o in found if not o.is_current] == ["2013-Q3/9"]


def test_filters_match_by_any_of_their_values(listed_engine: Engine) -> None:
    engine = listed_engine
    assert len(keys(engine, corridors=("GBR-PHL", "ARE-IND"))) == 13
    assert len(keys(engine, sending_countries=("ARE",))) == 5
    assert len(keys(engine, receiving_countries=("NGA", "IND"))) == 10
    assert keys(engine, periods=("2012-Q3",)) == {"GBR-PHL 2012-Q3/20"}
    assert keys(engine, sending_currencies=("EUR",)) == {"GBR-PHL 2012-Q3/20"}
    assert keys(engine, tiers=("usd_500",)) == {"GBR-PHL 2013-Q3/21"}
    assert keys(engine, cost_statuses=("suspect",)) == {"GBR-PHL 2013-Q3/21"}
    assert keys(engine, sources=("demo",)) == set()
    assert len(keys(engine, fx_margin_statuses=("measured",))) == 18


@pytest.mark.parametrize(
    "wanted",
    [
        {"providers": ("card-house",)},
        {"provider_types": ("bank", "post_office")},
        {"payment_instruments": ("credit_card",)},
        {"access_points": ("internet",)},
        {"receiving_methods": ("card",)},
        {"transfer_speeds": ("2_days",)},
        {"network_coverages": ("low",)},
    ],
)
def test_filters_on_the_service_find_its_quotes(listed_engine: Engine, wanted: dict[str, tuple[str, ...]]) -> None:
    assert keys(listed_engine, **wanted) == {"GBR-PHL 2012-Q3/20"}


def test_card_is_not_taken_for_debit_card(listed_engine: Engine) -> None:
    assert keys(listed_engine, payment_instruments=("card",)) == set()
    assert len(keys(listed_engine, payment_instruments=("debit_card", "mobile_money"))) == 17


def test_only_services_that_disclose_or_only_those_that_do_not(listed_engine: Engine) -> None:
    assert len(everything(listed_engine, ObservationFilter(is_transparent=True))) == 17
    assert len(everything(listed_engine, ObservationFilter(is_transparent=False))) == 1


def test_a_quote_tells_where_it_is_from(listed_engine: Engine) -> None:
    record: QuoteRecord = quoted("9", fee="3", **PLACES)
    with reading(listed_engine) as connection:
        told = observations.find(connection, uuid.UUID(bytes=record.id))
    assert told is not None
    observed = told.observation
    assert observed.is_current
    assert observed.flags == ("denomination_differs", "date_outside_quarter")
    assert (observed.place_sheet, observed.place_row) == ("Dataset (up to Q1 2016)", 77)
    assert observed.content_hash == record.content_hash
    assert (observed.import_id, observed.dataset_version, observed.recorded_at) == (2, 2, NOON)
    assert told.published == PUBLISHED
    assert (told.file_hash, told.labels_hash, told.corrections_hash) == ("f1", "l1", "c1")
    assert (told.changes, told.superseded_by) == ((), None)


def test_an_unknown_quote_is_null_whatever_its_id(listed_engine: Engine) -> None:
    with reading(listed_engine) as connection:
        for text in ("0" * 32, "f" * 32, uuid.uuid4().hex, uuid.UUID(bytes=quoted("404").id).hex):
            assert observations.find(connection, uuid.UUID(text)) is None
