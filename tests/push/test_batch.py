"""Batches of pushed items: what is accepted is shown, once, and the newest of a service stands."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select

from app import reference
from app.db import reading, writing
from app.domain.partners import GivenProvider, Partner
from app.domain.verdicts import Outcome, findings_from
from app.domain.vocabulary import ProviderType
from app.push.batch import Pushed, Pusher, push, read_batch, weigh
from app.sources.kept_records import record_from
from app.store import imports, live_quotes, partners, providers, quarantine, quotes, versions
from tests.push.pushing import AGGREGATOR, NOW, PARTNER, body, item, known, pushed


def test_an_accepted_quote_is_current_and_names_its_import_its_item_and_its_content(empty_engine: Engine) -> None:
    known(empty_engine)
    result = pushed(empty_engine, [item(external_id="a"), item(external_id="b")])
    assert [one.outcome for one in result.items] == [Outcome.ACCEPTED, Outcome.ACCEPTED]
    with reading(empty_engine) as connection:
        rows = connection.execute(select(quotes.quotes).order_by(quotes.quotes.c.place_row)).all()
        current = list(live_quotes.current(connection, ["GBR-PHL"]))
        version = versions.newest_version(connection, {"partner-example"})
        run = imports.find(connection, result.import_id)
    assert [(row.source, row.source_key, row.place_row) for row in rows] == [
        ("partner-example", "a", 0),
        ("partner-example", "b", 1),
    ]
    assert {row.import_id for row in rows} == {result.import_id}
    assert all(len(row.content_hash) == 16 for row in rows)
    assert [row.id.bytes for row in rows] == [one.quote_id for one in result.items]
    assert {quote.source_key for quote in current} == {"a", "b"}
    assert version is not None
    assert version.version == result.dataset_version == 1
    assert run is not None
    assert run.counts["records_accepted"] == 2
    assert run.pushed_by is not None
    assert (run.pushed_by.public_id, run.pushed_by.partner, run.pushed_by.key_id) == ("imp_test", "example", "key")


def outcomes(engine: Engine, *items: Any, **how: Any) -> list[tuple[str, str | None]]:  # noqa: ANN401 - JSON
    return [(one.outcome.value, one.standing) for one in pushed(engine, items, **how).items]


def current(engine: Engine) -> dict[str, bytes]:
    with reading(engine) as connection:
        return {one.source_key: one.id.bytes for one in live_quotes.current(connection, ["GBR-PHL", "GBR-IND"])}


EARLY, LATE = {"observed_at": "2026-11-24T09:00:00Z"}, {"observed_at": "2026-11-24T10:00:00Z"}
ACCEPTED, SHOWN = ("accepted", None), ("duplicate", "shown")


def test_a_newer_quote_takes_the_place_of_the_older_whichever_comes_first(empty_engine: Engine) -> None:
    known(empty_engine)
    late = pushed(empty_engine, [item(**LATE)], public_id="one").items[0]
    early = pushed(empty_engine, [item(**EARLY)], public_id="two").items[0]
    assert early.outcome is Outcome.ACCEPTED
    assert current(empty_engine) == {"GBPPHP-cash-agent": late.quote_id}
    later = pushed(empty_engine, [item(observed_at="2026-11-24T11:00:00Z")], public_id="three").items[0]
    assert current(empty_engine) == {"GBPPHP-cash-agent": later.quote_id}


def test_what_a_push_lacks_stays(empty_engine: Engine) -> None:
    known(empty_engine)
    pushed(empty_engine, [item(external_id="a"), item(external_id="b")], public_id="one")
    pushed(empty_engine, [item(external_id="a", **LATE)], public_id="two")
    assert current(empty_engine).keys() == {"a", "b"}


def test_of_two_prices_at_one_instant_the_later_push_stands(empty_engine: Engine) -> None:
    known(empty_engine)
    pushed(empty_engine, [item(offered_rate="77.1")], public_id="one")
    second = pushed(empty_engine, [item(offered_rate="77.2")], public_id="two").items[0]
    assert current(empty_engine) == {"GBPPHP-cash-agent": second.quote_id}


def test_a_service_that_moves_to_another_corridor_leaves_the_first(empty_engine: Engine) -> None:
    known(empty_engine)
    pushed(empty_engine, [item()], public_id="one")
    moved = item(corridor="GBR-IND", receiving_currency="INR", offered_rate="112", **LATE)
    assert outcomes(empty_engine, moved, public_id="two") == [ACCEPTED]
    with reading(empty_engine) as connection:
        assert list(live_quotes.current(connection, ["GBR-PHL"])) == []
        touched = versions.corridor_newest_versions(connection, {"partner-example"})
    assert {corridor: version.version for corridor, version in touched.items()} == {"GBR-PHL": 2, "GBR-IND": 2}


def test_within_a_batch_the_same_twice_is_one_and_a_contradiction_is_refused(empty_engine: Engine) -> None:
    known(empty_engine)
    result = pushed(empty_engine, [item(), item(), item(offered_rate="77.2"), item(offered_rate="77.2", **LATE)])
    assert [one.outcome.value for one in result.items] == ["accepted", "duplicate", "rejected", "accepted"]
    assert result.items[1].quote_id == result.items[0].quote_id
    assert [(found.rule, found.value) for found in result.items[2].findings] == [("contradicts-item", "0")]
    assert current(empty_engine) == {"GBPPHP-cash-agent": result.items[3].quote_id}


def test_the_same_wrong_item_twice_is_refused_twice(empty_engine: Engine) -> None:
    known(empty_engine)
    ahead = item(observed_at="2026-11-25T09:00:00Z", valid_until=None)
    assert outcomes(empty_engine, ahead, ahead) == [("rejected", None), ("rejected", None)]


def test_a_duplicate_is_told_what_became_of_the_first(empty_engine: Engine) -> None:
    known(empty_engine)
    ends = item(external_id="ends", valid_until="2026-11-24T12:30:00Z")
    old = item(external_id="old", observed_at="2019-11-24T09:00:00Z", valid_until=None)
    first = [item(external_id="a"), ends, item(external_id="b", **EARLY), item(external_id="b", **LATE), old]
    assert outcomes(empty_engine, *first, public_id="one") == [*4 * [ACCEPTED], ("quarantined", None)]
    assert outcomes(empty_engine, *first, public_id="two", now=NOW + timedelta(hours=1)) == [
        SHOWN,
        ("duplicate", "expired"),
        ("duplicate", "superseded"),
        SHOWN,
        ("duplicate", "waiting"),
    ]


def test_a_quote_in_quarantine_is_in_no_answer_and_keeps_all_that_it_says(empty_engine: Engine) -> None:
    known(empty_engine)
    old = item(observed_at="2019-11-24T09:00:00Z", valid_until=None)
    result = pushed(empty_engine, [old])
    assert result.dataset_version is None
    assert current(empty_engine) == {}
    with reading(empty_engine) as connection:
        waiting = connection.execute(select(quarantine.quarantined_quotes)).one()
    record = record_from(waiting.record)
    assert record.id == result.items[0].quote_id == waiting.quote_id.bytes
    assert (waiting.status, waiting.external_id, waiting.place) == ("waiting", "GBPPHP-cash-agent", 0)
    assert "observed-long-ago" in [found.rule for found in findings_from(waiting.findings)]


def test_what_is_refused_is_kept_with_its_place_and_reasons(empty_engine: Engine) -> None:
    known(empty_engine)
    result = pushed(empty_engine, [item(), item(external_id="b", offered_rate=0), "nothing"])
    with reading(empty_engine) as connection:
        rows = connection.execute(select(quarantine.rejected_items).order_by(quarantine.rejected_items.c.place)).all()
        run = imports.find(connection, result.import_id)
    assert [(row.place, row.external_id, row.partner) for row in rows] == [(1, "b", "example"), (2, None, "example")]
    assert [findings_from(row.findings)[0].rule for row in rows] == ["invalid-item", "invalid-item"]
    assert run is not None
    assert (run.counts["records_accepted"], run.counts["records_refused"]) == (1, 2)


def test_an_atomic_batch_with_a_wrong_item_keeps_nothing(empty_engine: Engine) -> None:
    known(empty_engine)
    old = item(external_id="old", observed_at="2019-11-24T09:00:00Z", valid_until=None)
    result = pushed(empty_engine, [item(), item(), old, item(external_id="b", offered_rate=0)], is_atomic=True)
    assert {one.outcome for one in result.items} == {Outcome.REJECTED}
    assert [one.findings[-1].rule for one in result.items] == [*3 * ["batch-rejected"], "invalid-item"]
    assert current(empty_engine) == {}
    with reading(empty_engine) as connection:
        assert connection.execute(select(quarantine.quarantined_quotes)).all() == []


def test_when_the_answer_cannot_be_stored_nothing_is(empty_engine: Engine) -> None:
    known(empty_engine)

    def fail(_connection: Connection, _pushed: Pushed) -> None:
        raise RuntimeError("no answer")

    by = Pusher(partner=PARTNER, key_id=None, request_id=None, now=NOW)
    batch = read_batch(body(item()))
    with pytest.raises(RuntimeError, match="no answer"):
        push(empty_engine, batch, by=by, geography=reference.load(), public_id="imp_test", answer=fail)
    assert current(empty_engine) == {}
    with reading(empty_engine) as connection:
        assert imports.count(connection) == 0
        assert versions.newest_version(connection) is None


def test_weighing_changes_nothing(empty_engine: Engine) -> None:
    known(empty_engine)
    by = Pusher(partner=PARTNER, key_id=None, request_id=None, now=NOW)
    weighed = weigh(empty_engine, read_batch(body(item())), by=by, geography=reference.load())
    assert [one.outcome for one in weighed] == [Outcome.ACCEPTED]
    assert current(empty_engine) == {}


def test_two_partners_who_say_the_same_are_two_sources(empty_engine: Engine) -> None:
    other = Partner(id="other", name="Other", kind=PARTNER.kind, providers=PARTNER.providers)
    known(empty_engine, PARTNER, other)
    assert outcomes(empty_engine, item(), public_id="one") == [ACCEPTED]
    second = pushed(empty_engine, [item()], partner=other, public_id="two").items[0]
    assert second.outcome is Outcome.ACCEPTED
    assert "same-as-another" in [found.rule for found in second.findings]
    with reading(empty_engine) as connection:
        found = {one.source for one in live_quotes.current(connection, ["GBR-PHL"])}
    assert found == {"partner-example", "partner-other"}


def test_a_provider_that_an_aggregator_named_is_remembered(empty_engine: Engine) -> None:
    known(empty_engine, AGGREGATOR)
    with writing(empty_engine) as connection:
        providers.add_providers(connection, [("known-one", "Known One")])
        providers.add_spellings(connection, [providers.Spelling("rpw", "Known One", "known-one")], dataset_version=0)
    named = item(provider="known-one", provider_name="Known One", provider_type="bank")
    assert outcomes(empty_engine, named, partner=AGGREGATOR) == [ACCEPTED]
    with reading(empty_engine) as connection:
        partner = partners.find(connection, "prices")
    assert partner is not None
    assert partner.providers == {"known-one": GivenProvider("Known One", ProviderType.BANK)}


def test_many_keys_are_found_each_by_a_step_of_the_index(empty_engine: Engine) -> None:
    known(empty_engine)
    items = [
        item(external_id=f"n{number}", observed_at=f"2026-11-24T09:{number % 60:02}:00Z") for number in range(2_500)
    ]
    result = pushed(empty_engine, items)
    assert {one.outcome for one in result.items} == {Outcome.ACCEPTED}
    assert {one.standing for one in pushed(empty_engine, items, public_id="again").items} == {"shown"}
    assert len(current(empty_engine)) == 2_500
