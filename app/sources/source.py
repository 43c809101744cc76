"""The contract of a source: who publishes it and on what terms, and the shape in which its records leave an adapter."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple, Protocol

import msgspec

from app.domain.calendars import Days
from app.domain.vocabulary import Evidence

_HERE = Path(__file__).parent


class Reuse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the source's terms let others do with its figures."""

    display: bool
    store: bool
    redistribute: bool


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a source is fetched: every so many minutes, or at a time of day (UTC, ``15:10``) on its publication days.

    ``days``: ``every``, ``weekdays``, or ``target`` (weekdays less the closing days of the TARGET system).
    """

    every_minutes: int | None = None
    at_utc: str | None = None
    days: Days = "every"


class Fetching(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a source is fetched over HTTP; ``hosts`` are all that a redirect may lead to.

    ``pause_seconds`` lie between two calls, so that we are no burden. ``deadline_seconds`` bounds one call with all
    its retries, ``max_bytes`` its body before and ``max_unpacked_bytes`` after decompression.
    """

    url: str
    hosts: tuple[str, ...]
    schedule: Schedule
    pause_seconds: float = 0
    deadline_seconds: float = 60
    max_bytes: int = 16 * 2**20
    max_unpacked_bytes: int = 64 * 2**20


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A source's metadata: the file ``<key>.toml`` beside this module.

    ``kind``: what its records are (``survey``, ``quotes`` or ``rates``); ``fetching``: null where nothing is fetched.
    """

    key: str
    name: str
    publisher: str
    evidence: Evidence | None = None
    licence: str
    licence_link: str
    attribution: str
    link: str
    cadence: str
    is_synthetic: bool
    reuse: Reuse
    kind: Literal["survey", "quotes", "rates"] = "survey"
    fetching: Fetching | None = None

    @property
    def is_private(self) -> bool:
        """Whether its terms let nobody but the operator see its figures, until the operator says otherwise."""
        return not self.reuse.redistribute


@cache
def sources() -> dict[str, Source]:
    """Return every source that this installation knows, by key."""
    found = [msgspec.convert(tomllib.loads(path.read_text("utf-8")), Source) for path in sorted(_HERE.glob("*.toml"))]
    return {source.key: source for source in found}


def publication_days(source: str) -> Days:
    """Return on which days a source's institutions publish, as far as it is declared: else on weekdays."""
    fetching = sources()[source].fetching
    return "weekdays" if fetching is None else fetching.schedule.days


class Mapped(NamedTuple):
    """A service in our words, with the source's own words beside them; ``id`` is a hash of all the rest.

    Lists are tuples of vocabulary values. ``published`` pairs a column's name with its text, in the column's order, as
    published; texts that were not given are left out, so that a file without a column equals one where it is blank.
    """

    id: bytes
    provider: str
    provider_name: str
    provider_type: str
    payment_instruments: tuple[str, ...]
    access_points: tuple[str, ...]
    receiving_methods: tuple[str, ...]
    transfer_speed: str
    network_coverage: str
    customer: str
    is_transparent: bool
    is_promotional: bool | None
    payout_currency: str | None
    notes: tuple[str, ...]
    published: tuple[tuple[str, str], ...]


class SurveyQuote(NamedTuple):
    """One tier of one survey row in storage form, so that nothing has to be rearranged on its way to the database.

    ``id``, ``description_id`` and ``content_hash`` are 16 bytes, ``observed_at`` counts microseconds since 1970 (UTC),
    numbers are exact decimals as text without trailing zeros, ``flags`` are separated by commas; ``content_hash`` is a
    hash of the canonical content from which ``id`` is made; ``place_row`` counts from 1 as a spreadsheet shows it.
    """

    id: bytes
    source: str
    source_key: str
    evidence: str
    period: str
    tier: str
    corridor: str
    observed_at: int
    description_id: bytes
    sending_currency: str
    receiving_currency: str | None
    amount: str
    denomination_usd: str | None
    fee: str | None
    fee_mode: str
    fx_margin_percent: str | None
    published_total_percent: str
    published_rate: str | None
    published_mid_market_rate: str | None
    fx_margin_status: str
    cost_status: str
    flags: str
    place_sheet: str
    place_row: int
    content_hash: bytes


class Accepted(NamedTuple):
    """One accepted row: one service in one round, with a quote at each amount that has a published total."""

    period: str
    source_key: str
    quotes: tuple[SurveyQuote, ...]


class Refused(NamedTuple):
    """One row that was not accepted: where it is, which cell and why; ``given`` is outside text: show it escaped."""

    sheet: str
    place_row: int
    period: str
    key: str
    column: str
    given: str
    code: str
    reason: str


class Ask(NamedTuple):
    """One call of a source. ``target`` names it in reports (``daily``, ``GBP-PHP/usd_200``), ``url`` is complete.

    ``wanted`` is what the adapter must know again when it reads the answer, as pairs: the corridor, the tier.
    """

    target: str
    url: str
    accept: str = "application/json"
    wanted: tuple[tuple[str, str], ...] = ()


class FixingRecord(NamedTuple):
    """One published rate, 1 ``base`` = ``value`` ``quote``, in storage form: ``day`` ISO 8601, ``value`` canonical."""

    institution: str
    day: str
    base: str
    quote: str
    value: str


class InstitutionRecord(NamedTuple):
    """Who publishes rates; ``rate_type`` and ``cadence`` in the source's own words."""

    key: str
    source: str
    name: str
    country: str | None
    pivot_currency: str | None
    rate_type: str | None
    link: str | None
    cadence: str | None


class LiveRecord(NamedTuple):
    """A live quote on its way to the store: ``service`` in our words, ``terms`` as ``domain.terms.terms_text`` writes.

    ``observed_at`` and ``valid_until`` count microseconds since 1970 (UTC). ``id`` and ``content_hash`` as in
    ``SurveyQuote``. ``flags`` are separated by commas.
    """

    id: bytes
    source: str
    source_key: str
    tier: str
    scope: str
    evidence: str
    corridor: str
    observed_at: int
    valid_until: int | None
    service: Mapped
    sending_currency: str
    receiving_currency: str
    terms: str
    flags: str
    content_hash: bytes


class Doubt(NamedTuple):
    """One record that was not accepted: where it is in the answer (a JSON pointer, a line), why, and what was given."""

    place: str
    code: str
    reason: str
    given: str


class RateReading(NamedTuple):
    """What an answer with rates holds; ``counts`` are its own facts: gaps, what was left out."""

    fixings: list[FixingRecord]
    institutions: list[InstitutionRecord]
    refused: list[Doubt]
    counts: Mapping[str, int] = MappingProxyType({})


class LiveReading(NamedTuple):
    """What an answer with live quotes holds; it is complete for ``scopes``, and ``counts`` are its own facts.

    ``silent``: how the keys of services begin of which it names the provider and no price, so that it is not complete
    for them.
    """

    quotes: list[LiveRecord]
    scopes: tuple[str, ...]
    refused: list[Doubt]
    counts: dict[str, int]
    silent: tuple[str, ...] = ()


class Known(NamedTuple):
    """What an adapter may know of what is stored when it decides what to ask: nothing here is computed by it.

    ``newest_fixings``: each institution's newest day (ISO 8601); ``institutions``: those that this source brought.
    ``pairs``: (corridor, sending currency, receiving currency) to ask for; ``usd_rates``: one US dollar in a currency,
    as decimal text. ``today``: ISO 8601.
    """

    today: str
    institutions: tuple[InstitutionRecord, ...] = ()
    newest_fixings: tuple[tuple[str, str], ...] = ()
    pairs: tuple[tuple[str, str, str], ...] = ()
    usd_rates: tuple[tuple[str, str], ...] = ()


class Adapter(Protocol):
    """A source that is fetched is a module of these two functions, named as its key: ``app.sources.<key>``.

    ``read`` raises SourceError, with the place, where an answer as a whole cannot be used.
    """

    def asks(self, source: Source, known: Known) -> list[Ask]:
        """Return the calls that bring the source's newest figures."""

    def read(self, source: Source, ask: Ask, body: bytes) -> RateReading | LiveReading:
        """Turn one answer into records; deterministic, so that a kept answer can be read again."""
