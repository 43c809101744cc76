"""What a partner pushed, for tests of what becomes of it afterwards: stored as its API does, without the API."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, select

from app.db import writing
from app.domain.partners import Partner, PartnerKind
from app.domain.terms import Terms
from app.domain.vocabulary import ProviderType
from app.ingest.pushed import Placed, store_accepted
from app.mend.acts import Hand
from app.sources.live_records import Asked, Sourced, live_record, service
from app.sources.source import LiveRecord
from app.store import imports, live_quotes, quotes, versions
from app.store.imports import FileIdentity, ImportFile, PushedBy
from tests.store.live_records import OFFERED, START, at, price

PARTNER = Partner(id="swift", name="Swift Cash", kind=PartnerKind.PROVIDER)


def hand(hours: float = 100, reason: str = "sent by mistake", actor: str = "cli:ada") -> Hand:
    return Hand(actor=actor, reason=reason, clock=lambda: at(hours))


def quote(  # noqa: PLR0913 - each says what a test is about
    key: str = "cash",
    hours: float = 0,
    *,
    corridor: str = "GBR-PHL",
    fee: str = "1.99",
    terms: Terms | None = None,
    partner: Partner = PARTNER,
) -> LiveRecord:
    """A quote of the partner, so many hours after START."""
    return live_record(
        Sourced(partner.source, key, "", partner.evidence),
        Asked(corridor, "GBP", "PHP"),
        service(partner.name, ProviderType.MONEY_TRANSFER_OPERATOR, OFFERED, ()),
        price(fee) if terms is None else terms,
        observed_at=at(hours),
    )


def push(engine: Engine, *records: LiveRecord, hours: float = 50, partner: Partner = PARTNER) -> int:
    """Store quotes as one import that was sent so many hours after START; return its number."""
    now = START + timedelta(hours=hours)
    with writing(engine) as connection:
        return pushed(connection, records, now, partner)


def public_id(number: int) -> str:
    """Return how the partner knows the import that brought a dataset version."""
    return "imp_" + "".join("abcdefghij"[int(digit)] for digit in f"{number:026}")


def pushed(connection: Connection, records: Iterable[LiveRecord], now: datetime, partner: Partner = PARTNER) -> int:
    placed = [Placed(place, record) for place, record in enumerate(records)]
    identity = FileIdentity(source=partner.source, file_hash="f0", labels_hash="", corrections_hash="")
    file = ImportFile(identity=identity, file_name="push", layout=None, is_synthetic=False)
    number = versions.next_version(connection)
    by = PushedBy(public_id=public_id(number), partner=partner.id, key_id="k1", request_id="r1")
    import_id = imports.start(connection, file, started_at=now, pushed_by=by)
    stored = store_accepted(connection, placed, source=partner.source, import_id=import_id, version=number, now=now)
    versions.record_version(
        connection,
        versions.DatasetVersion(number, now, import_id, f"import {import_id}"),
        brought_by=partner.source,
        touched={versions.Touched(corridor, None) for corridor in stored.touched},
    )
    imports.finish(connection, import_id, finished_at=now, counts={}, dataset_version=number)
    return import_id


def standing(connection: Connection, source: str = PARTNER.source) -> dict[str, bytes]:
    """Return the quote that stands of each service; the index and the changes must agree."""
    columns = live_quotes.live_quotes.c
    index = {
        (row.source_key, row.corridor, row.observed_at): row.quote_id.bytes
        for row in connection.execute(select(live_quotes.live_quotes).where(columns.source == source))
    }
    table = quotes.quotes
    stored = select(table.c.source_key, table.c.corridor, table.c.observed_at, table.c.id)
    rows = connection.execute(stored.where(table.c.source == source, quotes.is_current()))
    assert index == {(row.source_key, row.corridor, row.observed_at): row.id.bytes for row in rows}
    return {key: id_ for (key, _, _), id_ in index.items()}
