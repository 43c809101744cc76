"""The columnar engine on a release's files: in memory, with bounds on memory, time and threads."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.domain.statistics import MEASURES, Asked, Cell, Key, Percentile, Simple
from app.publish import countries
from app.publish.releases import Release
from app.statistics import sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


PERCENTILE_DECIMALS: Final = 13
"""The engine interpolates in binary, which is off by less than 1e-15 of the figure. What it comes to is exact here: a
hundredth of a published percentage's last place is its last place, and surveys have nine decimals at most."""


class StatisticsTooLargeError(Exception):
    """A question takes more memory or time than it may; the message says which bound it met."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one question may take."""

    memory_bytes: int = 2**30
    seconds: float = 30.0
    threads: int = 2


def ask(folder: Path, release: Release, asked: Asked, bounds: Bounds | None = None) -> dict[Key, Cell]:
    """Answer a question from a release in a folder: every group that has a row, by its key, in order.

    Blocking: to be called off the event loop. Raises StatisticsTooLargeError.
    """
    place = folder / release.id
    files = [str(place / partition.parquet.name) for partition in _needed(release, asked)]
    if not files:
        return {}
    classified = str(place / countries.FILE)
    with _opened(bounds or Bounds()) as engine:
        rows = _rows(engine, sql.figures(asked, files, classified))
        pools: dict[Key, list[tuple[int, int, Decimal | None]]] = {}
        if "smart" in asked.measures:
            width = len(asked.group_by)
            for row in _rows(engine, sql.smart_pools(asked, files, classified)):
                pools.setdefault(tuple(row[:width]), []).append(row[width:])
    cells = {tuple(row[: len(asked.group_by)]): row[len(asked.group_by) :] for row in rows}
    return {
        key: _cell(cells[key], pools.get(key, []), asked) for key in sorted(cells) if cells[key][0] or cells[key][2]
    }


def _needed(release: Release, asked: Asked) -> list[Any]:
    """Return the quarters that the filters leave: the others are not even opened."""
    periods, years = asked.filters.get("period"), asked.filters.get("year")
    return [
        one
        for one in release.partitions
        if (periods is None or one.period in periods) and (years is None or one.period[:4] in years)
    ]


@contextmanager
def _opened(bounds: Bounds) -> Iterator["DuckDBPyConnection"]:
    import duckdb

    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{bounds.memory_bytes}B",
        "threads": bounds.threads,
        "temp_directory": "",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    with duckdb.connect(":memory:", config=settings) as engine:
        late = threading.Timer(bounds.seconds, engine.interrupt)
        late.start()
        try:
            yield engine
        except duckdb.InterruptException as error:
            raise StatisticsTooLargeError(f"it takes more than {bounds.seconds:g} seconds") from error
        except duckdb.OutOfMemoryException as error:
            raise StatisticsTooLargeError(f"it takes more than {bounds.memory_bytes // 2**20} MiB of memory") from error
        finally:
            late.cancel()


def _rows(engine: "DuckDBPyConnection", statement: sql.Statement) -> list[tuple[Any, ...]]:
    return engine.execute(statement.sql, statement.parameters).fetchall()


def _cell(row: Sequence[Any], pools: Sequence[tuple[int, int, Decimal | None]], asked: Asked) -> Cell:
    services, providers, undisclosed, total, least, *shares = row
    known = sum(count for size, count, _ in pools if size)
    simple: dict[Simple, Fraction | None] = {
        Simple.SERVICES: Fraction(services),
        Simple.MEAN: Fraction(total) / services if services else None,
        Simple.CHEAPEST: None if least is None else Fraction(least),
        Simple.SMART: (
            sum((Fraction(summed) / size for size, _, summed in pools if size and summed is not None), Fraction(0))
            / known
            if known
            else None
        ),
    }
    percentiles = iter(shares)
    values: dict[str, Fraction | None] = {}
    for name in asked.measures:
        measure = MEASURES[name]
        if isinstance(measure, Percentile):
            share = next(percentiles)
            values[name] = None if share is None else Fraction(round(share, PERCENTILE_DECIMALS))
        else:
            values[name] = simple[measure]
    return Cell(
        services=services,
        providers=providers,
        undisclosed=undisclosed,
        values=values,
        smart_corridors=known,
        smart_without=sum(count for size, count, _ in pools if not size),
    )
