"""The runbook is followed word by word, in a shell, on a night on which somebody pushed what is wrong."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.accounts import find_partner
from app.db import open_engine, reading
from app.domain.audit import Action
from app.domain.partners import Scope
from app.settings import Settings
from app.store import audit, hidden_providers, keys, live_quotes
from tests.api.keyed import key_of
from tests.push.pushing import PARTNER, item, known, pushed

RUNBOOK = (Path(__file__).parents[1] / "docs" / "runbook.md").read_text("utf-8")
WRITTEN_DAY = "2026-11-24"
GOOD, WRONG = 1, 2  # hours
pytestmark = pytest.mark.slow

YESTERDAY = str(datetime.now(UTC).date() - timedelta(days=1))


@dataclass
class Night:
    """A database with a good batch (import 1) and a wrong one (import 2), and a key that leaked."""

    settings: Settings
    key: str

    def follow(self, heading: str, **found: str) -> str:
        """Type all lines of a section, with what was found out tonight in place of what the runbook found."""
        lines = typed(heading)
        for name, value in found.items():
            lines = re.sub(rf"^{name}=.*$", f"{name}={value}", lines, flags=re.MULTILINE)
        folder = self.settings.data_dir
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "THREEPERCENT_DATA_DIR": str(folder),
            "LANG": "C.UTF-8",
            "COLUMNS": "160",
        }
        done = subprocess.run(
            ["/bin/sh", "-eu", "-c", lines], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def standing(self) -> list[int]:
        """The hours at which the prices that are shown were observed."""
        engine = open_engine(self.settings.database_url)
        with reading(engine) as connection:
            found = connection.execute(select(live_quotes.live_quotes.c.observed_at)).scalars().all()
        engine.dispose()
        return sorted(observed_at.hour for observed_at in found)

    def acts(self) -> list[str]:
        engine = open_engine(self.settings.database_url)
        with reading(engine) as connection:
            assert audit.verify(connection) is None
            found = [entry.act.action for entry in audit.entries(connection)]
        engine.dispose()
        return found


def typed(heading: str) -> str:
    """The lines of a section's examples; addresses are asked by the tests of the documentation."""
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
    assert section is not None, heading
    blocks = re.findall(r"^```sh\n(.*?)^```", section[1], re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if not line.startswith("curl ")]
    return "\n".join(lines).replace(WRITTEN_DAY, YESTERDAY)


@pytest.fixture
def night(sqlite_url: str, tmp_path: Path) -> Night:
    settings = Settings(data_dir=tmp_path, database_url=sqlite_url)
    engine = open_engine(sqlite_url)
    known(engine)
    day = datetime.fromisoformat(f"{YESTERDAY}T00:00:00Z")
    for number, (hour, rate) in enumerate([(GOOD, "77.1"), (WRONG, "78.5")], start=1):
        observed = f"{YESTERDAY}T0{hour}:10:00Z"
        end = f"{YESTERDAY}T21:00:00Z"
        pushed(
            engine,
            [item(observed_at=observed, valid_until=end, offered_rate=rate)],
            now=day + timedelta(hours=hour, minutes=30),
            public_id=f"imp_{number}",
        )
    with reading(engine) as connection:
        partner = find_partner(connection, PARTNER.id)
    made = key_of(engine, settings, partner, Scope.QUOTES_WRITE)
    engine.dispose()
    assert Night(settings, made.made.record.id).standing() == [WRONG]
    return Night(settings, made.made.record.id)


def test_the_first_look_looks_only(night: Night) -> None:
    before = night.acts()
    assert "partner-example" in night.follow("First look")
    assert night.acts() == before


def test_a_wrong_batch_is_taken_back_and_the_older_prices_stand_again(night: Night) -> None:
    lines = night.follow("A wrong batch")
    assert "1 older ones stand again" in lines
    assert night.standing() == [GOOD]
    assert night.acts()[-1] == Action.IMPORT_WITHDRAWN


def test_inverted_rates_are_taken_back_and_the_provider_is_hidden(night: Night) -> None:
    night.follow("Inverted rates")
    assert night.standing() == []
    engine = open_engine(night.settings.database_url)
    with reading(engine) as connection:
        assert hidden_providers.hidden(connection) == {"example-transfer"}
    engine.dispose()


def test_a_leaked_key_is_ended_and_the_partner_gets_another(night: Night) -> None:
    shown = night.follow("A leaked key", KEY=night.key)
    assert re.search(r"\btp_live_\w+", shown)
    engine = open_engine(night.settings.database_url)
    with reading(engine) as connection:
        leaked, new = sorted(keys.listed(connection), key=lambda key: key.id != night.key)
    engine.dispose()
    assert leaked.revoked_at is not None
    assert new.revoked_at is None


def test_a_silent_source_is_looked_at(night: Night) -> None:
    assert "ecb" in night.follow("A silent source")


def test_on_a_full_disk_only_what_nobody_needs_is_deleted(night: Night) -> None:
    archive = night.settings.data_dir / "archive"
    archive.mkdir()
    for name, days in (("incoming-old", 2), ("incoming-of-now", 0), ("kept", 2)):
        (archive / name).write_bytes(b"x")
        then = (datetime.now(UTC) - timedelta(days=days)).timestamp()
        os.utime(archive / name, (then, then))
    night.follow("A full disk", DATA=".")
    assert sorted(path.name for path in archive.iterdir()) == ["incoming-of-now", "kept"]


def test_a_backup_is_restored_and_the_state_before_is_kept(night: Night) -> None:
    night.follow("Restoring a backup", BACKUP=backup_of(night))
    assert night.standing() == [WRONG]
    assert (night.settings.data_dir / "before-restoring.db").exists()


def backup_of(night: Night) -> str:
    """Make a backup of what is right, then let something go wrong."""
    subprocess.run(
        [Path(sys.executable).with_name("threepercent"), "db", "backup", "backup.db"],
        cwd=night.settings.data_dir,
        env={**os.environ, "THREEPERCENT_DATA_DIR": str(night.settings.data_dir)},
        check=True,
        capture_output=True,
    )
    night.follow("A wrong batch")
    assert night.standing() == [GOOD]
    return "backup.db"


def test_every_section_is_followed_here() -> None:
    without_commands = {"Too many requests"}
    sections = set(re.findall(r"^## (.+)$", RUNBOOK, re.MULTILINE))
    followed = set(re.findall(r'follow\("([^"]+)"', Path(__file__).read_text("utf-8")))
    assert sections - without_commands == followed
