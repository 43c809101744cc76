"""Wise's comparison API, version 4 and its predecessor 3: every quote of every provider, in our words.

What an answer says, by its documentation and verified on it: the fee is deducted from the amount sent, the received
amount is (sent - fee) times the rate, and the markup is measured against the mid-market rate, which is the rate of the
quote flagged ``isConsideredMidMarketRate`` (version 3 has no flag: Wise's own quote with markup 0). Prices are
collected about once an hour, from bank accounts to bank accounts only; the markup is then applied to the current rate,
so every quote is an estimate, by a competitor of those it estimates.

An answer of another shape is a SourceError as a whole. A quote that cannot be is refused alone, with its place.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import NamedTuple
from urllib.parse import urlencode

from app import reference
from app.domain.errors import InvalidName, quoted
from app.domain.file_errors import SourceError
from app.domain.geography import Geography
from app.domain.plausibility.rates import IMPLAUSIBLE_RATE
from app.domain.terms import AmountFee, RateBand, Terms
from app.domain.vocabulary import AccessPoint, AmountTier, FeeMode, PaymentInstrument, ProviderType, ReceivingMethod
from app.domain.vocabulary import TransferSpeed as Speed
from app.sources.live_records import Asked, Offered, Sourced, instant_of, live_record, service
from app.sources.source import Ask, Doubt, Known, LiveReading, LiveRecord, Mapped, Source
from app.sources.transfer_times import speed_of
from app.sources.wise_answers import Answer, Provider, Quote, Request, answer_of, declared_mid_market_rate, request_of
from app.sources.wise_plausibility import ImplausibleError, Sums, check_margin, check_sums, needed, number, positive

TIERS = ((AmountTier.USD_200, 200), (AmountTier.USD_500, 500))
MOST_PROVIDERS = 1000
"""Asked for at once: the documented default is 4."""

_TWO_DIGITS = Context(prec=2, rounding=ROUND_HALF_EVEN)
_TYPES = {
    "bank": ProviderType.BANK,
    "moneytransferprovider": ProviderType.MONEY_TRANSFER_OPERATOR,
    "travelmoney": ProviderType.TRAVEL_MONEY,
}
_BETWEEN_WORDS = re.compile(r"[\s_-]+")
_ALIAS = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}", re.ASCII | re.IGNORECASE)


class _Judged(NamedTuple):
    """An accepted quote that has no key yet, since its key depends on what stands beside it."""

    key: str
    asked: Asked
    mapped: Mapped
    terms: Terms
    observed_at: datetime


def asks(source: Source, known: Known) -> list[Ask]:
    """Return a call for each known pair at USD 200 and USD 500 in the sending currency, to two significant digits."""
    if source.fetching is None:
        return []
    geography = reference.load()
    rates = dict(known.usd_rates) | {"USD": "1"}
    found = []
    for corridor, sending, receiving in known.pairs:
        if sending == receiving or sending not in rates:  # nothing is exchanged, or nobody says what USD 200 are
            continue
        countries = [geography.country(code).alpha2 for code in corridor.split("-")]
        for tier, dollars in TIERS:
            amount = f"{_TWO_DIGITS.multiply(Decimal(dollars), Decimal(rates[sending])):f}"
            question = {
                "sourceCurrency": sending,
                "targetCurrency": receiving,
                "sendAmount": amount,
                "sourceCountry": countries[0],
                "targetCountry": countries[1],
                "numberOfProviders": MOST_PROVIDERS,
            }
            wanted = {
                "corridor": corridor,
                "sending_currency": sending,
                "receiving_currency": receiving,
                "amount": amount,
                "tier": tier.value,
                "day": known.today,
            }
            target = f"{corridor}/{sending}-{receiving}/{tier.value}"
            url = f"{source.fetching.url}?{urlencode(question)}"
            found.append(Ask(target=target, url=url, wanted=tuple(wanted.items())))
    return found


def read(source: Source, ask: Ask, body: bytes) -> LiveReading:
    """Return the quotes of one answer; raises SourceError where it is no comparison, or not the one asked for.

    An answer without quotes, or with none that can be, is an error too: it must not withdraw what is known.
    """
    geography = reference.load()
    answer = answer_of(body)
    judge = _Judge(request_of(answer, ask, geography), declared_mid_market_rate(answer), geography)
    judged = list(judge.judged(answer))
    if judge.refused and (not judged or judge.is_mid_doubtful(answer)):
        first = judge.refused[0]
        most = f"{len(judge.refused)} of {judge.counts['quotes']} quotes cannot be"
        raise SourceError(f"{most}, the first at {first.place}: {first.reason}, found {quoted(first.given)}.")
    scopes = (judge.request.scope,) if judged else ()
    records = _records(source, judge.request, judged, judge.counts)
    silent = tuple(f"{provider.alias}/" for provider in answer.providers if not provider.quotes)
    return LiveReading(records, scopes, judge.refused, dict(judge.counts), silent)


class _Judge:
    """Goes through the quotes of one answer: those that can be are ``judged``, the others ``refused`` with reasons.

    ``counts`` are facts about the answer; a quote in a currency without a home country is in no corridor and only
    counted there, ``corridor_unknown``.
    """

    def __init__(self, request: Request, mid: Decimal | None, geography: Geography) -> None:
        self.request = request
        self.refused: list[Doubt] = []
        self.counts: Counter[str] = Counter()
        self._mid = mid
        self._geography = geography

    def judged(self, answer: Answer) -> Iterator[_Judged]:
        """Yield what can be of each quote, in the order of the answer."""
        self.counts["providers"] = len(answer.providers)
        for at, provider in enumerate(answer.providers):
            for index, quote in enumerate(provider.quotes):
                self.counts["quotes"] += 1
                place = f"/providers/{at}"
                try:
                    mapped = self._mapped(provider, quote)
                    place = f"{place}/quotes/{index}"
                    found = self._quote(provider, quote, mapped)
                except ImplausibleError as error:
                    self.refused.append(Doubt(f"{place}/{error.field}", error.code, error.reason, error.given))
                else:
                    if found is not None:
                        yield found

    def is_mid_doubtful(self, answer: Answer) -> bool:
        """Say whether half of the other quotes contradict the mid-market rate that the answer declares, or more.

        Then it may be what is wrong, and what agrees with it no better.
        """
        if self._mid is None:
            return False
        contradicting = sum(doubt.code == IMPLAUSIBLE_RATE for doubt in self.refused)
        own = sum(bool(q.is_considered_mid_market_rate) for provider in answer.providers for q in provider.quotes)
        return contradicting > 0 and 2 * contradicting >= self.counts["quotes"] - max(own, 1)

    def _mapped(self, provider: Provider, quote: Quote) -> Mapped:
        if not _ALIAS.fullmatch(provider.alias):
            raise ImplausibleError("alias", "invalid-key", "expected a short plain word", provider.alias)
        told = _BETWEEN_WORDS.sub("", provider.type or "").lower()
        if told not in _TYPES:
            self.counts["provider_type_unknown"] += 1
        speed = speed_of(quote.delivery_estimation)
        if speed is None:
            self.counts["speed_not_read"] += 1
        offered = Offered(
            payment_instruments=(PaymentInstrument.BANK_ACCOUNT,),
            access_points=(AccessPoint.INTERNET,),
            receiving_methods=(ReceivingMethod.BANK_ACCOUNT,),
            transfer_speed=speed or Speed.UNKNOWN,
        )
        # The published durations, to the microsecond, stay in the kept bytes: here each hour would make new services.
        said = (("alias", provider.alias), ("name", provider.name), ("type", provider.type))
        published = [(column, text) for column, text in said if text]
        try:
            return service(provider.name, _TYPES.get(told, ProviderType.UNKNOWN), offered, published)
        except InvalidName as error:
            raise ImplausibleError("name", error.code, "expected a provider's name", provider.name) from None

    def _quote(self, provider: Provider, quote: Quote, mapped: Mapped) -> _Judged | None:
        request = self.request
        rate, fee = positive("rate", quote.rate), needed("fee", quote.fee)
        sent = positive("sendAmount", quote.send_amount) if request.is_amount_received else request.amount
        received = number("receivedAmount", quote.received_amount)
        if received is None and request.is_amount_received:
            received = request.amount
        check_sums(Sums(sent, fee, rate, received), request.sending, request.receiving)
        markup = number("markup", quote.markup)
        check_margin(rate, self._mid, markup)
        observed_at = self._observed_at(quote.date_collected)
        corridor = self._corridor(quote)
        if corridor is None:
            self.counts["corridor_unknown"] += 1
            return None
        terms = Terms(
            fee_mode=FeeMode.DEDUCTED,
            fee=AmountFee(fee, at_amount=sent),
            rates=(RateBand(Decimal(0), rate),),
            declared_mid_market_rate=self._mid,
            published_fx_margin_percent=markup,
        )
        asked = Asked(corridor, request.sending.code, request.receiving.code, request.tier)
        key = f"{provider.alias}/{corridor}/{request.sending.code}-{request.receiving.code}"
        return _Judged(key if request.tier else f"{key}/{request.size}", asked, mapped, terms, observed_at)

    def _observed_at(self, collected: str | None) -> datetime:
        observed_at = instant_of(collected or "")
        if observed_at is None:
            raise ImplausibleError("dateCollected", "invalid-time", "expected a time with its zone", collected)
        newest = self.request.newest_day
        if newest is not None and observed_at.date() > newest:
            raise ImplausibleError(
                "dateCollected", "invalid-time", "expected a time that is not ahead of us", collected
            )
        return observed_at

    def _corridor(self, quote: Quote) -> str | None:
        """Return the corridor: each side by the quote, else by what was asked, else the currency's declared home."""
        sides = (
            ("sourceCountry", quote.source_country, self.request.countries[0], self.request.sending),
            ("targetCountry", quote.target_country, self.request.countries[1], self.request.receiving),
        )
        codes = []
        for field, told, asked, currency in sides:
            country = self._geography.find_country(told) if told else None
            if told and country is None:
                raise ImplausibleError(field, "unknown-country", "expected an ISO 3166 code or null", told)
            codes.append(country.code if country else asked or reference.home_country(currency.code))
        sending, receiving = codes
        if sending is None or receiving is None:
            return None
        if sending == receiving:
            reason = "expected a country other than the sending one"
            raise ImplausibleError("targetCountry", "corridor-to-itself", reason, quote.target_country)
        return f"{sending}-{receiving}"


def _records(source: Source, request: Request, judged: Sequence[_Judged], counts: Counter[str]) -> list[LiveRecord]:
    """Give each quote its key: more than provider, corridor and currencies only where these have several quotes."""
    distinct = list(dict.fromkeys(judged))
    counts["repeated"] = len(judged) - len(distinct)
    by_key = Counter(each.key for each in distinct)
    seen: Counter[str] = Counter()
    found = []
    for each in distinct:
        key = each.key if by_key[each.key] == 1 else f"{each.key}/{each.mapped.transfer_speed}"
        seen[key] += 1
        if seen[key] > 1:
            key = f"{key}/{seen[key]}"
        sourced = Sourced(source.key, key, request.scope, "aggregator_estimate")
        found.append(live_record(sourced, each.asked, each.mapped, each.terms, observed_at=each.observed_at))
    return found
