"""The shape of a pushed item, compiled twice: once as it is read in a hurry, and once as it is judged.

In a hurry numbers stay the bytes that they are, so that no digit is lost and equal ones are read once; what is not
given differs from what is null, so that a field that occurs twice can be told by counting.
"""

from typing import Literal, TypeAlias

import msgspec
from msgspec import UNSET, Raw, UnsetType

from app.domain.vocabulary import (
    AccessPoint,
    Customer,
    FeeMode,
    PaymentInstrument,
    ProviderType,
    ReceivingMethod,
    TransferSpeed,
)
from app.sources.json_documents import Exact
from app.sources.tariff_shapes import ServiceShape

PaidBy: TypeAlias = Literal["sender", "receiver"]
Given: TypeAlias = Raw | UnsetType
"""A number that may be left out or null."""


class MoneyShape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An amount of money."""

    amount: Exact
    currency: str


class TaxShape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tax beside the price: an amount, or a percentage of what is sent or received."""

    name: str
    paid_by: PaidBy
    amount: MoneyShape | None = None
    percent: Exact | None = None


class ItemShape(ServiceShape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One pushed quote. A provider's name and type are heeded where an aggregator names it for the first time."""

    provider_name: str | None = None
    provider_type: ProviderType | None = None
    taxes: list[TaxShape] | None = None


class RawAmountFee(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="amount"):
    """As AmountFeeShape."""

    amount: Raw
    at_amount: Raw


class RawPercentFee(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="percent"):
    """As PercentFeeShape."""

    percent: Raw


class RawBand(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from"}):
    """As BandShape."""

    start: Raw
    fixed: Given = UNSET
    percent: Given = UNSET
    minimum: Given = UNSET
    maximum: Given = UNSET


class RawScheduleFee(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="schedule"):
    """As ScheduleFeeShape."""

    bands: list[RawBand]
    marginal: bool | UnsetType = UNSET


RawFee: TypeAlias = RawAmountFee | RawPercentFee | RawScheduleFee


class RawRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from"}):
    """As RateShape."""

    start: Raw
    rate: Raw


class RawItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As ItemShape."""

    external_id: str
    provider: str
    provider_name: str | UnsetType | None = UNSET
    provider_type: ProviderType | UnsetType | None = UNSET
    corridor: str
    sending_currency: str
    receiving_currency: str
    payment_instruments: list[PaymentInstrument]
    access_points: list[AccessPoint]
    receiving_methods: list[ReceivingMethod]
    transfer_speed: TransferSpeed
    customer: Customer
    fee_mode: FeeMode
    fee: Raw
    offered_rate: Given = UNSET
    offered_rates: list[RawRate] | UnsetType | None = UNSET
    observed_at: str
    valid_until: str | UnsetType | None = UNSET
    min_amount: Given = UNSET
    max_amount: Given = UNSET
    taxes: Given = UNSET


class RawBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is pushed at once; each item is judged by itself."""

    quotes: list[Raw]
