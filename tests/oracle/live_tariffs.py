"""Tariffs and rates as their files say them: each tariff a set of straight lines of one amount.

That amount, its base, is what is changed where the fee is on top and what is paid where it is deducted. Between two of
its marks everything asked about (principal, what the sender pays, what arrives) is a straight line of it, so that every
question is solved exactly, line by line.
"""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import floor, log10
from pathlib import Path
from typing import Any

WITHOUT_CENTS = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"]
)
WITH_MILLS = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
PEGS = {
    **dict.fromkeys(["XAF", "XOF"], ("EUR", Fraction("655.957"))),
    **dict.fromkeys(["LSL", "NAD", "SZL"], ("ZAR", Fraction(1))),
    "AED": ("USD", Fraction("3.6725")),
    "BAM": ("EUR", Fraction("1.95583")),
    "BHD": ("USD", Fraction("0.376")),
    "CVE": ("EUR", Fraction("110.265")),
    "JOD": ("USD", Fraction("0.709")),
    "KMF": ("EUR", Fraction("491.96775")),
    "NPR": ("INR", Fraction("1.6")),
    "OMR": ("USD", 1 / Fraction("2.6008")),  # the rial is declared in dollars
    "QAR": ("USD", Fraction("3.64")),
    "SAR": ("USD", Fraction("3.75")),
    "STN": ("EUR", Fraction("24.5")),
}
OLDEST = timedelta(days=7)
NEAR = Fraction(1, 100)
US_TAX_FROM = datetime(2026, 1, 1, tzinfo=UTC)
US_TAX = Fraction(1, 100)
MEASURES = ("total_paid", "principal", "received")
REASONS = (
    "incomplete_price",
    "no_benchmark",
    "rate_not_recorded",
    "amount_not_observed",
    "amount_not_offered",
    "stale",
    "expired",
)

Document = Mapping[str, Any]
Line = Callable[[Fraction], Fraction]


def minor_units(currency: str) -> int:
    return 0 if currency in WITHOUT_CENTS else 3 if currency in WITH_MILLS else 2


def unit(currency: str) -> Fraction:
    return Fraction(1, 10 ** minor_units(currency))


def significant(value: Fraction, digits: int = 10) -> Fraction:
    """Rounded half-even to so many significant digits."""
    power = floor(log10(value))
    while value >= Fraction(10) ** (power + 1):
        power += 1
    while value < Fraction(10) ** power:
        power -= 1
    return round(value, digits - 1 - power)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


# --- Reference rates ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rates:
    """One institution's fixings: units of a currency for one euro, by day."""

    by_day: Mapping[date, Mapping[str, Fraction]]
    fixed_at: time | None  # the ECB's hour; None for others: a day's fixing counts from the end of the day

    def value(self, currency: str, at: datetime) -> Fraction | None:
        """Units of a currency for one euro, as known at an instant: the ECB's, else a peg, else another's."""
        if currency == "EUR":
            return Fraction(1)
        published, pegged = self._published(currency, at), self._pegged(currency, at)
        first, second = (pegged, published) if self.fixed_at is None else (published, pegged)
        return second if first is None else first

    def mid(self, sending: str, receiving: str, at: datetime) -> Fraction | None:
        """The mid-market rate: receiving currency for one of the sending."""
        if sending == receiving:
            return Fraction(1)
        if PEGS.get(receiving, ("",))[0] == sending:
            return PEGS[receiving][1]
        if PEGS.get(sending, ("",))[0] == receiving:
            return 1 / PEGS[sending][1]
        sent, received = self.value(sending, at), self.value(receiving, at)
        return None if sent is None or received is None else received / sent

    def _pegged(self, currency: str, at: datetime) -> Fraction | None:
        if currency not in PEGS:
            return None
        to, per = PEGS[currency]
        anchor = self.value(to, at)
        return None if anchor is None else anchor * per

    def _published(self, currency: str, at: datetime) -> Fraction | None:
        known = [day for day, row in self.by_day.items() if currency in row and self._since(day) <= at]
        newest = max(known, default=None)
        return None if newest is None or at.date() - newest > OLDEST else self.by_day[newest][currency]

    def _since(self, day: date) -> datetime:
        if self.fixed_at is None:
            return datetime.combine(day + timedelta(days=1), time(), UTC)
        return datetime.combine(day, self.fixed_at, UTC)


def read_rates(path: Path, fixed_at: time | None = None) -> Rates:
    """Read the ECB's table, or one that is laid out like it."""
    with path.open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    by_day = {
        date.fromisoformat(row["Date"]): {
            code: Fraction(said) for code, said in row.items() if len(code) == 3 and said not in {"", "N/A", None}
        }
        for row in rows
    }
    return Rates(by_day, fixed_at)


# --- One tariff -----------------------------------------------------------------------------------------------------


def _fraction(document: Document, name: str) -> Fraction | None:
    said = document.get(name)
    return None if said is None else Fraction(said)


@dataclass(frozen=True)
class Band:
    start: Fraction
    fixed: Fraction
    share: Fraction
    minimum: Fraction | None
    maximum: Fraction | None

    def fee(self, amount: Fraction) -> Fraction:
        found = self.fixed + self.share * amount
        if self.minimum is not None:
            found = max(found, self.minimum)
        return found if self.maximum is None else min(found, self.maximum)

    @property
    def marks(self) -> Iterator[Fraction]:
        """Where a bound begins or ends to hold."""
        if self.share:
            yield from ((b - self.fixed) / self.share for b in (self.minimum, self.maximum) if b is not None)


@dataclass(frozen=True)
class Tariff:
    """A quote of a tariff file."""

    document: Document = field(hash=False, repr=False)
    bands: tuple[Band, ...]
    marginal: bool
    only_at: Fraction | None
    steps: tuple[tuple[Fraction, Fraction], ...]  # from which base amount on, which rate
    smallest: Fraction
    largest: Fraction | None

    @cached_property
    def on_top(self) -> bool:
        return bool(self.document["fee_mode"] == "on_top")

    @property
    def corridor(self) -> str:
        return str(self.document["corridor"])

    @property
    def sending(self) -> str:
        return str(self.document["sending_currency"])

    @property
    def receiving(self) -> str:
        return str(self.document["receiving_currency"])

    @property
    def observed_at(self) -> datetime:
        return instant(self.document["observed_at"])

    @property
    def valid_until(self) -> datetime | None:
        said = self.document.get("valid_until")
        return None if said is None else instant(said)

    @property
    def key(self) -> tuple[str, ...]:
        """What an answer shows of a service: enough to tell those of one corridor apart."""
        lists = ("payment_instruments", "access_points", "receiving_methods")
        said = ("provider", "transfer_speed", "customer")
        return (*(str(self.document[n]) for n in said), *(",".join(sorted(self.document[n])) for n in lists))

    def is_taxed(self, at: datetime) -> bool:
        """Whether a tax on sending is declared for where the money leaves, whoever pays it."""
        return self.corridor.startswith("USA-") and at >= US_TAX_FROM

    def tax_share(self, at: datetime, asked: frozenset[str] = frozenset()) -> Fraction | None:
        """The share of the principal that a tax takes beside it; None where the means of payment would decide."""
        means = set(self.document["payment_instruments"])
        if not self.is_taxed(at):
            return Fraction(0)
        possible = means & asked if asked else means
        if possible == {"cash"}:
            return US_TAX
        return None if possible & {"cash", "other", "unknown"} else Fraction(0)

    def fee(self, base: Fraction) -> Fraction:
        if self.marginal:
            ends = [*(band.start for band in self.bands[1:]), None]
            slices = [
                (band, (base if end is None else min(base, end)) - band.start)
                for band, end in zip(self.bands, ends, strict=True)
            ]
            return sum((b.fixed + b.share * part for b, part in slices if part >= 0), Fraction(0))
        return [band for band in self.bands if band.start <= base or band is self.bands[0]][-1].fee(base)

    def rate(self, base: Fraction) -> Fraction | None:
        return next((rate for start, rate in reversed(self.steps) if start <= base), None)

    def principal(self, base: Fraction) -> Fraction:
        return base if self.on_top else base - self.fee(base)

    def paid(self, base: Fraction, tax: Fraction) -> Fraction:
        principal = self.principal(base)
        return principal + self.fee(base) + tax * principal

    def received(self, base: Fraction) -> Fraction:
        rate = self.rate(base)
        assert rate is not None
        return rate * self.principal(base)

    @cached_property
    def marks(self) -> list[Fraction]:
        """The amounts between which everything is a straight line, the limits included."""
        lowest, highest = self.smallest, self.largest
        if self.only_at is not None:
            lowest = max(lowest, self.only_at * (1 - NEAR))
            highest = min(highest or self.only_at * 2, self.only_at * (1 + NEAR))
        inner = {start for start, _ in self.steps} | {band.start for band in self.bands}
        inner |= {mark for band in self.bands for mark in band.marks}
        end: Fraction = max([*inner, lowest]) + 1 if highest is None else highest
        return [lowest, *sorted(mark for mark in inner if lowest < mark < end), end]

    def bases(self, line: Line, wanted: Fraction) -> Iterator[Fraction]:
        """Every base amount that the tariff takes and for which the line is what is wanted."""
        open_ended = self.only_at is None and self.largest is None
        last = len(self.marks) - 2
        for place, (start, end) in enumerate(pairwise(self.marks)):
            base = _where(line, start, end, wanted)
            if base is not None and (start <= base < end or (open_ended and place == last and base >= end)):
                yield base
        if not open_ended and line(self.marks[-1]) == wanted:
            yield self.marks[-1]


def _where(line: Line, start: Fraction, end: Fraction, wanted: Fraction) -> Fraction | None:
    """Where the line that runs between two marks, drawn on in both directions, is what is wanted."""
    one, other = start + (end - start) / 3, start + 2 * (end - start) / 3
    if line(other) == line(one):
        return start if line(one) == wanted else None
    return one + (wanted - line(one)) * (other - one) / (line(other) - line(one))


def read_tariffs(path: Path) -> list[Tariff]:
    return [tariff(quote) for quote in json.loads(path.read_text("utf-8"), parse_float=Fraction)["quotes"]]


def tariff(document: Document) -> Tariff:
    fee = document["fee"]
    only_at = None
    if fee["kind"] == "schedule":
        bands = [_band(band) for band in fee["bands"]]
    elif fee["kind"] == "percent":
        bands = [_band({"from": 0, "percent": fee["percent"]})]
    else:
        only_at = Fraction(fee["at_amount"])
        bands = [_band({"from": 0, "percent": 100 * Fraction(fee["amount"]) / only_at})]
    one_rate = document.get("offered_rate")
    steps = document.get("offered_rates") or ([] if one_rate is None else [{"from": 0, "rate": one_rate}])
    return Tariff(
        document=document,
        bands=tuple(bands),
        marginal=bool(fee.get("marginal", False)),
        only_at=only_at,
        steps=tuple(
            (Fraction(step["from"]), Fraction(step["rate"])) for step in document.get("offered_rates") or steps
        ),
        smallest=_fraction(document, "min_amount") or Fraction(0),
        largest=_fraction(document, "max_amount"),
    )


def _band(band: Document) -> Band:
    return Band(
        start=Fraction(band["from"]),
        fixed=_fraction(band, "fixed") or Fraction(0),
        share=(_fraction(band, "percent") or Fraction(0)) / 100,
        minimum=_fraction(band, "minimum"),
        maximum=_fraction(band, "maximum"),
    )
