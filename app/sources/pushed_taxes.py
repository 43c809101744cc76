"""Taxes that a partner says fall on a transfer: kept and shown beside its price, never part of fee or cost."""

import json
from collections.abc import Sequence
from typing import Any, Final

from app.domain.errors import InvalidName
from app.domain.geography import Geography
from app.domain.providers import provider_name
from app.sources.json_documents import ShapeError, given_text
from app.sources.pushed_shapes import TaxShape
from app.sources.tariff_fields import currency_code

TAXES: Final = "taxes"
"""Under this name they stand among what a service's source published."""

MOST_TAXES: Final = 20
LONGEST_TAX_NAME: Final = 80
_WHOLE_PERCENT = 100
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def taxes_text(taxes: Sequence[TaxShape], geography: Geography) -> str:
    """Return taxes as canonical JSON, decimals as text. Raises ShapeError."""
    if len(taxes) > MOST_TAXES:
        raise ShapeError("/taxes", f"expected at most {MOST_TAXES} taxes", str(len(taxes)))
    return _ENCODER.encode([_tax(f"/taxes/{index}", tax, geography) for index, tax in enumerate(taxes)])


def _tax(at: str, tax: TaxShape, geography: Geography) -> dict[str, Any]:
    said: dict[str, Any] = {"name": _name(f"{at}/name", tax.name), "paid_by": tax.paid_by}
    if (tax.amount is None) == (tax.percent is None):
        raise ShapeError(at, "expected either amount or percent", "")
    if tax.amount is not None:
        amount = tax.amount.amount.value
        if amount < 0:
            raise ShapeError(f"{at}/amount/amount", "expected a number that is not negative", f"{amount:f}")
        currency = currency_code(geography, f"{at}/amount/currency", tax.amount.currency)
        return said | {"amount": {"amount": f"{amount:f}", "currency": currency}}
    percent = tax.percent.value if tax.percent is not None else 0
    if not 0 <= percent <= _WHOLE_PERCENT:
        raise ShapeError(f"{at}/percent", "expected 0 to 100", f"{percent:f}")
    return said | {"percent": f"{percent:f}"}


def _name(at: str, text: str) -> str:
    """Return a tax's name as it may be shown: by the rules of providers' names, and shorter."""
    try:
        name = provider_name(text)
    except InvalidName as error:
        raise ShapeError(at, f"expected the tax's name: {error.detail}", given_text(text)) from None
    if len(name) > LONGEST_TAX_NAME:
        raise ShapeError(at, f"expected at most {LONGEST_TAX_NAME} characters", given_text(text))
    return name
