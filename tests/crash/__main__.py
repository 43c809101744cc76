"""``make crash``: thousands of kills, and what they came to, into benchmarks/CRASHES.md."""

import argparse
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.crash import cycles, keys
from tests.crash.ledger import Ledger
from tests.crash.world import Database, new_world

RESULTS = Path(__file__).parents[2] / "benchmarks" / "CRASHES.md"
TOLD_EVERY = 10


def main() -> int:
    """Run what is asked for, write the results, and say by the status whether anything was lost, twice or damaged."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--sqlite", type=int, default=1000, help="cycles on SQLite")
    parser.add_argument("--postgresql", type=int, default=200, help="cycles on PostgreSQL, which is killed too")
    parser.add_argument("--keys", type=int, default=10_000, help="writes, each sent --fold times at once")
    parser.add_argument("--fold", type=int, default=keys.AT_ONCE)
    parser.add_argument("--seed", type=int, default=20261124)
    asked = parser.parse_args()
    reports = {}
    if asked.sqlite:
        with tempfile.TemporaryDirectory(prefix="threepercent-crash-") as folder:
            world = new_world(Path(folder), f"sqlite:///{folder}/threepercent.db")
            reports["server killed, SQLite"] = cycles.run(world, asked.sqlite, seed=asked.seed, on_cycle=_tell)
    if asked.postgresql:
        with tempfile.TemporaryDirectory(prefix="threepercent-crash-") as folder:
            database = Database(Path(folder) / "postgresql")
            world = new_world(Path(folder), database.url)
            report = cycles.run(world, asked.postgresql, seed=asked.seed, database=database, on_cycle=_tell)
            reports["server and PostgreSQL killed"] = report
            database.end()
    if asked.keys:
        with tempfile.TemporaryDirectory(prefix="threepercent-crash-") as folder:
            world = new_world(Path(folder), f"sqlite:///{folder}/threepercent.db", workers=2)
            report = keys.run(world, asked.keys, seed=asked.seed, fold=asked.fold, on_kill=_tell)
            reports[f"each key {asked.fold} times at once, two workers, SQLite"] = report
    RESULTS.write_text(_page(reports, asked.seed), "utf-8")
    print(RESULTS.read_text("utf-8"))  # noqa: T201 - what make shows
    return int(any(report.findings for report in reports.values()))


def _tell(number: int, ledger: Ledger) -> None:
    if number % TOLD_EVERY == 0:
        print(f"{number}: {len(ledger.told)} writes acknowledged", file=sys.stderr, flush=True)  # noqa: T201


def _page(reports: dict[str, cycles.Report], seed: int) -> str:
    day = datetime.now(UTC).date()
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    lines = [
        "# What was killed, and what it cost",
        "",
        f"`make crash`, {day}, seed {seed}, {machine}.",
        "`kill -9` while partners push over HTTP; then what they were told is compared with what is stored.",
        "",
    ]
    for name, report in reports.items():
        lines += [f"## {name}", "", *(f"- {line}" for line in report.lines()), ""]
        for what in ("lost", "twice", "damaged"):
            lines += [f"- **{what}**: {each}" for each in getattr(report.findings, what)[:20]]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    sys.exit(main())
