"""What a person writes for everybody to read: why something was corrected, withdrawn or hidden, and notices."""

import re
from typing import Final
from unicodedata import normalize

from app.domain.errors import InvalidParameter

LONGEST_REASON: Final = 200
LONGEST_NOTICE: Final = 500

VISIBLE: Final = r"^[^\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+$"
"""Text without controls and without what turns the direction of reading."""

_KEY: Final = re.compile(r"tp_(live|test|pub)_", re.IGNORECASE)


def reason(text: str, *, parameter: str = "reason") -> str:
    """Return a reason as it is stored and shown; raise InvalidParameter where it is none."""
    return _line(text, parameter, LONGEST_REASON)


def notice_text(text: str, *, parameter: str = "text") -> str:
    """Return a notice as it is stored and shown; raise InvalidParameter where it is none."""
    return _line(text, parameter, LONGEST_NOTICE)


def _line(text: str, parameter: str, longest: int) -> str:
    line = normalize("NFC", text.strip())
    if not line or len(text) > longest or not re.fullmatch(VISIBLE, text):
        raise InvalidParameter(parameter=parameter, expected=f"a line of 1 to {longest} visible characters")
    if _KEY.search(line):
        raise InvalidParameter(parameter=parameter, expected="a text for everybody to read, without any key")
    return line
