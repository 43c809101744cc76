"""Reference rates: what institutions published, declared pegs, and the exact cross rates that follow from both.

Every currency has, on a day, one way from the euro: a fixing of the European Central Bank, a declared peg to another
currency, or another institution's fixing, which is joined to the euro where the two meet. A rate is the way from one
currency to the other, without the steps that would be gone back. So, exactly, ``rate(A, B) × rate(B, A) = 1`` and
``rate(A, B) × rate(B, C) = rate(A, C)`` on one day under one benchmark (METHODOLOGY, One price).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from app.domain.fixings import (
    ECB,
    Asked,
    Fixing,
    Institution,
    Leg,
    Published,
    asked_at,
    asked_on,
    fixed_at,
)
from app.domain.methodology import REFERENCE_RATE_DAYS
from app.domain.money import exact
from app.domain.vocabulary import RateType

__all__ = [
    "ECB",
    "EURO",
    "NO_REFERENCE_RATE",
    "RATE_TOO_OLD",
    "Fixing",
    "Institution",
    "Leg",
    "NoRate",
    "Peg",
    "RateBook",
    "ReferenceRate",
    "fixed_at",
]

EURO = "EUR"
DOLLAR = "USD"
NO_REFERENCE_RATE = "no_reference_rate"
RATE_TOO_OLD = "rate_too_old"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peg:
    """A currency held by declaration at a fixed rate, both days included, null is open: 1 anchor = value currency.

    Where only the other direction is a finite decimal (1,000 XPF = EUR 8.38), ``is_per_currency`` is true and
    ``value`` is what 1 currency is worth in the anchor.
    """

    currency: str
    anchor: str
    value: Decimal
    since: date | None
    until: date | None
    reference: str
    is_per_currency: bool = False

    def holds(self, on: date) -> bool:
        """Say whether the peg was in force on that day."""
        return (self.since is None or self.since <= on) and (self.until is None or on <= self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRate:
    """1 ``base`` = ``rate`` ``quote``, exactly, by ``legs`` from base to quote; none where the two are the same."""

    base: str
    quote: str
    rate: Fraction
    legs: tuple[Leg, ...]
    rate_type: RateType

    @property
    def day(self) -> date | None:
        """The day of the oldest leg, null where no leg has one: a peg or the same currency."""
        return min((leg.day for leg in self.legs if leg.day is not None), default=None)

    @property
    def institutions(self) -> tuple[str, ...]:
        """The keys of all institutions whose fixings it rests on, sorted."""
        return tuple(sorted({leg.institution for leg in self.legs if leg.institution is not None}))


@dataclass(frozen=True, slots=True, kw_only=True)
class NoRate:
    """Why there is no rate: ``no_reference_rate``, or ``rate_too_old`` with the ``newest`` day that there is."""

    base: str
    quote: str
    reason: str
    newest: date | None


class _Way(NamedTuple):
    """How a currency is reached from ``root``, which is the euro wherever possible."""

    root: str
    legs: tuple[Leg, ...] = ()


class RateBook:
    """Fixings and pegs, and the rates that follow from them. Immutable once made."""

    def __init__(self, fixings: Iterable[Fixing], pegs: Iterable[Peg], institutions: Mapping[str, Institution]) -> None:
        """Index the facts. ``pegs`` must not lead in a circle; an institution that is not described is used too."""
        by_institution: defaultdict[str, list[Fixing]] = defaultdict(list)
        for fixing in fixings:
            by_institution[fixing.institution].append(fixing)
        self._published = {
            key: Published(key, institutions.get(key), by_institution[key]) for key in sorted(by_institution)
        }
        self._ecb = self._published.get(ECB)
        self._pegs: defaultdict[str, list[Peg]] = defaultdict(list)
        for peg in pegs:
            self._pegs[peg.currency].append(peg)
        self._quoting: defaultdict[str, list[Published]] = defaultdict(list)
        for published in self._published.values():
            for currency in (published.pivot, *published.series):
                self._quoting[currency].append(published)

    def rate(self, base: str, quote: str, on: date, benchmark: str | None = None) -> ReferenceRate | NoRate:
        """Return 1 ``base`` in ``quote`` by the newest fixings of days up to ``on``, each at most 7 days old.

        ``benchmark`` is the institution whose own fixings are preferred; where it has none the default stands.
        """
        return self._rate(base, quote, asked_on(on), benchmark)

    def at(self, base: str, quote: str, instant: datetime, benchmark: str | None = None) -> ReferenceRate | NoRate:
        """Return the rate as it was known at an instant: a fixing counts from ``fixed_at`` on."""
        return self._rate(base, quote, asked_at(instant), benchmark)

    def benchmarks(self, base: str, quote: str, on: date) -> tuple[str, ...]:
        """Return the institutions that give figures of their own for both currencies on a day.

        Those on which the default rate rests come first, then the others, each in the order of their keys.
        """
        default = self._rate(base, quote, asked_on(on), None)
        used = default.institutions if isinstance(default, ReferenceRate) else ()
        return tuple(sorted(self.by_institution(base, quote, on), key=lambda key: (key not in used, key)))

    def by_institution(self, base: str, quote: str, on: date) -> dict[str, ReferenceRate]:
        """Return the rate by each institution that has figures of its own for both currencies on a day, by key."""
        asked = asked_on(on)
        if base == quote:
            return {}
        found = {one.key: self._direct(one, base, quote, asked) for one in self._quoting.get(base, ())}
        return {key: rate for key, rate in found.items() if rate is not None}

    def _direct(self, published: Published, base: str, quote: str, asked: Asked) -> ReferenceRate | None:
        """Return the rate by one institution's own figures alone: joining it to the euro would be gone back."""
        legs = []
        for currency in (base, quote):
            leg = None if currency == published.pivot else published.leg(currency, asked)
            if leg is not None:
                legs.append(leg)
            elif currency != published.pivot:
                return None
        return _by_legs(base, quote, tuple(legs))

    def too_old_at(self, base: str, quote: str, on: datetime, benchmark: str | None = None) -> datetime | None:
        """Return the instant at which the rate of ``at`` ends if nothing newer comes: a leg gets too old, a peg ends.

        Null where there is no rate, or where it stands for ever.
        """
        asked = asked_at(on)
        found = self._rate(base, quote, asked, benchmark)
        if isinstance(found, NoRate):
            return None
        last_days = [last for leg in found.legs if (last := self._last_day(leg, asked.day)) is not None]
        return datetime.combine(min(last_days) + timedelta(days=1), time(), UTC) if last_days else None

    def _last_day(self, leg: Leg, day: date) -> date | None:
        if leg.day is not None:
            return leg.day + timedelta(days=REFERENCE_RATE_DAYS)
        peg = self._peg(leg.quote, day)
        if peg is None or leg != _peg_leg(peg):
            peg = self._peg(leg.base, day)
        return None if peg is None else peg.until

    def _rate(self, base: str, quote: str, asked: Asked, benchmark: str | None) -> ReferenceRate | NoRate:
        if base == quote:
            return ReferenceRate(base=base, quote=quote, rate=Fraction(1), legs=(), rate_type=RateType.SAME_CURRENCY)
        if benchmark is not None and (published := self._published.get(benchmark)) is not None:
            direct = self._direct(published, base, quote, asked)
            if direct is not None:
                return direct
        there, back = self._way(quote, asked, benchmark), self._way(base, asked, benchmark)
        if there.root != back.root:
            lacking = {way.root for way in (there, back)} - {EURO}
            return self._no_rate(base, quote, lacking, asked)
        return _by_legs(base, quote, _without_returns((*reversed(back.legs), *there.legs)))

    def _no_rate(self, base: str, quote: str, lacking: Iterable[str], asked: Asked) -> NoRate:
        """Say why the currencies that lack a way from the euro do: too old only where all of them were quoted once."""
        newest = [
            max(
                (published.newest_day(currency, asked) for published in self._quoting.get(currency, ())),
                default=date.min,
            )
            for currency in lacking
        ]
        oldest = min(newest)
        too_old = oldest > date.min and (asked.day - oldest).days > REFERENCE_RATE_DAYS
        return NoRate(
            base=base,
            quote=quote,
            reason=RATE_TOO_OLD if too_old else NO_REFERENCE_RATE,
            newest=oldest if too_old else None,
        )

    def _way(self, currency: str, asked: Asked, benchmark: str | None) -> _Way:
        """Return the one way to a currency: by the benchmark, else by the default of METHODOLOGY."""
        if benchmark is not None and (published := self._published.get(benchmark)) is not None:
            way = self._way_by(published, currency, asked)
            if way is not None and way.root == EURO:
                return way
        if currency == EURO:
            return _Way(EURO)
        leg = self._ecb.leg(currency, asked) if self._ecb else None
        if leg is not None:
            return _Way(EURO, (leg,))
        peg = self._peg(currency, asked.day)
        if peg is not None:
            anchor = self._way(peg.anchor, asked, benchmark)
            return _Way(anchor.root, (*anchor.legs, _peg_leg(peg)))
        other = None
        for way in self._ways_by_others(currency, asked):
            if way.root == EURO:
                return way
            other = other or way
        return other if other and other.legs else _Way(currency)

    def _ways_by_others(self, currency: str, asked: Asked) -> Iterator[_Way]:
        """Give the ways by the institutions whose pivot the currency is, then by all others, in the order of keys."""
        quoting = self._quoting.get(currency, ())
        for published in sorted(quoting, key=lambda one: (one.pivot != currency, one.key)):
            way = self._way_by(published, currency, asked)
            if way is not None:
                yield way

    def _way_by(self, published: Published, currency: str, asked: Asked) -> _Way | None:
        """Return the way to a currency by an institution's own fixing, null where it has none."""
        if currency == published.pivot:
            return self._way_to_pivot(published, asked) if published.gives_any(asked) else None
        leg = published.leg(currency, asked)
        if leg is None:
            return None
        pivot = self._way_to_pivot(published, asked)
        return _Way(pivot.root, (*pivot.legs, leg))

    def _way_to_pivot(self, published: Published, asked: Asked) -> _Way:
        """Join an institution's pivot to the euro: by the ECB, else by its own newest fixing of what the ECB quotes.

        Of several of one day the dollar's counts, then the euro's, then by code: most currencies are traded and fixed
        against the dollar, and their other rates derived from it (own rule).
        """
        if published.pivot == EURO:
            return _Way(EURO)
        direct = self._ecb.leg(published.pivot, asked) if self._ecb else None
        if direct is not None:
            return _Way(EURO, (direct,))
        bridges = []
        for currency in published.series:
            own = published.leg(currency, asked)
            if own is None or own.day is None:
                continue
            by_ecb = None if self._ecb is None or currency == EURO else self._ecb.leg(currency, asked)
            if by_ecb is not None or currency == EURO:
                order = (-own.day.toordinal(), currency != DOLLAR, currency != EURO, currency)
                bridges.append((order, (own,) if by_ecb is None else (by_ecb, own)))
        return _Way(EURO, min(bridges)[1]) if bridges else _Way(published.pivot)

    def _peg(self, currency: str, on: date) -> Peg | None:
        return next((peg for peg in self._pegs.get(currency, ()) if peg.holds(on)), None)


def _peg_leg(peg: Peg) -> Leg:
    base, quote = (peg.currency, peg.anchor) if peg.is_per_currency else (peg.anchor, peg.currency)
    return Leg(
        base=base,
        quote=quote,
        value=peg.value,
        day=None,
        institution=None,
        rate_type=RateType.DECLARED_PEG,
        reference=peg.reference,
    )


def _by_legs(base: str, quote: str, legs: tuple[Leg, ...]) -> ReferenceRate:
    has_fixing = any(leg.day is not None for leg in legs)
    return ReferenceRate(
        base=base,
        quote=quote,
        rate=_product(base, legs),
        legs=legs,
        rate_type=RateType.DAILY_FIXING if has_fixing else RateType.DECLARED_PEG,
    )


def _without_returns(legs: Iterable[Leg]) -> tuple[Leg, ...]:
    """Leave out every step that is gone back at once: a step beside itself can only be that."""
    kept: list[Leg] = []
    for leg in legs:
        if kept and kept[-1] == leg:
            kept.pop()
        else:
            kept.append(leg)
    return tuple(kept)


def _product(base: str, legs: Iterable[Leg]) -> Fraction:
    """Return what 1 ``base`` is worth at the end of the steps, exactly."""
    rate, here = Fraction(1), base
    for leg in legs:
        if leg.base == here:
            rate, here = rate * exact(leg.value), leg.quote
        else:
            rate, here = rate / exact(leg.value), leg.base
    return rate
