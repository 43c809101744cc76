"""Compare on the live basis: a corridor's live services and a question → the answer as it is at one instant."""

from datetime import datetime

from app.compare.answers import (
    DEFAULT,
    SYNTHETIC,
    Comparison,
    ComparisonQuestion,
    no_price_here,
    relaxations,
    summary_of,
)
from app.compare.asking import Asking, LiveContext
from app.compare.benchmarks import one_mid_market, rank_stable
from app.compare.clocks import Clock
from app.domain.geography import Geography
from app.domain.live import CorridorLive
from app.domain.ranking import rank
from app.domain.vocabulary import Basis, Freshness


def compare_live(
    live: CorridorLive,
    question: ComparisonQuestion,
    *,
    context: LiveContext,
    geography: Geography,
    now: datetime,
) -> Comparison:
    """Rank a corridor's live offers for one question as seen at ``now`` (UTC).

    Raises ``InvalidParameter`` where no service is priced in the sending currency, or there is no default amount.
    """
    asking = Asking(live, question, context, geography)
    settled = asking.settled(now)
    candidates = [asking.candidate(service, now, settled) for service in live.services]
    ranking = rank(candidates, settled)
    beside = {offer.candidate.quote_ids: asking.beside(offer, now, settled) for offer in ranking.offers}
    evaluated_at, fresh_until = Clock(asking, ranking, settled).around(now)
    available = asking.benchmarks_available(settled, now)
    stable, stable_reason = rank_stable(asking, ranking, candidates, settled, available)
    mid, mid_reason = one_mid_market(asking, ranking.offers)
    return Comparison(
        corridor=live.corridor,
        sources=asking.sources(ranking, beside),
        basis=Basis.LIVE,
        basis_reason=context.basis_reason,
        period=None,
        freshness=stalest([one.freshness for one in beside.values()]),
        notices=(
            *((SYNTHETIC,) if context.is_synthetic else ()),
            *asking.notices(settled, now),
            *no_price_here(ranking, settled),
        ),
        amount=settled.amount,
        amount_currency=asking.amount_currency(settled),
        amount_is=settled.amount_is,
        sending_currency=settled.currency,
        receiving_currency=settled.receiving_currency,
        surveyed_amount_usd=None,
        amount_drifted=None,
        evaluated_at=evaluated_at,
        fresh_until=fresh_until,
        dataset_version=context.dataset_version,
        ranking=ranking,
        summary=summary_of(ranking.offers),
        figures=context.figures,
        figures_period=context.figures_period,
        relax=relaxations(candidates, settled) if not ranking.offers else (),
        minor_per_major=settled.minor_per_major,
        amount_units=10 ** geography.currency(asking.amount_currency(settled)).minor_units,
        benchmark=question.benchmark or DEFAULT,
        benchmarks_available=available,
        rank_stable=stable,
        rank_stable_reason=stable_reason,
        mid_market_rate=mid,
        mid_market_rate_reason=mid_reason,
        live=beside,
    )


_STALEST_FIRST = (Freshness.STALE, Freshness.AGING, Freshness.RECENT, Freshness.LIVE)


def stalest(found: list[Freshness]) -> Freshness:
    """Return the least fresh of the ranked offers' labels: the whole is called no fresher than any part of it."""
    return next((label for label in _STALEST_FIRST if label in found), Freshness.STALE)
