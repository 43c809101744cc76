"""GET /v1/account/usage: what a partner may use, what is left of it, and what it used on each day."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from app.api.callers import PRIVATE
from app.api.counters import Standing
from app.api.deps import AccountDep, JsonOnlyDep
from app.api.formats import Answer, Json, encode, respond
from app.api.inputs import StrictRoute
from app.api.limits import Allowance
from app.api.shapes import Moment, OpenWord, Shape
from app.db import reading
from app.store import usage

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["account"])

DAYS = 90
REQUESTS = "requests"


class Limit(Shape):
    """How much of something may be used in each window of time, and how much is left of this one."""

    policy: Annotated[str, OpenWord(("burst", "daily", "quotes"))]
    unit: Annotated[str, OpenWord(("requests", "quotes"))]
    quota: int
    window_seconds: int
    remaining: int
    resets_at: Moment


class DayOfUse(Shape):
    """What was used on one day of UTC."""

    day: date
    requests: int = Field(description="Answered, without those that cost nothing: 304 and our own failures.")
    quotes: int = Field(description="Judged: pushed, corrected or tried out.")


class Usage(Shape):
    """A partner's plan and use."""

    plan: str
    limits: list[Limit] = Field(description="Of keys like the one that asks; empty where limits are turned off.")
    days: list[DayOfUse] = Field(
        description=f"The days of the last {DAYS} on which something was used, the newest first; counted within about "
        "ten seconds. Test keys are not counted."
    )


@router.get("/account/usage", name="account_usage", summary="What you used", responses={200: {"model": Usage}})
def account_usage(writing: AccountDep, _json: JsonOnlyDep) -> Response:
    """Return your plan, what is left of its limits, and what you used on each day."""
    allowance: Allowance = writing.request.scope["state"]["allowance"]
    standings = allowance.standings() if allowance.counters is not None else ()
    since = writing.main.clock().date() - timedelta(days=DAYS - 1)
    with reading(writing.main.engine) as connection:
        days = usage.listed(connection, writing.caller.partner.id, since)
    whole: dict[str, Json] = {
        "plan": allowance.terms.plan_name,
        "limits": [_limit(standing) for standing in standings],
        "days": [{"day": used.day, "requests": used.requests, "quotes": used.quotes} for used in days],
    }
    return respond(writing.request, Answer(body=encode(whole), cache_control=PRIVATE))


def _limit(standing: Standing) -> dict[str, Json]:
    policy = standing.policy
    return {
        "policy": policy.name,
        "unit": policy.unit or REQUESTS,
        "quota": policy.quota,
        "window_seconds": policy.seconds,
        "remaining": standing.remaining,
        "resets_at": datetime.fromtimestamp((standing.window + 1) * policy.seconds, UTC),
    }
