"""``threepercent audit``: what was done by hand is listed, and a log that somebody changed is refused."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, update

from app.db import open_engine, writing
from app.domain.audit import Action
from app.store import audit
from tests.cli.conftest import Run

Write = Callable[[Callable[[Connection], object]], None]

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def write(without_data: Run, tmp_path: Path) -> Write:
    assert without_data is not None  # its database is the one in this folder

    def written(work: Callable[[Connection], object]) -> None:
        engine = open_engine(f"sqlite:///{tmp_path}/threepercent.db")
        with writing(engine) as connection:
            work(connection)
        engine.dispose()

    return written


def three_acts(connection: Connection) -> None:
    for subject in ("one", "two", "three\n\x1b[2J"):
        audit.append(
            connection,
            at=NOON,
            actor="cli:ada",
            action=Action.PROVIDER_HIDDEN,
            subject=subject,
            detail={"reason": "it asked us to"},
        )


def test_a_log_that_holds_prints_its_head(without_data: Run, write: Write) -> None:
    assert without_data("audit", "verify").stdout == "The log holds: nothing has been done by hand yet.\n"
    write(three_acts)
    said = without_data("audit", "verify")
    assert (said.exit_code, said.stdout[:37]) == (0, "The log holds: 3 acts. Its head is 3:")
    head = said.stdout.split()[-1]
    assert without_data("audit", "verify", "--noted", head).exit_code == 0


def test_a_changed_log_fails_and_names_the_entry(without_data: Run, write: Write) -> None:
    write(three_acts)
    write(
        lambda connection: connection.execute(
            update(audit.audit_log).where(audit.audit_log.c.number == 2).values(actor="cli:eve")
        )
    )
    said = without_data("audit", "verify")
    assert (said.exit_code, "entry 2 is not as it was written" in said.stderr) == (1, True)


def test_a_noted_head_shows_that_the_newest_acts_were_cut_off(without_data: Run, write: Write) -> None:
    write(three_acts)
    head = without_data("audit", "verify").stdout.split()[-1]
    write(lambda connection: connection.execute(delete(audit.audit_log).where(audit.audit_log.c.number == 3)))
    assert without_data("audit", "verify").exit_code == 0, "the chain alone cannot know"
    said = without_data("audit", "verify", "--noted", head)
    assert (said.exit_code, "cut off" in said.stderr) == (1, True)
    write(three_acts)
    said = without_data("audit", "verify", "--noted", head)
    assert (said.exit_code, "written anew" in said.stderr) == (1, True)


def test_a_head_that_is_none_is_wrong_use(without_data: Run) -> None:
    for noted in ("x", "0:" + "0" * 64, "3:" + "g" * 64, "\uff13:" + "0" * 64):
        assert without_data("audit", "verify", "--noted", noted).exit_code == 2, noted


def test_acts_are_listed_newest_first_and_cannot_move_the_cursor(without_data: Run, write: Write) -> None:
    assert "by hand" in without_data("audit", "list").stdout
    write(three_acts)
    lines = without_data("audit", "list", "--limit", "2").stdout.splitlines()
    assert lines == [
        r'    3  2026-11-23 12:00:00  cli:ada  provider hidden  three\n\x1b[2J  {"reason":"it asked us to"}',
        '    2  2026-11-23 12:00:00  cli:ada  provider hidden  two  {"reason":"it asked us to"}',
    ]
    listed = json.loads(without_data("audit", "list", "--json").stdout)
    assert [entry["number"] for entry in listed] == [3, 2, 1]
    assert listed[0]["detail"] == {"reason": "it asked us to"}
