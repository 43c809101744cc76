"""Names that pass for one another: how a name looks at a glance, whatever its letters are."""

from functools import lru_cache
from typing import Final

from app.domain.searching import fold

_LIKE: Final = {
    "a": "\u0430\u03b1",
    "b": "\u044c\u04328\u03b2",
    "c": "\u0441\u03f2",
    "d": "\u0501\u056a",
    "e": "\u0435\u0454\u03b53",
    "g": "\u0581\u0261",
    "h": "\u04bb\u043d\u0570",
    "j": "\u0458\u0575",
    "k": "\u043a\u03ba",
    "l": "i1\u0131\u0456\u03b9|",
    "m": "\u043c",
    "n": "\u0578\u03b7\u043f",
    "o": "0\u043e\u03bf\u0585\u03c3",
    "p": "\u0440\u03c1",
    "q": "\u051b\u0563",
    "r": "\u0433",
    "s": "\u04555\u03c2",
    "t": "\u0442\u03c4",
    "u": "\u057d\u03c5",
    "v": "\u0475\u03bd",
    "w": "\u051d\u0448",
    "x": "\u0445\u03c7",
    "y": "\u0443\u04af\u03b3",
}
"""Letters and digits that look like a Latin letter, as ``fold`` writes them: a part of Unicode's
confusables, of the Cyrillic, Greek and Armenian alphabets (https://www.unicode.org/reports/tr39/)."""

_LETTERS: Final = str.maketrans({other: letter for letter, others in _LIKE.items() for other in others})
_PAIRS: Final = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_LEGAL_FORMS: Final = frozenset(
    {
        *("ag", "bv", "co", "company", "corp", "corporation", "gmbh", "inc", "incorporated", "limited", "llc", "llp"),
        *("ltd", "nv", "plc", "pte", "pty", "pvt", "sa", "sarl", "spa"),
    }
)


@lru_cache(maxsize=8192)
def appearance(name: str) -> str:
    """Return what is left of a name at a glance: ``W1se Inc.``, ``WISE`` and ``wise`` are one.

    Case, accents, spaces, punctuation and legal forms are gone; digits and letters of other alphabets stand as the
    Latin letters that they look like, and two letters that look like one as that one. Empty where nothing is left.
    """
    words = [word for word in fold(name).split() if word not in _LEGAL_FORMS]
    seen = "".join(words).translate(_LETTERS)
    for pair, letter in _PAIRS:
        seen = seen.replace(pair, letter)
    return seen
