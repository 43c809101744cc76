"""The app ends in order: what works behind the requests has ended before what it needs is taken away."""

import threading
from typing import Any

import pytest
from starlette.testclient import TestClient

from app import main
from app.settings import Settings


def test_the_database_is_let_go_of_only_when_nobody_reads_it_any_more(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_looking, may_end = threading.Event(), threading.Event()
    order = []

    def slow(shared: Any) -> bool:  # noqa: ANN401 - what the app shares
        is_looking.set()
        may_end.wait(60)
        order.append("looked")
        return shared is not None

    monkeypatch.setattr(main, "REFRESH_SECONDS", 0.01)
    with TestClient(main.create_app(settings)) as client:
        shared = client.app.state.served  # type: ignore[attr-defined] # ours, a FastAPI app
        dispose = shared.engine.dispose

        def let_go() -> None:
            order.append("let go")
            dispose()

        monkeypatch.setattr(shared.engine, "dispose", let_go)
        monkeypatch.setattr(main, "refresh", slow)
        assert is_looking.wait(60)
        threading.Timer(0.3, may_end.set).start()
    assert order[-1] == "let go"
    assert set(order[:-1]) == {"looked"}, "nobody looks after it, and somebody did before"
