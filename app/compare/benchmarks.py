"""Which benchmarks a live answer could be measured against, and whether its order survives each of them."""

from fractions import Fraction

from app.compare.asking import Asking
from app.domain.costs import fx_margin_percent, total_cost
from app.domain.live import benchmark_of
from app.domain.ranking import Candidate, Offer, Question, Ranking, rank
from app.domain.rates import NoRate
from app.domain.vocabulary import Exclusion

_NEEDS_NONE = frozenset({"recipient_gets", "sender_pays"})


def rank_stable(
    asking: Asking, ranking: Ranking, candidates: list[Candidate], settled: Question, available: tuple[str, ...]
) -> tuple[bool | None, str | None]:
    """Say whether the offers keep their order under every available benchmark, and why that need not be looked at.

    Null where there is nothing to compare with. What is received, or paid for it, needs no benchmark to be ranked.
    """
    if not ranking.offers:
        return None, "no_offers"
    if ranking.key in _NEEDS_NONE:
        return True, "needs_no_benchmark"
    if len(available) < 2 and asking.question.benchmark is None:  # noqa: PLR2004 - nothing to compare with
        return None, "single_benchmark" if available else "no_benchmark"
    is_plain = all(excluded.reason != Exclusion.NO_BENCHMARK for excluded in ranking.excluded)
    here = [(offer.rank, offer.candidate.quote_ids) for offer in sorted(ranking.offers, key=lambda one: one.rank)]
    for institution in available:
        values = [_value(asking, offer, ranking.key, institution) for offer in ranking.offers] if is_plain else [None]
        if None in values:  # what is not a plain fee and rate has to be priced anew
            order = _order(rank([_against(asking, one, institution) for one in candidates], settled))
            if order != sorted(here):
                return False, None
            continue
        known = [value for value in values if value is not None]
        placed = [1 + sum(other < value for other in known) for value in known]
        if placed != [offer.rank for offer in ranking.offers]:
            return False, None
    return True, None


def _value(asking: Asking, offer: Offer, key: str, institution: str) -> Fraction | None:
    """Return an offer's value under the key against an institution's rate; null where its price has no one rate."""
    price = offer.price
    sighting = asking.sighting(offer.candidate)
    against = benchmark_of(sighting.first, asking.mid_market, institution)
    if price.offered_rate is None or against is None or len(sighting.quotes) > 1:
        return None
    cost = total_cost(price.principal, price.fee, fx_margin_percent(price.offered_rate, against.rate))
    return cost if key == "total_cost" else (cost + price.tax) / price.sender_pays


def _against(asking: Asking, candidate: Candidate, institution: str) -> Candidate:
    """Return a candidate with its margin against another institution's rate."""
    curve = asking.sighting(candidate).curve(asking.mid_market, institution)
    return asking.with_curve(candidate, curve)


def _order(ranking: Ranking) -> list[tuple[int, tuple[object, ...]]]:
    """Return who has which rank, ties in the order of their ids."""
    return sorted((offer.rank, offer.candidate.quote_ids) for offer in ranking.offers)


def one_mid_market(asking: Asking, offers: tuple[Offer, ...]) -> tuple[Fraction | None, str | None]:
    """Return the mid-market rate that all ranked offers share, or why there is no such one."""
    rates = {offer.price.mid_market_rate for offer in offers}
    if len(rates) > 1:
        return None, "differs_by_offer"
    rate = next(iter(rates), None)
    if rate is not None:
        return rate, None
    if not offers:
        return None, "no_offers"
    quote = asking.sighting(offers[0].candidate).first
    found = asking.mid_market(
        quote.sending_currency, quote.receiving_currency, quote.observed_at, asking.question.benchmark
    )
    return None, found.reason if isinstance(found, NoRate) else "rate_not_recorded"
