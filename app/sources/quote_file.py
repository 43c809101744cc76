"""Tariff files: published price lists that a person wrote down and reviewed (docs/tariff-files.md).

Each quote is accepted or refused by itself, with the place as a JSON pointer, what was expected and what stands there.
A file of which nothing is refused is complete for every provider in every corridor that it names: what it no longer has
there has ended.
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlsplit

from app import reference
from app.domain.errors import InvalidName, ThreePercentError, listed, quoted
from app.domain.file_errors import WrongLayout
from app.domain.geography import Geography
from app.domain.providers import provider_id, provider_name
from app.domain.vocabulary import (
    AccessPoint,
    Customer,
    Evidence,
    FeeMode,
    PaymentInstrument,
    ProviderType,
    ReceivingMethod,
    TransferSpeed,
)
from app.sources.json_documents import UNKNOWN_WORD, ShapeError, as_wrong_layout, given_text, read_document, shaped
from app.sources.live_records import Asked, Offered, Sourced, instant_of, live_record, service
from app.sources.source import Ask, Doubt, Known, LiveReading, LiveRecord, Mapped, Source
from app.sources.tariff_shapes import EvidenceShape, QuoteShape, TariffFile
from app.sources.tariff_terms import terms_of

FORMAT = "threepercent-tariffs-1"
REAL, DEMO = "quote_file", "demo_tariffs"
INVALID, DUPLICATE = "invalid-quote", "duplicate-quote"

_LISTED = 20
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_URL = re.compile(r"https://[!-~]{1,2000}", re.ASCII)
_WORDS: dict[str, type[StrEnum] | tuple[str, ...]] = {
    "provider_type": ProviderType,
    "payment_instruments": PaymentInstrument,
    "access_points": AccessPoint,
    "receiving_methods": ReceivingMethod,
    "transfer_speed": TransferSpeed,
    "customer": Customer,
    "fee_mode": FeeMode,
    "kind": ("amount", "percent", "schedule"),
}
Word = TypeVar("Word", PaymentInstrument, AccessPoint, ReceivingMethod)


def asks(source: Source, known: Known) -> list[Ask]:  # noqa: ARG001 - the contract of adapters
    """Return nothing: files come in by hand."""
    return []


def source_of(body: bytes) -> str | None:
    """Return the source of a tariff file, ``quote_file`` or ``demo_tariffs``; null for bytes that are something else.

    Raises SourceError where the bytes name the format, but cannot be read.
    """
    if FORMAT.encode() not in body:
        return None
    document = read_document(body)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        return None
    return DEMO if document.get("synthetic") is True else REAL


def read(source: Source, ask: Ask, body: bytes) -> LiveReading:
    """Return a file's quotes, and those that are refused. Raises SourceError where it is no tariff file of ``source``.

    ``ask.wanted`` may say the ``day`` on which the file came in (ISO 8601): nothing was reviewed later than that.
    """
    document = read_document(body)
    try:
        file = shaped(document, TariffFile)
    except ShapeError as error:
        raise as_wrong_layout(error) from None
    judge = _Judge(source, _reviewed_on(file, source, dict(ask.wanted).get("day")), reference.load())
    for index, quote in enumerate(file.quotes):
        judge.judge(f"/quotes/{index}", quote)
    counts = {"quotes": len(file.quotes), "providers": len({record.service.provider for record in judge.quotes})}
    scopes = sorted({record.scope for record in judge.quotes})
    return LiveReading(judge.quotes, tuple(scopes), judge.refused, counts)


def _reviewed_on(file: TariffFile, source: Source, day: str | None) -> date:
    """Judge what stands at a file's head, and return the day of its review."""
    if file.format != FORMAT:
        raise WrongLayout(f"/format: expected {FORMAT}, found {quoted(file.format)}.")
    if file.synthetic is not source.is_synthetic:
        kind = "invented" if file.synthetic else "real"
        raise WrongLayout(f"/synthetic: this file holds {kind} tariffs, which do not belong to {source.key}.")
    try:
        provider_name(file.reviewed_by)
    except InvalidName as error:
        raise WrongLayout(f"/reviewed_by: expected a person's name: {error.detail}") from None
    reviewed_on = _day_of(file.reviewed_on)
    if reviewed_on is None or (day and reviewed_on > date.fromisoformat(day)):
        raise WrongLayout(f"/reviewed_on: expected a day that is not ahead of us, found {quoted(file.reviewed_on)}.")
    if not file.quotes:
        raise WrongLayout("/quotes: expected at least one quote, found none.")
    return reviewed_on


class _Judge:
    """Goes through a file's quotes: ``quotes`` are accepted, ``refused`` are not."""

    def __init__(self, source: Source, reviewed_on: date, geography: Geography) -> None:
        self.quotes: list[LiveRecord] = []
        self.refused: list[Doubt] = []
        self._source = source
        self._reviewed_on = reviewed_on
        self._geography = geography
        self._places: dict[str, str] = {}

    def judge(self, at: str, quote: Any) -> None:  # noqa: ANN401 - JSON
        """Accept or refuse one quote; ``at`` is the pointer to it."""
        try:
            record = self._record(shaped(quote, QuoteShape))
        except ShapeError as error:
            self.refused.append(Doubt(at + error.pointer, INVALID, _reason(error), error.given))
            return
        first = self._places.setdefault(record.source_key, at)
        if first == at:
            self.quotes.append(record)
        else:
            reason = f"expected an id of its own: {first} has it already, for this provider and corridor"
            self.refused.append(Doubt(f"{at}/external_id", DUPLICATE, reason, record.source_key))

    def _record(self, shape: QuoteShape) -> LiveRecord:
        corridor = self._corridor(shape.corridor)
        sending = self._currency("/sending_currency", shape.sending_currency)
        receiving = self._currency("/receiving_currency", shape.receiving_currency)
        if not _EXTERNAL_ID.fullmatch(shape.external_id):
            expected = "expected 1 to 100 letters, digits and . _ : - that begin with a letter or digit"
            raise ShapeError("/external_id", expected, given_text(shape.external_id))
        mapped = self._service(shape)
        observed_at = self._observed_at(shape.observed_at)
        scope = f"{mapped.provider}/{corridor}"
        return live_record(
            Sourced(self._source.key, f"{scope}/{shape.external_id}", scope, Evidence.PUBLISHED_TARIFF.value),
            Asked(corridor, sending, receiving),
            mapped,
            terms_of(shape),
            observed_at=observed_at,
            valid_until=_valid_until(shape.valid_until, observed_at),
        )

    def _service(self, shape: QuoteShape) -> Mapped:
        offered = Offered(
            payment_instruments=_in_order("/payment_instruments", PaymentInstrument, shape.payment_instruments),
            access_points=_in_order("/access_points", AccessPoint, shape.access_points),
            receiving_methods=_in_order("/receiving_methods", ReceivingMethod, shape.receiving_methods),
            transfer_speed=shape.transfer_speed,
            customer=shape.customer,
        )
        published = self._evidence(shape.evidence)
        try:
            slug = provider_id(shape.provider)
        except InvalidName as error:
            raise ShapeError(
                "/provider", f"expected a provider's id: {error.detail}", given_text(shape.provider)
            ) from None
        if slug != shape.provider:
            raise ShapeError("/provider", f"expected a provider's id, such as {slug}", given_text(shape.provider))
        try:
            return service(shape.provider_name, shape.provider_type, offered, published, slug=slug)
        except InvalidName as error:
            given = given_text(shape.provider_name)
            raise ShapeError("/provider_name", f"expected a provider's name: {error.detail}", given) from None

    def _evidence(self, evidence: EvidenceShape) -> list[tuple[str, str]]:
        if not _is_page(evidence.url):
            expected = "expected the https address of the page, without a user's name"
            raise ShapeError("/evidence/url", expected, given_text(evidence.url))
        retrieved_on = _day_of(evidence.retrieved_on)
        if retrieved_on is None or retrieved_on > self._reviewed_on:
            expected = f"expected a day up to that of the review, {self._reviewed_on}"
            raise ShapeError("/evidence/retrieved_on", expected, given_text(evidence.retrieved_on))
        if not _SHA256.fullmatch(evidence.page_sha256):
            expected = "expected the SHA-256 of the page as 64 digits of 0-9 and a-f"
            raise ShapeError("/evidence/page_sha256", expected, given_text(evidence.page_sha256))
        return [(name, str(getattr(evidence, name))) for name in ("url", "retrieved_on", "page_sha256")]

    def _observed_at(self, text: str) -> datetime:
        observed_at = instant_of(text)
        if observed_at is None or observed_at.date() > self._reviewed_on:
            expected = f"expected a time with its zone, such as 2026-11-20T09:00:00Z, up to {self._reviewed_on}"
            raise ShapeError("/observed_at", expected, given_text(text))
        return observed_at

    def _corridor(self, text: str) -> str:
        try:
            return self._geography.corridor(text).id
        except ThreePercentError as error:
            raise ShapeError("/corridor", f"expected a corridor: {error.detail}", given_text(text)) from None

    def _currency(self, at: str, text: str) -> str:
        currency = self._geography.find_currency(text)
        if currency is None or currency.is_historic or currency.code != text:
            raise ShapeError(at, "expected the ISO 4217 code of a currency that is in use", given_text(text))
        return currency.code


def _reason(error: ShapeError) -> str:
    """Return why a quote is refused; where a word is expected, with the words."""
    field = next((step for step in reversed(error.pointer.split("/")) if not step.isdigit()), "")
    if error.problem == UNKNOWN_WORD and field in _WORDS:
        return f"expected one of {listed((str(word) for word in _WORDS[field]), most=_LISTED)}"
    return error.problem


def _valid_until(text: str | None, observed_at: datetime) -> datetime | None:
    if text is None:
        return None
    until = instant_of(text)
    if until is None or until <= observed_at:
        raise ShapeError("/valid_until", "expected null, or a time with its zone after observed_at", given_text(text))
    return until


def _is_page(url: str) -> bool:
    """Say whether a text is an https address of a host, with nobody's name or password in it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(_URL.fullmatch(url) and parts.hostname and "@" not in parts.netloc)


def _in_order(at: str, vocabulary: type[Word], words: Sequence[Word]) -> tuple[Word, ...]:
    """Return words in the vocabulary's order; each once, and ``unknown`` only by itself."""
    most = Counter(words).most_common(1)
    if not most or most[0][1] > 1 or ("unknown" in words and len(words) > 1):
        shown = ", ".join(words)[:100]
        raise ShapeError(at, "expected one word or more, each once, and unknown only by itself", shown)
    return tuple(word for word in vocabulary if word in words)


def _day_of(text: str) -> date | None:
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
