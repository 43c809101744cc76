"""Refresh: sources are fetched over HTTP, once when somebody asks or again and again as their schedules say.

``errand`` asks one source everything there is to ask and stores what it answers. ``keeping`` does that for one source
whenever it is due, under a lease that makes several workers safe. ``worker`` keeps all sources fresh at once. Time and
waiting are arguments: whoever starts this room brings the clock.
"""

from app.refresh.errand import Errand, Outcome, Surroundings, request_for, run
from app.refresh.fetched import check_fetching, fetched_source, fetched_sources
from app.refresh.known import known_to, pairs_of
from app.refresh.worker import Worker
from app.refresh.world import StoredBreakers, surroundings

__all__ = [
    "Errand",
    "Outcome",
    "StoredBreakers",
    "Surroundings",
    "Worker",
    "check_fetching",
    "fetched_source",
    "fetched_sources",
    "known_to",
    "pairs_of",
    "request_for",
    "run",
    "surroundings",
]
