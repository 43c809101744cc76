"""Live services: who speaks for one, how fresh it is, and when live prices are the default."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.live import Benchmark, benchmark_of, corridor_live, default_live_amount, live_freshness
from app.domain.quotes import LiveQuote
from app.domain.rates import NoRate
from app.domain.vocabulary import Customer, Evidence, Exclusion, Freshness, TransferSpeed
from tests.domain.builders import SEEN, live_quote

JUST = timedelta(microseconds=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("age", "freshness"),
    [
        (-HOUR, "live"), (0 * HOUR, "live"), (HOUR, "live"), (HOUR + JUST, "recent"), (DAY, "recent"),
        (DAY + JUST, "aging"), (7 * DAY, "aging"), (7 * DAY + JUST, "stale"),
    ],
)  # fmt: skip
def test_freshness_goes_by_age(age: timedelta, freshness: str) -> None:
    assert live_freshness(SEEN, SEEN + age) == freshness


def test_quotes_of_one_service_from_one_source_are_one_sighting_as_old_as_its_oldest() -> None:
    older = live_quote("200", seen=SEEN - HOUR, until=SEEN + DAY)
    live = corridor_live("GBR-PHL", [live_quote("500"), older])
    (service,) = live.services
    (sighting,) = service.sightings
    assert (sighting.observed_at, sighting.valid_until, len(sighting.quotes)) == (older.observed_at, SEEN + DAY, 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"currency": "EUR"}, {"pays": "USD"}, {"provider": "other"}, {"customer": Customer.NEW},
        {"transfer_speed": TransferSpeed.NEXT_DAY}, {"payment_instruments": ()},
    ],
)  # fmt: skip
def test_services_differ_by_all_that_makes_one(changes: dict[str, object]) -> None:
    assert len(corridor_live("GBR-PHL", [live_quote(), live_quote(source="wise", **changes)]).services) == 2  # type: ignore[arg-type]


AGGREGATOR = {"source": "wise", "evidence": Evidence.AGGREGATOR_ESTIMATE}


def speaking(quotes: list[LiveQuote], at: datetime) -> tuple[str, tuple[str, ...], Exclusion | None]:
    (service,) = corridor_live("GBR-PHL", quotes).services
    speaker = service.speaker(at)
    return speaker.first.source, tuple(o.first.source for o in service.others(at)), speaker.barred(at)


def test_the_provider_speaks_before_the_collector_before_the_competitor() -> None:
    quotes = [
        live_quote(**AGGREGATOR),  # type: ignore[arg-type]
        live_quote(),
        live_quote(source="partner", evidence=Evidence.PROVIDER_API, seen=SEEN - DAY),
    ]
    assert speaking(quotes, SEEN) == ("partner", ("quote_file", "wise"), None)


def test_when_who_speaks_goes_stale_or_expires_the_next_takes_over() -> None:
    quotes = [live_quote(until=SEEN + HOUR), live_quote(**AGGREGATOR, seen=SEEN - DAY)]  # type: ignore[arg-type]
    assert speaking(quotes, SEEN) == ("quote_file", ("wise",), None)
    assert speaking(quotes, SEEN + HOUR) == ("wise", (), None)
    assert speaking(quotes, SEEN + 6 * DAY + JUST) == ("quote_file", (), Exclusion.EXPIRED)
    assert speaking(quotes, SEEN + 7 * DAY + JUST) == ("quote_file", (), Exclusion.STALE)


@pytest.mark.parametrize(
    ("providers", "until"), [(["a"], None), (["a", "a"], None), (["a", "b"], 7 * DAY + JUST), (["a", "b", "c"], DAY)]
)
def test_live_is_the_default_while_two_providers_have_good_prices(
    providers: list[str], until: timedelta | None
) -> None:
    ends = [None, SEEN + DAY, SEEN + HOUR] if len(providers) == 3 else [None] * len(providers)
    quotes = [live_quote(provider=name, until=end) for name, end in zip(providers, ends, strict=True)]
    live = corridor_live("GBR-PHL", quotes)
    assert live.live_until == (None if until is None else SEEN + until)
    assert live.is_default(SEEN) is (until is not None)
    if until is not None:
        assert live.is_default(SEEN + until - JUST)
        assert not live.is_default(SEEN + until)


def test_the_default_currency_is_that_of_most_services_that_are_good() -> None:
    dollars = [live_quote(provider=name, currency="USD", until=SEEN + HOUR) for name in "abc"]
    pounds = [live_quote(provider=name) for name in "ab"]
    live = corridor_live("GBR-PHL", [*dollars, *pounds])
    assert (live.default_currency(SEEN), live.default_currency(SEEN + HOUR)) == ("USD", "GBP")
    assert live.default_currency(SEEN + 8 * DAY) == "USD"


@pytest.mark.parametrize(
    ("per_usd", "amount"),
    [("1", 200), ("0.79", 160), ("0.775", 160), ("0.7749", 150), ("83.4", 17_000), ("110", 22_000)],
)
def test_the_default_amount_is_about_usd_200_to_two_digits(per_usd: str, amount: int) -> None:
    assert default_live_amount(Fraction(per_usd)) == amount


def no_rate(base: str, quote: str, _at: datetime, _benchmark: str | None) -> NoRate:
    return NoRate(base=base, quote=quote, reason="no_reference_rate", newest=None)


def test_what_the_source_declares_is_the_benchmark_unless_another_is_chosen() -> None:
    quote = live_quote(mid="72.5")
    assert benchmark_of(quote, no_rate) == Benchmark(Fraction("72.5"), None)
    assert benchmark_of(quote, no_rate, "ecb") is None


@given(st.permutations([live_quote(provider=name, source=source) for name in "abc" for source in ("wise", "x", "y")]))
def test_services_do_not_depend_on_the_order_of_quotes(quotes: list[LiveQuote]) -> None:
    first = corridor_live("GBR-PHL", sorted(quotes, key=lambda quote: quote.id))
    assert corridor_live("GBR-PHL", quotes).services == first.services


def test_a_quote_of_the_future_is_no_fresher_than_live() -> None:
    assert live_freshness(datetime(2030, 1, 1, tzinfo=UTC), SEEN) is Freshness.LIVE


def test_what_most_services_pay_out_is_what_is_meant_by_received() -> None:
    pesos = [live_quote(provider=name) for name in "ab"]
    live = corridor_live(
        "GBR-PHL", [*pesos, live_quote(provider="c", pays="USD"), live_quote(provider="d", currency="EUR")]
    )
    assert (live.pays_out("GBP"), live.pays_out("EUR")) == ("PHP", "PHP")
    tied = corridor_live("GBR-PHL", [live_quote(provider="a"), live_quote(provider="c", pays="AUD")])
    assert tied.pays_out("GBP") == "AUD"


def test_of_two_sources_of_equal_standing_the_newer_speaks() -> None:
    quotes = [live_quote(source="z", seen=SEEN), live_quote(source="a", seen=SEEN - HOUR)]
    assert speaking(quotes, SEEN) == ("z", ("a",), None)
