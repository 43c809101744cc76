"""A ``refresh`` worker in a process of its own that lives in shared time: its port, then source=minutes, …"""

import os
import sys

import msgspec

from app.db import open_engine
from app.observability import Metrics, configure_logs
from app.refresh import Worker, fetched_sources
from app.settings import read_settings
from app.sources.source import Schedule, Source
from tests.refresh.shared_time import TimeOfOthers


def main() -> None:
    settings = read_settings()
    configure_logs(settings)
    time = TimeOfOthers(int(sys.argv[1]), os.getpid())
    minutes = dict(given.split("=") for given in sys.argv[2:])
    sources = {
        key: often(source, int(minutes[key])) for key, source in fetched_sources(settings).items() if key in minutes
    }
    engine = open_engine(settings.database_url)
    Worker(settings, engine, sources, clock=time.clock, metrics=Metrics(), wait=time.wait).run()
    engine.dispose()


def often(source: Source, minutes: int) -> Source:
    """Return a source that is due every so many minutes."""
    assert source.fetching is not None
    fetching = msgspec.structs.replace(source.fetching, schedule=Schedule(every_minutes=minutes))
    return msgspec.structs.replace(source, fetching=fetching)


if __name__ == "__main__":
    main()
