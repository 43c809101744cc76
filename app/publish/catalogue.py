"""All releases of a folder with their standing: good, found wrong (which stay, with reason and successor), damaged."""

import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from app.publish.releases import MANIFEST, File, Release, ReleaseDamagedError, is_release_id, listed, read, sha256

Status = Literal["good", "retracted", "damaged"]

_RETRACTION: Final = "{}.retracted.json"


class UnknownReleaseError(Exception):
    """There is no release of this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A release as it stands. ``release`` is null where it is damaged, ``reason`` says why it is not good.

    ``successor`` is the release to use instead of a retracted one, null where there is none.
    """

    id: str
    status: Status
    release: Release | None
    reason: str | None = None
    successor: str | None = None


def standings(folder: Path) -> list[Standing]:
    """Return every release of a folder, newest first."""
    return [standing(folder, id_) for id_ in reversed(listed(folder))]


def standing(folder: Path, id_: str) -> Standing:
    """Return how a release stands. Raises UnknownReleaseError."""
    manifest = folder / id_ / MANIFEST
    if not is_release_id(id_) or not manifest.parent.is_dir():
        raise UnknownReleaseError(id_)
    try:
        stamp = manifest.stat().st_mtime_ns if manifest.exists() else 0
        release = _read(folder, id_, stamp)
    except ReleaseDamagedError as error:
        return Standing(id=id_, status="damaged", release=None, reason=str(error))
    retraction = folder / _RETRACTION.format(id_)
    if not retraction.is_file():
        return Standing(id=id_, status="good", release=release)
    said = json.loads(retraction.read_bytes())
    return Standing(id=id_, status="retracted", release=release, reason=said["reason"], successor=said["successor"])


@lru_cache(maxsize=256)
def _read(folder: Path, id_: str, _stamp: int) -> Release:
    return read(folder, id_)


def is_intact(path: Path, file: File) -> bool:
    """Say whether a file has the bytes that the manifest says; they are read once, and again when the file changes."""
    try:
        stamp = path.stat()
    except OSError:
        return False
    return stamp.st_size == file.bytes and _sum(path, stamp.st_mtime_ns) == file.sha256


@lru_cache(maxsize=4096)
def _sum(path: Path, _stamp: int) -> str:
    return sha256(path)


def retract(folder: Path, id_: str, *, reason: str, successor: str | None) -> Standing:
    """Mark a release as found wrong; not one byte of it changes. Raises UnknownReleaseError, for the successor too."""
    for each in (id_, successor):
        if each is not None and each not in listed(folder):
            raise UnknownReleaseError(each)
    body = json.dumps({"reason": reason, "successor": successor}, ensure_ascii=False, sort_keys=True).encode()
    target = folder / _RETRACTION.format(id_)
    incoming = target.with_name(f".{target.name}")
    with incoming.open("wb") as file:
        file.write(body + b"\n")
        file.flush()
        os.fsync(file.fileno())
    incoming.replace(target)
    return standing(folder, id_)
