"""What ``import_survey.py`` compares: pieces of work, each a process of its own."""

import csv
import json
import resource
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measuring import peak_mib

SHEETS = ("Dataset (up to Q1 2016)", "Dataset (from Q2 2016)")
_TIERS = ("cc1", "cc2")
_CELLS = ("lcu code", "lcu amount", "denomination amount", "lcu fee", "fx margin", "total cost %", "lcu fx rate")
_WORDS = ("firm", "firm_type", "payment instrument", "access point", "pickup method", "speed actual", "transparent")


def read_workbook(file: Path) -> dict[str, float]:
    """Let calamine read every row of both data sheets, and do nothing with them."""
    from python_calamine import CalamineWorkbook

    workbook = CalamineWorkbook.from_path(file)
    rows = 0
    for name in SHEETS:
        for _row in workbook.get_sheet_by_name(name).iter_rows():
            rows += 1
        rows -= 1
    return {"rows": rows, "peak_mib": peak_mib()}


def write_csv_rows(file: Path) -> dict[str, float]:
    """Read with ``csv.reader``, write two unjudged quotes a row with ``executemany``, keyed and indexed like ours."""
    with TemporaryDirectory(dir=file.parent) as folder, sqlite3.connect(Path(folder) / "plain.db") as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        columns = ["corridor", "observed_at", "id", "source", "period", "source_key", *_CELLS, "mid", *_WORDS]
        named = ", ".join(f'"{column}"' for column in columns)
        database.execute(f"CREATE TABLE quotes ({named}, PRIMARY KEY (corridor, observed_at, id))")
        database.execute("CREATE INDEX quotes_by_key ON quotes (source, period, source_key)")
        insert = f"INSERT OR IGNORE INTO quotes VALUES ({', '.join('?' * len(columns))})"
        with file.open(encoding="utf-8", newline="") as text:
            rows = database.executemany(insert, _two_a_row(csv.reader(text))).rowcount
        database.commit()
    database.close()
    return {"rows": rows // 2, "peak_mib": peak_mib()}


def _two_a_row(lines: Iterator[list[str]]) -> Iterator[Sequence[str | bytes]]:
    at = {name: place for place, name in enumerate(next(lines))}
    tiers = [[at[f"{prefix} {cell}"] for cell in _CELLS] for prefix in _TIERS]
    words = [at[word] for word in _WORDS]
    for line in lines:
        described = [line[place] for place in words]
        key = line[at["period"]], line[at["id"]]
        for number, tier in enumerate(tiers):
            cells = [line[place] for place in tier]
            identifier = blake2b("|".join((*key, str(number), *cells)).encode(), digest_size=16).digest()
            start = line[at["corridor"]], line[at["date"]], identifier, "demo"
            yield (*start, *key, *cells, line[at["inter lcu bank fx"]], *described)


def import_file(file: Path) -> dict[str, float]:
    """Import the file as ``threepercent import`` does, into a new database."""
    from app.db import open_engine, upgrade
    from app.ingest import Order, run

    with TemporaryDirectory(dir=file.parent) as folder:
        engine = open_engine(f"sqlite:///{folder}/bench.db")
        upgrade(engine)
        report = run(engine, Order(file=file, data_dir=Path(folder), now=datetime.now(UTC)))
        engine.dispose()
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {
        "rows": report.counts["rows_read"],
        "quotes": report.counts["quotes_accepted"],
        "peak_mib": peak_mib(),
        "child_peak_mib": child,
    }


WORKS = {"read-workbook": read_workbook, "write-csv-rows": write_csv_rows, "import": import_file}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(WORKS[sys.argv[1]](Path(sys.argv[2]))))
