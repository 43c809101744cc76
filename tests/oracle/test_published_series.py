"""The World Bank's own series, reproduced from what the product serves and computes."""

import csv
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

import pytest

from app.db import open_engine, reading
from app.domain.indicators import GLOBAL_AVERAGE, averages
from app.ingest import Report
from app.settings import Settings
from app.store.rounds import quotes_of_period
from tests.oracle import figures
from tests.oracle.checking import compared_figures
from tests.oracle.conftest import Listed
from tests.oracle.survey import quarter, rounds, rows

REFERENCE = "reference/databank_corridor_average_2011Q1_2013Q1.csv"
PERIODS = ["2011-Q1", "2011-Q3", "2012-Q1", "2012-Q3", "2013-Q1", "2013-Q2", "2013-Q3", "2025-Q3"]
GLOBAL = {
    "2011-Q1": "9.0024",
    "2011-Q3": "9.3029",
    "2012-Q1": "9.1102",
    "2012-Q3": "9.0014",
    "2013-Q1": "9.0494",
    "2013-Q2": "8.8509",
    "2013-Q3": "8.9256",
}


def test_the_served_averages_are_the_1059_that_the_world_bank_published(listed: Listed, shared_data: Path) -> None:
    published: dict[str, dict[str, Fraction]] = defaultdict(dict)
    with (shared_data / REFERENCE).open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            corridor = f"{row['source_code']}-{row['destination_code']}"
            published[quarter(row["period"])][corridor] = Fraction(row["avg_total_cost_pct_200"])
    assert sum(len(of_period) for of_period in published.values()) == 1059
    for period, expected in published.items():
        served = {one["id"]: one for one in listed(period)}
        averages_served = {corridor: one["average_percent"] for corridor, one in served.items()}
        far = {c: v for c, v in expected.items() if abs(averages_served[c] - v) >= Fraction(1, 10**5)}
        assert not far
        surveyed = {corridor for corridor, average in averages_served.items() if average is not None}
        assert surveyed == expected.keys()


@pytest.mark.parametrize("period", PERIODS)
def test_the_list_of_corridors_has_the_computed_figures(period: str, listed: Listed, shared_data: Path) -> None:
    computed = {key[0]: figures.figures(members) for key, members in rounds(shared_data).items() if key[1] == period}
    served = {one["id"]: one for one in listed(period)}
    found = [
        f"{corridor} {difference}"
        for corridor, expected in computed.items()
        for difference in compared_figures(served[corridor], expected)
    ]
    assert computed
    assert not found
    absent = [one for corridor, one in served.items() if corridor not in computed]
    assert {one["average_percent"] for one in absent} <= {None}
    assert {one["figures_reason"] for one in absent} <= {"not_surveyed"}


def test_global_averages_are_those_of_the_methodology(
    sample_settings: Settings, imported: Report, shared_data: Path
) -> None:
    assert imported.source == "rpw"
    engine = open_engine(sample_settings.database_url)
    try:
        with reading(engine) as connection:
            computed = {
                period: averages(GLOBAL_AVERAGE, quotes_of_period(connection, "rpw", period))["global"]
                for period in GLOBAL
            }
    finally:
        engine.dispose()
    assert {period: f"{float(average):.4f}" for period, average in computed.items()} == GLOBAL
    assert computed == {period: figures.global_average(rows(shared_data), period) for period in GLOBAL}
