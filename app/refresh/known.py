"""What an adapter may know when it decides what to ask, read from the database: it never looks there itself."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date, timedelta
from decimal import Context
from typing import Final

from sqlalchemy import Connection

from app import reference
from app.domain.methodology import REFERENCE_RATE_DAYS
from app.domain.rates import RateBook, ReferenceRate
from app.sources.source import InstitutionRecord, Known, Source
from app.store import corridors, rates

_TEN_DIGITS: Final = Context(prec=10)


def known_to(connection: Connection, source: Source, today: date, wanted: Collection[str] = ()) -> Known:
    """Return what is known to a source's adapter; ``wanted`` are the corridors to ask for, all that there are if none.

    Only a source of quotes is told of corridors and of what a US dollar is worth.
    """
    institutions = tuple(
        InstitutionRecord(
            key=found.key,
            source=found.source,
            name=found.name,
            country=found.country,
            pivot_currency=found.pivot_currency,
            rate_type=found.rate_type,
            link=found.link,
            cadence=found.cadence,
        )
        for found in rates.institutions(connection).values()
        if found.source == source.key
    )
    newest = tuple((key, day.isoformat()) for key, day in sorted(rates.newest_days(connection).items()))
    known = Known(today=today.isoformat(), institutions=institutions, newest_fixings=newest)
    if source.kind != "quotes":
        return known
    pairs = tuple(pairs_of(wanted or corridors.ids(connection), today))
    worth = tuple(_dollars(connection, sorted({sending for _, sending, _ in pairs}), today))
    return known._replace(pairs=pairs, usd_rates=worth)


def pairs_of(wanted: Iterable[str], today: date) -> Iterator[tuple[str, str, str]]:
    """Yield each corridor with the two countries' own currencies, where both have one."""
    geography = reference.load()
    for corridor in sorted(wanted):
        sending, receiving = (geography.local_currency(country, today) for country in corridor.split("-"))
        if sending is not None and receiving is not None:
            yield corridor, sending, receiving


def _dollars(connection: Connection, currencies: Iterable[str], today: date) -> Iterator[tuple[str, str]]:
    """Yield what one US dollar is in each currency that has a rate today, to ten digits: good for choosing amounts."""
    recent = rates.recent(connection, today - timedelta(days=REFERENCE_RATE_DAYS))
    book = RateBook(recent, reference.pegs(), rates.institutions(connection))
    for currency in currencies:
        found = book.rate("USD", currency, today)
        if isinstance(found, ReferenceRate):
            yield currency, f"{_TEN_DIGITS.divide(found.rate.numerator, found.rate.denominator):f}"
