"""Releases made of facts that a test invents, and facts read back from a release's own CSV."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from pathlib import Path

from app.domain.statistics import Fact
from app.publish import countries, tables
from app.publish.releases import File, Partition, Release

WORDS = ("payment_instruments", "access_points", "receiving_methods")


def facts_of(folder: Path, release: Release) -> list[Fact]:
    """Return every row of a release, from its CSV alone."""
    found: list[Fact] = []
    for partition in release.partitions:
        with (folder / release.id / partition.csv.name).open(encoding="utf-8", newline="") as file:
            found += [_fact(row) for row in csv.DictReader(file)]
    return found


def _fact(row: Mapping[str, str]) -> Fact:
    return Fact(
        source=row["source"],
        period=row["period"],
        tier=row["tier"],
        corridor=row["corridor"],
        provider=row["provider"],
        provider_type=row["provider_type"],
        payment_instruments=tuple(row["payment_instruments"].split(";")),
        access_points=tuple(row["access_points"].split(";")),
        receiving_methods=tuple(row["receiving_methods"].split(";")),
        transfer_speed=row["transfer_speed"],
        network_coverage=row["network_coverage"],
        is_transparent=row["is_transparent"] == "true",
        total=Fraction(row["published_total_percent"]),
    )


def countries_of(folder: Path, release: Release) -> dict[str, dict[str, str]]:
    with (folder / release.id / countries.FILE).open(encoding="utf-8", newline="") as file:
        return {row["country"]: row for row in csv.DictReader(file)}


def made(folder: Path, facts: Sequence[Fact]) -> Release:
    """Write facts as a release's Parquet, which is all that the engine reads."""
    place = folder / "2026-11-24"
    (place / "quotes").mkdir(parents=True)
    countries.write(place / countries.FILE)
    periods = sorted({fact.period for fact in facts})
    partitions = []
    for period in periods:
        source = place / "quotes" / f"{period}.csv"
        _write(source, [fact for fact in facts if fact.period == period])
        tables.write_parquet(source, source.with_suffix(".parquet"))
        named = [File(f"quotes/{period}{ending}", 0, "") for ending in (".csv", ".parquet")]
        partitions.append(Partition(period, 0, 0, named[0], named[1]))
    return Release(
        id="2026-11-24",
        date=date(2026, 11, 24),
        methodology_version="1",
        is_synthetic=True,
        sources=("demo",),
        partitions=tuple(partitions),
        tables=(),
        documents=(),
        previous=None,
        changes=(),
        checksum="",
    )


def _write(path: Path, facts: Iterable[Fact]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, tables.names(), lineterminator="\n", restval="")
        writer.writeheader()
        for fact in facts:
            given = {name: value for name, value in fact._asdict().items() if name in tables.names()}
            writer.writerow(
                given
                | {name: ";".join(given[name]) for name in WORDS}
                | {
                    "is_transparent": "true" if fact.is_transparent else "false",
                    "published_total_percent": _decimal(fact.total),
                    "sending_country": fact.sending_country,
                    "receiving_country": fact.receiving_country,
                }
            )


def _decimal(value: Fraction) -> str:
    whole, rest = divmod(abs(value.numerator * 1000 // value.denominator), 1000)
    return f"{'-' if value < 0 else ''}{whole}.{rest:03}"
