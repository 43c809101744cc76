"""A withdrawal takes quotes back, lets what they had replaced stand again, and is told and logged."""

import json
from uuid import UUID

import pytest
from sqlalchemy import Engine

from app.db import reading, writing
from app.mend.imports import withdraw_import
from app.mend.withdrawals import Withdrawn, withdraw
from app.store import audit, corrections, imports, observations, versions
from app.store.corrections import Kind, Wanted
from app.store.withdrawals import Selection
from tests.mend.pushes import PARTNER, hand, push, quote, standing
from tests.store.live_records import at

SOURCE = PARTNER.source


def standing_now(engine: Engine) -> dict[str, bytes]:
    with reading(engine) as connection:
        return standing(connection)


def take_back(engine: Engine, import_id: int, *, is_dry_run: bool = False) -> Withdrawn:
    with reading(engine) as connection:
        found = imports.find(connection, import_id)
    assert found is not None
    return withdraw_import(engine, found, hand(), is_dry_run=is_dry_run).withdrawn


def test_what_a_withdrawn_import_had_replaced_stands_again(empty_engine: Engine) -> None:
    before = [quote("cash", 0), quote("card", 0)]
    wrong = [quote("cash", 1, fee="0.01"), quote("wallet", 1)]
    push(empty_engine, *before)
    wrong_import = push(empty_engine, *wrong)
    withdrawn = take_back(empty_engine, wrong_import)
    assert standing_now(empty_engine) == {"cash": before[0].id, "card": before[1].id}
    assert {one.id for one in withdrawn.quotes} == {one.id for one in wrong}
    assert [one.id for one in withdrawn.returned] == [before[0].id]
    assert withdrawn.dataset_version == 3


def test_what_is_newer_than_a_withdrawn_import_stays(empty_engine: Engine) -> None:
    oldest, wrong, newest = quote("cash", 0), quote("cash", 1), quote("cash", 2)
    push(empty_engine, oldest)
    wrong_import = push(empty_engine, wrong)
    newest_import = push(empty_engine, newest)
    assert take_back(empty_engine, wrong_import).returned == []
    assert standing_now(empty_engine) == {"cash": newest.id}
    take_back(empty_engine, newest_import)
    assert standing_now(empty_engine) == {"cash": oldest.id}, "the wrong one between them never stands again"


def test_of_what_was_overtaken_the_newest_stands_again(empty_engine: Engine) -> None:
    first, late, wrong = quote("cash", 0), quote("cash", 1), quote("cash", 2)
    push(empty_engine, first)
    wrong_import = push(empty_engine, wrong)
    late_import = push(empty_engine, late)  # overtaken before it arrived
    take_back(empty_engine, wrong_import)
    assert standing_now(empty_engine) == {"cash": late.id}
    take_back(empty_engine, late_import)
    assert standing_now(empty_engine) == {"cash": first.id}


def test_several_batches_of_a_time_are_taken_back_at_once(empty_engine: Engine) -> None:
    good = quote("cash", 0)
    push(empty_engine, good, hours=10)
    for hours in (11, 12, 13):
        push(empty_engine, quote("cash", hours), hours=hours)
    last = quote("cash", 14)
    sent = Selection(source=SOURCE, sent_from=at(11), sent_until=at(14))
    assert len(withdraw(empty_engine, sent, hand()).quotes) == 3
    assert standing_now(empty_engine) == {"cash": good.id}
    push(empty_engine, last, hours=14)
    observed = Selection(source=SOURCE, observed_from=at(14))
    withdrawn = withdraw(empty_engine, observed, hand(101))
    assert [one.id for one in withdrawn.quotes] == [last.id]
    assert standing_now(empty_engine) == {"cash": good.id}


def test_a_service_that_is_withdrawn_by_its_key_or_corridor_ends(empty_engine: Engine) -> None:
    push(empty_engine, quote("cash", 0), quote("card", 0), quote("card to India", 0, corridor="GBR-IND"))
    push(empty_engine, quote("cash", 1), quote("card", 1), quote("card to India", 1, corridor="GBR-IND"))
    withdrawn = withdraw(empty_engine, Selection(source=SOURCE, source_keys=("cash", "none such")), hand())
    assert (len(withdrawn.quotes), withdrawn.returned) == (1, [])
    assert set(standing_now(empty_engine)) == {"card", "card to India"}
    withdraw(empty_engine, Selection(source=SOURCE, corridor="GBR-IND"), hand())
    assert set(standing_now(empty_engine)) == {"card"}


def test_a_service_that_ended_is_not_revived_by_taking_back_an_older_quote(empty_engine: Engine) -> None:
    push(empty_engine, quote("cash", 0))
    older = push(empty_engine, quote("cash", 1))
    push(empty_engine, quote("cash", 2))
    withdraw(empty_engine, Selection(source=SOURCE, source_keys=("cash",)), hand())
    take_back(empty_engine, older)
    assert standing_now(empty_engine) == {}


def test_one_quote_is_withdrawn_by_its_id(empty_engine: Engine) -> None:
    before, wrong, other = quote("cash", 0), quote("cash", 1), quote("card", 1)
    push(empty_engine, before)
    push(empty_engine, wrong, other)
    ids = (UUID(bytes=wrong.id), UUID(int=2**100))
    withdraw(empty_engine, Selection(source=SOURCE, quote_ids=ids), hand())
    assert standing_now(empty_engine) == {"cash": before.id, "card": other.id}


def test_a_service_may_return_to_the_corridor_that_it_came_from(empty_engine: Engine) -> None:
    before = quote("cash", 0, corridor="GBR-IND")
    push(empty_engine, before)
    wrong = push(empty_engine, quote("cash", 1, corridor="GBR-PHL"))
    take_back(empty_engine, wrong)
    assert standing_now(empty_engine) == {"cash": before.id}
    with reading(empty_engine) as connection:
        newest = versions.corridor_newest_versions(connection)
    assert {corridor: version.version for corridor, version in newest.items()} == {"GBR-IND": 3, "GBR-PHL": 3}


def test_nobody_withdraws_what_is_of_another_source(empty_engine: Engine) -> None:
    ours = quote("cash", 0)
    push(empty_engine, ours)
    for selection in (
        Selection(source="partner-other", source_keys=("cash",)),
        Selection(source="partner-other", corridor="GBR-PHL"),
        Selection(source="partner-other", observed_from=at(-1)),
        Selection(source="partner-other", sent_from=at(-1)),
        Selection(source="partner-other", quote_ids=(UUID(bytes=ours.id),)),
        Selection(source="partner-other", import_id=1),
    ):
        withdrawn = withdraw(empty_engine, selection, hand())
        assert (withdrawn.quotes, withdrawn.dataset_version) == ([], None)
    assert standing_now(empty_engine) == {"cash": ours.id}


def test_a_dry_run_says_the_same_and_changes_nothing(empty_engine: Engine) -> None:
    push(empty_engine, quote("cash", 0))
    wrong = push(empty_engine, quote("cash", 1))
    before = standing_now(empty_engine)
    would = take_back(empty_engine, wrong, is_dry_run=True)
    assert (len(would.quotes), len(would.returned), would.dataset_version) == (1, 1, None)
    assert standing_now(empty_engine) == before
    with reading(empty_engine) as connection:
        assert audit.head(connection) is None
    did = take_back(empty_engine, wrong)
    assert (did.quotes, did.returned) == (would.quotes, would.returned)


def test_taking_back_again_changes_nothing_more(empty_engine: Engine) -> None:
    wrong = push(empty_engine, quote("cash", 1))
    first, again = take_back(empty_engine, wrong), take_back(empty_engine, wrong)
    assert (len(first.quotes), again.quotes, again.dataset_version) == (1, [], None)
    with reading(empty_engine) as connection:
        assert len(audit.newest(connection, 10)) == 1
        found = imports.find(connection, wrong)
    assert found is not None
    assert found.withdrawn_version == 2


def test_a_withdrawal_is_told_publicly_and_logged_with_its_reason(empty_engine: Engine) -> None:
    wrong = [quote("cash", 1), quote("card", 1), quote("to India", 1, corridor="GBR-IND")]
    number = push(empty_engine, *wrong)
    take_back(empty_engine, number)
    with reading(empty_engine) as connection:
        told = corrections.listed(connection, Wanted(), limit=10)
        logged = audit.head(connection)
        one = observations.find(connection, UUID(bytes=wrong[2].id))
    assert {(row.kind, row.corridor, row.provider, row.quotes, row.quote_id) for row in told} == {
        (Kind.WITHDRAWN, "GBR-IND", "swift-cash", 1, UUID(bytes=wrong[2].id)),
        (Kind.WITHDRAWN, "GBR-PHL", "swift-cash", 2, None),
    }
    assert {(row.reason, row.dataset_version, row.recorded_at) for row in told} == {("sent by mistake", 2, at(100))}
    assert logged is not None
    assert (logged.act.actor, logged.act.action) == ("cli:ada", "import_withdrawn")
    assert json.loads(logged.act.detail)["quotes"] == 3
    assert one is not None
    assert (one.observation.is_current, one.changes[-1].reason) == (False, "sent by mistake")


def test_a_withdrawal_that_fails_leaves_nothing_behind(empty_engine: Engine) -> None:
    push(empty_engine, quote("cash", 0))
    before = standing_now(empty_engine)

    def fail(*_: object) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        withdraw(empty_engine, Selection(source=SOURCE, source_keys=("cash",)), hand(), remember=fail)
    assert standing_now(empty_engine) == before
    with reading(empty_engine) as connection:
        assert audit.head(connection) is None
        assert corrections.listed(connection, Wanted(), limit=1) == []


def test_many_quotes_of_many_times_return(empty_engine: Engine) -> None:
    before = [quote(f"service {number}", number / 7) for number in range(1_200)]
    push(empty_engine, *before, hours=1_000)
    wrong = push(empty_engine, *(quote(f"service {number}", 500) for number in range(1_200)), hours=1_001)
    withdrawn = take_back(empty_engine, wrong)
    assert (len(withdrawn.quotes), len(withdrawn.returned)) == (1_200, 1_200)
    assert standing_now(empty_engine) == {record.source_key: record.id for record in before}
    with writing(empty_engine) as connection:
        assert audit.verify(connection) is None
