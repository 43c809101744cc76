"""What an operator does by hand is seen in every answer: hidden providers, notices, and both again in the past."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.db import reading
from app.domain.operator_notices import NoticeAbout, OperatorNotice
from app.main import create_app, refresh
from app.mend.acts import Hand
from app.mend.notices import add_notice, end_notice
from app.mend.providers import set_visibility
from app.settings import Settings
from app.store import audit
from tests.api.conftest import NOW, copy_database

CORRIDOR = "GBR-PHL"
COMPARISON = f"/v1/corridors/{CORRIDOR}/comparison"
LATER = NOW + timedelta(minutes=1)


class Operated:
    """The demonstration data, an operator's hand, and what readers are answered."""

    def __init__(self, app: FastAPI, client: TestClient, clock: list[datetime]) -> None:
        self.app = app
        self.client = client
        self.engine = app.state.served.engine
        self.clock = clock
        self.hand = Hand(actor="cli:ada", reason="it asked us to", clock=lambda: clock[0])

    def at(self, when: datetime) -> None:
        self.clock[0] = when

    def refresh(self) -> None:
        refresh(self.app.state.served)

    def providers(self, **query: str) -> set[str]:
        answer = self.client.get(COMPARISON, params={"limit": "500", **query})
        assert answer.status_code == 200, answer.text
        return {offer["provider"]["id"] for offer in answer.json()["offers"]}

    def texts(self, path: str = COMPARISON, **query: str) -> list[str]:
        return [notice["text"] for notice in self.client.get(path, params=query).json()["notices"]]


@pytest.fixture
def operated(live_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Operated]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("operated"))
    copy_database(live_settings, settings)
    clock = [NOW]
    app = create_app(settings, clock=lambda: clock[0])
    client = TestClient(app)
    return lambda: Operated(app, client, clock)


def test_a_hidden_provider_is_in_no_answer_until_it_is_shown_again(operated: Callable[[], Operated]) -> None:
    here = operated()
    with here.client:
        for basis in ("live", "survey"):
            before = here.providers(basis=basis)
            hidden = min(before)
            here.at(LATER)
            set_visibility(here.engine, hidden, here.hand, is_hidden=True)
            here.refresh()
            assert here.providers(basis=basis) == before - {hidden}
            assert here.client.get(f"/v1/providers/{hidden}").status_code == 404
            assert hidden in here.providers(basis=basis, as_of=NOW.isoformat().replace("+00:00", "Z"))
            set_visibility(here.engine, hidden, here.hand, is_hidden=False)
            here.refresh()
            assert here.providers(basis=basis) == before
            here.at(NOW)


def test_a_notice_is_in_the_answers_that_it_touches_until_it_is_ended(operated: Callable[[], Operated]) -> None:
    here = operated()
    with here.client:
        here.at(LATER)
        everywhere = add_notice(here.engine, OperatorNotice(NoticeAbout.ALL, "", "All is checked."), here.hand)
        add_notice(here.engine, OperatorNotice(NoticeAbout.CORRIDOR, CORRIDOR, "Cash is short."), here.hand)
        add_notice(here.engine, OperatorNotice(NoticeAbout.CORRIDOR, "GBR-IND", "Elsewhere."), here.hand)
        here.refresh()
        texts = here.texts()
        assert {"All is checked.", "Cash is short."} <= set(texts)
        assert "Elsewhere." not in texts
        assert "All is checked." in here.texts("/v1/corridors")
        assert everywhere.number is not None
        end_notice(here.engine, everywhere.number, here.hand)
        here.refresh()
        assert "All is checked." not in here.texts()
        assert "All is checked." not in here.texts(as_of=NOW.isoformat().replace("+00:00", "Z"))
        with reading(here.engine) as connection:
            assert audit.verify(connection) is None
