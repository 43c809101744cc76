"""Who offers a service: one id for the many spellings of a provider's name, and no name that pretends."""

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

from app.domain.errors import InvalidName
from app.domain.searching import fold, nearest

LONGEST_NAME = 200
SUGGESTIONS = 3
LIKENESS_PERCENT = 70

_JOINERS = "\u200c\u200d"  # the zero-width ones, which Persian and Indic spelling needs
_ARABIC = "\u0600"  # where the scripts that use them begin
_LOOK_ALIKE = frozenset({"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})


def provider_name(published: str) -> str:
    """Return a published name as it may be shown: NFC, runs of white space as one space.

    Raises ``InvalidName`` for one that is empty or absurdly long, that holds characters nobody sees (controls, bidi
    marks, unassigned ones), or that mixes Latin with look-alike letters within a word: it would pass for another
    provider (RELIABILITY 8).
    """
    if len(published) > LONGEST_NAME:
        raise InvalidName(text=published, reason=f"it is longer than {LONGEST_NAME} characters")
    name = unicodedata.normalize("NFC", " ".join(published.split()))
    if not fold(name):
        raise InvalidName(text=published, reason="it has neither letters nor digits")
    before = ""
    for character in name:
        if unicodedata.category(character)[0] == "C" and not (character in _JOINERS and before >= _ARABIC):
            raise InvalidName(text=published, reason=f"it holds the invisible character U+{ord(character):04X}")
        before = character
    for word in fold(name).split():
        scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in word if letter.isalpha()}
        if "LATIN" in scripts and scripts & _LOOK_ALIKE:
            raise InvalidName(text=published, reason="a word of it mixes alphabets whose letters look alike")
    return name


def provider_id(published: str, aliases: Mapping[str, str] | None = None) -> str:
    """Return the provider's id, a slug like ``multi-money-transfer``: the same for every spelling of one name.

    Case, accents, spaces and punctuation do not tell spellings apart; ``aliases`` (a spelling and the name that it
    stands for) unite those that differ by more. A name in another script ends in a hash of itself, so that its id is
    stable and its own. Raises ``InvalidName`` (see ``provider_name``).
    """
    own = _slug(published)
    for spelling, name in (aliases or {}).items():
        if _slug(spelling) == own:
            return _slug(name)
    return own


def suggest_providers(text: str, known: Iterable[str], most: int = SUGGESTIONS) -> tuple[str, ...]:
    """Return the known ids nearest to what was written, those that begin with it first."""
    ids = sorted(set(known))
    written = fold(text[:LONGEST_NAME]).replace(" ", "-")
    begun = [provider for provider in ids if written and provider.startswith(written)]
    return tuple(dict.fromkeys([*begun, *nearest(written, ids, most=most, likeness_percent=LIKENESS_PERCENT)]))[:most]


@lru_cache(maxsize=8192)
def _slug(published: str) -> str:
    words = fold(provider_name(published)).split()
    slug = "-".join(word for word in words if word.isascii())
    if all(word.isascii() for word in words):
        return slug
    digest = hashlib.blake2b(" ".join(words).encode(), digest_size=5).hexdigest()
    return f"{slug or 'provider'}-{digest}"
