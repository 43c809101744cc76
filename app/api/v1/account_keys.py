"""POST and DELETE /v1/account/keys: a partner creates, rotates and revokes its own keys."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Path, Request
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from app import db
from app.accounts import LONGEST_OVERLAP, Maker, NewKey, create_key, find_key_of, key_secret, revoke_key, rotate_key
from app.api.bodies import read_json
from app.api.callers import PRIVATE
from app.api.deps import AccountDep, JsonOnlyDep, Writing
from app.api.formats import JSON, Json, encode
from app.api.inputs import StrictRoute
from app.api.problems import BadRequestError, ErrorItem, without_echo
from app.api.shapes import Moment, OpenWord, Shape
from app.api.writers import write
from app.domain.audit import by_key
from app.domain.errors import InvalidParameter
from app.domain.key_errors import KeyRevoked, UnknownKey
from app.domain.key_rights import CREATED_BY, KeyRecord, KeyState, Rights, read_networks
from app.domain.partners import KeyKind, Scope
from app.sources.json_documents import Exact
from app.store import partners

router = APIRouter(prefix="/v1/account", route_class=StrictRoute, tags=["account"])

DEFAULT_OVERLAP_HOURS: Final = 24
MOST_OVERLAP_HOURS: Final = LONGEST_OVERLAP // timedelta(hours=1)


class KeyShape(Shape):
    """A key as it is shown: never the key itself."""

    id: str
    shown: str = Field(description="Its first characters, by which you tell it from others.")
    name: str = Field(description="What you called it; empty where you did not.")
    kind: Annotated[str, OpenWord(KeyKind)]
    scopes: list[str] = Field(description="What it allows beside public reads.")
    networks: list[str] = Field(description="Addresses that it is good from; empty: from all.")
    state: Annotated[str, OpenWord(KeyState)]
    created_at: Moment
    created_by: str = Field(description="`key:` and the key that created it; `operator` where it was the operator.")
    expires_at: Moment | None = Field(description="Null: it does not end by itself.")
    revoked_at: Moment | None
    last_used_at: Moment | None = Field(description="Within about ten seconds; null: it was not used yet.")
    successor: str | None = Field(description="The key that took its place when it was rotated.")


class NewKeyShape(KeyShape):
    """A key that was just created, with the key itself: this is the only time that it is shown."""

    key: str = Field(description="Keep it safe: nobody can show it to you again.")


class KeyRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is asked: a new key, or one in the place of another; what is left out is as the key that asks has it."""

    name: str = ""
    kind: KeyKind | None = None
    scopes: Sequence[Scope] | None = None
    networks: Sequence[str] = ()
    expires_at: str | None = None
    rotates: str | None = None
    overlap_hours: Exact | None = None

    def rights(self, creator: KeyRecord) -> Rights:
        """Return what the new key is to allow."""
        if self.overlap_hours is not None:
            raise InvalidParameter(parameter="overlap_hours", expected="it only beside rotates")
        if self.scopes is None:
            raise InvalidParameter(parameter="scopes", expected="a list of scopes; an empty one for a key that reads")
        return Rights(
            kind=self.kind or creator.kind,
            scopes=frozenset(self.scopes),
            networks=read_networks(self.networks),
            expires_at=_instant(self.expires_at),
        )

    def overlap(self) -> timedelta:
        """Return how long the key that is rotated is good as well; a rotation says nothing else."""
        said = {"name": self.name, "kind": self.kind, "scopes": self.scopes, "networks": self.networks}
        for field, value in {**said, "expires_at": self.expires_at}.items():
            if value:
                raise InvalidParameter(parameter=field, expected="none beside rotates: the new key allows the same")
        if self.overlap_hours is None:
            return timedelta(hours=DEFAULT_OVERLAP_HOURS)
        hours = self.overlap_hours.value
        if hours != int(hours) or not 0 <= hours <= MOST_OVERLAP_HOURS:
            expected = f"a whole number from 0 to {MOST_OVERLAP_HOURS}"
            raise InvalidParameter(parameter="overlap_hours", expected=expected)
        return timedelta(hours=int(hours))


_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {
                "schema": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "name": {"type": "string", "maxLength": 80, "description": "What you call it."},
                        "kind": {"type": "string", "enum": [kind.value for kind in KeyKind]},
                        "scopes": {
                            "type": "array",
                            "items": {"type": "string", "enum": [scope.value for scope in Scope]},
                            "description": "Required unless it rotates: those of the key that asks, or fewer.",
                        },
                        "networks": {
                            "type": "array",
                            "items": {"type": "string", "examples": ["203.0.113.0/24"]},
                            "maxItems": 50,
                            "description": "Addresses that it is good from; left out: as of the key that asks.",
                        },
                        "expires_at": {"type": "string", "format": "date-time"},
                        "rotates": {
                            "type": "string",
                            "description": "The id of a key whose place it takes, allowing the same.",
                        },
                        "overlap_hours": {
                            "type": "integer",
                            "minimum": 0,
                            "maximum": MOST_OVERLAP_HOURS,
                            "default": DEFAULT_OVERLAP_HOURS,
                            "description": "Only beside `rotates`: how long the old key is good as well.",
                        },
                    },
                    "examples": [{"name": "nightly batch", "scopes": ["quotes:write"]}],
                }
            }
        },
    }
}


@router.post(
    "/keys",
    name="create_key",
    summary="Create a key, or rotate one",
    status_code=201,
    responses={201: {"model": NewKeyShape}},
    openapi_extra=_BODY,
)
async def create(request: Request, writing: AccountDep, _json: JsonOnlyDep) -> Response:
    """Create a key with the scopes of the one that asks, or fewer; or one that takes another's place.

    No key creates one that allows more than it does itself: a test key creates test keys only, and one that is good
    from certain addresses, or until an instant, creates keys that are as limited. The answer shows the key, once.
    """
    asked = await read_json(request, KeyRequest)
    made = await write(_create, writing, asked)
    body = {**key_row(made.record, writing.main.clock()), "key": made.key.text}
    return Response(encode(body), status_code=201, media_type=JSON, headers={"Cache-Control": PRIVATE})


@router.delete("/keys/{key_id}", name="revoke_key", summary="Revoke a key", responses={200: {"model": KeyShape}})
def revoke(
    writing: AccountDep,
    key_id: Annotated[str, Path(description="A key's id from GET /v1/account, which is not the key.")],
    _json: JsonOnlyDep,
) -> Response:
    """End a key: within a second it is good nowhere any more. Revoking it again changes nothing."""

    def work(connection: Connection) -> KeyRecord:
        return revoke_key(connection, _visible(connection, key_id, writing), _maker(connection, writing))

    ended = db.transact(writing.main.engine, work)
    answer = encode(key_row(ended, writing.main.clock()))
    return Response(answer, media_type=JSON, headers={"Cache-Control": PRIVATE})


def key_row(key: KeyRecord, now: datetime) -> dict[str, Json]:
    """Return a key as answers show it; who of the operator's people created it is not told."""
    return {
        "id": key.id,
        "shown": key.shown,
        "name": key.name,
        "kind": key.kind,
        "scopes": sorted(key.scopes),
        "networks": [str(network) for network in key.networks],
        "state": key.state(now),
        "created_at": key.created_at,
        "created_by": key.created_by if key.created_by.startswith("key:") else "operator",
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
        "successor": key.successor,
    }


def _create(writing: Writing, asked: KeyRequest) -> NewKey:
    def work(connection: Connection) -> NewKey:
        by = _maker(connection, writing)
        creator = find_key_of(connection, writing.caller.key_id)
        if creator.state(by.now) is not KeyState.ACTIVE:  # one that is revoked is remembered as good for a second
            raise KeyRevoked
        if asked.rotates is not None:
            return rotate_key(connection, _visible(connection, asked.rotates, writing), asked.overlap(), by)
        partner = partners.find(connection, writing.caller.partner.id) or writing.caller.partner
        return create_key(connection, partner, asked.rights(creator), asked.name, by)

    with _of_the_body():
        return db.transact(writing.main.engine, work)


def _maker(connection: Connection, writing: Writing) -> Maker:
    return Maker(
        actor=by_key(writing.caller.key_id),
        now=writing.main.clock(),
        secret=key_secret(writing.main.settings),
        creator=find_key_of(connection, writing.caller.key_id),
    )


def _visible(connection: Connection, key_id: str, writing: Writing) -> KeyRecord:
    """Return a key of the account that the key which asks may see; another's is unknown, like one that never was."""
    found = find_key_of(connection, key_id, writing.caller.partner.id)
    if found.kind not in CREATED_BY[writing.caller.kind]:
        raise UnknownKey(text=key_id)
    return found


@contextmanager
def _of_the_body() -> Iterator[None]:
    """Let an error point at the field of the body that caused it."""
    try:
        yield
    except InvalidParameter as error:
        pointer = f"/body/{error.parameter}"
        raise BadRequestError([ErrorItem(pointer=pointer, code=error.code, detail=without_echo(error))]) from None


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InvalidParameter(parameter="expires_at", expected="an instant with its zone, such as 2027-01-31T12:00:00Z")
