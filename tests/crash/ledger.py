"""What partners sent and what they were told: the account that the database has to agree with, whatever was killed."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final, NamedTuple

from tests.push.pushing import item

PROVIDER: Final = "example-transfer"
SERVICES: Final = 200  # prices of as many services: what is current stays small, however much is sent
ACKNOWLEDGED: Final = frozenset({200, 201, 202})


class Sent(NamedTuple):
    """A write under its key: where to, what, and how many items it has."""

    key: str
    path: str
    media_type: str
    body: bytes
    items: int

    @property
    def is_file(self) -> bool:
        """Whether it is a file, which is imported after it is acknowledged."""
        return self.path == "/v1/imports"


class Told(NamedTuple):
    """An answer that arrived."""

    status: int
    body: bytes
    is_replayed: bool

    @property
    def import_id(self) -> str:
        """The id of the import that it acknowledges."""
        said: dict[str, Any] = json.loads(self.body)
        return str(said.get("import_id") or said["id"])


@dataclass
class Ledger:
    """Everything that was sent, and the first answer to each key; safe to use from many threads."""

    began_at: datetime
    sent: dict[str, Sent] = field(default_factory=dict)
    told: dict[str, Told] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)
    attempts: int = 0
    refusals: dict[int, int] = field(default_factory=dict)
    lost_answers: int = 0
    items: int = 0
    _lock: Lock = field(default_factory=Lock)

    def batch(self, count: int) -> Sent:
        """Return a new batch of quotes that nobody sent before."""
        with self._lock:
            body = json.dumps({"quotes": [self._item() for _ in range(count)]}).encode()
            return self._keep("/v1/quotes", "application/json", body, count)

    def file(self, count: int) -> Sent:
        """Return a new file of quotes that nobody sent before."""
        with self._lock:
            body = b"".join(json.dumps(self._item()).encode() + b"\n" for _ in range(count))
            return self._keep("/v1/imports", "application/x-ndjson", body, count)

    def unanswered(self) -> list[Sent]:
        """Return what was sent and never acknowledged: whoever sent it sends it again."""
        with self._lock:
            return [sent for key, sent in self.sent.items() if key not in self.told]

    def hear(self, sent: Sent, told: Told) -> bool:
        """Take an answer, and say whether it acknowledges the write; two that differ for one key are a fault."""
        with self._lock:
            self.attempts += 1
            if told.status not in ACKNOWLEDGED:
                self.refusals[told.status] = self.refusals.get(told.status, 0) + 1
                return False
            first = self.told.setdefault(sent.key, told)
            if (first.status, first.body) != (told.status, told.body):
                self.differences.append(sent.key)
            if first is told and told.is_replayed:
                self.lost_answers += 1  # done before, and its answer never arrived
            return True

    def miss(self) -> None:
        """Take note that a connection ended without an answer."""
        with self._lock:
            self.attempts += 1

    def _keep(self, path: str, media_type: str, body: bytes, count: int) -> Sent:
        sent = Sent(f"write-{len(self.sent)}", path, media_type, body, count)
        self.sent[sent.key] = sent
        return sent

    def _item(self) -> dict[str, Any]:
        """Return an item that is a quote of its own: a service's price at an instant of its own."""
        self.items += 1
        observed_at = self.began_at - timedelta(hours=6) + timedelta(milliseconds=self.items)
        return item(
            external_id=f"service-{self.items % SERVICES}",
            observed_at=observed_at.isoformat(),
            valid_until=(observed_at + timedelta(days=2)).isoformat(),
        )
