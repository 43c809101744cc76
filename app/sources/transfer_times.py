"""How long a transfer takes, as sources write durations, and the speed that can be relied on."""

import re
from fractions import Fraction
from typing import Any

from app.domain.methodology import SPEED_UP_TO_HOURS
from app.domain.vocabulary import TransferSpeed
from app.sources.json_documents import Number

_HOUR = 3600
_ISO = re.compile(
    r"P(?:([0-9]{1,6})W)?(?:([0-9]{1,6})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9}(?:\.[0-9]{1,12})?)S)?)?",
    re.ASCII,
)
_SECONDS = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?", re.ASCII)
_UNITS = (7 * 24 * _HOUR, 24 * _HOUR, _HOUR, 60, 1)


def seconds_of(value: Any) -> Fraction | None:  # noqa: ANN401 - JSON, in whatever shape it came
    """Return a duration in seconds: ISO 8601 (``PT20H8M16.305111S``, ``P2D``) or a plain number of seconds, else null.

    Months and years have no fixed length; they, negative durations and anything else are not read.
    """
    text = value.text if isinstance(value, Number) else value
    if not isinstance(text, str):
        return None
    if _SECONDS.fullmatch(text):
        return Fraction(text)
    match = _ISO.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    return sum((Fraction(part) * unit for part, unit in zip(match.groups(), _UNITS, strict=True) if part), Fraction(0))


def speed_of(estimation: Any) -> TransferSpeed | None:  # noqa: ANN401 - JSON, in whatever shape it came
    """Return the speed of ``{"duration": {"min", "max"}}``: the upper end decides; null where it cannot be read.

    Nothing said, or only a lower end (``from 2 days``), is unknown. A duration without two ends is both of them.
    """
    duration = estimation.get("duration") if isinstance(estimation, dict) else estimation
    upper = duration.get("max") if isinstance(duration, dict) else duration
    if upper is None:
        return TransferSpeed.UNKNOWN
    seconds = seconds_of(upper)
    if seconds is None:
        return None
    for hours, speed in SPEED_UP_TO_HOURS:
        if seconds <= hours * _HOUR:
            return speed
    return TransferSpeed.SIX_DAYS_OR_MORE
