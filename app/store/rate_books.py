"""The rates of some currencies over some days, read from the database: what a board's own book does not reach."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from sqlalchemy import Connection, and_, func, or_, select

from app.domain.fixings import ECB, Fixing, Institution
from app.domain.methodology import REFERENCE_RATE_DAYS
from app.domain.rates import EURO, NoRate, Peg, RateBook, ReferenceRate
from app.store import rates
from app.store.rates import fixings as fixings_table

SHORT_DAYS: Final = 45
"""Of so few days all that was fixed is read at once; of more, only what the rates asked about can rest on."""


def read_book(  # noqa: PLR0913 - what is known, what is asked about, and how far back
    connection: Connection,
    pegs: Iterable[Peg],
    institutions: Mapping[str, Institution],
    currencies: Collection[str],
    days: tuple[date, date],
    *,
    benchmark: str | None = None,
    with_older: bool = True,
    is_narrow: bool = False,
) -> RateBook:
    """Return the book that answers about these currencies from the first of the days to the last.

    Only fixings of ``institutions`` are in it. Of up to 45 days it has all of them; of more, those that the default
    rates and those by ``benchmark`` rest on. ``with_older``: a currency without a fixing in that time has its newest
    one before, so that an answer can say how old it is; all fixings are read for that. ``is_narrow``: of few days too
    only what the rates rest on is read, which is quicker for a few currencies.
    """
    known_pegs = tuple(pegs)
    wanted = set(currencies)
    wanted |= {peg.anchor for peg in known_pegs if peg.currency in wanted}
    span = _Span(connection, known_pegs, institutions, days)
    if (span.until - span.since).days <= SHORT_DAYS and not is_narrow:
        found = rates.fixed_in(connection, span.since, span.until, institutions=institutions)
    else:
        found = span.behind(wanted, benchmark)
    book = RateBook(found, known_pegs, institutions)
    if not with_older:
        return book
    quoted = {code for fixing in found for code in (fixing.base, fixing.quote)}
    lacking = {code for code in wanted - quoted if isinstance(book.rate(EURO, code, days[1]), NoRate)}
    older = [one for one in _last_before(connection, lacking, span.since) if one.institution in institutions]
    return RateBook([*found, *older], known_pegs, institutions) if older else book


class _Span:
    """What institutions fixed in a span of days, read one by one as it is needed."""

    def __init__(
        self,
        connection: Connection,
        pegs: tuple[Peg, ...],
        institutions: Mapping[str, Institution],
        days: tuple[date, date],
    ) -> None:
        self._connection = connection
        self._pegs = pegs
        self._institutions = institutions
        self._days = [date.fromordinal(number) for number in range(days[0].toordinal(), days[1].toordinal() + 1)]
        self.since, self.until = days[0] - timedelta(days=REFERENCE_RATE_DAYS), days[1]
        self._read: dict[str, list[Fixing]] = {}

    def behind(self, currencies: Collection[str], benchmark: str | None) -> list[Fixing]:
        """Return all fixings of the institutions on which the rates of the currencies rest: each as a whole, so that
        it is joined to the euro by the same figures as where everything is known.
        """
        for key in (ECB, benchmark):
            if key is not None and key in self._institutions:
                self._all_of(key)
        for currency in sorted(currencies):
            self._reach(currency)
        return [fixing for found in self._read.values() for fixing in found]

    def _reach(self, currency: str) -> None:
        """Read the institutions that could give a currency's rate, in the order in which the book asks them, until it
        has one on every day: whoever comes later is never asked.
        """
        tried = [ECB] if ECB in self._read else []
        if self._is_reached(currency, tried):
            return
        others = (key for key in self._institutions if key != ECB)
        for key in sorted(others, key=lambda key: (self._institutions[key].pivot_currency != currency, key)):
            if not self._quotes(key, currency):
                continue
            self._all_of(key)
            tried.append(key)
            if self._is_reached(currency, tried):
                return

    def _is_reached(self, currency: str, tried: Collection[str]) -> bool:
        """Say whether these institutions give a rate from the first instant of every day on: what is fixed on the day
        itself does not count before its own instant.
        """
        book = RateBook((one for key in tried for one in self._read[key]), self._pegs, self._institutions)
        midnights = (datetime.combine(day, time(), UTC) for day in self._days)
        return all(isinstance(book.at(EURO, currency, midnight), ReferenceRate) for midnight in midnights)

    def _quotes(self, key: str, currency: str) -> bool:
        if key in self._read or self._institutions[key].pivot_currency == currency:
            return True
        return bool(
            rates.fixed_in(
                self._connection, self.since, self.until, institutions=(key,), currencies=(currency,), most=1
            )
        )

    def _all_of(self, key: str) -> list[Fixing]:
        if key not in self._read:
            self._read[key] = rates.fixed_in(self._connection, self.since, self.until, institutions=(key,))
        return self._read[key]


def _last_before(connection: Connection, currencies: Collection[str], day: date) -> list[Fixing]:
    """Return the newest fixing before a day of each pair that has one of the currencies; it reads all fixings."""
    if not currencies:
        return []
    columns, codes = fixings_table.c, sorted(currencies)
    newest = (
        select(columns.institution, columns.base, columns.quote, func.max(columns.day).label("day"))
        .where(columns.day < day, or_(columns.base.in_(codes), columns.quote.in_(codes)))
        .group_by(columns.institution, columns.base, columns.quote)
        .subquery()
    )
    same = and_(
        columns.institution == newest.c.institution,
        columns.day == newest.c.day,
        columns.base == newest.c.base,
        columns.quote == newest.c.quote,
    )
    query = select(columns.institution, columns.day, columns.base, columns.quote, columns.value)
    rows = connection.execute(query.join(newest, same).order_by(columns.dataset_version))
    latest = {row[:4]: Fixing(*row) for row in rows}
    return list(latest.values())
