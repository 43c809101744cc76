"""Rounds: the quarters in which a source surveyed a corridor, and the current quotes of one."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, exists, func, insert, select
from sqlmodel import Field

from app.db import KeyText
from app.domain.quotes import Description, Quote
from app.store import bulk
from app.store.quotes import DOMAIN_COLUMNS, is_current, quotes, read
from app.store.schema import Row, table


class RoundRow(Row, table=True):
    """How many current quotes a source has for a corridor in a quarter; a round without any has no row.

    Kept by ``versions.record_version``, so that nobody scans the quotes to learn what there is.
    """

    __tablename__ = "rounds"

    source: str = Field(primary_key=True, sa_type=KeyText)
    corridor: str = Field(primary_key=True, sa_type=KeyText)
    period: str = Field(primary_key=True, sa_type=KeyText)
    current_quotes: int


class RoundVersionRow(Row, table=True):
    """How many current quotes a round had from a dataset version on: what ``rounds`` said then."""

    __tablename__ = "round_versions"

    source: str = Field(primary_key=True, sa_type=KeyText)
    corridor: str = Field(primary_key=True, sa_type=KeyText)
    period: str = Field(primary_key=True, sa_type=KeyText)
    dataset_version: int = Field(primary_key=True)
    current_quotes: int


rounds = table(RoundRow)
round_versions = table(RoundVersionRow)


class Round(NamedTuple):
    """A quarter in which a source surveyed a corridor."""

    source: str
    corridor: str
    period: str


def recount(connection: Connection, source: str, period: str, corridors: Collection[str], version: int) -> None:
    """Count the current quotes of one quarter again, for every corridor; of these ones a dataset version changed it."""
    connection.execute(delete(rounds).where(rounds.c.source == source, rounds.c.period == period))
    columns = quotes.c
    counted = (
        select(columns.source, columns.corridor, columns.period, func.count())
        .where(columns.source == source, columns.period == period, is_current())
        .group_by(columns.source, columns.corridor, columns.period)
    )
    connection.execute(insert(rounds).from_select(["source", "corridor", "period", "current_quotes"], counted))
    of_round = (rounds.c.source == source, rounds.c.period == period)
    counted_now = connection.execute(select(rounds.c.corridor, rounds.c.current_quotes).where(*of_round))
    counts = {row.corridor: row.current_quotes for row in counted_now}
    names = ("source", "corridor", "period", "current_quotes")
    target = bulk.Target(round_versions, names, {"dataset_version": version})
    bulk.append(connection, target, [(source, one, period, counts.get(one, 0)) for one in sorted(corridors)])


def known_as_of(connection: Connection, as_of: int) -> list[Round]:
    """Return every round that had a current quote as known at a dataset version, ordered as by ``known``."""
    columns, later = round_versions.c, round_versions.alias("later")
    is_newer = exists().where(
        later.c.source == columns.source,
        later.c.corridor == columns.corridor,
        later.c.period == columns.period,
        later.c.dataset_version > columns.dataset_version,
        later.c.dataset_version <= as_of,
    )
    rows = connection.execute(
        select(columns.source, columns.corridor, columns.period)
        .where(columns.dataset_version <= as_of, columns.current_quotes > 0, ~is_newer)
        .order_by(columns.source, columns.corridor, columns.period)
    )
    return [Round(*row) for row in rows]


def known(connection: Connection) -> list[Round]:
    """Return every round with a current quote, ordered by source, corridor and period."""
    columns = rounds.c
    rows = connection.execute(
        select(columns.source, columns.corridor, columns.period).order_by(
            columns.source, columns.corridor, columns.period
        )
    )
    return [Round(*row) for row in rows]


def of_period(connection: Connection, period: str) -> list[Round]:
    """Return the rounds of one quarter that have a current quote."""
    columns = rounds.c
    rows = connection.execute(
        select(columns.source, columns.corridor, columns.period)
        .where(columns.period == period)
        .order_by(columns.source, columns.corridor)
    )
    return [Round(*row) for row in rows]


def arrived(connection: Connection, source: str, period: str, as_of: int | None = None) -> datetime | None:
    """Return when the first quote of a quarter was recorded, whatever became of it; null where there is none.

    ``as_of``: as known at that dataset version.
    """
    columns = quotes.c
    query = select(func.min(columns.recorded_at)).where(columns.source == source, columns.period == period)
    if as_of is not None:
        query = query.where(columns.dataset_version <= as_of)
    found: datetime | None = connection.execute(query).scalar()
    return found


def surveyed_periods(connection: Connection, source: str) -> set[str]:
    """Return the quarters for which a source has quotes, current or superseded."""
    columns = quotes.c
    found: set[str] = set()
    newest = ""
    while True:  # one index seek for each quarter, where DISTINCT would read every quote
        following = connection.execute(
            select(func.min(columns.period)).where(columns.source == source, columns.period > newest)
        ).scalar()
        if following is None:
            return found
        newest = str(following)
        found.add(newest)


def quotes_of(
    connection: Connection, corridor: str, period: str, *, source: str | None = None, as_of: int | None = None
) -> list[Quote]:
    """Return the current quotes of a corridor in a quarter, ordered by time and id.

    ``as_of``: those that were current as known at that dataset version.
    """
    columns = quotes.c
    query = (
        select(*DOMAIN_COLUMNS)
        .where(columns.corridor == corridor, columns.period == period, is_current(as_of=as_of))
        .order_by(columns.observed_at, columns.id)
    )
    if source is not None:
        query = query.where(columns.source == source)
    return [quote for quote, _ in read(connection, query)]


def quotes_of_period(
    connection: Connection,
    source: str,
    period: str,
    shared: dict[bytes, Description] | None = None,
    *,
    as_of: int | None = None,
) -> Iterator[Quote]:
    """Stream the current quotes of a whole quarter, in no order; ``shared`` carries descriptions over several calls.

    ``as_of`` as of ``quotes_of``.
    """
    columns = quotes.c
    of_quarter = (columns.source == source, columns.period == period)
    query = select(*DOMAIN_COLUMNS).where(*of_quarter, is_current(as_of=as_of))
    for quote, _ in read(connection, query, shared):
        yield quote
