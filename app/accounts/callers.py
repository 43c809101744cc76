"""Who a key belongs to: one look into the database, without the key itself."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from app.db import reading
from app.domain.key_errors import KeyRevoked
from app.domain.key_rights import Address, KeyRecord
from app.domain.partners import Caller, Partner
from app.store import keys, partners


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key that was created here, with its partner; null for one that was ended."""

    record: KeyRecord
    partner: Partner | None

    def caller(self, now: datetime, address: Address | None) -> Caller:
        """Return who calls; raise KeyRevoked, KeyExpired or WrongNetwork where the key is not good."""
        self.record.check(now, address)
        if self.partner is None:
            raise KeyRevoked
        return Caller(key_id=self.record.id, kind=self.record.kind, scopes=self.record.scopes, partner=self.partner)


def find_key(engine: Engine, digest: bytes) -> KnownKey | None:
    """Return the key of a digest, null where none was ever created."""
    with reading(engine) as connection:
        record = keys.find_by_digest(connection, digest)
        return None if record is None else KnownKey(record, partners.find(connection, record.partner))
