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


def _keep(source: IO[bytes], folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    descriptor, name = tempfile.mkstemp(dir=folder, prefix="incoming-")
    try:
        with os.fdopen(descriptor, "wb") as raw:
            is_compressed = source.read(4).startswith(_COMPRESSED)
            source.seek(0)
            if is_compressed:
                _copy(source, raw, digest)
            else:
                with gzip.GzipFile("", "wb", _GZIP_LEVEL, raw, mtime=0) as packed:
                    _copy(source, packed, digest)
            raw.flush()
            os.fsync(raw.fileno())
        return _place(Path(name), folder, digest.hexdigest(), "" if is_compressed else ".gz")
    finally:
        Path(name).unlink(missing_ok=True)


def _copy(source: IO[bytes], target: IO[bytes] | gzip.GzipFile, digest: "hashlib._Hash") -> None:
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        target.write(chunk)


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
