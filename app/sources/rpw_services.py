"""The words of a survey row: its labels and notes, mapped to a service in our vocabulary and identified by content."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from hashlib import blake2b

import msgspec

from app.domain.errors import InvalidName
from app.domain.providers import provider_id, provider_name
from app.domain.vocabulary import Customer, SurveyNote
from app.sources.cells import Cell, CellError, text_of
from app.sources.labels import LOCAL, SAYS_NOTHING, UNKNOWN, Labels, Meaning, fold
from app.sources.rpw_layouts import Columns
from app.sources.source import Mapped

_DESCRIPTION_BYTES = 16
_MOST_REMEMBERED = 100_000
_MOST_NOTES = 1000


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
        self._known: dict[tuple[Sequence[Cell], str | None], Mapped] = {}
        self._unmapped_in: dict[bytes, tuple[str, ...]] = {}
        self._sent: set[bytes] = set()
        self.fresh: list[Mapped] = []
        self.unmapped_notes: Counter[str] = Counter()

    def service(self, cells: tuple[Cell, ...], local_currency: str | None) -> Mapped:
        """Return the service that a row describes; ``cells`` are its cells at ``positions``.

        ``local_currency`` is the receiving country's own. Raises ``CellError``, naming the column, or
        ``UnmappedError``.
        """
        mapped = self._known.get((cells, local_currency))
        if mapped is None:
            mapped = self._map(cells, local_currency)
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[cells, local_currency] = mapped
        return mapped

    def count(self, mapped: Mapped) -> None:
        """Take an accepted row's service to the books: it is to be kept, and its unmapped notes are counted."""
        if mapped.id not in self._sent:
            self._sent.add(mapped.id)
            self.fresh.append(mapped)
        unmapped = self._unmapped_in.get(mapped.id)
        for note in unmapped or ():
            if note in self.unmapped_notes or len(self.unmapped_notes) < _MOST_NOTES:
                self.unmapped_notes[note] += 1

    def _map(self, cells: tuple[Cell, ...], local_currency: str | None) -> Mapped:
        texts = {}
        for name, cell in zip(self._columns, cells, strict=True):
            try:
                texts[name] = text_of(cell)
            except CellError as error:
                raise CellError(error.expected, name) from None
        provider, name = self._provider(texts.get("firm"))
        layout, labels = self._layout, self._labels
        product = labels.product(texts.get(layout.product))
        noted = [(text, labels.note(text)) for note in layout.notes if (text := texts.get(note)) is not None]
        meanings = [meaning for _, meaning in noted]
        notes = tuple(sorted({note for meaning in meanings for note in meaning.notes}))
        payout = _payout(meanings, product.payout_currency)
        unidentified = Mapped(
            id=b"",
            provider=provider,
            provider_name=name,
            provider_type=labels.provider_type(texts.get("firm_type")).value,
            payment_instruments=_values(
                labels.payment_instruments(texts.get(layout.payment_instrument)) or product.payment_instruments
            ),
            access_points=_values(labels.access_points(texts.get(layout.access_point)) or product.access_points),
            receiving_methods=_values(
                labels.receiving_methods(texts.get(layout.receiving_method)) or product.receiving_methods
            ),
            transfer_speed=labels.transfer_speed(texts.get("speed actual")).value,
            network_coverage=labels.network_coverage(texts.get(layout.network_coverage)).value,
            customer=Customer.UNKNOWN.value,
            is_transparent=_is_transparent(texts.get("transparent")),
            is_promotional=True if SurveyNote.PROMOTION in notes else None,
            payout_currency=local_currency if payout == LOCAL else payout,
            notes=_values(notes, nothing=()),
            published=tuple((column, text) for column, text in texts.items() if text is not None),
        )
        mapped = unidentified._replace(id=_content_hash(unidentified))
        self._unmapped_in[mapped.id] = tuple(text for text, meaning in noted if not meaning.is_mapped)
        return mapped

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


def _values(words: Sequence[StrEnum], nothing: tuple[str, ...] = (UNKNOWN,)) -> tuple[str, ...]:
    return tuple(word.value for word in words) or nothing


def _content_hash(content: Mapped) -> bytes:
    return blake2b(msgspec.json.encode(content), digest_size=_DESCRIPTION_BYTES).digest()
