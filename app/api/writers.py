"""Threads of their own for what writes: however long it waits for the one writer, reads and the board find a thread.

A write waits while another one is made, an import of minutes too. Were it to wait in the threads that answer
reads, or in those that read the board anew, a few partners' writes would keep everybody waiting. Rehearsed files,
which only their partner waits for, have threads apart from those again.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from threading import BoundedSemaphore
from typing import Final, ParamSpec, TypeVar

from app.db import DatabaseBusy

WRITERS: Final = 8
"""So many writes of a worker wait for the database at once; the pool of PostgreSQL's connections has room for more."""

REHEARSALS: Final = 2
MOST_AT_ONCE: Final = 100
"""So many writes of a worker are made or wait for a thread, each with its body in memory; more have to come again."""

_TOO_MANY: Final = "Too many writes wait for the database already. Nothing was stored; send this again a little later."

Asked = ParamSpec("Asked")
Result = TypeVar("Result")

_writers: Final = ThreadPoolExecutor(WRITERS, thread_name_prefix="writes")
_rehearsals: Final = ThreadPoolExecutor(REHEARSALS, thread_name_prefix="rehearsals")
_room: Final = BoundedSemaphore(MOST_AT_ONCE)


async def write(work: Callable[Asked, Result], *args: Asked.args, **kwargs: Asked.kwargs) -> Result:
    """Do what writes off the event loop; raises DatabaseBusy, before anything is done, where too many others wait."""
    if not _room.acquire(blocking=False):
        raise DatabaseBusy(_TOO_MANY)
    try:
        begun = _writers.submit(copy_context().run, partial(work, *args, **kwargs))
    except BaseException:
        _room.release()
        raise
    begun.add_done_callback(lambda _: _room.release())  # also where its caller went before its turn came
    return await asyncio.wrap_future(begun)


async def rehearse(work: Callable[Asked, Result], *args: Asked.args, **kwargs: Asked.kwargs) -> Result:
    """Do what only a partner's sandbox waits for, off the event loop, when its turn comes."""
    begun = _rehearsals.submit(copy_context().run, partial(work, *args, **kwargs))
    return await asyncio.wrap_future(begun)
