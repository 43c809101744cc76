"""Whether a pushed quote can be true: small rules, each of which answers one question (docs/judgement.md).

A rule says nothing, or what it found: a *flag* is stored with the quote and hides nothing, a quote in *quarantine*
waits for a person, a *rejected* one is a mistake beyond doubt. All rules are asked, so that a partner reads everything
at once; the gravest verdict counts.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from app.domain.methodology import STALE_AFTER
from app.domain.plausibility.cases import Case, Rule, instant_of
from app.domain.plausibility.prices import (
    fee_against_amount,
    fee_jump,
    free_of_charge,
    inverted_rate,
    margin_out_of_range,
    no_offered_rate,
    rate_jump,
    rate_unchecked,
    unusual_limits,
)
from app.domain.verdicts import Finding, Verdict

_MICROSECOND: Final = timedelta(microseconds=1)
_HOUR: Final = timedelta(hours=1)
_STALE_AFTER: Final = STALE_AFTER // _MICROSECOND

SENT_EVERYWHERE: Final = frozenset({"EUR", "USD"})
"""Currencies that services take and pay out where they are no legal tender: the survey's notes of 2011-Q1 to 2013-Q3
name one of the two for corridors to 73 countries."""


def findings(case: Case) -> tuple[Finding, ...]:
    """Return what the rules found, in their order."""
    return asked(RULES, case)


def asked(rules: Iterable[Rule], case: Case) -> tuple[Finding, ...]:
    """Return what some rules found, in their order."""
    return tuple([found for rule in rules if (found := rule(case)) is not None])


def unknown_provider(case: Case) -> Finding | None:
    """Ask whether anybody knows the provider."""
    if case.provider.is_known or case.provider.resembles is not None:
        return None
    near = f" Did you mean {' or '.join(case.provider.near)}?" if case.provider.near else ""
    return Finding(
        rule="unknown-provider",
        verdict=Verdict.QUARANTINE,
        detail=f"Nobody has named this provider before: a person has to confirm that it exists.{near}",
        pointer="/provider",
        value=case.provider.id,
    )


def look_alike_provider(case: Case) -> Finding | None:
    """Ask whether a provider whom nobody knows looks like one whom everybody knows."""
    provider = case.provider
    if provider.is_known or provider.resembles is None:
        return None
    return Finding(
        rule="look-alike-provider",
        verdict=Verdict.QUARANTINE,
        detail=f"This provider's name or id looks like that of {provider.resembles}, and is another one: a person has "
        "to confirm who it is.",
        pointer="/provider",
        limit=provider.resembles,
        value=provider.id,
    )


def renamed_provider(case: Case) -> Finding | None:
    """Ask whether a known provider is given another name, which everybody might read from then on."""
    provider = case.provider
    if provider.known_as is None:
        return None
    return Finding(
        rule="renamed-provider",
        verdict=Verdict.QUARANTINE,
        detail=f"This provider is known as {provider.known_as}: send that name, or wait until a person has confirmed "
        "the other.",
        pointer="/provider_name",
        limit=provider.known_as,
        value=provider.id,
    )


def observed_ahead(case: Case) -> Finding | None:
    """Ask whether the quote is from the future: it would be taken for the newest until its time comes."""
    limit = case.now + case.parameters.clocks_differ_by // _MICROSECOND
    if case.observed_at <= limit:
        return None
    ahead = timedelta(microseconds=case.observed_at - case.now)
    return Finding(
        rule="observed-ahead",
        verdict=Verdict.REJECT,
        detail=f"It was observed in the future.{_whole(ahead)} Send the time with its zone, such as "
        "2026-11-24T09:00:00Z, and check the clock.",
        pointer="/observed_at",
        limit=_time(limit),
        value=_time(case.observed_at),
    )


def observed_long_ago(case: Case) -> Finding | None:
    """Ask whether the quote is too old to be ranked, or so old that its year may be mistyped."""
    age = case.now - case.observed_at
    if age <= _STALE_AFTER:
        return None
    plausible = case.parameters.plausible_age
    is_ancient = age > plausible // _MICROSECOND
    limit = plausible if is_ancient else STALE_AFTER
    return Finding(
        rule="observed-long-ago",
        verdict=Verdict.QUARANTINE if is_ancient else Verdict.FLAG,
        detail=f"It was observed more than {limit.days} days ago: "
        + ("is the year right?" if is_ancient else "it is history, and is not ranked."),
        pointer="/observed_at",
        limit=_time(case.now - limit // _MICROSECOND),
        value=_time(case.observed_at),
    )


def already_expired(case: Case) -> Finding | None:
    """Ask whether the quote has ended before it came."""
    if case.valid_until is None or case.valid_until > case.now:
        return None
    return Finding(
        rule="already-expired",
        verdict=Verdict.FLAG,
        detail="It ended before it arrived, and is not ranked.",
        pointer="/valid_until",
        limit=_time(case.now),
        value=_time(case.valid_until),
    )


def valid_for_long(case: Case) -> Finding | None:
    """Ask whether anybody can promise a price for so long."""
    if case.valid_until is None:
        return None
    usual = case.parameters.usual_validity
    if case.valid_until - case.observed_at <= usual // _MICROSECOND:
        return None
    return Finding(
        rule="valid-for-long",
        verdict=Verdict.FLAG,
        detail=f"It is said to hold for more than {usual.days} days. Leave valid_until out where no end is promised: a "
        f"quote is ranked for {STALE_AFTER.days} days in any case.",
        pointer="/valid_until",
        limit=_time(case.observed_at + usual // _MICROSECOND),
        value=_time(case.valid_until),
    )


def currencies_swapped(case: Case) -> Finding | None:
    """Ask whether the two currencies stand the wrong way round."""
    pair = case.pair
    if not _is_swapped(case):
        return None
    return Finding(
        rule="currencies-swapped",
        verdict=Verdict.REJECT,
        detail=f"The currencies stand the wrong way round: {pair.receiving_currency} is the money of "
        f"{pair.sending_country}, {pair.sending_currency} that of {pair.receiving_country}.",
        pointer="/sending_currency",
        limit=pair.receiving_currency,
        value=pair.sending_currency,
    )


def currency_not_of_corridor(case: Case) -> Finding | None:
    """Ask whether the currencies are money at the corridor's ends."""
    pair = case.pair
    if (pair.sending_currency in pair.sent and pair.receiving_currency in pair.paid) or _is_swapped(case):
        return None
    strange = [
        (name, code, country, usual)
        for name, code, country, usual in (
            ("sending_currency", pair.sending_currency, pair.sending_country, pair.sent),
            ("receiving_currency", pair.receiving_currency, pair.receiving_country, pair.paid),
        )
        if code not in usual
    ]
    name, code, country, usual = next((one for one in strange if one[1] not in SENT_EVERYWHERE), strange[0])
    return Finding(
        rule="currency-not-of-corridor",
        verdict=Verdict.FLAG if code in SENT_EVERYWHERE else Verdict.QUARANTINE,
        detail=f"{code} is no legal tender in {country}, where {' and '.join(usual) or 'none that we know'} is.",
        pointer=f"/{name}",
        limit=", ".join(usual) or None,
        value=code,
    )


def same_as_another(case: Case) -> Finding | None:
    """Ask whether another partner says exactly the same."""
    if not case.has_twin:
        return None
    return Finding(
        rule="same-as-another",
        verdict=Verdict.FLAG,
        detail="Another partner pushed the same price of the same service, observed at the same instant. Both are "
        "kept; one of them speaks for the service.",
    )


def _is_swapped(case: Case) -> bool:
    pair = case.pair
    return (
        pair.sending_currency not in pair.sent
        and pair.receiving_currency not in pair.paid
        and pair.sending_currency in pair.paid
        and pair.receiving_currency in pair.sent
    )


def _whole(ahead: timedelta) -> str:
    """Say how many whole hours or days a clock is ahead, where it is about that."""
    hours = (ahead + _HOUR / 2) // _HOUR
    if not hours or abs(ahead - hours * _HOUR) > _HOUR / 6:
        return ""
    days, rest = divmod(hours, 24)
    if not rest:
        return f" It is {days} day{'s' if days > 1 else ''} ahead of our clock."
    return f" It is {hours} hour{'s' if hours > 1 else ''} ahead of our clock, as with a wrong time zone."


def _time(microseconds: int) -> str:
    try:
        return instant_of(microseconds).isoformat().replace("+00:00", "Z")
    except OverflowError:
        return ""


RULES_OF_SERVICE: Final[tuple[Rule, ...]] = (
    look_alike_provider,
    unknown_provider,
    renamed_provider,
    currencies_swapped,
    currency_not_of_corridor,
)
"""Rules that look at the provider, the corridor and its currencies alone: the same for all quotes that share them."""

RULES_OF_TIMES: Final[tuple[Rule, ...]] = (observed_ahead, observed_long_ago, already_expired, valid_for_long)
"""Rules that look at the times alone."""

RULES_OF_PRICE: Final[tuple[Rule, ...]] = (
    inverted_rate,
    margin_out_of_range,
    rate_jump,
    rate_unchecked,
    no_offered_rate,
    fee_against_amount,
    fee_jump,
    free_of_charge,
    unusual_limits,
    same_as_another,
)

RULES: Final = (*RULES_OF_SERVICE, *RULES_OF_TIMES, *RULES_OF_PRICE)
"""All rules, in the order in which their findings are told."""
