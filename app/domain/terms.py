"""The terms of a live quote: what is charged and at which rate, as published, and the canonical text that is stored."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

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


class TermsParts(NamedTuple):
    """The parts of ``terms_text``, each as text already: decimals canonical, null where there is none."""

    fee_mode: str
    fee: str
    rates: Sequence[tuple[str, str]]
    min_amount: str | None
    max_amount: str | None
    declared_mid_market_rate: str | None = None
    published_fx_margin_percent: str | None = None


def terms_text(terms: Terms) -> str:
    """Return the terms as canonical JSON, decimals as text: the same bytes for the same terms."""
    return joined(
        TermsParts(
            fee_mode=terms.fee_mode.value,
            fee=fee_text(terms.fee),
            rates=[(decimal_text(band.start), decimal_text(band.rate)) for band in terms.rates],
            min_amount=_text(terms.min_amount),
            max_amount=_text(terms.max_amount),
            declared_mid_market_rate=_text(terms.declared_mid_market_rate),
            published_fx_margin_percent=_text(terms.published_fx_margin_percent),
        )
    )


def joined(parts: TermsParts) -> str:
    """Return ``terms_text`` of its parts: members stand in the order of their names."""
    rates = ",".join([f'{{"from":"{start}","rate":"{rate}"}}' for start, rate in parts.rates])
    return (
        f'{{"declared_mid_market_rate":{_quoted(parts.declared_mid_market_rate)},"fee":{parts.fee},'
        f'"fee_mode":"{parts.fee_mode}","max_amount":{_quoted(parts.max_amount)},'
        f'"min_amount":{_quoted(parts.min_amount)},'
        f'"published_fx_margin_percent":{_quoted(parts.published_fx_margin_percent)},"rates":[{rates}]}}'
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


@lru_cache(maxsize=1 << 12)
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


def decimal_text(value: Decimal) -> str:
    """Return a decimal as terms are written: no exponent, no trailing zeros after the point."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _quoted(text: str | None) -> str:
    return "null" if text is None else f'"{text}"'


def _text(value: Decimal | None) -> str | None:
    return None if value is None else decimal_text(value)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
