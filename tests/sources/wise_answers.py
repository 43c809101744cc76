"""Recorded answers of Wise's shape, changed for a case, and what must follow from them."""

import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from app.domain.terms import AmountFee, Terms
from app.domain.vocabulary import FeeMode
from app.sources import wise
from app.sources.source import Ask, LiveReading, LiveRecord, sources

RECORDED = Path(__file__).parent / "recorded"
DOCUMENTED = "wise/wise_v4_comparisons_docs_example.json"
SOURCE = sources()["wise"]
BY_HAND = Ask("file", "")
Document = dict[str, Any]
Change = Callable[[Document], object]


def recorded(name: str) -> bytes:
    return (RECORDED / f"wise_{name}_gbp_php.json").read_bytes()


def read(body: bytes, ask: Ask = BY_HAND) -> LiveReading:
    return wise.read(SOURCE, ask, body)


def changed(change: Change, name: str = "v4") -> bytes:
    document = json.loads(recorded(name))
    change(document)
    return json.dumps(document).encode()


def quote_of(document: Document, provider: int = 1, quote: int = 0) -> Document:
    found: Document = document["providers"][provider]["quotes"][quote]
    return found


def setting(**fields: object) -> Change:
    """A change of the invented bank's only quote."""
    return lambda document: quote_of(document).update(fields)


def by_key(reading: LiveReading) -> dict[str, LiveRecord]:
    found = {record.source_key: record for record in reading.quotes}
    assert len(found) == len(reading.quotes)
    return found


def given_quotes(body: bytes) -> list[Document]:
    """Each published quote with exact numbers, in the order of the answer."""
    document = json.loads(body, parse_float=Decimal, parse_int=Decimal)
    return [quote | {"alias": provider["alias"]} for provider in document["providers"] for quote in provider["quotes"]]


def received(terms: Terms) -> Fraction:
    assert isinstance(terms.fee, AmountFee)
    assert terms.fee_mode is FeeMode.DEDUCTED
    return (Fraction(terms.fee.at_amount) - Fraction(terms.fee.amount)) * Fraction(terms.rates[0].rate)


def markup(terms: Terms) -> Fraction:
    assert terms.declared_mid_market_rate is not None
    return 100 - 100 * Fraction(terms.rates[0].rate) / Fraction(terms.declared_mid_market_rate)
