"""Run every benchmark and write ``benchmarks/RESULTS.md``: python -m benchmarks."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import import_survey, push_quotes, start
from benchmarks.measuring import machine

RESULTS = Path(__file__).with_name("RESULTS.md")
HEAD = """# Results of the benchmarks

Every figure is the median of interleaved runs, with the smallest and the largest; goals are ratios, because machines
differ and are shared. `make bench` measures again and rewrites this file.
"""


def main(arguments: list[str]) -> None:
    """Measure at full size, or at a tenth with ``--quick``, which writes no file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, printed only")
    quick = parser.parse_args(arguments).quick
    parts = [
        push_quotes.main(["--quotes", "1000", "--turns", "2"] if quick else []),
        import_survey.main(["--rows", "25400", "--turns", "2"] if quick else []),
        start.main(["--offers", "650", "--turns", "2"] if quick else []),
    ]
    measured = f"Measured {datetime.now(UTC):%Y-%m-%d}: {machine()}."
    text = "\n\n".join((HEAD.rstrip(), measured, *parts)) + "\n"
    print(text)
    if not quick:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
