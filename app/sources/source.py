"""The contract of a source: who publishes it and on what terms, and the shape in which its records leave an adapter."""

import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from app.domain.vocabulary import Evidence

_HERE = Path(__file__).parent


class Reuse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the source's terms let others do with its figures."""

    display: bool
    store: bool
    redistribute: bool


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A source's metadata: the file ``<key>.toml`` beside this module."""

    key: str
    name: str
    publisher: str
    evidence: Evidence
    licence: str
    licence_link: str
    attribution: str
    link: str
    cadence: str
    is_synthetic: bool
    reuse: Reuse


@cache
def sources() -> dict[str, Source]:
    """Return every source that this installation knows, by key."""
    found = [msgspec.convert(tomllib.loads(path.read_text("utf-8")), Source) for path in sorted(_HERE.glob("*.toml"))]
    return {source.key: source for source in found}


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
