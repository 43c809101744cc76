"""The words of a survey row: its labels and notes, mapped to a service in our vocabulary and identified by content."""

from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from app.domain.errors import InvalidName
from app.domain.providers import provider_id, provider_name
from app.domain.vocabulary import Customer, SurveyNote
from app.sources.cells import Cell, CellError, Remembered, text_of
from app.sources.labels import LOCAL, SAYS_NOTHING, UNKNOWN, Labels, Meaning, fold
from app.sources.rpw_layouts import Columns
from app.sources.source import Mapped

_DESCRIPTION_BYTES = 16
_MOST_NOTES = 1000
_UNKNOWN = (UNKNOWN,)
_CUSTOMER = Customer.UNKNOWN.value
_PROMOTION = SurveyNote.PROMOTION.value


class Services:
    """Maps the labels of one table's rows; every distinct combination is worked out once.

    ``fresh`` holds the services met since it was last emptied, ``unmapped_notes`` how often each note that means
    nothing to us was met.
    """

    def __init__(self, columns: Columns, labels: Labels) -> None:
        """``columns`` say where the table has its labels."""
        layout = columns.layout
        self._labels = labels
        self._layout = layout
        names = (
            "firm",
            "firm_type",
            layout.product,
            layout.payment_instrument,
            layout.access_point,
            layout.receiving_method,
            "speed actual",
            layout.network_coverage,
            "transparent",
            "pickup location",
            "sending network coverage",
            *layout.notes,
        )
        self._columns = tuple(name for name in names if name in columns.position)
        self.positions = tuple(columns.position[name] for name in self._columns)
        self._service = Remembered(self._map)
        self._texts = Remembered(text_of)
        self._providers = Remembered(self._provider)
        self._provider_type = Remembered(_word(labels.provider_type))
        self._payment_instruments = Remembered(_words(labels.payment_instruments))
        self._access_points = Remembered(_words(labels.access_points))
        self._receiving_methods = Remembered(_words(labels.receiving_methods))
        self._transfer_speed = Remembered(_word(labels.transfer_speed))
        self._network_coverage = Remembered(_word(labels.network_coverage))
        self._product = Remembered(self._said)
        self._note = Remembered(labels.note)
        self._unmapped_in: dict[bytes, tuple[str, ...]] = {}
        self._sent: set[bytes] = set()
        self.fresh: list[Mapped] = []
        self.unmapped_notes: Counter[str] = Counter()

    def column_of(self, vocabulary: str) -> str:
        """Return the file's own column whose labels a vocabulary maps."""
        layout = self._layout
        columns = {
            "provider_type": "firm_type",
            "payment_instrument": layout.payment_instrument,
            "access_point": layout.access_point,
            "receiving_method": layout.receiving_method,
            "transfer_speed": "speed actual",
            "network_coverage": layout.network_coverage,
            "product": layout.product,
        }
        return columns.get(vocabulary) or vocabulary

    def service(self, cells: tuple[Cell, ...], local_currency: str | None) -> Mapped:
        """Return the service that a row describes; ``cells`` are its cells at ``positions``.

        ``local_currency`` is the receiving country's own. Raises ``CellError``, naming the column, or
        ``UnmappedError``.
        """
        return self._service[cells, local_currency]

    def count(self, mapped: Mapped) -> None:
        """Take an accepted row's service to the books: it is to be kept, and its unmapped notes are counted."""
        if mapped.id not in self._sent:
            self._sent.add(mapped.id)
            self.fresh.append(mapped)
        for note in self._unmapped_in.get(mapped.id, ()):
            if note in self.unmapped_notes or len(self.unmapped_notes) < _MOST_NOTES:
                self.unmapped_notes[note] += 1

    def _map(self, row: tuple[tuple[Cell, ...], str | None]) -> Mapped:
        cells, local_currency = row
        texts = {
            name: text for name, cell in zip(self._columns, cells, strict=True) if (text := self._text(name, cell))
        }
        layout, said = self._layout, texts.get
        provider, name = self._providers[said("firm")]
        product = self._product[said(layout.product)]
        noted = [(text, self._note[text]) for column in layout.notes if (text := said(column)) is not None]
        notes = tuple(sorted({note.value for _, meaning in noted for note in meaning.notes}))
        payout = _payout([meaning for _, meaning in noted], product.payout_currency)
        unidentified = Mapped(
            id=b"",
            provider=provider,
            provider_name=name,
            provider_type=self._provider_type[said("firm_type")],
            payment_instruments=(
                self._payment_instruments[said(layout.payment_instrument)] or product.payment_instruments or _UNKNOWN
            ),
            access_points=self._access_points[said(layout.access_point)] or product.access_points or _UNKNOWN,
            receiving_methods=(
                self._receiving_methods[said(layout.receiving_method)] or product.receiving_methods or _UNKNOWN
            ),
            transfer_speed=self._transfer_speed[said("speed actual")],
            network_coverage=self._network_coverage[said(layout.network_coverage)],
            customer=_CUSTOMER,
            is_transparent=_is_transparent(said("transparent")),
            is_promotional=True if _PROMOTION in notes else None,
            payout_currency=local_currency if payout == LOCAL else payout,
            notes=notes,
            published=tuple(texts.items()),
        )
        mapped = unidentified._replace(id=description_id(unidentified))
        unmapped = tuple(text for text, meaning in noted if not meaning.is_mapped)
        if unmapped:
            self._unmapped_in[mapped.id] = unmapped
        return mapped

    def _said(self, label: str | None) -> "_Said":
        product = self._labels.product(label)
        return _Said(
            _values(product.payment_instruments),
            _values(product.access_points),
            _values(product.receiving_methods),
            product.payout_currency,
        )

    def _text(self, column: str, cell: Cell) -> str | None:
        try:
            return self._texts[cell]
        except CellError as error:
            raise CellError(error.expected, column) from None

    def _provider(self, firm: str | None) -> tuple[str, str]:
        if firm is None or fold(firm) in SAYS_NOTHING:
            raise CellError("a provider's name", "firm")
        try:
            return provider_id(firm, self._labels.provider_aliases), provider_name(firm)
        except InvalidName as error:
            raise CellError(f"a provider's name ({error.detail})", "firm") from None


def _payout(meanings: Sequence[Meaning], by_product: str | None) -> str | None:
    """Return the payout currency that notes name, else the product; null where two notes disagree."""
    named = {meaning.payout_currency for meaning in meanings} - {None}
    if len(named) > 1:
        return None
    return named.pop() if named else by_product


def _is_transparent(label: str | None) -> bool:
    folded = fold(label or "")
    if folded not in {"yes", "no"}:
        raise CellError("yes or no", "transparent")
    return folded == "yes"


class _Said(NamedTuple):
    """What a product says, in plain words."""

    payment_instruments: tuple[str, ...]
    access_points: tuple[str, ...]
    receiving_methods: tuple[str, ...]
    payout_currency: str | None


def _word(look_up: Callable[[str | None], StrEnum]) -> Callable[[str | None], str]:
    return lambda label: look_up(label).value


def _words(look_up: Callable[[str | None], Sequence[StrEnum]]) -> Callable[[str | None], tuple[str, ...]]:
    return lambda label: _values(look_up(label))


def _values(words: Sequence[StrEnum]) -> tuple[str, ...]:
    return tuple(word.value for word in words)


def description_id(content: Mapped) -> bytes:
    """Return the id of a service with an empty ``id``, made from all that it says: the one scheme there is."""
    return blake2b(msgspec.json.encode(content), digest_size=_DESCRIPTION_BYTES).digest()
