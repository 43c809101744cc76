"""The Smart Remitter Target (SmaRT) of a corridor: what a well-informed sender with any means to pay can find.

The rule is the World Bank's: the mean of the three cheapest services that qualify by transparency, speed and coverage.
Its thresholds of coverage are unpublished and ours (``methodology.SmartRule``), so the figure is an estimate.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from app.domain.methodology import CEILING_PERCENT, SMART_RULE, TARGET_PERCENT, SmartRule
from app.domain.money import exact
from app.domain.quotes import Description, Quote
from app.domain.vocabulary import NetworkCoverage, SdgStatus, TransferSpeed


@dataclass(frozen=True, slots=True)
class SmartEstimate:
    """``percent``: the mean published total of ``members``, in percent; null where no service qualifies."""

    percent: Fraction | None
    members: tuple[Quote, ...]


def qualifies(description: Description, rule: SmartRule = SMART_RULE) -> bool:
    """Say whether a service counts: transparent, of known speed within the limit, coverage known and not low.

    Coverage is not asked of services that credit an account, wallet or card.
    """
    d = description
    if not d.is_transparent or d.transfer_speed is TransferSpeed.UNKNOWN:
        return False
    if d.transfer_speed.place > rule.max_speed.place:
        return False
    if any(method in rule.coverage_not_asked_of for method in d.receiving_methods):
        return True
    return d.network_coverage is not NetworkCoverage.UNKNOWN and d.network_coverage not in rule.low_coverage


def smart_estimate(quotes: Iterable[Quote], rule: SmartRule = SMART_RULE) -> SmartEstimate:
    """Return the SmaRT estimate of one corridor's quotes at one tier, over totals as published."""
    pool = sorted(
        (quote for quote in quotes if qualifies(quote.description, rule)),
        key=lambda quote: (quote.published_total_percent, quote.description.provider, quote.id),
    )
    members: list[Quote] = []
    providers: set[str] = set()
    for quote in pool:
        if len(members) == rule.services:
            break
        if rule.one_per_provider and quote.description.provider in providers:
            continue
        providers.add(quote.description.provider)
        members.append(quote)
    if not members:
        return SmartEstimate(None, ())
    total = sum((exact(quote.published_total_percent) for quote in members), Fraction(0))
    return SmartEstimate(total / len(members), tuple(members))


def sdg_status(smart_percent: Fraction | None) -> SdgStatus:
    """Return a corridor's place against SDG 10.c: below 3 %, at most 5 %, above, or unknown; from its SmaRT."""
    if smart_percent is None:
        return SdgStatus.UNKNOWN
    if smart_percent < TARGET_PERCENT:
        return SdgStatus.WITHIN_TARGET
    return SdgStatus.WITHIN_CEILING if smart_percent <= CEILING_PERCENT else SdgStatus.ABOVE_CEILING
