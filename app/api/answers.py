"""How everything but a list answers: one JSON object, cut down to the fields that were asked for."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from starlette.responses import Response

from app.api.deps import Reading
from app.api.formats import Answer, Json, encode, respond
from app.api.projection import project


def answer_with(
    reading: Reading,
    whole: Mapping[str, Json],
    *,
    fields: Sequence[str] | None = None,
    fresh_until: datetime | None = None,
) -> Response:
    """Answer a read with a document; ``fresh_until``: when time alone will change it, null for never."""
    return respond(
        reading.request,
        Answer(
            body=encode(project(whole, fields)),
            cache_control=reading.cache_control(fresh_until),
            language=reading.language,
        ),
    )
