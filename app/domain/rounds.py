"""One corridor in one survey round, ready to be ranked: its services as candidates, its figures, its amounts."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction

from app.domain.indicators import CorridorFigures, corridor_figures
from app.domain.methodology import CURRENT_ROUND_MONTHS
from app.domain.money import exact
from app.domain.quotes import Quote, quarter_end
from app.domain.ranking import Candidate
from app.domain.survey_curves import survey_curves
from app.domain.vocabulary import AmountTier, Freshness


@dataclass(frozen=True, slots=True)
class SurveyedAmount:
    """How many services of a round were asked for this amount, in major units of the currency."""

    currency: str
    tier: AmountTier
    amount: Decimal
    services: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CorridorRound:
    """All services of a corridor in one round of one source.

    ``figures``: the indicators at each tier. ``amounts`` in the order currency, tier, most frequent first.
    ``usd_rates``: US dollars for one unit of a currency when it was surveyed, where there was a reference rate.
    """

    corridor: str
    source: str
    period: str
    candidates: tuple[Candidate, ...]
    figures: Mapping[AmountTier, CorridorFigures]
    amounts: tuple[SurveyedAmount, ...]
    usd_rates: Mapping[str, Fraction] = field(default_factory=dict)

    @property
    def default_currency(self) -> str:
        """The currency in which most services were asked for USD 200 (else for any amount), ties by code."""
        at_200 = [amount for amount in self.amounts if amount.tier is AmountTier.USD_200]
        services = Counter[str]()
        for amount in at_200 or self.amounts:
            services[amount.currency] += amount.services
        return min(services, key=lambda currency: (-services[currency], currency))

    def default_amount(self, currency: str) -> Decimal | None:
        """Return the most frequent surveyed USD 200 tier amount in a currency (the smaller of two), or null."""
        return next((a.amount for a in self.amounts if a.currency == currency and a.tier is AmountTier.USD_200), None)

    def surveyed_amount_usd(self, currency: str) -> Fraction | None:
        """Return what the default amount in a currency was worth when it was surveyed, in US dollars, or null."""
        amount = self.default_amount(currency)
        if amount is None:
            return None
        rate = Fraction(1) if currency == "USD" else self.usd_rates.get(currency)
        return None if rate is None else exact(amount) * rate


def collection_days(quotes: Iterable[Quote]) -> dict[str, date]:
    """Return the median day on which the prices in each sending currency were collected."""
    days: dict[str, list[date]] = {}
    for quote in quotes:
        days.setdefault(quote.sending_currency, []).append(quote.observed_at.date())
    return {currency: sorted(found)[len(found) // 2] for currency, found in days.items()}


def corridor_round(  # noqa: PLR0913 - whose round, of what, and two facts about money
    corridor: str,
    source: str,
    period: str,
    quotes: Iterable[Quote],
    is_tender: Callable[[str, str, date], bool],
    *,
    usd_rates: Mapping[str, Fraction] | None = None,
) -> CorridorRound:
    """Build the round from its current quotes, in any order.

    ``is_tender(currency, country, day)``: legal tender there on that day, or at a declared par with it.
    ``usd_rates``: US dollars for one unit of each currency on its collection day, where known.
    """
    services: dict[str, list[Quote]] = {}
    for quote in quotes:
        services.setdefault(quote.source_key, []).append(quote)
    everything = [quote for service in services.values() for quote in service]
    asked = Counter((q.sending_currency, q.tier, q.amount) for q in everything if q.tier is not None)
    amounts = [SurveyedAmount(currency, tier, amount, count) for (currency, tier, amount), count in asked.items()]
    return CorridorRound(
        corridor=corridor,
        source=source,
        period=period,
        candidates=tuple(_candidate(services[key], corridor[4:], is_tender) for key in sorted(services)),
        figures={tier: corridor_figures(everything, tier) for tier in AmountTier},
        amounts=tuple(sorted(amounts, key=lambda a: (a.currency, a.tier, -a.services, a.amount))),
        usd_rates=usd_rates or {},
    )


def _candidate(quotes: list[Quote], receiving_country: str, is_tender: Callable[[str, str, date], bool]) -> Candidate:
    first = min(quotes, key=lambda quote: (quote.tier or "", quote.id))
    payout = first.description.payout_currency
    return Candidate(
        key=(first.source, first.source_key),
        description=first.description,
        curves=survey_curves(tuple(quotes)),
        source=first.source,
        evidence=first.evidence,
        observed_at=first.observed_at,
        is_tender_for_receiver=payout is None or is_tender(payout, receiving_country, first.observed_at.date()),
        quote_ids=tuple(sorted(quote.id for quote in quotes)),
    )


def stops_being_current(period: str) -> datetime:
    """Return the instant (UTC) from which a quarter's round is no longer current, whatever else is known."""
    last = quarter_end(period)
    month = last.month + CURRENT_ROUND_MONTHS
    first_of_next = date(last.year + month // 12, month % 12 + 1, 1)
    return datetime.combine(first_of_next, time(), tzinfo=UTC)


def survey_freshness(period: str, newest_period: str, now: datetime) -> Freshness:
    """Return ``current_round`` for the source's newest round while it is current, else ``old_round``."""
    is_current = period == newest_period and now < stops_being_current(period)
    return Freshness.CURRENT_ROUND if is_current else Freshness.OLD_ROUND
