"""From which state of which database each release was made: a note beside the releases, never in them.

It only saves work: quarters that no dataset version has changed since need not be read again. A folder without it, or
one that another database has published into, is published into all the same.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from app.store import versions

_FILE: Final = ".origins.json"


def note(folder: Path, id_: str, connection: Connection) -> None:
    """Note the dataset version that a release is being made from."""
    newest = versions.newest_version(connection)
    if newest is None:
        return
    known = _read(folder) | {id_: {"version": newest.version, "committed_at": newest.committed_at.isoformat()}}
    incoming = folder / f"{_FILE}.new"
    incoming.write_text(json.dumps(known, indent=1, sort_keys=True), encoding="utf-8")
    incoming.replace(folder / _FILE)


def version_of(folder: Path, id_: str, connection: Connection) -> int | None:
    """Return the dataset version that a release was made from, null where this database has no such version.

    A version is recognised by its time too: databases that were made anew count from 1 again.
    """
    noted = _read(folder).get(id_)
    if noted is None:
        return None
    known = versions.find_version(connection, int(noted["version"]))
    if known is None or known.committed_at != datetime.fromisoformat(noted["committed_at"]):
        return None
    return known.version


def _read(folder: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder / _FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    return found
