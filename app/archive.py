"""Bytes as they were received, kept by their content's hash, so that any figure can be recomputed from its source.

``<folder>/archive/<first two digits>/<sha256>`` holds bytes that were compressed already (workbooks, gzip), with the
ending ``.gz`` those that were not. A file appears whole or not at all.
"""

import gzip
import hashlib
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_CHUNK = 2**20
_GZIP_LEVEL = 5
_COMPRESSED = (b"PK\x03\x04", b"\x1f\x8b")


class ArchiveError(Exception):
    """The folder for received bytes cannot be used; the message says which and why."""


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def keep(path: Path, data_dir: Path) -> str:
    """Keep a file's bytes and return their SHA-256 as hex; bytes that are kept already are left as they are.

    Raises ``OSError`` where the file cannot be opened, ``ArchiveError`` where its bytes cannot be kept.
    """
    with path.open("rb") as source:
        try:
            return _keep(source, data_dir / "archive")
        except OSError as error:
            raise ArchiveError(_cannot_be_kept("file's", data_dir / "archive", error)) from error


def keep_bytes(body: bytes, data_dir: Path) -> str:
    """Keep bytes that came over the network, as ``keep`` does a file's, and return their SHA-256 as hex.

    Raises ``ArchiveError`` where they cannot be kept.
    """
    folder = data_dir / "archive"
    try:
        return _keep(io.BytesIO(body), folder)
    except OSError as error:
        raise ArchiveError(_cannot_be_kept("received", folder, error)) from error


def _cannot_be_kept(whose: str, folder: Path, error: OSError) -> str:
    return (
        f"The {whose} bytes cannot be kept under {folder} ({error.strerror or error}); it must be a "
        "folder that can be written, with room for them (THREEPERCENT_DATA_DIR)."
    )


class Incoming:
    """Bytes on their way into the archive, piece by piece; it writes a file that is nowhere to be seen until kept."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is there and can be written."""
        self._folder = folder
        self._digest = hashlib.sha256()
        descriptor, self._name = tempfile.mkstemp(dir=folder, prefix="incoming-")
        self._raw = os.fdopen(descriptor, "wb")
        self._packed: gzip.GzipFile | None = None
        self.size = 0

    def write(self, piece: bytes) -> None:
        """Take the next bytes; the first four or more at once, since they say whether to pack them."""
        if self.size == 0 and not piece.startswith(_COMPRESSED):
            self._packed = gzip.GzipFile("", "wb", _GZIP_LEVEL, self._raw, mtime=0)
        self.size += len(piece)
        self._digest.update(piece)
        (self._packed or self._raw).write(piece)

    def keep(self) -> str:
        """Keep what came, durably, and return its SHA-256 as hex; bytes that are kept already are left as they are."""
        if self._packed is not None:
            self._packed.close()
        self._raw.flush()
        os.fsync(self._raw.fileno())
        self._raw.close()
        is_plain = self._packed is not None or self.size == 0
        return _place(Path(self._name), self._folder, self._digest.hexdigest(), ".gz" if is_plain else "")

    def close(self) -> None:
        """Forget what was not kept."""
        self._raw.close()
        Path(self._name).unlink(missing_ok=True)


@contextmanager
def receiving(data_dir: Path) -> Iterator[Incoming]:
    """Give where bytes go that come in pieces; raises ``ArchiveError`` where they cannot be kept."""
    folder = data_dir / "archive"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        incoming = Incoming(folder)
        try:
            yield incoming
        finally:
            incoming.close()
    except OSError as error:
        raise ArchiveError(_cannot_be_kept("received", folder, error)) from error


def _keep(source: IO[bytes], folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    incoming = Incoming(folder)
    try:
        while chunk := source.read(_CHUNK):
            incoming.write(chunk)
        return incoming.keep()
    finally:
        incoming.close()


def _place(incoming: Path, folder: Path, file_hash: str, ending: str) -> str:
    target = folder / file_hash[:2] / f"{file_hash}{ending}"
    if not target.exists():
        target.parent.mkdir(exist_ok=True)
        incoming.rename(target)
        for changed in (target.parent, folder):
            _sync_folder(changed)
    return file_hash


def _sync_folder(folder: Path) -> None:
    """Make a new name last: without this a power cut may forget the file although its bytes are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def kept(file_hash: str, data_dir: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    """Give the kept bytes of a hash, as they were received; raises ``FileNotFoundError`` where there are none."""
    plain = data_dir / "archive" / file_hash[:2] / file_hash
    packed = plain.with_name(f"{file_hash}.gz")
    if packed.exists():
        with gzip.open(packed, "rb") as unpacked:
            yield unpacked
    else:
        with plain.open("rb") as file:
            yield file
