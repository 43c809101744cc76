"""``--json``: what the API answers, asked of the app itself in this process, without a server or a port."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import typer

from app.cli.failures import fail, on_the_command_line, status_of
from app.main import create_app
from app.settings import Settings
from app.sources.source import sources

_FIRST_ERROR = 400


def print_answer(settings: Settings, path: str, parameters: Mapping[str, object], *, with_private: bool = True) -> None:
    """Print the JSON of one call; parameters that are null or empty are left out, lists are joined with commas."""
    query = {name: text for name, value in parameters.items() if (text := _text(value)) is not None}
    # Whoever may read the database may see private sources too.
    shown = tuple(sources()) if with_private else settings.public_sources
    alone = {"log_level": "error", "refresh_in_server": False, "public_sources": shown}
    quiet = settings.model_copy(update=alone)
    status, body = asyncio.run(_ask(quiet, path, urlencode(query)))
    if status >= _FIRST_ERROR:
        problem = json.loads(body)
        code = str(problem["type"]).rpartition("/")[2]
        raise fail(on_the_command_line(str(problem["detail"])), status_of(code))
    typer.echo(body)


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, frozenset):
        return ",".join(sorted(value)) or None
    return None if value is None else str(value)


async def _ask(settings: Settings, path: str, query: str) -> tuple[int, bytes]:
    app = create_app(settings)
    told: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:  # noqa: ANN401 - ASGI's messages are open dictionaries
        told.append(dict(message))

    async with app.router.lifespan_context(app):
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "server": ("localhost", 80),
            "client": None,
            "root_path": "",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(b"host", b"localhost"), (b"accept", b"application/json")],
        }
        await app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in told if message["type"] == "http.response.body")
    return int(told[0]["status"]), body
