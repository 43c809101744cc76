"""The clock of a rehearsal: a test key may say which time it is, to see what its quotes come to then."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from starlette.requests import Request

from app.api.callers import caller_of
from app.api.problems import BadRequestError, ErrorItem
from app.domain.partners import KeyKind

CLOCK_HEADER: Final = "X-ThreePercent-Clock"
FARTHEST: Final = timedelta(days=366)
"""So far from now, either way, the clock may be set."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)


def asked_clock(request: Request, now: datetime) -> datetime | None:
    """Return the time that a request with a test key says it is, null where it says nothing.

    Raises BadRequestError where anybody else says so, and for what is no time, or one too far from ``now``.
    """
    given = request.headers.getlist(CLOCK_HEADER)
    if not given:
        return None
    caller = caller_of(request)
    if caller is None or caller.kind is not KeyKind.TEST:
        raise _refused("clock-not-yours", f"{CLOCK_HEADER} is for test keys. Leave it out, or send a tp_test_ key.")
    clock = _read(given[0]) if len(given) == 1 else None
    if clock is None:
        raise _refused("invalid-clock", f"{CLOCK_HEADER}: expected one time with its zone, as 2026-11-23T09:00:00Z.")
    if abs(clock - now) > FARTHEST:
        raise _refused("invalid-clock", f"{CLOCK_HEADER}: expected a time within {FARTHEST.days} days of now.")
    return clock


def _read(text: str) -> datetime | None:
    if not _TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _refused(code: str, detail: str) -> BadRequestError:
    return BadRequestError([ErrorItem(pointer=f"/headers/{CLOCK_HEADER}", code=code, detail=detail)])
