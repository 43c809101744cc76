"""Which services a question is about: filters first, then what is not known."""

from datetime import timedelta
from typing import Any

import pytest

from app.domain.filters import Filters
from app.domain.vocabulary import (
    AccessPoint,
    Customer,
    PaymentInstrument,
    ProviderType,
    ReceivingMethod,
    TransferSpeed,
)
from tests.domain.builders import OBSERVED, description

NOT_KNOWN = {"payment_instruments": (PaymentInstrument.UNKNOWN,)}
CASH, CARD, UNKNOWN = PaymentInstrument.CASH, PaymentInstrument.CREDIT_CARD, PaymentInstrument.UNKNOWN


def reason(filters: Filters, **changes: Any) -> str | None:  # noqa: ANN401 - whatever a case changes
    return filters.reason(description("example", **changes), "rpw", OBSERVED)


@pytest.mark.parametrize(
    ("filters", "changes", "expected"),
    [
        (Filters(), {}, None),
        (Filters(payment_instrument=frozenset({CASH, CARD})), {}, None),
        (Filters(payment_instrument=frozenset({CARD})), {}, "filtered_payment_instrument"),
        (
            Filters(payment_instrument=frozenset({CARD})),
            NOT_KNOWN,
            "unknown_payment_instrument",
        ),
        (
            Filters(payment_instrument=frozenset({CARD})),
            {"payment_instruments": (CASH, UNKNOWN)},
            "unknown_payment_instrument",
        ),
        (
            Filters(payment_instrument=frozenset({UNKNOWN})),
            NOT_KNOWN,
            "unknown_payment_instrument",
        ),
        (Filters(access_point=frozenset({AccessPoint.INTERNET})), {}, "filtered_access_point"),
        (Filters(receiving_method=frozenset({ReceivingMethod.CARD})), {}, "filtered_receiving_method"),
        (Filters(provider_type=frozenset({ProviderType.BANK})), {}, "filtered_provider_type"),
        (Filters(provider=frozenset({"other"})), {}, "filtered_provider"),
        (Filters(provider=frozenset({"example"})), {}, None),
        (Filters(source=frozenset({"wise"})), {}, "filtered_source"),
        (Filters(q=frozenset({"example", "other"})), {}, None),
        (Filters(q=frozenset()), {}, "filtered_q"),
        (Filters(max_transfer_speed=TransferSpeed.UNDER_1_HOUR), {}, None),
        (
            Filters(max_transfer_speed=TransferSpeed.SAME_DAY),
            {"transfer_speed": TransferSpeed.NEXT_DAY},
            "filtered_max_transfer_speed",
        ),
        (
            Filters(max_transfer_speed=TransferSpeed.SAME_DAY),
            {"transfer_speed": TransferSpeed.UNKNOWN},
            "unknown_transfer_speed",
        ),
        (Filters(paying_without_account=True), {}, None),
        (Filters(paying_without_account=False), {}, "filtered_paying_without_account"),
        (Filters(paying_without_account=True), {"payment_instruments": (CARD,)}, "filtered_paying_without_account"),
        (Filters(paying_without_account=True), NOT_KNOWN, "unknown_payment_instrument"),
        (
            Filters(receiving_without_account=True),
            {"receiving_methods": (ReceivingMethod.BANK_ACCOUNT,)},
            "filtered_receiving_without_account",
        ),
        (
            Filters(receiving_without_account=False),
            {"receiving_methods": (ReceivingMethod.BANK_ACCOUNT,)},
            None,
        ),
        (Filters(receiving_without_account=True), {"receiving_methods": ()}, "unknown_receiving_method"),
        (Filters(customer=Customer.NEW), {}, "unknown_customer"),
        (Filters(customer=Customer.RETURNING), {}, "unknown_customer"),
        (Filters(customer=Customer.RETURNING), {"customer": Customer.RETURNING}, None),
        (Filters(customer=Customer.RETURNING), {"customer": Customer.NEW}, "promotion_only"),
        (Filters(customer=Customer.NEW), {"customer": Customer.NEW}, None),
        (
            Filters(max_transfer_speed=TransferSpeed.SAME_DAY, provider=frozenset({"other"})),
            {"transfer_speed": TransferSpeed.UNKNOWN},
            "filtered_provider",
        ),
    ],
)
def test_a_service_is_meant_or_the_first_filter_it_fails_is_named(
    filters: Filters, changes: dict[str, Any], expected: str | None
) -> None:
    assert reason(filters, **changes) == expected


def test_filters_know_what_they_ask_and_can_be_taken_away_one_by_one() -> None:
    filters = Filters(provider=frozenset({"a"}), paying_without_account=False, customer=Customer.NEW)
    assert filters.asked() == ("provider", "paying_without_account", "customer")
    assert filters.without("provider").asked() == ("paying_without_account", "customer")
    aged = Filters(max_age_days=timedelta(days=9), observed_since=OBSERVED)
    assert Filters(q=frozenset()).asked() == ("q",)
    assert aged.asked() == ("max_age_days",)
    assert aged.without("max_age_days") == Filters()
    assert filters.without("provider").provider == frozenset()
