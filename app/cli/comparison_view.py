"""A comparison for a person at a terminal: the ranked table, its summary, and what should be said with it."""

from collections import Counter
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from app.cli.benchmark_view import benchmark
from app.cli.data import Data
from app.cli.output import Column, figure, mark, money, name, percent, put, words
from app.compare import Comparison
from app.domain.geography import Geography
from app.domain.ranking import Excluded, Offer
from app.domain.vocabulary import AmountIs, Basis, Caution

CAUTIONS = {
    Caution.RECEIVER_CONVERTS_LATER: "Paid out in a currency that the receiver has to change: what that costs is not "
    "in the figures.",
    Caution.BETTER_THAN_MID_MARKET_PROMOTION: "Better than the mid-market rate: a promotion, says the survey.",
    Caution.BETTER_THAN_MID_MARKET_PARALLEL_RATE: "Better than the mid-market rate: the receiving country has a "
    "parallel market.",
    Caution.BETTER_THAN_MID_MARKET_UNEXPLAINED: "Better than the mid-market rate, and the survey does not say why.",
    Caution.PUBLISHED_TOTAL_SUSPECT: "The published total is not fee plus margin; the larger of the two is shown.",
    Caution.INTERPOLATED: "Not surveyed at this amount: read off a straight line between the amounts that were.",
    Caution.ESTIMATE_BY_COMPETITOR: "An estimate by a competitor.",
    Caution.SOURCES_DISAGREE: "Sources differ by more than 1 %.",
    Caution.TAX_APPLIES: "A tax on sending comes on top",
}
"""What each caution means. That a price has a single source holds for every survey, and is said once."""

REASONS = {
    "undisclosed_margin": "the provider did not disclose its exchange rate",
    "margin_not_measured": "the survey did not measure the exchange-rate margin here",
    "zero_unexplained": "the margin is given as 0 where two currencies meet",
    "incomplete_price": "the fee or the margin is missing",
    "no_benchmark": "there is no mid-market rate to compare with",
    "rate_not_recorded": "the exchange rate was not recorded",
    "amount_not_observed": "no price is known at this amount",
    "amount_not_offered": "the provider does not send this amount",
    "other_currency": "priced in another currency",
    "other_basis": "from another kind of source",
    "stale": "too old",
    "expired": "no longer valid",
    "withdrawn": "withdrawn",
    "promotion_only": "only a price for a first transfer",
}

_HELD_EQUAL = {
    AmountIs.PRINCIPAL: "{} is converted, and the fee comes on top",
    AmountIs.TOTAL_PAID: "{} leaves the sender's pocket, fee included",
    AmountIs.RECEIVED: "{} reaches the receiver",
}
_KEYS = {
    "total_cost": "total cost",
    "recipient_gets": "what the recipient gets",
    "cost_of_total_paid_percent": "the cost's share of what the sender pays",
    "sender_pays": "what the sender pays",
}


def show(console: Console, comparison: Comparison, data: Data, *, limit: int, list_excluded: bool) -> None:
    """Write a comparison: heading, notices, table, cautions, summary, and who is not ranked and why."""
    for heading in _heading(comparison, data.geography):
        console.print(heading)
    if comparison.basis is Basis.LIVE:
        for line in benchmark(comparison, data.board.institutions, data.now.date()):
            console.print(line)
    for notice in comparison.notices:
        console.print(Text(f"! {notice.text}", style="yellow"))
    console.print()
    if comparison.ranking.offers:
        letters = _letters(comparison.ranking.offers[:limit])
        _offers(console, comparison, limit, letters)
        for line in _below(comparison, limit, letters):
            console.print(line)
    else:
        console.print("No offer can be ranked.")
        for relaxed in comparison.relax:
            parameter = relaxed.parameter.replace("_", "-")
            console.print(f"  Without --{parameter}: {_count(relaxed.offers_without, 'offer')}.")
    console.print()
    for line in _summary(comparison):
        console.print(line)
    _excluded(console, comparison.ranking.excluded, list_excluded=list_excluded)


def _heading(comparison: Comparison, geography: Geography) -> Iterator[Text]:
    sending, receiving = (geography.countries[code].name for code in comparison.corridor.split("-"))
    yield Text(f"{comparison.corridor}: {sending} to {receiving}", style="bold")
    amount = money(comparison.amount, comparison.amount_currency)
    held = _HELD_EQUAL[comparison.amount_is].format(amount)
    when = f"Prices of {comparison.period}" if comparison.period else "Live prices"
    ranked = f", ranked by {_KEYS[comparison.ranking.key]}" if comparison.ranking.offers else ""
    yield Text(f"{held}. {when}{ranked}.")


def _letters(offers: tuple[Offer, ...]) -> dict[Caution, str]:
    """Give each caution that occurs a letter, in the order of the vocabulary."""
    there = {caution for offer in offers for caution in offer.cautions if caution in CAUTIONS}
    return dict(zip((caution for caution in CAUTIONS if caution in there), "abcdefghi", strict=False))


def _offers(console: Console, comparison: Comparison, limit: int, letters: dict[Caution, str]) -> None:
    extra = {AmountIs.TOTAL_PAID: "Recipient gets", AmountIs.RECEIVED: "Sender pays"}.get(comparison.amount_is)
    columns = [
        figure("#"),
        name("Provider"),
        Column("Paid by", dropped=2),
        Column("Received as", dropped=3),
        Column("Speed", dropped=1, is_name=True),
        figure("Fee", dropped=6),
        figure("Margin", dropped=5),
        *([figure(extra)] if extra else []),
        figure("Total cost"),
        Column("", dropped=4, is_name=True, called="marks"),
        *([Column("Seen", dropped=7)] if comparison.basis is Basis.LIVE else []),
        Column("", is_name=True),
    ]
    put(console, columns, [_row(comparison, offer, letters) for offer in comparison.ranking.offers[:limit]])


def _row(comparison: Comparison, offer: Offer, letters: dict[Caution, str]) -> list[Text | str]:
    price, service = offer.price, offer.candidate.description
    repeated = f" (×{offer.services})" if offer.services > 1 else ""
    extra = {
        AmountIs.TOTAL_PAID: money(price.recipient_gets, price.receiving_currency),
        AmountIs.RECEIVED: money(price.sender_pays, price.currency),
    }.get(comparison.amount_is)
    return [
        f"{'' if offer.is_rank_certain else '~'}{'=' if offer.is_tied else ''}{offer.rank}",
        Text(service.provider_name + repeated),
        words(service.payment_instruments),
        words(service.receiving_methods),
        words([service.transfer_speed]),
        money(price.fee, price.currency),
        percent(price.fx_margin_percent),
        *([extra] if extra else []),
        percent(price.total_cost_percent),
        mark(price.total_cost_percent),
        *([comparison.freshness_of(offer).value] if comparison.basis is Basis.LIVE else []),
        "".join(letters[caution] for caution in offer.cautions if caution in letters),
    ]


def _below(comparison: Comparison, limit: int, letters: dict[Caution, str]) -> Iterator[str]:
    offers = comparison.ranking.offers
    if len(offers) > limit:
        yield f"… and {_count(len(offers) - limit, 'more offer')}; --limit {len(offers)} shows all."
    for caution, letter in letters.items():
        yield f"{letter}  {_taxed(offers[:limit]) if caution is Caution.TAX_APPLIES else CAUTIONS[caution]}"
    if any(not offer.is_rank_certain for offer in offers[:limit]):
        yield "~  Not certain: prices between surveyed amounts lie within bounds, and these overlap."
    if any(offer.services > 1 for offer in offers[:limit]):
        yield "×  Services that are equal in every field are one offer; averages count each."


def _taxed(offers: tuple[Offer, ...]) -> str:
    """Say which tax comes on top, and what it amounts to where that is known."""
    due = [
        (offer.price, found) for offer in offers if (found := offer.candidate.tax) is not None and found.percent != 0
    ]
    tax = due[0][1].tax
    of_what = f"{tax.percent} % of what is sent, on {words(tax.payment_instruments)}"
    said = f"{CAUTIONS[Caution.TAX_APPLIES]} ({tax.name}), {of_what}"
    known = [price for price, found in due if found.percent is not None]
    if known:
        least, most = (end(price.tax for price in known) for end in (min, max))
        currency = known[0].currency
        said += f": {money(least) + ' to ' if least != most else ''}{money(most, currency)}"
    return (
        f"{said}."
        if len(known) == len(due)
        else f"{said}. Where it is not known whether it is due, it is in no figure."
    )


def _summary(comparison: Comparison) -> Iterator[str]:
    summary, figures = comparison.summary, comparison.figures
    if summary.offers:
        yield (
            f"{_count(summary.offers, 'offer')} from {_count(summary.providers, 'provider')}: cheapest "
            f"{percent(summary.cheapest_percent)}, median {percent(summary.median_percent)}, average "
            f"{percent(summary.average_percent)}."
        )
    if figures is not None and figures.average_percent is not None:
        recomputed = figures.average_recomputed_percent
        beside = "" if recomputed is None else f" as published, {percent(recomputed)} recomputed"
        smart = f", SmaRT {percent(figures.smart.percent)}" if figures.smart.percent is not None else ""
        yield (
            f"The corridor in {comparison.figures_period}, at the USD 200 tier: "
            f"average {percent(figures.average_percent)}{beside}{smart}."
        )
        yield "Target: 3 %, ceiling: 5 %."


def _excluded(console: Console, excluded: tuple[Excluded, ...], *, list_excluded: bool) -> None:
    if not excluded:
        return
    counts = Counter(service.reason for service in excluded)
    console.print(f"Not ranked: {_count(len(excluded), 'service')}.")
    for reason in sorted(counts, key=lambda reason: (-counts[reason], reason)):
        console.print(f"  {counts[reason]:>3}  {_why(reason)}")
    if not list_excluded:
        console.print("  --excluded lists them.")
        return
    rows = [
        (
            Text(service.candidate.description.provider_name),
            _why(service.reason),
            percent(service.at_least_percent),
        )
        for service in excluded
    ]
    console.print()
    put(console, [name("Provider"), Column("Why"), figure("Costs at least", dropped=1)], rows)


def _why(reason: str) -> str:
    kind, _, subject = reason.partition("_")
    if kind == "filtered":
        return f"left out by --{subject.replace('_', '-')}"
    if kind == "unknown":
        return f"{subject.replace('_', ' ')} is not known"
    return REASONS.get(reason, reason)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
