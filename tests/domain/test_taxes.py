"""A sender's tax is beside the price: it adds to what the sender pays and changes no cost."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from app.domain.costs import Price
from app.domain.price_curves import taxed
from app.domain.ranking import rank
from app.domain.tariffs import FeeBand, tariff_curve
from app.domain.taxes import tax_on_sender
from app.domain.vocabulary import AmountIs, PaymentInstrument
from tests.domain.builders import tariff, tariff_candidate
from tests.domain.test_ranking import ask

CASH, ACCOUNT, UNKNOWN = PaymentInstrument.CASH, PaymentInstrument.BANK_ACCOUNT, PaymentInstrument.UNKNOWN
IN_FORCE, BEFORE = date(2026, 1, 1), date(2025, 12, 31)


@pytest.mark.parametrize(
    ("instruments", "asked", "percent", "reason"),
    [
        ({CASH}, set(), 1, None),
        ({ACCOUNT}, set(), 0, None),
        ({CASH, ACCOUNT}, set(), None, "depends_on_payment_instrument"),
        ({CASH, ACCOUNT}, {CASH}, 1, None),
        ({CASH, ACCOUNT}, {ACCOUNT}, 0, None),
        ({UNKNOWN}, set(), None, "unknown_payment_instrument"),
        ({PaymentInstrument.OTHER}, set(), None, "unknown_payment_instrument"),
        ({CASH, UNKNOWN}, set(), None, "depends_on_payment_instrument"),
        (set(), set(), None, "unknown_payment_instrument"),
    ],
)
def test_the_tax_hangs_on_what_is_paid_with(
    instruments: set[PaymentInstrument], asked: set[PaymentInstrument], percent: int | None, reason: str | None
) -> None:
    found = tax_on_sender("USA", IN_FORCE, instruments, asked)
    assert found is not None
    assert (found.percent, found.reason) == (None if percent is None else Fraction(percent), reason)


@pytest.mark.parametrize(("country", "on"), [("USA", BEFORE), ("GBR", IN_FORCE)])
def test_there_is_no_tax_before_its_day_or_elsewhere(country: str, on: date) -> None:
    assert tax_on_sender(country, on, {CASH}) is None


def price(amount: int, amount_is: AmountIs) -> Price:
    curve = taxed(tariff_curve(tariff(FeeBand(Fraction(0), Fraction(5)))), Fraction(1))
    found = curve.price(Fraction(amount), amount_is)
    assert isinstance(found, Price)
    return found


def test_the_sender_pays_the_tax_on_top_and_the_cost_is_the_same() -> None:
    found, plain = price(200, AmountIs.PRINCIPAL), tariff_curve(tariff(FeeBand(Fraction(0), Fraction(5))))
    untaxed = plain.price(Fraction(200))
    assert isinstance(untaxed, Price)
    assert [found.tax, found.total_paid, found.sender_pays] == [2, 205, 207]
    assert (found.total_cost, found.total_cost_percent) == (untaxed.total_cost, untaxed.total_cost_percent)
    assert found.cost_of_total_paid_percent == untaxed.cost_of_total_paid_percent


def test_equal_total_paid_holds_what_leaves_the_pocket_tax_included() -> None:
    found = price(207, AmountIs.TOTAL_PAID)
    assert [found.principal, found.tax, found.sender_pays, found.recipient_gets] == [200, 2, 207, 12_000]


def test_equal_received_is_reached_by_paying_the_tax_too() -> None:
    assert price(12_000, AmountIs.RECEIVED).sender_pays == 207


@pytest.mark.parametrize("key", ["recipient_gets", "cost_of_total_paid_percent"])
def test_a_taxed_tariff_ranks_behind_the_same_without_tax_at_equal_total_paid(key: str) -> None:
    """By what is received where all pay out in one currency, else by the share that does not arrive."""
    dollars = tariff(FeeBand(Fraction(0), Fraction(5)), number=3, receiving_currency="USD")
    plain = tariff_candidate(tariff(FeeBand(Fraction(0), Fraction(5)), number=1), "plain")
    cash = tariff_candidate(tariff(FeeBand(Fraction(0), Fraction(5)), number=2), "cash")
    cash = replace(cash, curves=tuple(taxed(curve, Fraction(1)) for curve in cash.curves))
    others = [] if key == "recipient_gets" else [tariff_candidate(dollars, "dollars")]
    ranking = rank([cash, plain, *others], ask(amount=Fraction(200), amount_is=AmountIs.TOTAL_PAID))
    names = [offer.candidate.description.provider for offer in ranking.offers]
    assert names.index("plain") < names.index("cash")
    assert ranking.key == key
