"""Pushed items read in a hurry: those that are plain JSON without escapes, which nearly all are.

A field that occurs twice is found by counting colons: of plain texts as many come out again as went in, and one that
was overwritten is missing. Whatever is not plain, or wrong, is for ``pushed_items`` to read at leisure.
"""

from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple, TypeVar

import msgspec
from msgspec import Raw, UnsetType

from app.domain.errors import InvalidNumber
from app.domain.file_errors import UnreadableFile
from app.domain.money import parse_decimal
from app.domain.terms import (
    AmountFee,
    PercentFee,
    RateBand,
    ScheduleFee,
    Terms,
    TermsParts,
    decimal_text,
    fee_text,
    joined,
)
from app.domain.vocabulary import FeeMode
from app.sources.json_documents import Exact, ShapeError, read_document, shaped
from app.sources.pushed_shapes import (
    Given,
    RawBand,
    RawFee,
    RawItem,
    RawPercentFee,
    RawScheduleFee,
    TaxShape,
)
from app.sources.tariff_shapes import AmountFeeShape, BandShape, PercentFeeShape, RateShape, ScheduleFeeShape
from app.sources.tariff_terms import fee_of, limits_of, rates_of

_ITEM = msgspec.json.Decoder(RawItem)
_FEE: msgspec.json.Decoder[RawFee] = msgspec.json.Decoder(RawFee)
_ENCODE = msgspec.json.Encoder().encode

Field = TypeVar("Field")


class NotPlainError(Exception):
    """This item has to be read at leisure; nothing is said of what is wrong with it, if anything."""


class PlainItem(NamedTuple):
    """A plain item: its fields, and its price, judged, as it is and as it is stored."""

    said: RawItem
    terms: Terms
    text: str
    taxes: list[TaxShape] | None


class _ReadFee(NamedTuple):
    fee: AmountFee | PercentFee | ScheduleFee
    text: str


def plain_item(raw: bytes) -> PlainItem:
    """Return a plain item. Raises NotPlainError."""
    try:
        item = _ITEM.decode(raw)
        if b"\\" in raw or _ENCODE(item).count(b":") != raw.count(b":"):
            raise NotPlainError
        least, least_text = _given(item.min_amount)
        most, most_text = _given(item.max_amount)
        limits = limits_of(least, most)
        fee = _fee(bytes(item.fee), limits[0], item.fee_mode)
        rates, rate_texts = _rates(item, limits[0])
        terms = Terms(fee_mode=item.fee_mode, fee=fee.fee, rates=rates, min_amount=limits[0], max_amount=limits[1])
        text = joined(TermsParts(item.fee_mode.value, fee.text, rate_texts, least_text, most_text))
        taxes = None if isinstance(item.taxes, UnsetType) else _taxes(bytes(item.taxes))
        return PlainItem(item, terms, text, taxes)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, InvalidNumber, ShapeError, UnreadableFile):
        raise NotPlainError from None


def _rates(item: RawItem, least: Decimal | None) -> tuple[tuple[RateBand, ...], list[tuple[str, str]]]:
    """Return the rates that are offered, and each as text."""
    one, text = _given(item.offered_rate)
    is_exchanged = item.sending_currency != item.receiving_currency
    bands = absent(item.offered_rates)
    if bands is None:
        found = rates_of(one, None, least, is_exchanged=is_exchanged)
        return found, [] if text is None else [("0", text)]
    several = [RateShape(_wanted(band.start), _wanted(band.rate)) for band in bands]
    found = rates_of(one, several, least, is_exchanged=is_exchanged)
    return found, [(decimal_text(band.start), decimal_text(band.rate)) for band in found]


def absent(field: Field | UnsetType | None) -> Field | None:
    """Return a field, null where it was not given."""
    return None if isinstance(field, UnsetType) else field


class _Number(NamedTuple):
    exact: Exact | None
    text: str | None


_NOT_GIVEN = _Number(None, None)


def _given(raw: Given) -> _Number:
    return _NOT_GIVEN if isinstance(raw, UnsetType) else _read(bytes(raw))


def _wanted(raw: Raw) -> Exact:
    number = _read(bytes(raw)).exact
    if number is None:
        raise NotPlainError
    return number


@lru_cache(maxsize=1 << 16)
def _read(text: bytes) -> _Number:
    """Read a number, given as one or as text; null stays null. Partners repeat theirs thousands of times."""
    if text == b"null":
        return _NOT_GIVEN
    value = parse_decimal((text[1:-1] if text[:1] == b'"' else text).decode())
    return _Number(Exact(value), decimal_text(value))


@lru_cache(maxsize=1 << 13)
def _fee(raw: bytes, least: Decimal | None, fee_mode: FeeMode) -> _ReadFee:
    """Read and judge a fee; a partner has one for many services, and says it again with each new rate."""
    said = _FEE.decode(raw)
    if _ENCODE(said).count(b":") != raw.count(b":"):
        raise NotPlainError
    fee = fee_of(_shape_of(said), least, fee_mode)
    return _ReadFee(fee, fee_text(fee))


def _shape_of(fee: RawFee) -> AmountFeeShape | PercentFeeShape | ScheduleFeeShape:
    if isinstance(fee, RawScheduleFee):
        bands = [_band(band) for band in fee.bands]
        return ScheduleFeeShape(bands=bands, marginal=not isinstance(fee.marginal, UnsetType) and fee.marginal)
    if isinstance(fee, RawPercentFee):
        return PercentFeeShape(percent=_wanted(fee.percent))
    return AmountFeeShape(amount=_wanted(fee.amount), at_amount=_wanted(fee.at_amount))


def _band(band: RawBand) -> BandShape:
    return BandShape(
        start=_wanted(band.start),
        fixed=_given(band.fixed).exact,
        percent=_given(band.percent).exact,
        minimum=_given(band.minimum).exact,
        maximum=_given(band.maximum).exact,
    )


@lru_cache(maxsize=1 << 10)
def _taxes(text: bytes) -> list[TaxShape] | None:
    return None if text == b"null" else shaped(read_document(text), list[TaxShape])
