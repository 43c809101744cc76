"""Pushed items read in a hurry: those that are plain JSON without escapes, which nearly all are.

A field that occurs twice is found by counting colons: of plain texts as many come out again as went in, and one that
was overwritten is missing. Whatever is not plain, or wrong, is for ``pushed_items`` to read at leisure.
"""

from functools import lru_cache
from typing import TypeVar

import msgspec
from msgspec import Raw, UnsetType

from app.domain.errors import InvalidNumber
from app.domain.file_errors import UnreadableFile
from app.domain.money import parse_decimal
from app.sources.json_documents import Exact, ShapeError, read_document, shaped
from app.sources.pushed_shapes import (
    Given,
    ItemShape,
    RawAmountFee,
    RawBand,
    RawItem,
    RawPercentFee,
    RawRate,
    RawScheduleFee,
    TaxShape,
)
from app.sources.tariff_shapes import AmountFeeShape, BandShape, PercentFeeShape, RateShape, ScheduleFeeShape

_ITEM = msgspec.json.Decoder(RawItem)
_ENCODE = msgspec.json.Encoder().encode

Field = TypeVar("Field")


class NotPlainError(Exception):
    """This item has to be read at leisure; nothing is said of what is wrong with it, if anything."""


def plain_item(raw: bytes) -> ItemShape:
    """Return a plain item. Raises NotPlainError."""
    try:
        item = _ITEM.decode(raw)
        if b"\\" in raw or _ENCODE(item).count(b":") != raw.count(b":"):
            raise NotPlainError
        rates = _absent(item.offered_rates)
        return ItemShape(
            external_id=item.external_id,
            provider=item.provider,
            provider_name=_absent(item.provider_name),
            provider_type=_absent(item.provider_type),
            corridor=item.corridor,
            sending_currency=item.sending_currency,
            receiving_currency=item.receiving_currency,
            payment_instruments=item.payment_instruments,
            access_points=item.access_points,
            receiving_methods=item.receiving_methods,
            transfer_speed=item.transfer_speed,
            customer=item.customer,
            fee_mode=item.fee_mode,
            fee=_fee(item.fee),
            offered_rate=_number(item.offered_rate),
            offered_rates=None if rates is None else [_rate(rate) for rate in rates],
            observed_at=item.observed_at,
            valid_until=_absent(item.valid_until),
            min_amount=_number(item.min_amount),
            max_amount=_number(item.max_amount),
            taxes=None if isinstance(item.taxes, UnsetType) else _taxes(bytes(item.taxes)),
        )
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, InvalidNumber, ShapeError, UnreadableFile):
        raise NotPlainError from None


def _absent(field: Field | UnsetType) -> Field | None:
    return None if isinstance(field, UnsetType) else field


def _number(raw: Given) -> Exact | None:
    return None if isinstance(raw, UnsetType) else _read(bytes(raw))


def _wanted(raw: Raw) -> Exact:
    number = _read(bytes(raw))
    if number is None:
        raise NotPlainError
    return number


@lru_cache(maxsize=1 << 16)
def _read(text: bytes) -> Exact | None:
    """Read a number, given as one or as text; null stays null. Partners repeat theirs thousands of times."""
    if text == b"null":
        return None
    return Exact(parse_decimal((text[1:-1] if text[:1] == b'"' else text).decode()))


def _fee(fee: RawAmountFee | RawPercentFee | RawScheduleFee) -> AmountFeeShape | PercentFeeShape | ScheduleFeeShape:
    if isinstance(fee, RawScheduleFee):
        bands = [_band(band) for band in fee.bands]
        return ScheduleFeeShape(bands=bands, marginal=not isinstance(fee.marginal, UnsetType) and fee.marginal)
    if isinstance(fee, RawPercentFee):
        return PercentFeeShape(percent=_wanted(fee.percent))
    return AmountFeeShape(amount=_wanted(fee.amount), at_amount=_wanted(fee.at_amount))


def _band(band: RawBand) -> BandShape:
    return BandShape(
        start=_wanted(band.start),
        fixed=_number(band.fixed),
        percent=_number(band.percent),
        minimum=_number(band.minimum),
        maximum=_number(band.maximum),
    )


def _rate(rate: RawRate) -> RateShape:
    return RateShape(start=_wanted(rate.start), rate=_wanted(rate.rate))


@lru_cache(maxsize=1 << 10)
def _taxes(text: bytes) -> list[TaxShape] | None:
    return None if text == b"null" else shaped(read_document(text), list[TaxShape])
