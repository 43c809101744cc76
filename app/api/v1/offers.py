"""An offer as answers show it: who, how, what is paid and received, what it costs, and how far that can be trusted."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from app.api.formats import Json, moment
from app.api.shapes import CurrencyCode, Moment, Money, Number, OpenWord, Shape
from app.compare import Comparison, OtherObservation
from app.domain import vocabulary as words
from app.domain.costs import Price
from app.domain.geography import Geography
from app.domain.money import money_out, percent_out, rate_out
from app.domain.quotes import Description
from app.domain.ranking import Excluded, Offer


class ProviderName(Shape):
    """A provider by id and name, in its first published spelling."""

    id: str
    name: str
    type: Annotated[str, OpenWord(words.ProviderType)]


class AmountInterval(Shape):
    """Principals from the first to the last minor unit, both included, in major units of the sending currency."""

    from_: Number = Field(alias="from")
    to: Number


class ThreePercentTestShape(Shape):
    """The cost against SDG 10.c; official at the survey's USD 200 tier only."""

    meets_target: bool | None = Field(description="Whether it costs less than 3 %.")
    within_ceiling: bool | None = Field(description="Whether it costs at most 5 %.")
    gap_percentage_points: Number | None = Field(description="Cost minus 3; positive is too dear.")
    official: bool
    meets_target_between: list[AmountInterval] = Field(description="Known amounts that cost less than 3 %.")
    meets_target_between_reason: str | None = Field(description="Why there is no such amount.")


class ServiceShape(Shape):
    """What a service is, in the words of GET /v1/vocabulary."""

    provider: ProviderName
    payment_instruments: list[Annotated[str, OpenWord(words.PaymentInstrument)]]
    access_points: list[Annotated[str, OpenWord(words.AccessPoint)]]
    receiving_methods: list[Annotated[str, OpenWord(words.ReceivingMethod)]]
    transfer_speed: Annotated[str, OpenWord(words.TransferSpeed)]
    network_coverage: Annotated[str, OpenWord(words.NetworkCoverage)]
    customer: Annotated[str, OpenWord(words.Customer)]
    payout_currency: CurrencyCode | None = Field(description="Where a note of the source names it.")
    notes: list[Annotated[str, OpenWord(words.SurveyNote)]]
    is_transparent: bool = Field(description="Whether the exchange rate was disclosed.")
    is_promotional: bool | None = Field(description="Null where the source cannot tell: a survey never says no.")


class OtherObservationShape(Shape):
    """A ranked offer's service as another source sees it at the same amount; null figures: no price there."""

    source: str
    evidence: Annotated[str, OpenWord(words.Evidence)]
    observed_at: str
    freshness: Annotated[str, OpenWord(words.Freshness)]
    sender_pays: Money | None
    recipient_gets: Money | None
    fee: Money | None
    offered_rate: Number | None
    total_cost_percent: Number | None
    quote_ids: list[str]


class OfferShape(ServiceShape):
    """One ranked offer, solved for what is held equal; percentages are of the principal unless they say else."""

    rank: int = Field(description="Competition rank: 1, 1, 3.")
    tied: bool = Field(description="Whether another offer has the same rank.")
    rank_is_certain: bool = Field(description="False where interpolated costs overlap.")
    tied_within_uncertainty: bool
    sender_pays: Money = Field(description="Everything that the sender pays: principal and fee.")
    principal: Money = Field(description="What is exchanged and sent on.")
    recipient_gets: Money | None
    recipient_gets_reason: str | None = Field(description="Why recipient_gets is null.")
    fee: Money = Field(description="What the provider charges beside the exchange rate.")
    fee_mode: Annotated[str, OpenWord(words.FeeMode)]
    fee_percent: Number = Field(description="The fee, as a share of the principal.")
    offered_rate: Number | None = Field(description="The provider's exchange rate; null where it was not recorded.")
    mid_market_rate: Number | None = Field(description="What the offered rate is measured against.")
    mid_market_rate_type: Annotated[str, OpenWord(words.RateType)] | None = Field(
        description="What kind of rate that is: a daily fixing, a declared peg, the source's own; null where none."
    )
    mid_market_rate_date: str | None = Field(description="The day of its oldest fixing; null where it has none.")
    mid_market_rate_institutions: list[str] = Field(description="Who published it: see GET /v1/rates.")
    fx_margin_percent: Number | None = Field(description="How far the offered rate is below the mid-market rate.")
    fx_margin_status: Annotated[str, OpenWord(words.FxMarginStatus)] | None
    cost_status: Annotated[str, OpenWord(words.CostStatus)]
    published_total_percent: Number | None = Field(description="As published, where it was observed at this amount.")
    total_cost_percent: Number | None = Field(
        description="Fee and exchange-rate margin together, as a share of the principal."
    )
    total_cost_percent_low: Number | None = Field(description="The least that an interpolated cost can be.")
    total_cost_percent_high: Number | None = Field(description="The most that an interpolated cost can be.")
    total_cost_percent_reason: str | None = Field(description="Why total_cost_percent is null.")
    total_cost: Money | None = Field(description="The total cost as money.")
    cost_of_total_paid_percent: Number | None = Field(description="The total cost, as a share of what the sender pays.")
    tax: Money | None = Field(description="The sender's tax, part of sender_pays and not of the cost.")
    tax_reason: str | None = Field(
        description="Why tax is null: none_declared (no such tax is known there), unknown_payment_instrument, "
        "depends_on_payment_instrument."
    )
    receiver_fee: Money | None
    incentive: Money | None
    price_basis: Annotated[str, OpenWord(words.PriceBasis)]
    services: int = Field(description="How many services of the source are equal in every answered field.")
    cautions: list[Annotated[str, OpenWord(words.Caution)]]
    three_percent_test: ThreePercentTestShape
    observed_at: str = Field(description="A date, or an RFC 3339 instant where the source says one.")
    valid_until: Moment | None = Field(description="Null where the source says no end.")
    freshness: Annotated[str, OpenWord(words.Freshness)]
    source: str = Field(description="A key of GET /v1/sources.")
    evidence: Annotated[str, OpenWord(words.Evidence)]
    other_observations: list[OtherObservationShape] = Field(description="The same service as other sources see it.")
    quote_ids: list[str] = Field(description="The observations behind it: GET /v1/quotes/{quote_id}.")


class ExcludedShape(ServiceShape):
    """A service that is not ranked, and why."""

    reason: str = Field(
        description="`filtered_` with the parameter that left it out (`filtered_q`), `unknown_` with what is not "
        "recorded (`unknown_receiving_currency`: which currency is paid out), or an exclusion of GET /v1/vocabulary."
    )
    total_cost_at_least_percent: Number | None = Field(description="The published total, where there is one.")
    source: str
    evidence: Annotated[str, OpenWord(words.Evidence)]
    observed_at: str
    quote_ids: list[str]


def money(value: Fraction, currency: str, geography: Geography) -> dict[str, Json]:
    """Return money as answers show it, rounded to its currency's minor units."""
    return {"amount": money_out(value, geography.currency(currency).minor_units), "currency": currency}


def percent(value: Fraction | None) -> Decimal | None:
    """Return a percentage as answers show it."""
    return None if value is None else percent_out(value)


def rate(value: Fraction | None) -> Decimal | None:
    """Return an exchange rate as answers show it."""
    return None if value is None else rate_out(value)


def service(description: Description) -> dict[str, Json]:
    """Return what a service is."""
    return {
        "provider": {
            "id": description.provider,
            "name": description.provider_name,
            "type": description.provider_type,
        },
        "payment_instruments": description.payment_instruments,
        "access_points": description.access_points,
        "receiving_methods": description.receiving_methods,
        "transfer_speed": description.transfer_speed,
        "network_coverage": description.network_coverage,
        "customer": description.customer,
        "payout_currency": description.payout_currency,
        "notes": description.notes,
        "is_transparent": description.is_transparent,
        "is_promotional": description.is_promotional,
    }


def offer(comparison: Comparison, one: Offer, geography: Geography) -> dict[str, Json]:
    """Return an offer of a comparison with every field of the contract."""
    candidate, beside = one.candidate, comparison.beside(one)
    return {
        "rank": one.rank,
        "tied": one.is_tied,
        "rank_is_certain": one.is_rank_certain,
        "tied_within_uncertainty": not one.is_rank_certain,
        **service(candidate.description),
        **_price(one.price, geography),
        **_benchmark(comparison, one),
        **_tax(one, geography),
        "receiver_fee": None,
        "incentive": None,
        "services": one.services,
        "cautions": one.cautions,
        "three_percent_test": _test(comparison, one),
        "observed_at": observed(candidate.observed_at, candidate.evidence),
        "valid_until": candidate.valid_until,
        "freshness": comparison.freshness_of(one),
        "source": candidate.source,
        "evidence": candidate.evidence,
        "other_observations": [_other(other, geography) for other in beside.others] if beside else [],
        "quote_ids": [str(quote) for quote in one.quote_ids],
    }


def _price(price: Price, geography: Geography) -> dict[str, Json]:
    received = None
    if price.recipient_gets is not None and price.receiving_currency is not None:
        received = money(price.recipient_gets, price.receiving_currency, geography)
    cost = price.total_cost
    return {
        "sender_pays": money(price.sender_pays, price.currency, geography),
        "principal": money(price.principal, price.currency, geography),
        "recipient_gets": received,
        "recipient_gets_reason": "rate_not_recorded" if received is None else None,
        "fee": money(price.fee, price.currency, geography),
        "fee_mode": price.fee_mode,
        "fee_percent": percent_out(price.fee_percent),
        "offered_rate": rate(price.offered_rate),
        "mid_market_rate": rate(price.mid_market_rate),
        "fx_margin_percent": percent(price.fx_margin_percent),
        "fx_margin_status": price.fx_margin_status,
        "cost_status": words.CostStatus.SUSPECT if price.is_total_suspect else words.CostStatus.CONSISTENT,
        "published_total_percent": price.published_total_percent,
        "total_cost_percent": percent(price.total_cost_percent),
        "total_cost_percent_low": percent(price.total_cost_percent_low),
        "total_cost_percent_high": percent(price.total_cost_percent_high),
        "total_cost_percent_reason": None if cost is not None else words.Exclusion.NO_BENCHMARK,
        "total_cost": None if cost is None else money(cost, price.currency, geography),
        "cost_of_total_paid_percent": percent(price.cost_of_total_paid_percent),
        "price_basis": price.basis,
    }


def _benchmark(comparison: Comparison, one: Offer) -> dict[str, Json]:
    """Return what the offered rate is measured against: a survey's margin stands as published."""
    beside = comparison.beside(one)
    kind: words.RateType | None = None
    if beside is not None and one.price.mid_market_rate is not None:
        kind = words.RateType.DECLARED_BY_SOURCE if beside.reference is None else beside.reference.rate_type
    reference = None if beside is None or kind is None else beside.reference
    return {
        "mid_market_rate_type": kind,
        "mid_market_rate_date": None if reference is None else reference.day,
        "mid_market_rate_institutions": [] if reference is None else reference.institutions,
    }


def _tax(one: Offer, geography: Geography) -> dict[str, Json]:
    due = one.candidate.tax
    if due is None or due.percent is None:
        return {"tax": None, "tax_reason": "none_declared" if due is None else due.reason}
    return {"tax": money(one.price.tax, one.price.currency, geography), "tax_reason": None}


def _other(other: OtherObservation, geography: Geography) -> dict[str, Json]:
    shown = _price(other.price, geography) if other.price is not None else {}
    figures = ("sender_pays", "recipient_gets", "fee", "offered_rate", "total_cost_percent")
    return {
        "source": other.source,
        "evidence": other.evidence,
        "observed_at": observed(other.observed_at, other.evidence),
        "freshness": other.freshness,
        **{name: shown.get(name) for name in figures},
        "quote_ids": [str(quote) for quote in other.quote_ids],
    }


def _test(comparison: Comparison, one: Offer) -> dict[str, Json]:
    test = comparison.test(one)
    targets = comparison.meets_target_between(one)
    units = len(str(comparison.minor_per_major)) - 1
    intervals: list[Json] = [
        {"from": money_out(found.start, units), "to": money_out(found.end, units)} for found in targets.ranges
    ]
    return {
        "meets_target": None if test is None else test.meets_target,
        "within_ceiling": None if test is None else test.within_ceiling,
        "gap_percentage_points": None if test is None else percent_out(test.gap_percentage_points),
        "official": test is not None and test.is_official,
        "meets_target_between": intervals,
        "meets_target_between_reason": targets.reason,
    }


def excluded(one: Excluded) -> dict[str, Json]:
    """Return a service that is not ranked, with the reason."""
    candidate = one.candidate
    return {
        "reason": one.reason,
        **service(candidate.description),
        "total_cost_at_least_percent": percent(one.at_least_percent),
        "source": candidate.source,
        "evidence": candidate.evidence,
        "observed_at": observed(candidate.observed_at, candidate.evidence),
        "quote_ids": [str(quote) for quote in candidate.quote_ids],
    }


def observed(at: datetime, evidence: words.Evidence) -> str:
    """Return when a price was seen: the instant, or the day of a survey, which knows no hour."""
    return at.date().isoformat() if evidence is words.Evidence.SURVEY else moment(at)
