"""The worked examples of ``tests/cases``, each with its published source."""

import tomllib
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from app.domain.money import money_out, percent_out
from tests.domain.builders import at, curve, quote

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "prices.toml").read_text())["case"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["what"])
def test_a_worked_price(case: dict[str, Any]) -> None:
    said = quote(case["amount"], case["fee"], case["fx_margin_percent"], case["published_total_percent"])
    price = at(curve(said), case["amount"])
    assert price.total_cost is not None
    assert price.total_cost_percent is not None
    assert price.cost_of_total_paid_percent is not None
    found = {
        "cost_status": said.cost_status,
        "total_cost": money_out(price.total_cost, 2),
        "fee_percent": percent_out(price.fee_percent),
        "total_cost_percent": percent_out(price.total_cost_percent),
        "cost_of_total_paid_percent": percent_out(price.cost_of_total_paid_percent),
    }
    for name in found.keys() & case.keys():
        expected = case[name] if name == "cost_status" else Decimal(case[name])
        assert found[name] == expected, name


def test_every_case_names_its_source() -> None:
    assert all(case["source"] and len(case["what"]) > 10 for case in CASES)
    assert len({case["what"] for case in CASES}) == len(CASES)
    assert all(Fraction(case["amount"]) > 0 for case in CASES)
