"""The price of a tariff as its file gives it: fees, bands and rates judged together, exact."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from app.domain.terms import AmountFee, Band, PercentFee, RateBand, ScheduleFee, Terms
from app.domain.vocabulary import FeeMode
from app.sources.json_documents import Exact, ShapeError
from app.sources.tariff_shapes import (
    AmountFeeShape,
    BandShape,
    PercentFeeShape,
    PriceShape,
    RateShape,
    ScheduleFeeShape,
)

MOST_BANDS = 1000
_ALL = 100
_NOTHING = Decimal(0)


def terms_of(shape: PriceShape) -> Terms:
    """Return what a quote charges. Raises ShapeError, with a pointer from the quote on, for what cannot be a price."""
    least, most = limits_of(shape.min_amount, shape.max_amount)
    is_exchanged = shape.sending_currency != shape.receiving_currency
    return Terms(
        fee_mode=shape.fee_mode,
        fee=fee_of(shape.fee, least, shape.fee_mode),
        rates=rates_of(shape.offered_rate, shape.offered_rates, least, is_exchanged=is_exchanged),
        min_amount=least,
        max_amount=most,
    )


def limits_of(min_amount: Exact | None, max_amount: Exact | None) -> tuple[Decimal | None, Decimal | None]:
    """Return the least and the most that can be sent. Raises ShapeError, as the other parts of ``terms_of``."""
    least, most = _optional("/min_amount", min_amount), _optional("/max_amount", max_amount)
    if most is not None and (most <= 0 or (least is not None and most < least)):
        raise _error("/max_amount", "expected more than 0 and no less than min_amount", most)
    return least, most


def fee_of(
    fee: AmountFeeShape | PercentFeeShape | ScheduleFeeShape, least: Decimal | None, fee_mode: FeeMode
) -> AmountFee | PercentFee | ScheduleFee:
    """Return a fee, of a service that takes ``least`` and more."""
    is_deducted = fee_mode is FeeMode.DEDUCTED
    if isinstance(fee, AmountFeeShape):
        return _amount_fee(fee, is_deducted=is_deducted)
    if isinstance(fee, PercentFeeShape):
        return PercentFee(_percent("/fee/percent", fee.percent, is_deducted=is_deducted))
    return _schedule(fee, least, is_deducted=is_deducted)


def _amount_fee(fee: AmountFeeShape, *, is_deducted: bool) -> AmountFee:
    amount = _not_negative("/fee/amount", fee.amount)
    at_amount = _positive("/fee/at_amount", fee.at_amount)
    if is_deducted and amount >= at_amount:
        raise _error("/fee/amount", "expected less than at_amount, from which the fee is deducted", amount)
    return AmountFee(amount, at_amount)


def _schedule(fee: ScheduleFeeShape, least: Decimal | None, *, is_deducted: bool) -> ScheduleFee:
    _check_starts("/fee/bands", [band.start for band in fee.bands], least)
    bands = tuple(
        _band(f"/fee/bands/{index}", band, is_deducted=is_deducted, is_marginal=fee.marginal)
        for index, band in enumerate(fee.bands)
    )
    return ScheduleFee(bands, is_marginal=fee.marginal)


def _band(at: str, band: BandShape, *, is_deducted: bool, is_marginal: bool) -> Band:
    minimum, maximum = _optional(f"{at}/minimum", band.minimum), _optional(f"{at}/maximum", band.maximum)
    for name, bound in (("minimum", minimum), ("maximum", maximum)):
        if is_marginal and bound is not None:
            raise _error(f"{at}/{name}", "expected no bounds in a marginal schedule, whose bands price slices", bound)
    if minimum is not None and maximum is not None and maximum < minimum:
        raise _error(f"{at}/maximum", f"expected no less than the minimum, {minimum:f}", maximum)
    if band.fixed is None and band.percent is None:
        raise ShapeError(at, "expected fixed, percent or both", "")
    return Band(
        start=band.start.value,
        fixed=_NOTHING if band.fixed is None else _not_negative(f"{at}/fixed", band.fixed),
        percent=(
            _NOTHING if band.percent is None else _percent(f"{at}/percent", band.percent, is_deducted=is_deducted)
        ),
        minimum=minimum,
        maximum=maximum,
    )


def rates_of(
    one: Exact | None, several: Sequence[RateShape] | None, least: Decimal | None, *, is_exchanged: bool
) -> tuple[RateBand, ...]:
    """Return the rates that are offered, from amounts on; none where none was said."""
    if several is not None:
        if one is not None:
            raise _error("/offered_rate", "expected offered_rate or offered_rates, not both", one.value)
        _check_starts("/offered_rates", [band.start for band in several], least)
        found = tuple(
            RateBand(band.start.value, _positive(f"/offered_rates/{index}/rate", band.rate))
            for index, band in enumerate(several)
        )
    elif one is not None:
        found = (RateBand(_NOTHING, _positive("/offered_rate", one)),)
    else:
        return ()
    if not is_exchanged and any(band.rate != 1 for band in found):
        at = "/offered_rate" if several is None else "/offered_rates"
        raise _error(at, "expected a rate of 1, because nothing is exchanged", found[0].rate)
    return found


def _check_starts(at: str, starts: Sequence[Exact], least: Decimal | None) -> None:
    """Judge where bands begin: at 0 or at the least amount, each higher than the one before."""
    if not 0 < len(starts) <= MOST_BANDS:
        raise ShapeError(at, f"expected 1 to {MOST_BANDS} bands", str(len(starts)))
    values = [start.value for start in starts]
    if values[0] not in {_NOTHING, least}:
        expected = "expected 0" if least is None else f"expected 0 or min_amount, {least:f}"
        raise _error(f"{at}/0/from", f"{expected}, so that no amount is without a price", values[0])
    for index, (before, value) in enumerate(pairwise(values), 1):
        if value <= before:
            raise _error(f"{at}/{index}/from", f"expected more than {before:f}, where the band before begins", value)


def _optional(at: str, number: Exact | None) -> Decimal | None:
    return None if number is None else _not_negative(at, number)


def _not_negative(at: str, number: Exact) -> Decimal:
    if number.value < 0:
        raise _error(at, "expected a number that is not negative", number.value)
    return number.value


def _positive(at: str, number: Exact) -> Decimal:
    if number.value <= 0:
        raise _error(at, "expected a number of more than 0", number.value)
    return number.value


def _percent(at: str, number: Exact, *, is_deducted: bool) -> Decimal:
    percent = _not_negative(at, number)
    if percent > _ALL or (is_deducted and percent == _ALL):
        expected = "expected less than 100, so that something is left" if is_deducted else "expected at most 100"
        raise _error(at, expected, percent)
    return percent


def _error(at: str, problem: str, given: Decimal) -> ShapeError:
    return ShapeError(at, problem, f"{given:f}")
