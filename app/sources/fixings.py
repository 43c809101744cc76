"""Published rates, each judged by itself: a number that can be a rate, a day that exists, a currency that is known.

What is refused is told with its place; the rest of an answer is kept. What only a comparison with earlier fixings can
show is judged where they are stored (``ingest/rates.py``).
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Final

from app.domain.errors import quoted
from app.domain.file_errors import FileTooLarge, SourceError
from app.reference import load
from app.sources.cells import CellError, number_of
from app.sources.source import Doubt, FixingRecord, InstitutionRecord, RateReading

_ABSURDLY_SMALL: Final = "0." + 12 * "0"
"""Below 10^-12; no number here may reach 10^12 either."""

MOST_RATES: Final = 500_000
"""In one answer: twice what the ECB has published since 1999."""

NOT_PUBLISHED: Final = "not_published"
NOT_MONEY: Final = "not_a_currency"

_EARLIEST_YEAR: Final = 1948
_LATEST_YEAR: Final = 2100
_GIVEN_LENGTH: Final = 100
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_NOT_MONEY: Final = frozenset(
    {"XAU", "XAG", "XPD", "XPT", "XDR", "XSU", "XUA", "XBA", "XBB", "XBC", "XBD"}  # metals
    | {"BOV", "CHE", "CHW", "CLF", "COU", "MXV", "USN", "UYI", "UYW", "XEU"}  # units of account
)
"""Codes of ISO 4217 that nobody sends money in."""


class Fixings:
    """The fixings of one answer, collected one by one, with what was refused and what was counted."""

    def __init__(self) -> None:
        """Begin with none."""
        self.accepted: dict[tuple[str, str, str, str], FixingRecord] = {}
        self.refused: list[Doubt] = []
        self.counts: Counter[str] = Counter()
        self._known = load().currencies.keys()

    def add(self, institution: str, day: str, pair: tuple[str, str], given: str, place: str) -> None:
        """Judge one rate and accept or refuse it: 1 of the pair's first currency = ``given`` of its second.

        ``day`` was judged before (``is_day``).
        """
        base, quote = pair
        if not (self.knows(base, place) and self.knows(quote, place)):
            return
        try:
            value = number_of(given)
        except CellError as error:
            self.refuse(place, "not-a-rate", f"expected {error.expected}", given)
            return
        if value is None or value == "0" or value.startswith("-"):
            self.refuse(place, "not-positive", "a rate is more than 0", given)
        elif value.startswith(_ABSURDLY_SMALL):
            self.refuse(place, "not-a-rate", "expected a rate that is not absurdly small", given)
        elif (key := (institution, day, base, quote)) in self.accepted:
            self.refuse(place, "given-twice", f"{base}/{quote} of {day} was given before; the first stands", given)
        else:
            self.accepted[key] = FixingRecord(*key, value)
            self._check_number()

    def knows(self, currency: str, place: str) -> bool:
        """Say whether this is a currency; what is money nowhere is counted, what nobody knows is refused."""
        if currency in self._known:
            return True
        if currency in _NOT_MONEY:
            self.counts[NOT_MONEY] += 1
        else:
            self.refuse(place, "unknown-currency", "expected a currency of ISO 4217", currency)
        return False

    def is_day(self, text: str, place: str) -> bool:
        """Say whether this is a day, written ``2024-06-28``; else refuse it."""
        if _DAY.fullmatch(text):
            try:
                found = date.fromisoformat(text)
            except ValueError:
                pass
            else:
                if _EARLIEST_YEAR <= found.year <= _LATEST_YEAR:
                    return True
        self.refuse(place, "not-a-day", "expected a day such as 2024-06-28", text)
        return False

    def refuse(self, place: str, code: str, reason: str, given: str) -> None:
        """Keep in mind that something was not accepted, and why."""
        self.refused.append(Doubt(place, code, reason, given[:_GIVEN_LENGTH]))
        self._check_number()

    def _check_number(self) -> None:
        if len(self.accepted) + len(self.refused) > MOST_RATES:
            raise FileTooLarge(f"holds more than {MOST_RATES:,} rates.")

    def reading(self, institutions: list[InstitutionRecord]) -> RateReading:
        """Return all of it. Raises SourceError where rates were given and not one can be used."""
        if self.refused and not self.accepted:
            raise nothing_usable(self.refused)
        return RateReading(list(self.accepted.values()), institutions, self.refused, dict(self.counts))


def nothing_usable(refused: Sequence[Doubt], what: str = "rates") -> SourceError:
    """Return the error for an answer of which nothing was accepted: it tells the first refusal."""
    first = refused[0]
    return SourceError(
        f"not one of its {len(refused):,} {what} can be used; the first, at {first.place}: {first.reason}, "
        f"found {quoted(first.given)}."
    )
