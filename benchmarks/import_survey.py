"""Row 8 of the performance goals: importing a survey against merely reading it, and against merely writing its rows.

In each turn four processes run one after the other; every figure is the median over the turns with its spread.
"""

import argparse
import statistics
import sys
from collections import defaultdict
from hashlib import sha256
from pathlib import Path

from app.demo.files import write_csv, write_workbook
from app.demo.plan import Plan
from app.demo.traps import Layout
from benchmarks.measuring import FOLDER, Run, ratios, run, spread, table, tell, verdict

ROWS = 254_000
TURNS = 5
WORKBOOK_GOAL, CSV_GOAL, MEMORY_GOAL_MIB = 3.0, 4.0, 200.0
WORKS = "benchmarks.import_works"


def files(rows: int) -> tuple[Path, Path]:
    """Return a workbook and a CSV of so many rows; they are made once for each version of the generator."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    probe = FOLDER / "probe.csv"
    write_csv(Plan(1000, layouts=(Layout.NEW,)), probe, _quietly)
    version = sha256(probe.read_bytes()).hexdigest()[:12]
    workbook, plain = (FOLDER / f"survey-{rows}-{version}.{ending}" for ending in ("xlsx", "csv"))
    if not workbook.exists():
        tell(f"making a workbook of {rows:,} rows")
        write_workbook(Plan(rows), workbook, _quietly)
    if not plain.exists():
        write_csv(Plan(rows, layouts=(Layout.NEW,)), plain, _quietly)
    return workbook, plain


def measure(rows: int, turns: int) -> str:
    """Return the results as Markdown."""
    workbook, plain = files(rows)
    works = {
        "calamine reads the workbook": ("read-workbook", workbook),
        "import of the workbook": ("import", workbook),
        "csv.reader + executemany": ("write-csv-rows", plain),
        "import of the CSV": ("import", plain),
    }
    runs: defaultdict[str, list[Run]] = defaultdict(list)
    for turn in range(turns):
        for name, (work, file) in works.items():
            runs[name].append(run(WORKS, work, str(file)))
            tell(f"turn {turn + 1} of {turns}: {name}, {runs[name][-1].seconds:.1f} s")
    return _results(runs, rows, turns)


def _results(runs: dict[str, list[Run]], rows: int, turns: int) -> str:
    seconds = {name: [one.seconds for one in several] for name, several in runs.items()}
    read, book, plain, csv = seconds
    lines = [
        [
            name,
            spread(values, 1),
            f"{statistics.median(one.cpu_seconds for one in runs[name]):.1f}",
            f"{rows / statistics.median(values):,.0f}",
            f"{max(one.said['peak_mib'] for one in runs[name]):.0f}",
            f"{max(one.said.get('child_peak_mib', 0) for one in runs[name]):.0f}",
        ]
        for name, values in seconds.items()
    ]
    book_ratio, csv_ratio = ratios(seconds[book], seconds[read]), ratios(seconds[csv], seconds[plain])
    memory = max(one.said["peak_mib"] for name in (book, csv) for one in runs[name])
    goals = [
        ["workbook import / calamine", spread(book_ratio), f"≤ {WORKBOOK_GOAL}", _met(book_ratio, WORKBOOK_GOAL)],
        ["CSV import / csv.reader + executemany", spread(csv_ratio), f"≤ {CSV_GOAL}", _met(csv_ratio, CSV_GOAL)],
        ["importing parent's peak, MiB", f"{memory:.0f}", f"≤ {MEMORY_GOAL_MIB:.0f}", verdict(memory, MEMORY_GOAL_MIB)],
    ]
    title = f"## Row 8: import of a survey, {rows:,} rows, {turns} turns"
    return "\n\n".join(
        (
            title,
            table(["work", "seconds: median (spread)", "CPU s", "rows/s", "peak MiB", "child's peak MiB"], lines),
            table(["ratio", "median (spread)", "goal", "verdict"], goals),
        )
    )


def _met(found: list[float], goal: float) -> str:
    return verdict(statistics.median(found), goal)


def _quietly(_written: int) -> None:
    """Take no notice of progress."""


def main(arguments: list[str]) -> str:
    """Measure as the arguments say; return the results as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--turns", type=int, default=TURNS)
    chosen = parser.parse_args(arguments)
    return measure(chosen.rows, chosen.turns)


if __name__ == "__main__":
    print(main(sys.argv[1:]))
