"""Leases: background work is done by one worker at a time, and a worker that lost its lease cannot write any more.

A lease is taken in one transaction and checked in each that writes what it stands for: answers, the records of their
calls, how far a schedule was served. What is true whoever saw it is written without: that bytes could not be read (a
failed import), that a host failed (its breaker). Its counter rises with every
holder, also after it was released, so that a worker that slept through its lease never takes another's for its own.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update
from sqlmodel import Field

from app.db import KeyText, UtcDateTime
from app.domain.errors import LeaseLost
from app.store.schema import Row, table

NOBODY = ""


class LeaseRow(Row, table=True):
    """Who does a piece of work until when; ``counter`` rises with each new holder; what the work writes checks it."""

    __tablename__ = "leases"

    name: str = Field(primary_key=True, sa_type=KeyText)
    owner: str = Field(sa_type=KeyText)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    counter: int


leases = table(LeaseRow)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do a piece of work, as its holder knows it."""

    name: str
    owner: str
    counter: int
    seconds: int


def acquire(connection: Connection, name: str, owner: str, now: datetime, seconds: int) -> Lease | None:
    """Take a lease for so many seconds; return null while another worker holds it.

    It is free when it was released or is past its end, and when its end lies further ahead than any lease that is
    given now could: then the clock of whoever wrote it was ahead, and nobody waits for a time that does not come.
    A second taking by the same owner is a new holding: the first is lost.
    """
    row = connection.execute(select(leases).where(leases.c.name == name)).one_or_none()
    ends = now + timedelta(seconds=seconds)
    if row is None:
        connection.execute(insert(leases).values(name=name, owner=owner, expires_at=ends, counter=1))
        return Lease(name, owner, 1, seconds)
    is_held = row.owner not in {NOBODY, owner} and now < row.expires_at <= ends + timedelta(seconds=seconds)
    if is_held:
        return None
    counter = int(row.counter) + 1
    connection.execute(
        update(leases).where(leases.c.name == name).values(owner=owner, expires_at=ends, counter=counter)
    )
    return Lease(name, owner, counter, seconds)


def renew(connection: Connection, lease: Lease, now: datetime) -> None:
    """Hold a lease for its seconds from now on; raise LeaseLost where another worker has taken it.

    One that is past its end and that nobody took meanwhile is still its holder's.
    """
    check(connection, lease)
    ends = now + timedelta(seconds=lease.seconds)
    connection.execute(update(leases).where(leases.c.name == lease.name).values(expires_at=ends))


def release(connection: Connection, lease: Lease, now: datetime) -> None:
    """Let go of a lease, so that the next worker need not wait for its end; one that was lost is left alone."""
    connection.execute(
        update(leases)
        .where(leases.c.name == lease.name, leases.c.owner == lease.owner, leases.c.counter == lease.counter)
        .values(owner=NOBODY, expires_at=now)
    )


def check(connection: Connection, lease: Lease) -> None:
    """Raise LeaseLost unless the lease is still its holder's; in the transaction that writes, which is the only one."""
    row = connection.execute(select(leases.c.owner, leases.c.counter).where(leases.c.name == lease.name)).one_or_none()
    if row is None or (row.owner, row.counter) != (lease.owner, lease.counter):
        raise LeaseLost(name=lease.name)
