"""Corridors: from a sending country to a receiving one, and how people write them."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from app.domain.errors import CorridorToItself, UnknownCorridor, quoted
from app.domain.searching import fold, nearest

LONGEST_CORRIDOR = 40
SUGGESTIONS = 3
LIKENESS_PERCENT = 60

_SEPARATORS = re.compile(r"\s*[-_/:>→‐‑–—−]+\s*|\s+to\s+|\s+", re.IGNORECASE)  # noqa: RUF001 -- people paste dashes
_LETTERS = re.compile(r"[A-Za-z]{4,6}")


@dataclass(frozen=True, slots=True, order=True)
class Corridor:
    """Two ISO 3166 alpha-3 codes; ``id`` joins them, ``GBR-PHL``."""

    sending: str
    receiving: str

    @property
    def id(self) -> str:
        """Return the corridor as it is written everywhere inside: ``GBR-PHL``."""
        return f"{self.sending}-{self.receiving}"


def parse_corridor(text: str, country_code: Callable[[str], str | None]) -> Corridor:
    """Read ``GBR-PHL``, ``gb-ph``, ``GBR → PHL`` or ``GBRPHL``; ``country_code`` gives a code's alpha-3 or null.

    Raises ``UnknownCorridor``, or ``CorridorToItself`` for a country twice.
    """
    parts = _parts(text.strip(), country_code) if len(text) <= LONGEST_CORRIDOR else None
    if parts is None:
        raise UnknownCorridor(text=text)
    sending, receiving = (country_code(part) for part in parts)
    if sending is None or receiving is None:
        unknown = [quoted(part) for part, code in zip(parts, (sending, receiving), strict=True) if code is None]
        verb = "is not a country's code" if len(unknown) == 1 else "are not countries' codes"
        detail = f"{quoted(text)} is not a corridor: {' and '.join(unknown)} {verb}; write it like GBR-PHL."
        raise UnknownCorridor(text=text, detail=detail)
    if sending == receiving:
        raise CorridorToItself(country=sending)
    return Corridor(sending, receiving)


def _parts(text: str, country_code: Callable[[str], str | None]) -> tuple[str, str] | None:
    """Return the two halves of a written corridor, or null where it has no two."""
    halves = _SEPARATORS.split(text)
    if len(halves) == 2 and all(halves):  # noqa: PLR2004 -- two ends
        return halves[0], halves[1]
    if not _LETTERS.fullmatch(text):
        return None
    cuts = [(text[:at], text[at:]) for at in (3, 2) if len(text) - at in (2, 3)]
    known = [cut for cut in cuts if all(country_code(part) for part in cut)]
    return known[0] if len(known) == 1 else cuts[0] if len(cuts) == 1 else None


def suggest(
    text: str, known: Iterable[str], names: Mapping[str, str] | None = None, most: int = SUGGESTIONS
) -> tuple[str, ...]:
    """Return the known corridor ids nearest to what was written: the other direction first, then likeness.

    ``names`` are country names by alpha-3 code, so that ``united kingdom philipines`` finds GBR-PHL.
    """
    ids = sorted(set(known))
    written = fold(text[: 2 * LONGEST_CORRIDOR])
    letters = written.replace(" ", "").upper()
    found = [corridor for corridor in ids if letters == corridor[4:] + corridor[:3]]
    by_letters = {corridor.replace("-", ""): corridor for corridor in ids}
    found += [by_letters[like] for like in nearest(letters, by_letters, most=most, likeness_percent=LIKENESS_PERCENT)]
    if names:
        by_names = {_spoken(corridor, names): corridor for corridor in ids}
        found += [by_names[like] for like in nearest(written, by_names, most=most, likeness_percent=LIKENESS_PERCENT)]
    return tuple(dict.fromkeys(found))[:most]


def near(corridor: Corridor, known: Iterable[str], most: int = SUGGESTIONS) -> tuple[str, ...]:
    """Return known corridors for one that is not covered: the other way, then to the same receiver, then from there."""

    def distance(other: str) -> int:
        sending, receiving = other[:3], other[4:]
        if (sending, receiving) == (corridor.receiving, corridor.sending):
            return 0
        return 1 if receiving == corridor.receiving else 2 if sending == corridor.sending else 3

    ranked = sorted((distance(other), other) for other in set(known))
    return tuple(other for far, other in ranked if far < 3)[:most]  # noqa: PLR2004 -- 3 is unrelated


def _spoken(corridor: str, names: Mapping[str, str]) -> str:
    sending, receiving = corridor[:3], corridor[4:]
    return fold(f"{names.get(sending, sending)} {names.get(receiving, receiving)}")
