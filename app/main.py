"""The only place where the parts are joined: settings, database, board, routes, manners."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from threading import Thread
from typing import TypeVar

from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from app import reference
from app.api import operations, problems
from app.api.callers import Identified, KeyRing
from app.api.deps import Served
from app.api.limits import Limited, Limits
from app.api.manners import APP_VERSION, Manners
from app.api.problems import BoardNotReadyError
from app.api.usage import UsageCounts
from app.api.v1.routers import ROUTERS
from app.board import load_newer
from app.db import DatabaseError, open_engine, upgrade
from app.domain.partners import Partner
from app.jobs import ImportWorker
from app.observability import Metrics, Observed, configure_logs, log, log_away
from app.push.files import FileWorld
from app.refresh import Worker, fetched_sources
from app.sandbox import Sandboxes, SandboxNotReadyError
from app.settings import Settings

REFRESH_SECONDS = 1.0
RETRY_SECONDS = 5.0

Result = TypeVar("Result")


def utc_now() -> datetime:
    """Return the present instant: the one clock of the API."""
    return datetime.now(UTC)


def create_app(settings: Settings, *, clock: Callable[[], datetime] = utc_now) -> FastAPI:
    """Return the app that ships, which is also the one that is tested.

    Its lifespan creates or migrates the database, reads the board, and keeps it new; where the database does not
    answer, the app starts all the same, says that it is not ready, and tries again.
    """
    shared = Served(
        settings=settings,
        engine=open_engine(settings.database_url),
        geography=reference.load(),
        metrics=Metrics(),
        clock=clock,
    )
    app = FastAPI(
        title="ThreePercent",
        summary="What it really costs to send money home.",
        version=APP_VERSION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        lifespan=_lifespan,
    )
    shared.sandbox = _rehearsing(shared)
    app.state.served = shared
    problems.install(app)
    for router in (*ROUTERS, operations.router):
        app.include_router(router)
    limits = app.state.limits = Limits(settings, metrics=shared.metrics, clock=clock)
    usage = app.state.usage = UsageCounts(shared.engine)
    ring = KeyRing(settings, shared.engine, clock, on_use=usage.note_key)
    app.add_middleware(Limited, limits=limits, usage=usage)
    app.add_middleware(Identified, ring=ring, address_of=limits.address_of, refused=limits.refused)
    app.add_middleware(
        Manners,
        owner=app,
        metrics=shared.metrics,
        dataset_version=lambda: shared.board.dataset_version if shared.board else 0,
    )
    app.add_middleware(Observed, metrics=shared.metrics)
    return app


def _rehearsing(shared: Served) -> Callable[[Partner, datetime], tuple[Served, Partner]]:
    """Return what gives a test key its partner's sandbox: new for each request, so that its clock is the request's."""
    sandboxes = Sandboxes(shared.settings.data_dir, shared.geography)

    def rehearse(partner: Partner, now: datetime) -> tuple[Served, Partner]:
        try:
            found = sandboxes.of(partner, now)
        except SandboxNotReadyError:
            raise BoardNotReadyError from None
        own = Served(  # with none of what is kept in memory for others
            settings=shared.settings,
            engine=found.engine,
            geography=shared.geography,
            metrics=shared.metrics,
            clock=shared.clock,
            board=found.board,
        )
        return own, found.partner

    return rehearse


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    shared: Served = app.state.served
    configure_logs(shared.settings)
    is_ready = await asyncio.to_thread(_start, shared)
    app.state.usage.start()
    importing = _importing(shared, app.state.limits)
    importing.start()
    keeping_new = asyncio.create_task(_keep_new(shared, is_ready=is_ready))
    try:
        async with _fetching(shared):
            yield
    except asyncio.CancelledError:
        """Told twice to end, the server does not wait for anybody: nothing to be told of, and no error."""
    finally:
        keeping_new.cancel()
        with suppress(asyncio.CancelledError):
            await keeping_new
        await asyncio.to_thread(importing.end)
        await asyncio.to_thread(app.state.usage.stop)
        app.state.limits.close()
        shared.engine.dispose()


def _importing(shared: Served, limits: Limits) -> ImportWorker:
    """Return what imports the files that partners send; of several processes each file is imported by one."""
    world = FileWorld(
        engine=shared.engine,
        data_dir=shared.settings.data_dir,
        geography=shared.geography,
        clock=shared.clock,
        most_bytes=shared.settings.import_bytes,
        quota=limits.of_partner,
    )
    return ImportWorker(world, shared.metrics)


@asynccontextmanager
async def _fetching(shared: Served) -> AsyncIterator[None]:
    """Fetch sources when they are due for as long as the app serves, where the settings want that; off the loop.

    Of several processes that do so each due fetch is made by one.
    """
    if not shared.settings.refresh_in_server:
        yield
        return
    sources = fetched_sources(shared.settings)
    worker = Worker(shared.settings, shared.engine, sources, clock=shared.clock, metrics=shared.metrics)
    thread = Thread(target=worker.run, name="refresh", daemon=True)
    thread.start()
    try:
        yield
    finally:
        worker.end()
        await asyncio.to_thread(thread.join)


def _start(shared: Served) -> bool:
    """Create or migrate the database and read the board; say whether that worked."""
    try:
        upgrade(shared.engine)
    except (DatabaseError, SQLAlchemyError) as error:
        log_away(error)
        return False
    except Exception as error:  # noqa: BLE001 -- one try must not end the next
        _count_failure(shared, error)
        return False
    return refresh(shared)


def refresh(shared: Served) -> bool:
    """Swap in a newer board where there is one; a failure leaves the old one and is logged. Say whether it worked."""
    try:
        public = shared.settings.public_sources
        newer = load_newer(shared.engine, shared.geography, shared.clock(), shared.board, public_sources=public)
    except (DatabaseError, SQLAlchemyError) as error:
        shared.metrics.board_loads.labels("failed").inc()
        log_away(error)
        return False
    except Exception as error:  # noqa: BLE001 -- whatever it is, the old board answers and the next second tries again
        _count_failure(shared, error)
        return False
    if newer is not None:
        shared.board = newer
        shared.metrics.board_loads.labels("loaded").inc()
        shared.metrics.dataset_version.set(newer.dataset_version)
        log.info("board_loaded", dataset_version=newer.dataset_version, corridors=len(newer.corridors))
    return True


def _count_failure(shared: Served, error: Exception) -> None:
    """Log and count what nobody expected of the work behind the requests."""
    shared.metrics.board_loads.labels("failed").inc()
    shared.metrics.errors.inc()
    log.error("board_not_loaded", exc_info=error)


async def _keep_new(shared: Served, *, is_ready: bool) -> None:
    """Look for a newer dataset version once a second, off the request path; start again what could not start."""
    prepared = None
    while True:
        board = shared.board
        if board is not None and board is not prepared:
            prepared = board
            try:
                await _to_its_end(board.prepare)
            except Exception as error:  # noqa: BLE001 -- rounds are then computed when they are asked for
                _count_failure(shared, error)
        await asyncio.sleep(REFRESH_SECONDS if is_ready else RETRY_SECONDS)
        is_ready = await _to_its_end(refresh if is_ready else _start, shared)


async def _to_its_end(work: Callable[..., Result], *arguments: object) -> Result:
    """Do blocking work off the loop; whoever is cancelled meanwhile waits for its end, since no thread can be stopped.

    So a connection that it holds is given back before the engine is done away with.
    """
    begun = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        return await asyncio.shield(begun)
    except asyncio.CancelledError:
        await asyncio.wait([begun])
        raise
