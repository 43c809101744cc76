"""What live margins are measured against, in words: the rate, its day, whose it is, its age; or why there is none."""

from collections.abc import Iterator, Mapping
from datetime import date

from app.compare import Comparison
from app.domain.money import rate_out
from app.domain.ranking import Offer
from app.domain.rates import Institution, ReferenceRate
from app.domain.vocabulary import RateType

_ORDER = {
    (True, "needs_no_benchmark"): "The order rests on no benchmark.",
    (True, None): "The order is the same under every benchmark: {}.",
    (False, None): "Another benchmark gives another order; there is {}.",
    (None, "single_benchmark"): "There is no other benchmark.",
}


def benchmark(comparison: Comparison, institutions: Mapping[str, Institution], today: date) -> Iterator[str]:
    """Say what margins are measured against and whether that decides the order; nothing where nothing is ranked."""
    offers = comparison.ranking.offers
    if not offers:
        return
    price = offers[0].price
    pair = price.currency, price.receiving_currency or comparison.receiving_currency or "the currency received"
    references = _references(comparison)
    if comparison.mid_market_rate is not None:
        rate = f"Mid-market rate: 1 {pair[0]} = {rate_out(comparison.mid_market_rate):f} {pair[1]}"
        yield f"{rate}, {_described(references, institutions, today)}."
    elif comparison.mid_market_rate_reason == "differs_by_offer":
        yield "The mid-market rate differs by offer, as each price is measured by what counted when it was seen:"
        yield f"  {_described(references, institutions, today)}."
    else:
        why = {
            "rate_too_old": "the newest reference rate is more than 7 days old",
            "no_reference_rate": "there is no reference rate",
        }
        reason = comparison.mid_market_rate_reason or ""
        yield f"No mid-market rate of {pair[0]} in {pair[1]}: {why.get(reason, reason.replace('_', ' '))}."
    order = _ORDER.get((comparison.rank_stable, comparison.rank_stable_reason))
    if order is not None:
        yield order.format(", ".join(comparison.benchmarks_available))


def _references(comparison: Comparison) -> list[ReferenceRate | None]:
    """Return what the ranked offers are measured against; null: a rate that their source declares itself."""
    return [
        beside.reference
        for offer in comparison.ranking.offers
        if _is_measured(offer) and (beside := comparison.beside(offer)) is not None
    ]


def _is_measured(offer: Offer) -> bool:
    return offer.price.mid_market_rate is not None


def _described(references: list[ReferenceRate | None], known: Mapping[str, Institution], today: date) -> str:
    """Return what kinds of rates these are, of which days and whose: ``daily fixing of … by …, 3 days old``."""
    parts = []
    published = [one for one in references if one is not None]
    fixings = [one for one in published if one.rate_type is RateType.DAILY_FIXING]
    if fixings:
        days = sorted({one.day for one in fixings if one.day is not None})
        names = sorted({known[key].name if key in known else key for one in fixings for key in one.institutions})
        parts.append(f"daily fixing of {_days(days)} by {' and '.join(names)}, {_ages(days, today)} old")
    if any(one.rate_type is RateType.DECLARED_PEG for one in published):
        parts.append("declared peg")
    if any(one.rate_type is RateType.SAME_CURRENCY for one in published):
        parts.append("nothing is exchanged")
    if None in references:
        parts.append("declared by the source of the prices itself")
    return ", or ".join(parts)


def _days(days: list[date]) -> str:
    return str(days[0]) if len(days) == 1 else f"{days[0]} to {days[-1]}"


def _ages(days: list[date], today: date) -> str:
    newest, oldest = ((today - day).days for day in (days[-1], days[0]))
    return f"{newest} to {oldest} days" if newest != oldest else "1 day" if oldest == 1 else f"{oldest} days"
