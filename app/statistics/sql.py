"""A question as SQL for the columnar engine: rendered from the domain's declarations, values only as parameters.

One row for each group and one for the sums of SmaRT's pools; sums and counts come back, and are divided exactly.
"""

# ruff: noqa: S608 -- the words are our own declarations; whatever came from outside is a parameter

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.domain.methodology import SmartRule
from app.domain.statistics import (
    CASH,
    DIGITAL,
    DIGITAL_SINCE,
    GROUPINGS,
    MEASURES,
    NO_WORLD_SENDERS,
    NON_DIGITAL,
    NOT_COLLECTED,
    RECEIVED_DIGITALLY,
    SENT_DIGITALLY,
    UNKNOWN,
    Asked,
    Part,
    Percentile,
)
from app.domain.vocabulary import NetworkCoverage, TransferSpeed
from app.publish.columns import SEPARATOR

TOTAL: Final = "published_total_percent"


@dataclass(slots=True)
class _Parameters:
    """The values of a statement, in the order of their places."""

    values: list[Any] = field(default_factory=list)

    def place(self, value: object) -> str:
        """Take a value, and return what stands for it."""
        self.values.append(value)
        return f"${len(self.values)}"


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with its parameters."""

    sql: str
    parameters: list[Any]


def figures(asked: Asked, files: Sequence[str], countries: str) -> Statement:
    """Return the statement for a row of each group: its key, then services, providers, undisclosed, sum, least, shares.

    Percentiles follow in the order in which they were asked for.
    """
    parameters = _Parameters()
    shares = [measure.share for name in asked.measures if isinstance(measure := MEASURES[name], Percentile)]
    shown = "FILTER (WHERE is_transparent)"
    cont = [f"quantile_cont({TOTAL}, {float(share)}) {shown}" for share in shares]
    chosen = [
        *_names(asked),
        *(f"count(*) {shown}", f"count(DISTINCT provider) {shown}", "count(*) FILTER (WHERE NOT is_transparent)"),
        *(f"sum({TOTAL}) {shown}", f"min({TOTAL}) {shown}", *cont),
    ]
    sql = f"{_keyed(asked, files, countries, parameters)} SELECT {', '.join(chosen)} FROM keyed {_grouped(asked)}"
    return Statement(sql, parameters.values)


def smart_pools(asked: Asked, files: Sequence[str], countries: str) -> Statement:
    """Return the statement for SmaRT: by group and number of members, how many corridor-quarters and their sum.

    A pool is the qualifying services of one corridor in one quarter within the group; none has 0 members.
    """
    parameters = _Parameters()
    keys, rule = _names(asked), asked.smart
    place = ", ".join([*keys, "pool_corridor", "pool_period"])
    named = "".join(f"{key}, " for key in keys)
    qualified = f"FILTER (WHERE {_qualifies(rule)})"
    most = int(rule.services)
    if rule.one_per_provider:
        cheapest = f"(SELECT {place}, min({TOTAL}) {qualified} AS {TOTAL} FROM keyed GROUP BY {place}, provider)"
        pools = f"SELECT {place}, min({TOTAL}, {most}) AS members FROM {cheapest} GROUP BY {place}"
    else:
        pools = f"SELECT {place}, min({TOTAL}, {most}) {qualified} AS members FROM keyed GROUP BY {place}"
    sql = (
        f"{_keyed(asked, files, countries, parameters)}, pools AS ({pools}) "
        f"SELECT {named}coalesce(len(members), 0) AS size, count(*), sum(list_sum(members)) FROM pools "
        f"GROUP BY {named}size"
    )
    return Statement(sql, parameters.values)


def _names(asked: Asked) -> list[str]:
    return [f"key_{index}" for index in range(len(asked.group_by))]


def _grouped(asked: Asked) -> str:
    return f"GROUP BY {', '.join(_names(asked))}" if asked.group_by else ""


def _keyed(asked: Asked, files: Sequence[str], countries: str, parameters: _Parameters) -> str:
    """Return the rows of the question with the keys of their groups; one in several groups comes several times."""
    named = list(zip(asked.group_by, _names(asked), strict=True))
    keys = [key if _is_each(name) else f"{_one_key(name)} AS {key}" for name, key in named]
    each = [f", {_words_of(name)} AS of_{key}({key})" for name, key in named if _is_each(name)]  # all of their pairs
    chosen = [*keys, "corridor AS pool_corridor", "period AS pool_period", "provider", "is_transparent", TOTAL]
    chosen += ["transfer_speed", "network_coverage", "receiving_methods"]
    conditions = [f"tier = {parameters.place(asked.tier.value)}"]
    if asked.is_about_the_world:
        conditions.append(f"sending_country NOT IN ({_places(NO_WORLD_SENDERS, parameters)})")
    conditions += [_filter(name, sorted(wanted), parameters) for name, wanted in sorted(asked.filters.items())]
    return (
        f"WITH classified AS (SELECT * FROM read_csv({parameters.place(countries)}, header = true, "
        f"all_varchar = true)), "
        f"keyed AS (SELECT {', '.join(chosen)} FROM read_parquet({parameters.place(list(files))}) AS quotes"
        f"{''.join(each)} WHERE {' AND '.join(conditions)})"
    )


def _is_each(name: str) -> bool:
    return GROUPINGS[name].part is Part.EACH


def _words_of(name: str) -> str:
    return f"unnest(string_split(quotes.{GROUPINGS[name].column}, '{SEPARATOR}'))"


def _one_key(name: str) -> str:
    grouping = GROUPINGS[name]
    if grouping.part is Part.DIGITAL:
        return _digital()
    if grouping.part is Part.YEAR:
        return f"left({grouping.column}, 4)"
    if grouping.classified_by is not None:
        found = f"(SELECT {grouping.classified_by} FROM classified WHERE country = quotes.{grouping.column})"
        return f"coalesce({found}, '{UNKNOWN}')"
    return grouping.column


def _filter(name: str, wanted: Iterable[str], parameters: _Parameters) -> str:
    grouping = GROUPINGS[name]
    if grouping.part is Part.EACH:
        return f"list_has_any(string_split({grouping.column}, '{SEPARATOR}'), [{_places(wanted, parameters)}])"
    return f"{_one_key(name)} IN ({_places(wanted, parameters)})"


def _digital() -> str:
    def has(column: str, words: Sequence[str]) -> str:
        listed = ", ".join(f"'{word}'" for word in words)
        return f"list_has_any(string_split({column}, '{SEPARATOR}'), [{listed}])"

    lists = ("payment_instruments", "access_points", "receiving_methods")
    is_unknown = " OR ".join(has(column, (UNKNOWN,)) for column in lists)
    sent = f"NOT {has('payment_instruments', (CASH,))} AND {has('access_points', SENT_DIGITALLY)}"
    return (
        f"CASE WHEN period < '{DIGITAL_SINCE}' THEN '{NOT_COLLECTED}' WHEN {is_unknown} THEN '{UNKNOWN}' "
        f"WHEN {sent} AND {has('receiving_methods', RECEIVED_DIGITALLY)} THEN '{DIGITAL}' ELSE '{NON_DIGITAL}' END"
    )


def _qualifies(rule: SmartRule) -> str:
    speeds = [
        each for each in TransferSpeed if each is not TransferSpeed.UNKNOWN and each.place <= rule.max_speed.place
    ]
    coverages = [
        each for each in NetworkCoverage if each is not NetworkCoverage.UNKNOWN and each not in rule.low_coverage
    ]
    methods = ", ".join(f"'{method.value}'" for method in rule.coverage_not_asked_of)
    credits_account = (
        f"list_has_any(string_split(receiving_methods, '{SEPARATOR}'), [{methods}])" if methods else "false"
    )
    return (
        f"is_transparent AND transfer_speed IN ({_words(speeds)}) "
        f"AND ({credits_account} OR network_coverage IN ({_words(coverages)}))"
    )


def _words(words: Sequence[TransferSpeed] | Sequence[NetworkCoverage]) -> str:
    return ", ".join(f"'{word.value}'" for word in words) or "NULL"


def _places(values: Iterable[str], parameters: _Parameters) -> str:
    return ", ".join(parameters.place(value) for value in values)
