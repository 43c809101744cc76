"""``threepercent quarantine``: what waits is listed; what a person decides is done, told and logged."""

import json
import os
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.db import open_engine
from app.settings import Settings
from tests.cli.conftest import Run
from tests.push.pushing import NOW, PARTNER, item, known, pushed

WAITS = item(external_id="strange", receiving_currency="KES")


@pytest.fixture
def waiting(without_data: Run) -> tuple[Run, list[str]]:
    """Two quotes of a partner wait."""
    engine: Engine = open_engine(Settings(data_dir=Path(os.environ["THREEPERCENT_DATA_DIR"])).database_url)
    known(engine)
    pushed(engine, [WAITS, {**WAITS, "external_id": "stranger"}], now=NOW)
    engine.dispose()
    listed = json.loads(without_data("quarantine", "list", "--json").stdout)
    return without_data, [quote["quote_id"] for quote in listed["quotes"]]


def test_what_waits_is_listed_with_what_was_found(waiting: tuple[Run, list[str]]) -> None:
    run, ids = waiting
    told = run("quarantine", "list")
    assert told.exit_code == 0
    assert all(quote_id in told.stdout for quote_id in ids)
    assert "currency-not-of-corridor" in told.stdout
    whole = json.loads(run("quarantine", "list", "--partner", PARTNER.id, "--json").stdout)
    assert (whole["count"], whole["quotes"][0]["external_id"]) == (2, "strange")
    assert run("quarantine", "list", "--corridor", "GBR-IND").stdout == "No quote waits.\n"


def test_accepting_and_refusing_is_done_told_and_logged(waiting: tuple[Run, list[str]]) -> None:
    run, (first, second) = waiting
    dry = run("quarantine", "accept", first, "--reason", "their page says so", "--dry-run")
    assert dry.stdout.startswith("Would accept 1 quote. Nothing was changed.\n")
    assert run("quarantine", "accept", first, "--reason", "their page says so").stdout == (
        "Accepted 1 quote. Shown in dataset version 1.\n"
    )
    assert run("quarantine", "refuse", second, "--reason", "no such service").stdout == "Refused 1 quote.\n"
    assert run("quarantine", "list").stdout == "No quote waits.\n"
    refused = json.loads(run("quarantine", "list", "--status", "refused", "--json").stdout)["quotes"]
    assert [(one["quote_id"], one["decision_reason"]) for one in refused] == [(second, "no such service")]
    log = json.loads(run("audit", "list", "--json").stdout)
    assert {"quarantine_accepted", "quarantine_refused"} <= {act["action"] for act in log}


def test_all_that_wait_of_a_partner_can_be_decided_at_once(waiting: tuple[Run, list[str]]) -> None:
    run, _ = waiting
    told = run("quarantine", "refuse", "--partner", PARTNER.id, "--reason", "a wrong batch")
    assert told.stdout == "Refused 2 quotes.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--reason", "why"], "expected ids of quotes, --partner or --corridor"),
        (["nonsense", "--reason", "why"], "threepercent quarantine list shows them"),
        (["019aac70-6ec0-8f2a-a1b2-c3d4e5f60718", "--reason", "why"], "is not the id of a quote in quarantine"),
        (["nonsense", "--partner", "example", "--reason", "why"], "not both"),
        (["nonsense", "--reason", ""], "a line of 1 to 200 visible characters"),
        (["--partner", "nobody", "--reason", "why"], "nobody"),
    ],
)
def test_wrong_use_is_explained_and_decides_nothing(
    waiting: tuple[Run, list[str]], arguments: list[str], said: str
) -> None:
    run, ids = waiting
    told = run("quarantine", "accept", *arguments)
    assert (told.exit_code, said in told.stderr) == (2, True), told.stderr
    assert len(json.loads(run("quarantine", "list", "--json").stdout)["quotes"]) == len(ids)


def test_a_second_decision_is_wrong_use(waiting: tuple[Run, list[str]]) -> None:
    run, (first, _) = waiting
    run("quarantine", "refuse", first, "--reason", "no such service")
    again = run("quarantine", "accept", first, "--reason", "it exists")
    assert (again.exit_code, "it was refused" in again.stderr) == (2, True)
