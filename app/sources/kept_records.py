"""Live quotes as text, for those that wait: all that a record says, so that one is stored later like any other."""

import json
from typing import Any

from app.sources.source import LiveRecord, Mapped

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def record_text(record: LiveRecord) -> str:
    """Return a record as canonical JSON, ids and hashes as hex."""
    said = record._asdict()
    said["service"] = record.service._asdict()
    said["service"]["id"] = record.service.id.hex()
    said["id"], said["content_hash"] = record.id.hex(), record.content_hash.hex()
    return _ENCODER.encode(said)


def record_from(text: str) -> LiveRecord:
    """Return the record that ``record_text`` wrote."""
    said: dict[str, Any] = json.loads(text)
    service: dict[str, Any] = said.pop("service")
    for name in ("payment_instruments", "access_points", "receiving_methods", "notes"):
        service[name] = tuple(service[name])
    service["published"] = tuple((name, value) for name, value in service["published"])
    mapped = Mapped(**{**service, "id": bytes.fromhex(service["id"])})
    bare = {"id": bytes.fromhex(said["id"]), "content_hash": bytes.fromhex(said["content_hash"])}
    return LiveRecord(**{**said, **bare, "service": mapped})
