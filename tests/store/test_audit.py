"""The audit log is stored with the act, in one transaction, and whoever changes a row of it is found."""

from datetime import datetime

import pytest
from sqlalchemy import Connection, Engine, delete, update

from app.db import reading, transact, writing
from app.domain.audit import Action, Entry
from app.store import audit


def write(engine: Engine, now: datetime, subject: str) -> Entry:
    with writing(engine) as connection:
        return audit.append(
            connection,
            at=now,
            actor="key:k1",
            action=Action.NOTICE_ADDED,
            subject=subject,
            detail={"text": "Überholt – siehe unten", "quotes": 3, "ids": ["a", "b"]},
        )


def test_entries_are_numbered_chained_and_read_as_they_were_written(empty_engine: Engine, now: datetime) -> None:
    written = [write(empty_engine, now, subject) for subject in ("one", "two", "three")]
    with reading(empty_engine) as connection:
        assert list(audit.entries(connection)) == written
        assert audit.newest(connection, 2) == [written[2], written[1]]
        assert audit.head(connection) == written[2]
        assert audit.verify(connection) is None
    assert [entry.act.number for entry in written] == [1, 2, 3]


def test_an_act_that_fails_leaves_no_entry(empty_engine: Engine, now: datetime) -> None:
    def fail(connection: Connection) -> None:
        audit.append(connection, at=now, actor="cli:ada", action=Action.KEY_REVOKED, subject="k1", detail={})
        raise RuntimeError

    with pytest.raises(RuntimeError):
        transact(empty_engine, fail)
    with reading(empty_engine) as connection:
        assert audit.head(connection) is None
        assert audit.verify(connection) is None


def test_a_row_that_was_changed_or_taken_out_is_found(empty_engine: Engine, now: datetime) -> None:
    for number in range(5):
        write(empty_engine, now, f"subject {number}")
    table = audit.audit_log
    with writing(empty_engine) as connection:
        connection.execute(update(table).where(table.c.number == 4).values(actor="key:other"))
    with reading(empty_engine) as connection:
        assert audit.verify(connection) == 4
    with writing(empty_engine) as connection:
        connection.execute(delete(table).where(table.c.number == 2))
    with reading(empty_engine) as connection:
        assert audit.verify(connection) == 2
