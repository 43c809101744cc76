"""A source's label file: published label to ours, what notes mean, providers' spellings, declared corrections.

Comparing folds case and spaces; a label is looked up whole first, then split at ``,`` and `` / `` (METHODOLOGY,
Vocabulary). What is not in the file is not guessed.
"""

import re
import tomllib
from collections.abc import Iterable
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from app.domain.vocabulary import (
    AccessPoint,
    NetworkCoverage,
    PaymentInstrument,
    ProviderType,
    ReceivingMethod,
    SurveyNote,
    TransferSpeed,
)

UNKNOWN = "unknown"
LOCAL = "local"
"""A payout currency that is the receiving country's own."""

SAYS_NOTHING = frozenset({"", "..", "n/a", "not available"})

_LISTED = re.compile(r",| / ")
_QUOTATION_MARKS = str.maketrans({"\x91": "'", "\x92": "'", "‘": "'", "’": "'", "“": '"', "”": '"'})  # noqa: RUF001

Value = TypeVar("Value")


class Product(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a product of the survey's old layout says about a service."""

    payment_instruments: tuple[PaymentInstrument, ...] = ()
    access_points: tuple[AccessPoint, ...] = ()
    receiving_methods: tuple[ReceivingMethod, ...] = ()
    payout_currency: str | None = None


class Note(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A note's pattern, over the whole folded text, and what it means."""

    pattern: str
    means: tuple[SurveyNote, ...] = ()
    payout_currency: str | None = None


class Correction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A known error of the source: the cell, what it says, what it should say, who says so, since when and why."""

    period: str
    id: str
    column: str
    published: str
    corrected: str
    who: str
    on: date
    why: str


class LabelFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file ``labels/<key>.toml``, checked: every value is a word of our vocabulary."""

    provider_type: dict[str, tuple[ProviderType, ...]]
    payment_instrument: dict[str, tuple[PaymentInstrument, ...]]
    access_point: dict[str, tuple[AccessPoint, ...]]
    receiving_method: dict[str, tuple[ReceivingMethod, ...]]
    transfer_speed: dict[str, tuple[TransferSpeed, ...]]
    network_coverage: dict[str, tuple[NetworkCoverage, ...]]
    product: dict[str, Product]
    note: tuple[Note, ...] = ()
    provider_alias: dict[str, str] = {}
    correction: tuple[Correction, ...] = ()
    currency_by_country: dict[str, dict[str, tuple[str, ...]]] = {}


class UnmappedError(Exception):
    """A published label that the file does not map."""

    def __init__(self, label: str, vocabulary: str) -> None:
        """``vocabulary`` is the file's table that should map it."""
        super().__init__(f"{label} is not mapped under {vocabulary}")
        self.label = label
        self.vocabulary = vocabulary


class Meaning(NamedTuple):
    """What a note means to us; ``is_mapped`` is false where no pattern matches it."""

    notes: tuple[SurveyNote, ...]
    payout_currency: str | None
    is_mapped: bool


def fold(label: str) -> str:
    """Return a label for comparing: case, spaces and the shape of quotation marks folded."""
    return " ".join(label.translate(_QUOTATION_MARKS).split()).casefold()


class Labels:
    """A label file ready for use. ``labels_hash`` and ``corrections_hash`` change with what it says, not its layout."""

    def __init__(self, file: LabelFile, currencies: Iterable[str]) -> None:
        """``currencies`` are the known codes: a note that names another is unmapped."""
        self._file = file
        self._currencies = frozenset(currencies)
        self._notes = tuple((re.compile(note.pattern), note) for note in file.note)
        self.provider_aliases = file.provider_alias
        self.corrections = file.correction
        self.currency_by_country = {
            (label, country): currency
            for label, by_currency in file.currency_by_country.items()
            for currency, countries in by_currency.items()
            for country in countries
        }
        self.ambiguous_currencies = frozenset(file.currency_by_country)
        self.labels_hash = _content_hash(msgspec.structs.replace(file, correction=()))
        self.corrections_hash = _content_hash(file.correction)

    def provider_type(self, label: str | None) -> ProviderType:
        """Return a provider's type; a combined one counts as its first (METHODOLOGY, Averages)."""
        found = _look_up(self._file.provider_type, label, "provider_type")
        return found[0] if found else ProviderType.UNKNOWN

    def payment_instruments(self, label: str | None) -> tuple[PaymentInstrument, ...]:
        """Return what the sender pays with, in our vocabulary's order; empty where nothing is said."""
        return _ordered(PaymentInstrument, _look_up(self._file.payment_instrument, label, "payment_instrument"))

    def access_points(self, label: str | None) -> tuple[AccessPoint, ...]:
        """Return where the sender reaches the service, in our vocabulary's order; empty where nothing is said."""
        return _ordered(AccessPoint, _look_up(self._file.access_point, label, "access_point"))

    def receiving_methods(self, label: str | None) -> tuple[ReceivingMethod, ...]:
        """Return how the receiver gets the money, in our vocabulary's order; empty where nothing is said."""
        return _ordered(ReceivingMethod, _look_up(self._file.receiving_method, label, "receiving_method"))

    def transfer_speed(self, label: str | None) -> TransferSpeed:
        """Return how soon the money is there; of a list the slowest, which is what can be relied on."""
        found = _ordered(TransferSpeed, _look_up(self._file.transfer_speed, label, "transfer_speed"))
        return found[-1] if found else TransferSpeed.UNKNOWN

    def network_coverage(self, label: str | None) -> NetworkCoverage:
        """Return how far the network reaches; of a list the first."""
        found = _look_up(self._file.network_coverage, label, "network_coverage")
        return found[0] if found else NetworkCoverage.UNKNOWN

    def product(self, label: str | None) -> Product:
        """Return what a product of the old layout says: all that its parts say, together."""
        parts = _parts(self._file.product, label, "product")
        payouts = {part.payout_currency for part in parts} - {None}
        return Product(
            payment_instruments=_ordered(PaymentInstrument, [x for part in parts for x in part.payment_instruments]),
            access_points=_ordered(AccessPoint, [x for part in parts for x in part.access_points]),
            receiving_methods=_ordered(ReceivingMethod, [x for part in parts for x in part.receiving_methods]),
            payout_currency=payouts.pop() if len(payouts) == 1 else None,
        )

    def note(self, text: str) -> Meaning:
        """Return what a published note means."""
        folded = fold(text)
        for pattern, note in self._notes:
            if match := pattern.fullmatch(folded):
                named = match.groupdict().get("payout")
                payout = named.upper() if named else note.payout_currency
                if payout is not None and payout != LOCAL and payout not in self._currencies:
                    break
                return Meaning(note.means, payout, is_mapped=True)
        return Meaning((), None, is_mapped=False)


def _look_up(table: dict[str, tuple[Value, ...]], label: str | None, vocabulary: str) -> list[Value]:
    return [value for values in _parts(table, label, vocabulary) for value in values]


def _parts(table: dict[str, Value], label: str | None, vocabulary: str) -> list[Value]:
    """Return what the label, or each of its parts, is mapped to; parts that say nothing are left out."""
    folded = fold(label or "")
    if folded in SAYS_NOTHING:
        return []
    if folded in table:
        return [table[folded]]
    found = []
    for part in (piece.strip() for piece in _LISTED.split(folded)):
        if part in SAYS_NOTHING:
            continue
        if part not in table:
            raise UnmappedError(label or "", vocabulary)
        found.append(table[part])
    return found


Word = TypeVar("Word", ProviderType, PaymentInstrument, AccessPoint, ReceivingMethod, TransferSpeed)


def _ordered(vocabulary: type[Word], words: Iterable[Word]) -> tuple[Word, ...]:
    said = frozenset(words)
    return tuple(word for word in vocabulary if word in said)


def _content_hash(content: object) -> str:
    return sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()


def read_label_file(text: str) -> LabelFile:
    """Read and check a label file; keys are folded, and two that fold to one are a fault (``ValueError``)."""
    content = tomllib.loads(text)
    for name, table in content.items():
        if isinstance(table, dict) and name != "currency_by_country":
            folded = {fold(label): value for label, value in table.items()}
            if len(folded) < len(table):
                raise ValueError(f"two labels under {name} differ only by case or spaces")
            content[name] = folded
    return msgspec.convert(content, LabelFile)


@cache
def label_file(key: str) -> LabelFile:
    """Return the label file of a source that is part of this installation."""
    return read_label_file((Path(__file__).parent / "labels" / f"{key}.toml").read_text("utf-8"))
