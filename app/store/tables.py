"""Every table in one place, for migrations: importing this module registers them all."""

from app.store import (
    corridors,
    descriptions,
    fetches,
    imports,
    leases,
    live_quotes,
    providers,
    quotes,
    rates,
    rounds,
    versions,
)
from app.store.schema import METADATA

__all__ = [
    "METADATA",
    "corridors",
    "descriptions",
    "fetches",
    "imports",
    "leases",
    "live_quotes",
    "providers",
    "quotes",
    "rates",
    "rounds",
    "versions",
]
