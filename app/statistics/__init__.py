"""Statistics: a question over one release, answered by the columnar engine, exactly, within bounds."""

from app.statistics.engine import Bounds, StatisticsTooLargeError, ask

__all__ = ["Bounds", "StatisticsTooLargeError", "ask"]
