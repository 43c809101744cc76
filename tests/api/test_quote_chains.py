"""One quote is told between those that it replaced and those that replaced it, with when each was true and known."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, insert
from starlette.testclient import TestClient

from app.db import reading, writing
from app.main import create_app, refresh
from app.mend.providers import set_visibility
from app.mend.withdrawals import withdraw
from app.settings import Settings
from app.store.chains import chain_of
from app.store.partners import partners
from app.store.withdrawals import Selection
from tests.mend.pushes import PARTNER, hand, push, quote
from tests.store.live_records import at

HOURLY = [quote(hours=hour, fee=f"{hour + 1}.5") for hour in range(30)]


def id_of(hour: int) -> str:
    return str(UUID(bytes=HOURLY[hour].id))


@pytest.fixture(scope="module")
def pushed(engine: Engine) -> Engine:
    with writing(engine) as connection:
        row = {"id": PARTNER.id, "name": PARTNER.name, "kind": PARTNER.kind.value, "plan": "standard"}
        connection.execute(insert(partners).values(**row, created_at=at(0)))
    for hour, record in enumerate(HOURLY):
        push(engine, quote("other", hours=hour), record, hours=hour + 0.1)
    withdraw(engine, Selection(source=PARTNER.source, source_keys=("cash",)), hand(40))
    return engine


@pytest.fixture(scope="module")
def client(pushed: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    data_dir: Path = tmp_path_factory.mktemp("chains")
    database_url = pushed.url.render_as_string(hide_password=False)
    settings = Settings(data_dir=data_dir, database_url=database_url, refresh_in_server=False)
    with TestClient(create_app(settings, clock=lambda: at(41))) as opened:
        yield opened


def test_a_quote_tells_what_it_replaced_and_what_replaced_it(client: TestClient) -> None:
    told = client.get(f"/v1/quotes/{id_of(2)}").json()["provenance"]
    assert told["place"] == {"sheet": None, "row": None, "item": 1}
    assert [link["quote_id"] for link in told["chain"]] == [id_of(hour) for hour in range(13)]
    assert told["chain_is_whole"] is False
    own = told["chain"][2]
    assert (own["observed_at"], own["recorded_at"]) == ("2026-11-23T11:00:00Z", "2026-11-23T11:06:00Z")
    assert own["is_current"] is False
    assert own["newest_change"] == told["changes"][-1]
    assert (own["newest_change"]["change"], own["newest_change"]["other_quote_id"]) == ("superseded", id_of(3))
    assert own["newest_change"]["recorded_at"] == "2026-11-23T12:06:00Z"
    assert told["superseded_by"] == id_of(3)


def test_a_withdrawn_quote_tells_why(client: TestClient) -> None:
    told = client.get(f"/v1/quotes/{id_of(29)}").json()["provenance"]
    (change,) = told["changes"]
    assert (change["change"], change["reason"]) == ("withdrawn", "sent by mistake")
    assert change["recorded_at"] == "2026-11-25T01:00:00Z"
    assert [link["quote_id"] for link in told["chain"]] == [id_of(hour) for hour in range(19, 30)]


def test_a_short_chain_is_whole_and_of_one_service(pushed: Engine) -> None:
    with reading(pushed) as connection:
        whole = chain_of(connection, UUID(id_of(7)), most=100)
    assert whole.is_whole is True
    assert [str(link.id) for link in whole.links] == [id_of(hour) for hour in range(30)]


def test_a_quote_that_stands_alone_is_its_own_chain(empty_engine: Engine) -> None:
    push(empty_engine, alone := quote())
    with reading(empty_engine) as connection:
        (link,), is_whole = chain_of(connection, UUID(bytes=alone.id))
    assert (link.is_current, link.newest_change, is_whole) == (True, None, True)


def test_a_hidden_providers_quotes_are_in_no_list_and_their_provenance_stays(
    client: TestClient, pushed: Engine
) -> None:
    assert client.get("/v1/quotes?corridor=GBR-PHL").json()["quotes"]
    set_visibility(pushed, "swift-cash", hand(41), is_hidden=True)
    assert refresh(client.app.state.served)  # type: ignore[attr-defined]
    try:
        assert client.get("/v1/quotes?superseded=true").json()["quotes"] == []
        assert client.get("/v1/corridors/GBR-PHL/comparison").status_code == 404
        assert client.get(f"/v1/quotes/{id_of(2)}").status_code == 200
    finally:
        set_visibility(pushed, "swift-cash", hand(41), is_hidden=False)
        assert refresh(client.app.state.served)  # type: ignore[attr-defined]
