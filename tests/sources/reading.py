"""What the tests of the reading child share: everything that a file said, or why it was refused."""

from pathlib import Path

import pytest

from app.domain.file_errors import SourceError
from app.sources.child import Limits, read_survey
from app.sources.frames import Batch, Tally
from app.sources.source import Refused, SurveyQuote

LIMITS = Limits(memory_bytes=2 * 2**30, seconds_per_50_mb=60)


class Read:
    """Everything that a file said."""

    def __init__(self, path: Path, limits: Limits = LIMITS) -> None:
        messages = list(read_survey(path, limits))
        batches = [each for each in messages if isinstance(each, Batch)]
        self.quotes: list[SurveyQuote] = [quote for batch in batches for quote in batch.quotes]
        self.refused: list[Refused] = [each for batch in batches for each in batch.refused]
        self.services = {service.id: service for batch in batches for service in batch.services}
        (self.tally,) = [each for each in messages if isinstance(each, Tally)]


def refusal(path: Path, limits: Limits = LIMITS) -> SourceError:
    with pytest.raises(SourceError) as caught:
        Read(path, limits)
    assert caught.value.detail.startswith(path.name)
    return caught.value
