"""What a dry run shows of each item: what it would cost, what each rule said, and the rank that it would get.

The items that would be accepted are laid over the board, in the place of those that they would supersede, and each
corridor is compared as for somebody who asks for live prices in the item's currency, and for nothing else.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Final
from uuid import UUID

from app.board import Board
from app.compare import Comparison, ComparisonQuestion, compare_live, live_context
from app.db import instant
from app.domain.costs import Price
from app.domain.errors import InvalidParameter
from app.domain.geography import Geography
from app.domain.live import Sighting, corridor_live
from app.domain.plausibility.quotes import RULES
from app.domain.price_curves import NoPrice
from app.domain.quotes import Description, LiveQuote
from app.domain.terms import Terms
from app.domain.verdicts import Outcome, Verdict
from app.domain.vocabulary import (
    AccessPoint,
    AmountIs,
    Customer,
    Evidence,
    NetworkCoverage,
    PaymentInstrument,
    ProviderType,
    ReceivingMethod,
    TransferSpeed,
)
from app.push.taking import Weighed
from app.sources.source import LiveRecord, Mapped
from app.store.versions import DatasetVersion

NO_AMOUNT: Final = "no_default_amount"
NOT_ACCEPTED: Final = "not_accepted"
NEWER_IS_THERE: Final = "newer_quote_is_there"

_RULES: Final = tuple(rule.__name__.replace("_", "-") for rule in RULES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What one item that could be read would come to, when ``amount`` of ``currency`` is paid in all.

    ``verdicts``: what each rule said, by its code. ``price`` is null for a ``price_reason``, ``rank`` (among as many
    ``offers``) for a ``rank_reason``.
    """

    verdicts: Mapping[str, Verdict]
    amount: Fraction | None
    currency: str
    price: Price | None
    price_reason: str | None
    rank: int | None
    rank_reason: str | None
    offers: int | None


def previews(
    weighed: Sequence[Weighed], *, board: Board, source: str, geography: Geography, now: datetime
) -> list[Preview | None]:
    """Return a preview of each item, null for those that could not be read. ``source``: whose quotes they are."""
    quotes = {
        one.place: live_quote(one.record, one.terms)
        for one in weighed
        if one.record is not None and one.terms is not None
    }
    laid = _newest(quotes[one.place] for one in weighed if one.place in quotes and one.outcome is Outcome.ACCEPTED)
    overlaid = _Overlaid(board, source, laid, geography, now)
    return [overlaid.preview(one, quotes[one.place]) if one.place in quotes else None for one in weighed]


def live_quote(record: LiveRecord, terms: Terms) -> LiveQuote:
    """Return a record as the quote that it would be."""
    return LiveQuote(
        id=UUID(bytes=record.id),
        source=record.source,
        source_key=record.source_key,
        evidence=Evidence(record.evidence),
        corridor=record.corridor,
        tier=None,
        observed_at=instant(record.observed_at),
        valid_until=None if record.valid_until is None else instant(record.valid_until),
        description=_description(record.service),
        sending_currency=record.sending_currency,
        receiving_currency=record.receiving_currency,
        terms=terms,
    )


def _description(service: Mapped) -> Description:
    return Description(
        provider=service.provider,
        provider_name=service.provider_name,
        provider_type=ProviderType(service.provider_type),
        payment_instruments=tuple(map(PaymentInstrument, service.payment_instruments)),
        access_points=tuple(map(AccessPoint, service.access_points)),
        receiving_methods=tuple(map(ReceivingMethod, service.receiving_methods)),
        transfer_speed=TransferSpeed(service.transfer_speed),
        network_coverage=NetworkCoverage(service.network_coverage),
        customer=Customer(service.customer),
        is_transparent=service.is_transparent,
        is_promotional=service.is_promotional,
        payout_currency=service.payout_currency,
        notes=(),
    )


def _newest(quotes: Iterable[LiveQuote]) -> dict[str, LiveQuote]:
    """Return the quote of each external id that would stand; of two at one instant the later item."""
    found: dict[str, LiveQuote] = {}
    for quote in quotes:
        other = found.get(quote.source_key)
        if other is None or other.observed_at <= quote.observed_at:
            found[quote.source_key] = quote
    return found


class _Overlaid:
    """A board with quotes laid over it, compared once for each corridor and currency."""

    def __init__(
        self, board: Board, source: str, laid: Mapping[str, LiveQuote], geography: Geography, now: datetime
    ) -> None:
        self._board = board
        self._source = source
        self._laid = laid
        self._geography = geography
        self._now = now
        self._by_corridor: defaultdict[str, list[LiveQuote]] = defaultdict(list)
        for quote in laid.values():
            self._by_corridor[quote.corridor].append(quote)
        self._compared: dict[tuple[str, str], Comparison | None] = {}
        self._ranks: dict[tuple[str, str], dict[UUID, int]] = {}

    def preview(self, weighed: Weighed, quote: LiveQuote) -> Preview:
        """Return what one item would come to."""
        said = {finding.rule: finding.verdict for finding in weighed.findings}
        verdicts = {**dict.fromkeys(_RULES, Verdict.ACCEPT), **said}
        comparison = self._comparison(quote.corridor, quote.sending_currency)
        if comparison is None:
            return Preview(
                verdicts=verdicts,
                amount=None,
                currency=quote.sending_currency,
                price=None,
                price_reason=NO_AMOUNT,
                rank=None,
                rank_reason=NO_AMOUNT,
                offers=None,
            )
        found = Sighting(quotes=(quote,)).curve(self._board.rates.at).price(comparison.amount, AmountIs.TOTAL_PAID)
        rank = self._ranks[quote.corridor, quote.sending_currency].get(quote.id)
        return Preview(
            verdicts=verdicts,
            amount=comparison.amount,
            currency=quote.sending_currency,
            price=None if isinstance(found, NoPrice) else found,
            price_reason=str(found.reason) if isinstance(found, NoPrice) else None,
            rank=rank,
            rank_reason=None if rank is not None else self._why_not(weighed, quote, comparison),
            offers=len(comparison.ranking.offers),
        )

    def _why_not(self, weighed: Weighed, quote: LiveQuote, comparison: Comparison) -> str:
        for excluded in comparison.ranking.excluded:
            if quote.id in excluded.candidate.quote_ids:
                return str(excluded.reason)
        return NEWER_IS_THERE if weighed.outcome is Outcome.ACCEPTED else NOT_ACCEPTED

    def _comparison(self, corridor: str, currency: str) -> Comparison | None:
        """Return the live comparison in one currency; null where nobody can say for which amount."""
        key = corridor, currency
        if key not in self._compared:
            self._compared[key] = self._compare(corridor, currency)
            compared = self._compared[key]
            offers = () if compared is None else compared.ranking.offers
            self._ranks[key] = {id_: offer.rank for offer in offers for id_ in offer.quote_ids}
        return self._compared[key]

    def _compare(self, corridor: str, currency: str) -> Comparison | None:
        versions = {corridor: DatasetVersion(0, self._now, None, ""), **self._board.versions}
        board = replace(self._board, versions=versions)
        context = live_context(board, corridor, basis_reason="asked_for", is_asked=True)
        question = ComparisonQuestion(sending_currency=currency)
        live = corridor_live(corridor, self._quotes(corridor))
        try:
            return compare_live(live, question, context=context, geography=self._geography, now=self._now)
        except InvalidParameter:
            return None

    def _quotes(self, corridor: str) -> list[LiveQuote]:
        """Return a corridor's live quotes as they would be; what is newer than an item stays."""
        stands = {quote.source_key: quote for quote in self._by_corridor[corridor]}
        others = []
        for quote in self._board.live_quotes.get(corridor, ()):
            laid = self._laid.get(quote.source_key) if quote.source == self._source else None
            if laid is None:
                others.append(quote)
            elif laid.observed_at < quote.observed_at:
                stands[quote.source_key] = quote
        return [*others, *stands.values()]
