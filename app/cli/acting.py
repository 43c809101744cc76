"""What commands that change something by hand have in common: the database opened, and who does it, for the log."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from app.db import check_schema, open_engine
from app.domain.audit import by_login
from app.settings import Settings, read_settings


def actor() -> str:
    """Return how the audit log names whoever runs this command: by the login of the process, not by what it says."""
    number = os.getuid()
    try:
        return by_login(pwd.getpwuid(number).pw_name)
    except KeyError:  # a container's user need not have a name
        return by_login(str(number))


@contextmanager
def opened() -> Iterator[tuple[Engine, Settings]]:
    """Open the database of the settings; it must have this release's schema."""
    settings = read_settings()
    engine = open_engine(settings.database_url)
    try:
        check_schema(engine)
        yield engine, settings
    finally:
        engine.dispose()
