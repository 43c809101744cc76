"""What commands that answer share: the database of the settings, and the board read from it once."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from app import reference
from app.api.deps import Served
from app.api.rounds import newest_since
from app.board import load
from app.db import check_schema, open_engine, reading
from app.domain.errors import InvalidParameter, UnknownPeriod
from app.main import utc_now
from app.observability import Metrics
from app.reference import LANGUAGES
from app.settings import read_settings

_PERIOD = re.compile(r"([0-9]{4})-?Q([1-4])", re.ASCII | re.IGNORECASE)


@contextmanager
def opened() -> Iterator[Served]:
    """Give what answers are made from, as the API has it; the database is only read."""
    settings = read_settings()
    engine = open_engine(settings.database_url)
    try:
        check_schema(engine)
        geography = reference.load()
        with reading(engine) as connection:
            board = load(connection, geography, utc_now())
        yield Served(
            settings=settings,
            engine=engine,
            geography=geography,
            metrics=Metrics(),
            clock=utc_now,
            board=board,
            newest_since=newest_since(board),
        )
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
