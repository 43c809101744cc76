"""Cycles of pushing and killing: the server, PostgreSQL, or both, at a moment that nobody chose."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from app.db import open_engine, reading
from app.store import import_jobs
from tests.crash.checking import Findings, check_all, check_told
from tests.crash.clients import Partners, again_then_new, only
from tests.crash.ledger import Ledger
from tests.crash.world import Database, World

PARTNERS = 4
MOST_SECONDS = 0.6
FILES = 0.08
DATABASE_IS_KILLED = 0.5


@dataclass
class Report:
    """What a run of cycles came to."""

    cycles: int
    ledger: Ledger
    findings: Findings
    database_kills: int = 0
    seconds: float = 0.0

    def lines(self) -> list[str]:
        """Return the run in words."""
        ledger = self.ledger
        return [
            f"cycles {self.cycles}, of which the database was killed in {self.database_kills}",
            f"writes {len(ledger.sent)}, items {ledger.items}, attempts {ledger.attempts}",
            f"done, and their answer lost by a kill: {ledger.lost_answers}",
            f"lost {len(self.findings.lost)}, twice {len(self.findings.twice)}, damaged {len(self.findings.damaged)}",
            f"seconds {self.seconds:.0f}",
        ]


def run(  # noqa: PLR0913 - what is killed, how often, by which chance, and who is told
    world: World,
    cycles: int,
    *,
    seed: int,
    database: Database | None = None,
    checked_every: int = 50,
    on_cycle: Callable[[int, Ledger], None] = lambda _cycle, _ledger: None,
) -> Report:
    """Push, kill and look, again and again; at the end everything is sent to its end and checked as a whole.

    Ends early where something is found.
    """
    chance = random.Random(seed)
    ledger = Ledger(datetime.now(UTC))
    report = Report(0, ledger, Findings())
    began = time.monotonic()
    for cycle in range(1, cycles + 1):
        before = set(ledger.told)
        is_database = database is not None and chance.random() < DATABASE_IS_KILLED
        _cycle(world, ledger, chance, database if is_database else None)
        report.cycles, report.database_kills = cycle, report.database_kills + is_database
        report.findings = check_told(world.settings.database_url, ledger, set(ledger.told) - before)
        if not report.findings and cycle % checked_every == 0:
            report.findings = _settled(world, ledger)
        on_cycle(cycle, ledger)
        if report.findings:
            break
    report.findings = report.findings or _settled(world, ledger)
    report.seconds = time.monotonic() - began
    return report


def _cycle(world: World, ledger: Ledger, chance: random.Random, database: Database | None) -> None:
    """Start the server, let partners push, and kill in the middle."""
    world.start()
    partners = Partners(world, ledger, again_then_new(ledger, chance, files=FILES), PARTNERS)
    partners.start()
    partners.first_answer.wait(30)
    time.sleep(chance.uniform(0, MOST_SECONDS))
    if database is not None:
        database.kill()
        if chance.random() < DATABASE_IS_KILLED:  # the server goes on alone for a moment, and finds it again
            time.sleep(chance.uniform(0, MOST_SECONDS))
            database.start()
            time.sleep(chance.uniform(0, MOST_SECONDS))
            world.kill()
        else:
            world.kill()
            database.start()
    else:
        world.kill()
    partners.end()


def _settled(world: World, ledger: Ledger) -> Findings:
    """Let a server that nobody kills bring everything to its end, then check it all."""
    world.start()
    try:
        for _ in range(10):
            partners = Partners(world, ledger, only(ledger.unanswered()), PARTNERS)
            partners.start()
            partners.join()
            if not ledger.unanswered():
                break
        wait_for_files(world)
    finally:
        world.stop()
    return check_all(world.settings.database_url, ledger)


def wait_for_files(world: World) -> None:
    """Wait until no file waits for its import any more."""
    engine = open_engine(world.settings.database_url)
    try:
        for _ in range(600):
            with reading(engine) as connection:
                if not import_jobs.open_jobs(connection):
                    return
            time.sleep(0.1)
    finally:
        engine.dispose()
