"""Finding things by what people type: blind to accents, case and punctuation, in any script."""

import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher
from fractions import Fraction

SHORT_WORD = 3
LONGEST_QUERY = 100


def fold(text: str) -> str:
    """Return text as search sees it: ``Côte d’Ivoire`` is ``cote d ivoire``.

    Compatibility forms are unified, accents dropped where the letter stands without them, and everything that is no
    letter, digit or combining vowel sign becomes one space.
    """
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = []
    for character in decomposed:
        category = unicodedata.category(character)
        if category == "Mn" and unicodedata.combining(character) in _ACCENTS:
            continue
        kept.append(character if category[0] in "LNM" else " ")
    spaced = "".join(_PLAIN.get(character, character) for character in kept)
    return " ".join(unicodedata.normalize("NFC", spaced).split())


def matches(query: str, texts: Iterable[str]) -> bool:
    """Say whether every word of the query is found in the texts together.

    A word of one or two Latin letters must begin a word (``ph`` finds Philippines, not Joseph); a longer one, or one
    in another script, may stand anywhere (``stan`` finds Pakistan; Chinese and Thai do not part words). An empty query
    matches everything.
    """
    words = fold(query[:LONGEST_QUERY]).split()
    if not words:
        return True
    haystack = " " + " ".join(fold(text) for text in texts)
    return all((f" {word}" if len(word) < SHORT_WORD and word.isascii() else word) in haystack for word in words)


def nearest(text: str, candidates: Iterable[str], *, most: int, likeness_percent: int) -> list[str]:
    """Return the candidates most like a text, likest first, ties in alphabetical order.

    Likeness is difflib's: twice the characters in matching blocks over those of both texts, here exact.
    """
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(text)
    found = []
    for candidate in set(candidates):
        matcher.set_seq1(candidate)
        together = len(text) + len(candidate)
        if not together or 100 * matcher.quick_ratio() < likeness_percent:
            continue
        matched = sum(block.size for block in matcher.get_matching_blocks())
        likeness = Fraction(200 * matched, together)
        if likeness >= likeness_percent:
            found.append((-likeness, candidate))
    return [candidate for _, candidate in sorted(found)[:most]]


# Canonical combining classes of marks that sit above, below or on a letter of Latin, Greek, Cyrillic, Hebrew or
# Arabic. Virama and nukta of Indic scripts (9, 7), Thai vowels (0, 103, 107) and kana voicing (8) are not accents.
_ACCENTS = frozenset({1, *range(10, 36), 202, 214, 216, 218, 220, 222, 224, 226, 228, 230, 232, 233, 234, 240})
# Letters that Unicode does not decompose, as people without them type them.
_PLAIN = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i", "ħ": "h", "ŧ": "t"}
