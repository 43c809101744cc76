"""The product as the model tries it: what partners, reviewers and the operator do to it, and what it answers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, Engine, select

from app import reference
from app.api.formats import encode
from app.api.v1.comparison import comparison_document
from app.board import Board, load, load_as_of, load_newer
from app.compare import Comparison, ComparisonQuestion, compare, find_prices
from app.db import microseconds, reading, writing
from app.domain.errors import CorridorNotCovered, NoDataYet, NoLiveQuotes
from app.domain.operator_notices import NoticeAbout, OperatorNotice
from app.domain.partners import GivenProvider, Partner, PartnerKind
from app.domain.rounds import CorridorRound
from app.domain.vocabulary import AmountIs, Basis, ProviderType
from app.ingest import Order
from app.mend.acts import Hand
from app.mend.corrections import Correction, correct
from app.mend.decisions import decide
from app.mend.held import hold, release
from app.mend.notices import add_notice, end_notice
from app.mend.providers import set_visibility
from app.mend.withdrawals import withdraw
from app.push.batch import Batch, Pushed, Pusher, push
from app.store import imports, live_quotes, partners, quotes
from app.store.withdrawals import Selection
from tests.model.plain import PAID, Item

GEOGRAPHY = reference.load()
SPEEDS = ("under_1_hour", "same_day", "next_day", "2_days", "3_5_days", "6_days_or_more")
RECEIVED = {"GBR-PHL": "PHP", "GBR-IND": "INR"}
NO_ANSWER = (NoDataYet, CorridorNotCovered, NoLiveQuotes)
ASKED = ComparisonQuestion(amount=Decimal(int(PAID)), amount_is=AmountIs.TOTAL_PAID)


def partner(id_: str) -> Partner:
    """A partner that speaks for one provider, of its own name."""
    given = GivenProvider(id_.title(), ProviderType.MONEY_TRANSFER_OPERATOR)
    return Partner(id=id_, name=id_.title(), kind=PartnerKind.PROVIDER, providers={id_: given})


@dataclass
class Product:
    """One database, and what a worker answers from it."""

    engine: Engine
    partners: Sequence[Partner]
    board: Board | None = None
    imports: dict[int, int] = field(default_factory=dict)
    quotes: dict[Item, UUID] = field(default_factory=dict)
    folder: Path = Path()

    def open(self, now: datetime) -> None:
        """Let the partners be known."""
        with writing(self.engine) as connection:
            for one in self.partners:
                partners.add(connection, one, now)

    # ---------------------------------------------------------------- what is done

    def push(self, items: Sequence[Item], batch: int, now: datetime) -> list[str]:
        """Push items of one partner; return what became of each."""
        raw = [json.dumps(body_of(item)).encode() for item in items]
        content = sha256(b"".join(raw) + str(batch).encode()).hexdigest()
        pushed = push(
            self.engine,
            Batch(items=raw, content_hash=content),
            by=self._by(items[0].partner, now),
            geography=GEOGRAPHY,
            public_id=public_id(batch),
            answer=_nothing,
        )
        self.imports[batch] = pushed.import_id
        for item, found in zip(items, pushed.items, strict=True):
            if found.quote_id is not None:
                self.quotes[item] = UUID(bytes=found.quote_id)
        return [found.outcome.value for found in pushed.items]

    def decide(self, item: Item, now: datetime, *, is_accepted: bool) -> None:
        """Decide about a quote that waits."""
        decide(self.engine, [self.quotes[item]], hand(now), is_accepted=is_accepted)

    def correct(self, wrong: Item, right: Item, batch: int, now: datetime) -> None:
        """Correct a quote that stands."""
        raw = json.dumps(body_of(right)).encode()
        correction = Correction(
            quote_id=self.quotes[wrong],
            item=raw,
            content_hash=sha256(raw).hexdigest(),
            public_id=public_id(batch),
        )
        corrected = correct(
            self.engine,
            correction,
            hand(now),
            by=self._by(right.partner, now),
            geography=GEOGRAPHY,
            is_as_seen=lambda _connection: True,
        )
        self.quotes[right] = UUID(bytes=corrected.successor.id)
        with reading(self.engine) as connection:
            found = imports.find_pushed(connection, public_id(batch))
            assert found is not None
            self.imports[batch] = found.id

    def withdraw_service(self, service: tuple[str, str], now: datetime) -> None:
        """Withdraw what a service offers."""
        source = partner(service[0]).source
        withdraw(self.engine, Selection(source=source, source_keys=(service[1],)), hand(now))

    def withdraw_batch(self, who: str, batch: int, now: datetime) -> None:
        """Take a batch back."""
        withdraw(self.engine, Selection(source=partner(who).source, import_id=self.imports[batch]), hand(now))

    def show(self, provider: str, now: datetime, *, is_hidden: bool) -> None:
        """Hide a provider, or show it again."""
        set_visibility(self.engine, provider, hand(now), is_hidden=is_hidden)

    def add_notice(self, text: str, now: datetime) -> int:
        """Let the operator say something about everything; return the notice's number."""
        number = add_notice(self.engine, OperatorNotice(NoticeAbout.ALL, "", text), hand(now)).number
        assert number is not None
        return number

    def end_notice(self, number: int, now: datetime) -> None:
        """End a notice."""
        end_notice(self.engine, number, hand(now))

    def hold(self, item: Item, batch: int, now: datetime) -> None:
        """Hold a file with one price."""
        file = self.folder / f"tariffs-{batch}.json"
        file.write_text(json.dumps(tariff_file(item, now)), "utf-8")
        found = hold(self.engine, self._order(file, now), hand(now))
        assert found.import_id is not None
        self.imports[batch] = found.import_id

    def release(self, batch: int, now: datetime) -> None:
        """Import a file that was held."""
        file = self.folder / f"tariffs-{batch}.json"
        release(self.engine, self.imports[batch], self._order(file, now), hand(now))

    def _order(self, file: Path, now: datetime) -> Order:
        return Order(file=file, data_dir=self.folder, now=now, clock=lambda: now)

    def _by(self, who: str, now: datetime) -> Pusher:
        return Pusher(partner=partner(who), key_id="k1", request_id="r1", now=now, clock=lambda: now, is_sandbox=True)

    # ---------------------------------------------------------------- what is answered

    def look(self, now: datetime) -> Board:
        """Return the board of a worker that looks now, put together from the one before; both ways must agree."""
        self.board = load_newer(self.engine, GEOGRAPHY, now, self.board) or self.board
        assert self.board is not None
        return self.board

    def standing(self) -> set[UUID]:
        """Return the partners' quotes that stand; the index and the changes must agree."""
        sources = [one.source for one in self.partners]
        with reading(self.engine) as connection:
            index = live_quotes.live_quotes.c
            indexed = set(connection.execute(select(index.quote_id).where(index.source.in_(sources))).scalars())
            columns = quotes.quotes.c
            query = select(columns.id).where(columns.source.in_(sources), quotes.is_current())
            assert set(connection.execute(query).scalars()) == indexed
        return indexed

    def fresh(self, now: datetime) -> Board:
        """Return the board of a worker that starts now."""
        with reading(self.engine) as connection:
            return load(connection, GEOGRAPHY, now)

    def past(self, instant: datetime, corridor: str | None) -> Board:
        """Return the board as it was known at an instant."""
        board = self.board
        assert board is not None
        with reading(self.engine) as connection:
            return load_as_of(
                connection, GEOGRAPHY, instant, sources=board.sources, shown=board.shown, corridor=corridor
            )


def answer(board: Board, corridor: str, now: datetime) -> Comparison | None:
    """Compare a corridor's live offers; null where there is none."""
    try:
        found = find_prices(board, corridor, basis=Basis.LIVE, period=None, now=now, past=_no_past)
    except NO_ANSWER:
        return None
    return compare(found, ASKED, board=board, geography=GEOGRAPHY, now=now)


def written(board: Board, found: Comparison | None) -> bytes:
    """Return an answer's bytes, as the API writes them."""
    if found is None:
        return b""
    return encode(comparison_document(found, GEOGRAPHY, board.sources, limit=500, with_excluded=True))


def ranked(found: Comparison | None) -> list[tuple[Fraction, str, str]]:
    """Return the offers of an answer as the plain model says them."""
    if found is None:
        return []
    offers = []
    for offer in found.ranking.offers:
        gets = offer.price.recipient_gets
        assert gets is not None
        offers.append((gets, offer.candidate.description.provider, offer.candidate.key[1]))
    return offers


def left_out(found: Comparison | None) -> list[tuple[str, str, str]]:
    """Return what an answer leaves out as the plain model says it."""
    if found is None:
        return []
    return sorted(
        (str(one.reason), one.candidate.description.provider, one.candidate.key[1]) for one in found.ranking.excluded
    )


def hand(now: datetime) -> Hand:
    """Whose hand acts."""
    return Hand(actor="cli:ada", reason="the model says so", clock=lambda: now)


def public_id(batch: int) -> str:
    """How a batch is known."""
    return f"imp_{batch:026}"


def body_of(item: Item) -> dict[str, object]:
    """Return an item as its partner writes it."""
    number = ord(item.service[-1]) % len(SPEEDS)  # services differ, or two of them would be one with two prices
    return {
        "external_id": item.service,
        "provider": item.partner,
        "corridor": item.corridor,
        "sending_currency": "GBP",
        "receiving_currency": RECEIVED[item.corridor],
        "payment_instruments": ["cash"],
        "access_points": ["agent"],
        "receiving_methods": ["cash"],
        "transfer_speed": SPEEDS[number],
        "customer": "returning",
        "fee_mode": "deducted" if item.is_deducted else "on_top",
        "offered_rate": str(float(item.rate)),
        "observed_at": _instant(item.observed_at),
        "valid_until": None if item.valid_until is None else _instant(item.valid_until),
        "fee": {"kind": "schedule", "bands": [{"from": 0, "fixed": float(item.fixed), "percent": float(item.percent)}]},
    }


def tariff_file(item: Item, now: datetime) -> dict[str, object]:
    """Return a tariff file that says one item."""
    day = now.date().isoformat()
    own_id = item.service.rpartition("/")[2]
    quote = body_of(item) | {"external_id": own_id, "provider_name": item.partner.title(), "provider_type": "bank"}
    quote["evidence"] = {"url": "https://example.com/prices", "retrieved_on": day, "page_sha256": "0" * 64}
    head = {"format": "threepercent-tariffs-1", "synthetic": False, "reviewed_by": "A. Reviewer", "reviewed_on": day}
    return head | {"quotes": [quote]}


def _instant(at: datetime) -> str:
    assert microseconds(at) % 1_000_000 == 0
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _nothing(_connection: Connection, _pushed: Pushed) -> None:
    """Answer nobody."""


def _no_past(corridor: str, period: str) -> CorridorRound:
    raise AssertionError((corridor, period))
