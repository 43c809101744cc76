"""The shape of a tariff file, compiled: which fields there are, of which kind, and the words that they may hold.

Fields that nobody knows are refused here, unlike in other people's answers: in a file that a person wrote they are most
often misspelt.
"""

from typing import Any

import msgspec

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


class TariffFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of reviewed tariffs; each of ``quotes`` is judged by itself."""

    format: str
    synthetic: bool
    reviewed_by: str
    reviewed_on: str
    quotes: list[Any]


class EvidenceShape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a tariff was published, when it was read there, and the SHA-256 of that page's bytes."""

    url: str
    retrieved_on: str
    page_sha256: str


class AmountFeeShape(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="amount"):
    """A fee that holds at one amount."""

    amount: Exact
    at_amount: Exact


class PercentFeeShape(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="percent"):
    """A fee that is a percentage of the amount."""

    percent: Exact


class BandShape(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from"}):
    """A fee from an amount on."""

    start: Exact
    fixed: Exact | None = None
    percent: Exact | None = None
    minimum: Exact | None = None
    maximum: Exact | None = None


class ScheduleFeeShape(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="schedule"):
    """A banded fee; ``marginal``: each band prices its own slice only."""

    bands: list[BandShape]
    marginal: bool = False


class RateShape(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from"}):
    """A rate for the whole amount, from an amount on."""

    start: Exact
    rate: Exact


class PriceShape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one service charges, between which currencies."""

    sending_currency: str
    receiving_currency: str
    fee_mode: FeeMode
    fee: AmountFeeShape | PercentFeeShape | ScheduleFeeShape
    offered_rate: Exact | None = None
    offered_rates: list[RateShape] | None = None
    min_amount: Exact | None = None
    max_amount: Exact | None = None


class ServiceShape(PriceShape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One service and what it charges, at a time."""

    external_id: str
    provider: str
    corridor: str
    payment_instruments: list[PaymentInstrument]
    access_points: list[AccessPoint]
    receiving_methods: list[ReceivingMethod]
    transfer_speed: TransferSpeed
    customer: Customer
    observed_at: str
    valid_until: str | None = None


class QuoteShape(ServiceShape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One service's tariff in a file."""

    provider_name: str
    provider_type: ProviderType
    evidence: EvidenceShape
