"""Lets the search for cyclic garbage rest while a batch is worked on.

A batch makes a hundred thousand objects, none of which refers back to itself: looking for cycles among them, again and
again, would cost as much as reading them. Reference counts free them all the same.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_resting = 0


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the collector at rest; of several batches at once the last to end starts it again, if it ran before."""
    global _resting  # noqa: PLW0603 - the collector is the process's own
    with _lock:
        was_enabled = _resting > 0 or gc.isenabled()
        _resting += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _resting -= 1
            if _resting == 0 and was_enabled:
                gc.enable()
