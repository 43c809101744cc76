"""An operator at night puts things right: each command says what it did or would do, and the log says who did it."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine

from app.db import open_engine, reading
from app.store import audit, fetches
from tests.api.keyed import partner_of
from tests.cli.conftest import Run, _runner
from tests.mend.pushes import PARTNER, public_id, push, quote, standing

SOURCE = PARTNER.source
WHY = ("--reason", "sent by mistake")


class Night:
    """The command over a database of the test's own, with a partner that pushes."""

    def __init__(self, run: Run, engine: Engine) -> None:
        self.run = run
        self.engine = engine

    def __call__(self, *words: str, status: int = 0) -> str:
        result = self.run(*words)
        assert result.exit_code == status, result.output
        return result.stdout if status == 0 else result.stderr

    def standing(self) -> dict[str, bytes]:
        with reading(self.engine) as connection:
            return standing(connection)

    def acts(self) -> list[tuple[str, str]]:
        """What was done, and on what, the first first."""
        with reading(self.engine) as connection:
            assert audit.verify(connection) is None
            return [(entry.act.action, entry.act.subject) for entry in audit.entries(connection)]


@pytest.fixture
def night(without_data: Run, tmp_path: Path) -> Night:
    engine = open_engine(f"sqlite:///{tmp_path}/threepercent.db")
    partner_of(engine, "Swift", providers=["swift-cash"])
    return Night(without_data, engine)


def test_a_wrong_batch_is_taken_back_by_one_command(night: Night) -> None:
    good, wrong = quote("cash", 0), quote("cash", 1, fee="0.01")
    push(night.engine, good)
    number = push(night.engine, wrong)
    would = night("imports", "withdraw", str(number), *WHY, "--dry-run").splitlines()
    assert would[0].startswith(str(UUID(bytes=wrong.id)))
    assert would[-1] == "Would withdraw 1 quotes; 1 older ones stand again. Nothing was changed."
    assert night.standing() == {"cash": wrong.id}
    assert (
        night("imports", "withdraw", public_id(2), *WHY)
        == "Withdrew 1 quotes; 1 older ones stand again. Dataset version 3.\n"
    )
    assert night.standing() == {"cash": good.id}
    assert night("imports", "withdraw", str(number), *WHY) == (
        f"Import {number} was withdrawn already, in dataset version 3.\nNo quotes are meant. Nothing was changed.\n"
    )
    assert night.acts()[1:] == [("import_withdrawn", public_id(2))]


def test_quotes_are_taken_back_by_time_and_services_end_by_name(night: Night) -> None:
    first, second = quote("cash", 0), quote("card", 0)
    push(night.engine, first, second, hours=1)
    push(night.engine, quote("cash", 2), hours=3)
    night("quotes", "withdraw", "--source", SOURCE, "--sent-from", "2026-11-23T11:00Z", *WHY)
    assert night.standing() == {"cash": first.id, "card": second.id}
    night("quotes", "withdraw", "--source", SOURCE, "--external-id", "card", "--corridor", "gb-ph", *WHY)
    assert night.standing() == {"cash": first.id}
    night("quotes", "withdraw", "--source", SOURCE, "--id", str(UUID(bytes=first.id)), *WHY)
    assert night.standing() == {}
    assert [action for action, _ in night.acts()] == ["partner_added", *["quotes_withdrawn"] * 3]


@pytest.mark.parametrize(
    "words",
    [
        ("quotes", "withdraw", "--source", SOURCE, *WHY),
        ("quotes", "withdraw", "--source", "partner-nobody", "--corridor", "GBR-PHL", *WHY),
        ("quotes", "withdraw", "--source", SOURCE, "--corridor", "GBR-GBR", *WHY),
        ("quotes", "withdraw", "--source", SOURCE, "--observed-from", "yesterday", *WHY),
        ("quotes", "withdraw", "--source", SOURCE, "--id", "x", *WHY),
        ("quotes", "withdraw", "--source", SOURCE, "--corridor", "GBR-PHL", "--reason", " "),
        ("quotes", "withdraw", "--source", SOURCE, "--corridor", "GBR-PHL", "--reason", "tp_live_x"),
        ("imports", "withdraw", "99", *WHY),
        ("imports", "withdraw", "imp_x", *WHY),
        ("imports", "release", "99"),
        ("providers", "hide", "nobody", *WHY),
        ("notices", "add", "two\nlines"),
        ("notices", "add", "text", "--corridor", "GBR-PHL", "--source", SOURCE),
        ("notices", "add", "text", "--provider", "nobody"),
        ("notices", "end", "1"),
    ],
)
def test_what_cannot_be_meant_is_wrong_use_and_changes_nothing(night: Night, words: tuple[str, ...]) -> None:
    push(night.engine, quote("cash", 0))
    before = night.standing()
    assert night(*words, status=2)
    assert night.standing() == before
    assert len(night.acts()) == 1


def test_a_provider_is_hidden_and_shown_again(night: Night) -> None:
    push(night.engine, quote("cash", 0), quote("card", 0), quote("to India", 0, corridor="GBR-IND"))
    would = night("providers", "hide", "swift-cash", *WHY, "--dry-run")
    assert would == "Would hide Swift Cash: 3 quotes in 2 corridors. Nothing was changed.\n"
    assert "Hidden since dataset version 2" in night("providers", "hide", "swift-cash", *WHY)
    assert "hidden already" in night("providers", "hide", "swift-cash", *WHY)
    assert "Shown since dataset version 3" in night("providers", "show", "swift-cash", *WHY)
    assert night.acts()[1:] == [("provider_hidden", "swift-cash"), ("provider_shown", "swift-cash")]


def test_notices_are_added_listed_and_ended(night: Night) -> None:
    push(night.engine, quote("cash", 0))
    assert night("notices", "list") == "No notice stands.\n"
    night("notices", "add", "Rates of today are checked.", "--dry-run")
    assert night("notices", "list") == "No notice stands.\n"
    assert "Notice 1 stands in answers about everything (1 corridors)" in night("notices", "add", "Checked.")
    assert "corridor GBR-PHL" in night("notices", "add", "Cash is short.", "--corridor", "GB-PH")
    assert "source partner-swift" in night("notices", "add", "Late.", "--source", SOURCE)
    assert "provider swift-cash" in night("notices", "add", "Closed.", "--provider", "swift-cash")
    night("notices", "end", "2", "--dry-run")
    assert night("notices", "end", "2") == "Ended notice 2.\n"
    assert [row["id"] for row in json.loads(night("notices", "list", "--json"))] == [4, 3, 1]
    assert "until version" in night("notices", "list", "--ended")
    assert [action for action, _ in night.acts()[1:]] == [*["notice_added"] * 4, "notice_ended"]


def test_a_held_import_is_shown_to_nobody_until_it_is_released(night: Night, tmp_path: Path) -> None:
    file = tmp_path / "demo tariffs.json"
    night("demo-data", "--layout", "quotes", "--out", str(file))
    assert "Held as import 1" in night("import", str(file), "--hold")
    file.unlink()
    assert "held  demo tariffs.json" in night("imports", "list")
    night("corridors", "--basis", "live", status=1)
    assert "stays held" in night("imports", "release", "1", "--dry-run")
    assert "Released import 1." in night("imports", "release", "1")
    assert "GBR-PHL" in night("corridors", "--basis", "live")
    assert "not held" in night("imports", "release", "1", status=2)
    listed = json.loads(night("imports", "list", "--json"))
    assert [(row["status"], row["file_name"]) for row in listed] == [
        ("committed", "demo tariffs.json"),
        ("released", "demo tariffs.json"),
    ]
    assert [action for action, _ in night.acts()[1:]] == ["import_held", "import_released"]


def test_a_withdrawn_file_comes_back_when_a_person_imports_it_again(night: Night, tmp_path: Path) -> None:
    for layout, show in (("quotes", ("corridors", "--basis", "live")), ("csv", ("corridors",))):
        file = tmp_path / f"demo.{layout}"
        night("demo-data", "--layout", layout, "--rows", "60", "--out", str(file))
        night("import", str(file))
        shown = night(*show)
        number = json.loads(night("imports", "list", "--json"))[0]["id"]
        assert "Withdrew" in night("imports", "withdraw", str(number), *WHY)
        night(*show, status=1)
        assert "committed" in night("import", str(file))
        assert night(*show) == shown
        night("imports", "withdraw", str(number + 1), *WHY)


def test_pausing_and_resuming_a_source_is_logged(night: Night) -> None:
    night("sources", "pause", "ecb", "--reason", "wrong rates", "--dry-run")
    night("sources", "pause", "ecb", "--reason", "wrong rates")
    night("sources", "resume", "ecb")
    assert night.acts()[1:] == [("source_paused", "ecb"), ("source_resumed", "ecb")]
    with reading(night.engine) as connection:
        assert fetches.states(connection)["ecb"].paused_at is None


@pytest.mark.parametrize(
    "words",
    [
        ("partners", "add", "Example Transfer", "--provider", "Example Transfer"),
        ("partners", "end", "nobody"),
        ("keys", "create", "--partner", "nobody"),
        ("keys", "revoke", "key_none"),
        ("notices", "add", "The desk is closed today."),
        ("providers", "hide", "nobody", "--reason", "Checked."),
        ("quotes", "withdraw", "--source", "partner-nobody", "--external-id", "a", "--reason", "Sent by mistake."),
        ("imports", "withdraw", "1", "--reason", "Sent by mistake."),
        ("imports", "release", "1"),
        ("quarantine", "accept", "--partner", "nobody", "--reason", "Looked at."),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("dry_run", [(), ("--dry-run",)], ids=["done", "dry run"])
def test_what_changes_something_makes_the_database_first_as_import_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], dry_run: tuple[str, ...]
) -> None:
    for run in _runner(tmp_path, monkeypatch):
        result = run(*words, *dry_run)
        assert "There is no database" not in result.output
        assert "db upgrade" not in result.output
        assert run("db", "check").exit_code == 0
