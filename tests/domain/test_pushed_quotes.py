"""Each rule about pushed quotes: what it lets pass, what it flags, what waits for a person and what it rejects."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.look_alikes import appearance
from app.domain.plausibility.cases import Against, Before, Case, NamedProvider, Pair, fee_at, judged_amount
from app.domain.plausibility.parameters import PARAMETERS, parameters_on
from app.domain.plausibility.quotes import RULES, findings
from app.domain.plausibility.sandbox import forced
from app.domain.rates import ReferenceRate
from app.domain.terms import AmountFee, Band, Fee, PercentFee, RateBand, ScheduleFee, Terms
from app.domain.verdicts import Verdict, worst
from app.domain.vocabulary import FeeMode, RateType

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
RATE = Fraction(80)
GIVEN = NamedProvider("acme", "Acme")
PAIR = Pair(
    sending_country="GBR",
    receiving_country="PHL",
    sending_currency="GBP",
    receiving_currency="PHP",
    sent=("GBP",),
    paid=("PHP",),
    usd=Fraction(3, 4),
    usual_amount=Decimal(150),
)


def micro(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def priced(
    *rates: str,
    fee: Fee | None = None,
    starts: tuple[int, ...] = (0, 500),
    low: str | None = None,
    high: str | None = None,
) -> Terms:
    return Terms(
        fee_mode=FeeMode.ON_TOP,
        fee=PercentFee(Decimal(1)) if fee is None else fee,
        rates=tuple(RateBand(Decimal(start), Decimal(rate)) for start, rate in zip(starts, rates, strict=False)),
        min_amount=None if low is None else Decimal(low),
        max_amount=None if high is None else Decimal(high),
    )


def case(  # noqa: PLR0913 - each says what a test is about
    terms: Terms | None = None,
    *,
    provider: NamedProvider = GIVEN,
    pair: Pair = PAIR,
    observed: timedelta = timedelta(0),
    valid: timedelta | None = None,
    reference: Fraction | None = RATE,
    before: Before | None = None,
    has_twin: bool = False,
) -> Case:
    """A quote of GBR-PHL that is good in every way but what is said otherwise; times are from NOW on."""
    parameters = parameters_on(NOW.date())
    its = priced("79") if terms is None else terms
    amount = judged_amount(its, pair)
    against = None
    if reference is not None:
        rate = ReferenceRate(base="GBP", quote="PHP", rate=reference, legs=(), rate_type=RateType.DAILY_FIXING)
        against = Against(rate, parameters)
    return Case(
        provider=provider,
        pair=pair,
        terms=its,
        observed_at=micro(NOW + observed),
        valid_until=None if valid is None else micro(NOW + valid),
        now=micro(NOW),
        parameters=parameters,
        amount=amount,
        fee=Decimal(0) if amount is None else fee_at(its.fee, amount),
        odd_rates=() if against is None else against.odd(its.rates),
        against=against,
        before=before,
        has_twin=has_twin,
    )


def found(judged: Case) -> dict[str, Verdict]:
    return {finding.rule: finding.verdict for finding in findings(judged)}


FLAG, QUARANTINE, REJECT = Verdict.FLAG, Verdict.QUARANTINE, Verdict.REJECT


def test_a_usual_quote_is_accepted_and_nothing_is_said_of_it() -> None:
    assert findings(case()) == ()
    assert worst(findings(case())) is Verdict.ACCEPT


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ("80", None),
        ("82.4", None),  # a margin of -3 %
        ("82.4000001", FLAG),
        ("84", FLAG),  # -5 %
        ("84.0000001", QUARANTINE),
        ("68", None),  # 15 %
        ("67.9999999", FLAG),
        ("60", FLAG),  # 25 %
        ("59.9999999", QUARANTINE),
        ("800", QUARANTINE),
        ("0.8", QUARANTINE),
    ],
)
def test_a_margin_is_judged_exactly_at_its_bounds(rate: str, expected: Verdict | None) -> None:
    assert found(case(priced(rate))).get("margin-out-of-range") == expected


def test_of_several_rates_the_oddest_is_named_with_its_place_the_limit_and_the_value() -> None:
    (finding,) = findings(case(priced("79", "50")))
    assert finding.pointer == "/offered_rates/1/rate"
    assert (finding.limit, finding.value) == ("-5 to 25 %", "37.50 %")
    assert "margin of 37.50 % against the reference rate 80" in finding.detail


@pytest.mark.parametrize("rate", ["0.0125", "0.0126", "0.0119"])
def test_a_rate_that_is_turned_round_is_rejected_and_the_margin_is_not_held_against_it_too(rate: str) -> None:
    assert found(case(priced(rate))) == {"inverted-rate": REJECT}


def test_a_rate_near_one_that_would_do_both_ways_is_not_called_inverted() -> None:
    assert found(case(priced("0.99"), reference=Fraction(101, 100))) == {}


@pytest.mark.parametrize(
    ("rate", "was", "reference", "expected"),
    [
        ("79", "79", None, None),
        ("86.9", "79", None, None),  # 10 % more
        ("86.91", "79", None, FLAG),
        ("98.75", "79", None, FLAG),  # 25 % more
        ("98.76", "79", None, QUARANTINE),
        ("63.1", "79", None, QUARANTINE),
        ("79", "100", RATE, FLAG),  # the market moved with it
        ("66", "100", RATE, QUARANTINE),
    ],
)
def test_a_jump_from_the_service_s_last_rate(
    rate: str, was: str, reference: Fraction | None, expected: Verdict | None
) -> None:
    judged = case(priced(rate), reference=reference, before=Before(Decimal(was), None))
    assert found(judged).get("rate-jump") == expected
    assert "rate-unchecked" not in found(judged)


def test_a_rate_beside_which_nothing_is_known_is_flagged() -> None:
    assert found(case(reference=None)) == {"rate-unchecked": FLAG}
    assert found(case(reference=None, before=Before(None, None))) == {"rate-unchecked": FLAG}


def test_a_quote_without_a_rate_is_flagged_because_it_cannot_be_ranked() -> None:
    assert found(case(priced())) == {"no-offered-rate": FLAG}


@pytest.mark.parametrize(
    ("fee", "expected"),
    [
        (PercentFee(Decimal(25)), None),
        (PercentFee(Decimal("25.0001")), FLAG),
        (PercentFee(Decimal(40)), FLAG),
        (PercentFee(Decimal("40.0001")), QUARANTINE),
        (AmountFee(Decimal("37.5"), Decimal(150)), None),
        (AmountFee(Decimal("37.51"), Decimal(150)), FLAG),
        (AmountFee(Decimal("60.01"), Decimal(150)), QUARANTINE),
        (AmountFee(Decimal(30), Decimal(20)), None),  # what one pays for a wire, whatever is sent
        (AmountFee(Decimal(70), Decimal(20)), QUARANTINE),
        (AmountFee(Decimal(300), Decimal(1000)), FLAG),
        (ScheduleFee((Band(start=Decimal(0), fixed=Decimal(30)), Band(start=Decimal(100), fixed=Decimal(3)))), None),
        (
            ScheduleFee((Band(start=Decimal(0), fixed=Decimal(3)), Band(start=Decimal(100), fixed=Decimal(61)))),
            QUARANTINE,
        ),
    ],
)
def test_a_fee_is_judged_against_the_amount(fee: Fee, expected: Verdict | None) -> None:
    assert found(case(priced("79", fee=fee))).get("fee-against-amount") == expected


@pytest.mark.parametrize(
    ("fee", "was", "expected"),
    [
        ("5.96", "1.99", None),  # not quite three times
        ("5.97", "1.99", FLAG),
        ("19.90", "1.99", QUARANTINE),
        ("1.99", "19.90", QUARANTINE),
        ("4", "0", QUARANTINE),
        ("3", "0", None),  # 2 % of the amount harm nobody
    ],
)
def test_a_jump_from_the_service_s_last_fee(fee: str, was: str, expected: Verdict | None) -> None:
    now, then = (AmountFee(Decimal(text), Decimal(150)) for text in (fee, was))
    judged = case(priced("79", fee=now), before=Before(Decimal(79), then))
    assert found(judged).get("fee-jump") == expected


def test_fees_at_two_amounts_are_not_compared() -> None:
    before = Before(Decimal(79), AmountFee(Decimal(2), Decimal(200)))
    assert "fee-jump" not in found(case(priced("79", fee=AmountFee(Decimal(20), Decimal(2000))), before=before))


def test_a_transfer_that_costs_nothing_is_flagged_unless_its_cost_is_in_the_rate() -> None:
    free = PercentFee(Decimal(0))
    assert found(case(priced("80", fee=free))) == {"free-of-charge": FLAG}
    assert found(case(priced("79.99", fee=free))) == {}


@pytest.mark.parametrize(
    ("low", "high", "is_odd"),
    [
        ("1", "800", False),
        (None, "15", False),
        (None, "14.99", True),
        ("7500", None, False),
        ("7500.01", None, True),
    ],
)
def test_limits_are_amounts_that_people_send(low: str | None, high: str | None, *, is_odd: bool) -> None:
    assert ("unusual-limits" in found(case(priced("79", low=low, high=high)))) is is_odd


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (timedelta(minutes=10), None),
        (timedelta(minutes=10, microseconds=1), "future. Send"),
        (timedelta(days=1), "It is 1 day ahead of our clock."),
        (timedelta(days=1, minutes=5), "It is 1 day ahead"),
        (timedelta(hours=8, seconds=-3), "It is 8 hours ahead of our clock, as with a wrong time zone."),
        (timedelta(hours=5, minutes=30), "future. Send"),
        (timedelta(days=365 * 70), "ahead of our clock."),
    ],
)
def test_a_quote_from_the_future_is_rejected_and_a_wrong_clock_is_named(ahead: timedelta, said: str | None) -> None:
    told = {finding.rule: finding for finding in findings(case(observed=ahead))}
    assert ("observed-ahead" in told) is (said is not None)
    if said is not None:
        assert said in told["observed-ahead"].detail
        assert told["observed-ahead"].limit == "2026-11-24T09:10:00Z"


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(days=1), None),
        (timedelta(days=7), None),
        (timedelta(days=7, microseconds=1), FLAG),
        (timedelta(days=366), FLAG),
        (timedelta(days=366, microseconds=1), QUARANTINE),
    ],
)
def test_an_old_quote_is_history_and_an_ancient_one_waits(age: timedelta, expected: Verdict | None) -> None:
    assert found(case(observed=-age)).get("observed-long-ago") == expected


def test_an_end_that_has_passed_and_one_that_nobody_can_promise_are_flagged() -> None:
    hour = timedelta(hours=1)
    assert found(case(observed=-2 * hour, valid=timedelta(0))) == {"already-expired": FLAG}
    assert found(case(valid=hour)) == {}
    assert found(case(valid=timedelta(days=92))) == {}
    assert found(case(valid=timedelta(days=93))) == {"valid-for-long": FLAG}


@pytest.mark.parametrize(
    ("sending", "receiving", "expected"),
    [
        ("GBP", "PHP", {}),
        ("PHP", "GBP", {"currencies-swapped": REJECT}),
        ("GBP", "USD", {"currency-not-of-corridor": FLAG}),
        ("EUR", "PHP", {"currency-not-of-corridor": FLAG}),
        ("GBP", "INR", {"currency-not-of-corridor": QUARANTINE}),
        ("EUR", "INR", {"currency-not-of-corridor": QUARANTINE}),
    ],
)
def test_currencies_belong_to_the_corridor(sending: str, receiving: str, expected: dict[str, Verdict]) -> None:
    pair = replace(PAIR, sending_currency=sending, receiving_currency=receiving)
    assert found(case(pair=pair)) == expected


def test_where_a_country_has_no_money_that_is_known_the_finding_says_so() -> None:
    told = findings(case(pair=replace(PAIR, paid=(), receiving_currency="INR")))
    assert "where none that we know is" in told[0].detail


def test_a_provider_whom_nobody_knows_waits_and_near_ids_are_named() -> None:
    stranger = NamedProvider("acne", "Acne", is_known=False, near=("acme",))
    (finding,) = findings(case(provider=stranger))
    assert (finding.rule, finding.verdict) == ("unknown-provider", QUARANTINE)
    assert "Did you mean acme?" in finding.detail


def test_a_provider_who_looks_like_another_waits_for_that_reason() -> None:
    twin = NamedProvider("acrne", "Acrne", is_known=False, resembles="Acme")
    assert found(case(provider=twin)) == {"look-alike-provider": QUARANTINE}


def test_what_another_partner_says_too_is_flagged() -> None:
    assert found(case(has_twin=True)) == {"same-as-another": FLAG}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Wise", "W1se Inc."),
        ("Western Union", "Westem Union"),
        ("MoneyGram", "Moneygrarn Ltd"),
        ("Payoneer", "\u0420\u0430\u0443\u043en\u0435\u0435r"),
        ("Ria", "Rla"),
    ],
)
def test_names_that_look_the_same_have_one_appearance(one: str, other: str) -> None:
    assert appearance(one) == appearance(other)


@pytest.mark.parametrize("other", ["Wide", "Visa", "Western Onion", "Remitly"])
def test_names_that_look_different_do_not(other: str) -> None:
    assert appearance(other) not in {appearance(name) for name in ("Wise", "Western Union", "Remitty Express")}


def test_magic_external_ids_force_each_verdict() -> None:
    assert forced("magic-accept-1") == ()
    assert forced("magic-duplicate-1") == ()
    assert forced("GBPPHP-cash") is None
    assert forced("magical") is None
    for verdict in (FLAG, QUARANTINE, REJECT):
        told = forced(f"magic-{verdict}-7")
        assert told is not None
        assert worst(told) is verdict


def test_parameters_are_dated_and_those_of_the_day_are_in_force() -> None:
    assert all(one.since < other.since for one, other in pairwise(PARAMETERS))
    assert parameters_on(date(2020, 1, 1)) is PARAMETERS[0]
    assert parameters_on(PARAMETERS[-1].since) is PARAMETERS[-1]


@given(st.decimals("0.000001", "1000000", places=6), st.fractions(Fraction(1, 1000), 1_000_000))
def test_no_rate_whose_margin_is_unusual_passes_by_the_rounded_bounds(rate: Decimal, reference: Fraction) -> None:
    judged = case(priced(str(rate)), reference=reference)
    margin = 100 * (reference - Fraction(rate)) / reference
    is_usual = -3 <= margin <= 15
    assert is_usual is not bool({"margin-out-of-range", "inverted-rate"} & found(judged).keys())


@given(
    st.lists(st.tuples(st.integers(1, 1000), st.integers(0, 50), st.integers(0, 30)), min_size=1, max_size=5),
    st.decimals(1, 5000, places=2),
)
def test_a_marginal_fee_is_the_sum_of_its_slices(bands: list[tuple[int, int, int]], amount: Decimal) -> None:
    starts = [0]
    for width, _, _ in bands[1:]:
        starts.append(starts[-1] + width)
    schedule = tuple(
        Band(start=Decimal(start), fixed=Decimal(fixed), percent=Decimal(percent))
        for start, (_, fixed, percent) in zip(starts, bands, strict=True)
    )
    expected = Fraction(0)
    for band, end in zip(schedule, [*starts[1:], None], strict=True):
        if band.start <= amount:
            until = amount if end is None else min(Decimal(end), amount)
            expected += Fraction(band.fixed) + Fraction(until - band.start) * Fraction(band.percent) / 100
    assert Fraction(fee_at(ScheduleFee(schedule, is_marginal=True), amount)) == expected


def test_every_rule_says_what_to_do_in_a_sentence() -> None:
    assert len({rule.__name__ for rule in RULES}) == len(RULES)
    assert all((rule.__doc__ or "").startswith("Ask whether") for rule in RULES)
