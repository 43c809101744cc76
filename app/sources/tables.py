"""Files as tables: what a survey file is by its first bytes, and its rows, from a workbook or CSV, also compressed.

Runs in the child process only: a hostile workbook can abort whoever opens it (RELIABILITY 5).
"""

import csv
import gzip
import io
import os
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, ZipError

from app.domain.file_errors import EncryptedFile, FileTooLarge, MissingSheet, Place, UnreadableFile, WrongLayout
from app.sources.cells import Cell
from app.sources.rpw_layouts import LAYOUTS, Layout

_ZIP, _OLE, _GZIP = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x1f\x8b"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_HEAD = 4096
_CSV = "CSV"
_OURS = "dataset"
"""How the names of the survey's sheets begin; one that begins so and is not known is a renamed one."""


class SurveyTable(NamedTuple):
    """One table of a file. ``rows`` begin with the header.

    ``layout`` is what the sheet's name promises; ``name`` is the sheet's, or ``CSV``. ``has_types``: numbers and dates
    are told from texts. ``done`` says how much of the file's ``total`` work is behind when so many rows were read.
    """

    name: str
    layout: Layout | None
    has_types: bool
    rows: Iterable[Sequence[Cell]]
    total: int
    done: Callable[[int], int]


def tables(path: Path, place: Place, unpacked_limit: int) -> Iterator[SurveyTable]:
    """Yield a survey file's tables, one at a time; a workbook's sheet is loaded when its turn comes.

    Raises the kinds of ``UnreadableFile``, ``MissingSheet``, and ``WrongLayout`` where a sheet of the survey's has
    another name.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
        if not head:
            raise UnreadableFile("is empty.", place=place)
        file.seek(0)
        if head.startswith(_ZIP):
            yield from _sheets(file, place, _check_size(file, place, unpacked_limit))
        elif head.startswith(_OLE):
            raise _ole(file, place)
        elif head.startswith(_GZIP):
            with gzip.open(file, "rb") as unpacked:
                yield _csv(unpacked, file, place)
        else:
            yield _csv(file, file, place)


def _check_size(file: IO[bytes], place: Place, unpacked_limit: int) -> dict[str, int]:
    """Refuse a workbook that says itself that it unpacks to more than may be held; return its members' sizes."""
    try:
        with zipfile.ZipFile(file) as archive:
            sizes = {member.filename: member.file_size for member in archive.infolist()}
    except (zipfile.BadZipFile, OSError, ValueError, EOFError):
        problem = "is a damaged or truncated workbook; get it again from its publisher."
        raise UnreadableFile(problem, place=place) from None
    size = sum(sizes.values())
    if size > unpacked_limit:
        raise FileTooLarge(
            f"would unpack to {size // 2**20:,} MiB; at most {unpacked_limit // 2**20:,} MiB are read.", place=place
        )
    file.seek(0)
    return sizes


def _ole(file: IO[bytes], place: Place) -> UnreadableFile:
    """Tell a protected workbook (an encrypted package inside an OLE container) from the old binary format."""
    if _ENCRYPTED in file.read(2**20):
        return EncryptedFile(place=place)
    return UnreadableFile(
        "is in the old binary format (.xls) or another Office format; save it as .xlsx or CSV and import that.",
        place=place,
    )


def _sheets(file: IO[bytes], place: Place, sizes: dict[str, int]) -> Iterator[SurveyTable]:
    try:
        workbook = CalamineWorkbook.from_filelike(file)
    except PasswordError:
        raise EncryptedFile(place=place) from None
    except (CalamineError, ZipError, OSError, ValueError) as error:
        raise UnreadableFile(f"cannot be read as a workbook ({_short(error)}).", place=place) from None
    by_name = {" ".join(name.split()).casefold(): name for name in workbook.sheet_names}
    found = [(layout, by_name[layout.sheet.casefold()]) for layout in LAYOUTS if layout.sheet.casefold() in by_name]
    known = [name for _layout, name in found]
    strange = [name for name in workbook.sheet_names if _is_ours(name) and name not in known]
    if strange:
        expected = " and ".join(f'"{layout.sheet}"' for layout in LAYOUTS)
        problem = f"begins like one of the survey's sheets but is not one; they are {expected}."
        raise WrongLayout(problem, place=Place(file=place.file, sheet=strange[0]))
    if not found:
        expected = " or ".join(f'"{layout.sheet}"' for layout in LAYOUTS)
        raise MissingSheet(expected=expected, found=tuple(workbook.sheet_names), place=place)
    # Sheets are stored in this order under these names by every program known; only the progress bar relies on it.
    weights = [
        sizes.get(f"xl/worksheets/sheet{1 + workbook.sheet_names.index(name)}.xml", 1) for _layout, name in found
    ]
    for index, (layout, name) in enumerate(found):
        try:
            sheet = workbook.get_sheet_by_name(name)
        except (CalamineError, ZipError, OSError, ValueError) as error:
            where = Place(file=place.file, sheet=name)
            raise UnreadableFile(f"the sheet cannot be read ({_short(error)}).", place=where) from None
        done = partial(_weighed, sum(weights[:index]), weights[index], max(1, sheet.height))
        yield SurveyTable(name, layout, has_types=True, rows=sheet.iter_rows(), total=sum(weights), done=done)


def _is_ours(sheet: str) -> bool:
    return sheet.strip().casefold().startswith(_OURS)


def _weighed(before: int, weight: int, height: int, rows: int) -> int:
    return before + weight * min(rows, height) // height


def _csv(file: IO[bytes] | gzip.GzipFile, raw: IO[bytes], place: Place) -> SurveyTable:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    total = os.fstat(raw.fileno()).st_size
    rows = _csv_rows(text, place)
    return SurveyTable(
        _CSV, None, has_types=False, rows=rows, total=total, done=lambda _rows: total if raw.closed else raw.tell()
    )


def _csv_rows(text: io.TextIOWrapper, place: Place) -> Iterator[Sequence[Cell]]:
    reader = csv.reader(text, strict=True)
    row = 0
    while True:
        row += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except UnicodeDecodeError:
            problem = (
                f"is neither a workbook nor text in UTF-8, at or after row {row}; "  # text is decoded in blocks
                "save it as .xlsx or as CSV in UTF-8."
            )
            raise UnreadableFile(problem, place=place) from None
        except csv.Error as error:
            raise UnreadableFile(f"is not proper CSV ({_short(error)}).", place=_row(place, row)) from None
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            problem = f"is a damaged or truncated gzip file, at or after row {row} ({_short(error)})."
            raise UnreadableFile(problem, place=place) from None
        except OSError as error:
            problem = f"cannot be read on, at or after row {row} ({_short(error)})."
            raise UnreadableFile(problem, place=place) from None
        yield cells


def _row(place: Place, row: int) -> Place:
    return Place(file=place.file, row=row)


def _short(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
