"""The languages that names are known in, and which of them a reader gets."""

import re

# Those that migrants and their families read, as far as CLDR covers them well.
LANGUAGES = (
    "en", "am", "ar", "bn", "de", "es", "fa", "fil", "fr", "ha", "hi", "id", "it", "ne", "nl", "pl", "pt", "ro", "ru",
    "si", "so", "sw", "ta", "th", "tr", "uk", "ur", "vi", "yo", "zh",
)  # fmt: skip
DEFAULT = "en"
LONGEST_HEADER = 500

# Other tags for the same language: old ISO 639 codes, and close standards.
_SAME = {"in": "id", "tl": "fil", "mo": "ro", "prs": "fa", "pes": "fa", "cmn": "zh", "arb": "ar", "swa": "sw"}
_RANGE = re.compile(r"([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9]{1,8})*(?:\s*;\s*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?")


def find_language(tag: str) -> str | None:
    """Return our language of a BCP 47 tag (``pt-BR`` is ``pt``, ``tl`` is ``fil``), or null."""
    primary = re.split(r"[-_]", tag.strip()[:LONGEST_HEADER], maxsplit=1)[0].lower()
    language = _SAME.get(primary, primary)
    return language if language in LANGUAGES else None


def negotiate(accept_language: str | None) -> str:
    """Return the language that an ``Accept-Language`` header likes best among ours; English where none fits.

    Ranges that are no ranges are passed over; of equally liked ones the first counts (RFC 4647, lookup).
    """
    liked: list[tuple[int, int, str]] = []
    for position, written in enumerate((accept_language or "")[:LONGEST_HEADER].split(",")):
        match = _RANGE.fullmatch(written.strip())
        if match is None:
            continue
        language = DEFAULT if match[1] == "*" else find_language(match[1])
        thousandths = int(((match[2] or "1").replace(".", "") + "000")[:4])
        if language is not None and thousandths:
            liked.append((-thousandths, position, language))
    return min(liked)[2] if liked else DEFAULT
