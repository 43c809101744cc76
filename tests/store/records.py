"""Short ways to write records for the store's tests."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from app.db import decimal_text, microseconds
from app.domain.quotes import Description, quote_id
from app.domain.vocabulary import (
    AccessPoint,
    Customer,
    NetworkCoverage,
    PaymentInstrument,
    ProviderType,
    ReceivingMethod,
    SurveyNote,
    TransferSpeed,
)
from app.ingest.services import description_record
from app.sources.rpw_services import description_id
from app.sources.source import Mapped
from app.store import corridors, descriptions, imports, providers, quotes, versions
from app.store.imports import FileIdentity, ImportFile
from app.store.providers import Spelling
from app.store.quotes import ChangeRecord, QuoteRecord
from app.store.versions import DatasetVersion, Touched

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAY = datetime(2013, 7, 19, tzinfo=UTC)

DESCRIPTION = Description(
    provider="example-transfer",
    provider_name="Example Transfer",
    provider_type=ProviderType.MONEY_TRANSFER_OPERATOR,
    payment_instruments=(PaymentInstrument.CASH, PaymentInstrument.DEBIT_CARD),
    access_points=(AccessPoint.AGENT,),
    receiving_methods=(ReceivingMethod.CASH,),
    transfer_speed=TransferSpeed.UNDER_1_HOUR,
    network_coverage=NetworkCoverage.NATIONWIDE,
    customer=Customer.UNKNOWN,
    is_transparent=True,
    is_promotional=None,
    payout_currency=None,
    notes=(SurveyNote.PROMOTION,),
)
PUBLISHED = {"product": "Cash to cash", "note1": "Émigré – 10% off\t\\N"}


def described(**changes: Any) -> descriptions.DescriptionRecord:  # noqa: ANN401 - any field of a description
    parts = {name: getattr(DESCRIPTION, name) for name in Description.__slots__} | changes
    return recorded(Description(**parts), PUBLISHED)


def recorded(description: Description, published: Mapping[str, str]) -> descriptions.DescriptionRecord:
    """A description as the product itself identifies and stores it."""
    words = {name: getattr(description, name) for name in Description.__slots__}
    service = Mapped(id=b"", published=tuple(published.items()), **words)
    return description_record(service._replace(id=description_id(service)))


def quoted(key: str = "1", **changes: Any) -> QuoteRecord:  # noqa: ANN401 - any field of a record
    """A quote of GBR-PHL in 2013-Q3 unless told otherwise; its id and hash follow from what it says."""
    fields: dict[str, Any] = {
        "source": "rpw",
        "source_key": f"{changes.get('period', '2013-Q3')}/{key}",
        "evidence": "survey",
        "period": "2013-Q3",
        "tier": "usd_200",
        "corridor": "GBR-PHL",
        "observed_at": microseconds(DAY),
        "description_id": described().id,
        "sending_currency": "GBP",
        "receiving_currency": None,
        "amount": "120",
        "denomination_usd": "200",
        "fee": "4.99",
        "fee_mode": "on_top",
        "fx_margin_percent": "1.25",
        "published_total_percent": "5.41",
        "published_rate": "66.1",
        "published_mid_market_rate": None,
        "fx_margin_status": "measured",
        "cost_status": "consistent",
        "flags": "",
        "place_sheet": "Dataset (up to Q1 2016)",
        "place_row": 12,
    } | changes
    content = repr(sorted(fields.items())).encode()
    id_ = quote_id(DAY, fields["source"], fields["source_key"], str(fields["tier"]), content)
    return QuoteRecord(**{"id": id_.bytes, "content_hash": id_.bytes[::-1], **fields})


def store(  # noqa: PLR0913 - each says what a test is about
    connection: Connection,
    records: Sequence[QuoteRecord] = (),
    changes: Iterable[ChangeRecord] = (),
    *,
    moved: Iterable[Touched] = (),
    at: datetime = NOON,
    file_hash: str = "f1",
    is_synthetic: bool = False,
) -> DatasetVersion:
    """Do what an import does: one version with these quotes and changes."""
    identity = FileIdentity(source="rpw", file_hash=file_hash, labels_hash="l1", corrections_hash="c1")
    file = ImportFile(identity=identity, file_name="private name.xlsx", layout="old", is_synthetic=is_synthetic)
    import_id = imports.start(connection, file, started_at=at)
    version = versions.next_version(connection)
    corridors.add(connection, sorted({record.corridor for record in records}))
    providers.add_providers(connection, [("example-transfer", "Example Transfer")])
    providers.add_spellings(
        connection, [Spelling("rpw", "Example  Transfer", "example-transfer")], dataset_version=version
    )
    descriptions.append(connection, [described()])
    quotes.append(connection, records, import_id=import_id, dataset_version=version, recorded_at=at)
    quotes.append_changes(connection, changes, dataset_version=version)
    touched = {Touched(record.corridor, record.period) for record in records} | set(moved)
    recorded = versions.record_version(
        connection, DatasetVersion(version, at, import_id, "import"), brought_by="rpw", touched=touched
    )
    imports.finish(connection, import_id, finished_at=at, counts={"rows": len(records)}, dataset_version=version)
    return recorded


def exactly(text: str) -> Decimal:
    assert decimal_text(Decimal(text)) == text
    return Decimal(text)
