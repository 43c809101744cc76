"""The fields that tariff files and pushed items have in common: each judged by itself, with its pointer."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from app.domain.errors import InvalidName, ThreePercentError, listed
from app.domain.geography import Geography
from app.domain.keys import holds_key
from app.domain.providers import provider_id
from app.domain.vocabulary import (
    AccessPoint,
    Customer,
    FeeMode,
    PaymentInstrument,
    ProviderType,
    ReceivingMethod,
    TransferSpeed,
)
from app.sources.json_documents import UNKNOWN_WORD, ShapeError, given_text
from app.sources.live_records import Offered, instant_of

_LISTED = 20
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}", re.ASCII)
_WORDS: dict[str, type[StrEnum] | tuple[str, ...]] = {
    "provider_type": ProviderType,
    "payment_instruments": PaymentInstrument,
    "access_points": AccessPoint,
    "receiving_methods": ReceivingMethod,
    "transfer_speed": TransferSpeed,
    "customer": Customer,
    "fee_mode": FeeMode,
    "kind": ("amount", "percent", "schedule"),
    "paid_by": ("sender", "receiver"),
}
Word = TypeVar("Word", PaymentInstrument, AccessPoint, ReceivingMethod)


class OffersShape(Protocol):
    """A shape that says how one can send and receive."""

    @property
    def payment_instruments(self) -> list[PaymentInstrument]:
        """What the sender pays with."""

    @property
    def access_points(self) -> list[AccessPoint]:
        """Where the sender goes."""

    @property
    def receiving_methods(self) -> list[ReceivingMethod]:
        """How the receiver is paid."""

    @property
    def transfer_speed(self) -> TransferSpeed:
        """How soon."""

    @property
    def customer(self) -> Customer:
        """For whom."""


def reason_of(error: ShapeError) -> str:
    """Return why something is refused; where a word is expected, with the words."""
    field = next((step for step in reversed(error.pointer.split("/")) if not step.isdigit()), "")
    if error.problem == UNKNOWN_WORD and field in _WORDS:
        return f"expected one of {listed((str(word) for word in _WORDS[field]), most=_LISTED)}"
    return error.problem


def is_external_id(text: str) -> bool:
    """Say whether a text can be a source's own id of a service; a key that was pasted there cannot."""
    return bool(_EXTERNAL_ID.fullmatch(text)) and not holds_key(text.encode())


def external_id(text: str) -> str:
    """Return a source's own id of a service. Raises ShapeError, as everything here."""
    if not is_external_id(text):
        expected = "expected 1 to 100 letters, digits and . _ : - that begin with a letter or digit"
        raise ShapeError("/external_id", expected, given_text(text))
    return text


def corridor_id(geography: Geography, text: str) -> str:
    """Return the id of a corridor, however it is written."""
    try:
        return geography.corridor(text).id
    except ThreePercentError as error:
        raise ShapeError("/corridor", f"expected a corridor: {error.detail}", given_text(text)) from None


def currency_code(geography: Geography, at: str, text: str) -> str:
    """Return the code of a currency that is in use."""
    currency = geography.find_currency(text)
    if currency is None or currency.is_historic or currency.code != text:
        raise ShapeError(at, "expected the ISO 4217 code of a currency that is in use", given_text(text))
    return currency.code


def provider_slug(text: str) -> str:
    """Return a provider's id, which has one spelling only."""
    try:
        slug = provider_id(text)
    except InvalidName as error:
        raise ShapeError("/provider", f"expected a provider's id: {error.detail}", given_text(text)) from None
    if slug != text:
        raise ShapeError("/provider", "expected a provider's id, such as example-transfer", given_text(text))
    return slug


def offered(shape: OffersShape) -> Offered:
    """Return the way to send and receive that a service offers."""
    return Offered(
        payment_instruments=_in_order("/payment_instruments", PaymentInstrument, shape.payment_instruments),
        access_points=_in_order("/access_points", AccessPoint, shape.access_points),
        receiving_methods=_in_order("/receiving_methods", ReceivingMethod, shape.receiving_methods),
        transfer_speed=shape.transfer_speed,
        customer=shape.customer,
    )


def valid_until(text: str | None, observed_at: datetime) -> datetime | None:
    """Return until when a quote holds; null where that was not said."""
    if text is None:
        return None
    until = instant_of(text)
    if until is None or until <= observed_at:
        raise ShapeError("/valid_until", "expected null, or a time with its zone after observed_at", given_text(text))
    return until


def _in_order(at: str, vocabulary: type[Word], words: Sequence[Word]) -> tuple[Word, ...]:
    """Return words in the vocabulary's order; each once, and ``unknown`` only by itself."""
    most = Counter(words).most_common(1)
    if not most or most[0][1] > 1 or ("unknown" in words and len(words) > 1):
        shown = ", ".join(words)[:100]
        raise ShapeError(at, "expected one word or more, each once, and unknown only by itself", shown)
    return tuple(word for word in vocabulary if word in words)
