"""What can be asked of a release's figures: groups, measures and who counts, each one declaration.

A declaration says what is counted, never how: ``app/statistics`` renders it to SQL for the columnar engine, and
``evaluate`` works it out in plain Python, exactly, so that a property can compare them. The figures are averages over
services, unweighted, negatives kept (METHODOLOGY, Averages): E(q) are the services that disclose their rate.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Final, NamedTuple

from app.domain.indicators import mean, percentile
from app.domain.methodology import SMART_RULE, SmartRule
from app.domain.vocabulary import AmountTier, NetworkCoverage, ReceivingMethod, TransferSpeed

NO_WORLD_SENDERS: Final = ("RUS",)
"""Senders left out of figures about the whole world, whose margins the survey did not measure; verified against the
published global averages. Figures about places (corridors, countries, regions) have them."""

DIGITAL_SINCE: Final = "2016-Q2"
"""Before, the survey did not record what makes a service digital."""

UNKNOWN: Final = "unknown"
NOT_COLLECTED: Final = "not_collected"
DIGITAL, NON_DIGITAL = "digital", "non_digital"
SENT_DIGITALLY: Final = ("internet", "mobile_phone")
RECEIVED_DIGITALLY: Final = ("bank_account", "mobile_wallet", "card")
CASH: Final = "cash"


class Part(StrEnum):
    """How a column's value becomes the keys of groups."""

    WHOLE = "whole"
    EACH = "each"
    YEAR = "year"
    DIGITAL = "digital"


@dataclass(frozen=True, slots=True)
class Grouping:
    """A way to group: a column of the release, and how its value becomes keys.

    ``EACH``: every word of a list is a key, so that groups overlap. ``classified_by``: the column of the release's
    countries that the value is looked up in; a country without it is ``unknown``. ``is_place``: figures by it are about
    places, not about the world.
    """

    column: str
    part: Part = Part.WHOLE
    classified_by: str | None = None
    is_place: bool = False


GROUPINGS: Final[Mapping[str, Grouping]] = {
    "period": Grouping("period"),
    "year": Grouping("period", Part.YEAR),
    "corridor": Grouping("corridor", is_place=True),
    "sending_country": Grouping("sending_country", is_place=True),
    "receiving_country": Grouping("receiving_country", is_place=True),
    "sending_region": Grouping("sending_country", classified_by="region", is_place=True),
    "receiving_region": Grouping("receiving_country", classified_by="region", is_place=True),
    "sending_income": Grouping("sending_country", classified_by="income_group", is_place=True),
    "receiving_income": Grouping("receiving_country", classified_by="income_group", is_place=True),
    "provider": Grouping("provider"),
    "provider_type": Grouping("provider_type"),
    "payment_instrument": Grouping("payment_instruments", Part.EACH),
    "access_point": Grouping("access_points", Part.EACH),
    "receiving_method": Grouping("receiving_methods", Part.EACH),
    "transfer_speed": Grouping("transfer_speed"),
    "digital": Grouping("access_points", Part.DIGITAL),
    "source": Grouping("source"),
}


@dataclass(frozen=True, slots=True)
class Percentile:
    """A percentile of type 7 (Hyndman and Fan, 1996) over the services of a group."""

    share: Fraction


class Simple(StrEnum):
    """A measure that needs no parameter."""

    SERVICES = "services"
    MEAN = "mean"
    CHEAPEST = "cheapest"
    SMART = "smart"


MEASURES: Final[Mapping[str, Percentile | Simple]] = {
    "mean": Simple.MEAN,
    "median": Percentile(Fraction(1, 2)),
    "p10": Percentile(Fraction(1, 10)),
    "p25": Percentile(Fraction(1, 4)),
    "p75": Percentile(Fraction(3, 4)),
    "p90": Percentile(Fraction(9, 10)),
    "smart": Simple.SMART,
    "cheapest": Simple.CHEAPEST,
    "services": Simple.SERVICES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question: measures by group, over the rows that every filter lets through (any of its words)."""

    measures: tuple[str, ...] = ("mean",)
    group_by: tuple[str, ...] = ()
    filters: Mapping[str, frozenset[str]] = field(default_factory=dict)
    tier: AmountTier = AmountTier.USD_200
    smart: SmartRule = SMART_RULE

    @property
    def is_about_the_world(self) -> bool:
        """Whether neither groups nor filters name places: then some senders do not count."""
        return not any(GROUPINGS[name].is_place for name in (*self.group_by, *self.filters))


class Fact(NamedTuple):
    """One quote of a release as far as statistics go: lists are tuples of words, ``total`` the published percentage."""

    source: str
    period: str
    tier: str
    corridor: str
    provider: str
    provider_type: str
    payment_instruments: tuple[str, ...]
    access_points: tuple[str, ...]
    receiving_methods: tuple[str, ...]
    transfer_speed: str
    network_coverage: str
    is_transparent: bool
    total: Fraction

    @property
    def sending_country(self) -> str:
        """The country that the money is sent from."""
        return self.corridor[:3]

    @property
    def receiving_country(self) -> str:
        """The country that the money is sent to."""
        return self.corridor[4:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one group comes to. ``services`` and ``providers`` count E(q), ``undisclosed`` those that do not disclose.

    ``values`` by measure, exact, null where nothing is known. SmaRT is the mean over the corridor-quarters with a
    qualifying service, ``smart_corridors`` of them; ``smart_without`` have none.
    """

    services: int
    providers: int
    undisclosed: int
    values: Mapping[str, Fraction | None]
    smart_corridors: int = 0
    smart_without: int = 0


Key = tuple[str, ...]
Classified = Mapping[str, Mapping[str, str]]
"""Countries by code, each with its region and income group."""


def keys_of(name: str, fact: Fact, countries: Classified) -> tuple[str, ...]:
    """Return the keys of the groups that a row belongs to: one, or several where groups overlap."""
    grouping = GROUPINGS[name]
    if grouping.part is Part.DIGITAL:
        return (digital(fact),)
    value = getattr(fact, grouping.column)
    if grouping.part is Part.EACH:
        return tuple(value)
    if grouping.part is Part.YEAR:
        return (value[:4],)
    if grouping.classified_by is not None:
        return (countries.get(value, {}).get(grouping.classified_by) or UNKNOWN,)
    return (value,)


def digital(fact: Fact) -> str:
    """Say whether a service is digital from end to end, by what was recorded.

    Sent without cash by internet or phone, and received into an account, wallet or card; ``unknown`` where one of the
    three was not recorded.
    """
    if fact.period < DIGITAL_SINCE:
        return NOT_COLLECTED
    if UNKNOWN in (*fact.payment_instruments, *fact.access_points, *fact.receiving_methods):
        return UNKNOWN
    is_sent = CASH not in fact.payment_instruments and any(word in SENT_DIGITALLY for word in fact.access_points)
    is_received = any(word in RECEIVED_DIGITALLY for word in fact.receiving_methods)
    return DIGITAL if is_sent and is_received else NON_DIGITAL


def counts(fact: Fact, asked: Asked, countries: Classified) -> bool:
    """Say whether a row belongs to the question at all, disclosed or not."""
    if fact.tier != asked.tier or (asked.is_about_the_world and fact.sending_country in NO_WORLD_SENDERS):
        return False
    return all(wanted.intersection(keys_of(name, fact, countries)) for name, wanted in asked.filters.items())


def qualifies_for_smart(fact: Fact, rule: SmartRule) -> bool:
    """Say whether a service counts for SmaRT (``domain.smart.qualifies``, of a release's row)."""
    speed = TransferSpeed(fact.transfer_speed)
    if not fact.is_transparent or speed is TransferSpeed.UNKNOWN or speed.place > rule.max_speed.place:
        return False
    if any(ReceivingMethod(word) in rule.coverage_not_asked_of for word in fact.receiving_methods):
        return True
    coverage = NetworkCoverage(fact.network_coverage)
    return coverage is not NetworkCoverage.UNKNOWN and coverage not in rule.low_coverage


def evaluate(facts: Iterable[Fact], asked: Asked, countries: Classified) -> dict[Key, Cell]:
    """Work a question out in plain Python: every group that has a row, by its key."""
    groups: dict[Key, list[Fact]] = {}
    for fact in facts:
        if counts(fact, asked, countries):
            for key in _keys(fact, asked.group_by, countries):
                groups.setdefault(key, []).append(fact)
    return {key: _cell(rows, asked) for key, rows in sorted(groups.items())}


def _keys(fact: Fact, group_by: Sequence[str], countries: Classified) -> list[Key]:
    found: list[Key] = [()]
    for name in group_by:
        found = [(*key, value) for key in found for value in keys_of(name, fact, countries)]
    return found


def _cell(rows: Sequence[Fact], asked: Asked) -> Cell:
    base = [fact for fact in rows if fact.is_transparent]
    pools: dict[tuple[str, str], list[Fact]] = {}
    for fact in rows:
        pools.setdefault((fact.corridor, fact.period), []).append(fact)
    smart = [found for pool in pools.values() if (found := _smart(pool, asked.smart)) is not None]
    totals = [fact.total for fact in base]
    simple: dict[Simple, Fraction | None] = {
        Simple.SERVICES: Fraction(len(base)),
        Simple.MEAN: mean(totals),
        Simple.CHEAPEST: min(totals, default=None),
        Simple.SMART: mean(smart),
    }
    return Cell(
        services=len(base),
        providers=len({fact.provider for fact in base}),
        undisclosed=len(rows) - len(base),
        values={
            name: percentile(totals, measure.share)
            if isinstance(measure := MEASURES[name], Percentile)
            else simple[measure]
            for name in asked.measures
        },
        smart_corridors=len(smart),
        smart_without=len(pools) - len(smart),
    )


def _smart(pool: Sequence[Fact], rule: SmartRule) -> Fraction | None:
    qualified = sorted((fact for fact in pool if qualifies_for_smart(fact, rule)), key=lambda fact: fact.total)
    chosen: list[Fraction] = []
    providers: set[str] = set()
    for fact in qualified:
        if len(chosen) == rule.services:
            break
        if rule.one_per_provider and fact.provider in providers:
            continue
        providers.add(fact.provider)
        chosen.append(fact.total)
    return mean(chosen)
