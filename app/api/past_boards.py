"""The boards of the past that a worker was asked for last, so that a replay that is asked for again reads nothing."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, NamedTuple

from app.board import Board

CORRIDORS_KEPT: Final = 64
WHOLE_KEPT: Final = 2
"""So many boards of the past a worker keeps: of single corridors, and of all."""


class Known(NamedTuple):
    """What decides a board of the past: the dataset version, the corridor (null: all), and what may be shown."""

    version: int
    corridor: str | None
    shown: frozenset[str] | None


@dataclass(slots=True)
class PastBoards:
    """The boards of the past that a worker was asked for last; each is loaded once, however many ask at once."""

    kept: OrderedDict[Known, Board] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)
    loading: Lock = field(default_factory=Lock)

    def get(self, known: Known, load: Callable[[], Board]) -> Board:
        """Return a board, from ``load`` where nobody asked for it of late."""
        found = self._find(known)
        if found is not None:
            return found
        with self.loading:
            found = self._find(known) or load()
        with self.lock:
            self.kept[known] = found
            same = [one for one in self.kept if (one.corridor is None) is (known.corridor is None)]
            for one in same[: -WHOLE_KEPT if known.corridor is None else -CORRIDORS_KEPT]:
                del self.kept[one]
        return found

    def _find(self, known: Known) -> Board | None:
        with self.lock:
            if known in self.kept:
                self.kept.move_to_end(known)
            return self.kept.get(known)
