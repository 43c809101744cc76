"""The terms of a live price as answers give them: its fee, its rates and its limits, as the source said them."""

from typing import Annotated

from pydantic import Field

from app.api.formats import Json
from app.api.shapes import Number, OpenWord, Shape
from app.domain import vocabulary as words
from app.domain.terms import AmountFee, Band, PercentFee, ScheduleFee, Terms


class BandShape(Shape):
    """A fee from an amount (included) to that of the next band (excluded): `fixed` plus `percent` of the amount."""

    from_: Number = Field(alias="from")
    fixed: Number
    percent: Number
    minimum: Number | None
    maximum: Number | None


class FeeShape(Shape):
    """A fee in the sending currency; which fields are there depends on `kind`, the others are null."""

    kind: Annotated[str, OpenWord(("amount", "percent", "schedule"))]
    amount: Number | None = Field(description="The fee that was asked for at `at_amount`.")
    at_amount: Number | None = Field(description="The amount at which the fee was asked for.")
    percent: Number | None = Field(description="The fee as a percentage of the amount.")
    bands: list[BandShape] | None = Field(description="The fee by amount, lowest first.")
    marginal: bool | None = Field(description="Whether each band prices only its own slice of the amount.")


class RateShape(Shape):
    """A rate for the whole amount, from an amount (included) on: receiving currency for 1 of the sending currency."""

    from_: Number = Field(alias="from")
    rate: Number


class TermsShape(Shape):
    """What a live price is, in major units of the sending currency."""

    fee_mode: Annotated[str, OpenWord(words.FeeMode)] = Field(
        description="What the amounts here are: the principal (`on_top`), or what is paid (`deducted`)."
    )
    fee: FeeShape
    rates: list[RateShape] = Field(description="Empty where the source did not say its rate.")
    min_amount: Number | None
    max_amount: Number | None
    declared_mid_market_rate: Number | None = Field(description="What the source's own answer measures against.")
    published_fx_margin_percent: Number | None = Field(description="The source's own figure; never computed with.")


def terms_answer(terms: Terms) -> dict[str, Json]:
    """Return terms as an answer gives them."""
    return {
        "fee_mode": terms.fee_mode,
        "fee": _fee(terms.fee),
        "rates": [{"from": band.start, "rate": band.rate} for band in terms.rates],
        "min_amount": terms.min_amount,
        "max_amount": terms.max_amount,
        "declared_mid_market_rate": terms.declared_mid_market_rate,
        "published_fx_margin_percent": terms.published_fx_margin_percent,
    }


def _fee(fee: AmountFee | PercentFee | ScheduleFee) -> dict[str, Json]:
    shape: dict[str, Json] = dict.fromkeys(FeeShape.model_fields)
    if isinstance(fee, AmountFee):
        return {**shape, "kind": "amount", "amount": fee.amount, "at_amount": fee.at_amount}
    if isinstance(fee, PercentFee):
        return {**shape, "kind": "percent", "percent": fee.percent}
    return {**shape, "kind": "schedule", "bands": [_band(band) for band in fee.bands], "marginal": fee.is_marginal}


def _band(band: Band) -> dict[str, Json]:
    return {
        "from": band.start,
        "fixed": band.fixed,
        "percent": band.percent,
        "minimum": band.minimum,
        "maximum": band.maximum,
    }
