"""Tariff files: published price lists that a person wrote down and reviewed (docs/tariff-files.md).

Each quote is accepted or refused by itself, with the place as a JSON pointer, what was expected and what stands there.
A file of which nothing is refused is complete for every provider in every corridor that it names: what it no longer has
there has ended.
"""

import re
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from app import reference
from app.domain.errors import InvalidName, quoted
from app.domain.file_errors import WrongLayout
from app.domain.geography import Geography
from app.domain.providers import provider_name
from app.domain.vocabulary import Evidence
from app.sources.json_documents import ShapeError, as_wrong_layout, given_text, read_document, shaped
from app.sources.live_records import Asked, Sourced, instant_of, live_record, service
from app.sources.source import Ask, Doubt, Known, LiveReading, LiveRecord, Mapped, Source
from app.sources.tariff_fields import (
    corridor_id,
    currency_code,
    external_id,
    offered,
    provider_slug,
    reason_of,
    valid_until,
)
from app.sources.tariff_shapes import EvidenceShape, QuoteShape, TariffFile
from app.sources.tariff_terms import terms_of

FORMAT = "threepercent-tariffs-1"
REAL, DEMO = "quote_file", "demo_tariffs"
INVALID, DUPLICATE = "invalid-quote", "duplicate-quote"

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_URL = re.compile(r"https://[!-~]{1,2000}", re.ASCII)


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
            self.refused.append(Doubt(at + error.pointer, INVALID, reason_of(error), error.given))
            return
        first = self._places.setdefault(record.source_key, at)
        if first == at:
            self.quotes.append(record)
        else:
            reason = f"expected an id of its own: {first} has it already, for this provider and corridor"
            self.refused.append(Doubt(f"{at}/external_id", DUPLICATE, reason, record.source_key))

    def _record(self, shape: QuoteShape) -> LiveRecord:
        corridor = corridor_id(self._geography, shape.corridor)
        sending = currency_code(self._geography, "/sending_currency", shape.sending_currency)
        receiving = currency_code(self._geography, "/receiving_currency", shape.receiving_currency)
        own_id = external_id(shape.external_id)
        mapped = self._service(shape)
        observed_at = self._observed_at(shape.observed_at)
        scope = f"{mapped.provider}/{corridor}"
        return live_record(
            Sourced(self._source.key, f"{scope}/{own_id}", scope, Evidence.PUBLISHED_TARIFF.value),
            Asked(corridor, sending, receiving),
            mapped,
            terms_of(shape),
            observed_at=observed_at,
            valid_until=valid_until(shape.valid_until, observed_at),
        )

    def _service(self, shape: QuoteShape) -> Mapped:
        published = self._evidence(shape.evidence)
        slug = provider_slug(shape.provider)
        try:
            return service(shape.provider_name, shape.provider_type, offered(shape), published, slug=slug)
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


def _is_page(url: str) -> bool:
    """Say whether a text is an https address of a host, with nobody's name or password in it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(_URL.fullmatch(url) and parts.hostname and "@" not in parts.netloc)


def _day_of(text: str) -> date | None:
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
