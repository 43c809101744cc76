"""What the fixtures promise: no network beyond this machine, and databases that nobody else writes to."""

import socket
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.db import reading, writing
from app.settings import Settings
from app.store import corridors


def test_no_test_reaches_another_machine() -> None:
    with socket.socket() as outside, pytest.raises(RuntimeError, match="no other machine"):
        outside.connect(("192.0.2.1", 80))
    with pytest.raises(RuntimeError, match="no other machine"):
        socket.create_connection(("example.org", 443))


def test_tests_reach_this_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass


@pytest.mark.parametrize("turn", [1, 2])
def test_an_empty_database_is_empty_every_time(empty_engine: Engine, turn: int) -> None:
    with writing(empty_engine) as connection:
        assert corridors.ids(connection) == []
        assert corridors.add(connection, ["GBR-PHL"]) == 1 <= turn


def test_settings_lead_to_a_folder_of_their_own(settings: Settings) -> None:
    assert Path(settings.database_url.removeprefix("sqlite:///")).parent == settings.data_dir


def test_the_modules_database_is_migrated(engine: Engine) -> None:
    with reading(engine) as connection:
        assert corridors.ids(connection) == []
