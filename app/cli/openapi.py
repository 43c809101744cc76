"""``threepercent openapi``: the API's contract, printed or compared with the committed one."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.failures import fail


def openapi(
    *,
    check: Annotated[
        Path | None, typer.Option(help="Print nothing; say whether this file is what the code serves.")
    ] = None,
) -> None:
    """Print the API's OpenAPI document, or check a committed one."""
    from app.api.contract import document, rendered
    from app.main import create_app
    from app.settings import Settings

    served = rendered(document(create_app(Settings(database_url="sqlite:///unopened.db"))))
    if check is None:
        typer.echo(served, nl=False)
    elif not check.is_file() or check.read_text("utf-8") != served:
        raise fail(f"{check} is not what the code serves. Look at the difference, then write it anew: make openapi")
