"""How much each partner used on each day: what its account shows."""

from datetime import date

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
