"""``threepercent sources``: where prices come from, on what terms, and when they were last imported."""

from typing import Annotated

import typer


def sources(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print the rows as the API answers them.")] = False
) -> None:
    """List where prices come from: licence, cadence, last import."""
    from app.cli.data import opened

    with opened() as data:
        if as_json:
            from app.cli.answers import print_answer

            print_answer(data.settings, "/v1/sources", {})
            return
        from app.db import reading
        from app.store import imports

        with reading(data.engine) as connection:
            runs = imports.listed(connection, limit=imports.count(connection) or 1)
    from rich.text import Text

    from app.cli.output import UNKNOWN, Column, console, put
    from app.sources.source import sources as known
    from app.store.imports import ImportStatus

    columns = [
        Column("Source"),
        Column("Publisher", dropped=2),
        Column("Licence"),
        Column("Cadence", dropped=1),
        Column("Newest"),
        Column("Last import"),
    ]
    rows: list[tuple[Text | str, ...]] = []
    out = console()
    for key, source in sorted(known().items()):
        done = [
            run.finished_at
            for run in runs
            if run.file.identity.source == key and run.status is ImportStatus.COMMITTED and run.finished_at
        ]
        row = (
            Text(f"{key}: {source.name}"),
            source.publisher,
            source.licence,
            source.cadence,
            data.board.newest_periods.get(key, UNKNOWN),
            f"{max(done):%Y-%m-%d}" if done else "never",
        )
        rows.append(row)
    put(out, columns, rows)
    for key, source in sorted(known().items()):
        out.print(Text(f"{key}: {source.attribution}"))
