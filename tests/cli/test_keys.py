"""``threepercent partners`` and ``threepercent keys``: who may push, and the keys that are shown once."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.domain.keys import read_key
from app.domain.partners import KeyKind
from tests.cli.conftest import Run, _runner

KEY_ID = re.compile(r"key_[a-z2-7]{16}")


class Desk:
    """The operator's command line over a database of the test's own."""

    def __init__(self, run: Run, folder: Path) -> None:
        self.run = run
        self.folder = folder

    def __call__(self, *words: str, status: int = 0) -> str:
        result = self.run(*words)
        assert result.exit_code == status, result.output
        return result.stdout if status == 0 else result.stderr

    def partners(self) -> dict[str, Any]:
        found = json.loads(self("partners", "list", "--json"))["partners"]
        return {partner["id"]: partner for partner in found}

    def listed(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self("keys", "list", "--json"))["keys"]
        return found

    def created(self, *words: str) -> tuple[str, str]:
        """Create a key; return it and its id."""
        made = json.loads(self("keys", "create", *words, "--json"))
        return made["key"], made["id"]

    def acts(self) -> list[str]:
        return [act["action"] for act in json.loads(self("audit", "list", "--json"))]


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    shutil.copyfile(sqlite_template, tmp_path / "threepercent.db")
    for run in _runner(tmp_path, monkeypatch):
        yield Desk(run, tmp_path)


@pytest.fixture
def partner(desk: Desk) -> str:
    desk("partners", "add", "Example Transfer", "--provider", "Example Transfer")
    return "example-transfer"


# ---------------------------------------------------------------- partners


def test_a_partner_speaks_for_the_providers_that_it_was_given(desk: Desk) -> None:
    said = desk("partners", "add", "Example Group", "--provider", "Example Transfer", "--provider", "swift-cash")
    assert said.startswith("Added example-group, which speaks for Example Transfer, swift-cash")
    assert "keys create --partner example-group --scope quotes:write" in said
    partner = desk.partners()["example-group"]
    assert [provider["id"] for provider in partner["providers"]] == ["example-transfer", "swift-cash"]
    assert (partner["kind"], partner["source"], partner["plan"]) == ("provider", "partner-example-group", "standard")
    assert desk.acts() == ["partner_added"]


def test_aggregators_and_operators_speak_for_nobody_in_particular(desk: Desk) -> None:
    assert "speaks for any provider" in desk("partners", "add", "Price Watch", "--aggregator")
    assert "push no quotes" in desk("partners", "add", "Night Desk", "--operator")
    assert {name: partner["kind"] for name, partner in desk.partners().items()} == {
        "price-watch": "aggregator",
        "night-desk": "operator",
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["Somebody"], "--provider"),
        (["Somebody", "--operator", "--provider", "x"], "--provider"),
        (["Somebody", "--operator", "--aggregator"], "Leave out"),
        (["Somebody", "--aggregator", "--plan", "golden"], "expected one of anonymous"),
        (["P\u0430yPal", "--aggregator"], "look alike"),
        (["  ", "--aggregator"], "neither letters nor digits"),
    ],
)
def test_a_partner_that_makes_no_sense_is_refused(desk: Desk, words: list[str], said: str) -> None:
    assert said in desk("partners", "add", *words, status=2)
    assert desk.partners() == {}
    assert desk.acts() == []


def test_a_name_is_given_once_and_never_again(desk: Desk, partner: str) -> None:
    assert "There is, or was" in desk("partners", "add", "EXAMPLE transfer", "--aggregator", status=2)
    desk("partners", "end", partner)
    assert "There is, or was" in desk("partners", "add", "Example Transfer", "--aggregator", status=2)
    assert desk.partners()[partner]["ended_at"] == "2026-11-23T12:00:00Z"


def test_providers_are_given_and_taken(desk: Desk, partner: str) -> None:
    desk("partners", "give", "Example Transfer", "--provider", "Mobile Cash", "--provider-type", "mobile_operator")
    given = {provider["id"]: provider["type"] for provider in desk.partners()[partner]["providers"]}
    assert given == {"example-transfer": "money_transfer_operator", "mobile-cash": "mobile_operator"}
    desk("partners", "take", partner, "--provider", "mobile-cash")
    assert [provider["id"] for provider in desk.partners()[partner]["providers"]] == ["example-transfer"]
    assert "that example-transfer speaks for" in desk("partners", "take", partner, "--provider", "nobody", status=2)
    assert desk.acts() == ["partner_changed", "partner_changed", "partner_added"]


def test_nothing_changes_in_a_dry_run(desk: Desk, partner: str) -> None:
    _, key_id = desk.created("--partner", partner, "--scope", "account")
    before = desk.partners(), desk.listed(), desk.acts()
    for words in (
        ["partners", "add", "Other", "--aggregator"],
        ["partners", "give", partner, "--provider", "Other"],
        ["partners", "take", partner, "--provider", "example-transfer"],
        ["partners", "end", partner],
        ["keys", "create", "--partner", partner, "--scope", "account"],
        ["keys", "rotate", key_id],
        ["keys", "revoke", key_id],
    ):
        assert "Nothing was changed." in desk(*words, "--dry-run")
    assert (desk.partners(), desk.listed(), desk.acts()) == before


# ---------------------------------------------------------------- keys


def test_a_new_key_stands_alone_on_standard_output(desk: Desk, partner: str) -> None:
    result = desk.run("keys", "create", "--partner", "Example Transfer", "--scope", "quotes:write", "--name", "batch")
    key = read_key(result.stdout.rstrip("\n"))
    assert key.kind is KeyKind.LIVE
    assert "the only time that it is shown" in result.stderr
    assert key.text not in result.stderr
    [known] = desk.listed()
    assert (known["partner"], known["name"], known["scopes"]) == (partner, "batch", ["quotes:write"])
    assert (known["shown"], known["state"], known["created_by"][:4]) == (key.shown, "active", "cli:")
    for said in (desk("keys", "list"), desk("audit", "list"), desk("keys", "list", "--json")):
        assert key.text not in said


def test_keys_have_kinds_networks_and_ends(desk: Desk, partner: str) -> None:
    words = ["--kind", "test", "--scope", "account", "--network", "203.0.113.0/24", "--network", "2001:db8::/48"]
    key, _ = desk.created("--partner", partner, *words, "--days", "30")
    assert key.startswith("tp_test_")
    [known] = desk.listed()
    assert known["networks"] == ["203.0.113.0/24", "2001:db8::/48"]
    assert known["expires_at"] == "2026-12-23T12:00:00Z"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--partner", "nobody"], "is not a partner"),
        (["--partner", "example-transfer", "--scope", "everything"], "'everything'"),
        (["--partner", "example-transfer", "--scope", "quotes:review"], "expected account, private:read, quotes:write"),
        (["--partner", "example-transfer", "--kind", "pub", "--scope", "account"], "no scope at all"),
        (["--partner", "example-transfer", "--kind", "test", "--scope", "private:read"], "expected account"),
        (["--partner", "example-transfer", "--network", "10.0.0.1/8"], "without bits of a host"),
        (["--partner", "example-transfer", "--days", "0"], "--days"),
        (["--partner", "example-transfer", "--name", "x" * 81], "at most 80"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(desk: Desk, partner: str, words: list[str], said: str) -> None:
    assert partner
    assert said in desk("keys", "create", *words, status=2)
    assert desk.listed() == []


def test_only_an_operators_key_reviews(desk: Desk) -> None:
    desk("partners", "add", "Night Desk", "--operator")
    desk.created("--partner", "night-desk", "--scope", "quotes:review")
    refused = desk("keys", "create", "--partner", "night-desk", "--scope", "quotes:write", status=2)
    assert "what a live key of an operator may have" in refused


def test_a_rotated_key_ends_after_the_overlap_and_names_its_successor(desk: Desk, partner: str) -> None:
    old, old_id = desk.created("--partner", partner, "--scope", "account", "--name", "batch")
    made = json.loads(desk("keys", "rotate", old_id, "--overlap-hours", "48", "--json"))
    assert made["key"] != old
    assert (made["name"], made["scopes"]) == ("batch", ["account"])
    before = next(key for key in desk.listed() if key["id"] == old_id)
    assert (before["successor"], before["expires_at"], before["state"]) == (
        made["id"],
        "2026-11-25T12:00:00Z",
        "active",
    )
    assert f"{made['id']} has taken its place" in desk("keys", "rotate", old_id, status=2)
    assert desk.acts()[0] == "key_rotated"


def test_a_key_is_revoked_by_its_id(desk: Desk, partner: str) -> None:
    key, key_id = desk.created("--partner", partner, "--scope", "account")
    assert desk("keys", "revoke", key_id).startswith(f"Revoked {key_id}")
    assert desk("keys", "revoke", key_id).startswith("Revoked before")
    assert desk.listed()[0]["state"] == "revoked"
    assert desk.acts().count("key_revoked") == 1
    refused = desk("keys", "revoke", key, status=2)
    assert "is not the id of a key" in refused
    assert '"tp_live_…"' in refused


def test_the_secret_is_made_once_and_nobody_else_may_read_it(desk: Desk, partner: str) -> None:
    desk.created("--partner", partner, "--scope", "account")
    file = desk.folder / "key.secret"
    first = file.read_text()
    desk.created("--partner", partner, "--scope", "account")
    assert file.read_text() == first
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(first.strip()) == 64
    assert sorted(path.name for path in desk.folder.glob(".key*")) == []


def test_lists_fit_a_terminal(desk: Desk, partner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.created("--partner", partner, "--scope", "account", "--scope", "quotes:write", "--name", "nightly batch")
    for columns in ("60", "80", "120"):
        monkeypatch.setenv("COLUMNS", columns)
        for what in ("keys", "partners"):
            assert max(map(len, desk(what, "list").splitlines())) <= int(columns)
    assert KEY_ID.search(desk("keys", "list"))
