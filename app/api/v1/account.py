"""GET /v1/account: a partner's plan, the providers that it speaks for, and its keys."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from app.api.callers import PRIVATE
from app.api.deps import AccountDep, JsonOnlyDep
from app.api.formats import Answer, Json, encode, respond
from app.api.inputs import StrictRoute
from app.api.shapes import OpenWord, Shape
from app.api.v1.account_keys import KeyShape, key_row
from app.db import reading
from app.domain.key_rights import CREATED_BY
from app.domain.partners import PartnerKind
from app.domain.vocabulary import ProviderType
from app.store import keys, partners

router = APIRouter(prefix="/v1/account", route_class=StrictRoute, tags=["account"])


class SpokenFor(Shape):
    """A provider that the partner speaks for."""

    id: str
    name: str
    type: Annotated[str, OpenWord(ProviderType)]


class PlanLimits(Shape):
    """What the plan allows; days are those of UTC."""

    name: str
    requests_per_minute: int
    requests_per_day: int
    quotes_per_day: int = Field(description="Quotes that are judged: pushed, corrected or tried out.")


class Account(Shape):
    """A partner, what it may do, and its keys."""

    id: str
    name: str
    kind: Annotated[str, OpenWord(PartnerKind)]
    source: str = Field(description="The key of the source that its quotes are of.")
    plan: PlanLimits
    providers: list[SpokenFor] = Field(description="Those it speaks for; an aggregator's: those it named so far.")
    key: str = Field(description="The id of the key that asks.")
    keys: list[KeyShape] = Field(description="All of them, the oldest first; a test key sees test keys only.")


@router.get("", name="account", summary="Your plan, providers and keys", responses={200: {"model": Account}})
def account(writing: AccountDep, _json: JsonOnlyDep) -> Response:
    """Return the account of the key's partner: what its plan allows, whom it speaks for, and its keys."""
    main, caller = writing.main, writing.caller
    with reading(main.engine) as connection:
        partner = partners.find(connection, caller.partner.id) or caller.partner
        found = keys.listed(connection, partner.id)
    plan = main.settings.plan(partner.plan)
    whole: dict[str, Json] = {
        "id": partner.id,
        "name": partner.name,
        "kind": partner.kind,
        "source": partner.source,
        "plan": {
            "name": partner.plan,
            "requests_per_minute": plan.requests_per_minute,
            "requests_per_day": plan.requests_per_day,
            "quotes_per_day": plan.quotes_per_day,
        },
        "providers": [
            {"id": key, "name": given.name, "type": given.type} for key, given in sorted(partner.providers.items())
        ],
        "key": caller.key_id,
        "keys": [key_row(key, main.clock()) for key in found if key.kind in CREATED_BY[caller.kind]],
    }
    return respond(writing.request, Answer(body=encode(whole), cache_control=PRIVATE))
