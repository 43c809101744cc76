"""How much each partner used on each day: what its account shows."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update
from sqlmodel import Field

from app.db import KeyText
from app.store.schema import Row, table


class UsageRow(Row, table=True):
    """One partner's use on one day (UTC): answered requests, and quotes that were judged."""

    __tablename__ = "usage"

    partner: str = Field(primary_key=True, sa_type=KeyText)
    day: date = Field(primary_key=True)
    requests: int
    quotes: int


usage = table(UsageRow)


class DayOfUse(NamedTuple):
    """What one partner used on one day."""

    day: date
    requests: int
    quotes: int


def add(connection: Connection, used: Mapping[tuple[str, date], tuple[int, int]]) -> None:
    """Add requests and quotes, by partner and day, to what is stored."""
    for (partner, day), (requests, quotes) in sorted(used.items()):
        more = {"requests": usage.c.requests + requests, "quotes": usage.c.quotes + quotes}
        known = (usage.c.partner == partner, usage.c.day == day)
        if not connection.execute(update(usage).where(*known).values(more)).rowcount:
            values = {"partner": partner, "day": day, "requests": requests, "quotes": quotes}
            connection.execute(insert(usage).values(values))


def listed(connection: Connection, partner: str, since: date) -> list[DayOfUse]:
    """Return the days on which a partner used anything, the newest first."""
    columns = (usage.c.day, usage.c.requests, usage.c.quotes)
    days = select(*columns).where(usage.c.partner == partner, usage.c.day >= since).order_by(usage.c.day.desc())
    return [DayOfUse(*row) for row in connection.execute(days)]
