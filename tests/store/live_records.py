"""Short ways to write live quotes for tests, and to let an answer with some of them arrive."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection

from app.db import instant
from app.domain.terms import AmountFee, RateBand, Terms
from app.domain.vocabulary import (
    AccessPoint,
    FeeMode,
    PaymentInstrument,
    ProviderType,
    ReceivingMethod,
    TransferSpeed,
)
from app.ingest.live import store_live
from app.ingest.report import Stored
from app.sources.live_records import Asked, Offered, Sourced, live_record, service
from app.sources.source import Doubt, LiveReading, LiveRecord, Source, sources
from app.store import imports
from app.store.imports import FileIdentity, ImportFile

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SCOPE = "GBR-PHL/usd_200"
OFFERED = Offered(
    payment_instruments=(PaymentInstrument.BANK_ACCOUNT,),
    access_points=(AccessPoint.INTERNET,),
    receiving_methods=(ReceivingMethod.BANK_ACCOUNT,),
    transfer_speed=TransferSpeed.SAME_DAY,
)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def price(fee: str = "1.99", rate: str = "78.5") -> Terms:
    return Terms(
        fee_mode=FeeMode.DEDUCTED,
        fee=AmountFee(Decimal(fee), Decimal(150)),
        rates=(RateBand(Decimal(0), Decimal(rate)),),
    )


def live(  # noqa: PLR0913 - each says what a test is about
    key: str = "swift-cash",
    hours: float = 0,
    *,
    fee: str = "1.99",
    name: str = "Swift Cash",
    corridor: str = "GBR-PHL",
    tier: str = "usd_200",
    scope: str = SCOPE,
    source: str = "wise",
    currencies: tuple[str, str] = ("GBP", "PHP"),
    terms: Terms | None = None,
    valid_until: datetime | None = None,
) -> LiveRecord:
    """A quote of GBR-PHL, so many hours after START; what is alike in all has the same id."""
    return live_record(
        Sourced(source, key, scope, sources()[source].evidence or "aggregator_estimate"),
        Asked(corridor, *currencies, tier),
        service(name, ProviderType.MONEY_TRANSFER_OPERATOR, OFFERED, [("alias", name.lower())]),
        price(fee) if terms is None else terms,
        observed_at=at(hours),
        valid_until=valid_until,
    )


def reading_of(
    quotes: Iterable[LiveRecord], scopes: Sequence[str] | None = None, refused: Iterable[Doubt] = ()
) -> LiveReading:
    """An answer that is complete for the scopes of its quotes, unless told otherwise."""
    found = list(quotes)
    answered = tuple(dict.fromkeys(record.scope for record in found)) if scopes is None else tuple(scopes)
    return LiveReading(found, answered, list(refused), {})


def arrive(
    connection: Connection,
    answer: LiveReading | Sequence[LiveRecord],
    *,
    source: Source | None = None,
    now: datetime | None = None,
) -> Stored:
    """Do what the arrival of an answer does, in one import."""
    given = answer if isinstance(answer, LiveReading) else reading_of(answer)
    source = source or sources()[given.quotes[0].source]
    when = now or max([at(100), *(instant(record.observed_at) for record in given.quotes)])
    identity = FileIdentity(source=source.key, file_hash="f9", labels_hash="l1", corrections_hash="")
    file = ImportFile(identity=identity, file_name="answer", layout="t", is_synthetic=source.is_synthetic)
    import_id = imports.start(connection, file, started_at=when)
    stored = store_live(connection, given, source=source, import_id=import_id, now=when)
    imports.finish(connection, import_id, finished_at=when, counts=stored.rows, dataset_version=stored.dataset_version)
    return stored
