"""What a release takes from the store: which rounds there are, and the current quotes of one quarter, in order."""

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select
from sqlalchemy import Row as Result

from app.store.descriptions import descriptions
from app.store.quotes import is_current, quotes
from app.store.rounds import round_versions, rounds

ROWS_AT_ONCE = 5_000

_QUOTE = tuple(
    quotes.c[name]
    for name in (
        *("id", "source", "source_key", "period", "tier", "observed_at", "corridor", "sending_currency", "amount"),
        *("denomination_usd", "fee", "fx_margin_percent", "published_total_percent", "published_rate"),
        *("published_mid_market_rate", "fx_margin_status", "cost_status", "flags"),
    )
)
_SERVICE = tuple(
    descriptions.c[name]
    for name in (
        *("provider", "provider_name", "provider_type", "payment_instruments", "access_points", "receiving_methods"),
        *("transfer_speed", "network_coverage", "is_transparent", "is_promotional", "payout_currency", "notes"),
    )
)


class Quarter(NamedTuple):
    """A quarter that was surveyed: how many current quotes it has, in how many corridors, and who changed it last."""

    period: str
    quotes: int
    corridors: int
    changed_in: int


def quarters(connection: Connection, sources: Collection[str]) -> list[Quarter]:
    """Return the quarters that any of these sources surveyed, oldest first; ``changed_in``: a dataset version."""
    columns, changes = rounds.c, round_versions.c
    changed = connection.execute(
        select(changes.period, func.max(changes.dataset_version))
        .where(changes.source.in_(sorted(sources)))
        .group_by(changes.period)
    )
    changed_in = {row[0]: int(row[1]) for row in changed}
    rows = connection.execute(
        select(columns.period, func.sum(columns.current_quotes), func.count(columns.corridor.distinct()))
        .where(columns.source.in_(sorted(sources)))
        .group_by(columns.period)
        .order_by(columns.period)
    )
    return [Quarter(period, int(count), int(corridors), changed_in[period]) for period, count, corridors in rows]


def rows(connection: Connection, sources: Collection[str], period: str) -> Iterator[Result[*tuple[Any, ...]]]:
    """Stream the current quotes of a quarter with their services, by corridor, source, its key, tier and id."""
    columns = quotes.c
    query = (
        select(*_QUOTE, *_SERVICE)
        .join_from(quotes, descriptions, descriptions.c.id == columns.description_id)
        .where(columns.source.in_(sorted(sources)), columns.period == period, is_current())
        .order_by(columns.corridor, columns.source, columns.source_key, columns.tier, columns.id)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )
    yield from connection.execute(query)
