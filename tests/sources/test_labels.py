"""Published labels and notes mean what METHODOLOGY's vocabulary says."""

import pytest

from app.domain.vocabulary import (
    AccessPoint,
    PaymentInstrument,
    ProviderType,
    ReceivingMethod,
    TransferSpeed,
)
from app.reference import load
from app.sources.labels import Labels, UnmappedError, label_file, read_label_file
from app.sources.source import sources


@pytest.fixture(scope="module")
def labels() -> Labels:
    return Labels(label_file("rpw"), load().currencies)


PARALLEL = "may reflect a \x91parallel\x92 or \x91grey\x92 foreign exchange market."
ADOPTED = "Ecuador has officially adopted the USD as its currency."
NEGATIVE = "A negative exchange rate margin for this operator"
ALL_SEND = "In this corridor all RSPs send and payout in"
LATER = "Remittance recipients may incur an additional cost (not shown here) if and when converting it."


def test_case_and_spaces_are_folded(labels: Labels) -> None:
    for spelling in ("Next day", "Next Day", " next  DAY "):
        assert labels.transfer_speed(spelling) is TransferSpeed.NEXT_DAY


@pytest.mark.parametrize("nothing", [None, "", "N/A", "Not available", "..", " n/a "])
def test_what_is_not_said_is_unknown(labels: Labels, nothing: str | None) -> None:
    assert labels.transfer_speed(nothing) is TransferSpeed.UNKNOWN
    assert labels.provider_type(nothing) is ProviderType.UNKNOWN
    assert labels.payment_instruments(nothing) == ()


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Cash,Debit/credit card", {"cash", "debit_card", "credit_card"}),
        ("Credit Card", {"credit_card"}),
        ("Credit card", {"credit_card"}),
        ("Bank Acciunt", {"bank_account"}),
        ("Bank account transfer", {"bank_account"}),
        ("Mobile money", {"mobile_money"}),
        ("Cash, N/A", {"cash"}),
    ],
)
def test_payment_instruments_are_mapped_whole_or_in_parts(labels: Labels, label: str, expected: set[str]) -> None:
    assert set(labels.payment_instruments(label)) == expected


@pytest.mark.parametrize(
    ("product", "instruments", "methods"),
    [
        ("Cash to cash", {"cash"}, {"cash"}),
        ("Account to account (same bank)", {"bank_account"}, {"bank_account"}),
        ("Cash to cash,Credit/debit card service", {"cash", "debit_card", "credit_card"}, {"cash"}),
        ("Account,Card,Cash to cash", {"cash", "bank_account", "debit_card", "credit_card"}, {"cash"}),
        ("Account,Cash to cash", {"cash", "bank_account"}, {"cash"}),
        ("Prepaid card", {"other"}, set()),
        ("Door to door", set(), {"home_delivery"}),
        ("Online service", set(), set()),
        ("N/A", set(), set()),
    ],
)
def test_a_product_says_how_is_paid_and_received(
    labels: Labels, product: str, instruments: set[str], methods: set[str]
) -> None:
    found = labels.product(product)
    assert set(found.payment_instruments) == instruments
    assert set(found.receiving_methods) == methods


def test_online_service_and_mobile_say_where_the_sender_reaches_the_service(labels: Labels) -> None:
    assert labels.product("Online service").access_points == (AccessPoint.INTERNET,)
    assert labels.product("Mobile").access_points == (AccessPoint.MOBILE_PHONE,)


def test_lists_of_other_columns(labels: Labels) -> None:
    assert labels.access_points("at Branch,Call Center,On-line") == (
        AccessPoint.BRANCH,
        AccessPoint.INTERNET,
        AccessPoint.CALL_CENTER,
    )
    assert labels.receiving_methods("ATM, Bank Account") == (ReceivingMethod.BANK_ACCOUNT, ReceivingMethod.ATM)
    assert labels.receiving_methods("Prepaid cash card") == (ReceivingMethod.CARD,)
    assert labels.provider_type("Money Transfer Operator / Post office") is ProviderType.MONEY_TRANSFER_OPERATOR
    assert labels.provider_type("Bank/Post office") is ProviderType.BANK
    assert labels.transfer_speed("1-3 days") is TransferSpeed.THREE_TO_FIVE_DAYS


def test_a_label_that_nobody_mapped_is_named_with_its_vocabulary(labels: Labels) -> None:
    with pytest.raises(UnmappedError) as caught:
        labels.payment_instruments("Cash,Seashells")
    assert (caught.value.label, caught.value.vocabulary) == ("Cash,Seashells", "payment_instrument")


@pytest.mark.parametrize(
    ("note", "payout", "means"),
    [
        ("USD service", "USD", ()),
        ("USD Service ", "USD", ()),
        ("LCU service", "local", ()),
        (
            f"{NEGATIVE} may reflect a \x91parallel\x92 or \x91grey\x92 foreign exchange market.",
            None,
            ("parallel_market",),
        ),
        (f"{NEGATIVE} may be due to a promotion active at the time.", None, ("promotion",)),
        ("Economy service", None, ("economy_service",)),
        (
            f"{ALL_SEND} USD. Ecuador has officially adopted the USD as its currency.",
            "USD",
            ("official_tender_payout",),
        ),
        (f"This RSP sends GBP and pays out EUR in this corridor. {LATER}", "EUR", ("receiver_converts_later",)),
        (f"In this corridor all RSPs send KRW and pay out USD. {LATER}", "USD", ("receiver_converts_later",)),
        ("This RSP is not transparent: the exchange rate was not disclosed.", None, ("not_transparent",)),
        ("Through Western Union", None, ("through_partner",)),
    ],
)
def test_a_note_means_what_the_label_file_says(
    labels: Labels, note: str, payout: str | None, means: tuple[str, ...]
) -> None:
    found = labels.note(note)
    assert found.is_mapped
    assert (found.payout_currency, found.notes) == (payout, means)


@pytest.mark.parametrize(
    "note", ["Exclusive service", "XXQ service", "This RSP sends USD and pays out BGT in this corridor. "]
)
def test_a_note_that_nothing_matches_or_that_names_no_currency_is_unmapped(labels: Labels, note: str) -> None:
    assert not labels.note(note).is_mapped


def test_the_hashes_follow_the_content_of_the_label_file_alone() -> None:
    text = """
    [provider_type]
    "bank" = ["bank"]
    [payment_instrument]
    [access_point]
    [receiving_method]
    [transfer_speed]
    [network_coverage]
    [product]
    """
    corrected = (
        text
        + """
    [[correction]]
    period = "2013-Q3"
    id = "1"
    column = "cc1 lcu code"
    published = "USD"
    corrected = "RUB"
    who = "x"
    on = 2026-01-01
    why = "y"
    """
    )
    plain, spaced, other, with_correction = (
        Labels(read_label_file(each), ["USD"])
        for each in (text, f"# a comment\n{text}", text.replace('"bank" =', '"Bank2" ='), corrected)
    )
    assert plain.labels_hash == spaced.labels_hash
    assert plain.labels_hash != other.labels_hash
    assert plain.labels_hash == with_correction.labels_hash
    assert plain.corrections_hash != with_correction.corrections_hash


def test_a_label_file_whose_labels_meet_when_folded_is_a_fault() -> None:
    with pytest.raises(ValueError, match="differ only by case"):
        read_label_file('[provider_type]\n"Bank" = ["bank"]\n"bank" = ["bank"]')


def test_payment_instruments_come_in_the_order_of_the_vocabulary(labels: Labels) -> None:
    assert labels.payment_instruments("Mobile money,Cash") == (PaymentInstrument.CASH, PaymentInstrument.MOBILE_MONEY)


def test_every_source_states_its_publisher_licence_and_reuse() -> None:
    known = sources()
    real = {"rpw", "ecb", "frankfurter", "wise", "quote_file"}
    assert set(known) == real | {"demo", "demo_rates", "demo_tariffs"}
    assert {key for key, source in known.items() if source.is_synthetic} == set(known) - real
    assert known["rpw"].licence == "CC-BY-4.0"
    assert known["rpw"].reuse.redistribute
    assert "World Bank" in known["rpw"].attribution
    assert known["demo"].is_synthetic
    assert not known["rpw"].is_synthetic
