"""How long to wait before the next attempt, and what a host says about it."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0  # seconds
_LONGEST_ASKED = timedelta(days=1)  # whoever names a later time than this may be asked again then
_SECONDS = re.compile(r"[0-9]{1,20}")
_LONGEST_DATE = 64


def pause(failed: int, random: float) -> float:
    """Return the seconds to wait after so many failed attempts: full jitter, from 0 to a bound that doubles.

    ``random`` is between 0 and 1, so that many who failed at once do not come back at once.
    """
    return random * min(_LONGEST_PAUSE, _FIRST_PAUSE * (1 << failed - 1))


def retry_at(header: str | None, now: datetime) -> datetime | None:
    """Return when ``Retry-After`` (seconds or an HTTP date) wants to be asked again, a day from now at most.

    None where it says nothing that could be meant: no number, a negative one, a time that has passed.
    """
    if header is None:
        return None
    text = header.strip()
    if _SECONDS.fullmatch(text):
        wanted = now + min(timedelta(seconds=min(int(text), 10**6)), _LONGEST_ASKED)
    else:
        dated = http_date(text)
        if dated is None:
            return None
        wanted = min(dated, now + _LONGEST_ASKED)
    return wanted if wanted > now else None


def http_date(text: str) -> datetime | None:
    """Return the instant of an HTTP date, None where it is none."""
    if len(text) > _LONGEST_DATE or not text.endswith("GMT"):
        return None
    try:
        return parsedate_to_datetime(text).replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
