"""What partners push: bytes → items, each judged by itself."""

from typing import NamedTuple

from app.domain.geography import Geography
from app.domain.partners import Partner
from app.domain.terms import Terms
from app.domain.verdicts import Finding
from app.sources.source import LiveRecord


class ReadItem(NamedTuple):
    """An item that could be read: its record, and its price, which the record holds as text."""

    record: LiveRecord
    terms: Terms


class UnreadItem(NamedTuple):
    """An item that is refused as it is; ``external_id`` where that much could be read."""

    external_id: str | None
    findings: tuple[Finding, ...]


class ItemReader:
    """Reads the items of one partner."""

    def __init__(self, speaker: Partner, geography: Geography) -> None:
        """``speaker`` decides for which providers an item may speak."""
        self._speaker = speaker
        self._geography = geography

    def read(self, raw: bytes) -> ReadItem | UnreadItem:
        """Return one item, a JSON object, as a record; or why it cannot be one."""
        raise NotImplementedError


def split_batch(body: bytes) -> list[bytes]:
    """Return the items of ``{"quotes": [...]}``, each as the bytes of its JSON. Raises UnreadableFile, WrongLayout."""
    raise NotImplementedError
