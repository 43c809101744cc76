"""All corridors on the live basis: each one's figures at its default amount, as they are at one instant."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.board import Board
from app.compare.answers import Comparison, ComparisonQuestion
from app.compare.asking import live_context
from app.compare.live import compare_live, stalest
from app.domain.errors import InvalidParameter, NoLiveQuotes
from app.domain.geography import Geography
from app.domain.indicators import CorridorFigures
from app.domain.smart import SmartEstimate
from app.domain.vocabulary import Caution, Freshness, SdgStatus

RECENT_PERIODS = 4

_OF_CORRIDORS = (Caution.RECEIVER_CONVERTS_LATER, Caution.ESTIMATE_BY_COMPETITOR, Caution.SOURCES_DISAGREE)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCorridors:
    """``figures``: null where a corridor has live services and none can be ranked. The clocks are those of the list."""

    figures: Mapping[str, CorridorFigures | None]
    sources: tuple[str, ...]
    freshness: Freshness
    evaluated_at: datetime
    fresh_until: datetime | None

    def holds(self, now: datetime) -> bool:
        """Say whether time has not changed the list yet."""
        return self.evaluated_at <= now and (self.fresh_until is None or now < self.fresh_until)


def live_corridors(board: Board, geography: Geography, now: datetime) -> LiveCorridors:
    """Return every corridor with live quotes, at about USD 200 of equal total paid (METHODOLOGY).

    Raises ``NoLiveQuotes`` where no corridor has any.
    """
    if not board.live:
        known = ", ".join(reversed(board.surveyed[-RECENT_PERIODS:])) or "none"
        raise NoLiveQuotes(f"There are survey rounds ({known}).")
    figures: dict[str, CorridorFigures | None] = {}
    sources: set[str] = set()
    freshness: list[Freshness] = []
    changed, following = [board.committed_at or board.loaded_at], []
    for corridor, live in sorted(board.live.items()):
        context = live_context(board, corridor, basis_reason="asked_for", is_asked=True)
        try:
            answer = compare_live(live, ComparisonQuestion(), context=context, geography=geography, now=now)
        except InvalidParameter:  # no reference rate says what USD 200 is
            figures[corridor] = None
            continue
        figures[corridor] = _figures(answer)
        sources.update(answer.sources)
        freshness += [one.freshness for one in answer.live.values()]
        changed.append(answer.evaluated_at)
        following += [] if answer.fresh_until is None else [answer.fresh_until]
    return LiveCorridors(
        figures=figures,
        sources=tuple(sorted(sources)),
        freshness=stalest(freshness),
        evaluated_at=max(changed),
        fresh_until=min(following, default=None),
    )


def _figures(answer: Comparison) -> CorridorFigures | None:
    """Return the figures of an answer's ranked offers; SmaRT and SDG words are a survey's alone."""
    summary = answer.summary
    if not summary.offers:
        return None
    found = {caution for offer in answer.ranking.offers for caution in offer.cautions}
    return CorridorFigures(
        services=summary.services,
        providers=summary.providers,
        excluded_services=len(answer.ranking.excluded),
        average_percent=summary.average_percent,
        average_recomputed_percent=None,
        median_percent=summary.median_percent,
        cheapest_percent=summary.cheapest_percent,
        cheapest_ranked_percent=summary.cheapest_percent,
        smart=SmartEstimate(None, ()),
        sdg_status=SdgStatus.UNKNOWN,
        comparable=summary.average_percent is not None,
        cautions=tuple(caution for caution in _OF_CORRIDORS if caution in found),
    )
