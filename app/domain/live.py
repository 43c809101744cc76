"""One corridor's live prices: which services there are, which source speaks for each, and until when it may.

A live source's service is (provider, corridor, currencies, instruments, access points, receiving methods, speed,
customer class); where several sources describe one, one speaks by declared precedence and the others are shown beside
it (METHODOLOGY, Service, current, epoch). Time is an argument: what is stale or expired depends on when it is asked.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias
from uuid import UUID

from app.domain.live_curves import Benchmarked, live_curve
from app.domain.methodology import (
    DEFAULT_LIVE_AMOUNT_DIGITS,
    DEFAULT_LIVE_AMOUNT_USD,
    EVIDENCE_PRECEDENCE,
    LIVE_FOR,
    LIVE_PROVIDERS,
    RECENT_FOR,
    STALE_AFTER,
)
from app.domain.money import magnitude
from app.domain.price_curves import PriceCurve
from app.domain.quotes import LiveQuote
from app.domain.rates import NoRate, ReferenceRate
from app.domain.vocabulary import Exclusion, Freshness

MidMarket: TypeAlias = Callable[[str, str, datetime, str | None], ReferenceRate | NoRate]
"""The reference rate of (sending currency, receiving currency) that counted at an instant, by one benchmark."""

_JUST_OVER = timedelta(microseconds=1)
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)
_PRECEDENCE = {evidence: place for place, evidence in enumerate(EVIDENCE_PRECEDENCE)}


def live_freshness(observed_at: datetime, now: datetime) -> Freshness:
    """Return how old a live price is: up to an hour ``live``, a day ``recent``, 7 days ``aging``, then ``stale``."""
    age = now - observed_at
    if age <= LIVE_FOR:
        return Freshness.LIVE
    if age <= RECENT_FOR:
        return Freshness.RECENT
    return Freshness.AGING if age <= STALE_AFTER else Freshness.STALE


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What a live quote's margin is measured against: the source's own declared rate, or a reference rate."""

    rate: Fraction
    reference: ReferenceRate | None


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """One service as one source describes it now: its current quotes, a tariff or prices at some amounts.

    ``observed_at`` is the oldest of them, so that the whole is never called fresher than it is, and ``valid_until``
    the earliest end.
    """

    quotes: tuple[LiveQuote, ...]

    @property
    def first(self) -> LiveQuote:
        """The quote that speaks for what all have in common."""
        return self.quotes[0]

    @cached_property
    def observed_at(self) -> datetime:
        """When the oldest of the quotes was observed."""
        return min(quote.observed_at for quote in self.quotes)

    @cached_property
    def valid_until(self) -> datetime | None:
        """When the first of the quotes ends; null where none says."""
        return min((quote.valid_until for quote in self.quotes if quote.valid_until is not None), default=None)

    @cached_property
    def quote_ids(self) -> tuple[UUID, ...]:
        """The ids of the quotes, sorted."""
        return tuple(sorted(quote.id for quote in self.quotes))

    @property
    def ends_at(self) -> datetime:
        """The first instant at which this is no longer to be ranked."""
        stale_from = self.observed_at + STALE_AFTER + _JUST_OVER
        return stale_from if self.valid_until is None else min(stale_from, self.valid_until)

    def barred(self, now: datetime) -> Exclusion | None:
        """Return why it is not to be ranked at ``now``; null while it is."""
        if now - self.observed_at > STALE_AFTER:
            return Exclusion.STALE
        return Exclusion.EXPIRED if self.valid_until is not None and self.valid_until <= now else None

    def instants(self) -> Iterator[datetime]:
        """Give every instant at which time alone changes what is to be said of it."""
        for age in (LIVE_FOR, RECENT_FOR, STALE_AFTER):
            yield self.observed_at + age + _JUST_OVER
        if self.valid_until is not None:
            yield self.valid_until

    def curve(self, mid_market: MidMarket, benchmark: str | None = None) -> PriceCurve:
        """Return its price curve against its benchmark (see ``benchmark_of``)."""
        found = [(quote, benchmark_of(quote, mid_market, benchmark)) for quote in self.quotes]
        return live_curve([Benchmarked(quote, None if against is None else against.rate) for quote, against in found])


def benchmark_of(quote: LiveQuote, mid_market: MidMarket, benchmark: str | None = None) -> Benchmark | None:
    """Return what a quote's margin is measured against, null where there is no rate.

    The rate that the source's own answer declares, else the newest reference rate at or before its observation; with
    ``benchmark`` (an institution), that institution's, whatever the source declares.
    """
    declared = quote.terms.declared_mid_market_rate
    if benchmark is None and declared is not None:
        return Benchmark(Fraction(declared), None)
    found = mid_market(quote.sending_currency, quote.receiving_currency, quote.observed_at, benchmark)
    return Benchmark(found.rate, found) if isinstance(found, ReferenceRate) else None


@dataclass(frozen=True, slots=True)
class LiveService:
    """One service with everybody who describes it, in the order of precedence: who speaks is the first still good."""

    sightings: tuple[Sighting, ...]

    @property
    def currency(self) -> str:
        """What is sent."""
        return self.sightings[0].first.sending_currency

    @property
    def provider(self) -> str:
        """Whose service it is."""
        return self.sightings[0].first.description.provider

    def speaker(self, now: datetime) -> Sighting:
        """Return the sighting that speaks at ``now``: the first that is not barred, else the one observed last."""
        good = next((one for one in self.sightings if one.barred(now) is None), None)
        return good or max(self.sightings, key=lambda one: (one.observed_at, one.quote_ids))

    def others(self, now: datetime) -> tuple[Sighting, ...]:
        """Return the other sightings that are still good at ``now``."""
        speaker = self.speaker(now)
        return tuple(one for one in self.sightings if one is not speaker and one.barred(now) is None)


@dataclass(frozen=True, kw_only=True)
class CorridorLive:
    """A corridor's live services. ``sources`` are the keys of all that describe any of them."""

    corridor: str
    services: tuple[LiveService, ...]
    _curves: dict[tuple[UUID, ...], PriceCurve] = field(default_factory=dict, repr=False)

    @cached_property
    def live_until(self) -> datetime | None:
        """The instant until which enough providers have a good price for live to be the default; null: never."""
        last: dict[str, datetime] = {}
        for service in self.services:
            ends = max(one.ends_at for one in service.sightings)
            last[service.provider] = max(last.get(service.provider, ends), ends)
        ordered = sorted(last.values(), reverse=True)
        return ordered[LIVE_PROVIDERS - 1] if len(ordered) >= LIVE_PROVIDERS else None

    @cached_property
    def currencies(self) -> Mapping[str, int]:
        """How many services are priced in each sending currency."""
        return Counter(service.currency for service in self.services)

    def is_default(self, now: datetime) -> bool:
        """Say whether live is the corridor's default basis at ``now``."""
        return self.live_until is not None and now < self.live_until

    def default_currency(self, now: datetime) -> str:
        """Return the currency of most services that are good at ``now`` (else of all), ties by code."""
        good = Counter(
            service.currency for service in self.services if any(one.barred(now) is None for one in service.sightings)
        )
        counted = good or self.currencies
        return min(counted, key=lambda currency: (-counted[currency], currency))

    def pays_out(self, currency: str) -> str:
        """Return what most services pay out for money sent in a currency, ties by code."""
        paid = Counter(s.sightings[0].first.receiving_currency for s in self.services if s.currency == currency)
        return min(paid, key=lambda code: (-paid[code], code))

    def curve(self, sighting: Sighting, mid_market: MidMarket, benchmark: str | None = None) -> PriceCurve:
        """Return a sighting's curve; that against its own benchmark, which nearly all ask for, is made once."""
        if benchmark is not None:
            return sighting.curve(mid_market, benchmark)
        found = self._curves.get(sighting.quote_ids)
        if found is None:
            found = self._curves[sighting.quote_ids] = sighting.curve(mid_market)
        return found


def corridor_live(corridor: str, quotes: Iterable[LiveQuote]) -> CorridorLive:
    """Group a corridor's current live quotes, in any order, into services and their sightings."""
    sightings: dict[tuple[str, str, str], list[LiveQuote]] = {}
    for quote in quotes:
        sightings.setdefault((quote.source, quote.source_key, quote.sending_currency), []).append(quote)
    services: dict[tuple[object, ...], list[Sighting]] = {}
    for found in sightings.values():
        ordered = sorted(found, key=lambda quote: (quote.observed_at, quote.id), reverse=True)
        services.setdefault(_identity(ordered[0]), []).append(Sighting(quotes=tuple(ordered)))
    grouped = [LiveService(tuple(sorted(service, key=_precedence))) for service in services.values()]
    return CorridorLive(
        corridor=corridor, services=tuple(sorted(grouped, key=lambda one: one.sightings[0].first.id.bytes))
    )


def _identity(quote: LiveQuote) -> tuple[object, ...]:
    d = quote.description
    return (
        *(d.provider, quote.sending_currency, quote.receiving_currency, d.payment_instruments, d.access_points),
        *(d.receiving_methods, d.transfer_speed, d.customer),
    )


def _precedence(sighting: Sighting) -> tuple[int, timedelta, str, str]:
    """Order sightings: by evidence, the newer first, then by identifiers."""
    first = sighting.first
    return _PRECEDENCE[first.evidence], _END_OF_TIME - sighting.observed_at, first.source, first.source_key


def default_live_amount(per_usd: Fraction) -> Fraction:
    """Return about USD 200 in a currency of which one dollar is ``per_usd``, rounded half-up to two digits."""
    amount = DEFAULT_LIVE_AMOUNT_USD * per_usd
    step = Fraction(10) ** (magnitude(amount) + 1 - DEFAULT_LIVE_AMOUNT_DIGITS)
    return (amount / step + Fraction(1, 2)) // 1 * step
