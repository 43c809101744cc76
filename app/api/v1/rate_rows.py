"""How a reference rate is shown: a row of GET /v1/rates, its legs, and what other institutions say."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from app.api.formats import Json
from app.api.shapes import CurrencyCode, Number, OpenWord, Shape
from app.domain import vocabulary as words
from app.domain.money import percent_out, rate_out
from app.domain.rate_days import CARRIED_FORWARD, RateOnDay, difference_percent
from app.domain.rates import NO_REFERENCE_RATE, RATE_TOO_OLD, Institution, Leg, NoRate, ReferenceRate


class LegShape(Shape):
    """One published figure: 1 `base` = `value` `quote`."""

    base: CurrencyCode
    quote: CurrencyCode
    value: Number = Field(description="As published, digit for digit, in the published direction.")
    rate_type: Annotated[str, OpenWord(words.RateType)]
    institution: str | None = Field(description="Who published it; null for a declared peg.")
    institution_name: str | None
    day: str | None = Field(description="The day of the fixing; null for a declared peg.")
    reference: str | None = Field(description="The law or authority of a peg; the institution's page of a fixing.")


class OtherInstitution(Shape):
    """What another institution's own figures give for the same pair on the same day."""

    institution: str
    name: str
    rate: Number
    day: str = Field(description="The day of its older figure.")
    difference_percent: Number = Field(description="How much more (below 0: less) than `rate` it is.")


class RateRow(Shape):
    """A rate on a day: 1 `base` = `rate` `quote`. Never a rate of now: a fixing is of its day."""

    date: str = Field(description="The day that was asked about.")
    base: CurrencyCode
    quote: CurrencyCode
    rate: Number | None = Field(description="To 10 significant digits; null where there is none.")
    rate_reason: Annotated[str, OpenWord((NO_REFERENCE_RATE, RATE_TOO_OLD))] | None
    rate_type: Annotated[str, OpenWord(words.RateType)] | None
    day: str | None = Field(description="The day of the oldest figure that it follows from; null where none has one.")
    age_days: int | None = Field(description="From `day` to `date`.")
    carried_forward: bool = Field(description="Whether a figure is of a day before `date`.")
    carried_forward_reason: Annotated[str, OpenWord(CARRIED_FORWARD)] | None = Field(
        description="What holds of all days since `day`."
    )
    newest_day: str | None = Field(description="Where the rate is too old: the newest day that there is.")
    institutions: list[str] = Field(description="Whose fixings it follows from.")
    legs: list[LegShape] = Field(description="What it follows from, from base to quote.")
    other_institutions: list[OtherInstitution] = Field(
        description="What others published for the same pair; none where several days are asked about."
    )


def row_of(row: RateOnDay, known: Mapping[str, Institution]) -> dict[str, Json]:
    """Return a row as it is answered; ``known`` are the institutions by key."""
    found = row.rate
    if isinstance(found, NoRate):
        return {**_EMPTY, "date": row.on.isoformat(), "base": found.base, "quote": found.quote,
                "rate_reason": found.reason, "newest_day": _text(found.newest)}  # fmt: skip
    return {
        **_EMPTY,
        "date": row.on.isoformat(),
        "base": found.base,
        "quote": found.quote,
        "rate": rate_out(found.rate),
        "rate_type": found.rate_type,
        "day": _text(found.day),
        "age_days": row.age_days,
        "carried_forward": bool(row.age_days),
        "carried_forward_reason": row.carried_forward_reason,
        "institutions": found.institutions,
        "legs": [_leg(leg, known) for leg in found.legs],
        "other_institutions": [_other(key, other, found.rate, known) for key, other in row.others],
    }


_EMPTY: Mapping[str, Json] = {
    "date": None,
    "base": None,
    "quote": None,
    "rate": None,
    "rate_reason": None,
    "rate_type": None,
    "day": None,
    "age_days": None,
    "carried_forward": False,
    "carried_forward_reason": None,
    "newest_day": None,
    "institutions": (),
    "legs": (),
    "other_institutions": (),
}


def _leg(leg: Leg, known: Mapping[str, Institution]) -> dict[str, Json]:
    return {
        "base": leg.base,
        "quote": leg.quote,
        "value": leg.value,
        "rate_type": leg.rate_type,
        "institution": leg.institution,
        "institution_name": None if leg.institution is None else known[leg.institution].name,
        "day": _text(leg.day),
        "reference": leg.reference,
    }


def _other(key: str, other: ReferenceRate, rate: Fraction, known: Mapping[str, Institution]) -> dict[str, Json]:
    return {
        "institution": key,
        "name": known[key].name,
        "rate": rate_out(other.rate),
        "day": _text(other.day),
        "difference_percent": percent_out(difference_percent(other.rate, rate)),
    }


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
