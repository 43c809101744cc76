"""Row 9 of the performance goals: from the start of a worker to its first answer, and the memory it then holds."""

import argparse
import csv
import http.client
import os
import signal
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from app.db import open_engine, upgrade
from app.demo.files import write_csv
from app.demo.plan import Plan
from app.demo.traps import Layout
from app.ingest import Order
from app.ingest import run as import_survey
from benchmarks.measuring import FOLDER, ROOT, ratios, spread, table, tell, verdict

OFFERS = 6_500
TURNS = 7
GOAL, MEMORY_GOAL_MIB = 1.5, 130.0
QUARTERS_KEPT = 4
QUARTERS_OF_THE_NEW_LAYOUT = 41
QUESTION = "/v1/corridors/GBR-PHL/comparison?amount=120"
PATIENCE_SECONDS = 60.0
SETTLING_SECONDS = 3.0


def database_of(offers: int) -> Path:
    """Return a database whose newest quarter has so many services, beside the three quarters before."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    database, whole, kept = (FOLDER / f"start-{offers}.{ending}" for ending in ("db", "whole.csv", "csv"))
    for old in FOLDER.glob(f"{database.name}*"):
        old.unlink()
    tell(f"making a database with {offers:,} current services")
    write_csv(Plan(offers * QUARTERS_OF_THE_NEW_LAYOUT, layouts=(Layout.NEW,)), whole, _quietly)
    with (
        whole.open(encoding="utf-8", newline="") as everything,
        kept.open("w", encoding="utf-8", newline="") as newest,
    ):
        lines, out = csv.reader(everything), csv.writer(newest)
        out.writerow(next(lines))
        out.writerows(line for line in lines if line[1] >= "2025_4Q")
    whole.unlink()
    engine = open_engine(f"sqlite:///{database}")
    upgrade(engine)
    import_survey(engine, Order(file=kept, data_dir=FOLDER / "start-data", now=datetime.now(UTC)))
    engine.dispose()
    return database


def seconds_to_first_answer(database: Path, port: int) -> tuple[float, float, float]:
    """Start a worker, ask until it answers; return the seconds, and its resident and peak memory in MiB."""
    begin = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-c", "from app.cli import main; main()", "serve", "--port", str(port)],
        cwd=ROOT,
        env={
            **os.environ,
            "THREEPERCENT_DATABASE_URL": f"sqlite:///{database}",
            "THREEPERCENT_LIMITS_ENABLED": "false",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _answers(port):
            if server.poll() is not None or time.perf_counter() - begin > PATIENCE_SECONDS:
                raise RuntimeError("the server gave no answer")
            time.sleep(0.005)
        seconds = time.perf_counter() - begin
        time.sleep(SETTLING_SECONDS)  # the rest of the board is prepared after the first answer
        return seconds, _memory_mib(server.pid, "VmRSS"), _memory_mib(server.pid, "VmHWM")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def seconds_of_the_framework_alone(database: Path) -> float:
    """Start a process that imports the framework and reads the current rows; return the seconds until it ends."""
    begin = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "benchmarks.start_works", str(database)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - begin


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", QUESTION)
        answer = connection.getresponse()
        answer.read()
    except (ConnectionError, TimeoutError):
        return False
    finally:
        connection.close()
    return answer.status == http.HTTPStatus.OK


def _memory_mib(process: int, what: str) -> float:
    for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the system does not say what memory a process has")


def measure(offers: int, turns: int, port: int) -> str:
    """Return the results as Markdown."""
    database = database_of(offers)
    ours, theirs, resident, peak = [], [], [], []
    for turn in range(turns):
        theirs.append(seconds_of_the_framework_alone(database))
        seconds, rss, most = seconds_to_first_answer(database, port)
        ours.append(seconds)
        resident.append(rss)
        peak.append(most)
        tell(f"turn {turn + 1} of {turns}: alone {theirs[-1]:.2f} s, first answer {seconds:.2f} s, {rss:.0f} MiB")
    found, memory = ratios(ours, theirs), statistics.median(resident)
    lines = [
        ["framework alone and reading the rows, s", spread(theirs), "", ""],
        ["start to first answer, s", spread(ours), "", ""],
        ["ratio", spread(found), f"≤ {GOAL}", verdict(statistics.median(found), GOAL)],
        ["worker's memory, MiB", spread(resident, 0), f"≤ {MEMORY_GOAL_MIB:.0f}", verdict(memory, MEMORY_GOAL_MIB)],
        ["its peak, MiB", spread(peak, 0), "", ""],
    ]
    title = f"## Row 9: start to first answer, {offers:,} current services, {turns} turns"
    return f"{title}\n\n{table(['what', 'median (spread)', 'goal', 'verdict'], lines)}"


def _quietly(_written: int) -> None:
    """Take no notice of progress."""


def main(arguments: list[str]) -> str:
    """Measure as the arguments say; return the results as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offers", type=int, default=OFFERS)
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--port", type=int, default=18_973)
    chosen = parser.parse_args(arguments)
    return measure(chosen.offers, chosen.turns, chosen.port)


if __name__ == "__main__":
    print(main(sys.argv[1:]))
