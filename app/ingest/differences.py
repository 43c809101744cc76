"""What an import would change, for a dry run: averages that move, winners that change, new labels, vanished rows."""

import json
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from app import board
from app.domain.money import percent_out
from app.domain.ranking import Question, rank
from app.domain.rounds import CorridorRound
from app.domain.vocabulary import AmountTier
from app.reference import load
from app.sources.frames import Batch
from app.store import rounds
from app.store.descriptions import descriptions
from app.store.versions import Touched

MOVED_ABOVE_PERCENTAGE_POINTS = Fraction(1)
_NOT_LABELS = frozenset({"firm", "note1", "note2", "standard note"})
_MOST_LISTED = 1000
_ROWS_AT_ONCE = 2000


class State(NamedTuple):
    """A round in short: its average at USD 200, and the providers of the cheapest ranked offers."""

    average_percent: Fraction | None
    winners: tuple[str, ...]


class Difference:
    """What a dry run changed: looked at inside its transaction, then compared with the state that it left alone.

    Only rounds that were there before and that the import touches are worked out.
    """

    def __init__(self, connection: Connection, source: str) -> None:
        """To be made before anything is written."""
        self._source = source
        self._labels = _stored_labels(connection)
        self._new_labels: set[tuple[str, str]] = set()
        self._known = {(each.corridor, each.period) for each in rounds.known(connection) if each.source == source}
        self._changed: dict[str, set[str]] = {}
        self._after: dict[tuple[str, str], State] = {}
        self._new_rounds = 0
        self._vanished: dict[str, list[str]] = {}

    def notice(self, batch: Batch) -> None:
        """Look for labels that no stored service has."""
        for service in batch.services:
            for column, label in service.published:
                if column not in _NOT_LABELS and (column, label) not in self._labels:
                    self._new_labels.add((column, label))

    def look(self, connection: Connection, touched: Iterable[Touched], vanished: dict[str, list[str]]) -> None:
        """Work out the touched rounds as the import would leave them; to be called before the rollback."""
        for corridor, period in touched:
            if period is None or (corridor, period) not in self._known:
                self._new_rounds += 1
            else:
                self._changed.setdefault(period, set()).add(corridor)
        self._vanished = vanished
        self._after = self._states(connection)

    def found(self, connection: Connection) -> dict[str, Any]:
        """Return the difference as plain values; to be called after the rollback."""
        before = self._states(connection)
        averages, winners = [], []
        for place in sorted(before.keys() | self._after.keys(), key=_by_period):
            was, is_ = before.get(place, _NOTHING), self._after.get(place, _NOTHING)
            where = {"corridor": place[0], "period": place[1]}
            if _moved(was.average_percent, is_.average_percent):
                averages.append({**where, "from_percent": _percent(was), "to_percent": _percent(is_)})
            if was.winners != is_.winners:
                winners.append({**where, "from": list(was.winners), "to": list(is_.winners)})
        return {
            "new_rounds": self._new_rounds,
            "averages_moved": averages,
            "winners_changed": winners,
            "new_labels": [{"column": column, "label": label} for column, label in sorted(self._new_labels)],
            "vanished_rows": {period: keys[:_MOST_LISTED] for period, keys in self._vanished.items()},
        }

    def _states(self, connection: Connection) -> dict[tuple[str, str], State]:
        return {
            (each.corridor, period): _state(each)
            for period, corridors in sorted(self._changed.items())
            for each in board.rounds_of(connection, load(), period)
            if each.corridor in corridors and each.source == self._source
        }


_NOTHING = State(None, ())


def _by_period(place: tuple[str, str]) -> tuple[str, str]:
    return place[1], place[0]


def _state(corridor_round: CorridorRound) -> State:
    currency = corridor_round.default_currency
    amount = corridor_round.default_amount(currency)
    winners: tuple[str, ...] = ()
    if amount is not None:
        minor_per_major = 10 ** load().currency(currency).minor_units
        question = Question(amount=Fraction(amount), currency=currency, minor_per_major=minor_per_major)
        offers = rank(corridor_round.candidates, question).offers
        winners = tuple(sorted({offer.candidate.description.provider for offer in offers if offer.rank == 1}))
    return State(corridor_round.figures[AmountTier.USD_200].average_percent, winners)


def _moved(was: Fraction | None, is_: Fraction | None) -> bool:
    if was is None or is_ is None:
        return was is not is_
    return abs(is_ - was) > MOVED_ABOVE_PERCENTAGE_POINTS


def _percent(state: State) -> str | None:
    return None if state.average_percent is None else str(percent_out(state.average_percent))


def _stored_labels(connection: Connection) -> set[tuple[str, str]]:
    rows = connection.execute(select(descriptions.c.published).execution_options(yield_per=_ROWS_AT_ONCE))
    return {(column, label) for (text,) in rows for column, label in json.loads(text).items()}
