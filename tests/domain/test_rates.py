"""Reference rates: exact, the same in every direction, never older than a week, and honest about the rest."""

import csv
import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.fixings import Fixing, Institution
from app.domain.rates import NoRate, Peg, RateBook, ReferenceRate, fixed_at
from app.domain.vocabulary import RateType

MONDAY = date(2026, 11, 23)
PEGS = (
    Peg(currency="XOF", anchor="EUR", value=Decimal("655.957"), since=date(1999, 1, 1), until=None, reference="law"),
    Peg(
        currency="XPF",
        anchor="EUR",
        value=Decimal("0.00838"),
        since=None,
        until=None,
        reference="decree",
        is_per_currency=True,
    ),
    Peg(currency="SAR", anchor="USD", value=Decimal("3.75"), since=None, until=None, reference="bank"),
    Peg(
        currency="BGN", anchor="EUR", value=Decimal("1.95583"), since=None, until=date(2025, 12, 31), reference="board"
    ),
)


def institution(key: str, pivot: str | None) -> Institution:
    return Institution(
        key=key,
        source="ecb" if key == "ecb" else "frankfurter",
        name=key.upper(),
        country=None,
        pivot_currency=pivot,
        rate_type=None,
        link=f"https://{key}.test",
        cadence="daily",
    )


INSTITUTIONS = {
    one.key: one for one in (institution("ecb", "EUR"), institution("cbk", "KES"), institution("fed", "USD"))
}


def fixed(text: str, day: date = MONDAY) -> Fixing:
    """``ecb EUR/USD 1.1`` of a day."""
    key, pair, value = text.split()
    base, quote = pair.split("/")
    return Fixing(key, day, base, quote, Decimal(value))


def book(*texts: str, day: date = MONDAY, more: Iterable[Fixing] = ()) -> RateBook:
    return RateBook([*(fixed(text, day) for text in texts), *more], PEGS, INSTITUTIONS)


def found(answer: ReferenceRate | NoRate) -> ReferenceRate:
    assert isinstance(answer, ReferenceRate), answer
    return answer


def missing(answer: ReferenceRate | NoRate) -> NoRate:
    assert isinstance(answer, NoRate), answer
    return answer


USUAL = book(
    "ecb EUR/USD 1.1",
    "ecb EUR/GBP 0.85",
    "ecb EUR/PHP 66",
    "cbk USD/KES 129",
    "cbk EUR/KES 141",
    "cbk KES/UGX 28.5",
    "fed USD/PHP 60.5",
    "fed EUR/USD 1.105",
    "fed USD/KES 130",
)


@pytest.fixture(scope="module")
def history(shared_data: Path) -> list[Fixing]:
    with (shared_data / "fx" / "eurofxref-hist.csv").open(newline="") as file:
        return [
            Fixing("ecb", date.fromisoformat(row["Date"]), "EUR", code, Decimal(text))
            for row in csv.DictReader(file)
            for code, text in row.items()
            if code not in {"Date", ""} and text != "N/A"
        ]


@pytest.fixture(scope="module")
def ecb(history: list[Fixing]) -> RateBook:
    return RateBook(history, (), INSTITUTIONS)


# ---------------------------------------------------------------- exact


def test_pounds_in_pesos_are_an_exact_fraction_of_the_published_digits(ecb: RateBook) -> None:
    rate = found(ecb.rate("GBP", "PHP", date(2025, 12, 31)))
    assert rate.rate == Fraction("69.266") / Fraction("0.8726")
    assert [(leg.base, leg.quote, leg.value, leg.institution) for leg in rate.legs] == [
        ("EUR", "GBP", Decimal("0.8726"), "ecb"),
        ("EUR", "PHP", Decimal("69.266"), "ecb"),
    ]
    assert (rate.day, rate.institutions, rate.rate_type) == (date(2025, 12, 31), ("ecb",), RateType.DAILY_FIXING)


def test_a_thousand_cross_rates_of_the_ecb_equal_fractions_of_its_digits(ecb: RateBook, history: list[Fixing]) -> None:
    published: dict[date, dict[str, Fraction]] = {}
    for fixing in history:
        published.setdefault(fixing.day, {"EUR": Fraction(1)})[fixing.quote] = Fraction(fixing.value)
    chance = random.Random(3)
    days = sorted(published)
    for _ in range(1000):
        day = chance.choice(days)
        base, quote = chance.sample(sorted(published[day]), 2)
        rate = found(ecb.rate(base, quote, day))
        assert rate.rate == published[day][quote] / published[day][base]
        assert rate.day == day
        assert rate.rate * found(ecb.rate(quote, base, day)).rate == 1
        third = chance.choice(sorted(published[day]))
        assert found(ecb.rate(base, third, day)).rate * found(ecb.rate(third, quote, day)).rate == rate.rate


@pytest.mark.parametrize("benchmark", [None, "ecb", "cbk", "fed"])
def test_there_and_back_is_one_and_every_triangle_closes(benchmark: str | None) -> None:
    money = ("EUR", "USD", "GBP", "PHP", "KES", "UGX", "XOF", "XPF", "SAR")

    def rate(base: str, quote: str) -> Fraction:
        return found(USUAL.rate(base, quote, MONDAY, benchmark)).rate

    for a, b, c in permutations(money, 3):
        assert rate(a, b) * rate(b, c) == rate(a, c)
        assert rate(a, b) * rate(b, a) == 1


values = st.decimals(min_value="0.0001", max_value="99999", places=4, allow_nan=False)


@given(st.lists(values, min_size=6, max_size=6), st.lists(st.integers(0, 7), min_size=6, max_size=6))
def test_any_digits_of_any_days_keep_the_algebra(digits: list[Decimal], ages: list[int]) -> None:
    pairs = (
        ("ecb", "EUR", "USD"),
        ("ecb", "EUR", "GBP"),
        ("cbk", "USD", "KES"),
        ("cbk", "KES", "UGX"),
        ("fed", "USD", "PHP"),
        ("cbk", "GBP", "KES"),
    )
    fixings = [
        Fixing(key, MONDAY - timedelta(days=age), base, quote, value)
        for (key, base, quote), age, value in zip(pairs, ages, digits, strict=True)
    ]
    rates = RateBook(fixings, PEGS, INSTITUTIONS)
    for a, b, c in permutations(("EUR", "USD", "GBP", "KES", "UGX", "PHP", "SAR"), 3):
        ab, bc, ac = (found(rates.rate(x, y, MONDAY)).rate for x, y in ((a, b), (b, c), (a, c)))
        assert ab * bc == ac


def test_a_currency_in_itself_is_one_without_a_source() -> None:
    rate = found(book().rate("KES", "KES", MONDAY))
    assert rate.rate == 1
    assert (rate.legs, rate.day, rate.rate_type) == ((), None, RateType.SAME_CURRENCY)


# ---------------------------------------------------------------- which figure


def test_the_ecb_counts_before_others() -> None:
    assert found(USUAL.rate("USD", "PHP", MONDAY)).institutions == ("ecb",)


def test_what_the_ecb_lacks_comes_from_the_institution_at_home() -> None:
    rate = found(USUAL.rate("EUR", "KES", MONDAY))
    assert rate.rate == Fraction("1.1") * 129
    assert rate.institutions == ("cbk", "ecb")
    assert (
        found(USUAL.rate("USD", "KES", MONDAY)).legs == found(book("cbk USD/KES 129").rate("USD", "KES", MONDAY)).legs
    )


def test_an_institution_quotes_a_third_currency_through_its_own() -> None:
    rate = found(USUAL.rate("USD", "UGX", MONDAY))
    assert rate.rate == 129 * Fraction("28.5")
    assert [leg.institution for leg in rate.legs] == ["cbk", "cbk"]


def test_where_the_home_institution_is_silent_another_speaks() -> None:
    rate = found(book("ecb EUR/USD 1.1", "fed USD/KES 130").rate("USD", "KES", MONDAY))
    assert (rate.rate, rate.institutions) == (Fraction(130), ("fed",))


def test_institutions_speak_for_themselves_without_the_ecb() -> None:
    alone = book("cbk USD/KES 129", "cbk KES/UGX 28.5")
    assert found(alone.rate("USD", "UGX", MONDAY)).rate == 129 * Fraction("28.5")
    assert missing(alone.rate("EUR", "KES", MONDAY)).reason == "no_reference_rate"


def test_an_institution_that_nobody_described_pivots_on_what_it_quotes_most() -> None:
    rates = RateBook([fixed("x USD/KES 129"), fixed("x USD/UGX 3600"), fixed("ecb EUR/USD 1.1")], (), {})
    assert found(rates.rate("KES", "UGX", MONDAY)).rate == Fraction(3600, 129)
    assert found(rates.rate("EUR", "UGX", MONDAY)).rate == Fraction("1.1") * 3600


def test_a_benchmark_is_preferred_where_it_has_its_own_figure() -> None:
    fed = found(USUAL.rate("USD", "PHP", MONDAY, "fed"))
    assert (fed.rate, fed.institutions) == (Fraction("60.5"), ("fed",))
    assert found(USUAL.rate("EUR", "PHP", MONDAY, "fed")).rate == Fraction("1.105") * Fraction("60.5")
    assert found(USUAL.rate("EUR", "KES", MONDAY, "cbk")).rate == 141


def test_an_institution_that_pivots_on_a_currency_speaks_for_it_before_others_by_key() -> None:
    """Of ``boc`` and ``cbk`` the first by key only quotes the shilling, which is the other's own."""
    rates = book("ecb EUR/USD 1.1", "boc USD/KES 128", "boc USD/JPY 150", "cbk USD/KES 130")
    assert found(rates.rate("USD", "KES", MONDAY)).institutions == ("cbk",)


def test_the_benchmark_of_the_default_comes_first_whatever_its_key() -> None:
    rates = book("ecb EUR/USD 1.1", "boc USD/KES 128", "boc USD/JPY 150", "cbk USD/KES 130")
    assert rates.benchmarks("USD", "KES", MONDAY) == ("cbk", "boc")


def test_a_benchmark_that_nothing_joins_to_the_euro_leaves_the_default() -> None:
    """It has the one currency of the pair and not the other: its own way to the first leads nowhere."""
    rates = book("ecb EUR/USD 1.1", "ecb EUR/PHP 69", "alone ZZA/PHP 5")
    assert rates.rate("USD", "PHP", MONDAY, "alone") == rates.rate("USD", "PHP", MONDAY)
    assert found(rates.rate("USD", "PHP", MONDAY, "alone")).institutions == ("ecb",)


@pytest.mark.parametrize(("days", "reason"), [(7, None), (8, "rate_too_old")])
def test_a_rate_stands_on_the_seventh_day_after_its_own_and_not_on_the_eighth(days: int, reason: str | None) -> None:
    answer = book("ecb EUR/USD 1.1").rate("EUR", "USD", MONDAY + timedelta(days=days))
    assert (answer.reason if isinstance(answer, NoRate) else None) == reason
    if isinstance(answer, NoRate):
        assert answer.newest == MONDAY


def test_a_lacking_currency_is_too_old_only_more_than_a_week_after_its_newest_day() -> None:
    """The dirham's own figure of seven days ago leads nowhere: a way from the euro is lacking, not newer days."""
    rates = book("ecb EUR/USD 1.1", more=[fixed("uae AED/ZZA 2", MONDAY - timedelta(days=7))])
    assert missing(rates.rate("USD", "AED", MONDAY)).reason == "no_reference_rate"
    assert missing(rates.rate("USD", "AED", MONDAY + timedelta(days=1))).reason == "rate_too_old"


def test_a_benchmark_without_a_figure_leaves_the_default() -> None:
    for benchmark in ("cbk", "nobody"):
        assert USUAL.rate("GBP", "PHP", MONDAY, benchmark) == USUAL.rate("GBP", "PHP", MONDAY)


def test_the_benchmarks_of_a_pair_are_those_with_both_its_currencies() -> None:
    assert USUAL.benchmarks("USD", "PHP", MONDAY) == ("ecb", "fed")
    assert USUAL.benchmarks("USD", "KES", MONDAY) == ("cbk", "fed")
    assert USUAL.benchmarks("GBP", "PHP", MONDAY) == ("ecb",)
    assert USUAL.benchmarks("EUR", "XOF", MONDAY) == ()
    assert USUAL.benchmarks("USD", "USD", MONDAY) == ()
    assert USUAL.benchmarks("USD", "PHP", MONDAY + timedelta(days=8)) == ()


# ---------------------------------------------------------------- pegs


def test_a_peg_is_declared_not_fixed() -> None:
    rate = found(book().rate("EUR", "XOF", MONDAY))
    assert (rate.rate, rate.day, rate.rate_type) == (Fraction("655.957"), None, RateType.DECLARED_PEG)
    assert [leg.reference for leg in rate.legs] == ["law"]


def test_a_thousand_pacific_francs_are_exactly_838_cents() -> None:
    rate = found(book().rate("XPF", "EUR", MONDAY))
    assert rate.rate * 1000 == Fraction("8.38")
    assert found(book().rate("XPF", "XOF", MONDAY)).rate == Fraction("0.00838") * Fraction("655.957")


def test_a_peg_follows_its_anchor_and_has_the_anchors_day() -> None:
    rate = found(book("ecb EUR/USD 1.1", day=MONDAY - timedelta(days=3)).rate("EUR", "SAR", MONDAY))
    assert (rate.rate, rate.day, rate.rate_type) == (
        Fraction("1.1") * Fraction("3.75"),
        MONDAY - timedelta(days=3),
        RateType.DAILY_FIXING,
    )


def test_a_peg_to_the_dollar_needs_no_fixing_of_the_dollar() -> None:
    assert found(book().rate("USD", "SAR", MONDAY)).rate == Fraction("3.75")
    assert missing(book().rate("EUR", "SAR", MONDAY)).reason == "no_reference_rate"


def test_a_peg_ends_on_its_last_day() -> None:
    assert found(book().rate("EUR", "BGN", date(2025, 12, 31))).rate == Fraction("1.95583")
    assert missing(book().rate("EUR", "BGN", date(2026, 1, 1))).reason == "no_reference_rate"


def test_a_fixing_of_the_ecb_counts_before_a_peg_while_it_is_fresh() -> None:
    rates = book("ecb EUR/BGN 1.9558", day=date(2025, 12, 1))
    assert found(rates.rate("EUR", "BGN", date(2025, 12, 8))).rate == Fraction("1.9558")
    assert found(rates.rate("EUR", "BGN", date(2025, 12, 9))).rate == Fraction("1.95583")


# ---------------------------------------------------------------- age


def test_a_rate_is_carried_for_a_week_and_then_is_none(ecb: RateBook) -> None:
    last = date(2022, 3, 1)
    for age in range(8):
        assert found(ecb.rate("EUR", "RUB", last + timedelta(days=age))).day == last
    none = missing(ecb.rate("EUR", "RUB", last + timedelta(days=8)))
    assert (none.reason, none.newest) == ("rate_too_old", last)
    assert missing(ecb.rate("RUB", "PHP", date(2024, 6, 28))).newest == last


def test_what_was_never_quoted_is_not_too_old(ecb: RateBook) -> None:
    none = missing(ecb.rate("RUB", "NGN", date(2024, 6, 28)))
    assert (none.base, none.quote, none.reason, none.newest) == ("RUB", "NGN", "no_reference_rate", None)


def test_a_day_before_all_fixings_has_none(ecb: RateBook) -> None:
    assert missing(ecb.rate("EUR", "USD", date(2011, 1, 2))).reason == "no_reference_rate"


def test_a_gap_stays_a_gap(ecb: RateBook) -> None:
    assert missing(ecb.rate("EUR", "ISK", date(2015, 6, 30))).reason == "no_reference_rate"
    assert found(ecb.rate("EUR", "ISK", date(2018, 2, 1))).day == date(2018, 2, 1)


def test_each_currency_has_its_own_newest_day() -> None:
    thursday = MONDAY - timedelta(days=4)
    rates = book("ecb EUR/USD 1.1", more=[fixed("ecb EUR/PHP 66", thursday)])
    rate = found(rates.rate("USD", "PHP", MONDAY))
    assert [leg.day for leg in rate.legs] == [MONDAY, thursday]
    assert rate.day == thursday


# ---------------------------------------------------------------- instants


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_fixing_is_known_from_its_instant_on() -> None:
    friday = MONDAY - timedelta(days=3)
    rates = book("ecb EUR/USD 1.2", more=[fixed("ecb EUR/USD 1.1", friday)])
    assert found(rates.at("EUR", "USD", at("2026-11-23T13:14:59"))).rate == Fraction("1.1")
    assert found(rates.at("EUR", "USD", at("2026-11-23T13:15:00"))).rate == Fraction("1.2")
    assert fixed_at("ecb", MONDAY) == at("2026-11-23T13:15:00")


def test_a_fixing_of_others_is_known_when_its_day_is_over() -> None:
    rates = book("cbk USD/KES 129")
    assert missing(rates.at("USD", "KES", at("2026-11-23T23:59:59"))).reason == "no_reference_rate"
    assert found(rates.at("USD", "KES", at("2026-11-24T00:00:00"))).rate == 129
    assert fixed_at("cbk", MONDAY) == at("2026-11-24T00:00:00")


def test_an_instant_of_another_zone_is_the_same_instant() -> None:
    rates = book("ecb EUR/USD 1.2")
    assert found(rates.at("EUR", "USD", datetime.fromisoformat("2026-11-23T14:15:00+01:00"))).rate == Fraction("1.2")
    assert isinstance(rates.at("EUR", "USD", datetime.fromisoformat("2026-11-23T14:15:00+02:00")), NoRate)


@given(st.integers(0, 60 * 24 * 14))
def test_the_instant_at_which_a_rate_gets_too_old_is_the_first_without_it(minutes: int) -> None:
    rates = book("ecb EUR/USD 1.1", "ecb EUR/PHP 66", more=[fixed("ecb EUR/PHP 65", MONDAY - timedelta(days=5))])
    now = at("2026-11-18T13:15:00") + timedelta(minutes=minutes)
    for pair in (("EUR", "PHP"), ("USD", "PHP"), ("EUR", "SAR")):
        end = rates.too_old_at(*pair, now)
        rate = rates.at(*pair, now)
        assert (end is None) == isinstance(rate, NoRate)
        if end is not None and now >= at("2026-11-23T13:15:00"):
            assert now < end
            assert rates.at(*pair, end - timedelta(microseconds=1)) == rate
            assert isinstance(rates.at(*pair, end), NoRate)


def test_a_peg_gets_too_old_on_its_last_day_or_never() -> None:
    assert book().too_old_at("EUR", "XOF", at("2026-11-23T12:00:00")) is None
    assert book().too_old_at("EUR", "BGN", at("2025-12-01T12:00:00")) == at("2026-01-01T00:00:00")
    assert book().too_old_at("BGN", "XPF", at("2025-12-01T12:00:00")) == at("2026-01-01T00:00:00")
    assert book().too_old_at("EUR", "USD", at("2025-12-01T12:00:00")) is None
