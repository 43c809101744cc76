"""When a live answer last changed by itself, and when it will next: exact, because time decides a small state only.

Who speaks for each service, how fresh it is, why it is left out, and the defaults: equal states give equal answers.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from app.compare.answers import Relaxation, last_and_next, relaxations
from app.compare.asking import Asking
from app.domain.costs import Price
from app.domain.errors import InvalidParameter
from app.domain.filters import Filters
from app.domain.live import LiveService, live_freshness
from app.domain.methodology import ECB_FIXES_AT, REFERENCE_RATE_DAYS, SENDER_TAXES
from app.domain.ranking import Candidate, Excluded, Question, Ranking, judge, rank, rank_key, rank_value
from app.domain.vocabulary import Exclusion

_RATE_CLOCK_DAYS = REFERENCE_RATE_DAYS + 2  # until after the last day on which a reference rate of today stands
_PASSING = frozenset({Exclusion.STALE, Exclusion.EXPIRED})
_BY_PRICE = frozenset(Exclusion) - _PASSING - {Exclusion.NO_BENCHMARK, Exclusion.PROMOTION_ONLY}
"""Reasons that a price gives at any time; the others depend on time, on all prices or on the filters."""


class Clock:
    """The clock of one question; prices, which do not depend on time, are taken from its ranking or computed once."""

    def __init__(self, asking: Asking, ranking: Ranking, settled: Question) -> None:
        """``ranking`` answers the question as ``settled`` at some instant."""
        self._asking = asking
        self._live = asking.live
        self._question = asking.question
        self._context = asking.context
        self._settled = settled
        self._judged: dict[tuple[object, ...], Price | Excluded] = {
            self._key(candidate, settled): offer.price for offer in ranking.offers for candidate in offer.members
        } | {self._key(one.candidate, settled): one for one in ranking.excluded if one.reason in _BY_PRICE}
        self._relaxations: dict[object, tuple[Relaxation, ...]] = {}

    def around(self, now: datetime) -> tuple[datetime, datetime | None]:
        """Return the last instant at which this answer changed and the next at which time alone will change it."""
        context = self._context
        instants = {at for at in self._instants(now) if at > context.committed_at}  # before, there was another answer
        last, following = last_and_next(instants, now, self._state)
        return max(context.committed_at, last or context.committed_at), following

    def _instants(self, now: datetime) -> set[datetime]:
        """Return every instant at which time alone may change this answer."""
        context, live = self._context, self._live
        found = {at for service in self._changing(now) for one in service.sightings for at in one.instants()}
        if live.live_until is not None and context.has_survey and not context.is_asked:
            found.add(live.live_until)
        age = self._question.filters.max_age_days
        if age is not None:
            found |= {one.observed_at + age + datetime.resolution for s in live.services for one in s.sightings}
        first, last = context.committed_at.date(), now.date() + timedelta(days=_RATE_CLOCK_DAYS)
        days = [first + timedelta(days=day) for day in range((last - first).days + 1)]
        if self._question.amount is None:
            found |= {datetime.combine(day, at, tzinfo=UTC) for day in days for at in (time(), ECB_FIXES_AT)}
        else:  # only what benchmarks there are changes with the days
            there = [self._asking.benchmarks_available(self._settled, datetime.combine(day, time())) for day in days]
            changing = [day for day, before, after in zip(days[1:], there, there[1:], strict=False) if before != after]
            found |= {datetime.combine(day, time(), tzinfo=UTC) for day in changing}
        for tax in SENDER_TAXES:
            ends = [tax.since, *([] if tax.until is None else [tax.until + timedelta(days=1)])]
            found |= {datetime.combine(day, time(), tzinfo=UTC) for day in ends}
        return found

    def _changing(self, now: datetime) -> Iterable[LiveService]:
        """Give the services of which time may change what is said.

        One that a single source describes and that has no price at the amount is left out for that reason for ever.
        That is no matter where its staleness decides more than itself: the default currency, or what filters removed.
        """
        live, asked = self._live, self._question
        if (
            asked.filters.asked()
            or asked.amount is None
            or (asked.sending_currency is None and len(live.currencies) > 1)
        ):
            return live.services
        settled = self._asking.settled(now)
        return [
            service
            for service in live.services
            if len(service.sightings) > 1
            or not isinstance(found := self._found(service, now, settled), str)
            or found in _PASSING
        ]

    def _state(self, at: datetime) -> object:
        """Return all of the answer at an instant that time decides; equal states give equal answers."""
        try:
            settled = self._asking.settled(at)
        except InvalidParameter:
            return None
        context = self._context
        is_default = context.is_asked or not context.has_survey or self._live.is_default(at)
        found = [self._found(service, at, settled) for service in self._live.services]
        key = rank_key(settled.amount_is, [one for one in found if isinstance(one, Price)])
        outcomes = tuple(
            self._outcome(service, at, price, key) for service, price in zip(self._live.services, found, strict=True)
        )
        said = (self._asking.benchmarks_available(settled, at), self._asking.notices(settled, at))
        return is_default, settled.currency, settled.amount, said, outcomes, self._relaxed(at, settled)

    def _relaxed(self, at: datetime, settled: Question) -> tuple[Relaxation, ...]:
        """Return what an empty answer says of its filters, which counts services that they leave out too."""
        if not settled.filters.asked():
            return ()
        candidates = [self._standing(service, at) for service in self._live.services]
        since = settled.filters.observed_since
        key = (
            settled.currency,
            settled.amount,
            tuple(
                (one.quote_ids, one.barred, one.tax, since is None or one.observed_at >= since) for one in candidates
            ),
        )
        found = self._relaxations.get(key)
        if found is None:
            found = () if rank(candidates, settled).offers else relaxations(candidates, settled)
            self._relaxations[key] = found
        return found

    def _standing(self, service: LiveService, at: datetime) -> Candidate:
        speaker = service.speaker(at)
        return replace(self._asking.candidate_of(speaker, at), barred=speaker.barred(at))

    def _found(self, service: LiveService, at: datetime, settled: Question) -> Price | str:
        """Return the price of a service at an instant, or why it is left out."""
        speaker = service.speaker(at)
        candidate = self._asking.candidate_of(speaker, at)
        reason = settled.filters.reason(candidate.description, candidate.source, candidate.observed_at)
        if reason is not None:
            return reason
        key = self._key(candidate, settled)
        found = self._judged.get(key)
        if found is None:
            found = self._judged[key] = judge(candidate, replace(settled, filters=Filters()))
        return found.reason if isinstance(found, Excluded) else speaker.barred(at) or found

    @staticmethod
    def _key(candidate: Candidate, settled: Question) -> tuple[object, ...]:
        return candidate.quote_ids, settled.currency, settled.amount, candidate.tax

    def _outcome(self, service: LiveService, at: datetime, found: Price | str, key: str) -> object:
        """Return what is said of one service at an instant: why it is left out, or how fresh it and the others are."""
        speaker = service.speaker(at)
        if isinstance(found, str):
            return found, speaker.quote_ids
        if rank_value(key, found) is None:
            return Exclusion.NO_BENCHMARK, speaker.quote_ids
        others = tuple((one.quote_ids, live_freshness(one.observed_at, at)) for one in service.others(at))
        return (
            speaker.quote_ids,
            live_freshness(speaker.observed_at, at),
            self._asking.candidate_of(speaker, at).tax,
            others,
        )
