"""What partners push: bytes → items, each read and judged by itself, so that one that is wrong holds up no other.

An item is read in a hurry first. What that stumbles on is read again at leisure, to say what is wrong and where.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec

from app.domain.errors import InvalidName, listed
from app.domain.file_errors import UnreadableFile, WrongLayout
from app.domain.geography import Geography
from app.domain.partners import GivenProvider, Partner, PartnerKind
from app.domain.providers import provider_name
from app.domain.terms import Terms, terms_text
from app.domain.verdicts import Finding, Verdict
from app.domain.vocabulary import ProviderType
from app.sources.json_documents import ShapeError, given_text, read_document, shaped
from app.sources.live_records import Asked, Sourced, instant_of, live_record, service
from app.sources.plain_items import NotPlainError, absent, plain_item
from app.sources.pushed_shapes import ItemShape, RawBatch, RawItem, TaxShape
from app.sources.pushed_taxes import TAXES, taxes_text
from app.sources.source import LiveRecord, Mapped
from app.sources.tariff_fields import (
    corridor_id,
    currency_code,
    external_id,
    is_external_id,
    offered,
    provider_slug,
    reason_of,
    valid_until,
)
from app.sources.tariff_terms import terms_of

UNREADABLE: Final = "unreadable-item"
INVALID: Final = "invalid-item"
NOT_YOURS: Final = "provider-not-yours"

MOST_VALUES: Final = 10_000
KEPT_AT_ONCE: Final = 50_000
"""Equal fields that a reader remembers, of each kind, until it forgets them all."""

_QUOTATION = re.compile('"[^"]*"')
_DECIMAL = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", re.ASCII)
_NO_SCOPE = ""  # a push is complete for nothing
_BATCH = msgspec.json.Decoder(RawBatch)
_KEY = b'"quotes"'
_FRAME = len(b'{"quotes":[]}')

Found = TypeVar("Found")


class ReadItem(NamedTuple):
    """An item that could be read: its record, and its price, which the record holds as text."""

    record: LiveRecord
    terms: Terms


class UnreadItem(NamedTuple):
    """An item that is refused as it is; ``external_id`` where that much could be read."""

    external_id: str | None
    findings: tuple[Finding, ...]


def split_batch(body: bytes) -> list[bytes]:
    """Return the items of ``{"quotes": [...]}``, each as the bytes of its JSON, none of them judged.

    Raises UnreadableFile for what is no JSON, or holds something twice, WrongLayout for JSON of another shape.
    """
    try:
        items = _BATCH.decode(body).quotes
    except msgspec.ValidationError:
        read_document(body)
        raise WrongLayout("expected an object with the field quotes, a list, and nothing beside it.") from None
    except (msgspec.DecodeError, RecursionError):
        read_document(body)
        raise UnreadableFile("this is not JSON.") from None
    frame = len(body) - sum(map(len, items))
    is_bare = frame == _FRAME + max(len(items) - 1, 0)
    if not is_bare and (b"\\" in body or body.count(_KEY) > 1):
        read_document(body)  # a list that came twice hides behind the second
    if not body.isascii():
        _check_text(body)
    return [bytes(item) for item in items]


def _check_text(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"this is not UTF-8 text at byte {error.start}; JSON was expected.") from None


class ItemReader:
    """Reads the items of one partner; fields that come again are judged once."""

    def __init__(self, speaker: Partner, geography: Geography) -> None:
        """``speaker`` decides for which providers an item may speak."""
        self._speaker = speaker
        self._geography = geography
        self._corridor = _Remembered(lambda text: corridor_id(geography, text))
        self._sending = _Remembered(lambda text: currency_code(geography, "/sending_currency", text))
        self._receiving = _Remembered(lambda text: currency_code(geography, "/receiving_currency", text))
        self._observed_at = _Remembered(_instant)
        self._evidence = speaker.evidence.value
        self._ends: dict[str, datetime] = {}
        self._services: dict[tuple[object, ...], Mapped] = {}

    def read(self, raw: bytes) -> ReadItem | UnreadItem:
        """Return one item, a JSON object, as a record; or why it cannot be one."""
        said: RawItem | ItemShape
        try:
            try:
                plain = plain_item(raw)
                said = plain.said
                return self._item(said, plain.terms, plain.text, plain.taxes)
            except NotPlainError:
                found = _at_leisure(raw)
                if isinstance(found, UnreadItem):
                    return found
                said = found
                terms = terms_of(found)
                return self._item(said, terms, terms_text(terms), found.taxes)
        except _NotYoursError as error:
            return UnreadItem(_own_id(said.external_id), (error.finding,))
        except ShapeError as error:
            return UnreadItem(_own_id(said.external_id), (_finding(error),))

    def _item(self, said: RawItem | ItemShape, terms: Terms, text: str, taxes: list[TaxShape] | None) -> ReadItem:
        own_id = external_id(said.external_id)
        asked = Asked(
            self._corridor(said.corridor),
            self._sending(said.sending_currency),
            self._receiving(said.receiving_currency),
        )
        observed_at = self._observed_at(said.observed_at)
        record = live_record(
            Sourced(self._speaker.source, own_id, _NO_SCOPE, self._evidence),
            asked,
            self._service(said, taxes),
            terms,
            observed_at=observed_at,
            valid_until=self._valid_until(absent(said.valid_until), observed_at),
            text=text,
        )
        return ReadItem(record, terms)

    def _valid_until(self, text: str | None, observed_at: datetime) -> datetime | None:
        found = None if text is None else self._ends.get(text)
        if found is not None and found > observed_at:
            return found
        found = valid_until(text, observed_at)
        if text is not None and found is not None and len(self._ends) < KEPT_AT_ONCE:
            self._ends[text] = found
        return found

    def _service(self, said: RawItem | ItemShape, its_taxes: list[TaxShape] | None) -> Mapped:
        taxes = taxes_text(its_taxes, self._geography) if its_taxes else ""
        name, kind = absent(said.provider_name), absent(said.provider_type)
        key = (
            *(said.provider, name, kind, said.transfer_speed, said.customer, taxes),
            *(*said.payment_instruments, "", *said.access_points, "", *said.receiving_methods),
        )
        found = self._services.get(key)
        if found is None:
            slug = provider_slug(said.provider)
            given = self._given(slug, name, kind)
            published = [(TAXES, taxes)] if taxes else []
            found = service(given.name, given.type, offered(said), published, slug=slug)
            if len(self._services) >= KEPT_AT_ONCE:
                self._services.clear()
            self._services[key] = found
        return found

    def _given(self, slug: str, name: str | None, kind: ProviderType | None) -> GivenProvider:
        """Return the name and type under which a provider's quotes are shown."""
        known = self._speaker.providers.get(slug)
        if known is not None:
            return known
        if self._speaker.kind is not PartnerKind.AGGREGATOR:
            raise _NotYoursError(slug, tuple(sorted(self._speaker.providers)))
        if name is None or kind is None:
            missing = "provider_name" if name is None else "provider_type"
            problem = "expected the provider's name and type, since you have no quotes of this provider yet"
            raise ShapeError(f"/{missing}", problem, "null")
        try:
            return GivenProvider(name=provider_name(name), type=kind)
        except InvalidName as error:
            given = given_text(name)
            raise ShapeError("/provider_name", f"expected a provider's name: {error.detail}", given) from None


class _Remembered(Generic[Found]):
    """A function of a text whose answers are kept; one that raises is asked again."""

    def __init__(self, ask: Callable[[str], Found]) -> None:
        self._ask = ask
        self._known: dict[str, Found] = {}

    def __call__(self, text: str) -> Found:
        found = self._known.get(text)
        if found is None:
            found = self._ask(text)
            if len(self._known) >= KEPT_AT_ONCE:
                self._known.clear()
            self._known[text] = found
        return found


class _NotYoursError(Exception):
    """An item speaks for a provider that is not the partner's."""

    def __init__(self, slug: str, providers: tuple[str, ...]) -> None:
        super().__init__(slug)
        theirs = listed(providers) if providers else "none"
        detail = f"Expected a provider that this partner speaks for: {theirs}."
        self.finding = Finding(
            rule=NOT_YOURS, verdict=Verdict.REJECT, detail=detail, pointer="/provider", limit=theirs, value=slug
        )


def _at_leisure(raw: bytes) -> ItemShape | UnreadItem:
    """Return an item that is not plain, or say what is wrong with it and where."""
    document: Any = None
    try:
        document = read_document(raw, MOST_VALUES)
        return shaped(document, ItemShape)
    except UnreadableFile as error:
        detail = f"Expected a JSON object with each field once: {error.detail}"
        finding = Finding(rule=UNREADABLE, verdict=Verdict.REJECT, detail=_without_echo(detail))
        return UnreadItem(None, (finding,))
    except ShapeError as error:
        said = document.get("external_id") if isinstance(document, dict) else None
        return UnreadItem(_own_id(said), (_finding(error),))


def _finding(error: ShapeError) -> Finding:
    """Return what a fault of shape is for whoever pushed it; what was given is told where it is a number."""
    detail = _without_echo(reason_of(error))
    return Finding(
        rule=INVALID,
        verdict=Verdict.REJECT,
        detail=f"{detail[:1].upper()}{detail[1:]}".rstrip(".") + ".",
        pointer=error.pointer,
        value=error.given if _DECIMAL.fullmatch(error.given) else None,
    )


def _without_echo(detail: str) -> str:
    return _QUOTATION.sub("this", detail)


def _own_id(said: object) -> str | None:
    return said if isinstance(said, str) and is_external_id(said) else None


def _instant(text: str) -> datetime:
    found = instant_of(text)
    if found is None:
        raise ShapeError(
            "/observed_at", "expected a time with its zone, such as 2026-11-20T09:00:00Z", given_text(text)
        )
    return found
