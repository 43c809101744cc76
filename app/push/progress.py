"""How far the import of a file is, beside the database: its one transaction shows nothing to others until it commits.

A small file in the data folder, which all workers share: for people who watch, and nothing is decided by it.
"""

from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from app.domain.verdicts import Outcome

_FOLDER: Final = "progress"


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How many bytes are read, and what became of the items, by outcome."""

    bytes_read: int = 0
    outcomes: dict[Outcome, int] = {}


def tell(data_dir: Path, job_id: str, progress: Progress) -> None:
    """Say how far a job is; that it cannot be said stops nobody."""
    file = _file(data_dir, job_id)
    with suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        new = file.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(progress))
        new.replace(file)


def told(data_dir: Path, job_id: str) -> Progress:
    """Return how far a job is, as far as it was said."""
    try:
        return msgspec.json.decode(_file(data_dir, job_id).read_bytes(), type=Progress)
    except (OSError, msgspec.DecodeError):
        return Progress()


def forget(data_dir: Path, job_id: str) -> None:
    """Forget how far a job was: it has ended."""
    with suppress(OSError):
        _file(data_dir, job_id).unlink(missing_ok=True)


def _file(data_dir: Path, job_id: str) -> Path:
    """Return a job's file; its id is one of ours, made of letters and digits."""
    return data_dir / _FOLDER / f"{job_id}.json"
