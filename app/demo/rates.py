"""Invented reference rates: a table in the layout of the ECB's history, with ``yes`` under ``synthetic`` in every row.

A rate is a function of its currency and day, so that files of different days agree where they overlap.
"""

import csv
import tomllib
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Context, Decimal
from functools import cache
from pathlib import Path

from app import reference
from app.demo.draws import RANGE, draws
from app.demo.files import appearing
from app.demo.geography import GEOGRAPHY_FILE
from app.demo.plan import DemoError
from app.demo.prices import six_digits
from app.domain.rates import EURO

DEFAULT_DAYS = 60
MOST_DAYS = 4000
SATURDAY = 5
_WOBBLE = 400  # per 100,000 and in either direction
_EXACT = Context(prec=40)


def write_rates(path: Path, days: int, on: date) -> None:
    """Write the rates of so many weekdays before ``on``, the last first; the file appears when it is complete.

    ``on`` itself has none: a day's fixing is known when the day is over, and must not be taken for a rate of now.
    Raises DemoError for more days than there are rates of.
    """
    if days > MOST_DAYS:
        message = f"There are rates for at most {MOST_DAYS} days; {days} were asked for."
        raise DemoError(message)
    currencies = sorted(set(_per_dollar()) - {EURO})
    with appearing(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as text:
        lines = csv.writer(text, lineterminator="\n")
        lines.writerow(["Date", *currencies, "synthetic", ""])
        for day in weekdays_before(on - timedelta(days=1), days):
            lines.writerow([day, *(published_rate(currency, day) for currency in currencies), "yes", ""])


def weekdays_before(on: date, count: int) -> Iterator[date]:
    """Yield weekdays backwards from ``on``, which is one of them unless it is a Saturday or Sunday."""
    day = on
    while count:
        if day.weekday() < SATURDAY:
            yield day
            count -= 1
        day -= timedelta(days=1)


@cache
def published_rate(currency: str, day: date) -> str:
    """Return what one euro is worth in a currency on a day, to six digits; a declared peg is kept to."""
    return six_digits(_per_euro(currency, day))


def _per_euro(currency: str, day: date) -> Decimal:
    if currency == EURO:
        return Decimal(1)
    for peg in reference.pegs():
        if peg.currency == currency and peg.holds(day):
            anchor = _per_euro(peg.anchor, day)
            return _EXACT.divide(anchor, peg.value) if peg.is_per_currency else _EXACT.multiply(anchor, peg.value)
    wobble = draws(f"rate/{currency}/{day}")[0] * 2 * _WOBBLE // RANGE - _WOBBLE
    level = _EXACT.divide(_per_dollar()[currency], _per_dollar()[EURO])
    return _EXACT.divide(_EXACT.multiply(level, Decimal(100_000 + wobble)), Decimal(100_000))


@cache
def _per_dollar() -> dict[str, Decimal]:
    data = tomllib.loads(GEOGRAPHY_FILE.read_text(encoding="utf-8"))
    return {code: Decimal(rate) for code, rate in data["rates"].items()}
