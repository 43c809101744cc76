"""What there is to say of a pair on a day, or on each day of a span: the rate, its age and why, and other figures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from app.domain.calendars import Days, why_none
from app.domain.rates import NoRate, RateBook, ReferenceRate

NOT_PUBLISHED = "not_published"
CARRIED_FORWARD = ("weekend", "closing_day", "weekend_and_closing_day", NOT_PUBLISHED)
"""Why a figure may be of a day before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateQuestion:
    """What is asked: rates of ``base`` in each of ``quotes`` on one day, or on the days of a span.

    ``has_gaps``: currencies without a rate are left out, instead of saying why. ``publication_days``: on which days
    institutions publish, by key; on weekdays unless told.
    """

    base: str
    quotes: Sequence[str]
    since: date
    until: date
    benchmark: str | None = None
    has_gaps: bool = False
    publication_days: Mapping[str, Days] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateOnDay:
    """A pair on a day, and what other institutions published for it themselves, by key: only where one day is asked.

    ``carried_forward_reason``: why its oldest figure is of a day before, null where it is not carried forward.
    """

    on: date
    rate: ReferenceRate | NoRate
    others: tuple[tuple[str, ReferenceRate], ...]
    carried_forward_reason: str | None

    @property
    def age_days(self) -> int | None:
        """How many days before the day asked its oldest figure is of; null where none has a day."""
        found = self.rate
        return None if isinstance(found, NoRate) or found.day is None else (self.on - found.day).days

    @property
    def is_of_its_day(self) -> bool:
        """Whether one of its figures was published on the day asked, or none has a day: a peg holds on every day."""
        return isinstance(self.rate, ReferenceRate) and (
            self.rate.day is None or any(leg.day == self.on for leg in self.rate.legs)
        )

    @property
    def institutions(self) -> frozenset[str]:
        """The keys of all institutions whose figures are here."""
        rates = [other for _, other in self.others]
        if isinstance(self.rate, ReferenceRate):
            rates.append(self.rate)
        return frozenset(key for rate in rates for key in rate.institutions)


def difference_percent(other: Fraction, rate: Fraction) -> Fraction:
    """Return by how many percent another figure is more than the rate, below 0: less."""
    return 100 * (other - rate) / rate


def rates_on_days(
    book: RateBook, question: RateQuestion, since: date, until: date, after: tuple[date, str] | None = None
) -> Iterator[RateOnDay]:
    """Give the rows of the question from one day to another, in the order of day and currency, from a position on.

    Of a span, the days on which something was published have a row, so that a gap stays a gap, and the last one, which
    says what there is at its end. Pegs alone hold on every day.
    """
    for number in range(since.toordinal(), until.toordinal() + 1):
        on = date.fromordinal(number)
        for quote in sorted(question.quotes):
            if after is not None and (on, quote) <= after:
                continue
            found = book.rate(question.base, quote, on, question.benchmark)
            if _has_row(found, on, question):
                why = _why_carried_forward(found, on, question.publication_days)
                others = _others(book, found, on) if question.since == question.until else ()
                yield RateOnDay(on=on, rate=found, others=others, carried_forward_reason=why)


def _has_row(found: ReferenceRate | NoRate, on: date, question: RateQuestion) -> bool:
    if isinstance(found, NoRate):
        return on == question.until and not question.has_gaps
    days = [leg.day for leg in found.legs if leg.day is not None]
    return on == question.until or not days or max(days) == on


def _why_carried_forward(found: ReferenceRate | NoRate, on: date, published: Mapping[str, Days]) -> str | None:
    """Say why nothing newer than the oldest figure is here: what holds of all days since (see ``why_none``).

    Where something should have been published on any of them, ``not_published``.
    """
    if isinstance(found, NoRate) or found.day is None or found.day == on:
        return None
    _, institution = min((leg.day, leg.institution) for leg in found.legs if leg.day and leg.institution)
    calendar = published.get(institution, "weekdays")
    days = range(found.day.toordinal() + 1, on.toordinal() + 1)
    reasons = {why_none(calendar, date.fromordinal(number)) for number in days}
    if NOT_PUBLISHED in reasons:
        return NOT_PUBLISHED
    return reasons.pop() if len(reasons) == 1 else "weekend_and_closing_day"


def _others(book: RateBook, found: ReferenceRate | NoRate, on: date) -> tuple[tuple[str, ReferenceRate], ...]:
    """Return the figures of the institutions that have both currencies, but the one that is the rate itself."""
    if isinstance(found, NoRate):
        return ()
    rates = book.by_institution(found.base, found.quote, on)
    order = sorted(rates, key=lambda key: (key not in found.institutions, key))
    return tuple((key, rates[key]) for key in order if rates[key].legs != found.legs)
