"""Imports that are taken back as a whole."""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from app.db import reading, transact
from app.domain.audit import Action
from app.mend.acts import Hand, Remember, log_act, remember_nothing
from app.mend.withdrawals import Withdrawn, counts_of, look, withdraw_now
from app.store import imports, versions
from app.store.imports import Import
from app.store.withdrawals import Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawnImport:
    """An import and what taking it back came to, or would; ``already`` since which version it was taken back."""

    found: Import
    withdrawn: Withdrawn
    already: int | None


def withdraw_import(
    engine: Engine, found: Import, hand: Hand, *, is_dry_run: bool = False, remember: Remember = remember_nothing
) -> WithdrawnImport:
    """Take back all that a committed import brought, in one transaction; taking it back again changes nothing more."""
    selection = Selection(source=found.file.identity.source, import_id=found.id)
    if is_dry_run:
        with reading(engine) as connection:
            return WithdrawnImport(
                found=found, withdrawn=look(connection, selection), already=_already(connection, found)
            )

    def act(connection: Connection) -> WithdrawnImport:
        already = _already(connection, found)
        withdrawn = withdraw_now(connection, selection, hand)
        if already is None:
            newest = versions.next_version(connection) - 1
            imports.mark_withdrawn(connection, found.id, newest)
        if already is None or withdrawn.quotes or withdrawn.waiting:
            subject = str(found.id) if found.pushed_by is None else found.pushed_by.public_id
            detail = {"import": found.id, "source": selection.source, **counts_of(withdrawn)}
            log_act(connection, hand, action=Action.IMPORT_WITHDRAWN, subject=subject, detail=detail)
        remember(connection, withdrawn)
        return WithdrawnImport(found=found, withdrawn=withdrawn, already=already)

    return transact(engine, act)


def _already(connection: Connection, found: Import) -> int | None:
    now = imports.find(connection, found.id)
    return None if now is None else now.withdrawn_version
