"""The shape of a comparison answer, version 4 and 3, and what it answers: judged before any of its quotes is.

Version 3 says ``sendAmount`` where 4 says ``amount`` and ``amountType``, and lacks ``isConsideredMidMarketRate`` and a
quote's ``sendAmount``. Fields that are added are no fault; one that is missing means that we no longer understand.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from app.domain.errors import quoted
from app.domain.file_errors import WrongLayout
from app.domain.geography import Geography
from app.domain.money import Currency
from app.sources.json_documents import Number, ShapeError, as_wrong_layout, read_document, shaped
from app.sources.source import Ask
from app.sources.wise_plausibility import ImplausibleError, number, positive

MOST_VALUES = 50_000
"""In one answer. A quote has about 25, and 30 quotes for one pair are many."""

_SENT, _RECEIVED = "SEND", "RECIPIENT_GETS"
_OWN_ALIASES = frozenset({"wise", "transferwise"})


class Quote(msgspec.Struct, frozen=True, rename="camel"):
    """A price of one provider; null is what was not said."""

    rate: Number | None
    fee: Number | None
    date_collected: str | None
    source_country: str | None
    target_country: str | None
    markup: Number | None
    received_amount: Number | None
    send_amount: Number | None = None
    delivery_estimation: Any = None
    is_considered_mid_market_rate: bool | None = None


class Provider(msgspec.Struct, frozen=True):
    """A provider and its prices; ``alias`` is the source's own key of it."""

    alias: str
    name: str
    type: str | None
    quotes: list[Quote]


class Answer(msgspec.Struct, frozen=True, rename="camel"):
    """All prices for one pair of currencies at one amount."""

    source_currency: str
    target_currency: str
    providers: list[Provider]
    source_country: str | None = None
    target_country: str | None = None
    amount: Number | None = None
    amount_type: str | None = None
    send_amount: Number | None = None


class Request(NamedTuple):
    """What was asked, as far as the ask and the answer say it; ``sending`` and ``receiving`` are currencies.

    ``countries`` are alpha-3 codes or null; ``newest_day`` is the last on which a price can have been collected.
    """

    sending: Currency
    receiving: Currency
    amount: Decimal
    is_amount_received: bool
    countries: tuple[str | None, str | None]
    tier: str
    newest_day: date | None

    @property
    def size(self) -> str:
        """The tier, or the amount where no tier was asked for: part of what says which quote replaces which."""
        return self.tier or f"{'received-' if self.is_amount_received else ''}{self.amount:f}"

    @property
    def scope(self) -> str:
        """What the answer is complete for: the currencies, the countries that were asked for, and the size."""
        sending, receiving = (code or "*" for code in self.countries)
        return f"{self.sending.code}-{self.receiving.code}/{sending}-{receiving}/{self.size}"


def answer_of(body: bytes) -> Answer:
    """Read an answer. Raises SourceError where it is none, or says nothing: a silent source withdraws no prices."""
    try:
        answer = shaped(read_document(body, MOST_VALUES), Answer)
    except ShapeError as error:
        raise as_wrong_layout(error) from None
    if not any(provider.quotes for provider in answer.providers):
        raise WrongLayout("/providers: no provider has a quote; an answer has at least one.")
    return answer


def request_of(answer: Answer, ask: Ask, geography: Geography) -> Request:
    """Return what an answer answers. Raises WrongLayout where that is not what was asked."""
    wanted = dict(ask.wanted)
    sending, receiving = wanted["corridor"].split("-") if "corridor" in wanted else (None, None)
    field, given = ("amount", answer.amount) if answer.amount is not None else ("sendAmount", answer.send_amount)
    kind = answer.amount_type or _SENT
    if kind not in {_SENT, _RECEIVED}:
        raise WrongLayout(f"/amountType: expected {_SENT} or {_RECEIVED}, found {quoted(kind)}.")
    try:
        amount = positive(field, given)
    except ImplausibleError as error:
        raise WrongLayout(f"/{field}: {error.reason}, found {quoted(error.given)}.") from None
    if "amount" in wanted and amount != Decimal(wanted["amount"]):
        raise WrongLayout(f"/{field}: expected the amount that was asked for, {wanted['amount']}, found {amount:f}.")
    return Request(
        sending=_currency("sourceCurrency", answer.source_currency, wanted.get("sending_currency"), geography),
        receiving=_currency("targetCurrency", answer.target_currency, wanted.get("receiving_currency"), geography),
        amount=amount,
        is_amount_received=kind == _RECEIVED,
        countries=(
            _country("sourceCountry", answer.source_country, sending, geography),
            _country("targetCountry", answer.target_country, receiving, geography),
        ),
        tier=wanted.get("tier", ""),
        newest_day=date.fromisoformat(wanted["day"]) + timedelta(days=1) if "day" in wanted else None,
    )


def declared_mid_market_rate(answer: Answer) -> Decimal | None:
    """Return the rate that an answer measures against: of the flagged quote; without flags, of Wise's with markup 0.

    Null where none is declared, or where two quotes declare different ones.
    """
    quotes = [(provider.alias.lower(), quote) for provider in answer.providers for quote in provider.quotes]
    is_flagged = any(quote.is_considered_mid_market_rate is not None for _, quote in quotes)
    rates = set()
    for alias, quote in quotes:
        try:
            rate, markup = number("rate", quote.rate), number("markup", quote.markup)
        except ImplausibleError:
            continue
        if quote.is_considered_mid_market_rate if is_flagged else alias in _OWN_ALIASES and markup == 0:
            rates.add(rate)
    rate = rates.pop() if len(rates) == 1 else None
    return rate if rate is not None and rate > 0 else None


def _currency(field: str, code: str, wanted: str | None, geography: Geography) -> Currency:
    currency = geography.find_currency(code)
    if currency is None or (wanted and currency.code != wanted):
        raise WrongLayout(f"/{field}: expected {wanted or 'an ISO 4217 code'}, found {quoted(code)}.")
    return currency


def _country(field: str, code: str | None, wanted: str | None, geography: Geography) -> str | None:
    if not code:
        return wanted
    country = geography.find_country(code)
    if country is None or (wanted and country.code != wanted):
        raise WrongLayout(f"/{field}: expected {wanted or 'an ISO 3166 code or null'}, found {quoted(code)}.")
    return country.code
