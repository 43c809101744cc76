"""docs/judgement.md names every rule and every threshold, as they are in the code."""

import re
from dataclasses import fields
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.plausibility.parameters import PARAMETERS, Parameters
from app.domain.plausibility.quotes import RULES
from app.domain.plausibility.sandbox import MAGIC_DUPLICATE, MAGIC_VERDICTS
from app.domain.verdicts import Verdict

PAGE = (Path(__file__).parents[1] / "docs" / "judgement.md").read_text("utf-8")


def written(value: object) -> str:
    """Return a threshold as the page writes it."""
    if isinstance(value, tuple):
        return " to ".join(f"{bound:,}" for bound in value)
    if isinstance(value, timedelta):
        return f"{value.days} days" if value.days else f"{value.seconds // 60} minutes"
    return f"{value} times" if isinstance(value, int) else str(value)


def test_every_rule_is_in_the_table_in_the_order_in_which_they_are_asked() -> None:
    listed = re.findall(r"^\| `([a-z-]+)` \| [a-z]", PAGE.partition("## The rules")[2], re.MULTILINE)
    assert listed == [rule.__name__.replace("_", "-") for rule in RULES]


@pytest.mark.parametrize("field", [field.name for field in fields(Parameters) if field.name != "since"])
def test_every_threshold_has_its_value_and_a_reason(field: str) -> None:
    row = re.search(rf"^\| `{field}` \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)
    assert row is not None
    assert row[1] == written(getattr(PARAMETERS[-1], field))
    assert row[2]


def test_the_day_from_which_they_hold_is_told() -> None:
    assert f"In force since {PARAMETERS[-1].since}:" in PAGE
    assert isinstance(PARAMETERS[-1].since, date)
    assert isinstance(PARAMETERS[-1].usual_fee_percent, Decimal)


def test_every_verdict_and_every_magic_id_is_told() -> None:
    assert all(f"| `{verdict}` |" in PAGE for verdict in Verdict)
    assert all(f"`{magic}`" in PAGE for magic in (*MAGIC_VERDICTS, MAGIC_DUPLICATE))
