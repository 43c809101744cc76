"""What commands that answer share: the board of the settings' database, and rounds and comparisons from it."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine

from app import reference
from app.board import Board, load, round_of, rounds_of
from app.compare import Comparison, ComparisonQuestion, compare, survey_context
from app.db import check_schema, open_engine, reading
from app.domain.errors import InvalidParameter, NoDataYet, PeriodNotSurveyed, UnknownPeriod, UnknownProvider
from app.domain.geography import Geography
from app.domain.money import check_amount
from app.domain.providers import suggest_providers
from app.domain.quotes import quarter_end
from app.domain.rounds import CorridorRound
from app.domain.vocabulary import AmountIs
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

    def round(self, corridor: str, period: str | None) -> CorridorRound:
        """Return a corridor's newest round, or that of a quarter; raise the domain's errors where there is none."""
        known = self.geography.corridor(corridor, self.board.corridors).id
        newest = self.board.newest_round(known)
        if period is None or period == newest.period:
            return newest
        periods = self.board.periods[known]
        if period not in periods:
            raise PeriodNotSurveyed(corridor=known, period=period, known=periods)
        with reading(self.engine) as connection:
            return round_of(connection, self.geography, known, period, known=periods)

    def rounds(self, period: str | None) -> tuple[str, Mapping[str, CorridorRound]]:
        """Return a quarter, the newest unless told, and its round of each corridor that was surveyed then."""
        if not self.board.rounds:
            raise NoDataYet
        surveyed = self.board.surveyed
        period = surveyed[-1] if period is None else period
        if period not in surveyed:
            raise PeriodNotSurveyed(period=period, known=surveyed)
        with reading(self.engine) as connection:
            return period, {found.corridor: found for found in rounds_of(connection, self.geography, period)}

    def comparison(self, found: CorridorRound, question: ComparisonQuestion) -> Comparison:
        """Compare a round, after checking what only the data can judge."""
        for provider in sorted(question.filters.provider):
            if provider not in self.board.providers:
                near = suggest_providers(provider, self.board.providers)
                raise UnknownProvider(text=provider, suggestions=near)
        for code in (question.sending_currency, question.receiving_currency):
            if code is not None:
                self.geography.currency(code)
        if question.amount is not None:
            check_amount(question.amount, self.geography.currency(self._amount_currency(found, question)))
        context = survey_context(self.board, found)
        return compare(found, question, context=context, geography=self.geography, now=self.now)

    def _amount_currency(self, found: CorridorRound, question: ComparisonQuestion) -> str:
        sending = question.sending_currency or found.default_currency
        if question.amount_is is not AmountIs.RECEIVED:
            return sending
        local = self.geography.local_currency(found.corridor[4:], quarter_end(found.period))
        return question.receiving_currency or local or sending


@contextmanager
def opened() -> Iterator[Data]:
    """Give the data of the settings' database, which is only read."""
    settings = read_settings()
    engine = open_engine(settings.database_url)
    try:
        check_schema(engine)
        geography, now = reference.load(), datetime.now(UTC)
        with reading(engine) as connection:
            board = load(connection, geography, now)
        yield Data(settings, engine, geography, board, now)
    finally:
        engine.dispose()


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
