"""The rates of live quotes beside what is known already: one that cannot be is not stored, and so ends nothing.

A rate is judged by the reference rate that counted when it was observed; where there is none, by what the same service
offered before. Without either it is accepted with a flag: nothing speaks against it, and nothing for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Context, Decimal
from fractions import Fraction
from typing import Final, NamedTuple

from sqlalchemy import Connection

from app.db import instant
from app.domain.plausibility.fixings import COMPARED_WITHIN_DAYS
from app.domain.plausibility.rates import (
    IMPLAUSIBLE_RATE,
    jump_doubt,
    mid_market_doubt,
    offered_rate_doubt,
)
from app.domain.rates import ReferenceRate
from app.domain.terms import Terms, terms_from
from app.ingest.reference_rates import ReferenceRates
from app.sources.source import Doubt, LiveRecord
from app.store import live_quotes
from app.store.live_quotes import Current, Service

UNCHECKED: Final = "rate_unchecked"
"""The flag of a quote whose rate nothing that is known could be compared with."""

_SHOWN: Final = Context(prec=6)


class JudgedRates(NamedTuple):
    """Quotes by what their rates are worth; those that are accepted without a comparison are flagged."""

    accepted: list[LiveRecord]
    refused: list[Doubt]


def judge_rates(connection: Connection, records: Iterable[LiveRecord], index: Mapping[Service, Current]) -> JudgedRates:
    """Judge the rates that quotes offer, and the mid-market rates that they declare; ``index``: what is current.

    A quote without a rate is accepted: it has none that could be wrong.
    """
    priced = [(record, terms_from(record.terms)) for record in records]
    with_rates = [record for record, terms in priced if terms.rates]
    references = _references(connection, with_rates)
    before = _before(connection, [record for record in with_rates if record.id not in references], index)
    judged = JudgedRates([], [])
    for record, terms in priced:
        doubt = None
        if record.id in references:
            doubt = _beside_reference(record, terms, references[record.id])
        elif record.id in before:
            doubt = _beside_itself(record, terms, before[record.id])
        if doubt is not None:
            judged.refused.append(doubt)
        elif terms.rates and record.id not in references and record.id not in before:
            flags = ",".join(filter(None, (record.flags, UNCHECKED)))
            judged.accepted.append(record._replace(flags=flags))
        else:
            judged.accepted.append(record)
    return judged


def _beside_reference(record: LiveRecord, terms: Terms, reference: ReferenceRate) -> Doubt | None:
    day = "" if reference.day is None else f" of {reference.day}"
    beside = f"against the reference rate {_shown(reference.rate)}{day}"
    declared = terms.declared_mid_market_rate
    problem = None if declared is None else mid_market_doubt(declared, reference.rate)
    if declared is not None and problem is not None:
        return _doubt(record, f"{problem}, {beside}", declared)
    for band in terms.rates:
        problem = offered_rate_doubt(band.rate, reference.rate)
        if problem is not None:
            return _doubt(record, f"{problem} {beside}", band.rate)
    return None


def _beside_itself(record: LiveRecord, terms: Terms, before: Decimal) -> Doubt | None:
    for band in terms.rates:
        problem = jump_doubt(band.rate, before)
        if problem is not None:
            return _doubt(record, f"{problem}, beside the {before:f} that the service offered before", band.rate)
    return None


def _doubt(record: LiveRecord, reason: str, given: Decimal) -> Doubt:
    return Doubt(record.source_key, IMPLAUSIBLE_RATE, reason, f"{given:f}")


def _shown(rate: Fraction) -> str:
    return f"{_SHOWN.divide(Decimal(rate.numerator), Decimal(rate.denominator)):f}"


def _references(connection: Connection, records: Sequence[LiveRecord]) -> dict[bytes, ReferenceRate]:
    """Return the reference rate that counted when each quote was observed, by id; those without one are left out."""
    currencies = {code for record in records for code in (record.sending_currency, record.receiving_currency)}
    rates = ReferenceRates(connection, currencies, {instant(record.observed_at).date() for record in records})
    found = {}
    for record in records:
        rate = rates.at(record.sending_currency, record.receiving_currency, record.observed_at)
        if rate is not None:
            found[record.id] = rate
    return found


def _before(
    connection: Connection, records: Iterable[LiveRecord], index: Mapping[Service, Current]
) -> dict[bytes, Decimal]:
    """Return the rate that each quote's service offered, by the quote's id; none where it is more than 30 days off."""
    longest = timedelta(days=COMPARED_WITHIN_DAYS)
    known: list[tuple[LiveRecord, Current]] = []
    for record in records:
        current = index.get(Service(record.source_key, record.tier))
        if current is not None and abs(instant(record.observed_at) - instant(current.observed_at)) <= longest:
            known.append((record, current))
    offers = live_quotes.offers(connection, [current for _, current in known])
    found = {}
    for record, current in known:
        offer = offers[current.quote_id]
        same = (offer.sending_currency, offer.receiving_currency) == (
            record.sending_currency,
            record.receiving_currency,
        )
        if same and offer.terms.rates:
            found[record.id] = offer.terms.rates[0].rate
    return found
