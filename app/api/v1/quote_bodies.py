"""A pushed quote as the contract describes it; ``sources.pushed_items`` is what reads and judges it."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from app.api.shapes import Shape
from app.domain.money import SIGNIFICANT_DIGITS
from app.domain.vocabulary import (
    AccessPoint,
    Customer,
    FeeMode,
    PaymentInstrument,
    ProviderType,
    ReceivingMethod,
    TransferSpeed,
)
from app.sources.pushed_taxes import LONGEST_TAX_NAME, MOST_TAXES
from app.sources.tariff_terms import MOST_BANDS

_DIGITS = f"At most {SIGNIFICANT_DIGITS} significant digits and no exponent, as a number or as text."
NumberIn = Annotated[
    Decimal,
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "enum": [0]},
                {"type": "number", "minimum": float(f"1e-{SIGNIFICANT_DIGITS}"), "maximum": 10**SIGNIFICANT_DIGITS - 1},
                {"type": "string", "pattern": r"^[0-9]{1,15}(\.[0-9]{1,15})?$", "maxLength": 40},
            ],
            "description": _DIGITS,
        }
    ),
]
CurrencyIn = Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["GBP"])]
MomentIn = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-11-23T09:00:00Z"])]


class AmountFeeIn(Shape):
    """A fee that holds at one amount."""

    kind: Literal["amount"]
    amount: NumberIn
    at_amount: NumberIn


class PercentFeeIn(Shape):
    """A fee that is a percentage of the amount."""

    kind: Literal["percent"]
    percent: NumberIn


class BandIn(Shape):
    """A fee from an amount, included, to the next band's, excluded; `fixed`, `percent` or both."""

    from_: NumberIn = Field(alias="from")
    fixed: NumberIn | None = None
    percent: NumberIn | None = None
    minimum: NumberIn | None = None
    maximum: NumberIn | None = None


class ScheduleFeeIn(Shape):
    """A banded fee; `marginal`: each band prices its own slice of the amount only."""

    kind: Literal["schedule"]
    bands: list[BandIn] = Field(min_length=1, max_length=MOST_BANDS)
    marginal: bool = False


class RateIn(Shape):
    """A rate for the whole amount, from an amount on."""

    from_: NumberIn = Field(alias="from")
    rate: NumberIn


class MoneyIn(Shape):
    """An amount of money."""

    amount: NumberIn
    currency: CurrencyIn


class TaxIn(Shape):
    """A tax beside the price, shown and never part of it: `amount` or `percent`."""

    name: str = Field(min_length=1, max_length=LONGEST_TAX_NAME)
    paid_by: Literal["sender", "receiver"]
    amount: MoneyIn | None = None
    percent: NumberIn | None = None


class QuoteIn(Shape):
    """One price of one service, at a time. Amounts are principals when the fee is on top, what is paid when deducted.

    A newer quote with the same `external_id` takes the place of the older.
    """

    external_id: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$",
        description="Your own id of the service, the same for each of its prices.",
        examples=["GBPPHP-cash-agent"],
    )
    provider: str = Field(description="A provider's id, of those that you speak for.", examples=["example-transfer"])
    provider_name: str | None = Field(
        default=None, description="Of aggregators, heeded with the first quotes of a provider."
    )
    provider_type: ProviderType | None = None
    corridor: str = Field(examples=["GBR-PHL"])
    sending_currency: CurrencyIn
    receiving_currency: CurrencyIn
    payment_instruments: list[PaymentInstrument] = Field(min_length=1, json_schema_extra={"uniqueItems": True})
    access_points: list[AccessPoint] = Field(min_length=1, json_schema_extra={"uniqueItems": True})
    receiving_methods: list[ReceivingMethod] = Field(min_length=1, json_schema_extra={"uniqueItems": True})
    transfer_speed: TransferSpeed
    customer: Customer = Field(
        description="`returning`, or `new` for the price of a first transfer: a second quote beside the returning one, "
        "with an external_id of its own."
    )
    fee_mode: FeeMode
    fee: Annotated[AmountFeeIn | PercentFeeIn | ScheduleFeeIn, Field(discriminator="kind")]
    offered_rate: NumberIn | None = Field(default=None, description="Receiving currency for 1 sending.")
    offered_rates: list[RateIn] | None = Field(default=None, description="Instead of offered_rate, by amount.")
    observed_at: MomentIn
    valid_until: MomentIn | None = None
    min_amount: NumberIn | None = None
    max_amount: NumberIn | None = None
    taxes: list[TaxIn] | None = Field(default=None, max_length=MOST_TAXES)
