"""Releases on disk: a folder each, complete or not there at all, described by its manifest and checked by its sums."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

MANIFEST: Final = "release.json"
_ID: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:\.[1-9][0-9]{0,3})?", re.ASCII)


class ReleaseDamagedError(Exception):
    """A release on disk is not what its manifest says; the message names the file and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of a release: its name in the folder, its size in bytes and its SHA-256 as hex."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a quarter since the release before: how many quotes came and went; a corrected one is both."""

    period: str
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class Partition:
    """One quarter of a release, as CSV and as Parquet of the same rows."""

    period: str
    quotes: int
    corridors: int
    csv: File
    parquet: File


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release. ``checksum`` is the logical one, which is cited: it is over canonical rows, whatever wrote the files.

    ``previous`` is the release that it continues, null for the first; ``changes`` are since then. ``tables`` are the
    reference tables that statistics need, ``documents`` all other files.
    """

    id: str
    date: date
    methodology_version: str
    is_synthetic: bool
    sources: tuple[str, ...]
    partitions: tuple[Partition, ...]
    tables: tuple[File, ...]
    documents: tuple[File, ...]
    previous: str | None
    changes: tuple[Change, ...]
    checksum: str

    @property
    def quotes(self) -> int:
        """How many quotes it holds."""
        return sum(partition.quotes for partition in self.partitions)

    @property
    def files(self) -> tuple[File, ...]:
        """Every file but the manifest."""
        data = [file for partition in self.partitions for file in (partition.csv, partition.parquet)]
        return (*data, *self.tables, *self.documents)


def logical_checksum(partitions: Iterable[Partition], tables: Iterable[File]) -> str:
    """Return the SHA-256 of all canonical rows, by quarter and table: equal for equal content, with any writer."""
    lines = [f"quotes/{partition.period} {partition.csv.sha256}\n" for partition in partitions]
    lines += [f"{file.name} {file.sha256}\n" for file in tables]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def is_release_id(text: str) -> bool:
    """Say whether a text may be the id of a release: its date, from the second of a day on with a number."""
    return _ID.fullmatch(text) is not None


def listed(folder: Path) -> list[str]:
    """Return the ids of the releases in a folder, oldest first; what is not complete has another name."""
    if not folder.is_dir():
        return []
    found = [entry.name for entry in folder.iterdir() if is_release_id(entry.name) and entry.is_dir()]
    return sorted(found, key=_order)


def _order(id_: str) -> tuple[str, int]:
    day, _, number = id_.partition(".")
    return day, int(number or 1)


def next_id(folder: Path, on: date) -> str:
    """Return the id of a release of a day: the date, or with a number where that day has one already."""
    taken = [id_ for id_ in listed(folder) if id_.startswith(on.isoformat())]
    return on.isoformat() if not taken else f"{on.isoformat()}.{_order(taken[-1])[1] + 1}"


def read(folder: Path, id_: str) -> Release:
    """Return a release by its manifest, after looking whether every file is there with its size.

    Raises ReleaseDamagedError where it cannot be used. ``verify`` also reads the bytes.
    """
    place = folder / id_
    try:
        document = json.loads((place / MANIFEST).read_bytes())
        release = _release(document)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReleaseDamagedError(f"{id_}/{MANIFEST} cannot be read ({type(error).__name__}).") from error
    if release.id != id_:
        raise ReleaseDamagedError(f"{id_}/{MANIFEST} is that of {release.id}.")
    for file in release.files:
        path = place / file.name
        size = path.stat().st_size if path.is_file() else None
        if size != file.bytes:
            raise ReleaseDamagedError(f"{id_}/{file.name} " + ("is missing." if size is None else "has another size."))
    return release


def verify(folder: Path, release: Release) -> list[str]:
    """Return what is wrong with a release's bytes, by file; nothing where each has the sum that the manifest says."""
    faults = [file.name for file in release.files if sha256(folder / release.id / file.name) != file.sha256]
    if logical_checksum(release.partitions, release.tables) != release.checksum:
        faults.append(MANIFEST)
    return faults


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()


def manifest(release: Release) -> bytes:
    """Return a release's manifest: canonical JSON, the same bytes for the same release."""
    document = asdict(release) | {"date": release.date.isoformat()}
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def _release(document: dict[str, Any]) -> Release:
    return Release(
        id=document["id"],
        date=date.fromisoformat(document["date"]),
        methodology_version=document["methodology_version"],
        is_synthetic=document["is_synthetic"],
        sources=tuple(document["sources"]),
        partitions=tuple(
            Partition(**one | {"csv": File(**one["csv"]), "parquet": File(**one["parquet"])})
            for one in document["partitions"]
        ),
        tables=tuple(File(**one) for one in document["tables"]),
        documents=tuple(File(**one) for one in document["documents"]),
        previous=document["previous"],
        changes=tuple(Change(**one) for one in document["changes"]),
        checksum=document["checksum"],
    )
