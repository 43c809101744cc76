"""Keys are created, rotated and revoked: each in the transaction of its caller, and in the audit log."""

import secrets
from base64 import b32encode
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from app.domain.audit import Action, Detail
from app.domain.errors import InvalidParameter
from app.domain.key_errors import KeyNotActive, TooManyKeys, UnknownKey, UnknownPartner
from app.domain.key_rights import KeyRecord, KeyState, Rights, check_no_more, check_rights
from app.domain.keys import RANDOM_BYTES, ApiKey, digest, make_key
from app.domain.partners import Partner
from app.store import audit, keys, partners

LONGEST_NAME: Final = 80
LONGEST_OVERLAP: Final = timedelta(days=30)
MOST_ACTIVE_KEYS: Final = 100

_ID_BYTES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key that was just made: the only moment at which it is known."""

    record: KeyRecord
    key: ApiKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Who makes or ends keys, and when. ``actor`` as the audit log names it; ``secret`` is what keys are hashed under.

    ``creator``: the key that asks, which gives no more than it has; null for the operator, who may give anything.
    """

    actor: str
    now: datetime
    secret: bytes
    creator: KeyRecord | None = None


def create_key(connection: Connection, partner: Partner, wanted: Rights, name: str, by: Maker) -> NewKey:
    """Create a key. What its creator's key is limited to and ``wanted`` leaves open is limited the same.

    Raises InvalidParameter for rights or a name that make no sense, WrongScope where the creator's key has fewer, and
    TooManyKeys.
    """
    if by.creator is not None:
        networks = wanted.networks or by.creator.networks
        wanted = replace(wanted, networks=networks, expires_at=wanted.expires_at or by.creator.expires_at)
        check_no_more(wanted, by.creator.rights)
    check_rights(wanted, partner.kind, by.now)
    if partners.find(connection, partner.id) is None:
        raise UnknownPartner(text=partner.id)
    is_active = [key.state(by.now) is KeyState.ACTIVE for key in keys.listed(connection, partner.id)]
    if sum(is_active) >= MOST_ACTIVE_KEYS:
        raise TooManyKeys(most=MOST_ACTIVE_KEYS)
    made = _store(connection, partner.id, wanted, _checked(name), by)
    detail: Detail = {
        "partner": partner.id,
        "kind": made.record.kind.value,
        "scopes": sorted(scope.value for scope in made.record.scopes),
        "networks": [str(network) for network in made.record.networks],
        "expires_at": None if made.record.expires_at is None else made.record.expires_at.isoformat(),
    }
    audit.append(
        connection, at=by.now, actor=by.actor, action=Action.KEY_CREATED, subject=made.record.id, detail=detail
    )
    return made


def rotate_key(connection: Connection, old: KeyRecord, overlap: timedelta, by: Maker) -> NewKey:
    """Create a key that allows what another does, which ends after the overlap.

    The new one is good as long as the old one was to be. Raises KeyNotActive for one that ended or was rotated before,
    InvalidParameter for an overlap that is negative or longer than 30 days, and WrongScope where the creator's key
    allows less.
    """
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        most = LONGEST_OVERLAP // timedelta(hours=1)
        raise InvalidParameter(parameter="overlap_hours", expected=f"from 0 to {most} hours")
    if old.state(by.now) is not KeyState.ACTIVE or old.successor is not None:
        raise KeyNotActive(key=old.id, successor=old.successor)
    if by.creator is not None and by.creator.id != old.id:
        check_no_more(old.rights, by.creator.rights)
    made = _store(connection, old.partner, old.rights, old.name, by)
    ends_at = by.now + overlap
    keys.succeed(connection, old.id, made.record.id, ends_at)
    detail: Detail = {"partner": old.partner, "successor": made.record.id, "ends_at": ends_at.isoformat()}
    audit.append(connection, at=by.now, actor=by.actor, action=Action.KEY_ROTATED, subject=old.id, detail=detail)
    return made


def revoke_key(connection: Connection, key: KeyRecord, by: Maker) -> KeyRecord:
    """End a key for good, and return it as it is then; one that was revoked before stays as it was."""
    if key.revoked_at is not None:
        return key
    keys.revoke(connection, key.id, by.now)
    detail: Detail = {"partner": key.partner}
    audit.append(connection, at=by.now, actor=by.actor, action=Action.KEY_REVOKED, subject=key.id, detail=detail)
    return replace(key, revoked_at=by.now)


def find_key_of(connection: Connection, key_id: str, partner: str | None = None) -> KeyRecord:
    """Return a key by id; raise UnknownKey where there is none, or it is another partner's than the one named."""
    found = keys.find(connection, key_id)
    if found is None or (partner is not None and found.partner != partner):
        raise UnknownKey(text=key_id)
    return found


def _store(connection: Connection, partner: str, rights: Rights, name: str, by: Maker) -> NewKey:
    key = make_key(rights.kind, secrets.token_bytes(RANDOM_BYTES))
    record = KeyRecord(
        id=f"key_{b32encode(secrets.token_bytes(_ID_BYTES)).decode().lower()}",
        partner=partner,
        kind=rights.kind,
        shown=key.shown,
        name=name,
        scopes=rights.scopes,
        networks=rights.networks,
        created_at=by.now,
        created_by=by.actor,
        expires_at=rights.expires_at,
    )
    keys.add(connection, record, digest(by.secret, key))
    return NewKey(record=record, key=key)


def _checked(name: str) -> str:
    kept = name.strip()
    if len(kept) > LONGEST_NAME or (kept and not kept.isprintable()):
        expected = f"at most {LONGEST_NAME} visible characters"
        raise InvalidParameter(parameter="name", expected=expected, given=name)
    return kept
