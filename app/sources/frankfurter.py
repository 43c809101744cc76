"""Official rates of many institutions, collected by Frankfurter (version 2): each institution's own, never its blend.

First it is asked which institutions there are, then each one twice. An institution's rate is given digit for digit
only in the direction in which it was published; every other direction is worked out by the service and rounded to four
or five digits, or to two where it is tiny. Most institutions publish what one unit of foreign money costs at home. So
the dollar at home is asked for apart, ``1 USD = … PHP``: to the euro it is joined by the ECB. The rest is asked from
the home currency, and what is too small there to have kept its digits is left out and counted. The service's series of
the ECB is the ECB's own, which we have from the ECB: no second opinion, so it is left out and counted.
"""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec

from app.domain.errors import quoted
from app.domain.file_errors import FileTooLarge, SourceError, WrongLayout
from app.reference import load
from app.sources.fixings import Fixings
from app.sources.json_documents import (
    Number,
    ShapeError,
    as_wrong_layout,
    check_number,
    read_document,
    shaped,
)
from app.sources.source import Ask, InstitutionRecord, Known, RateReading, Source

PROVIDERS: Final = "providers"
SAME_AS_ECB: Final = "same_as_ecb"
TOO_FEW_DIGITS: Final = "too_few_digits"

LONGEST_RANGE_DAYS: Final = 5 * 365
"""The service refuses ranges of more than five years for one institution."""

RECENT_DAYS: Final = 40
LONGEST_HOME_DAYS: Final = 365
"""A year of all that one institution publishes is as much as one answer may hold; what lies before stays a gap."""

MOST_LINES: Final = 100_000
MOST_VALUES: Final = 4 * MOST_LINES
"""In one answer: a rate has four, on a line of its own or not, so that these are a year of about 400 currencies."""

CORRECTED_WITHIN_DAYS: Final = 7
LEAST_OF_FIVE_DIGITS: Final = Decimal("0.1")
"""Below, what the service works out has fewer than five significant digits."""

_ECB: Final = "ECB"
_DOLLAR: Final = "USD"
_FROM_HOME: Final = frozenset({"AUD", "EUR", "GBP", "NZD", "USD"})
"""Home currencies whose institutions publish what one unit of theirs costs abroad, as markets quote them."""

_LONGEST_NAME: Final = 200
_LONGEST_LINK: Final = 500
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,19}", re.ASCII)
_MOST_INSTITUTIONS: Final = 1_000


class Institution(msgspec.Struct, frozen=True):
    """Who publishes; fields that are added, and those we have no use for, are no fault."""

    key: str
    name: str
    country_code: str | None = None
    rate_type: str | None = None
    pivot_currency: str | None = None
    data_url: str | None = None
    publish_cadence: str | msgspec.UnsetType | None = msgspec.UNSET


class Rate(msgspec.Struct, frozen=True):
    """1 ``base`` = ``rate`` ``quote``."""

    date: str
    base: str
    quote: str
    rate: Number


def asks(source: Source, known: Known) -> list[Ask]:
    """Return the call for the institutions and, for those that are known, the calls for what they published since.

    The days are asked for again that may have been corrected. An institution without a cadence is of the past.
    """
    if source.fetching is None:
        return []
    root, newest = source.fetching.url.rstrip("/"), dict(known.newest_fixings)
    today = date.fromisoformat(known.today)
    found = [Ask(PROVIDERS, f"{root}/providers")]
    for institution in known.institutions:
        pivot = institution.pivot_currency
        if institution.source != source.key or pivot is None or institution.cadence is None:
            continue
        last = newest.get(institution.key)
        home_since = max(_since(last, today, RECENT_DAYS), today - timedelta(days=LONGEST_HOME_DAYS))
        if pivot not in _FROM_HOME:
            since = _since(last, today, LONGEST_RANGE_DAYS - 1)
            found.append(_ask(root, institution.key, (_DOLLAR, pivot), since, today))
        found.append(_ask(root, institution.key, (pivot, None), home_since, today))
    return found


def _since(newest: str | None, today: date, days: int) -> date:
    first = today - timedelta(days=days)
    return first if newest is None else min(date.fromisoformat(newest) - timedelta(days=CORRECTED_WITHIN_DAYS), today)


def _ask(root: str, key: str, pair: tuple[str, str | None], since: date, today: date) -> Ask:
    base, quote = pair
    until = min(today, since + timedelta(days=LONGEST_RANGE_DAYS - 1))
    only = "" if quote is None else f"&quotes={quote}"
    return Ask(
        target=f"{key}/{base}" if quote is None else f"{key}/{base}-{quote}",
        url=f"{root}/rates?providers={key.upper()}&base={base}{only}&from={since}&to={until}",
        wanted=(("institution", key), ("base", base), *((("quote", quote),) if quote else ())),
    )


def read(source: Source, ask: Ask, body: bytes) -> RateReading:
    """Turn an answer into institutions or fixings. Raises SourceError where it is none, or lacks what it must have."""
    records = _records(body)
    if not records:
        raise SourceError("the list is empty, where it must not be.")
    try:
        return _institutions(source, records) if ask.target == PROVIDERS else _rates(ask, records)
    except ShapeError as error:
        raise as_wrong_layout(error) from None


def _records(body: bytes) -> list[Any]:
    """Return the records of a JSON list, or of JSON with one record a line."""
    check_number(body, MOST_VALUES)
    if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        if body.count(b"\n") > MOST_LINES:
            raise FileTooLarge(f"holds more than {MOST_LINES:,} lines.")
        lines = body.splitlines()
        if len(lines) > 1:
            return [read_document(line) for line in lines if line.strip()]
    document = read_document(body, MOST_VALUES)
    if isinstance(document, list):
        return document
    if isinstance(document, dict) and "date" in document:
        return [document]
    said = document.get("message") if isinstance(document, dict) else None
    told = f"; it says {quoted(said, 200)}" if isinstance(said, str) else ""
    raise WrongLayout(f"expected a list{told}.")


def _institutions(source: Source, records: list[Any]) -> RateReading:
    if len(records) > _MOST_INSTITUTIONS:
        raise WrongLayout(f"lists more than {_MOST_INSTITUTIONS:,} institutions.")
    fixings = Fixings()
    found: dict[str, InstitutionRecord] = {}
    for index, record in enumerate(records):
        one, place = shaped(record, Institution, f"/{index}"), f"/{index}"
        pivot = one.pivot_currency
        if one.key.upper() == _ECB:
            fixings.counts[SAME_AS_ECB] += 1
        elif one.key.lower() in found:
            fixings.refuse(
                place, "given-twice", "an institution of this key was given before; the first stands", one.key
            )
        elif not _KEY.fullmatch(one.key):
            fixings.refuse(place, "not-a-key", "expected a key of letters, digits, dots, - and _", one.key)
        elif not _is_shown(one.name, _LONGEST_NAME):
            fixings.refuse(place, "not-a-name", f"expected a visible text of at most {_LONGEST_NAME}", one.name)
        elif pivot is None or fixings.knows(pivot, f"{place}/pivot_currency"):
            found[one.key.lower()] = _institution(source, one)
    if not found:
        raise SourceError("lists no institution beside the ECB that can be asked.")
    return RateReading([], list(found.values()), fixings.refused, dict(fixings.counts))


def _is_shown(text: str, longest: int) -> bool:
    return 0 < len(text.strip()) <= len(text) <= longest and text.isprintable()


def _institution(source: Source, one: Institution) -> InstitutionRecord:
    country = load().find_country(one.country_code or "")
    cadence = one.publish_cadence
    return InstitutionRecord(
        key=one.key.lower(),
        source=source.key,
        name=one.name,
        country=country.code if country else None,
        pivot_currency=one.pivot_currency,
        rate_type=one.rate_type if _is_shown(one.rate_type or "", _LONGEST_NAME) else None,
        link=one.data_url if _is_link(one.data_url or "") else None,
        cadence="daily" if isinstance(cadence, msgspec.UnsetType) else cadence,
    )


def _is_link(text: str) -> bool:
    return text.startswith(("https://", "http://")) and _is_shown(text, _LONGEST_LINK)


def _rates(ask: Ask, records: list[Any]) -> RateReading:
    wanted = dict(ask.wanted)
    institution, base, quote = wanted["institution"], wanted["base"], wanted.get("quote")
    fixings = Fixings()
    for index, record in enumerate(records):
        place = f"/{index}"
        one = shaped(record, Rate, place)
        if one.base != base or (quote is not None and one.quote not in {quote, base}):
            given, expected = f"{one.base}/{one.quote}", f"{base}/{quote or '…'}"
            fixings.refuse(place, "wrong-pair", f"expected a rate of {expected}", given)
        elif one.quote == base:
            fixings.counts["same_currency"] += 1
        elif quote is None and base not in _FROM_HOME and one.quote == _DOLLAR:
            fixings.counts["asked_for_apart"] += 1
        elif fixings.is_day(one.date, f"{place}/date"):
            fixings.add(institution, one.date, (one.base, one.quote), one.rate.text, f"{place}/rate")
    reading = fixings.reading([])
    return reading if quote else _without_short(reading)


def _without_short(reading: RateReading) -> RateReading:
    """Leave out rates that are too small to have kept their digits."""
    kept = [record for record in reading.fixings if Decimal(record.value) >= LEAST_OF_FIVE_DIGITS]
    counts = {**reading.counts, TOO_FEW_DIGITS: len(reading.fixings) - len(kept)}
    return reading._replace(fixings=kept, counts=counts)
