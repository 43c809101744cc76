"""GET /v1/releases and the files of each: immutable, citable, the same bytes for ever."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi import Path as PathParameter
from pydantic import Field
from starlette.responses import FileResponse, Response, StreamingResponse

from app.api.answers import answer_with
from app.api.deps import ListReadingDep, ReadingDep, ServedDep
from app.api.formats import Json, is_known
from app.api.inputs import StrictRoute
from app.api.lists import Rows, add_list, answer_list, listing
from app.api.pages import page_by_key
from app.api.projection import FieldsOf
from app.api.provenance import about
from app.api.shapes import ListAnswer, OpenWord, Period, Provenance, Shape
from app.domain.release_errors import ReleaseDamaged, UnknownRelease
from app.observability import log
from app.publish.catalogue import Standing, UnknownReleaseError, is_intact, standing, standings
from app.publish.releases import MANIFEST, File, Release

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["releases"])

IMMUTABLE = "public, max-age=31536000, immutable"
_MEDIA_TYPES = {
    ".csv": "text/csv; charset=utf-8; header=present",
    ".parquet": "application/vnd.apache.parquet",
    ".json": "application/json",
    ".cff": "application/yaml",
    ".md": "text/markdown; charset=utf-8",
    "": "text/plain; charset=utf-8",
}


class ReleaseRow(Shape):
    """A release; what a damaged one held is null."""

    id: str = Field(description="Its date; from the second of a day on with a number, 2026-11-24.2.")
    status: Annotated[str, OpenWord(("good", "retracted", "damaged"))]
    reason: str | None = Field(description="Why it is not good.")
    successor: str | None = Field(description="The release to use instead of a retracted one.")
    date: str | None
    quotes: int | None
    quarters: int | None
    first_period: Period | None
    last_period: Period | None
    checksum: str | None = Field(description="SHA-256 over the canonical rows: the one to cite.")
    methodology_version: str | None
    is_synthetic: bool | None
    previous: str | None = Field(description="The release that it continues.")
    url: str


class Releases(ListAnswer):
    """Every release, newest first."""

    releases: list[ReleaseRow]


class FileShape(Shape):
    """A file of a release."""

    name: str
    url: str
    bytes: int
    sha256: str


class QuarterChange(Shape):
    """What became of a quarter since the release before; a corrected quote was removed and added."""

    period: Period
    added: int
    removed: int


class OneRelease(Provenance):
    """A release with its files, and what changed since the one before."""

    release: ReleaseRow
    files: list[FileShape]
    changes: list[QuarterChange]


RELEASES = listing("releases", "Releases", ReleaseRow)

ReleasePath = Annotated[str, PathParameter(description="A release's id, from GET /v1/releases.")]
FileName = Annotated[str, PathParameter(description="A file of the release, by its name in `files`.")]


@add_list(router, "/releases", summary="Releases", responses={200: {"model": Releases}})
def releases(
    reading: ListReadingDep,
    fields: Annotated[
        Annotated[list[str] | None, FieldsOf(Releases)], Query(description="Only these fields, by dotted names.")
    ] = None,
) -> Response:
    """List every release, newest first; one that was found wrong stays, with the reason and its successor."""
    found = standings(reading.shared.settings.releases_dir)
    keyed = {f"{place:06}": _row(each) for place, each in enumerate(found)}
    page = page_by_key(keyed, after=reading.paging.after, size=reading.paging.size)
    said = about({key for each in found if each.release for key in each.release.sources}, reading.board)
    rows = Rows(rows=page.rows, about=said, next_position=page.next_position, fields=fields)
    return answer_list(reading, RELEASES, rows)


@router.get("/releases/{release}", summary="One release", responses={200: {"model": OneRelease}})
def release(
    reading: ReadingDep,
    release: ReleasePath,
    fields: Annotated[
        Annotated[list[str] | None, FieldsOf(OneRelease)], Query(description="Only these fields, by dotted names.")
    ] = None,
) -> Response:
    """Return a release with its files, their sums, and what changed since the release before."""
    found = _found(reading.shared.settings.releases_dir, release)
    held = found.release
    whole: dict[str, Json] = {
        "release": _row(found),
        "files": [] if held is None else [_file(found.id, each.name, each.bytes, each.sha256) for each in held.files],
        "changes": []
        if held is None
        else [{"period": each.period, "added": each.added, "removed": each.removed} for each in held.changes],
        **about(() if held is None else held.sources, reading.board),
    }
    return answer_with(reading, whole, fields=fields)


@router.get(
    "/releases/{release}/quotes.csv",
    summary="All quotes of a release",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "All quarters, one after the other."}},
)
def release_quotes(request: Request, shared: ServedDep, release: ReleasePath) -> Response:
    """Stream the quotes of all quarters as one CSV: the quarters' files one after the other, with one header."""
    found, held = _whole(shared.settings.releases_dir, release)
    headers = _headers(found, held.checksum, f"{found.id}-quotes.csv")
    if is_known(request.headers.getlist("if-none-match"), held.checksum):
        return Response(status_code=304, headers=headers)
    for partition in held.partitions:
        _check(shared.settings.releases_dir, found.id, partition.csv)
    paths = [shared.settings.releases_dir / found.id / partition.csv.name for partition in held.partitions]
    return StreamingResponse(_joined(paths), media_type=_MEDIA_TYPES[".csv"], headers=headers)


@router.get(
    "/releases/{release}/quotes/{file}",
    summary="One quarter of a release",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}, "application/vnd.apache.parquet": {}}, "description": "The file."}},
)
def release_quarter(request: Request, shared: ServedDep, release: ReleasePath, file: FileName) -> Response:
    """Return a quarter's quotes, such as `2013-Q3.parquet` or `2013-Q3.csv`."""
    return _sent(request, shared.settings.releases_dir, release, f"quotes/{file}")


@router.get(
    "/releases/{release}/{file}",
    summary="A document of a release",
    response_class=Response,
    responses={200: {"content": {"application/json": {}, "text/plain": {}}, "description": "The file."}},
)
def release_document(request: Request, shared: ServedDep, release: ReleasePath, file: FileName) -> Response:
    """Return a file beside the quotes: `datapackage.json`, `CITATION.cff`, `countries.csv` and the like."""
    return _sent(request, shared.settings.releases_dir, release, file)


def _found(folder: Path, id_: str) -> Standing:
    try:
        return standing(folder, id_)
    except UnknownReleaseError:
        raise UnknownRelease(_newest(folder)) from None


def _newest(folder: Path) -> str | None:
    return next((each.id for each in standings(folder) if each.status == "good"), None)


def _whole(folder: Path, id_: str) -> tuple[Standing, Release]:
    found = _found(folder, id_)
    if found.release is None:
        raise ReleaseDamaged(_newest(folder))
    return found, found.release


def _sent(request: Request, folder: Path, id_: str, name: str) -> Response:
    found, held = _whole(folder, id_)
    known = {each.name: each for each in held.files}
    if name != MANIFEST and name not in known:
        raise UnknownRelease(_newest(folder))
    tag = f"{held.checksum}-manifest" if name == MANIFEST else known[name].sha256
    headers = _headers(found, tag, f"{found.id}-{Path(name).name}")
    if is_known(request.headers.getlist("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    if name in known:
        _check(folder, found.id, known[name])
    path = folder / found.id / name
    return FileResponse(path, media_type=_MEDIA_TYPES[path.suffix], headers=headers)


def _check(folder: Path, id_: str, file: File) -> None:
    if not is_intact(folder / id_ / file.name, file):
        log.error("release_damaged", release=id_, file=file.name)
        raise ReleaseDamaged(_newest(folder))


def _headers(found: Standing, tag: str, file_name: str) -> dict[str, str]:
    headers = {
        "ETag": f'"{tag}"',
        "Cache-Control": IMMUTABLE,
        "Content-Disposition": f'attachment; filename="{file_name}"',
        "X-ThreePercent-Release": f"{found.id}; {found.status}" + (f"; {found.successor}" if found.successor else ""),
    }
    if found.successor:
        headers["Link"] = f'</v1/releases/{found.successor}>; rel="successor-version"'
    return headers


def _joined(paths: list[Path]) -> Iterator[bytes]:
    for place, path in enumerate(paths):
        with path.open("rb") as file:
            header = file.readline()
            if place == 0:
                yield header
            while chunk := file.read(2**16):
                yield chunk


def _row(found: Standing) -> dict[str, Json]:
    held = found.release
    periods = [] if held is None else [partition.period for partition in held.partitions]
    return {
        "id": found.id,
        "status": found.status,
        "reason": found.reason,
        "successor": found.successor,
        "date": None if held is None else held.date.isoformat(),
        "quotes": None if held is None else held.quotes,
        "quarters": None if held is None else len(periods),
        "first_period": periods[0] if periods else None,
        "last_period": periods[-1] if periods else None,
        "checksum": None if held is None else held.checksum,
        "methodology_version": None if held is None else held.methodology_version,
        "is_synthetic": None if held is None else held.is_synthetic,
        "previous": None if held is None else held.previous,
        "url": f"/v1/releases/{found.id}",
    }


def _file(id_: str, name: str, size: int, sha256: str) -> dict[str, Json]:
    return {"name": name, "url": f"/v1/releases/{id_}/{name}", "bytes": size, "sha256": sha256}
