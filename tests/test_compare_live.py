"""The live basis: defaults, benchmarks, who speaks, taxes; and clocks that tell exactly when an answer changes."""

import os
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from app.api.formats import encode
from app.api.v1.comparison import comparison_document
from app.compare import Comparison, ComparisonQuestion, LiveContext, compare_live, cost_curve
from app.compare.answers import last_and_next
from app.domain.errors import InvalidParameter
from app.domain.filters import Filters
from app.domain.fixings import Fixing, Institution
from app.domain.live import CorridorLive, corridor_live
from app.domain.quotes import LiveQuote
from app.domain.rates import RateBook
from app.domain.terms import Band, PercentFee, ScheduleFee
from app.domain.vocabulary import AmountIs, Caution, Evidence, PaymentInstrument
from app.reference import load, pegs
from app.sources.source import sources
from tests.domain.builders import SEEN, live_quote

GEOGRAPHY = load()
COMMITTED = SEEN - timedelta(days=30)
NOW = SEEN + timedelta(minutes=30)
JUST = timedelta(microseconds=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STEPS = int(os.environ.get("THREEPERCENT_TEST_STEPS", "400"))
AGGREGATOR: dict[str, Any] = {"source": "wise", "evidence": Evidence.AGGREGATOR_ESTIMATE}


def institution(key: str, pivot: str) -> Institution:
    return Institution(
        key=key, source=key, name=key.upper(), country=None, pivot_currency=pivot, rate_type=None, link=None,
        cadence="daily",
    )  # fmt: skip


def book(*, days: int = 3, bsp: str | None = None) -> RateBook:
    """ECB fixings of the last days: 1 EUR = 1.2 USD = 0.8 GBP = 57.6 PHP (so GBP 1 = PHP 72); a BSP if asked for."""
    fixings = [
        Fixing("ecb", SEEN.date() - timedelta(days=day), "EUR", currency, Decimal(value))
        for day in range(1, days + 1)
        for currency, value in (("USD", "1.2"), ("GBP", "0.8"), ("PHP", "57.6"))
    ]
    known = {"ecb": institution("ecb", "EUR")}
    if bsp is not None:
        known["bsp"] = institution("bsp", "PHP")
        fixings.append(Fixing("bsp", SEEN.date() - timedelta(days=1), "GBP", "PHP", Decimal(bsp)))
    return RateBook(fixings, pegs(), known)


CONTEXT = LiveContext(
    dataset_version=7, committed_at=COMMITTED, rates=book(), figures=None, figures_period=None,
    basis_reason="live_quotes", is_asked=False, has_survey=True, rate_sources={"ecb": "ecb"},
)  # fmt: skip


def live_of(*quotes: LiveQuote) -> CorridorLive:
    return corridor_live(quotes[0].corridor, quotes)


def answer(*quotes: LiveQuote, now: datetime = NOW, context: LiveContext = CONTEXT, **asked: Any) -> Comparison:  # noqa: ANN401
    return compare_live(live_of(*quotes), ComparisonQuestion(**asked), context=context, geography=GEOGRAPHY, now=now)


def names(found: Comparison) -> list[str]:
    return [offer.candidate.description.provider for offer in found.ranking.offers]


def reasons(found: Comparison) -> dict[str, str]:
    return {one.candidate.description.provider: str(one.reason) for one in found.ranking.excluded}


FREE = PercentFee(Decimal(0))

# ---------------------------------------------------------------- defaults


def test_what_is_held_equal_is_all_that_the_sender_pays_unless_told() -> None:
    found = answer(live_quote(fees=FREE))
    assert (found.amount_is, str(found.amount), found.sending_currency) == ("total_paid", "130", "GBP")
    assert (found.basis, found.period, found.benchmark, found.freshness) == ("live", None, "default", "live")


def test_without_a_rate_an_amount_must_be_given() -> None:
    blind = replace(CONTEXT, rates=RateBook((), (), {}))
    with pytest.raises(InvalidParameter, match="reference rate"):
        answer(live_quote(fees=FREE), context=blind)
    assert answer(live_quote(fees=FREE), context=blind, amount=Decimal(200)).ranking.offers[0].price.total_cost is None


def test_a_currency_that_nobody_takes_is_refused_with_those_that_somebody_does() -> None:
    with pytest.raises(InvalidParameter, match="GBP"):
        answer(live_quote(fees=FREE), sending_currency="EUR")


# ---------------------------------------------------------------- the ranking


def test_at_equal_total_paid_who_pays_out_most_is_first_and_no_benchmark_is_needed() -> None:
    free_but_dear = live_quote(fees=FREE, rate="68", provider="free")
    fee_and_fair = live_quote(fees=ScheduleFee((Band(start=Decimal(0), fixed=Decimal(2)),)), rate="71", provider="fair")
    found = answer(
        free_but_dear, fee_and_fair, context=replace(CONTEXT, rates=RateBook((), (), {})), amount=Decimal(200)
    )
    assert (names(found), found.ranking.key, found.rank_stable) == (["fair", "free"], "recipient_gets", True)


def test_at_equal_received_the_reverse_question_is_answered() -> None:
    quotes = [live_quote(fees=FREE, rate=rate, provider=name) for name, rate in (("a", "70"), ("b", "71"))]
    found = answer(*quotes, amount=Decimal(7100), amount_is=AmountIs.RECEIVED)
    assert (names(found), found.amount_currency, found.ranking.key) == (["b", "a"], "PHP", "sender_pays")
    assert found.ranking.offers[0].price.sender_pays == 100


def test_a_service_without_a_rate_is_ranked_by_nobody_at_equal_received() -> None:
    found = answer(live_quote(fees=FREE, rate=None), amount=Decimal(7100), amount_is=AmountIs.RECEIVED)
    assert reasons(found) == {"example": "rate_not_recorded"}


def test_margins_are_against_the_newest_rate_when_the_quote_was_seen() -> None:
    (offer,) = answer(live_quote(fees=FREE, rate="70.2")).ranking.offers
    assert offer.price.fx_margin_percent == Fraction(5, 2)
    assert offer.price.mid_market_rate == 72


def test_what_the_source_itself_declares_comes_before_the_reference_rate() -> None:
    found = answer(live_quote(fees=FREE, rate="70", mid="70"))
    assert found.ranking.offers[0].price.fx_margin_percent == 0
    (beside,) = found.live.values()
    assert beside.reference is None
    chosen = answer(live_quote(fees=FREE, rate="70", mid="70"), benchmark="ecb")
    assert chosen.ranking.offers[0].price.mid_market_rate == 72


def test_the_order_at_equal_principal_may_hang_on_the_benchmark() -> None:
    """A fee of 3 and 0.5 PHP better: at 72 the fee weighs more, at a lower rate less."""
    cheap = live_quote(fees=ScheduleFee((Band(start=Decimal(0), fixed=Decimal(3)),)), rate="71.1", provider="fee")
    rate = live_quote(fees=FREE, rate="70", provider="rate")
    asked: dict[str, Any] = {"amount": Decimal(200), "amount_is": AmountIs.PRINCIPAL}
    one = answer(cheap, rate, context=replace(CONTEXT, rates=book()), **asked)
    assert (one.rank_stable, one.rank_stable_reason, one.benchmarks_available) == (None, "single_benchmark", ("ecb",))
    two = answer(cheap, rate, context=replace(CONTEXT, rates=book(bsp="75")), **asked)
    assert (two.rank_stable, set(two.benchmarks_available)) == (False, {"ecb", "bsp"})
    near = answer(cheap, rate, context=replace(CONTEXT, rates=book(bsp="72.1")), **asked)
    assert near.rank_stable is True


# ---------------------------------------------------------------- several sources


def test_other_sources_stand_beside_the_one_that_speaks() -> None:
    own = live_quote(fees=FREE, rate="70")
    found = answer(own, live_quote("130", "0", "69.9", **AGGREGATOR))
    (offer,) = found.ranking.offers
    (other,) = found.live[offer.candidate.quote_ids].others
    assert (offer.candidate.source, other.source, other.evidence) == ("quote_file", "wise", "aggregator_estimate")
    assert other.price is not None
    assert other.price.recipient_gets == 130 * Fraction("69.9")
    assert offer.cautions == ()


def test_sources_more_than_one_percent_apart_disagree() -> None:
    far = answer(live_quote(fees=FREE, rate="70"), live_quote("130", "0", "69.2", **AGGREGATOR))
    assert [str(c) for c in far.ranking.offers[0].cautions] == ["sources_disagree"]


def test_a_competitors_estimate_alone_says_so() -> None:
    found = answer(live_quote("130", "0", "70", **AGGREGATOR))
    assert {str(c) for c in found.ranking.offers[0].cautions} == {"estimate_by_competitor", "single_source"}


@pytest.mark.parametrize(
    ("rate", "disagrees"), [("70.7", False), ("70.70001", True), ("69.306931", False), ("69.306", True)]
)
def test_sources_disagree_from_more_than_one_percent_on_whichever_is_dearer(rate: str, *, disagrees: bool) -> None:
    found = answer(live_quote(fees=FREE, rate="70"), live_quote("130", "0", rate, **AGGREGATOR))
    assert (Caution.SOURCES_DISAGREE in found.ranking.offers[0].cautions) is disagrees


def test_sources_are_compared_by_what_arrives_of_what_is_paid() -> None:
    """At equal principal a fee that only one of them names is a difference, though both pay out the same."""
    dear = live_quote("130", "5", "70", **AGGREGATOR)
    found = answer(live_quote(fees=FREE, rate="70"), dear, amount=Decimal(130), amount_is=AmountIs.PRINCIPAL)
    assert Caution.SOURCES_DISAGREE in found.ranking.offers[0].cautions


def test_an_answer_names_everybody_whose_figures_it_holds() -> None:
    found = answer(live_quote(fees=FREE), live_quote("130", "0", "70", **AGGREGATOR))
    assert found.sources == ("ecb", "quote_file", "wise")
    surveyed = replace(CONTEXT, figures_source="rpw")
    assert answer(live_quote(fees=FREE, mid="72"), context=surveyed).sources == ("quote_file", "rpw")


def test_an_answer_without_offers_is_called_stale() -> None:
    assert answer(live_quote(fees=FREE, seen=SEEN - 8 * DAY), amount=Decimal(200)).freshness == "stale"


# ---------------------------------------------------------------- time


def test_stale_and_expired_prices_are_named_and_not_ranked() -> None:
    old = live_quote(fees=FREE, provider="old", seen=SEEN - 8 * DAY)
    ended = live_quote(fees=FREE, provider="ended", until=SEEN)
    assert reasons(answer(live_quote(fees=FREE), old, ended)) == {"old": "stale", "ended": "expired"}


def test_an_earlier_reason_is_named_before_staleness() -> None:
    old = live_quote("500", "5", provider="old", seen=SEEN - 8 * DAY)
    assert reasons(answer(live_quote(fees=FREE), old)) == {"old": "amount_not_observed"}


def test_the_whole_is_called_no_fresher_than_its_oldest_offer() -> None:
    found = answer(live_quote(fees=FREE), live_quote(fees=FREE, provider="b", seen=SEEN - 2 * DAY))
    assert (found.freshness, sorted(found.freshness_of(o) for o in found.ranking.offers)) == (
        "aging",
        ["aging", "live"],
    )


def test_an_answer_is_good_until_the_first_thing_that_time_changes() -> None:
    quotes = [live_quote(fees=FREE), live_quote(fees=FREE, provider="b", until=SEEN + 45 * timedelta(minutes=1))]
    found = answer(*quotes, amount=Decimal(200))
    assert found.fresh_until == SEEN + 45 * timedelta(minutes=1)
    assert COMMITTED <= found.evaluated_at < SEEN


# ---------------------------------------------------------------- taxes


def test_a_tax_on_cash_is_paid_by_the_sender_and_shown_apart() -> None:
    cash = live_quote(fees=FREE, rate="47", currency="USD", corridor="USA-PHL")
    paid = (PaymentInstrument.BANK_ACCOUNT,)
    account = live_quote(
        fees=FREE, rate="47", currency="USD", corridor="USA-PHL", provider="account", payment_instruments=paid
    )
    found = answer(cash, account, amount=Decimal(202))
    assert names(found) == ["account", "example"]
    first, second = found.ranking.offers
    assert [first.price.tax, second.price.tax, second.price.principal] == [0, 2, 200]
    assert [str(c) for c in second.cautions] == ["tax_applies", "single_source"]


def test_a_tax_counts_under_every_benchmark_too() -> None:
    """Without a rate for one offer the order goes by cost and tax, whatever the rates are measured against."""
    usa: dict[str, Any] = {"currency": "USD", "corridor": "USA-PHL"}
    paid = (PaymentInstrument.BANK_ACCOUNT,)
    cash = live_quote(fees=FREE, rate="47.1", provider="cash", **usa)
    account = live_quote(fees=FREE, rate="47", provider="account", payment_instruments=paid, **usa)
    mixed = live_quote(fees=FREE, rate="1", provider="dollars", pays="USD", payment_instruments=paid, **usa)
    found = answer(cash, account, mixed, amount=Decimal(202), benchmark="ecb")
    assert found.ranking.key == "cost_of_total_paid_percent"
    assert names(found).index("account") < names(found).index("cash")
    assert found.rank_stable is True


# ---------------------------------------------------------------- the cost curve


def test_the_curve_of_schedules_finds_where_the_cheapest_changes() -> None:
    """GBP 2 at 71 against nothing at 70: 2·71 = T·1, so from 142 on the fee pays."""
    fee = live_quote(fees=ScheduleFee((Band(start=Decimal(0), fixed=Decimal(2)),)), rate="71", provider="fee")
    free = live_quote(fees=FREE, rate="70", provider="free")

    def compared(amount: Decimal | None) -> Comparison:
        return answer(fee, free, amount=amount)

    curve = cost_curve(compared, [Decimal(100), Decimal(200)])
    (switch,) = curve.switches
    after = None if switch.after is None else curve.services[switch.after].description.provider
    assert [switch.at, curve.last] == [Fraction("142.01"), 2000]
    assert after == "fee"


# ---------------------------------------------------------------- a clock that is stepped


def scenario(seed: int) -> tuple[CorridorLive, ComparisonQuestion, LiveContext]:
    """A random corridor and question; times are spread so that every limit is crossed by somebody."""
    chance = random.Random(seed)
    where: dict[str, Any] = {"currency": "USD", "corridor": "USA-PHL"} if seed % 3 == 2 else {}
    quotes = []
    for place in range(chance.randint(2, 6)):
        seen = SEEN - timedelta(seconds=chance.choice([0, 1800, 3599, 80_000, 500_000, 604_000, 700_000]))
        until = chance.choice([None, None, seen + timedelta(seconds=chance.randint(60, 900_000))])
        kind: dict[str, Any] = chance.choice(
            [{"fees": FREE}, {"fees": FREE}, {"amount": str(chance.choice([130, 200, 500]))}]
        )
        more: dict[str, Any] = AGGREGATOR if chance.random() < 0.4 else {}
        provider = chance.choice(["a", "b", "c"]) if more else f"p{place % 4}"
        rate = chance.choice(["69", "70", "70.5", None])
        quotes.append(live_quote(provider=provider, seen=seen, until=until, rate=rate, **kind, **more, **where))
    unique = {(quote.source, quote.source_key): quote for quote in quotes}
    filters = Filters(max_age_days=timedelta(days=chance.choice([1, 3]))) if chance.random() < 0.3 else Filters()
    question = ComparisonQuestion(
        amount=chance.choice([None, Decimal(200)]),
        amount_is=chance.choice([None, AmountIs.PRINCIPAL]),
        filters=filters,
    )
    context = replace(
        CONTEXT,
        rates=book(days=chance.choice([1, 3]), bsp=chance.choice([None, "71"])),
        has_survey=chance.random() < 0.5,
    )
    return corridor_live(quotes[0].corridor, unique.values()), question, context


def content(live: CorridorLive, question: ComparisonQuestion, context: LiveContext, at: datetime) -> tuple[bytes, Any]:
    """All that is answered but the two clocks; where there is no answer, why; and where another basis answers."""
    if context.has_survey and not live.is_default(at):
        return b"the survey answers", None
    try:
        found = compare_live(live, question, context=context, geography=GEOGRAPHY, now=at)
    except InvalidParameter as error:
        return error.detail.encode(), None
    whole = comparison_document(found, GEOGRAPHY, sources(), limit=500, with_excluded=True)
    return encode({key: value for key, value in whole.items() if key not in {"evaluated_at", "fresh_until"}}), found


@pytest.mark.parametrize("seed", range(max(1, STEPS // 50)))
def test_a_stepped_clock_never_finds_an_answer_fresher_than_it_is_nor_changed_unannounced(seed: int) -> None:
    """The answer changes exactly at ``fresh_until``, and has been what it is since ``evaluated_at``."""
    chance = random.Random(seed)
    scene = scenario(seed)
    for _ in range(50):
        at = SEEN + timedelta(microseconds=chance.randint(0, 16 * 86_400 * 10**6))
        here, found = content(*scene, at)
        if found is None:
            continue
        for offer in found.ranking.offers:
            age = at - offer.candidate.observed_at
            limit = {"live": HOUR, "recent": DAY, "aging": 7 * DAY}[str(found.freshness_of(offer))]
            assert age <= limit, "labelled fresher than it is"
            assert offer.candidate.valid_until is None or at < offer.candidate.valid_until
        assert found.evaluated_at <= at
        if found.evaluated_at > COMMITTED:
            assert content(*scene, found.evaluated_at)[0] == here
            assert content(*scene, found.evaluated_at - JUST)[0] != here
        if found.fresh_until is None:
            assert content(*scene, SEEN + 400 * DAY)[0] == here
        else:
            assert content(*scene, found.fresh_until - JUST)[0] == here
            assert content(*scene, found.fresh_until)[0] != here, "nothing changed at fresh_until"


def test_a_tax_that_begins_changes_an_answer_at_its_first_midnight() -> None:
    """Prices seen on the last day of 2025, asked for on both sides of the new year in Washington's law."""
    eve = datetime(2025, 12, 31, 20, tzinfo=UTC)
    cash = live_quote(fees=FREE, rate="47", currency="USD", corridor="USA-PHL", seen=eve, mid="48")
    context = replace(CONTEXT, committed_at=eve)
    before = answer(cash, now=eve, context=context, amount=Decimal(202))
    midnight = datetime(2026, 1, 1, tzinfo=UTC)
    assert before.ranking.offers[0].price.tax == 0
    assert before.fresh_until == min(midnight, eve + HOUR + JUST)
    late = answer(cash, now=eve + 2 * HOUR, context=context, amount=Decimal(202))
    assert late.fresh_until == midnight
    after = answer(cash, now=midnight, context=context, amount=Decimal(202))
    assert after.evaluated_at == midnight
    assert after.ranking.offers[0].price.tax == 2


def test_an_instant_is_the_first_of_the_new_state() -> None:
    at, before = SEEN, SEEN - JUST
    assert last_and_next([at], at, lambda when: when >= at) == (at, None)
    assert last_and_next([at], before, lambda when: when >= at) == (None, at)


def test_where_the_basis_was_asked_for_time_does_not_take_it_back() -> None:
    quotes = [live_quote(fees=FREE, provider=name, until=SEEN + HOUR) for name in "ab"]
    asked = answer(*quotes, context=replace(CONTEXT, is_asked=True), amount=Decimal(200), now=SEEN + 2 * HOUR)
    assert (asked.evaluated_at, asked.fresh_until is None) == (SEEN + HOUR, False)
