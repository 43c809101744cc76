"""Where an observation is from and what became of it, as GET /v1/quotes/{quote_id} tells it."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from app.api.formats import Json
from app.api.shapes import Moment, Money, Number, OpenWord, Shape
from app.domain.partners import SOURCE_PREFIX
from app.sources.pushed_taxes import TAXES
from app.store.chains import MOST_EACH_WAY, Chain, Link
from app.store.observations import ChangeOfQuote, Observation
from app.store.observations import Provenance as StoredProvenance


class PlaceShape(Shape):
    """Where in the source's file an observation stood."""

    sheet: str | None
    row: int | None = Field(description="Counted from 1, as a spreadsheet shows it.")
    item: int | None = Field(description="Of what a partner pushed: the item's place in its batch, counted from 0.")


class ChangeShape(Shape):
    """What happened to an observation: superseded, corrected, withdrawn or reinstated, in which dataset version."""

    change: str
    dataset_version: int
    other_quote_id: str | None = Field(description="Its successor, or the one that it replaces.")
    reason: str
    recorded_at: Moment = Field(description="Since when that is known.")


class LinkShape(Shape):
    """An observation among those of its service: when it was true, since when it is known, what became of it."""

    quote_id: str
    observed_at: Moment
    recorded_at: Moment
    dataset_version: int
    is_current: bool
    newest_change: ChangeShape | None = Field(description="Null where nothing happened to it.")


class TaxShape(Shape):
    """A tax that a partner says falls on a transfer: `amount` or `percent`, part of neither fee nor cost."""

    name: str
    paid_by: Annotated[str, OpenWord(("sender", "receiver"))]
    amount: Money | None
    percent: Number | None


class ProvenanceShape(Shape):
    """Where an observation is from, as far as it is public."""

    place: PlaceShape
    content_hash: str = Field(description="Of the canonical content from which the id is made.")
    file_hash: str = Field(description="Of the source's file, byte for byte.")
    labels_hash: str
    corrections_hash: str
    published: dict[str, str] = Field(description="The source's own labels and notes.")
    taxes: list[TaxShape] = Field(description="Beside the price, as a partner told them.")
    superseded_by: str | None
    changes: list[ChangeShape]
    chain: list[LinkShape] = Field(
        description="This observation between those that it replaced and those that replaced it, the first of them "
        f"first: at most {MOST_EACH_WAY} before and after it."
    )
    chain_is_whole: bool = Field(description="False where the service said more, before or after.")


def provenance(found: StoredProvenance, chain: Chain) -> dict[str, Json]:
    """Return all that is public of where an observation is from and what became of it."""
    published: dict[str, Json] = {name: str(text) for name, text in found.published.items()}
    is_pushed = found.observation.quote.source.startswith(SOURCE_PREFIX)
    taxes = str(published.pop(TAXES, "[]")) if is_pushed else "[]"
    return {
        "place": _place(found.observation),
        "content_hash": found.observation.content_hash.hex(),
        "file_hash": found.file_hash,
        "labels_hash": found.labels_hash,
        "corrections_hash": found.corrections_hash,
        "published": published,
        "taxes": [_tax(tax) for tax in json.loads(taxes)],
        "superseded_by": None if found.superseded_by is None else str(found.superseded_by),
        "changes": [_change(change) for change in found.changes],
        "chain": [_link(one) for one in chain.links],
        "chain_is_whole": chain.is_whole,
    }


def _place(one: Observation) -> dict[str, Json]:
    is_pushed = one.quote.source.startswith(SOURCE_PREFIX)
    return {
        "sheet": one.place_sheet,
        "row": None if is_pushed else one.place_row,
        "item": one.place_row if is_pushed else None,
    }


def _tax(tax: Mapping[str, Any]) -> dict[str, Json]:
    """Return a tax with its decimals, which are stored as text."""
    money, percent = tax.get("amount"), tax.get("percent")
    amount = None if money is None else {"amount": Decimal(money["amount"]), "currency": money["currency"]}
    percentage = None if percent is None else Decimal(percent)
    return {"name": tax["name"], "paid_by": tax["paid_by"], "amount": amount, "percent": percentage}


def _change(change: ChangeOfQuote) -> dict[str, Json]:
    return {
        "change": change.change,
        "dataset_version": change.dataset_version,
        "other_quote_id": None if change.other_quote_id is None else str(change.other_quote_id),
        "reason": change.reason,
        "recorded_at": change.recorded_at,
    }


def _link(link: Link) -> dict[str, Json]:
    return {
        "quote_id": str(link.id),
        "observed_at": link.observed_at,
        "recorded_at": link.recorded_at,
        "dataset_version": link.dataset_version,
        "is_current": link.is_current,
        "newest_change": None if link.newest_change is None else _change(link.newest_change),
    }
