"""What a release says of each quote: its columns, each with type, unit and meaning, in the order of the files.

One declaration is the CSV's header, the Parquet's schema, the data package's and the dictionary's table.
"""

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["text", "words", "number", "day", "truth"]

NUMBER: Final = "DECIMAL(30, 15)"
"""Any number that the store takes (at most 15 significant digits) in Parquet, exactly."""

SEPARATOR: Final = ";"
"""Between the words of a list."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``words`` are several words of the vocabulary; ``unit`` where a number has one."""

    name: str
    kind: Kind
    description: str
    unit: str | None = None
    is_required: bool = True

    @property
    def sql_type(self) -> str:
        """The column's type in Parquet."""
        return {"text": "VARCHAR", "words": "VARCHAR", "number": NUMBER, "day": "DATE", "truth": "BOOLEAN"}[self.kind]

    @property
    def frictionless_type(self) -> str:
        """The column's type in the data package (Frictionless Table Schema)."""
        return {"text": "string", "words": "string", "number": "number", "day": "date", "truth": "boolean"}[self.kind]


def _optional(name: str, kind: Kind, description: str, unit: str | None = None) -> Column:
    return Column(name, kind, description, unit, is_required=False)


COLUMNS: Final = (
    Column("quote_id", "text", "The quote's id, made from what it says: the same in every installation (RFC 9562)."),
    Column("source", "text", "Whose observation it is: a key of the sources in the data package."),
    Column("source_key", "text", "The source's own key of the surveyed service; it has no meaning in another round."),
    Column("period", "text", "The quarter of the survey round, such as 2013-Q3."),
    Column("tier", "text", "The surveyed amount: usd_200 or usd_500, nominally so many US dollars."),
    Column("observed_on", "day", "The day of the observation."),
    Column("corridor", "text", "Sending and receiving country as ISO 3166-1 alpha-3 codes, such as GBR-PHL."),
    Column("sending_country", "text", "The sending country (ISO 3166-1 alpha-3)."),
    Column("receiving_country", "text", "The receiving country (ISO 3166-1 alpha-3)."),
    Column("provider", "text", "The provider's id, under which its spellings are joined."),
    Column("provider_name", "text", "The provider's name as the source spells it."),
    Column("provider_type", "text", "What kind of provider it is."),
    Column("payment_instruments", "words", "What the sender pays with."),
    Column("access_points", "words", "Where the sender reaches the service."),
    Column("receiving_methods", "words", "How the receiver gets the money."),
    Column("transfer_speed", "text", "How soon the money is there."),
    Column("network_coverage", "text", "How far the network for receiving reaches."),
    Column("is_transparent", "truth", "Whether the exchange rate is disclosed; averages rest on such quotes alone."),
    _optional("is_promotional", "truth", "True where a note says that the price is a promotion, else empty."),
    _optional("payout_currency", "text", "What is paid out, where a note or product names it (ISO 4217)."),
    Column("notes", "words", "What standard notes say of the row."),
    Column("sending_currency", "text", "The currency of amount and fee (ISO 4217)."),
    Column("amount", "number", "The principal for which the price was asked.", "sending currency"),
    _optional("denomination_usd", "number", "The nominal amount that the source names.", "US dollars"),
    _optional("fee", "number", "The fee; empty where it was not given.", "sending currency"),
    _optional("fx_margin_percent", "number", "The exchange-rate margin as published.", "percent of the principal"),
    Column("published_total_percent", "number", "The total cost as published.", "percent of the principal"),
    _optional("published_rate", "text", "The offered rate as published; its unit is unreliable."),
    _optional("published_mid_market_rate", "text", "The mid-market rate as published; its unit is unreliable."),
    Column("fx_margin_status", "text", "What the published margin is worth."),
    Column("cost_status", "text", "Whether fee and margin add up to the published total."),
    Column("flags", "words", "What was noticed or corrected when the row was read."),
)
