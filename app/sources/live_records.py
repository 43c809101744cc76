"""How a live quote becomes a record: the service it is for, its times, and the ids that are made from its content."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from app.domain.providers import provider_id, provider_name
from app.domain.quotes import quote_id_bytes
from app.domain.terms import Terms, terms_text
from app.domain.vocabulary import (
    AccessPoint,
    Customer,
    NetworkCoverage,
    PaymentInstrument,
    ProviderType,
    ReceivingMethod,
    TransferSpeed,
)
from app.sources.rpw_services import description_id
from app.sources.source import LiveRecord, Mapped

EARLIEST_YEAR, LATEST_YEAR = 2011, 2100
"""Nobody published a comparison of live prices before, or will after."""

_CONTENT_BYTES = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,12}))?)?"
    r"(?:[Zz]|([+-])([0-9]{2}):?([0-9]{2}))",
    re.ASCII,
)


class Offered(NamedTuple):
    """A way to send and receive that a source offers, in our words; tuples in the vocabulary's order."""

    payment_instruments: tuple[PaymentInstrument, ...]
    access_points: tuple[AccessPoint, ...]
    receiving_methods: tuple[ReceivingMethod, ...]
    transfer_speed: TransferSpeed
    customer: Customer = Customer.UNKNOWN


class Asked(NamedTuple):
    """What a quote is for: its corridor, currencies and, where the source is asked at two amounts, the tier."""

    corridor: str
    sending_currency: str
    receiving_currency: str
    tier: str = ""


class Sourced(NamedTuple):
    """Where a quote is from: the source, its own key of the service, what the answer is complete for, the evidence."""

    source: str
    source_key: str
    scope: str
    evidence: str


def service(
    name: str, provider_type: ProviderType, offered: Offered, published: Iterable[tuple[str, str]], *, slug: str = ""
) -> Mapped:
    """Return a service with its id; ``published`` are the source's own words beside ours.

    ``slug`` names the provider where the source gives more than a name. Raises InvalidName.
    """
    unidentified = Mapped(
        id=b"",
        provider=provider_id(slug or name),
        provider_name=provider_name(name),
        provider_type=provider_type.value,
        payment_instruments=tuple(word.value for word in offered.payment_instruments),
        access_points=tuple(word.value for word in offered.access_points),
        receiving_methods=tuple(word.value for word in offered.receiving_methods),
        transfer_speed=offered.transfer_speed.value,
        network_coverage=NetworkCoverage.UNKNOWN.value,
        customer=offered.customer.value,
        is_transparent=True,
        is_promotional=None,
        payout_currency=None,
        notes=(),
        published=tuple(published),
    )
    return unidentified._replace(id=description_id(unidentified))


def live_record(  # noqa: PLR0913 - one parameter for each idea that a record joins
    sourced: Sourced,
    asked: Asked,
    mapped: Mapped,
    terms: Terms,
    *,
    observed_at: datetime,
    valid_until: datetime | None = None,
    flags: Iterable[str] = (),
    text: str | None = None,
) -> LiveRecord:
    """Return the record of a quote; its id and content hash are made from what it says, as those of surveys are.

    Times are aware. The same words, terms and times give the same id in every installation. ``text``: the terms as
    ``terms_text`` writes them, where that is known.
    """
    observed, until = microseconds(observed_at), None if valid_until is None else microseconds(valid_until)
    text = terms_text(terms) if text is None else text
    ends = "" if until is None else str(until)
    said = f"{asked.corridor}|{observed}|{ends}|{asked.sending_currency}|{asked.receiving_currency}|{text}|"
    content = said.encode() + mapped.id
    return LiveRecord(
        id=quote_id_bytes(observed // 1000, sourced.source, sourced.source_key, asked.tier, content),
        source=sourced.source,
        source_key=sourced.source_key,
        tier=asked.tier,
        scope=sourced.scope,
        evidence=sourced.evidence,
        corridor=asked.corridor,
        observed_at=observed,
        valid_until=until,
        service=mapped,
        sending_currency=asked.sending_currency,
        receiving_currency=asked.receiving_currency,
        terms=text,
        flags=",".join(flags),
        content_hash=blake2b(content, digest_size=_CONTENT_BYTES).digest(),
    )


@lru_cache(maxsize=1 << 12)  # a source observes many quotes at one instant
def microseconds(instant: datetime) -> int:
    """Return an aware time as microseconds since 1970 (UTC)."""
    return (instant - _EPOCH) // _MICROSECOND


def instant_of(text: str) -> datetime | None:
    """Return an RFC 3339 time (``2019-10-22T14:36:43Z``) in UTC, or null where the text is none or the year is absurd.

    The zone must be said. Digits past the microsecond are dropped.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    micro = int((match[7] or "")[:6].ljust(6, "0"))
    try:
        local = datetime(year, month, day, hour, minute, second, micro, tzinfo=UTC)
    except ValueError:
        return None
    if match[8] and (int(match[9]) >= 24 or int(match[10]) >= 60):  # noqa: PLR2004 - hours and minutes of a clock
        return None
    offset = timedelta(hours=int(match[9] or 0), minutes=int(match[10] or 0))
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        return None
    return local + offset if match[8] == "-" else local - offset
