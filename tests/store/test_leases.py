"""A lease has one holder, and whoever lost it cannot write any more."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from app.db import reading, writing
from app.domain.errors import LeaseLost
from app.store import leases
from app.store.leases import Lease

SECONDS = 60


def take(engine: Engine, name: str, owner: str, now: datetime) -> Lease | None:
    with writing(engine) as connection:
        return leases.acquire(connection, name, owner, now, SECONDS)


def taken(engine: Engine, name: str, owner: str, now: datetime) -> Lease:
    lease = take(engine, name, owner, now)
    assert lease is not None
    return lease


def after(now: datetime, seconds: int) -> datetime:
    return now + timedelta(seconds=seconds)


def test_only_one_worker_holds_a_lease_at_a_time(engine: Engine, now: datetime) -> None:
    first = taken(engine, "one", "first", now)
    assert take(engine, "one", "second", after(now, SECONDS - 1)) is None
    assert take(engine, "another", "second", now) is not None
    second = taken(engine, "one", "second", after(now, SECONDS))
    assert second.counter == first.counter + 1


def test_a_renewed_lease_lasts_its_seconds_from_then_on(engine: Engine, now: datetime) -> None:
    lease = taken(engine, "renewed", "first", now)
    with writing(engine) as connection:
        leases.renew(connection, lease, after(now, 50))
    assert take(engine, "renewed", "second", after(now, 109)) is None
    assert take(engine, "renewed", "second", after(now, 110)) is not None


def test_whoever_lost_a_lease_can_neither_write_nor_renew_nor_release(engine: Engine, now: datetime) -> None:
    lost = taken(engine, "lost", "first", now)
    later = after(now, SECONDS)
    held = taken(engine, "lost", "second", later)
    with reading(engine) as connection, pytest.raises(LeaseLost):
        leases.check(connection, lost)
    with pytest.raises(LeaseLost), writing(engine) as connection:
        leases.renew(connection, lost, later)
    with writing(engine) as connection:
        leases.release(connection, lost, later)
        leases.check(connection, held)


def test_a_late_holder_whose_lease_nobody_took_goes_on(engine: Engine, now: datetime) -> None:
    lease = taken(engine, "late", "first", now)
    with writing(engine) as connection:
        leases.renew(connection, lease, after(now, 10 * SECONDS))
        leases.check(connection, lease)


def test_a_released_lease_is_free_at_once_and_its_counter_goes_on(engine: Engine, now: datetime) -> None:
    lease = taken(engine, "released", "first", now)
    with writing(engine) as connection:
        leases.release(connection, lease, now)
    with reading(engine) as connection, pytest.raises(LeaseLost):
        leases.check(connection, lease)
    again = taken(engine, "released", "first", now)
    assert again.counter == lease.counter + 1
    with reading(engine) as connection, pytest.raises(LeaseLost):
        leases.check(connection, lease)


def test_a_lease_written_under_a_clock_that_was_ahead_holds_nobody_up(engine: Engine, now: datetime) -> None:
    wrong = taken(engine, "ahead", "first", after(now, 365 * 86_400))
    assert take(engine, "ahead", "second", now) is not None
    with reading(engine) as connection, pytest.raises(LeaseLost):
        leases.check(connection, wrong)


def test_clocks_that_differ_by_less_than_a_lease_do_not_take_it_from_each_other(engine: Engine, now: datetime) -> None:
    taken(engine, "skewed", "first", after(now, SECONDS - 1))
    assert take(engine, "skewed", "second", now) is None


def test_a_lease_that_was_never_taken_is_nobodys(engine: Engine) -> None:
    with reading(engine) as connection, pytest.raises(LeaseLost):
        leases.check(connection, Lease("never", "first", 1, SECONDS))
