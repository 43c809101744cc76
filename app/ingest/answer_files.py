"""Files that hold what a source would answer: rates, tariffs, recorded comparisons. Their content says which they are.

Whatever is not recognised here is for the reader of surveys, which says what is wrong with it.
"""

import zipfile
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from app.domain.errors import InvalidParameter, listed
from app.domain.file_errors import FileTooLarge, Place, UnreadableFile
from app.sources import ecb
from app.sources.source import Ask, Source, sources

MOST_BYTES: Final = 64 * 2**20
"""An answer is read whole into memory: no source publishes one of this size."""

FILE: Final = "file"
"""The target of a file that says nothing of what was asked."""

_HEAD: Final = 4096
_JSON: Final = "json"
_READABLE: Final = ("ecb", "demo_rates", "quote_file", "demo_tariffs", "wise")
_SURVEYS: Final = ("rpw", "demo")


class AnswerFile(NamedTuple):
    """A file's bytes, the source that they are of, and what they would be an answer to."""

    source: Source
    ask: Ask
    body: bytes


def answer_file(path: Path, now: datetime, source: str | None = None) -> AnswerFile | None:
    """Return a file as an answer; null where it is not recognised, or is said to be a survey.

    ``source`` is whose it is said to be. Raises InvalidParameter where nobody of that name publishes files, a
    SourceError where the file cannot be opened, is too large, or is JSON that does not say whose it is.
    """
    if source is not None and source not in (*_READABLE, *_SURVEYS):
        raise InvalidParameter(parameter="source", expected=f"one of {listed(_READABLE + _SURVEYS)}", given=source)
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            found = source or _source_of(head, path)
            if found is None or found in _SURVEYS:
                return None
            file.seek(0)
            body = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UnreadableFile(f"cannot be opened ({error.strerror}).", place=Place(file=path.name)) from None
    if len(body) > MOST_BYTES:
        raise FileTooLarge(f"is more than {MOST_BYTES // 2**20} MiB.", place=Place(file=path.name))
    if found == _JSON:
        from app.sources import quote_file

        named = quote_file.source_of(body)
        if named is None:
            raise UnreadableFile(
                "is JSON, but no file of reviewed tariffs; say whose it is: --source wise.", place=Place(file=path.name)
            )
        found = named
    return AnswerFile(sources()[found], ask_of(found, body, now), body)


def ask_of(source: str, body: bytes, now: datetime) -> Ask:
    """Return what a file of a source is taken for the answer to: what itself says, seen on the day of ``now``."""
    return Ask(_target(source, body), "", wanted=(("day", now.date().isoformat()),))


def says_its_target(source: str, target: str) -> bool:
    """Say whether a file of a source says by itself that it is of this target, so that nobody has to have asked."""
    return source == "ecb" and target in {ecb.DAILY, ecb.LAST_90_DAYS, ecb.HISTORY}


def _source_of(head: bytes, path: Path) -> str | None:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"PK"):
        return "ecb" if _holds_one_table(path) else None
    if start.startswith(b"<"):
        return "ecb" if b"eurofxref" in head else None
    if start.startswith((b"{", b"[")):
        return _JSON
    header = start.partition(b"\n")[0].split(b",")
    if header[0].strip() != b"Date":
        return None
    return "demo_rates" if b"synthetic" in {name.strip() for name in header} else "ecb"


def _holds_one_table(path: Path) -> bool:
    """Say whether a zip holds one CSV and nothing else; a workbook holds many files."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    return len(names) == 1 and names[0].lower().endswith(".csv")


def _target(source: str, body: bytes) -> str:
    """Name what was asked for as a fetch would: so that the same bytes, fetched, are recognised."""
    if source != "ecb":
        return FILE
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return ecb.HISTORY
    return ecb.DAILY if body.count(b"time=") == 1 else ecb.LAST_90_DAYS
