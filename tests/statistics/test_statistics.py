"""Each statistic, rendered to SQL, equals its declaration worked out in plain Python; and the published figures."""

import csv
import os
import random
import tempfile
from datetime import UTC, date, datetime
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from app.db import open_engine
from app.domain.methodology import SmartRule
from app.domain.statistics import GROUPINGS, MEASURES, Asked, Classified, Fact, evaluate, keys_of
from app.domain.vocabulary import (
    AccessPoint,
    AmountTier,
    NetworkCoverage,
    PaymentInstrument,
    ProviderType,
    ReceivingMethod,
    TransferSpeed,
)
from app.ingest import Order as ImportOrder
from app.ingest import run
from app.publish import Order, publish
from app.publish.releases import Release
from app.reference import load as geography
from app.settings import TEST_PREFIX
from app.statistics import Bounds, StatisticsTooLargeError, ask
from tests.statistics.made_releases import countries_of, facts_of, made

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
GLOBAL = {
    "2011-Q1": "9.0024",
    "2011-Q3": "9.3029",
    "2012-Q1": "9.1102",
    "2012-Q3": "9.0014",
    "2013-Q1": "9.0494",
    "2013-Q2": "8.8509",
    "2013-Q3": "8.9256",
}


def lists(kind: type[StrEnum]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from([word.value for word in kind]), min_size=1, max_size=3, unique=True).map(tuple)


FACTS = st.lists(
    st.builds(
        Fact,
        source=st.sampled_from(["rpw", "demo"]),
        period=st.sampled_from(["2015-Q3", "2016-Q2", "2016-Q3"]),
        tier=st.sampled_from(["usd_200", "usd_500"]),
        corridor=st.sampled_from(["GBR-PHL", "RUS-UZB", "DEU-TUR", "ARE-EGY", "GBR-XKX"]),
        provider=st.sampled_from(["one", "two", "three"]),
        provider_type=st.sampled_from([word.value for word in ProviderType]),
        payment_instruments=lists(PaymentInstrument),
        access_points=lists(AccessPoint),
        receiving_methods=lists(ReceivingMethod),
        transfer_speed=st.sampled_from([word.value for word in TransferSpeed]),
        network_coverage=st.sampled_from([word.value for word in NetworkCoverage]),
        is_transparent=st.booleans(),
        total=st.integers(-3_000, 30_000).map(lambda thousandths: Fraction(thousandths, 1000)),
    ),
    min_size=1,
    max_size=40,
)
RULES = st.builds(SmartRule, services=st.integers(1, 5), one_per_provider=st.booleans())


def random_question(draw: random.Random, facts: list[Fact], countries: Classified) -> Asked:
    """Ask for all measures in random groups, with random filters that some row of the release lets through."""
    filters = {}
    for name in draw.sample(sorted(GROUPINGS), draw.randint(0, 2)):
        words = {word for fact in draw.choices(facts, k=3) for word in keys_of(name, fact, countries)}
        filters[name] = frozenset(words)
    return Asked(
        measures=tuple(MEASURES),
        group_by=tuple(draw.sample(sorted(GROUPINGS), draw.randint(0, 3))),
        filters=filters,
        tier=draw.choice(list(AmountTier)),
        smart=SmartRule(services=draw.choice([1, 3, 5]), one_per_provider=draw.random() < 0.5),
    )


@settings(max_examples=40, phases=[phase for phase in Phase if phase is not Phase.shrink])
@given(facts=FACTS, seed=st.integers(0, 2**32), rule=RULES)
def test_sql_and_python_agree_on_invented_rows(facts: list[Fact], seed: int, rule: SmartRule) -> None:
    with tempfile.TemporaryDirectory() as folder:
        release = made(Path(folder), facts)
        countries = countries_of(Path(folder), release)
        draw = random.Random(seed)
        for _ in range(3):
            asked = random_question(draw, facts, countries)
            asked = Asked(
                measures=asked.measures, group_by=asked.group_by, filters=asked.filters, tier=asked.tier, smart=rule
            )
            assert ask(Path(folder), release, asked) == evaluate(facts, asked, countries)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("statistics")


@pytest.fixture(scope="module")
def release(settings: object, shared_data: Path, folder: Path, sqlite_template: Path) -> Release:
    assert settings is not None
    database = folder / "threepercent.db"
    database.write_bytes(sqlite_template.read_bytes())
    engine = open_engine(f"sqlite:///{database}")
    try:
        for name in ("rpw_2011_1Q_2013_3Q.csv", "rpw_2025_3Q_sample.csv"):
            run(engine, ImportOrder(file=shared_data / "rpw" / name, data_dir=folder, now=NOW))
        return publish(engine, Order(folder=folder / "releases", date=date(2026, 11, 24))).release
    finally:
        engine.dispose()


def test_sql_and_python_agree_on_the_real_survey(
    release: Release, folder: Path, request: pytest.FixtureRequest
) -> None:
    """Random questions over the release; THREEPERCENT_TEST_QUESTIONS says how many (1,000 and more at full size)."""
    facts, countries = facts_of(folder / "releases", release), countries_of(folder / "releases", release)
    draw = random.Random(20261124)
    for number in range(int(os.environ.get(f"{TEST_PREFIX}QUESTIONS", "12"))):
        asked = random_question(draw, facts, countries)
        found = ask(folder / "releases", release, asked)
        assert found == evaluate(facts, asked, countries), (request.node.name, number, asked)


def test_the_seven_published_global_averages(release: Release, folder: Path) -> None:
    cells = ask(folder / "releases", release, Asked(group_by=("period",)))
    assert {
        period: f"{float(mean):.4f}"
        for (period,), cell in cells.items()
        if (mean := cell.values["mean"]) is not None and period in GLOBAL
    } == GLOBAL


def test_every_published_corridor_average(release: Release, folder: Path, shared_data: Path) -> None:
    cells = ask(folder / "releases", release, Asked(group_by=("corridor", "period")))
    file = shared_data / "reference" / "databank_corridor_average_2011Q1_2013Q1.csv"
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) == 1_059
    for row in rows:
        corridor, period = f"{row['source_code']}-{row['destination_code']}", row["period"]
        mean = cells[_today(corridor), f"{period[:4]}-Q{period[5]}"].values["mean"]
        assert mean is not None
        assert abs(float(mean) - float(row["avg_total_cost_pct_200"])) < 1e-5, (corridor, period)


def _today(corridor: str) -> str:
    """Return a corridor as we write it: the file has codes of its own for some countries."""
    return geography().corridor(corridor).id


def test_nothing_asked_for_is_an_empty_answer(release: Release, folder: Path) -> None:
    none = Asked(filters={"corridor": frozenset({"GBR-XKX"})}, group_by=("period",))
    assert ask(folder / "releases", release, none) == {}
    assert ask(folder / "releases", release, Asked(filters={"period": frozenset({"1999-Q1"})})) == {}


def test_a_question_that_takes_too_long_says_so(release: Release, folder: Path) -> None:
    with pytest.raises(StatisticsTooLargeError, match=r"more than 0\.001 seconds"):
        ask(folder / "releases", release, Asked(group_by=("provider", "corridor")), Bounds(seconds=0.001))


def test_a_question_that_takes_too_much_memory_says_so(release: Release, folder: Path) -> None:
    with pytest.raises(StatisticsTooLargeError, match="more than 1 MiB"):
        ask(folder / "releases", release, Asked(group_by=("provider", "corridor")), Bounds(memory_bytes=2**20))
