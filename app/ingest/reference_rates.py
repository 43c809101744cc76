"""The reference rates that counted when quotes were observed: read at once for many quotes, each asked for once."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Connection

from app.db import instant
from app.domain.methodology import ECB_FIXES_AT
from app.domain.plausibility.fixings import COMPARED_WITHIN_DAYS
from app.domain.rates import RateBook, ReferenceRate
from app.reference import pegs
from app.store import rates
from app.store.rate_books import read_book

FEW_CURRENCIES: Final = 6
"""Of so few each rate's own institutions are read, of more all of them: what takes less time."""

_DAY: Final = 24 * 60 * 60 * 1_000_000
_ECB_FIXES_AT: Final = (ECB_FIXES_AT.hour * 60 + ECB_FIXES_AT.minute) * 60 * 1_000_000


class ReferenceRates:
    """The rates between some currencies at any instant of some days (UTC)."""

    def __init__(self, connection: Connection, currencies: Collection[str], days: Iterable[date]) -> None:
        """Read them; days between which lies more than a month are read apart."""
        self._books: dict[int, RateBook] = {}
        self._found: dict[tuple[str, str, int, bool], ReferenceRate | None] = {}
        institutions = rates.institutions(connection) if currencies else {}
        is_narrow = len(currencies) <= FEW_CURRENCIES
        for span in _spans(sorted(set(days))):
            between = (span[0], span[-1])
            book = read_book(
                connection, pegs(), institutions, currencies, between, with_older=False, is_narrow=is_narrow
            )
            self._books.update((_number(day), book) for day in span)

    def at(self, base: str, quote: str, microseconds: int) -> ReferenceRate | None:
        """Return the rate that counted at an instant, null where there was none, or on a day that was not asked for.

        Within a day it changes only when the ECB fixes.
        """
        day, within = divmod(microseconds, _DAY)
        key = base, quote, day, within >= _ECB_FIXES_AT
        if key not in self._found:
            book = self._books.get(day)
            rate = None if book is None else book.at(base, quote, instant(microseconds))
            self._found[key] = rate if isinstance(rate, ReferenceRate) else None
        return self._found[key]


def _number(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def _spans(days: Sequence[date]) -> Iterator[list[date]]:
    """Give days in groups between which lies more than a month: what was fixed there need not be read."""
    span: list[date] = []
    for day in days:
        if span and day - span[-1] > timedelta(days=COMPARED_WITHIN_DAYS):
            yield span
            span = []
        span.append(day)
    if span:
        yield span
