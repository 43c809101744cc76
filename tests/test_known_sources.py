"""A partner is a source: the board knows it, shows it, and says of it what it says of every other."""

from sqlalchemy import Engine, insert

from app import reference
from app.board import Board, load, load_newer
from app.db import reading, writing
from app.domain.partners import Partner, PartnerKind
from app.domain.vocabulary import Evidence
from app.sources.partner_sources import partner_source
from app.store.partners import partners
from tests.store.live_records import arrive, live
from tests.store.records import NOON, quoted, store

GEOGRAPHY = reference.load()


def add_partner(engine: Engine, id_: str, name: str = "Example Transfer Ltd", kind: str = "provider") -> None:
    with writing(engine) as connection:
        connection.execute(
            insert(partners).values(id=id_, name=name, kind=kind, plan="standard", created_at=NOON, ended_at=None)
        )


def loaded(engine: Engine, previous: Board | None = None) -> Board:
    with reading(engine) as connection:
        return load(connection, GEOGRAPHY, NOON, previous)


def test_a_partner_is_a_source_that_everybody_may_see(empty_engine: Engine) -> None:
    add_partner(empty_engine, "example-transfer")
    board = loaded(empty_engine)
    found = board.sources["partner-example-transfer"]
    assert (found.name, found.kind, found.evidence) == ("Example Transfer Ltd", "quotes", Evidence.PARTNER)
    assert found.is_private is False
    assert board.shown is not None
    assert found.key in board.shown
    assert {"rpw", "wise"} <= board.sources.keys()


def test_what_an_aggregator_pushes_are_estimates() -> None:
    many = Partner(id="many-prices", name="Many Prices", kind=PartnerKind.AGGREGATOR)
    assert partner_source(many, is_synthetic=False).evidence == Evidence.AGGREGATOR_ESTIMATE


def test_among_invented_data_a_partners_quotes_are_invented_too(empty_engine: Engine) -> None:
    add_partner(empty_engine, "example-transfer")
    with writing(empty_engine) as connection:
        arrive(connection, [live(source="demo_tariffs")])
    assert loaded(empty_engine).sources["partner-example-transfer"].is_synthetic is True


def test_a_new_partner_makes_a_new_board_that_takes_the_rest_over(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        store(connection, [quoted("1")])
    before = load_newer(empty_engine, GEOGRAPHY, NOON, None)
    assert before is not None
    assert load_newer(empty_engine, GEOGRAPHY, NOON, before) is None
    add_partner(empty_engine, "example-transfer")
    after = load_newer(empty_engine, GEOGRAPHY, NOON, before)
    assert after is not None
    assert "partner-example-transfer" in after.sources
    assert after.rounds["GBR-PHL"] is before.rounds["GBR-PHL"]


def test_a_board_can_be_of_named_sources_alone(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        store(connection, [quoted("1")])
        arrive(connection, [live(source="quote_file", corridor="GBR-IND", currencies=("GBP", "INR"))])
    with reading(empty_engine) as connection:
        board = load(connection, GEOGRAPHY, NOON, only=["quote_file"])
    assert board.corridors == ("GBR-IND",)
    assert board.dataset_version == 2
