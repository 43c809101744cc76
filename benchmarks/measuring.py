"""How the benchmarks measure: whole processes, run one after the other in turns, compared by medians of ratios."""

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "var" / "bench"


@dataclass(frozen=True, slots=True)
class Run:
    """One process from its start to its end; ``cpu_seconds`` are its children's too, ``said`` the JSON it printed."""

    seconds: float
    cpu_seconds: float
    said: dict[str, Any]


def run(module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Run:
    """Run ``python -m module arguments`` to its end."""
    begin, worked = time.perf_counter(), _children_cpu_seconds()
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        check=True,
    )
    return Run(time.perf_counter() - begin, _children_cpu_seconds() - worked, json.loads(done.stdout))


def _children_cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def peak_mib() -> float:
    """Return the most memory that this process ever had resident, in MiB (Linux)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise OSError("the system does not say what memory a process had")


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Return the median, and in brackets the smallest and the largest value."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Return ours over theirs, turn by turn: what else the machine did touched both."""
    return [one / other for one, other in zip(ours, theirs, strict=True)]


def verdict(value: float, goal: float) -> str:
    """Say whether a goal of at most ``goal`` is met."""
    return "met" if value <= goal else "missed"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table that also reads well as plain text."""
    widths = [max(len(line[column]) for line in (header, *rows)) for column in range(len(header))]
    lines = [header, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )


def machine() -> str:
    """Describe what the figures were measured on, without naming it."""
    model = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        named = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = named[0] if named else model
    return f"{os.cpu_count()} cores, {model}, Python {platform.python_version()}, {platform.system()}"


def tell(text: str) -> None:
    """Say how far the measuring is, on standard error."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
