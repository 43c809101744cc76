"""The parent's side of reading a survey file: starts the child, waits for its messages, and explains its death."""

import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec

import app
from app.domain.file_errors import (
    EncryptedFile,
    FileTooLarge,
    MissingColumn,
    MissingSheet,
    Place,
    SourceError,
    UnreadableFile,
    WrongLayout,
)
from app.sources.frames import LARGEST_FRAME, LENGTH_BYTES, Failed, Message, decode

_CHUNK = 2**20
_STEP_BYTES = 50 * 10**6
_KINDS: dict[str, type[SourceError]] = {
    kind.code: kind for kind in (UnreadableFile, EncryptedFile, FileTooLarge, WrongLayout, MissingSheet, MissingColumn)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much address space reading may take, and how many seconds for each 50 MB of file or part of them."""

    memory_bytes: int = 2 * 2**30
    seconds_per_50_mb: int = 120

    def seconds(self, file_bytes: int) -> int:
        """Return how long reading a file of this size may take."""
        return self.seconds_per_50_mb * max(1, -(-file_bytes // _STEP_BYTES))


def read_survey(path: Path, limits: Limits) -> Generator[Message, None, None]:
    """Yield what the child says of a file; the last message is a ``Tally``.

    Raises the kinds of ``SourceError`` with the file's name. The child is gone when this ends, however it ends: a
    caller that stops early should close the iterator.
    """
    place = Place(file=path.name)
    seconds = limits.seconds(path.stat().st_size)
    with tempfile.TemporaryFile() as words:
        child = _start(path, limits, words)
        try:
            yield from _messages(child, seconds, place)
            _check_end(child, words, limits, place)
        finally:
            child.kill()
            child.wait()
            if child.stdout is not None:
                child.stdout.close()


def _start(path: Path, limits: Limits, words: IO[bytes]) -> subprocess.Popen[bytes]:
    root = str(Path(app.__file__).parent.parent)
    # -P: without it Python looks for modules in the current directory first, and runs whatever lies there.
    return subprocess.Popen(  # noqa: S603 - our own module, no shell
        [sys.executable, "-P", "-m", "app.sources.reader", str(path.absolute()), str(limits.memory_bytes)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=words,
        env={"PYTHONPATH": os.pathsep.join((root, *filter(None, sys.path)))},  # and no secret of ours
    )


def _messages(child: subprocess.Popen[bytes], seconds: float, place: Place) -> Iterator[Message]:
    """Yield messages until the child closes its pipe; only waiting for it counts against its time."""
    pending = bytearray()
    for chunk in _chunks(child, seconds, place):
        pending += chunk
        while len(pending) >= LENGTH_BYTES:
            length = int.from_bytes(pending[:LENGTH_BYTES], "big")
            if length > LARGEST_FRAME:
                raise UnreadableFile("made its reader talk nonsense.", place=place)
            if len(pending) < LENGTH_BYTES + length:
                break
            body = bytes(memoryview(pending)[LENGTH_BYTES : LENGTH_BYTES + length])
            del pending[: LENGTH_BYTES + length]
            yield _checked(body, place)


def _chunks(child: subprocess.Popen[bytes], seconds: float, place: Place) -> Iterator[bytes]:
    if child.stdout is None:
        return
    descriptor = child.stdout.fileno()
    left = seconds
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            before = time.monotonic()
            ready = selector.select(max(0.0, left))
            left -= time.monotonic() - before
            if not ready:
                raise FileTooLarge(
                    f"took longer than {seconds:.0f} seconds to read and was given up "
                    "(THREEPERCENT_IMPORT_SECONDS_PER_50_MB).",
                    place=place,
                )
            chunk = os.read(descriptor, _CHUNK)
            if not chunk:
                return
            yield chunk


def _checked(body: bytes, place: Place) -> Message:
    try:
        message = decode(body)
    except msgspec.DecodeError:
        raise UnreadableFile("made its reader talk nonsense.", place=place) from None
    if isinstance(message, Failed):
        where = Place(file=place.file, sheet=message.sheet, row=message.row, column=message.column)
        raise _error(message, where)
    return message


def _error(message: Failed, place: Place) -> SourceError:
    if message.code == MissingSheet.code:
        return MissingSheet(
            expected=str(message.arguments["expected"]), found=tuple(message.arguments["found"]), place=place
        )
    if message.code == MissingColumn.code:
        return MissingColumn(columns=tuple(message.arguments["columns"]), place=place)
    if message.code == EncryptedFile.code:
        return EncryptedFile(place=place)
    return _KINDS.get(message.code, UnreadableFile)(str(message.arguments["detail"]), place=place)


def _check_end(child: subprocess.Popen[bytes], words: IO[bytes], limits: Limits, place: Place) -> None:
    """Explain a child that died: libraries abort the process rather than raise when memory is refused."""
    status = child.wait()
    if status == 0:
        return
    words.seek(0)
    said = words.read(_CHUNK).decode(errors="replace")
    is_memory = any(word in said for word in ("memory allocation", "capacity overflow", "MemoryError"))
    if is_memory or status == -signal.SIGKILL:
        raise FileTooLarge(
            f"needs more than {limits.memory_bytes // 2**20:,} MiB of memory to read and was given up "
            "(THREEPERCENT_IMPORT_MEMORY_BYTES).",
            place=place,
        )
    name = signal.Signals(-status).name if status < 0 else f"exit status {status}"
    raise UnreadableFile(f"cannot be read: its reader died of it ({name}).", place=place)
