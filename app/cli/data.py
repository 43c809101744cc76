"""What commands that answer share: the board of the settings' database, and rounds and comparisons from it."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine

from app import reference
from app.board import Board, load, round_of, rounds_of
from app.compare import Comparison, ComparisonQuestion, Prices, compare, find_prices, live_corridors
from app.db import check_schema, open_engine, reading
from app.domain.errors import InvalidParameter, NoDataYet, PeriodNotSurveyed, UnknownPeriod
from app.domain.geography import Geography
from app.domain.indicators import CorridorFigures
from app.domain.rounds import CorridorRound
from app.domain.vocabulary import Basis
from app.reference import LANGUAGES
from app.settings import Settings, read_settings

_PERIOD = re.compile(r"([0-9]{4})-?Q([1-4])", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Data:
    """The prices that commands answer from, as they were when the command began."""

    settings: Settings
    engine: Engine
    geography: Geography
    board: Board
    now: datetime

    def prices(self, corridor: str, *, basis: Basis | None, period: str | None) -> Prices:
        """Return a corridor's prices: live, of its newest round, or of a quarter; raise the domain's errors."""
        check_basis(basis, period)
        known = self.geography.corridor(corridor, self.board.corridors).id
        return find_prices(self.board, known, basis=basis, period=period, now=self.now, past=self._past)

    def _past(self, corridor: str, period: str) -> CorridorRound:
        with reading(self.engine) as connection:
            return round_of(
                connection, self.geography, corridor, period, known=self.board.periods[corridor], seen=self.board.seen
            )

    def rounds(self, period: str | None) -> tuple[str, Mapping[str, CorridorRound]]:
        """Return a quarter, the newest unless told, and its round of each corridor that was surveyed then."""
        if not self.board.rounds:
            raise NoDataYet
        surveyed = self.board.surveyed
        period = surveyed[-1] if period is None else period
        if period not in surveyed:
            raise PeriodNotSurveyed(period=period, known=surveyed)
        with reading(self.engine) as connection:
            return period, {
                found.corridor: found for found in rounds_of(connection, self.geography, period, seen=self.board.seen)
            }

    def live_figures(self) -> Mapping[str, CorridorFigures | None]:
        """Return the figures of every corridor by live prices; null where it has none, or none that can be ranked."""
        found = live_corridors(self.board, self.geography, self.now).figures
        return {corridor: found.get(corridor) for corridor in self.board.corridors}

    def comparison(self, found: Prices, question: ComparisonQuestion) -> Comparison:
        """Compare, after checking what only the data can judge."""
        return compare(found, question, board=self.board, geography=self.geography, now=self.now)


@contextmanager
def opened() -> Iterator[Data]:
    """Give the data of the settings' database, which is only read."""
    settings = read_settings()
    engine = open_engine(settings.database_url)
    try:
        check_schema(engine)
        geography, now = reference.load(), datetime.now(UTC)
        with reading(engine) as connection:
            board = load(connection, geography, now, with_private=True)
        yield Data(settings, engine, geography, board, now)
    finally:
        engine.dispose()


def check_basis(basis: Basis | None, period: str | None) -> None:
    """Refuse live prices of a quarter: only surveys have quarters."""
    if basis is Basis.LIVE and period is not None:
        raise InvalidParameter(parameter="--period", expected="no period: live prices have none", given=period)


def quarter(text: str) -> str:
    """Read a quarter: ``2013-Q3``, in any case."""
    found = _PERIOD.fullmatch(text)
    if found is None:
        raise UnknownPeriod(text=text)
    return f"{found[1]}-Q{found[2]}"


def read_language(text: str) -> str:
    """Return a language that there are names in."""
    if text not in LANGUAGES:
        raise InvalidParameter(parameter="--language", expected=f"one of {', '.join(LANGUAGES)}", given=text)
    return text
