"""What the database answers about rates of any day: with the bridges that a rate needs, and how old the newest is."""

import random
from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from app.db import reading, transact
from app.domain.fixings import Fixing
from app.domain.rates import Institution, NoRate, RateBook, ReferenceRate
from app.reference import pegs
from app.store import rate_books, rates
from app.store.rate_books import read_book

DAY = date(2020, 6, 17)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
INSTITUTIONS = [
    ("ecb", "ecb", "European Central Bank", None, "EUR", None, None, "daily"),
    ("cbk", "frankfurter", "Central Bank of Kenya", "KE", "KES", None, None, "daily"),
    ("fed", "frankfurter", "Federal Reserve", "US", "USD", None, None, "daily"),
]
FIXINGS: list[tuple[str, ...]] = [
    ("ecb", "2020-06-17", "EUR", "USD", "1.1232"),
    ("ecb", "2020-06-15", "EUR", "GBP", "0.9"),
    ("ecb", "2020-06-10", "EUR", "INR", "85.9"),
    ("ecb", "2020-06-18", "EUR", "GBP", "0.5"),
    ("ecb", "2015-01-02", "EUR", "RUB", "72.337"),
    ("ecb", "2015-01-05", "EUR", "RUB", "69.1965"),
    ("cbk", "2020-06-16", "USD", "KES", "106.4"),
    ("cbk", "2020-06-16", "KES", "UGX", "35.1"),
    ("fed", "2020-06-17", "USD", "INR", "76.2"),
]


@pytest.fixture(scope="module")
def stored(engine: Engine) -> Engine:
    def store(version: int, records: list[tuple[str, ...]]) -> None:
        transact(
            engine,
            lambda connection: rates.append(
                connection, records, import_id=version, dataset_version=version, recorded_at=NOW
            ),
        )

    transact(engine, lambda connection: rates.add_institutions(connection, INSTITUTIONS, dataset_version=1))
    store(1, FIXINGS)
    store(2, [("ecb", "2020-06-15", "EUR", "GBP", "0.89448"), ("ecb", "2015-01-05", "EUR", "RUB", "69.2")])
    return engine


def book(engine: Engine, *currencies: str, known: tuple[str, ...] = ("ecb", "cbk", "fed")) -> RateBook:
    with reading(engine) as connection:
        institutions: dict[str, Institution] = {
            key: said for key, said in rates.institutions(connection).items() if key in known
        }
        return read_book(connection, pegs(), institutions, currencies, (DAY, DAY))


def found(answer: ReferenceRate | NoRate) -> Fraction:
    assert isinstance(answer, ReferenceRate), answer
    return answer.rate


def test_the_newest_version_of_a_day_within_the_week_counts(stored: Engine) -> None:
    assert found(book(stored, "EUR", "GBP").rate("EUR", "GBP", DAY)) == Fraction("0.89448")


def test_a_rate_brings_the_bridges_that_it_needs(stored: Engine) -> None:
    assert found(book(stored, "EUR", "UGX").rate("EUR", "UGX", DAY)) == Fraction("1.1232") * Fraction(
        "106.4"
    ) * Fraction("35.1")
    assert found(book(stored, "EUR", "NPR").rate("EUR", "NPR", DAY)) == Fraction("85.9") * Fraction("1.6")


def test_what_is_not_known_to_the_reader_is_not_in_it(stored: Engine) -> None:
    assert isinstance(book(stored, "EUR", "KES", known=("ecb", "fed")).rate("EUR", "KES", DAY), NoRate)
    assert book(stored, "USD", "INR", known=("ecb",)).benchmarks("USD", "INR", DAY) == ("ecb",)
    assert book(stored, "USD", "INR").benchmarks("USD", "INR", DAY) == ("ecb", "fed")


def test_a_rate_that_is_too_old_says_of_which_day_the_newest_is(stored: Engine) -> None:
    none = book(stored, "EUR", "RUB").rate("EUR", "RUB", DAY)
    assert isinstance(none, NoRate)
    assert (none.reason, none.newest) == ("rate_too_old", date(2015, 1, 5))


def test_what_was_never_quoted_is_not_there(stored: Engine) -> None:
    none = book(stored, "EUR", "NGN").rate("EUR", "NGN", DAY)
    assert isinstance(none, NoRate)
    assert (none.reason, none.newest) == ("no_reference_rate", None)


# ---------------------------------------------------------------- long spans, of which only what is needed is read

LONG = (date(2020, 1, 1), date(2020, 12, 31))
MONEY = ("EUR", "USD", "GBP", "INR", "KES", "UGX", "NPR", "SAR", "TZS", "RUB")


def invented(chance: random.Random) -> list[tuple[str, ...]]:
    """A year in which institutions fall silent for weeks, so that others stand in for them."""
    quoted = {
        "ecb": ("EUR", ("USD", "GBP", "INR")),
        "cbk": ("KES", ("USD", "EUR", "GBP", "UGX", "TZS")),
        "fed": ("USD", ("EUR", "INR", "KES")),
        "bot": ("TZS", ("USD", "KES", "UGX")),
        "aaa": ("XAF", ("UGX", "KES", "EUR")),
    }
    found: list[tuple[str, ...]] = []
    for institution, (pivot, others) in quoted.items():
        for other in others:
            silent = chance.randrange(0, 330)
            for number in range(-10, 366):
                if chance.random() < 0.7 and not silent <= number < silent + chance.choice((0, 20, 25)):
                    day = (date(2020, 1, 1) + timedelta(days=number)).isoformat()
                    found.append((institution, day, pivot, other, str(chance.randrange(1, 99_999))))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_a_long_span_has_the_same_rates_as_where_all_is_known(
    empty_engine: Engine, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    institutions = [
        *INSTITUTIONS,
        ("bot", "frankfurter", "Bank of Tanzania", "TZ", "TZS", None, None, "daily"),
        ("aaa", "frankfurter", "First by key", None, "XAF", None, None, "daily"),
    ]

    def store(connection: Connection) -> None:
        rates.add_institutions(connection, institutions, dataset_version=1)
        rates.append(connection, invented(chance), import_id=1, dataset_version=1, recorded_at=NOW)

    transact(empty_engine, store)
    asked = chance.sample(MONEY, 3)
    benchmark = chance.choice(("fed", "cbk", "aaa", None))
    with reading(empty_engine) as connection:
        known = rates.institutions(connection)
        some = read_book(connection, pegs(), known, asked, LONG, benchmark=benchmark, with_older=False)
        monkeypatch.setattr(rate_books, "SHORT_DAYS", 1000)
        whole = read_book(connection, pegs(), known, asked, LONG, with_older=False)
    for number in range(366):
        day = LONG[0] + timedelta(days=number)
        for base, quote in permutations(asked, 2):
            assert some.rate(base, quote, day) == whole.rate(base, quote, day)
            assert some.rate(base, quote, day, benchmark) == whole.rate(base, quote, day, benchmark)
            instant = datetime.combine(day, time(chance.randrange(24)), UTC)
            assert some.at(base, quote, instant) == whole.at(base, quote, instant)
    with reading(empty_engine) as connection:
        for number in range(0, 366, 30):
            day = LONG[0] + timedelta(days=number)
            narrow = read_book(connection, pegs(), known, asked, (day, day), with_older=False, is_narrow=True)
            for base, quote in permutations(asked, 2):
                instant = datetime.combine(day, time(chance.randrange(24)), UTC)
                assert narrow.at(base, quote, instant) == whole.at(base, quote, instant), (
                    "a day alone, and what it needs"
                )


def test_of_a_long_span_only_what_is_needed_is_read(stored: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Collection[str]] = []
    fixed_in = rates.fixed_in

    def watched(*arguments: Any, **named: Any) -> list[Fixing]:  # noqa: ANN401 - passed on as they are
        read.append(named["institutions"])
        return fixed_in(*arguments, **named)

    monkeypatch.setattr(rates, "fixed_in", watched)
    monkeypatch.setattr(rate_books, "SHORT_DAYS", 0)
    assert found(book(stored, "EUR", "GBP").rate("EUR", "GBP", DAY)) == Fraction("0.89448")
    assert read == [("ecb",)]
