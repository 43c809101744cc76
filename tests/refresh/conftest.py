"""Logs of this package's tests go where they go by default.

Another test's app may have pointed them at a stream that has been closed since.
"""

import pytest
import structlog


@pytest.fixture(autouse=True)
def logs_by_default() -> None:
    structlog.reset_defaults()
