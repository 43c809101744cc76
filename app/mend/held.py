"""Imports that are held: judged and kept, but shown to nobody until a person releases them."""

from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import Engine

from app import archive
from app.db import reading, writing
from app.domain.audit import Action
from app.domain.mend_errors import NotHeld
from app.ingest import Order, Report, run, shown_name
from app.mend.acts import Hand, log_act
from app.sources.source import sources
from app.store import imports
from app.store.imports import FileIdentity, ImportFile, ImportStatus

LONGEST_NAME: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What holding a file came to; ``import_id`` is null where its content is imported already."""

    report: Report
    import_id: int | None


def hold(engine: Engine, order: Order, hand: Hand) -> Held:
    """Judge a file, keep its bytes, and record it as held; what it would change is in the report.

    Raises as ``ingest.run`` does.
    """
    report = run(engine, replace(order, is_dry_run=True))
    if report.already is not None:
        return Held(report=report, import_id=None)
    archive.keep(order.file, order.data_dir)
    file = ImportFile(
        identity=FileIdentity(source=report.source, file_hash=report.file_hash, labels_hash="", corrections_hash=""),
        file_name=shown_name(order.file),
        layout=None,
        is_synthetic=sources()[report.source].is_synthetic,
    )
    with writing(engine) as connection:
        import_id = imports.hold(connection, file, at=hand.clock(), counts=report.counts)
        detail = {"source": report.source, "file_hash": report.file_hash}
        log_act(connection, hand, action=Action.IMPORT_HELD, subject=str(import_id), detail=detail)
    return Held(report=report, import_id=import_id)


def release(engine: Engine, import_id: int, order: Order, hand: Hand) -> Report:
    """Import a held file from its kept bytes, and record that it was released; ``order`` says how, not what.

    A dry run says what the import would change now. Raises NotHeld, and as ``ingest.run`` does; then it stays held.
    """
    with reading(engine) as connection:
        found = imports.find(connection, import_id)
    if found is None or found.status is not ImportStatus.HELD:
        raise NotHeld(number=import_id, status="not there" if found is None else found.status.value)
    with TemporaryDirectory(prefix="threepercent-held-") as folder:
        file = Path(folder) / (Path(found.file.file_name).name[-LONGEST_NAME:] or "held")
        try:
            with archive.kept(found.file.identity.file_hash, order.data_dir) as kept, file.open("wb") as copy:
                copyfileobj(kept, copy)
        except FileNotFoundError:
            raise archive.ArchiveError(f"The bytes of import {import_id} are not in the archive any more.") from None
        report = run(engine, replace(order, file=file, source=found.file.identity.source))
    if order.is_dry_run:
        return report
    with writing(engine) as connection:
        imports.release(connection, import_id, at=hand.clock())
        detail = {"import": report.import_id or report.already, "dataset_version": report.dataset_version}
        log_act(connection, hand, action=Action.IMPORT_RELEASED, subject=str(import_id), detail=detail)
    return report
