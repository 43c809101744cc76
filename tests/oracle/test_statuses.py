"""Every stored quote has the statuses that its published row earns; the counts are those of the data's README."""

from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import select

from app.db import open_engine, reading
from app.ingest import Report
from app.settings import Settings
from app.store.quotes import quotes
from tests.oracle.prices import margin_status
from tests.oracle.survey import Row, Tier, rows

TIERS = ("usd_200", "usd_500")
SPLIT = {"same_currency": 566, "paid_out_in_sending_currency": 1190, "zero_unexplained": 604, "not_measured": 791}
Facts = tuple[str, str, str, Fraction, Fraction]


@pytest.fixture(scope="module")
def published(shared_data: Path) -> dict[tuple[str, str], tuple[Row, Tier]]:
    """Every price of the files by the row's key and its tier."""
    return {
        (row.key, name): (row, tier)
        for row in rows(shared_data)
        for name, tier in zip(TIERS, row.tiers, strict=True)
        if tier is not None
    }


def test_every_stored_quote_has_the_computed_statuses(
    sample_settings: Settings, imported: Report, published: dict[tuple[str, str], tuple[Row, Tier]]
) -> None:
    assert imported.source == "rpw"
    computed = {key: facts(row, tier) for key, (row, tier) in published.items()}
    columns = quotes.c
    wanted = (
        columns.fx_margin_status,
        columns.cost_status,
        columns.sending_currency,
        columns.amount,
        columns.published_total_percent,
    )
    engine = open_engine(sample_settings.database_url)
    try:
        with reading(engine) as connection:
            stored: dict[tuple[str, str], Facts] = {
                (key, tier): (margin, cost, currency, Fraction(amount), Fraction(total))
                for key, tier, margin, cost, currency, amount, total in connection.execute(
                    select(columns.source_key, columns.tier, *wanted)
                )
            }
    finally:
        engine.dispose()
    assert len(stored) == 39_279
    assert {key: (stored.get(key), one) for key, one in computed.items() if stored.get(key) != one} == {}
    assert stored.keys() == computed.keys()


def facts(row: Row, tier: Tier) -> Facts:
    cost = "suspect" if tier.is_suspect else "consistent"
    return margin_status(row, tier), cost, tier.currency, tier.amount, tier.total


@pytest.mark.parametrize(
    ("tier", "undisclosed", "incomplete", "suspect", "zero", "rest"),
    [("usd_200", 1928, 6, 38, 3151, 14_536), ("usd_500", 1904, 6, 18, 3141, 14_551)],
)
def test_counts_are_those_of_the_readme(  # noqa: PLR0913, PLR0917 -- a line of the README's table
    published: dict[tuple[str, str], tuple[Row, Tier]],
    tier: str,
    undisclosed: int,
    incomplete: int,
    suspect: int,
    zero: int,
    rest: int,
) -> None:
    counted = Counter(kind(row, price) for (_, name), (row, price) in published.items() if name == tier)
    assert counted == {
        "undisclosed": undisclosed,
        "incomplete": incomplete,
        "suspect": suspect,
        "zero": zero,
        "rest": rest,
    }


def kind(row: Row, tier: Tier) -> str:
    if not row.is_transparent:
        return "undisclosed"
    if tier.recomputed is None:
        return "incomplete"
    if tier.is_suspect:
        return "suspect"
    return "zero" if tier.margin == 0 and tier.rate == 1 and row.interbank == 1 else "rest"


def test_zero_margins_split_by_what_explains_them(published: dict[tuple[str, str], tuple[Row, Tier]]) -> None:
    zeros = [(row, price) for (_, name), (row, price) in published.items() if name == "usd_200"]
    assert Counter(margin_status(row, price) for row, price in zeros if kind(row, price) == "zero") == SPLIT
