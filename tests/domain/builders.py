# ruff: noqa: ANN401, PLR0913, PLR0917 -- builders take whatever a case wants to change
"""One-line builders, so that a case reads as what it is about: ``quote(amount="120", fee="4", margin="0.11")``."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from app.domain.costs import Price
from app.domain.price_curves import NoPrice, PriceCurve
from app.domain.quotes import Description, LiveQuote, Quote, cost_status, quote_id
from app.domain.ranking import Candidate
from app.domain.survey_curves import survey_curves
from app.domain.tariffs import FeeBand, RateStep, Tariff, tariff_curve
from app.domain.terms import AmountFee, PercentFee, RateBand, ScheduleFee, Terms, terms_text
from app.domain.vocabulary import (
    AccessPoint,
    AmountIs,
    AmountTier,
    Customer,
    Evidence,
    FeeMode,
    FxMarginStatus,
    NetworkCoverage,
    PaymentInstrument,
    ProviderType,
    ReceivingMethod,
    TransferSpeed,
)

OBSERVED = datetime(2013, 7, 19, tzinfo=UTC)


def description(provider: str = "example", **changes: Any) -> Description:
    """A transparent cash service of a money transfer operator, but for what is changed."""
    facts: dict[str, Any] = {
        "provider": provider,
        "provider_name": provider.title(),
        "provider_type": ProviderType.MONEY_TRANSFER_OPERATOR,
        "payment_instruments": (PaymentInstrument.CASH,),
        "access_points": (AccessPoint.AGENT,),
        "receiving_methods": (ReceivingMethod.CASH,),
        "transfer_speed": TransferSpeed.UNDER_1_HOUR,
        "network_coverage": NetworkCoverage.NATIONWIDE,
        "customer": Customer.UNKNOWN,
        "is_transparent": True,
        "is_promotional": None,
        "payout_currency": None,
        "notes": (),
    }
    return Description(**{**facts, **changes})


def quote(
    amount: str = "120",
    fee: str | None = "4",
    margin: str | None = "0.11",
    total: str | None = None,
    tier: AmountTier = AmountTier.USD_200,
    status: FxMarginStatus = FxMarginStatus.MEASURED,
    key: str = "2013-Q3/1",
    currency: str = "GBP",
    corridor: str = "GBR-PHL",
    **changes: Any,
) -> Quote:
    """A survey quote; the total is fee % + margin % unless it is given."""
    said = None if fee is None else Decimal(fee)
    g = None if margin is None else Decimal(margin)
    parts = 100 * (said or Decimal(0)) / Decimal(amount) + (g or Decimal(0))
    published = parts if total is None else Decimal(total)
    about = changes.pop("about", None) or description(**changes)
    return Quote(
        id=quote_id(OBSERVED, "rpw", key, tier, f"{amount}|{fee}|{margin}|{total}".encode()),
        source="rpw",
        source_key=key,
        evidence=Evidence.SURVEY,
        corridor=corridor,
        period="2013-Q3",
        tier=tier,
        observed_at=OBSERVED,
        description=about,
        sending_currency=currency,
        receiving_currency=None,
        amount=Decimal(amount),
        denomination_usd=Decimal(200),
        fee=said,
        fee_mode=FeeMode.ON_TOP,
        fx_margin_percent=g,
        published_total_percent=published,
        published_rate=None,
        published_mid_market_rate=None,
        fx_margin_status=status,
        cost_status=cost_status(
            amount=Decimal(amount), fee=said, fx_margin_percent=g, published_total_percent=published
        ),
    )


def curve(*quotes: Quote) -> PriceCurve:
    """The one price curve of quotes in one currency."""
    (found,) = survey_curves(quotes)
    return found


def candidate(*quotes: Quote, **changes: Any) -> Candidate:
    """A survey service of these quotes."""
    first = quotes[0]
    facts: dict[str, Any] = {
        "key": (first.source, first.source_key),
        "description": first.description,
        "curves": survey_curves(quotes),
        "source": first.source,
        "evidence": first.evidence,
        "observed_at": first.observed_at,
    }
    return Candidate(**{**facts, **changes})


def service(key: str, fee: str, margin: str, fee_500: str | None = None, **changes: Any) -> Candidate:
    """A service surveyed at GBP 120 and GBP 300."""
    about = changes.pop("about", None) or description(provider=changes.pop("provider", key), **changes)
    return candidate(
        quote(fee=fee, margin=margin, key=key, about=about),
        quote("300", fee_500 or fee, margin, tier=AmountTier.USD_500, key=key, about=about),
    )


def rates(rate: Fraction | None) -> tuple[RateStep, ...]:
    """One rate for every amount, or none."""
    return () if rate is None else (RateStep(Fraction(0), rate),)


def tariff(*bands: FeeBand, mode: FeeMode = FeeMode.ON_TOP, number: int = 1, **changes: Any) -> Tariff:
    """A tariff in GBP that pays out PHP at 60 where the mid-market rate is 62, but for what is changed."""
    facts: dict[str, Any] = {
        "quote_id": UUID(int=number),
        "currency": "GBP",
        "receiving_currency": "PHP",
        "fee_mode": mode,
        "bands": bands,
        "rates": rates(changes.pop("offered_rate", Fraction(60))),
        "mid_market_rate": Fraction(62),
    }
    return Tariff(**{**facts, **changes})


def tariff_candidate(said: Tariff, provider: str = "example") -> Candidate:
    """A live service with this tariff."""
    return Candidate(
        key=("partner", str(said.quote_id)),
        description=description(provider),
        curves=(tariff_curve(said),),
        source="partner",
        evidence=Evidence.PARTNER,
        observed_at=OBSERVED,
    )


def priced(found: Price | NoPrice) -> Price:
    """The price that must be there."""
    assert isinstance(found, Price), found
    return found


def at(of: PriceCurve, amount: str | Fraction, amount_is: AmountIs = AmountIs.PRINCIPAL) -> Price:
    """The price of a curve at an amount, which must be there."""
    return priced(of.price(Fraction(amount), amount_is))


SEEN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def live_quote(
    amount: str = "200",
    fee: str = "4",
    rate: str | None = "70",
    provider: str = "example",
    source: str = "quote_file",
    *,
    mid: str | None = None,
    mode: FeeMode = FeeMode.ON_TOP,
    evidence: Evidence = Evidence.PUBLISHED_TARIFF,
    seen: datetime = SEEN,
    until: datetime | None = None,
    currency: str = "GBP",
    pays: str = "PHP",
    corridor: str = "GBR-PHL",
    tier: AmountTier | None = None,
    fees: PercentFee | ScheduleFee | None = None,
    **about: Any,
) -> LiveQuote:
    """A live price at one amount (or with ``fees`` a tariff); ``about`` changes the description."""
    terms = Terms(
        fee_mode=mode,
        fee=fees or AmountFee(Decimal(fee), Decimal(amount)),
        rates=() if rate is None else (RateBand(Decimal(0), Decimal(rate)),),
        declared_mid_market_rate=None if mid is None else Decimal(mid),
    )
    key = f"{provider}/{currency}-{pays}/{corridor}"
    content = f"{terms_text(terms)}|{seen}|{until}|{about}".encode()
    return LiveQuote(
        id=quote_id(seen, source, key, tier or "", content),
        source=source,
        source_key=key,
        evidence=evidence,
        corridor=corridor,
        tier=tier,
        observed_at=seen,
        valid_until=until,
        description=description(provider, **about),
        sending_currency=currency,
        receiving_currency=pays,
        terms=terms,
    )
