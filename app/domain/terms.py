"""The terms of a live quote: what is charged and at which rate, as published, and the canonical text that is stored."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from app.domain.vocabulary import FeeMode

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))  # made once: making it takes as long as its work


@dataclass(frozen=True, slots=True)
class AmountFee:
    """A fee that was asked for at one amount: of the principal when it is on top, of what is paid when deducted."""

    amount: Decimal
    at_amount: Decimal


@dataclass(frozen=True, slots=True)
class PercentFee:
    """A fee that is a percentage of the amount."""

    percent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A fee from an amount (included) to the next band's (excluded): ``fixed`` + ``percent`` of the amount.

    ``minimum`` and ``maximum`` bound the fee of the whole amount; a marginal schedule has none.
    """

    start: Decimal
    fixed: Decimal = Decimal(0)
    percent: Decimal = Decimal(0)
    minimum: Decimal | None = None
    maximum: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ScheduleFee:
    """A banded fee; ``is_marginal``: each band prices only its own slice of the amount."""

    bands: tuple[Band, ...]
    is_marginal: bool = False


Fee: TypeAlias = AmountFee | PercentFee | ScheduleFee


@dataclass(frozen=True, slots=True)
class RateBand:
    """A rate (receiving currency per 1 sending) for the whole amount, from an amount (included) on."""

    start: Decimal
    rate: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A live price: its fee, its rates (none where it was not said), its limits, and what the source said beside it.

    Amounts of bands and limits are principals when the fee is on top, what is paid when it is deducted. ``rates``
    begin at 0 or at the least amount and rise. ``declared_mid_market_rate`` is what the source's own answer measures
    against, ``published_fx_margin_percent`` its own figure: kept, never computed with.
    """

    fee_mode: FeeMode
    fee: Fee
    rates: tuple[RateBand, ...] = ()
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None
    declared_mid_market_rate: Decimal | None = None
    published_fx_margin_percent: Decimal | None = None


def terms_text(terms: Terms, fee: str | None = None) -> str:
    """Return the terms as canonical JSON, decimals as text: the same bytes for the same terms.

    ``fee``: what ``fee_text`` wrote of the same fee, where that is known. Members stand in the order of their names.
    """
    rates = ",".join([f'{{"from":"{_text(band.start)}","rate":"{_text(band.rate)}"}}' for band in terms.rates])
    return (
        f'{{"declared_mid_market_rate":{_quoted(terms.declared_mid_market_rate)},'
        f'"fee":{fee_text(terms.fee) if fee is None else fee},'
        f'"fee_mode":"{terms.fee_mode.value}",'
        f'"max_amount":{_quoted(terms.max_amount)},'
        f'"min_amount":{_quoted(terms.min_amount)},'
        f'"published_fx_margin_percent":{_quoted(terms.published_fx_margin_percent)},'
        f'"rates":[{rates}]}}'
    )


def fee_text(fee: AmountFee | PercentFee | ScheduleFee) -> str:
    """Return the part of ``terms_text`` that is the fee."""
    return _ENCODER.encode(_fee_document(fee))


def fee_mode_of(text: str) -> str:
    """Return the fee mode of what ``terms_text`` wrote, without reading the rest."""
    return text.partition('"fee_mode":"')[2].partition('"')[0]


def fee_text_of(text: str) -> str:
    """Return the fee as ``terms_text`` wrote it, without reading the rest: equal texts are equal fees."""
    return text.partition('"fee":')[2].partition(',"fee_mode"')[0]


def fee_from(text: str) -> Fee:
    """Return the fee that ``fee_text_of`` returned as text."""
    return _fee(json.loads(text))


def first_rate_of(text: str) -> Decimal | None:
    """Return the first of the rates in what ``terms_text`` wrote, reading nothing else; null where there is none."""
    rate = text.partition('"rates":[{')[2].partition('"rate":"')[2].partition('"')[0]
    return Decimal(rate) if rate else None


def terms_from(text: str) -> Terms:
    """Return the terms that ``terms_text`` wrote."""
    whole = json.loads(text)
    return Terms(
        fee_mode=FeeMode(whole["fee_mode"]),
        fee=_fee(whole["fee"]),
        rates=tuple(RateBand(Decimal(band["from"]), Decimal(band["rate"])) for band in whole["rates"]),
        min_amount=_number(whole["min_amount"]),
        max_amount=_number(whole["max_amount"]),
        declared_mid_market_rate=_number(whole["declared_mid_market_rate"]),
        published_fx_margin_percent=_number(whole["published_fx_margin_percent"]),
    )


def _fee_document(fee: Fee) -> dict[str, Any]:
    if isinstance(fee, AmountFee):
        return {"amount": _text(fee.amount), "at_amount": _text(fee.at_amount), "kind": "amount"}
    if isinstance(fee, PercentFee):
        return {"kind": "percent", "percent": _text(fee.percent)}
    bands = [
        {
            "fixed": _text(band.fixed),
            "from": _text(band.start),
            "maximum": _text(band.maximum),
            "minimum": _text(band.minimum),
            "percent": _text(band.percent),
        }
        for band in fee.bands
    ]
    return {"bands": bands, "kind": "schedule", "marginal": fee.is_marginal}


def _fee(document: dict[str, Any]) -> Fee:
    if document["kind"] == "amount":
        return AmountFee(Decimal(document["amount"]), Decimal(document["at_amount"]))
    if document["kind"] == "percent":
        return PercentFee(Decimal(document["percent"]))
    bands = tuple(
        Band(
            start=Decimal(band["from"]),
            fixed=Decimal(band["fixed"]),
            percent=Decimal(band["percent"]),
            minimum=_number(band["minimum"]),
            maximum=_number(band["maximum"]),
        )
        for band in document["bands"]
    )
    return ScheduleFee(bands, is_marginal=document["marginal"])


def _quoted(value: Decimal | None) -> str:
    return "null" if value is None else f'"{_text(value)}"'


def _text(value: Decimal | None) -> str | None:
    if value is None:
        return None
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
