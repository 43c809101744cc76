"""Judges what a partner pushes beside what is known: reference rates, its last prices, providers, what others say.

What there is to know is loaded once for a batch; the rules (``domain.plausibility.quotes``) know no database.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection

from app import reference
from app.db import instant, microseconds
from app.domain.geography import Geography
from app.domain.live import default_live_amount
from app.domain.look_alikes import appearance
from app.domain.partners import Partner
from app.domain.plausibility.cases import Against, Before, Case, NamedProvider, Pair, fee_at, judged_amount
from app.domain.plausibility.parameters import Parameters, parameters_on
from app.domain.plausibility.quotes import RULES_OF_PRICE, RULES_OF_SERVICE, RULES_OF_TIMES, asked
from app.domain.plausibility.sandbox import forced
from app.domain.providers import suggest_providers
from app.domain.rates import DOLLAR
from app.domain.terms import Terms, fee_from, fee_text_of, first_rate_of, terms_from
from app.domain.verdicts import Finding
from app.ingest.reference_rates import ReferenceRates
from app.sources.provider_names import shown_name
from app.sources.source import LiveRecord, sources
from app.store import providers, standing_offers
from app.store.standing_offers import Said, StandingOffer

_MICROSECOND: Final = timedelta(microseconds=1)
_NOTHING: Final = Decimal(0)
_DAY: Final = timedelta(days=1) // _MICROSECOND


def judge(  # noqa: PLR0913 - what is judged, who says it, when and where
    connection: Connection,
    records: Sequence[LiveRecord],
    *,
    partner: Partner,
    now: datetime,
    is_sandbox: bool,
    terms: Sequence[Terms] | None = None,
    standing: Mapping[str, StandingOffer] | None = None,
) -> list[tuple[Finding, ...]]:
    """Return what the rules found of each record, in their order; empty where nothing was found.

    ``terms``: those of the records, where the caller has them, so that they need not be read again; so too what their
    services offer now, ``standing``. ``is_sandbox``: magic external ids force a verdict.
    """
    if not records:
        return []
    if standing is None:
        standing = standing_offers.standing(connection, partner.source, {one.source_key for one in records})
    known = _Known(connection, records, partner, now, standing)
    prices = [terms_from(record.terms) for record in records] if terms is None else terms
    found = [known.judge(record, price) for record, price in zip(records, prices, strict=True)]
    if not is_sandbox:
        return found
    magic = [forced(record.source_key) for record in records]
    return [own if other is None else other for own, other in zip(found, magic, strict=True)]


class _Known:
    """What is known around the records of one batch."""

    def __init__(
        self,
        connection: Connection,
        records: Sequence[LiveRecord],
        partner: Partner,
        now: datetime,
        standing: Mapping[str, StandingOffer],
    ) -> None:
        self._now = microseconds(now)
        self._today = now.astimezone(UTC).date()
        self._parameters: Parameters = parameters_on(self._today)
        self._geography: Geography = reference.load()
        self._rates = ReferenceRates(connection, _currencies(records), self._days(records))
        self._standing = standing
        self._compared_within = self._parameters.compared_within // _MICROSECOND
        self._said = standing_offers.said_by_others(
            connection, partner.source, {Said(one.corridor, one.observed_at) for one in records}
        )
        self._providers = _Providers(connection, partner)
        self._pairs: dict[tuple[str, str, str], Pair] = {}
        self._against: dict[int, Against] = {}
        self._fees: dict[tuple[int, int, Decimal | None, Decimal | None], tuple[Decimal | None, Decimal]] = {}
        self._of_services: dict[tuple[str, str, str, str, str], tuple[Finding, ...]] = {}
        self._of_times: dict[tuple[int, int | None], tuple[Finding, ...]] = {}

    def judge(self, record: LiveRecord, terms: Terms) -> tuple[Finding, ...]:
        """Return what the rules found of a record; what it shares with others of the batch is asked once."""
        service = record.service
        key = (
            *(service.provider, service.provider_name),
            *(record.corridor, record.sending_currency, record.receiving_currency),
        )
        pair = self._pairs.get(key[2:]) or self._pair(*key[2:])
        case = self._case(record, terms, pair)
        of_service = self._of_services.get(key)
        if of_service is None:
            of_service = self._of_services[key] = asked(RULES_OF_SERVICE, case)
        times = record.observed_at, record.valid_until
        of_times = self._of_times.get(times)
        if of_times is None:
            of_times = self._of_times[times] = asked(RULES_OF_TIMES, case)
        return of_service + of_times + asked(RULES_OF_PRICE, case)

    def _case(self, record: LiveRecord, terms: Terms, pair: Pair) -> Case:
        amount, fee = self._fee(terms, pair)
        against = self._reference(record)
        return Case(
            provider=self._providers.named(record.service.provider, record.service.provider_name),
            pair=pair,
            terms=terms,
            observed_at=record.observed_at,
            valid_until=record.valid_until,
            now=self._now,
            parameters=self._parameters,
            amount=amount,
            fee=fee,
            odd_rates=() if against is None else against.odd(terms.rates),
            against=against,
            before=self._before(record) if self._standing else None,
            has_twin=bool(self._said) and record.content_hash in self._said,
        )

    def _fee(self, terms: Terms, pair: Pair) -> tuple[Decimal | None, Decimal]:
        """Return the amount at which a fee is judged, and the fee; a reader shares equal fees between terms."""
        key = id(terms.fee), id(pair), terms.min_amount, terms.max_amount
        found = self._fees.get(key)
        if found is None:
            amount = judged_amount(terms, pair)
            found = self._fees[key] = amount, _NOTHING if amount is None else fee_at(terms.fee, amount)
        return found

    def _days(self, records: Sequence[LiveRecord]) -> set[date]:
        """Return the days whose rates are asked for; quotes from the future and of long ago are not compared."""
        latest = self._now + self._parameters.clocks_differ_by // _MICROSECOND
        earliest = self._now - self._parameters.plausible_age // _MICROSECOND
        observed = {one.observed_at // _DAY for one in records if earliest <= one.observed_at <= latest}
        return {instant(day * _DAY).date() for day in observed} | {self._today}

    def _reference(self, record: LiveRecord) -> Against | None:
        rate = self._rates.at(record.sending_currency, record.receiving_currency, record.observed_at)
        if rate is None:
            return None
        against = self._against.get(id(rate))
        if against is None:
            against = self._against[id(rate)] = Against(rate, self._parameters)
        return against

    def _before(self, record: LiveRecord) -> Before | None:
        offer = self._standing.get(record.source_key)
        if offer is None or abs(record.observed_at - offer.current.observed_at) > self._compared_within:
            return None
        was = offer.current.corridor, offer.sending_currency, offer.receiving_currency
        if was != (record.corridor, record.sending_currency, record.receiving_currency):
            return None
        fee = fee_text_of(offer.terms)
        return Before(first_rate_of(offer.terms), None if fee == fee_text_of(record.terms) else fee_from(fee))

    def _pair(self, corridor: str, sending_currency: str, receiving_currency: str) -> Pair:
        sending_country, _, receiving_country = corridor.partition("-")
        usd = self._rates.at(DOLLAR, sending_currency, self._now)
        amount = None if usd is None else default_live_amount(usd.rate)
        pair = Pair(
            sending_country=sending_country,
            receiving_country=receiving_country,
            sending_currency=sending_currency,
            receiving_currency=receiving_currency,
            sent=self._geography.tenders(sending_country, self._today),
            paid=self._geography.tenders(receiving_country, self._today),
            usd=None if usd is None else usd.rate,
            usual_amount=None if amount is None else Decimal(amount.numerator) / Decimal(amount.denominator),
        )
        self._pairs[corridor, sending_currency, receiving_currency] = pair
        return pair


class _Providers:
    """Which providers are known: to the partner, or to anybody; the others are compared with those."""

    def __init__(self, connection: Connection, partner: Partner) -> None:
        self._connection = connection
        self._partner = partner
        self._named: dict[tuple[str, str], NamedProvider] = {}
        self._names: dict[str, str] | None = None
        self._spelled: dict[str, set[str]] = {}
        self._seen: dict[str, str] = {}

    def named(self, provider: str, name: str) -> NamedProvider:
        """Return a provider as the rules see it."""
        key = provider, name
        found = self._named.get(key)
        if found is None:
            found = self._named[key] = self._look_up(provider, name)
        return found

    def _look_up(self, provider: str, name: str) -> NamedProvider:
        if provider in self._partner.providers:
            return NamedProvider(provider, name)
        if self._names is None:
            self._spelled = _spelled(self._connection)
            self._names = {known: shown_name(known, spellings) for known, spellings in self._spelled.items()}
            self._names |= {given: said.name for given, said in self._partner.providers.items()}
            for known, shown in self._names.items():
                for text in (known, shown):
                    self._seen.setdefault(appearance(text), shown)
        if provider in self._names:
            known_as = self._names[provider]
            is_usual = name == known_as or name in self._spelled.get(provider, ())
            return NamedProvider(provider, name, known_as=None if is_usual else known_as)
        looks = filter(None, (appearance(provider), appearance(name)))
        resembles = next((self._seen[look] for look in looks if look in self._seen), None)
        near = () if resembles is not None else suggest_providers(provider, self._names)
        return NamedProvider(provider, name, is_known=False, resembles=resembles, near=near)


def _spelled(connection: Connection) -> dict[str, set[str]]:
    """Return how sources spell each provider; not those whose terms are private, since what is found is answered."""
    private = {key for key, source in sources().items() if source.is_private}
    found: dict[str, set[str]] = {}
    for spelling in providers.spellings(connection):
        if spelling.source not in private:
            found.setdefault(spelling.provider, set()).add(" ".join(spelling.published.split()))
    return found


def _currencies(records: Sequence[LiveRecord]) -> set[str]:
    return {DOLLAR, *(one.sending_currency for one in records), *(one.receiving_currency for one in records)}
