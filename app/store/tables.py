"""Every table in one place, for migrations: importing this module registers them all."""

from app.store import corridors, descriptions, imports, providers, quotes, rounds
from app.store.schema import METADATA

__all__ = ["METADATA", "corridors", "descriptions", "imports", "providers", "quotes", "rounds"]
