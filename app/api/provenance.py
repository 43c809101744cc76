"""Where figures are from, as every answer with figures says it."""

from collections.abc import Collection, Iterable, Mapping

from app.api.formats import Json
from app.board import Board
from app.domain.methodology import METHODOLOGY_VERSION
from app.domain.operator_notices import OPERATOR_NOTICE, notices_about
from app.sources.source import Source, sources

NOTICES = {
    "prices_are_historical": "These prices are from a past survey round. Nobody may offer them today.",
    "synthetic_data": "These prices are invented, for demonstration. No provider offers them and none exists.",
    "no_live_quotes": "There are no live quotes here yet; the prices are those of a survey.",
    "not_comparable": "More than half of this corridor's surveyed prices are doubtful; do not compare its averages.",
    "nothing_published": "Nothing was published for this on the days asked about; the last row says what there is.",
    "several_services_repeat": "The survey repeats some rows; an offer says how many services it stands for.",
}


def notice(code: str) -> dict[str, Json]:
    """Return a notice with its text."""
    return {"code": code, "text": NOTICES[code]}


def attribution(keys: Iterable[str], known: Mapping[str, Source]) -> list[Json]:
    """Return the attribution of sources by key, sorted; ``known``: those of the board."""
    return [_attributed(known[key]) for key in sorted(set(keys))]


def _attributed(source: Source) -> dict[str, Json]:
    return {
        "source": source.key,
        "licence": source.licence,
        "text": source.attribution,
        "link": source.link,
        "reuse": {
            "display": source.reuse.display,
            "store": source.reuse.store,
            "redistribute": source.reuse.redistribute,
        },
    }


def about(
    keys: Iterable[str], board: Board | None, notices: Iterable[str] = (), *, corridors: Collection[str] = ()
) -> dict[str, Json]:
    """Return what an answer says beside its figures; synthetic sources add their notice. No board: no data yet.

    The operator's notices about the sources, and about the ``corridors`` that are shown, come first.
    """
    used = sorted(set(keys))
    known = sources() if board is None else board.sources
    said: list[Json] = [
        {"code": OPERATOR_NOTICE, "text": one.text}
        for one in notices_about(() if board is None else board.notices, corridors=corridors, sources=used)
    ]
    codes = dict.fromkeys(notices)
    if any(known[key].is_synthetic for key in used):
        codes = {"synthetic_data": None, **codes}
    return {
        "attribution": attribution(used, known),
        "dataset_version": 0 if board is None else board.dataset_version,
        "methodology_version": METHODOLOGY_VERSION,
        "notices": [*said, *(notice(code) for code in codes)],
    }
