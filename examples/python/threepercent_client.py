"""A client of the ThreePercent API, version 1: a method for each call, a shape for each answer.

Generated from openapi/v1.json by scripts/build_client.py: do not edit. How it speaks HTTP is written by hand, in
threepercent_transport.py. Copy both files; they need Python 3.11 and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

from threepercent_transport import Number, Transport, Written, new_key, path_of


class Account(TypedDict):
    """A partner, what it may do, and its keys."""

    id: str
    name: str
    kind: str
    source: str
    plan: PlanLimits
    providers: list[SpokenFor]
    key: str
    keys: list[KeyShape]


class AccountQuote(TypedDict):
    """What became of a quote of yours, or of an item that was refused."""

    external_id: str | None
    quote_id: str | None
    status: str
    since: str
    why: str | None
    findings: list[FindingShape]
    flags: list[str]
    corridor: str | None
    observed_at: str | None
    valid_until: str | None
    recorded_at: str
    superseded_by: str | None
    import_id: str | None
    url: str | None
    shown_in: str | None


class AccountQuotes(TypedDict):
    """Your quotes by external id, within it the oldest first, then what waits, then what was refused."""

    quotes: list[AccountQuote]
    next_page_token: str | None


class AmountChoice(TypedDict):
    """An amount that was surveyed, and how many services were asked for it."""

    amount: Money
    tier: str | None
    services: int


class AmountFeeIn(TypedDict):
    """A fee that holds at one amount."""

    kind: str
    amount: Written
    at_amount: Written


AmountInterval = TypedDict("AmountInterval", {"from": "Number", "to": "Number"})
"""Principals from the first to the last minor unit, both included, in major units of the sending currency."""


class Attribution(TypedDict):
    """Where figures are from; show ``text`` beside them."""

    source: str
    licence: str
    text: str
    link: str
    reuse: Reuse


BandIn = TypedDict(
    "BandIn",
    {
        "from": "Written",
        "fixed": "NotRequired[Written | None]",
        "percent": "NotRequired[Written | None]",
        "minimum": "NotRequired[Written | None]",
        "maximum": "NotRequired[Written | None]",
    },
)
"""A fee from an amount, included, to the next band's, excluded; `fixed`, `percent` or both."""


BandShape = TypedDict(
    "BandShape",
    {"from": "Number", "fixed": "Number", "percent": "Number", "minimum": "Number | None", "maximum": "Number | None"},
)
"""A fee from an amount (included) to that of the next band (excluded): `fixed` plus `percent` of the amount."""


class BreakerShape(TypedDict):
    """The breaker of a host: while it is open, nobody asks the host."""

    host: str
    state: str
    failures: int
    open_until: str | None


class ChangeShape(TypedDict):
    """What happened to an observation: superseded, corrected, withdrawn or reinstated, in which dataset version."""

    change: str
    dataset_version: int
    other_quote_id: str | None
    reason: str
    recorded_at: str


class Choices(TypedDict):
    """What a comparison of this round can be asked for; counts are of services, ``unknown`` included."""

    sending_currencies: list[WordChoice]
    amounts: list[AmountChoice]
    providers: list[ProviderChoice]
    provider_types: list[WordChoice]
    payment_instruments: list[WordChoice]
    access_points: list[WordChoice]
    receiving_methods: list[WordChoice]
    transfer_speeds: list[WordChoice]


class ComparisonShape(TypedDict):
    """The main answer: what sending money along a corridor costs, cheapest first."""

    attribution: list[Attribution]
    dataset_version: int
    methodology_version: str
    notices: list[Notice]
    corridor: CorridorName
    basis: str
    basis_reason: str
    period: str | None
    freshness: str
    evaluated_at: str
    fresh_until: str | None
    as_of: str | None
    amount: Money
    amount_is: str
    sending_currency: str
    receiving_currency: str | None
    surveyed_amount_usd: Number | None
    surveyed_amount_usd_reason: str | None
    amount_drifted: bool | None
    benchmark: str
    benchmarks_available: list[str]
    mid_market_rate: Number | None
    mid_market_rate_reason: str | None
    ranked_by: str
    rank_stable: bool | None
    rank_stable_reason: str | None
    summary: SummaryShape
    indicators: IndicatorsShape | None
    offers: list[OfferShape]
    excluded: ExcludedOffers
    relax: list[RelaxationShape]


class CorrectionAnswer(TypedDict):
    """What a correction came to."""

    dry_run: bool
    corrected: str
    quote_id: str
    import_id: str | None
    dataset_version: int | None
    findings: list[FindingShape]


class CorrectionRow(TypedDict):
    """Something that was put right: one quote, or several of a provider in a corridor."""

    kind: str
    recorded_at: str
    in_version: int
    source: str | None
    corridor: str | None
    provider: str | None
    quotes: int
    quote_id: str | None
    successor_id: str | None
    reason: str


class Corrections(TypedDict):
    """What was put right, the newest first."""

    attribution: list[Attribution]
    dataset_version: int
    methodology_version: str
    notices: list[Notice]
    next_page_token: str | None
    corrections: list[CorrectionRow]


class CorridorName(TypedDict):
    """A corridor: money goes from the sending to the receiving country."""

    id: str
    sending_country: CountryName
    receiving_country: CountryName


class CorridorRow(TypedDict):
    """A corridor with its figures at the survey's USD 200 tier; null, with the reason, where it was not surveyed."""

    rank: int | None
    id: str
    sending_country: CountryName
    receiving_country: CountryName
    period: str | None
    newest_period: str | None
    source: str | None
    services: int | None
    providers: int | None
    excluded_services: int | None
    average_percent: Number | None
    average_recomputed_percent: Number | None
    median_percent: Number | None
    cheapest_percent: Number | None
    cheapest_ranked_percent: Number | None
    smart_estimate_percent: Number | None
    smart_services_used: int | None
    sdg_status: str
    comparable: bool | None
    figures_reason: str | None
    cautions: list[str]


class CorridorShape(TypedDict):
    """One corridor: its figures and what there is to choose from."""

    attribution: list[Attribution]
    dataset_version: int
    methodology_version: str
    notices: list[Notice]
    corridor: CorridorName
    basis: str
    basis_reason: str
    period: str | None
    freshness: str
    evaluated_at: str
    fresh_until: str | None
    as_of: str | None
    newest_period: str | None
    periods: list[str]
    default_amount: Money | None
    sending_currency: str
    indicators: IndicatorsShape | None
    cautions: list[str]
    choices: Choices


class Corridors(TypedDict):
    """Every corridor with its figures in one round, ranked; those not comparable or not surveyed last."""

    attribution: list[Attribution]
    dataset_version: int
    methodology_version: str
    notices: list[Notice]
    next_page_token: str | None
    basis: str
    basis_reason: str
    period: str | None
    amount_tier: str
    freshness: str
    evaluated_at: str
    fresh_until: str | None
    as_of: str | None
    corridors: list[CorridorRow]


class CostCurveShape(TypedDict):
    """What services cost at several amounts, and every change of the cheapest between the known amounts."""

    attribution: list[Attribution]
    dataset_version: int
    methodology_version: str
    notices: list[Notice]
    corridor: CorridorName
    basis: str
    basis_reason: str
    period: str | None
    freshness: str
    evaluated_at: str
    fresh_until: str | None
    as_of: str | None
    amount_is: str
    sending_currency: str
    receiving_currency: str | None
    services: list[CurveService]
    points: list[Point]
    known_amounts: KnownAmounts
    switches: list[SwitchShape]
    switches_reason: str | None


class Countries(TypedDict):
    """Every country, those without prices included."""

    attribution: list[Attribution]
    dataset_version: int
    methodology_version: str
    notices: list[Notice]
    next_page_token: str | None
    countries: list[CountryRow]


class CountryName(TypedDict):
    """A country by code and name."""

    code: str
    name: str


class CountryRow(TypedDict):
    """A country of ISO 3166, with the World Bank's classification and its money today."""

    code: str
    alpha2: str
    numeric: str | None
    name: str
    region: str | None
    income_group: str | None
    is_historic: bool
    currencies: list[str]
    corridors_from: int
    corridors_to: int


class Currencies(TypedDict):
    """Every currency, and who quotes it."""

    attribution: list[Attribution]
    dataset_version: int
    methodology_version: str
    notices: list[Notice]
    next_page_token: str | None
    currencies: list[CurrencyRow]


class CurrencyRow(TypedDict):
    """A currency of ISO 4217, whose prices are quoted in it, and whose reference rates there are."""

    code: str
    numeric: str | None
    name: str
    minor_units: int
    is_historic: bool
    services: int
    quoted_by: list[str]
    home_country: str | None
    rates_since: str | None
    rates_until: str | None
    rates_by: list[QuotingInstitution]
    pegs: list[PegShape]


class CurveService(TypedDict):
    """A service that has a price at some amount; costs and switches name it by its place."""

    provider: ProviderName
    payment_instruments: list[str]
    access_points: list[str]
    receiving_methods: list[str]
    transfer_speed: str
    network_coverage: str
    customer: str
    payout_currency: str | None
    notes: list[str]
    is_transparent: bool
    is_promotional: bool | None
    place: int
    source: str
    quote_ids: list[str]


class DayOfUse(TypedDict):
    """What was used on one day of UTC."""

    day: str
    requests: int
    quotes: int


class Decision(TypedDict):
    """What was decided."""

    quote_id: str
    status: str
    reason: str
    dataset_version: int | None
    url: str | None


class ExcludedOffers(TypedDict):
    """Services that are not ranked: how many by reason, and one by one with ``expand=excluded``."""

    counts: dict[str, int]
    offers: list[ExcludedShape] | None


class ExcludedShape(TypedDict):
    """A service that is not ranked, and why."""

    provider: ProviderName
    payment_instruments: list[str]
    access_points: list[str]
    receiving_methods: list[str]
    transfer_speed: str
    network_coverage: str
    customer: str
    payout_currency: str | None
    notes: list[str]
    is_transparent: bool
    is_promotional: bool | None
    reason: str
    total_cost_at_least_percent: Number | None
    source: str
    evidence: str
    observed_at: str
    quote_ids: list[str]


class FeeShape(TypedDict):
    """A fee in the sending currency; which fields are there depends on `kind`, the others are null."""

    kind: str
    amount: Number | None
    at_amount: Number | None
    percent: Number | None
    bands: list[BandShape] | None
    marginal: bool | None


class FileShape(TypedDict):
    """A file of a release."""

    name: str
    url: str
    bytes: int
    sha256: str


class FindingShape(TypedDict):
    """What one rule found."""

    rule: str
    verdict: str
    detail: str
    pointer: str
    limit: str | None
    value: str | None


class ImportCounts(TypedDict):
    """What became of the items; those of a file that is being imported so far."""

    accepted: int
    duplicate: int
    quarantined: int
    rejected: int


class ImportFailure(TypedDict):
    """Why nothing of a file could be imported."""

    code: str
    detail: str


class ImportList(TypedDict):
    """What you pushed, the newest first."""

    imports: list[ImportShape]
    next_page_token: str | None


class ImportShape(TypedDict):
    """Something that was pushed: a batch, or a file."""

    id: str
    kind: str
    state: str
    received_at: str
    finished_at: str | None
    content_sha256: str
    size_bytes: int | None
    bytes_read: int | None
    counts: ImportCounts
    dataset_version: int | None
    failure: ImportFailure | None
    refused: str | None


class Incident(TypedDict):
    """Something that is not as it should be."""

    code: str
    source: str | None
    since: str | None
    text: str


class IndicatorsShape(TypedDict):
    """The corridor's figures at the survey's USD 200 tier, whatever the amount and filters, as published."""

    period: str
    amount_tier: str
    services: int
    providers: int
    excluded_services: int
    average_percent: Number | None
    average_recomputed_percent: Number | None
    median_percent: Number | None
    cheapest_percent: Number | None
    cheapest_ranked_percent: Number | None
    smart_estimate_percent: Number | None
    smart_services_used: int
    sdg_status: str
    comparable: bool


class KeyShape(TypedDict):
    """A key as it is shown: never the key itself."""

    id: str
    shown: str
    name: str
    kind: str
    scopes: list[str]
    networks: list[str]
    state: str
    created_at: str
    created_by: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None
    successor: str | None


class KnownAmounts(TypedDict):
    """The smallest and the largest amount at which any price is known."""

    smallest: Number | None
    largest: Number | None
    currency: str


class LegShape(TypedDict):
    """One published figure: 1 `base` = `value` `quote`."""

    base: str
    quote: str
    value: Number
    rate_type: str
    institution: str | None
    institution_name: str | None
    day: str | None
    reference: str | None


class Limit(TypedDict):
    """How much of something may be used in each window of time, and how much is left of this one."""

    policy: str
    unit: str
    quota: int
    window_seconds: int
    remaining: int
    resets_at: str


class LinkShape(TypedDict):
    """An observation among those of its service: when it was true, since when it is known, what became of it."""

    quote_id: str
    observed_at: str
    recorded_at: str
    dataset_version: int
    is_current: bool
    newest_change: ChangeShape | None


class Money(TypedDict):
    """An amount in major units of a currency, rounded to its minor units."""

    amount: Number
    currency: str


class MoneyIn(TypedDict):
    """An amount of money."""

    amount: Written
    currency: str


class NewKeyShape(TypedDict):
    """A key that was just created, with the key itself: this is the only time that it is shown."""

    id: str
    shown: str
    name: str
    kind: str
    scopes: list[str]
    networks: list[str]
    state: str
    created_at: str
    created_by: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None
    successor: str | None
    key: str


class Notice(TypedDict):
    """Something a reader of this answer should know."""

    code: str
    text: str


class OfferShape(TypedDict):
    """One ranked offer, solved for what is held equal; percentages are of the principal unless they say else."""

    provider: ProviderName
    payment_instruments: list[str]
    access_points: list[str]
    receiving_methods: list[str]
    transfer_speed: str
    network_coverage: str
    customer: str
    payout_currency: str | None
    notes: list[str]
    is_transparent: bool
    is_promotional: bool | None
    rank: int
    tied: bool
    rank_is_certain: bool
    tied_within_uncertainty: bool
    sender_pays: Money
    principal: Money
    recipient_gets: Money | None
    recipient_gets_reason: str | None
    fee: Money
    fee_mode: str
    fee_percent: Number
    offered_rate: Number | None
    mid_market_rate: Number | None
    mid_market_rate_type: str | None
    mid_market_rate_date: str | None
    mid_market_rate_institutions: list[str]
    fx_margin_percent: Number | None
    fx_margin_status: str | None
    cost_status: str
    published_total_percent: Number | None
    total_cost_percent: Number | None
    total_cost_percent_low: Number | None
    total_cost_percent_high: Number | None
    total_cost_percent_reason: str | None
    total_cost: Money | None
    cost_of_total_paid_percent: Number | None
    tax: Money | None
    tax_reason: str | None
    receiver_fee: Money | None
    incentive: Money | None
    price_basis: str
    services: int
    cautions: list[str]
    three_percent_test: ThreePercentTestShape
    observed_at: str
    valid_until: str | None
    freshness: str
    source: str
    evidence: str
    other_observations: list[OtherObservationShape]
    quote_ids: list[str]


class OneProvider(TypedDict):
    """One provider."""

    attribution: list[Attribution]
    dataset_version: int
    methodology_version: str
    notices: list[Notice]
    provider: ProviderRow
    spellings: list[SpellingShape]
    corridors: list[str]


class OneQuote(TypedDict):
    """One observation with its provenance."""

    attribution: list[Attribution]
    dataset_version: int
    methodology_version: str
    notices: list[Notice]
    quote: QuoteShape
    provenance: ProvenanceShape


class OneRelease(TypedDict):
    """A release with its files, and what changed since the one before."""

    attribution: list[Attribution]
    dataset_version: int
    methodology_version: str
    notices: list[Notice]
    release: ReleaseRow
    files: list[FileShape]
    changes: list[QuarterChange]


class OneSource(TypedDict):
    """One source, and its days."""

    attribution: list[Attribution]
    dataset_version: int
    methodology_version: str
    notices: list[Notice]
    source: SourceRow
    history: list[SourceDay]


class OtherInstitution(TypedDict):
    """What another institution's own figures give for the same pair on the same day."""

    institution: str
    name: str
    rate: Number
    day: str
    difference_percent: Number


class OtherObservationShape(TypedDict):
    """A ranked offer's service as another source sees it at the same amount; null figures: no price there."""

    source: str
    evidence: str
    observed_at: str
    freshness: str
    sender_pays: Money | None
    recipient_gets: Money | None
    fee: Money | None
    offered_rate: Number | None
    total_cost_percent: Number | None
    quote_ids: list[str]


class OutcomeCounts(TypedDict):
    """How many quotes became what."""

    accepted: int
    duplicate: int
    quarantined: int
    rejected: int


class PegShape(TypedDict):
    """A fixed rate by declaration: 1 `base` = `value` `quote`, both days included; null is open."""

    base: str
    quote: str
    value: Number
    since: str | None
    until: str | None
    reference: str


class PercentFeeIn(TypedDict):
    """A fee that is a percentage of the amount."""

    kind: str
    percent: Written


class PlaceShape(TypedDict):
    """Where in the source's file an observation stood."""

    sheet: str | None
    row: int | None
    item: int | None


class PlanLimits(TypedDict):
    """What the plan allows; days are those of UTC."""

    name: str
    requests_per_minute: int
    requests_per_day: int
    quotes_per_day: int


class Point(TypedDict):
    """All prices at one amount, cheapest first."""

    amount: Money
    cheapest: PointCost | None
    costs: list[PointCost]
    excluded: dict[str, int]


class PointCost(TypedDict):
    """What one service costs at one amount."""

    service: int
    rank: int
    total_cost: Money | None
    total_cost_percent: Number | None
    total_cost_percent_low: Number | None
    total_cost_percent_high: Number | None
    price_basis: str


class PreviewShape(TypedDict):
    """What a quote would come to, when `amount` is paid in all."""

    verdicts: dict[str, str]
    amount: Money | None
    recipient_gets: Money | None
    fee: Money | None
    offered_rate: Number | None
    mid_market_rate: Number | None
    fx_margin_percent: Number | None
    total_cost: Money | None
    total_cost_percent: Number | None
    price_reason: str | None
    rank: int | None
    rank_reason: str | None
    offers: int | None


class Projection(TypedDict):
    """The answer with `fields`: those that were asked for, and always where the figures are from."""

    attribution: list[Attribution]
    dataset_version: int
    methodology_version: str
    notices: list[Notice]


class ProvenanceShape(TypedDict):
    """Where an observation is from, as far as it is public."""

    place: PlaceShape
    content_hash: str
    file_hash: str
    labels_hash: str
    corrections_hash: str
    published: dict[str, str]
    taxes: list[TaxShape]
    superseded_by: str | None
    changes: list[ChangeShape]
    chain: list[LinkShape]
    chain_is_whole: bool


class ProviderChoice(TypedDict):
    """A provider that can be asked for, and how many services it has."""

    id: str
    name: str
    services: int


class ProviderName(TypedDict):
    """A provider by id and name, in its first published spelling."""

    id: str
    name: str
    type: str


class ProviderRow(TypedDict):
    """A provider, with what it offers in the newest rounds and in current live quotes."""

    id: str
    name: str
    types: list[str]
    website: str | None
    corridors: int
    services: int
    sources: list[str]


class Providers(TypedDict):
    """Every provider that a round or a live quote ever had."""

    attribution: list[Attribution]
    dataset_version: int
    methodology_version: str
    notices: list[Notice]
    next_page_token: str | None
    providers: list[ProviderRow]


class PushedBatch(TypedDict):
    """What became of a batch, quote by quote, in its order."""

    import_id: str | None
    dry_run: bool
    dataset_version: int | None
    counts: OutcomeCounts
    quotes: list[PushedQuote]


class PushedQuote(TypedDict):
    """What became of one quote."""

    index: int
    external_id: str | None
    outcome: str
    quote_id: str | None
    standing: str | None
    findings: list[FindingShape]
    preview: PreviewShape | None


class QuarantineList(TypedDict):
    """What waits, or waited, the first that came first."""

    quotes: list[QuarantinedQuote]
    next_page_token: str | None


class QuarantinedQuote(TypedDict):
    """A quote that waits or waited, and what was found."""

    quote_id: str
    status: str
    partner: str
    external_id: str
    corridor: str
    provider: str
    provider_name: str
    payment_instruments: list[str]
    access_points: list[str]
    receiving_methods: list[str]
    transfer_speed: str
    customer: str
    sending_currency: str
    receiving_currency: str
    terms: TermsShape
    observed_at: str
    valid_until: str | None
    recorded_at: str
    findings: list[FindingShape]
    decided_at: str | None
    decided_by: str | None
    decision_reason: str | None


class QuarterChange(TypedDict):
    """What became of a quarter since the release before; a corrected quote was removed and added."""

    period: str
    added: int
    removed: int


class QuoteIn(TypedDict):
    """One price of one service, at a time."""

    external_id: str
    provider: str
    provider_name: NotRequired[str | None]
    provider_type: NotRequired[str | None]
    corridor: str
    sending_currency: str
    receiving_currency: str
    payment_instruments: list[str]
    access_points: list[str]
    receiving_methods: list[str]
    transfer_speed: str
    customer: str
    fee_mode: str
    fee: AmountFeeIn | PercentFeeIn | ScheduleFeeIn
    offered_rate: NotRequired[Written | None]
    offered_rates: NotRequired[list[RateIn] | None]
    observed_at: str
    valid_until: NotRequired[str | None]
    min_amount: NotRequired[Written | None]
    max_amount: NotRequired[Written | None]
    taxes: NotRequired[list[TaxIn] | None]


class QuoteShape(TypedDict):
    """One observation: what was published for one service, at one amount or for a span of them."""

    provider: ProviderName
    payment_instruments: list[str]
    access_points: list[str]
    receiving_methods: list[str]
    transfer_speed: str
    network_coverage: str
    customer: str
    payout_currency: str | None
    notes: list[str]
    is_transparent: bool
    is_promotional: bool | None
    id: str
    source: str
    source_key: str
    evidence: str
    basis: str
    corridor: str
    period: str | None
    amount_tier: str | None
    observed_at: str
    valid_until: str | None
    amount: Money | None
    denomination_usd: Number | None
    fee: Money | None
    fee_mode: str
    fx_margin_percent: Number | None
    published_total_percent: Number | None
    sending_currency: str
    receiving_currency: str | None
    published_rate: Number | None
    published_mid_market_rate: Number | None
    fx_margin_status: str | None
    cost_status: str | None
    terms: TermsShape | None
    flags: list[str]
    is_current: bool
    dataset_version: int
    recorded_at: str


class Quotes(TypedDict):
    """Observations in the order of corridor, time and id."""

    attribution: list[Attribution]
    dataset_version: int
    methodology_version: str
    notices: list[Notice]
    next_page_token: str | None
    quotes: list[QuoteShape]


class QuotingInstitution(TypedDict):
    """An institution that publishes reference rates of a currency."""

    institution: str
    name: str
    first_day: str
    last_day: str
    days: int


RateIn = TypedDict("RateIn", {"from": "Written", "rate": "Written"})
"""A rate for the whole amount, from an amount on."""


class RateRow(TypedDict):
    """A rate on a day: 1 `base` = `rate` `quote`."""

    date: str
    base: str
    quote: str
    rate: Number | None
    rate_reason: str | None
    rate_type: str | None
    day: str | None
    age_days: int | None
    carried_forward: bool
    carried_forward_reason: str | None
    newest_day: str | None
    institutions: list[str]
    legs: list[LegShape]
    other_institutions: list[OtherInstitution]


RateShape = TypedDict("RateShape", {"from": "Number", "rate": "Number"})
"""A rate for the whole amount, from an amount (included) on: receiving currency for 1 of the sending currency."""


class Rates(TypedDict):
    """Rates in the order of day and currency."""

    attribution: list[Attribution]
    dataset_version: int
    methodology_version: str
    notices: list[Notice]
    next_page_token: str | None
    rates: list[RateRow]


class RelaxationShape(TypedDict):
    """What one filter alone removed from an answer that is empty."""

    parameter: str
    removed_services: int
    offers_without: int


class ReleaseRow(TypedDict):
    """A release; what a damaged one held is null."""

    id: str
    status: str
    reason: str | None
    successor: str | None
    date: str | None
    quotes: int | None
    quarters: int | None
    first_period: str | None
    last_period: str | None
    checksum: str | None
    methodology_version: str | None
    is_synthetic: bool | None
    previous: str | None
    url: str


class Releases(TypedDict):
    """Every release, newest first."""

    attribution: list[Attribution]
    dataset_version: int
    methodology_version: str
    notices: list[Notice]
    next_page_token: str | None
    releases: list[ReleaseRow]


class Reuse(TypedDict):
    """What the source's terms let others do with its figures."""

    display: bool
    store: bool
    redistribute: bool


class ScheduleFeeIn(TypedDict):
    """A banded fee; `marginal`: each band prices its own slice of the amount only."""

    kind: str
    bands: list[BandIn]
    marginal: NotRequired[bool]


class SourceDay(TypedDict):
    """What the calls of a source came to on one day (UTC)."""

    day: str
    fetches: int
    failures: int
    rows: int | None
    refused_rows: int | None


class SourceHistory(TypedDict):
    """The days of one source."""

    attribution: list[Attribution]
    dataset_version: int
    methodology_version: str
    notices: list[Notice]
    next_page_token: str | None
    history: list[SourceDay]


class SourceRow(TypedDict):
    """A source of prices or rates: whose figures, under which licence, how often, how they arrived, how it is."""

    key: str
    name: str
    publisher: str
    kind: str
    evidence: str | None
    licence: str
    licence_link: str
    text: str
    link: str
    cadence: str
    is_synthetic: bool
    is_private: bool
    reuse: Reuse
    state: str
    state_since: str | None
    newest_period: str | None
    newest_fixing_day: str | None
    newest_observed_at: str | None
    last_success_at: str | None
    last_failure_at: str | None
    last_failure_code: str | None
    last_failure_detail: str | None
    rows: int | None
    refused_rows: int | None
    missed_publications: int | None
    next_due_at: str | None
    paused_at: str | None
    paused_reason: str | None
    breakers: list[BreakerShape]


class Sources(TypedDict):
    """Every source that this installation knows."""

    attribution: list[Attribution]
    dataset_version: int
    methodology_version: str
    notices: list[Notice]
    next_page_token: str | None
    sources: list[SourceRow]


class SpellingShape(TypedDict):
    """How a source spells a provider's name."""

    source: str
    name: str


class SpokenFor(TypedDict):
    """A provider that the partner speaks for."""

    id: str
    name: str
    type: str


class Status(TypedDict):
    """How this installation is: its versions, its data, its incidents."""

    attribution: list[Attribution]
    dataset_version: int
    methodology_version: str
    notices: list[Notice]
    status: str
    incidents: list[Incident]
    app_version: str
    committed_at: str | None
    is_synthetic: bool | None
    corridors: int
    newest_periods: dict[str, str]
    database: str


class SummaryShape(TypedDict):
    """All ranked offers at the amount and filters, whatever the limit; averages over services."""

    offers: int
    services: int
    providers: int
    cheapest_percent: Number | None
    median_percent: Number | None
    average_percent: Number | None


class SwitchShape(TypedDict):
    """The first amount where another service is the cheapest; an interval where a price is interpolated."""

    at: Number
    earliest: Number
    latest: Number
    before: int | None
    after: int | None


class TaxIn(TypedDict):
    """A tax beside the price, shown and never part of it: `amount` or `percent`."""

    name: str
    paid_by: str
    amount: NotRequired[MoneyIn | None]
    percent: NotRequired[Written | None]


class TaxShape(TypedDict):
    """A tax that a partner says falls on a transfer: `amount` or `percent`, part of neither fee nor cost."""

    name: str
    paid_by: str
    amount: Money | None
    percent: Number | None


class Term(TypedDict):
    """One word of one enum; ``place`` is its order there."""

    vocabulary: str
    code: str
    place: int
    label: str


class TermsShape(TypedDict):
    """What a live price is, in major units of the sending currency."""

    fee_mode: str
    fee: FeeShape
    rates: list[RateShape]
    min_amount: Number | None
    max_amount: Number | None
    declared_mid_market_rate: Number | None
    published_fx_margin_percent: Number | None


class ThreePercentTestShape(TypedDict):
    """The cost against SDG 10.c; official at the survey's USD 200 tier only."""

    meets_target: bool | None
    within_ceiling: bool | None
    gap_percentage_points: Number | None
    official: bool
    meets_target_between: list[AmountInterval]
    meets_target_between_reason: str | None


class Usage(TypedDict):
    """A partner's plan and use."""

    plan: str
    limits: list[Limit]
    days: list[DayOfUse]


class Vocabulary(TypedDict):
    """Every word that answers and filters use."""

    attribution: list[Attribution]
    dataset_version: int
    methodology_version: str
    notices: list[Notice]
    next_page_token: str | None
    terms: list[Term]


class Withdrawal(TypedDict):
    """What was withdrawn, or would be."""

    dry_run: bool
    withdrawn: int
    from_quarantine: int
    returned: int
    dataset_version: int | None
    quotes: list[WithdrawnQuote]


class WithdrawnQuote(TypedDict):
    """A quote that was taken back, and how it stood."""

    quote_id: str
    external_id: str
    corridor: str
    observed_at: str | None
    was: str


class WordChoice(TypedDict):
    """A word that can be asked for, and how many services of the round have it."""

    code: str
    services: int


class Client(Transport):
    """Every call of the API by its name in the contract."""

    def corridors(
        self,
        *,
        basis: str | None = None,
        period: str | None = None,
        as_of: str | None = None,
        sort: str | None = None,
        fields: Sequence[str] | None = None,
        raw: bool | None = None,
        language: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
        sending_country: Sequence[str] | None = None,
        receiving_country: Sequence[str] | None = None,
        sending_region: Sequence[str] | None = None,
        receiving_region: Sequence[str] | None = None,
        sending_income: Sequence[str] | None = None,
        receiving_income: Sequence[str] | None = None,
        sdg_status: Sequence[str] | None = None,
        comparable: bool | None = None,
        q: str | None = None,
    ) -> Corridors:
        """The ranked list of corridors: ``GET /v1/corridors``."""
        path = "/v1/corridors"
        query: dict[str, Any] = {
            "basis": basis,
            "period": period,
            "as_of": as_of,
            "sort": sort,
            "fields": fields,
            "raw": raw,
            "language": language,
            "page_size": page_size,
            "page_token": page_token,
            "sending_country": sending_country,
            "receiving_country": receiving_country,
            "sending_region": sending_region,
            "receiving_region": receiving_region,
            "sending_income": sending_income,
            "receiving_income": receiving_income,
            "sdg_status": sdg_status,
            "comparable": comparable,
            "q": q,
        }
        answer: Corridors = self.send("GET", path, query, None, {})
        return answer

    def corridors_file(
        self,
        suffix: str,
        *,
        basis: str | None = None,
        period: str | None = None,
        as_of: str | None = None,
        sort: str | None = None,
        fields: Sequence[str] | None = None,
        raw: bool | None = None,
        language: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
        sending_country: Sequence[str] | None = None,
        receiving_country: Sequence[str] | None = None,
        sending_region: Sequence[str] | None = None,
        receiving_region: Sequence[str] | None = None,
        sending_income: Sequence[str] | None = None,
        receiving_income: Sequence[str] | None = None,
        sdg_status: Sequence[str] | None = None,
        comparable: bool | None = None,
        q: str | None = None,
    ) -> bytes:
        """The ranked list of corridors, as a file: ``GET /v1/corridors.{suffix}``."""
        path = path_of("/v1/corridors.{suffix}", suffix=suffix)
        query: dict[str, Any] = {
            "basis": basis,
            "period": period,
            "as_of": as_of,
            "sort": sort,
            "fields": fields,
            "raw": raw,
            "language": language,
            "page_size": page_size,
            "page_token": page_token,
            "sending_country": sending_country,
            "receiving_country": receiving_country,
            "sending_region": sending_region,
            "receiving_region": receiving_region,
            "sending_income": sending_income,
            "receiving_income": receiving_income,
            "sdg_status": sdg_status,
            "comparable": comparable,
            "q": q,
        }
        answer: bytes = self.send("GET", path, query, None, {})
        return answer

    def comparison(
        self,
        corridor: str,
        *,
        amount: Written | None = None,
        sort: str | None = None,
        limit: int | None = None,
        expand: Sequence[str] | None = None,
        fields: Sequence[str] | None = None,
        language: str | None = None,
        amount_is: str | None = None,
        sending_currency: str | None = None,
        receiving_currency: str | None = None,
        basis: str | None = None,
        period: str | None = None,
        benchmark: str | None = None,
        exact_only: bool | None = None,
        as_of: str | None = None,
        payment_instrument: Sequence[str] | None = None,
        access_point: Sequence[str] | None = None,
        receiving_method: Sequence[str] | None = None,
        max_transfer_speed: str | None = None,
        provider_type: Sequence[str] | None = None,
        provider: Sequence[str] | None = None,
        source: Sequence[str] | None = None,
        max_age_days: int | None = None,
        paying_without_account: bool | None = None,
        receiving_without_account: bool | None = None,
        customer: str | None = None,
        q: str | None = None,
    ) -> ComparisonShape:
        """Offers ranked for an amount: ``GET /v1/corridors/{corridor}/comparison``."""
        path = path_of("/v1/corridors/{corridor}/comparison", corridor=corridor)
        query: dict[str, Any] = {
            "amount": amount,
            "sort": sort,
            "limit": limit,
            "expand": expand,
            "fields": fields,
            "language": language,
            "amount_is": amount_is,
            "sending_currency": sending_currency,
            "receiving_currency": receiving_currency,
            "basis": basis,
            "period": period,
            "benchmark": benchmark,
            "exact_only": exact_only,
            "as_of": as_of,
            "payment_instrument": payment_instrument,
            "access_point": access_point,
            "receiving_method": receiving_method,
            "max_transfer_speed": max_transfer_speed,
            "provider_type": provider_type,
            "provider": provider,
            "source": source,
            "max_age_days": max_age_days,
            "paying_without_account": paying_without_account,
            "receiving_without_account": receiving_without_account,
            "customer": customer,
            "q": q,
        }
        answer: ComparisonShape = self.send("GET", path, query, None, {})
        return answer

    def cost_curve_of(
        self,
        corridor: str,
        *,
        amounts: Sequence[Written] | None = None,
        fields: Sequence[str] | None = None,
        language: str | None = None,
        amount_is: str | None = None,
        sending_currency: str | None = None,
        receiving_currency: str | None = None,
        basis: str | None = None,
        period: str | None = None,
        benchmark: str | None = None,
        exact_only: bool | None = None,
        as_of: str | None = None,
        payment_instrument: Sequence[str] | None = None,
        access_point: Sequence[str] | None = None,
        receiving_method: Sequence[str] | None = None,
        max_transfer_speed: str | None = None,
        provider_type: Sequence[str] | None = None,
        provider: Sequence[str] | None = None,
        source: Sequence[str] | None = None,
        max_age_days: int | None = None,
        paying_without_account: bool | None = None,
        receiving_without_account: bool | None = None,
        customer: str | None = None,
        q: str | None = None,
    ) -> CostCurveShape:
        """Costs over amounts, and where the cheapest changes: ``GET /v1/corridors/{corridor}/cost-curve``."""
        path = path_of("/v1/corridors/{corridor}/cost-curve", corridor=corridor)
        query: dict[str, Any] = {
            "amounts": amounts,
            "fields": fields,
            "language": language,
            "amount_is": amount_is,
            "sending_currency": sending_currency,
            "receiving_currency": receiving_currency,
            "basis": basis,
            "period": period,
            "benchmark": benchmark,
            "exact_only": exact_only,
            "as_of": as_of,
            "payment_instrument": payment_instrument,
            "access_point": access_point,
            "receiving_method": receiving_method,
            "max_transfer_speed": max_transfer_speed,
            "provider_type": provider_type,
            "provider": provider,
            "source": source,
            "max_age_days": max_age_days,
            "paying_without_account": paying_without_account,
            "receiving_without_account": receiving_without_account,
            "customer": customer,
            "q": q,
        }
        answer: CostCurveShape = self.send("GET", path, query, None, {})
        return answer

    def corridor(
        self,
        corridor: str,
        *,
        basis: str | None = None,
        period: str | None = None,
        as_of: str | None = None,
        fields: Sequence[str] | None = None,
        language: str | None = None,
    ) -> CorridorShape:
        """One corridor and its choices: ``GET /v1/corridors/{corridor}``."""
        path = path_of("/v1/corridors/{corridor}", corridor=corridor)
        query: dict[str, Any] = {
            "basis": basis,
            "period": period,
            "as_of": as_of,
            "fields": fields,
            "language": language,
        }
        answer: CorridorShape = self.send("GET", path, query, None, {})
        return answer

    def quotes(
        self,
        *,
        fields: Sequence[str] | None = None,
        raw: bool | None = None,
        language: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
        amount_tier: Sequence[str] | None = None,
        source: Sequence[str] | None = None,
        provider: Sequence[str] | None = None,
        provider_type: Sequence[str] | None = None,
        payment_instrument: Sequence[str] | None = None,
        access_point: Sequence[str] | None = None,
        receiving_method: Sequence[str] | None = None,
        transfer_speed: Sequence[str] | None = None,
        fx_margin_status: Sequence[str] | None = None,
        cost_status: Sequence[str] | None = None,
        superseded: bool | None = None,
        corridor: Sequence[str] | None = None,
        basis: str | None = None,
        period: str | None = None,
        sending_currency: str | None = None,
    ) -> Quotes:
        """Observations behind the figures: ``GET /v1/quotes``."""
        path = "/v1/quotes"
        query: dict[str, Any] = {
            "fields": fields,
            "raw": raw,
            "language": language,
            "page_size": page_size,
            "page_token": page_token,
            "amount_tier": amount_tier,
            "source": source,
            "provider": provider,
            "provider_type": provider_type,
            "payment_instrument": payment_instrument,
            "access_point": access_point,
            "receiving_method": receiving_method,
            "transfer_speed": transfer_speed,
            "fx_margin_status": fx_margin_status,
            "cost_status": cost_status,
            "superseded": superseded,
            "corridor": corridor,
            "basis": basis,
            "period": period,
            "sending_currency": sending_currency,
        }
        answer: Quotes = self.send("GET", path, query, None, {})
        return answer

    def push_quotes(
        self,
        body: dict[str, Any],
        *,
        dry_run: bool | None = None,
        atomic: bool | None = None,
        idempotency_key: str | None = None,
    ) -> PushedBatch:
        """Push quotes: ``POST /v1/quotes``."""
        path = "/v1/quotes"
        query: dict[str, Any] = {"dry_run": dry_run, "atomic": atomic}
        answer: PushedBatch = self.send("POST", path, query, body, {"Idempotency-Key": idempotency_key or new_key()})
        return answer

    def quotes_file(
        self,
        suffix: str,
        *,
        fields: Sequence[str] | None = None,
        raw: bool | None = None,
        language: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
        amount_tier: Sequence[str] | None = None,
        source: Sequence[str] | None = None,
        provider: Sequence[str] | None = None,
        provider_type: Sequence[str] | None = None,
        payment_instrument: Sequence[str] | None = None,
        access_point: Sequence[str] | None = None,
        receiving_method: Sequence[str] | None = None,
        transfer_speed: Sequence[str] | None = None,
        fx_margin_status: Sequence[str] | None = None,
        cost_status: Sequence[str] | None = None,
        superseded: bool | None = None,
        corridor: Sequence[str] | None = None,
        basis: str | None = None,
        period: str | None = None,
        sending_currency: str | None = None,
    ) -> bytes:
        """Observations behind the figures, as a file: ``GET /v1/quotes.{suffix}``."""
        path = path_of("/v1/quotes.{suffix}", suffix=suffix)
        query: dict[str, Any] = {
            "fields": fields,
            "raw": raw,
            "language": language,
            "page_size": page_size,
            "page_token": page_token,
            "amount_tier": amount_tier,
            "source": source,
            "provider": provider,
            "provider_type": provider_type,
            "payment_instrument": payment_instrument,
            "access_point": access_point,
            "receiving_method": receiving_method,
            "transfer_speed": transfer_speed,
            "fx_margin_status": fx_margin_status,
            "cost_status": cost_status,
            "superseded": superseded,
            "corridor": corridor,
            "basis": basis,
            "period": period,
            "sending_currency": sending_currency,
        }
        answer: bytes = self.send("GET", path, query, None, {})
        return answer

    def quote(self, quote_id: str, *, fields: Sequence[str] | None = None, language: str | None = None) -> OneQuote:
        """One observation with its provenance: ``GET /v1/quotes/{quote_id}``."""
        path = path_of("/v1/quotes/{quote_id}", quote_id=quote_id)
        query: dict[str, Any] = {"fields": fields, "language": language}
        answer: OneQuote = self.send("GET", path, query, None, {})
        return answer

    def correct_quote(
        self,
        quote_id: str,
        body: dict[str, Any],
        *,
        dry_run: bool | None = None,
        idempotency_key: str | None = None,
        if_match: str | None = None,
    ) -> CorrectionAnswer:
        """Correct a quote: ``POST /v1/quotes/{quote_id}/correction``."""
        path = path_of("/v1/quotes/{quote_id}/correction", quote_id=quote_id)
        query: dict[str, Any] = {"dry_run": dry_run}
        answer: CorrectionAnswer = self.send(
            "POST", path, query, body, {"Idempotency-Key": idempotency_key or new_key(), "If-Match": if_match}
        )
        return answer

    def corrections(
        self,
        *,
        kind: Sequence[str] | None = None,
        corridor: Sequence[str] | None = None,
        provider: Sequence[str] | None = None,
        source: Sequence[str] | None = None,
        fields: Sequence[str] | None = None,
        raw: bool | None = None,
        language: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
    ) -> Corrections:
        """What was put right: ``GET /v1/corrections``."""
        path = "/v1/corrections"
        query: dict[str, Any] = {
            "kind": kind,
            "corridor": corridor,
            "provider": provider,
            "source": source,
            "fields": fields,
            "raw": raw,
            "language": language,
            "page_size": page_size,
            "page_token": page_token,
        }
        answer: Corrections = self.send("GET", path, query, None, {})
        return answer

    def corrections_file(
        self,
        suffix: str,
        *,
        kind: Sequence[str] | None = None,
        corridor: Sequence[str] | None = None,
        provider: Sequence[str] | None = None,
        source: Sequence[str] | None = None,
        fields: Sequence[str] | None = None,
        raw: bool | None = None,
        language: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
    ) -> bytes:
        """What was put right, as a file: ``GET /v1/corrections.{suffix}``."""
        path = path_of("/v1/corrections.{suffix}", suffix=suffix)
        query: dict[str, Any] = {
            "kind": kind,
            "corridor": corridor,
            "provider": provider,
            "source": source,
            "fields": fields,
            "raw": raw,
            "language": language,
            "page_size": page_size,
            "page_token": page_token,
        }
        answer: bytes = self.send("GET", path, query, None, {})
        return answer

    def providers(
        self,
        *,
        q: str | None = None,
        fields: Sequence[str] | None = None,
        raw: bool | None = None,
        language: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
    ) -> Providers:
        """Providers: ``GET /v1/providers``."""
        path = "/v1/providers"
        query: dict[str, Any] = {
            "q": q,
            "fields": fields,
            "raw": raw,
            "language": language,
            "page_size": page_size,
            "page_token": page_token,
        }
        answer: Providers = self.send("GET", path, query, None, {})
        return answer

    def providers_file(
        self,
        suffix: str,
        *,
        q: str | None = None,
        fields: Sequence[str] | None = None,
        raw: bool | None = None,
        language: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
    ) -> bytes:
        """Providers, as a file: ``GET /v1/providers.{suffix}``."""
        path = path_of("/v1/providers.{suffix}", suffix=suffix)
        query: dict[str, Any] = {
            "q": q,
            "fields": fields,
            "raw": raw,
            "language": language,
            "page_size": page_size,
            "page_token": page_token,
        }
        answer: bytes = self.send("GET", path, query, None, {})
        return answer

    def provider(
        self, provider: str, *, fields: Sequence[str] | None = None, language: str | None = None
    ) -> OneProvider:
        """One provider: ``GET /v1/providers/{provider}``."""
        path = path_of("/v1/providers/{provider}", provider=provider)
        query: dict[str, Any] = {"fields": fields, "language": language}
        answer: OneProvider = self.send("GET", path, query, None, {})
        return answer

    def countries(
        self,
        *,
        q: str | None = None,
        fields: Sequence[str] | None = None,
        raw: bool | None = None,
        language: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
    ) -> Countries:
        """Countries: ``GET /v1/countries``."""
        path = "/v1/countries"
        query: dict[str, Any] = {
            "q": q,
            "fields": fields,
            "raw": raw,
            "language": language,
            "page_size": page_size,
            "page_token": page_token,
        }
        answer: Countries = self.send("GET", path, query, None, {})
        return answer

    def countries_file(
        self,
        suffix: str,
        *,
        q: str | None = None,
        fields: Sequence[str] | None = None,
        raw: bool | None = None,
        language: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
    ) -> bytes:
        """Countries, as a file: ``GET /v1/countries.{suffix}``."""
        path = path_of("/v1/countries.{suffix}", suffix=suffix)
        query: dict[str, Any] = {
            "q": q,
            "fields": fields,
            "raw": raw,
            "language": language,
            "page_size": page_size,
            "page_token": page_token,
        }
        answer: bytes = self.send("GET", path, query, None, {})
        return answer

    def currencies(
        self,
        *,
        q: str | None = None,
        fields: Sequence[str] | None = None,
        raw: bool | None = None,
        language: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
    ) -> Currencies:
        """Currencies, and who quotes them: ``GET /v1/currencies``."""
        path = "/v1/currencies"
        query: dict[str, Any] = {
            "q": q,
            "fields": fields,
            "raw": raw,
            "language": language,
            "page_size": page_size,
            "page_token": page_token,
        }
        answer: Currencies = self.send("GET", path, query, None, {})
        return answer

    def currencies_file(
        self,
        suffix: str,
        *,
        q: str | None = None,
        fields: Sequence[str] | None = None,
        raw: bool | None = None,
        language: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
    ) -> bytes:
        """Currencies, and who quotes them, as a file: ``GET /v1/currencies.{suffix}``."""
        path = path_of("/v1/currencies.{suffix}", suffix=suffix)
        query: dict[str, Any] = {
            "q": q,
            "fields": fields,
            "raw": raw,
            "language": language,
            "page_size": page_size,
            "page_token": page_token,
        }
        answer: bytes = self.send("GET", path, query, None, {})
        return answer

    def rates(
        self,
        *,
        fields: Sequence[str] | None = None,
        raw: bool | None = None,
        language: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
        base: str | None = None,
        quote: Sequence[str] | None = None,
        benchmark: str | None = None,
        date: str | None = None,
        from_: str | None = None,
        to: str | None = None,
    ) -> Rates:
        """Reference rates: ``GET /v1/rates``."""
        path = "/v1/rates"
        query: dict[str, Any] = {
            "fields": fields,
            "raw": raw,
            "language": language,
            "page_size": page_size,
            "page_token": page_token,
            "base": base,
            "quote": quote,
            "benchmark": benchmark,
            "date": date,
            "from": from_,
            "to": to,
        }
        answer: Rates = self.send("GET", path, query, None, {})
        return answer

    def rates_file(
        self,
        suffix: str,
        *,
        fields: Sequence[str] | None = None,
        raw: bool | None = None,
        language: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
        base: str | None = None,
        quote: Sequence[str] | None = None,
        benchmark: str | None = None,
        date: str | None = None,
        from_: str | None = None,
        to: str | None = None,
    ) -> bytes:
        """Reference rates, as a file: ``GET /v1/rates.{suffix}``."""
        path = path_of("/v1/rates.{suffix}", suffix=suffix)
        query: dict[str, Any] = {
            "fields": fields,
            "raw": raw,
            "language": language,
            "page_size": page_size,
            "page_token": page_token,
            "base": base,
            "quote": quote,
            "benchmark": benchmark,
            "date": date,
            "from": from_,
            "to": to,
        }
        answer: bytes = self.send("GET", path, query, None, {})
        return answer

    def releases(
        self,
        *,
        fields: Sequence[str] | None = None,
        raw: bool | None = None,
        language: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
    ) -> Releases:
        """Releases: ``GET /v1/releases``."""
        path = "/v1/releases"
        query: dict[str, Any] = {
            "fields": fields,
            "raw": raw,
            "language": language,
            "page_size": page_size,
            "page_token": page_token,
        }
        answer: Releases = self.send("GET", path, query, None, {})
        return answer

    def releases_file(
        self,
        suffix: str,
        *,
        fields: Sequence[str] | None = None,
        raw: bool | None = None,
        language: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
    ) -> bytes:
        """Releases, as a file: ``GET /v1/releases.{suffix}``."""
        path = path_of("/v1/releases.{suffix}", suffix=suffix)
        query: dict[str, Any] = {
            "fields": fields,
            "raw": raw,
            "language": language,
            "page_size": page_size,
            "page_token": page_token,
        }
        answer: bytes = self.send("GET", path, query, None, {})
        return answer

    def release(self, release: str, *, fields: Sequence[str] | None = None, language: str | None = None) -> OneRelease:
        """One release: ``GET /v1/releases/{release}``."""
        path = path_of("/v1/releases/{release}", release=release)
        query: dict[str, Any] = {"fields": fields, "language": language}
        answer: OneRelease = self.send("GET", path, query, None, {})
        return answer

    def release_quotes(self, release: str) -> bytes:
        """All quotes of a release: ``GET /v1/releases/{release}/quotes.csv``."""
        path = path_of("/v1/releases/{release}/quotes.csv", release=release)
        query: dict[str, Any] = {}
        answer: bytes = self.send("GET", path, query, None, {})
        return answer

    def release_quarter(self, release: str, file: str) -> bytes:
        """One quarter of a release: ``GET /v1/releases/{release}/quotes/{file}``."""
        path = path_of("/v1/releases/{release}/quotes/{file}", release=release, file=file)
        query: dict[str, Any] = {}
        answer: bytes = self.send("GET", path, query, None, {})
        return answer

    def release_document(self, release: str, file: str) -> Any:
        """A document of a release: ``GET /v1/releases/{release}/{file}``."""
        path = path_of("/v1/releases/{release}/{file}", release=release, file=file)
        query: dict[str, Any] = {}
        answer: Any = self.send("GET", path, query, None, {})
        return answer

    def vocabulary(
        self,
        *,
        vocabulary: str | None = None,
        q: str | None = None,
        fields: Sequence[str] | None = None,
        raw: bool | None = None,
        language: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
    ) -> Vocabulary:
        """Every word of the enums, labelled: ``GET /v1/vocabulary``."""
        path = "/v1/vocabulary"
        query: dict[str, Any] = {
            "vocabulary": vocabulary,
            "q": q,
            "fields": fields,
            "raw": raw,
            "language": language,
            "page_size": page_size,
            "page_token": page_token,
        }
        answer: Vocabulary = self.send("GET", path, query, None, {})
        return answer

    def vocabulary_file(
        self,
        suffix: str,
        *,
        vocabulary: str | None = None,
        q: str | None = None,
        fields: Sequence[str] | None = None,
        raw: bool | None = None,
        language: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
    ) -> bytes:
        """Every word of the enums, labelled, as a file: ``GET /v1/vocabulary.{suffix}``."""
        path = path_of("/v1/vocabulary.{suffix}", suffix=suffix)
        query: dict[str, Any] = {
            "vocabulary": vocabulary,
            "q": q,
            "fields": fields,
            "raw": raw,
            "language": language,
            "page_size": page_size,
            "page_token": page_token,
        }
        answer: bytes = self.send("GET", path, query, None, {})
        return answer

    def withdraw_quotes(
        self, body: dict[str, Any], *, dry_run: bool | None = None, idempotency_key: str | None = None
    ) -> Withdrawal:
        """Take quotes back: ``POST /v1/quotes/withdrawals``."""
        path = "/v1/quotes/withdrawals"
        query: dict[str, Any] = {"dry_run": dry_run}
        answer: Withdrawal = self.send("POST", path, query, body, {"Idempotency-Key": idempotency_key or new_key()})
        return answer

    def withdraw_import(
        self, import_id: str, body: dict[str, Any], *, dry_run: bool | None = None, idempotency_key: str | None = None
    ) -> Withdrawal:
        """Take a whole import back: ``POST /v1/imports/{import_id}/withdrawal``."""
        path = path_of("/v1/imports/{import_id}/withdrawal", import_id=import_id)
        query: dict[str, Any] = {"dry_run": dry_run}
        answer: Withdrawal = self.send("POST", path, query, body, {"Idempotency-Key": idempotency_key or new_key()})
        return answer

    def quarantine(
        self,
        *,
        status: str | None = None,
        partner: str | None = None,
        corridor: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
    ) -> QuarantineList:
        """Quotes that wait for a person: ``GET /v1/quarantine``."""
        path = "/v1/quarantine"
        query: dict[str, Any] = {
            "status": status,
            "partner": partner,
            "corridor": corridor,
            "page_size": page_size,
            "page_token": page_token,
        }
        answer: QuarantineList = self.send("GET", path, query, None, {})
        return answer

    def decide(self, quote_id: str, body: dict[str, Any], *, idempotency_key: str | None = None) -> Decision:
        """Accept or refuse a quote that waits: ``POST /v1/quarantine/{quote_id}/decision``."""
        path = path_of("/v1/quarantine/{quote_id}/decision", quote_id=quote_id)
        query: dict[str, Any] = {}
        answer: Decision = self.send("POST", path, query, body, {"Idempotency-Key": idempotency_key or new_key()})
        return answer

    def list_sources(
        self,
        *,
        fields: Sequence[str] | None = None,
        raw: bool | None = None,
        language: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
    ) -> Sources:
        """Sources, their licences and how they are: ``GET /v1/sources``."""
        path = "/v1/sources"
        query: dict[str, Any] = {
            "fields": fields,
            "raw": raw,
            "language": language,
            "page_size": page_size,
            "page_token": page_token,
        }
        answer: Sources = self.send("GET", path, query, None, {})
        return answer

    def list_sources_file(
        self,
        suffix: str,
        *,
        fields: Sequence[str] | None = None,
        raw: bool | None = None,
        language: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
    ) -> bytes:
        """Sources, their licences and how they are, as a file: ``GET /v1/sources.{suffix}``."""
        path = path_of("/v1/sources.{suffix}", suffix=suffix)
        query: dict[str, Any] = {
            "fields": fields,
            "raw": raw,
            "language": language,
            "page_size": page_size,
            "page_token": page_token,
        }
        answer: bytes = self.send("GET", path, query, None, {})
        return answer

    def source_history(
        self,
        source: str,
        *,
        fields: Sequence[str] | None = None,
        raw: bool | None = None,
        language: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
    ) -> SourceHistory:
        """How a source was, day by day: ``GET /v1/sources/{source}/history``."""
        path = path_of("/v1/sources/{source}/history", source=source)
        query: dict[str, Any] = {
            "fields": fields,
            "raw": raw,
            "language": language,
            "page_size": page_size,
            "page_token": page_token,
        }
        answer: SourceHistory = self.send("GET", path, query, None, {})
        return answer

    def source_history_file(
        self,
        suffix: str,
        source: str,
        *,
        fields: Sequence[str] | None = None,
        raw: bool | None = None,
        language: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
    ) -> bytes:
        """How a source was, day by day, as a file: ``GET /v1/sources/{source}/history.{suffix}``."""
        path = path_of("/v1/sources/{source}/history.{suffix}", suffix=suffix, source=source)
        query: dict[str, Any] = {
            "fields": fields,
            "raw": raw,
            "language": language,
            "page_size": page_size,
            "page_token": page_token,
        }
        answer: bytes = self.send("GET", path, query, None, {})
        return answer

    def one_source(self, source: str, *, fields: Sequence[str] | None = None, language: str | None = None) -> OneSource:
        """One source: ``GET /v1/sources/{source}``."""
        path = path_of("/v1/sources/{source}", source=source)
        query: dict[str, Any] = {"fields": fields, "language": language}
        answer: OneSource = self.send("GET", path, query, None, {})
        return answer

    def create_import(
        self, body: bytes, *, content_type: str = "text/csv", idempotency_key: str | None = None
    ) -> ImportShape:
        """Send a file of quotes: ``POST /v1/imports``."""
        path = "/v1/imports"
        query: dict[str, Any] = {}
        answer: ImportShape = self.send(
            "POST", path, query, body, {"Idempotency-Key": idempotency_key or new_key(), "Content-Type": content_type}
        )
        return answer

    def imports(self, *, page_size: int | None = None, page_token: str | None = None) -> ImportList:
        """What you pushed: ``GET /v1/imports``."""
        path = "/v1/imports"
        query: dict[str, Any] = {"page_size": page_size, "page_token": page_token}
        answer: ImportList = self.send("GET", path, query, None, {})
        return answer

    def import_(self, import_id: str) -> ImportShape:
        """How far an import is: ``GET /v1/imports/{import_id}``."""
        path = path_of("/v1/imports/{import_id}", import_id=import_id)
        query: dict[str, Any] = {}
        answer: ImportShape = self.send("GET", path, query, None, {})
        return answer

    def import_refused(self, import_id: str) -> bytes:
        """What was refused of an import, and why: ``GET /v1/imports/{import_id}/refused``."""
        path = path_of("/v1/imports/{import_id}/refused", import_id=import_id)
        query: dict[str, Any] = {}
        answer: bytes = self.send("GET", path, query, None, {})
        return answer

    def status(self, *, language: str | None = None) -> Status:
        """How this installation is: ``GET /v1/status``."""
        path = "/v1/status"
        query: dict[str, Any] = {"language": language}
        answer: Status = self.send("GET", path, query, None, {})
        return answer

    def account(self) -> Account:
        """Your plan, providers and keys: ``GET /v1/account``."""
        path = "/v1/account"
        query: dict[str, Any] = {}
        answer: Account = self.send("GET", path, query, None, {})
        return answer

    def create_key(self, body: dict[str, Any]) -> NewKeyShape:
        """Create a key, or rotate one: ``POST /v1/account/keys``."""
        path = "/v1/account/keys"
        query: dict[str, Any] = {}
        answer: NewKeyShape = self.send("POST", path, query, body, {})
        return answer

    def revoke_key(self, key_id: str) -> KeyShape:
        """Revoke a key: ``DELETE /v1/account/keys/{key_id}``."""
        path = path_of("/v1/account/keys/{key_id}", key_id=key_id)
        query: dict[str, Any] = {}
        answer: KeyShape = self.send("DELETE", path, query, None, {})
        return answer

    def account_quotes(
        self,
        *,
        status: str | None = None,
        external_id: str | None = None,
        import_id: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
    ) -> AccountQuotes:
        """What became of your quotes: ``GET /v1/account/quotes``."""
        path = "/v1/account/quotes"
        query: dict[str, Any] = {
            "status": status,
            "external_id": external_id,
            "import_id": import_id,
            "page_size": page_size,
            "page_token": page_token,
        }
        answer: AccountQuotes = self.send("GET", path, query, None, {})
        return answer

    def account_usage(self) -> Usage:
        """What you used: ``GET /v1/account/usage``."""
        path = "/v1/account/usage"
        query: dict[str, Any] = {}
        answer: Usage = self.send("GET", path, query, None, {})
        return answer
