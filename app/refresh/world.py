"""The world that errands meet: HTTP by the operator's policy, and the breakers that all workers share."""

from collections.abc import Callable, Iterator, MutableMapping
from datetime import datetime

from sqlalchemy import Engine

from app.db import reading, transact
from app.domain.breakers import Breaker
from app.fetch import Fetcher, Policy
from app.observability import Metrics
from app.refresh.errand import Surroundings
from app.settings import Settings
from app.store import fetches


class StoredBreakers(MutableMapping[str, Breaker]):
    """The breakers of all hosts as the database has them, so that all workers share them."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime], metrics: Metrics | None = None) -> None:
        self._engine = engine
        self._clock = clock
        self._metrics = metrics

    def __getitem__(self, host: str) -> Breaker:
        return self._all()[host]

    def __setitem__(self, host: str, breaker: Breaker) -> None:
        transact(self._engine, lambda connection: fetches.save_breaker(connection, host, breaker, self._clock()))
        if self._metrics is not None:
            self._metrics.breaker_open.labels(host).set(0 if breaker.open_until is None else 1)

    def __delitem__(self, host: str) -> None:
        self[host] = Breaker()

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def _all(self) -> dict[str, Breaker]:
        with reading(self._engine) as connection:
            return fetches.breakers(connection)


def surroundings(
    settings: Settings,
    engine: Engine,
    *,
    clock: Callable[[], datetime],
    wait: Callable[[float], bool],
    breakers: MutableMapping[str, Breaker],
) -> Surroundings:
    """Return the world as these settings make it; raises SettingsError where they cannot be used to fetch."""
    fetcher = Fetcher(Policy.of(settings), breakers, clock=clock, sleep=wait)
    return Surroundings(
        engine=engine,
        data_dir=settings.data_dir,
        get=fetcher.get,
        clock=clock,
        wait=wait,
        public_sources=settings.public_sources,
    )
