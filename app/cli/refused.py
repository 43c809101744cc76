"""``--refused FILE``: the rows that an import refused, as CSV; the file appears whole at the end, or not at all."""

import csv
import errno
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from app.cli.failures import FAILED, WRONG_USE, fail
from app.domain.errors import quoted
from app.sources.source import Refused

_HEADER = ("sheet", "row", "period", "id", "column", "value", "code", "reason")


class RefusedRows:
    """Takes refused rows one by one; what the cells held is shown quoted, so that no spreadsheet runs it.

    ``is_wanted`` is to be set once an import ran: only then does the file take the place of what was there.
    """

    def __init__(self, target: IO[str]) -> None:
        """``target`` is a file open for writing."""
        self.is_wanted = False
        self._rows = csv.writer(target)
        self._rows.writerow(_HEADER)

    def __call__(self, refused: Refused) -> None:
        """Write one row."""
        where = refused.sheet, refused.place_row, refused.period, refused.key, refused.column
        self._rows.writerow((*where, quoted(refused.given, 100), refused.code, refused.reason))


@contextmanager
def refused_rows(file: Path, kept: Iterable[Path]) -> Iterator[RefusedRows]:
    """Give a writer of refused rows into a file; refuses one that is among ``kept``, which must not be written over."""
    if any(_is_same(file, each) for each in kept):
        raise fail(
            f"{quoted(str(file), 200)} would be written over; choose another file for the refused rows.", WRONG_USE
        )
    target = file.resolve()
    if target.is_dir():
        raise fail(f"{quoted(str(file), 200)} is a folder; name a file for the refused rows.", WRONG_USE)
    if target.exists() and not target.is_file():  # a pipe or a device: there is nothing to replace
        with _explained(file, WRONG_USE):
            stream = file.open("w", encoding="utf-8", newline="")
        with stream:
            yield RefusedRows(stream)
        return
    with _explained(file, WRONG_USE):
        if target.exists() and not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}-")
    incoming = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            rows = RefusedRows(stream)
            yield rows
        if rows.is_wanted:
            with _explained(file, FAILED):
                incoming.chmod(_mode(target))
                incoming.replace(target)
    finally:
        incoming.unlink(missing_ok=True)


@contextmanager
def _explained(file: Path, status: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise fail(f"{quoted(str(file), 200)} cannot be written ({error.strerror}).", status) from None


def _is_same(file: Path, other: Path) -> bool:
    try:
        return file.samefile(other)
    except OSError:  # one of them is not there
        return file.resolve() == other.resolve()


def _mode(target: Path) -> int:
    """Return the permissions of the file that is replaced, else those that any new file gets."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
