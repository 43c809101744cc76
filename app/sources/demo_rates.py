"""Invented reference rates: the layout of the ECB's history, and a column ``synthetic`` with ``yes`` in every row."""

from typing import Final

from app.sources.ecb import read_table
from app.sources.fixings import Fixings
from app.sources.source import Ask, InstitutionRecord, Known, RateReading, Source

INSTITUTION: Final = "demo_fixing"


def asks(source: Source, known: Known) -> list[Ask]:  # noqa: ARG001 - the shape of an adapter
    """Return none: nobody publishes them."""
    return []


def read(source: Source, ask: Ask, body: bytes) -> RateReading:  # noqa: ARG001 - the shape of an adapter
    """Turn a file of invented rates into fixings."""
    fixings = Fixings()
    read_table(body, fixings, INSTITUTION, is_synthetic=True)
    institution = InstitutionRecord(
        key=INSTITUTION,
        source=source.key,
        name="Demonstration fixing",
        country=None,
        pivot_currency="EUR",
        rate_type="synthetic",
        link=None,
        cadence="daily",
    )
    return fixings.reading([institution])
