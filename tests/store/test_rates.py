"""Reference rates on both databases: every version is kept, the newest counts, and only what is asked is read."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import IntegrityError

from app.db import reading, writing
from app.domain.rates import Fixing, Institution
from app.store import rates
from app.store.rates import Coverage

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ECB = ("ecb", "ecb", "European Central Bank", None, "EUR", "reference", "https://www.ecb.europa.eu", "daily")
BSP = ("bsp", "frankfurter", "Bangko Sentral ng Pilipinas", "PHL", "PHP", None, None, "daily")
CBN = ("cbn", "frankfurter", "Central Bank of Nigeria", "NGA", "NGN", None, None, "daily")


def fixing(institution: str, day: str, pair: str, value: str) -> tuple[str, str, str, str, str]:
    base, _, quote = pair.partition("/")
    return institution, day, base, quote, value


def store(connection: Connection, records: Iterable[Sequence[str]], version: int = 1) -> int:
    rates.add_institutions(connection, [ECB, BSP, CBN], dataset_version=1)
    return rates.append(connection, records, import_id=version, dataset_version=version, recorded_at=NOW)


def said(found: Iterable[Fixing]) -> list[tuple[str, str, str, str]]:
    return [(one.institution, one.day.isoformat(), f"{one.base}/{one.quote}", str(one.value)) for one in found]


def test_fixings_come_back_digit_for_digit(empty_engine: Engine) -> None:
    values = ["1.0705", "17487.21", "0.000061", "181.64319999999998", "89500", "0.123456789012345678901234"]
    records = [fixing("ecb", f"2024-06-{day:02}", "EUR/USD", value) for day, value in enumerate(values, 1)]
    with writing(empty_engine) as connection:
        assert store(connection, records) == len(values)
    with reading(empty_engine) as connection:
        found = rates.recent(connection, date(2024, 6, 1))
    assert [one.value for one in found] == [Decimal(value) for value in values]
    assert [one.day.day for one in found] == list(range(1, len(values) + 1))


def test_a_corrected_fixing_is_a_later_row_and_the_newest_counts(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        store(connection, [fixing("ecb", "2024-06-28", "EUR/USD", "10.705")], 1)
        store(connection, [fixing("ecb", "2024-06-28", "EUR/USD", "1.0705")], 2)
        store(connection, [fixing("ecb", "2024-06-27", "EUR/USD", "1.0696")], 2)
    with reading(empty_engine) as connection:
        assert said(rates.recent(connection, date(2024, 6, 1))) == [
            ("ecb", "2024-06-27", "EUR/USD", "1.0696"),
            ("ecb", "2024-06-28", "EUR/USD", "1.0705"),
        ]
        assert connection.execute(select(func.count()).select_from(rates.fixings)).scalar_one() == 3
        assert rates.values_of(connection, "ecb", date(2024, 6, 28), date(2024, 6, 28)) == {
            (date(2024, 6, 28), "EUR", "USD"): Decimal("1.0705")
        }


def test_a_fixing_comes_once_in_a_version(empty_engine: Engine) -> None:
    one = fixing("ecb", "2024-06-28", "EUR/USD", "1.0705")
    with pytest.raises(IntegrityError), writing(empty_engine) as connection:
        store(connection, [one, one])


def test_recent_fixings_are_those_from_a_day_on_of_everybody(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        store(
            connection,
            [
                fixing("ecb", "2024-06-27", "EUR/USD", "1.0696"),
                fixing("ecb", "2024-06-28", "EUR/USD", "1.0705"),
                fixing("bsp", "2024-06-28", "USD/PHP", "58.61"),
            ],
        )
    with reading(empty_engine) as connection:
        found = rates.recent(connection, date(2024, 6, 28))
    assert said(found) == [
        ("bsp", "2024-06-28", "USD/PHP", "58.61"),
        ("ecb", "2024-06-28", "EUR/USD", "1.0705"),
    ]


def test_between_gives_what_a_rate_can_rest_on_and_no_more(empty_engine: Engine) -> None:
    day = "2024-06-28"
    with writing(empty_engine) as connection:
        store(
            connection,
            [
                fixing("ecb", day, "EUR/USD", "1.0705"),
                fixing("ecb", day, "EUR/PHP", "62.56"),
                fixing("ecb", "2024-06-20", "EUR/USD", "1.07"),
                fixing("ecb", "2024-06-20", "EUR/PHP", "62.1"),
                fixing("ecb", "2024-07-01", "EUR/USD", "1.08"),
                fixing("bsp", day, "USD/PHP", "58.61"),
                fixing("bsp", day, "PHP/KRW", "23.6"),
                fixing("cbn", day, "USD/NGN", "1500.5"),
            ],
        )
    with reading(empty_engine) as connection:
        found = rates.between(connection, {"KRW"}, date(2024, 6, 25), date(2024, 6, 28))
    assert said(found) == [
        ("bsp", day, "PHP/KRW", "23.6"),
        ("cbn", day, "USD/NGN", "1500.5"),
        ("ecb", day, "EUR/PHP", "62.56"),
        ("ecb", day, "EUR/USD", "1.0705"),
    ]


def test_institutions_are_told_and_told_anew(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        assert rates.add_institutions(connection, [ECB, BSP], dataset_version=1) == 2
        assert rates.add_institutions(connection, [ECB, BSP], dataset_version=1) == 0
        assert rates.add_institutions(connection, [ECB, (*BSP[:2], "The Bank", *BSP[3:]), CBN], dataset_version=2) == 2
        assert rates.add_institutions(connection, [], dataset_version=1) == 0
    with reading(empty_engine) as connection:
        found = rates.institutions(connection)
    assert list(found) == ["bsp", "cbn", "ecb"]
    assert found["bsp"] == Institution(
        key="bsp",
        source="frankfurter",
        name="The Bank",
        country="PHL",
        pivot_currency="PHP",
        rate_type=None,
        link=None,
        cadence="daily",
    )


def test_who_has_quoted_what_since_when_and_who_said_something_last(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        store(
            connection,
            [
                fixing("ecb", "2024-06-27", "EUR/USD", "1.0696"),
                fixing("ecb", "2024-06-28", "EUR/USD", "1.0705"),
                fixing("bsp", "2024-06-26", "USD/PHP", "58.61"),
                fixing("bsp", "2024-06-28", "PHP/USD", "0.017"),
                fixing("bsp", "2024-06-28", "PHP/KRW", "23.6"),
            ],
        )
        store(connection, [fixing("ecb", "2024-06-28", "EUR/USD", "1.0706")], 2)
    with reading(empty_engine) as connection:
        assert rates.newest_days(connection) == {"bsp": date(2024, 6, 28), "ecb": date(2024, 6, 28)}
        assert rates.coverage(connection) == [
            Coverage("KRW", "bsp", date(2024, 6, 28), date(2024, 6, 28), 1),
            Coverage("USD", "bsp", date(2024, 6, 26), date(2024, 6, 28), 2),
            Coverage("USD", "ecb", date(2024, 6, 27), date(2024, 6, 28), 2),
        ]
        assert rates.currencies_fixed(connection, date(2024, 6, 27), date(2024, 6, 28)) == {"PHP", "USD", "KRW"}


def test_an_empty_database_has_no_rates(empty_engine: Engine) -> None:
    with reading(empty_engine) as connection:
        assert rates.recent(connection, date(2024, 1, 1)) == []
        assert rates.between(connection, ["GBP"], date(2024, 1, 1), date(2024, 2, 1)) == []
        assert (rates.newest_days(connection), rates.coverage(connection)) == ({}, [])
        assert rates.institutions(connection) == {}
