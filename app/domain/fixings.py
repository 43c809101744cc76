"""Fixings as institutions published them, and which of an institution's own counts on a day or at an instant."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import NamedTuple

from app.domain.methodology import ECB_FIXES_AT, REFERENCE_RATE_DAYS
from app.domain.vocabulary import RateType

ECB = "ecb"


@dataclass(frozen=True, slots=True)
class Fixing:
    """One published rate: 1 ``base`` = ``value`` ``quote`` on a day, in the published direction and digits."""

    institution: str
    day: date
    base: str
    quote: str
    value: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Institution:
    """Who publishes rates, brought by ``source``; ``rate_type`` and ``cadence`` are the source's own words."""

    key: str
    source: str
    name: str
    country: str | None
    pivot_currency: str | None
    rate_type: str | None
    link: str | None
    cadence: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One step of a rate: 1 ``base`` = ``value`` ``quote``, with the published digits in the published direction.

    ``day`` and ``institution`` are null for a peg. ``reference``: the law of a peg, the institution's link of a fixing.
    """

    base: str
    quote: str
    value: Decimal
    day: date | None
    institution: str | None
    rate_type: RateType
    reference: str | None


def fixed_at(institution: str, day: date) -> datetime:
    """Return the instant from which a fixing of that day is known: 13:15 UTC for the ECB, for others the day's end."""
    if institution == ECB:
        return datetime.combine(day, ECB_FIXES_AT, UTC)
    return datetime.combine(day + timedelta(days=1), time(), UTC)


class Asked(NamedTuple):
    """About which time is asked: ages count to ``day``, and a fixing counts up to its institution's last day."""

    day: date
    ecb_until: date
    others_until: date

    def until(self, institution: str) -> date:
        """Return the last day of which an institution's fixing counts."""
        return self.ecb_until if institution == ECB else self.others_until


def asked_on(day: date) -> Asked:
    """Ask about a day: fixings of that day count."""
    return Asked(day, day, day)


def asked_at(instant: datetime) -> Asked:
    """Ask about an instant: what is fixed later that day does not count yet (see ``fixed_at``)."""
    moment = instant.astimezone(UTC)
    day, before = moment.date(), moment.date() - timedelta(days=1)
    return Asked(day, day if moment.time() >= ECB_FIXES_AT else before, before)


class _Series:
    """One institution's fixings of one currency against its pivot, oldest first."""

    __slots__ = ("days", "fixings")

    def __init__(self, fixings: Iterable[Fixing]) -> None:
        self.fixings = sorted(fixings, key=attrgetter("day", "base", "quote"))
        self.days = [fixing.day for fixing in self.fixings]

    def newest(self, until: date) -> Fixing | None:
        """Return the newest fixing of a day at or before ``until``."""
        place = bisect_right(self.days, until)
        return self.fixings[place - 1] if place else None


class Published:
    """One institution's fixings by currency, each against its pivot; a fixing between two other currencies is left out.

    The pivot is the declared one, else the currency in which it publishes most.
    """

    __slots__ = ("key", "link", "pivot", "series")

    def __init__(self, key: str, said: Institution | None, fixings: Iterable[Fixing]) -> None:
        self.key = key
        self.link = said.link if said else None
        kept = list(fixings)
        declared = said.pivot_currency if said else None
        self.pivot = declared or _most_frequent(kept)
        by_currency: defaultdict[str, list[Fixing]] = defaultdict(list)
        for fixing in kept:
            if fixing.base == self.pivot:
                by_currency[fixing.quote].append(fixing)
            elif fixing.quote == self.pivot:
                by_currency[fixing.base].append(fixing)
        self.series = {currency: _Series(own) for currency, own in by_currency.items()}

    def newest(self, currency: str, asked: Asked) -> Fixing | None:
        """Return its newest fixing of a currency, however old."""
        series = self.series.get(currency)
        return series.newest(asked.until(self.key)) if series else None

    def newest_day(self, currency: str, asked: Asked) -> date:
        """Return the day of its newest fixing of a currency, of anything for its pivot; the first day of all: none."""
        wanted = self.series if currency == self.pivot else (currency,)
        found = [fixing.day for other in wanted if (fixing := self.newest(other, asked)) is not None]
        return max(found, default=date.min)

    def leg(self, currency: str, asked: Asked) -> Leg | None:
        """Return the step between its pivot and a currency, null where it has none or only one that is too old."""
        fixing = self.newest(currency, asked)
        if fixing is None or (asked.day - fixing.day).days > REFERENCE_RATE_DAYS:
            return None
        return Leg(
            base=fixing.base,
            quote=fixing.quote,
            value=fixing.value,
            day=fixing.day,
            institution=self.key,
            rate_type=RateType.DAILY_FIXING,
            reference=self.link,
        )

    def gives_any(self, asked: Asked) -> bool:
        """Say whether it has any figure that is not too old."""
        return any(self.leg(currency, asked) for currency in self.series)


def _most_frequent(fixings: Iterable[Fixing]) -> str:
    counted = Counter(currency for fixing in fixings for currency in (fixing.base, fixing.quote))
    return min(counted, key=lambda currency: (-counted[currency], currency))
