"""Answers as they were known at an instant: the board of then instead of today's, and how long they may be kept."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import Query

from app import db
from app.api.deps import Reading
from app.api.inputs import Instant
from app.api.noted import note_version
from app.api.past_boards import Known
from app.api.problems import caused_by
from app.board import load_as_of
from app.domain.errors import InvalidParameter, NoDataYet
from app.store import versions

AsOfParameter = Annotated[
    Annotated[datetime | None, Instant()],
    Query(
        description="As it was known at this instant (RFC 3339, UTC): with what had been imported, corrected and "
        "withdrawn by then. Such an answer never changes. With `period`: that quarter's prices as known then."
    ),
]

Asked = TypeVar("Asked", bound=Reading)


def as_known(reading: Asked, as_of: datetime | None, corridor: str | None = None) -> Asked:
    """Return a read of what was known at an instant, at that instant; null: the read as it is.

    ``corridor``, as somebody wrote it: the only one that is asked about. Raises InvalidParameter for the future, and
    NoDataYet where nothing was known then.
    """
    if as_of is None:
        return reading
    if as_of > reading.now:
        with caused_by("as_of"):
            raise InvalidParameter(parameter="as_of", expected="an instant that has passed")
    shared, present = reading.shared, reading.board
    asked = None if corridor is None else shared.geography.corridor(corridor, present.corridors).id
    with db.reading(shared.engine) as connection:
        version = versions.version_as_of(connection, as_of, present.shown)
        if version is None:
            first = versions.first_version(connection, present.shown)
            since = "" if first is None else f" The first are of {first.committed_at:%Y-%m-%dT%H:%M:%SZ}."
            raise NoDataYet(f"No prices were known at that time.{since}")
        board = shared.past_boards.get(
            Known(version.version, asked, present.shown),
            lambda: load_as_of(
                connection,
                shared.geography,
                as_of,
                sources=present.sources,
                shown=present.shown,
                corridor=asked,
            ),
        )
    note_version(reading.request, board.dataset_version)
    board = replace(board, sources=present.sources)  # it may have been kept since before a partner came
    return replace(reading, board=board, now=as_of, as_of=as_of, asked_at=reading.now)
