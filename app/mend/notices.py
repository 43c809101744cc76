"""What the operator has to say, shown in every answer that it touches until it is ended."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from app.db import reading, transact
from app.domain.audit import Action
from app.domain.mend_errors import UnknownNotice
from app.domain.operator_notices import NoticeAbout, OperatorNotice
from app.mend.acts import EVERYBODY, Acted, Hand, log_act, record_act_version
from app.store import corridors, hidden_providers, notices, versions
from app.store.notices import Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeActed(Acted):
    """What adding or ending a notice came to, or would; ``number`` is null for a dry run of adding one."""

    number: int | None
    notice: OperatorNotice
    corridors: int


def add_notice(engine: Engine, notice: OperatorNotice, hand: Hand, *, is_dry_run: bool = False) -> NoticeActed:
    """Let a notice stand from now on. The caller has judged its subject and its text."""
    if is_dry_run:
        with reading(engine) as connection:
            return _acted(None, notice, _corridors(connection, notice), None)

    def act(connection: Connection) -> NoticeActed:
        number = versions.next_version(connection)
        touched = _corridors(connection, notice)
        id_ = notices.add(connection, notice, since_version=number, recorded_at=hand.clock())
        _record(connection, hand, number, touched, "notice added")
        detail = {"about": notice.about.value, "subject": notice.subject, "text": notice.text}
        log_act(connection, hand, action=Action.NOTICE_ADDED, subject=str(id_), detail=detail)
        return _acted(id_, notice, touched, number)

    return transact(engine, act)


def end_notice(engine: Engine, number: int, hand: Hand, *, is_dry_run: bool = False) -> NoticeActed:
    """Let a notice stand no longer; ``as_of`` shows it still. Raises UnknownNotice where none stands."""
    if is_dry_run:
        with reading(engine) as connection:
            notice = _standing(connection, number)
            return _acted(number, notice, _corridors(connection, notice), None)

    def act(connection: Connection) -> NoticeActed:
        notice = _standing(connection, number)
        version = versions.next_version(connection)
        touched = _corridors(connection, notice)
        notices.end(connection, number, until_version=version)
        _record(connection, hand, version, touched, "notice ended")
        log_act(connection, hand, action=Action.NOTICE_ENDED, subject=str(number), detail={"text": notice.text})
        return _acted(number, notice, touched, version)

    return transact(engine, act)


def _standing(connection: Connection, number: int) -> OperatorNotice:
    found = notices.find(connection, number)
    if found is None or found.until_version is not None:
        raise UnknownNotice(number=number, known=tuple(str(one.id) for one in notices.listed(connection)))
    return _plain(found)


def _plain(found: Notice) -> OperatorNotice:
    return OperatorNotice(found.about, found.subject, found.text)


def _corridors(connection: Connection, notice: OperatorNotice) -> list[str]:
    """Return the corridors whose answers a notice touches."""
    if notice.about is NoticeAbout.CORRIDOR:
        return [notice.subject]
    if notice.about is NoticeAbout.PROVIDER:
        return list(hidden_providers.standing_quotes(connection, notice.subject))
    if notice.about is NoticeAbout.SOURCE:
        return versions.corridors_of(connection, notice.subject)
    return corridors.ids(connection)


def _record(connection: Connection, hand: Hand, number: int, touched: Iterable[str], reason: str) -> None:
    known = set(corridors.ids(connection))
    places = {versions.Touched(corridor, None) for corridor in touched if corridor in known}
    record_act_version(connection, hand, number, reason=reason, brought_by=EVERYBODY, touched=places)


def _acted(number: int | None, notice: OperatorNotice, touched: list[str], version: int | None) -> NoticeActed:
    return NoticeActed(number=number, notice=notice, corridors=len(touched), dataset_version=version)
