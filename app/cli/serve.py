"""``threepercent serve``: the API on a port."""

import errno
import socket
import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.failures import fail

if TYPE_CHECKING:
    from fastapi import FastAPI

BACKLOG = 2048
SHUTDOWN_SECONDS = 20


def serve(
    *,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 for every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 for any that is free.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that answer.")] = 1,
    refresh: Annotated[bool, typer.Option("--refresh", help="Fetch sources when they are due, too.")] = False,
) -> None:
    """Serve the API.

    Creates or migrates the database first. Settings come from the environment (docs/operating.md).
    """
    from uvicorn import Config, Server
    from uvicorn.supervisors import Multiprocess

    from app.api.limits import check_limits
    from app.refresh import check_fetching
    from app.settings import read_settings

    settings = read_settings()  # what is wrong with them is better said once, here, than by every worker
    check_limits(settings)
    if refresh or settings.refresh_in_server:
        check_fetching(settings)
    listening = _listen(host, port)
    config = Config(
        f"app.cli.serve:{'refreshing_application' if refresh else 'application'}",
        factory=True,
        workers=workers,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # whom X-Forwarded-For is believed of is a setting of ours (api/addresses.py)
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    server = Server(config)
    tell(_address(host, listening))
    try:
        if workers > 1:
            Multiprocess(config, sockets=[listening]).run()
            return
        server.run(sockets=[listening])
    except KeyboardInterrupt:  # Ctrl-C is how a person ends it, be it before it has started
        return
    if not server.started:
        raise fail("The server could not start; its log says why.")


def application() -> "FastAPI":
    """Make the app of one worker."""
    from app.main import create_app
    from app.settings import read_settings

    return create_app(read_settings())


def refreshing_application() -> "FastAPI":
    """Make the app of one worker that also fetches sources when they are due."""
    from app.main import create_app
    from app.settings import read_settings

    return create_app(read_settings().model_copy(update={"refresh_in_server": True}))


def _listen(host: str, port: int) -> socket.socket:
    """Open the port, so that a taken one is told before anything else happens."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise fail(
                f"Port {port} of {host} is taken by another program. Choose another: threepercent serve --port "
                f"{port + 1}, or make run PORT={port + 1}."
            ) from None
        raise fail(f"Cannot listen on {host}, port {port}: {error.strerror or error}.") from None
    listening.set_inheritable(True)
    return listening


def _address(host: str, listening: socket.socket) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - shown, not listened on
    return f"http://{shown}:{listening.getsockname()[1]}"


def tell(address: str) -> None:
    """Print what to try, with the database where it is not the default one."""
    from app.db import display_url
    from app.settings import Settings, read_settings

    url = read_settings().database_url
    plain = Settings.model_fields["database_url"].get_default(call_default_factory=True, validated_data={})
    is_shown = url != plain and url.startswith("sqlite://")  # one with a password hidden could not be typed anyway
    given = f"THREEPERCENT_DATABASE_URL={quote(display_url(url))} " if is_shown else ""
    typed = Path(sys.argv[0])
    command = "threepercent" if typed.is_absolute() else typed
    typer.echo(f"""\
Serving on {address} (Ctrl-C ends it). Three things to try:
  curl '{address}/v1/corridors/GBR-PHL/comparison?amount=120'
  {given}{command} compare GBR-PHL --amount 120
  and the documentation, in a browser: {address}/docs""")
    sys.stdout.flush()
