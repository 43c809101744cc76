"""``threepercent refresh``: the worker that fetches every source whenever its schedule says so."""

import signal
import threading
from typing import Annotated

import typer

from app.cli.fetch import utc_now
from app.db import open_engine, upgrade
from app.observability import Metrics, configure_logs
from app.refresh import Worker, fetched_source, fetched_sources
from app.settings import read_settings

_ENDING = (signal.SIGINT, signal.SIGTERM)
_LOOK_SECONDS = 1.0


def refresh(
    *,
    source: Annotated[
        list[str] | None, typer.Option(help="Only this source; may be given several times. All unless told.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Fetch what is due now, and end.")] = False,
) -> None:
    """Fetch sources whenever they are due, until it is ended.

    Ctrl-C or SIGTERM ends it. Several may run at once: each due fetch is made by one of them. What it does is logged on
    standard error. With --once the exit status is 1 where anything failed.
    """
    settings = read_settings()
    sources = fetched_sources(settings)
    if source:
        sources = {key: fetched_source(settings, key) for key in dict.fromkeys(source)}
    configure_logs(settings)
    engine = open_engine(settings.database_url)
    try:
        upgrade(engine)
        worker = Worker(settings, engine, sources, clock=utc_now, metrics=Metrics())
        if not once:
            _run_until_told(worker)
        elif not worker.once():
            raise typer.Exit(1)
    finally:
        engine.dispose()


def _run_until_told(worker: Worker) -> None:
    """Run the worker in a thread; wait here for a signal, so that no handler runs in the middle of something else.

    A second signal ends the process as if nobody had asked to be told.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        thread = threading.Thread(target=worker.run, name="refresh", daemon=True)
        thread.start()
        while thread.is_alive() and signal.sigtimedwait(_ENDING, _LOOK_SECONDS) is None:
            pass
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    worker.end()
    thread.join()
