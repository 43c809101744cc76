"""Invented costs look like the survey's: median, spread and share of negative margins lie near declared targets."""

from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from statistics import fmean, median, pstdev

import pytest

from app.demo import targets
from app.demo.traps import Layout
from tests.demo.survey_file import Line, csv_lines, number, written_csv

REAL = "rpw/rpw_2011_1Q_2013_3Q.csv"


def numbers(lines: list[Line], column: str) -> list[float]:
    """Return a column's numbers over the transparent rows."""
    found = [number(line[column]) for line in lines if line["transparent"].strip().lower() == "yes"]
    return [float(value) for value in found if value is not None]


def share(values: list[float], low: float, high: float) -> float:
    """Return how many of the values lie from ``low`` to below ``high``."""
    return sum(1 for value in values if low <= value < high) / len(values)


def fees(lines: list[Line]) -> list[float]:
    return numbers(lines, "cc1 lcu fee")


@pytest.fixture(scope="module", params=list(Layout))
def generated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Line]:
    return csv_lines(written_csv(tmp_path_factory.mktemp("survey"), 20_000, request.param))


def test_totals_lie_near_the_surveys(generated: list[Line]) -> None:
    small, large = numbers(generated, "cc1 total cost %"), numbers(generated, "cc2 total cost %")

    assert median(small) == pytest.approx(targets.MEDIAN_TOTAL_USD_200, rel=0.1)
    assert median(large) == pytest.approx(targets.MEDIAN_TOTAL_USD_500, rel=0.1)
    assert pstdev(small) == pytest.approx(targets.DEVIATION_TOTAL_USD_200, rel=0.2)
    assert pstdev(large) == pytest.approx(targets.DEVIATION_TOTAL_USD_500, rel=0.3)


def test_margins_lie_near_the_surveys(generated: list[Line]) -> None:
    margins = numbers(generated, "cc1 fx margin")

    assert median(margins) == pytest.approx(targets.MEDIAN_MARGIN, rel=0.2)
    assert share(margins, -100, 0) == pytest.approx(targets.NEGATIVE_MARGIN_SHARE, abs=0.006)
    assert share(fees(generated), 0, 0.001) == pytest.approx(targets.ZERO_FEE_SHARE, abs=0.006)


def test_targets_are_the_real_surveys(shared_data: Path) -> None:
    real = csv_lines(shared_data / REAL)
    small, large = numbers(real, "cc1 total cost %"), numbers(real, "cc2 total cost %")
    margins = numbers(real, "cc1 fx margin")

    assert median(small) == pytest.approx(targets.MEDIAN_TOTAL_USD_200, abs=0.005)
    assert median(large) == pytest.approx(targets.MEDIAN_TOTAL_USD_500, abs=0.005)
    assert pstdev(small) == pytest.approx(targets.DEVIATION_TOTAL_USD_200, abs=0.005)
    assert pstdev(large) == pytest.approx(targets.DEVIATION_TOTAL_USD_500, abs=0.005)
    assert median(margins) == pytest.approx(targets.MEDIAN_MARGIN, abs=0.005)
    assert share(margins, -100, 0) == pytest.approx(targets.NEGATIVE_MARGIN_SHARE, abs=0.0001)
    assert share(fees(real), 0, 0.001) == pytest.approx(targets.ZERO_FEE_SHARE, abs=0.0001)


def test_some_corridors_are_cheap_and_some_dear(generated: list[Line]) -> None:
    by_corridor = defaultdict(list)
    for line in generated:
        if total := number(line["cc1 total cost %"]):
            by_corridor[line["corridor"]].append(float(total))
    averages = sorted(fmean(totals) for totals in by_corridor.values() if len(totals) > 30)

    assert averages[len(averages) // 10] < 5
    assert averages[-len(averages) // 10] > 12


def test_costs_fall_over_the_rounds(generated: list[Line]) -> None:
    by_period = defaultdict(list)
    for line in generated:
        if line["transparent"].strip().lower() == "yes" and (total := number(line["cc1 total cost %"])) is not None:
            by_period[line["period"]].append(float(total))
    averages = [fmean(by_period[period]) for period in sorted(by_period)]
    third = len(averages) // 3

    assert fmean(averages[:third]) > fmean(averages[-third:])


def test_parts_sum_to_the_total_as_the_surveys_rounding_lets_them(generated: list[Line]) -> None:
    misses = []
    for line in generated:
        fee, margin, total = (number(line[f"cc1 {name}"]) for name in ("lcu fee", "fx margin", "total cost %"))
        if fee is not None and margin is not None and total is not None:
            parts = margin + 100 * fee / number_of_amount(line)
            misses.append(abs(parts - total))

    within = [miss for miss in misses if miss <= 0.011]
    assert len(misses) - len(within) == pytest.approx(0.002 * len(misses), rel=0.2)
    assert max(within) > 0.005, "the published margin is rounded, the total is made of the unrounded one"


def number_of_amount(line: Line) -> Decimal:
    amount = number(line["cc1 lcu amount"])
    assert amount is not None
    return amount
