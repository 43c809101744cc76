"""The audit log is a chain: what was changed, taken out, slipped in or put in another order is found."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest

from app.domain.audit import NOTHING_BEFORE, Act, Action, Entry, canonical, detail_text, entry_after, first_broken

AT = datetime(2026, 11, 24, 3, 30, tzinfo=UTC)


def act(number: int) -> Act:
    return Act(
        number=number,
        at=AT,
        actor="cli:ada",
        action=Action.PROVIDER_HIDDEN.value,
        subject="example-transfer",
        detail=detail_text({"reason": "it asked us to", "quotes": number}),
    )


def chain(length: int) -> list[Entry]:
    entries: list[Entry] = []
    previous = NOTHING_BEFORE
    for number in range(1, length + 1):
        entries.append(entry_after(previous, act(number)))
        previous = entries[-1].hash
    return entries


def test_an_entry_is_hashed_with_the_hash_before_it() -> None:
    first, second = chain(2)
    assert first.previous_hash == bytes(32)
    assert second.hash == sha256(first.hash + canonical(second.act)).digest()


def test_the_bytes_of_an_act_are_the_same_in_every_time_zone_and_for_ever() -> None:
    elsewhere = replace(act(1), at=AT.astimezone(timezone(timedelta(hours=5, minutes=45))))
    assert canonical(elsewhere) == canonical(act(1))
    assert canonical(act(1)) == (
        b'{"action":"provider_hidden","actor":"cli:ada","at":"2026-11-24T03:30:00.000000+00:00",'
        b'"detail":"{\\"quotes\\":1,\\"reason\\":\\"it asked us to\\"}","number":1,"subject":"example-transfer"}'
    )


def test_a_whole_chain_holds() -> None:
    assert first_broken([]) is None
    assert first_broken(chain(50)) is None


@pytest.mark.parametrize(
    ("forge", "found_at"),
    [
        (lambda entries: entries[:3] + entries[4:], 4),
        (lambda entries: entries[1:], 1),
        (lambda entries: [*entries[:2], entries[3], entries[2], *entries[4:]], 3),
        (lambda entries: [*entries[:4], entries[3], *entries[4:]], 5),
        (lambda entries: [*entries[:3], replace(entries[3], act=replace(act(4), actor="cli:eve")), *entries[4:]], 4),
        (
            lambda entries: [
                *entries[:3],
                entry_after(entries[2].hash, replace(act(4), subject="other")),
                *entries[4:],
            ],
            5,
        ),
        (lambda entries: [*entries[:3], replace(entries[3], hash=bytes(32)), *entries[4:]], 4),
    ],
    ids=["taken out", "begun later", "another order", "repeated", "changed", "hashed anew alone", "another hash"],
)
def test_what_is_not_as_it_was_written_is_found(forge: Callable[[list[Entry]], list[Entry]], found_at: int) -> None:
    assert first_broken(forge(chain(6))) == found_at


@pytest.mark.parametrize(
    "other",
    [
        act(2),
        replace(act(1), at=AT + timedelta(microseconds=1)),
        replace(act(1), actor="cli:eve"),
        replace(act(1), action=Action.PROVIDER_SHOWN.value),
        replace(act(1), subject="other"),
        replace(act(1), detail=detail_text({})),
    ],
)
def test_every_field_of_an_act_is_hashed(other: Act) -> None:
    assert canonical(other) != canonical(act(1))
