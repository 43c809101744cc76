"""``threepercent compare`` and ``corridors`` over live prices: what they are measured against, and what is refused."""

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from app.cli.benchmark_view import benchmark
from app.cli.data import opened
from app.compare import Comparison, ComparisonQuestion
from tests.cli.conftest import Run


@pytest.mark.parametrize("as_json", [(), ("--json",)])
@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        ("GBR-PHL --benchmark nobody", 2, '--benchmark cannot be "nobody"; expected an institution (demo_fixing)'),
        ("GBR-PHL --basis survey --benchmark demo_fixing", 2, "leave out --benchmark, or write --basis live."),
        ("GBR-PHL --basis survey --benchmark nobody", 2, "leave out --benchmark"),
        ("GBR-PHL --basis survey --period 2016-Q1 --benchmark demo_fixing", 2, "leave out --benchmark"),
        ("GBR-PHL --currency TRY", 2, '--currency cannot be "TRY"; expected a currency that live prices'),
        ("GBR-PHL --source nobody", 2, '--source cannot be "nobody"; expected any of demo, '),
        ("GBR-PHL --provider nobody", 2, "threepercent compare CORRIDOR --json names them"),
        ("GBR-FRA", 1, "threepercent corridors lists every covered corridor"),
        ("GBR-PHL --basis life", 2, "Invalid value for '--basis': 'life' is not one of 'live', 'survey'."),
        ("GBR-PHL --basis live --basis survey", 2, "'--basis': it is given more than once"),
        ("GBR-PHL --currency GBP --sending-currency EUR", 2, "it is given more than once"),
        ("GBR-PHL --receiving-without-account --no-receiving-without-account", 2, "it is given more than once"),
    ],
)
def test_what_cannot_be_answered_is_said_in_options(
    live: Run, arguments: str, status: int, told: str, as_json: tuple[str, ...]
) -> None:
    result = live("compare", *arguments.split(), *as_json)
    assert result.exit_code == status, result.output
    assert told in " ".join(result.stderr.split())
    assert "Value error" not in result.stderr
    assert not result.stdout


def test_the_default_benchmark_may_be_named(live: Run) -> None:
    assert live("compare", "GBR-PHL", "--benchmark", "default").stdout == live("compare", "GBR-PHL").stdout


@pytest.mark.parametrize(
    "words", ["sources pause ecb --reason a --reason b", "imports list --json --json", "db check --bad", "rates EUR"]
)
def test_every_command_refuses_wrong_use(live: Run, words: str) -> None:
    assert live(*words.split()).exit_code == 2


def test_what_may_be_given_several_times_may(without_data: Run) -> None:
    result = without_data("fetch", "ecb", "--corridor", "GBR-PHL", "--corridor", "GBR-IND")
    assert "not asked by corridor" in result.stderr


# ---------------------------------------------------------------- what margins are measured against


def told(comparison: Comparison) -> str:
    with opened() as data:
        return " ".join(benchmark(comparison, data.board.institutions, data.now.date()))


@pytest.fixture
def comparison(live: Run) -> Comparison:
    assert live("compare", "GBR-PHL").exit_code == 0
    with opened() as data:
        return data.comparison(data.prices("GBR-PHL", basis=None, period=None), ComparisonQuestion())


def test_the_mid_market_rate_has_its_pair_day_institution_and_age(live: Run) -> None:
    heading = live("compare", "GBR-PHL").stdout.splitlines()[:4]
    assert heading[2].startswith("Mid-market rate: 1 GBP = 73.0")
    assert heading[2].endswith(" PHP, daily fixing of 2026-11-20 by Demonstration fixing, 3 days old.")
    assert heading[3] == "The order rests on no benchmark."


@pytest.mark.parametrize(
    ("stable", "reason", "said"),
    [
        (True, None, "same under every benchmark: demo_fixing, other."),
        (False, None, "Another benchmark gives another order"),
        (None, "single_benchmark", "There is no other benchmark."),
    ],
)
def test_the_order_is_called_as_stable_as_the_comparison_says(
    comparison: Comparison, *, stable: bool | None, reason: str | None, said: str
) -> None:
    available = ("demo_fixing", "other")
    found = replace(comparison, rank_stable=stable, rank_stable_reason=reason, benchmarks_available=available)
    assert said in told(found)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("no_reference_rate", "No mid-market rate of GBP in PHP: there is no reference rate."),
        ("rate_too_old", "the newest reference rate is more than 7 days old."),
    ],
)
def test_where_there_is_no_rate_nothing_is_said_of_the_order(comparison: Comparison, reason: str, said: str) -> None:
    found = replace(
        comparison,
        mid_market_rate=None,
        mid_market_rate_reason=reason,
        rank_stable=None,
        rank_stable_reason="no_benchmark",
    )
    assert told(found).endswith(said)


def test_rates_that_differ_by_offer_are_told_with_their_days_and_kinds(comparison: Comparison) -> None:
    first, second, third = comparison.ranking.offers[:3]
    beside = comparison.live[first.candidate.quote_ids]
    assert beside.reference is not None
    older = tuple(replace(leg, day=leg.day and leg.day - timedelta(days=2)) for leg in beside.reference.legs)
    found = replace(
        comparison,
        mid_market_rate=None,
        mid_market_rate_reason="differs_by_offer",
        live={
            **comparison.live,
            second.candidate.quote_ids: replace(beside, reference=replace(beside.reference, legs=older)),
            third.candidate.quote_ids: replace(beside, reference=None),
        },
    )
    assert "differs by offer" in told(found)
    assert (
        "daily fixing of 2026-11-18 to 2026-11-20 by Demonstration fixing, 3 to 5 days old, or declared by the source"
        in told(found)
    )


def test_nothing_is_said_to_be_ranked_where_nothing_is(live: Run) -> None:
    result = live("compare", "GBR-PHL", "--source", "ecb")
    assert "No offer can be ranked." in result.stdout
    assert "ranked by" not in result.stdout
    assert "benchmark" not in result.stdout


def test_a_tax_is_told_with_its_rate_and_amount(live: Run) -> None:
    result = live("compare", "USA-MEX", "--amount", "100", "--amount-is", "principal", "--payment-instrument", "cash")
    assert (
        "A tax on sending comes on top (Excise tax on remittance transfers), 1 % of what is sent, on cash: 1.00 USD."
        in " ".join(result.stdout.split())
    )


# ---------------------------------------------------------------- corridors


def test_corridors_are_listed_by_live_prices_too(live: Run) -> None:
    result = live("corridors", "--basis", "live", "--sort", "cheapest", "--limit", "20")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "What sending about USD 200 costs by live prices, by corridor"
    assert "SmaRT" not in result.stdout
    rows = json.loads(live("corridors", "--basis", "live", "--sort", "cheapest", "--limit", "20", "--json").stdout)
    assert rows["basis"] == "live"
    first = rows["corridors"][0]
    shown = next(line for line in lines if first["id"] in line)
    for figure in ("average_percent", "median_percent", "cheapest_percent"):
        assert f"{first[figure]:.2f} %" in shown
    assert [row["id"] for row in rows["corridors"]] == [line.split()[1] for line in lines if re.search("[A-Z]-", line)]


def test_corridors_without_live_prices_come_last_and_say_so(live: Run) -> None:
    listed = [line for line in live("corridors", "--basis", "live").stdout.splitlines() if re.search("[A-Z]-", line)]
    assert listed[-1].split()[0] == "–"
    assert listed[-1].endswith("no live prices")
    assert listed[0].split()[0] == "1"


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_live_prices_have_no_quarter(live: Run, as_json: tuple[str, ...]) -> None:
    result = live("corridors", "--basis", "live", "--period", "2016-Q1", *as_json)
    assert result.exit_code == 2
    assert "live prices have none" in result.stderr


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_without_live_prices_the_list_says_what_there_is(threepercent: Run, as_json: tuple[str, ...]) -> None:
    result = threepercent("corridors", "--basis", "live", *as_json)
    assert result.exit_code == 1
    assert "There are no live quotes here yet. There are survey rounds (2026-Q3" in result.stderr
