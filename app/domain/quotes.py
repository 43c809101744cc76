"""What somebody said a transfer costs: a description of the service and a price at an amount."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, Inexact
from hashlib import blake2b
from uuid import UUID

from app.domain.methodology import SUSPECT_ABOVE_PERCENTAGE_POINTS, margin_is_measured
from app.domain.terms import Terms
from app.domain.vocabulary import (
    AccessPoint,
    AmountTier,
    CostStatus,
    Customer,
    Evidence,
    FeeMode,
    FxMarginStatus,
    NetworkCoverage,
    PaymentInstrument,
    ProviderType,
    ReceivingMethod,
    SurveyNote,
    TransferSpeed,
)

_EXACT = Context(prec=80, traps=[Inexact])
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_48_BITS = (1 << 48) - 1
_FREE_BITS = ((1 << 80) - 1) & ~(0xF << 76) & ~(0x3 << 62)
_VERSION_AND_VARIANT = 8 << 76 | 2 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A service in our words, mapped once when it was read and kept, so that a new label file changes no past answer.

    ``payout_currency`` is an ISO 4217 code where a note or a product names it, else null; ``is_promotional`` is true
    where a note says so and null otherwise: a survey cannot say that a price is *not* promotional.
    """

    provider: str
    provider_name: str
    provider_type: ProviderType
    payment_instruments: tuple[PaymentInstrument, ...]
    access_points: tuple[AccessPoint, ...]
    receiving_methods: tuple[ReceivingMethod, ...]
    transfer_speed: TransferSpeed
    network_coverage: NetworkCoverage
    customer: Customer
    is_transparent: bool
    is_promotional: bool | None
    payout_currency: str | None
    notes: tuple[SurveyNote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """One published price at one amount: for a survey, one tier (cc1 or cc2) of one row.

    ``amount`` is the principal, in major units of ``sending_currency``; ``fee`` in the same currency, null where it
    was not given; ``fx_margin_percent`` and ``published_total_percent`` in percent of the principal, exactly as
    published. ``published_rate`` and ``published_mid_market_rate`` are kept but never computed with: their units are
    unreliable (METHODOLOGY, One price).
    """

    id: UUID
    source: str
    source_key: str
    evidence: Evidence
    corridor: str
    period: str | None
    tier: AmountTier | None
    observed_at: datetime
    description: Description
    sending_currency: str
    receiving_currency: str | None
    amount: Decimal
    denomination_usd: Decimal | None
    fee: Decimal | None
    fee_mode: FeeMode
    fx_margin_percent: Decimal | None
    published_total_percent: Decimal
    published_rate: Decimal | None
    published_mid_market_rate: Decimal | None
    fx_margin_status: FxMarginStatus
    cost_status: CostStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveQuote:
    """What one source said at one time that a service costs: a price at one amount, or a whole tariff.

    ``source_key`` is the source's own key of the service; with ``tier``, where the source is asked at two amounts, it
    says which older quote this one replaces. ``valid_until`` null: no end was said.
    """

    id: UUID
    source: str
    source_key: str
    evidence: Evidence
    corridor: str
    tier: AmountTier | None
    observed_at: datetime
    valid_until: datetime | None
    description: Description
    sending_currency: str
    receiving_currency: str
    terms: Terms


def quarter_end(period: str) -> date:
    """Return the last day of a quarter written ``2013-Q3``."""
    year, quarter = int(period[:4]), int(period[6])
    return date(year, quarter * 3, 31 if quarter in (1, 4) else 30)


def margin_status(  # noqa: PLR0911, PLR0913 - one line and one fact for each status of METHODOLOGY
    *,
    is_transparent: bool,
    fee: Decimal | None,
    fx_margin_percent: Decimal | None,
    published_rate: Decimal | None,
    published_mid_market_rate: Decimal | None,
    sending_country: str,
    period: str | None,
    sending_currency: str,
    payout_currency: str | None,
    shares_tender: bool,
) -> FxMarginStatus:
    """Say what a published margin is worth: the first status that fits (METHODOLOGY, What a survey row is worth).

    ``shares_tender``: the sending currency is legal tender, or at a declared par with it, in the receiving country.
    """
    if not is_transparent:
        return FxMarginStatus.UNDISCLOSED
    if fee is None or fx_margin_percent is None:
        return FxMarginStatus.INCOMPLETE
    if not margin_is_measured(sending_country, period):
        return FxMarginStatus.NOT_MEASURED
    if fx_margin_percent == 0 and published_rate == 1 and published_mid_market_rate == 1:
        if shares_tender:
            return FxMarginStatus.SAME_CURRENCY
        if payout_currency == sending_currency:
            return FxMarginStatus.PAID_OUT_IN_SENDING_CURRENCY
        return FxMarginStatus.ZERO_UNEXPLAINED
    return FxMarginStatus.MEASURED


def cost_status(
    *, amount: Decimal, fee: Decimal | None, fx_margin_percent: Decimal | None, published_total_percent: Decimal
) -> CostStatus:
    """Say whether fee % + margin % is the published total, to the survey's rounding; missing parts cannot contradict.

    ``amount`` and ``fee`` in one currency, ``amount`` > 0. Exact: no division.
    """
    if fee is None or fx_margin_percent is None:
        return CostStatus.CONSISTENT
    rest = _EXACT.subtract(fx_margin_percent, published_total_percent)
    difference = _EXACT.add(_EXACT.multiply(fee, Decimal(100)), _EXACT.multiply(rest, amount))
    limit = _EXACT.multiply(SUSPECT_ABOVE_PERCENTAGE_POINTS, amount)
    return CostStatus.SUSPECT if abs(difference) > limit else CostStatus.CONSISTENT


def quote_id(observed_at: datetime, source: str, source_key: str, tier: str, content: bytes) -> UUID:
    """Make a quote's UUIDv8 (RFC 9562) from what it says: ids sort by time and are the same in every installation.

    48 bits of observation time in milliseconds since 1970 (UTC), then 74 bits of a hash of the source, the source's
    own key, the tier and the canonical content.
    """
    return UUID(bytes=quote_id_bytes((observed_at - _EPOCH) // _MILLISECOND, source, source_key, tier, content))


def quote_id_bytes(milliseconds: int, source: str, source_key: str, tier: str, content: bytes) -> bytes:
    """Return the 16 bytes of ``quote_id`` for a time in milliseconds since 1970: for imports, which make many."""
    digest = blake2b(f"{source}\0{source_key}\0{tier}\0".encode() + content, digest_size=10).digest()
    number = (milliseconds & _48_BITS) << 80 | int.from_bytes(digest, "big") & _FREE_BITS | _VERSION_AND_VARIANT
    return number.to_bytes(16, "big")
