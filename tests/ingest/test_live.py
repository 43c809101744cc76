"""Live quotes supersede, are withdrawn and come back as the source says, in whatever order its answers arrive."""

import random
from collections.abc import Sequence
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, delete, select

from app.db import reading, writing
from app.domain.file_errors import SourceError
from app.sources.source import Doubt, LiveReading, LiveRecord, sources
from app.store import corridors, live_quotes, observations, providers, quotes, versions
from app.store.live_quotes import Current, Service
from app.store.quotes import Change, is_current
from app.store.schema import METADATA
from tests.store.live_records import SCOPE, arrive, at, live, reading_of

PROPERTY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
REFUSED = Doubt("/providers/1", "implausible-rate", "100 times the reference rate", "7850")


def current_ids(connection: Connection) -> set[bytes]:
    return {id_.bytes for id_ in connection.execute(select(quotes.quotes.c.id).where(is_current())).scalars()}


def index_of(connection: Connection) -> dict[Service, Current]:
    return live_quotes.known(connection, "wise", (), {SCOPE, "other"})


def arrived(engine: Engine, *answers: LiveReading | Sequence[LiveRecord]) -> list[dict[str, int]]:
    """Let answers arrive one by one; return what each one's quotes became, and check that the index is right."""
    rows = []
    for answer in answers:
        with writing(engine) as connection:
            rows.append(arrive(connection, answer).rows)
    with reading(engine) as connection:
        assert {each.quote_id for each in index_of(connection).values()} == current_ids(connection)
    return rows


def standing(engine: Engine) -> set[bytes]:
    with reading(engine) as connection:
        return current_ids(connection)


def test_a_newer_quote_of_a_service_supersedes_the_older(empty_engine: Engine) -> None:
    old, new = live(hours=1), live(hours=2, fee="2.50")
    rows = arrived(empty_engine, [old], [new])
    assert rows[1] == {"new": 1, "unchanged": 0, "superseded": 1, "withdrawn": 0}
    assert standing(empty_engine) == {new.id}
    with reading(empty_engine) as connection:
        (change,) = observations.changes_of(connection, quote_id(old))
    assert (change.change, change.other_quote_id, change.dataset_version) == (Change.SUPERSEDED, quote_id(new), 2)


def test_tiers_and_sources_are_told_apart(empty_engine: Engine) -> None:
    small, large = live(), live(tier="usd_500", scope="other")
    arrived(empty_engine, [small], [large])
    with writing(empty_engine) as connection:
        arrive(connection, [live(hours=1, source="demo")])
    assert standing(empty_engine) == {small.id, large.id, live(hours=1, source="demo").id}


def test_the_same_quote_again_changes_nothing_and_raises_no_version(empty_engine: Engine) -> None:
    rows = arrived(empty_engine, [live()], [live()])
    assert rows[1] == {"new": 0, "unchanged": 1, "superseded": 0, "withdrawn": 0}
    with reading(empty_engine) as connection:
        newest = versions.newest_version(connection)
    assert newest is not None
    assert newest.version == 1


def test_what_a_newer_complete_answer_lacks_is_withdrawn(empty_engine: Engine) -> None:
    gone, stays = live("gone"), live("stays")
    rows = arrived(empty_engine, [gone, stays], [stays])
    assert rows[1] == {"new": 0, "unchanged": 1, "superseded": 0, "withdrawn": 1}
    with reading(empty_engine) as connection:
        (change,) = observations.changes_of(connection, quote_id(gone))
    assert (change.change, change.reason) == (Change.WITHDRAWN, "not in the source's newest answer")


def test_a_quote_from_the_future_is_refused_and_ends_nothing(empty_engine: Engine) -> None:
    known, ahead, within = live("known"), live("ahead", hours=2.2), live("within", hours=2.1)
    arrived(empty_engine, [known])
    with writing(empty_engine) as connection:
        stored = arrive(connection, [ahead, within], now=at(2))
    assert [(doubt.place, doubt.code) for doubt in stored.refused] == [("ahead", "observed-ahead")]
    assert standing(empty_engine) == {known.id, within.id}


def test_what_was_withdrawn_and_is_said_again_is_reinstated(empty_engine: Engine) -> None:
    one, other = live("one"), live("other")
    rows = arrived(empty_engine, [one, other], [other], [one, other])
    assert rows[2] == {"new": 1, "unchanged": 1, "superseded": 0, "withdrawn": 0}
    assert standing(empty_engine) == {one.id, other.id}


def test_a_correction_of_the_same_moment_counts_and_may_be_taken_back(empty_engine: Engine) -> None:
    wrong, right = live(fee="199"), live(fee="1.99")
    arrived(empty_engine, [wrong], [right])
    assert standing(empty_engine) == {right.id}
    arrived(empty_engine, [wrong])
    assert standing(empty_engine) == {wrong.id}


def test_an_answer_with_less_than_half_of_the_services_withdraws_none_of_the_others(empty_engine: Engine) -> None:
    eight = [live(f"s{n}") for n in range(8)]
    rows = arrived(empty_engine, eight, [live("s0", 1)])
    assert rows[1] == {"new": 1, "unchanged": 0, "superseded": 1, "withdrawn": 0, "suspiciously_few": 1}
    assert standing(empty_engine) == {live("s0", 1).id, *(record.id for record in eight[1:])}
    rows = arrived(empty_engine, [live(f"s{n}", 2) for n in range(4)])
    assert rows[0] == {"new": 4, "unchanged": 0, "superseded": 4, "withdrawn": 4}
    assert len(standing(empty_engine)) == 4


def test_what_went_stale_no_longer_keeps_a_smaller_answer_from_being_complete(empty_engine: Engine) -> None:
    rows = arrived(empty_engine, [live(f"s{n}") for n in range(8)], [live("s0", 1)], [live("s0", 7 * 24 + 1)])
    assert rows[2] == {"new": 1, "unchanged": 0, "superseded": 1, "withdrawn": 7}


def test_a_reviewed_file_withdraws_what_it_lacks_however_much_that_is(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        arrive(connection, [live(f"s{n}", source="quote_file", tier="") for n in range(4)])
        rows = arrive(connection, [live("s0", 1, source="quote_file", tier="")]).rows
    assert rows == {"new": 1, "unchanged": 0, "superseded": 1, "withdrawn": 3}


def test_services_of_a_provider_that_is_named_without_a_price_are_not_withdrawn(empty_engine: Engine) -> None:
    one, two, gone = live("named/GBR-PHL"), live("named-too/GBR-PHL"), live("gone/GBR-PHL")
    stays = live("stays/GBR-PHL", 1)
    rows = arrived(empty_engine, [one, two, gone], reading_of([stays, live("x", 1)])._replace(silent=("named/",)))
    assert rows[1]["withdrawn"] == 2
    assert standing(empty_engine) == {one.id, stays.id, live("x", 1).id}


def test_an_answer_of_which_no_quote_can_be_used_is_an_error(empty_engine: Engine) -> None:
    arrived(empty_engine, [live()])
    with writing(empty_engine) as connection, pytest.raises(SourceError, match="not one of its 2 quotes can be used"):
        arrive(connection, reading_of([live("ahead", 5)], refused=[REFUSED]), source=sources()["wise"], now=at(1))
    assert standing(empty_engine) == {live().id}


@pytest.mark.parametrize("answer", [reading_of([], scopes=[SCOPE]), reading_of([live("b", 2)], refused=[REFUSED])])
def test_an_answer_that_is_empty_or_partly_refused_withdraws_nothing(empty_engine: Engine, answer: LiveReading) -> None:
    first = live("a", 1)
    with writing(empty_engine) as connection:
        arrive(connection, [first])
        arrive(connection, answer, source=sources()["wise"])
    assert first.id in standing(empty_engine)


def test_an_answer_for_one_scope_leaves_the_others_alone(empty_engine: Engine) -> None:
    here, there = live("a"), live("b", scope="other", corridor="GBR-IND", currencies=("GBP", "INR"))
    arrived(empty_engine, [here, there], [live("a", 1)])
    assert standing(empty_engine) == {live("a", 1).id, there.id}


def test_an_older_answer_ends_nothing_and_what_it_brings_is_never_current(empty_engine: Engine) -> None:
    old = [live("both", 1), live("only-old", 1)]
    new = [live("both", 2), live("only-new", 2)]
    rows = arrived(empty_engine, new, old)
    assert rows[1] == {"new": 2, "unchanged": 0, "superseded": 1, "withdrawn": 1}
    assert standing(empty_engine) == {record.id for record in new}


def test_answers_arrive_in_any_order_with_the_same_end(empty_engine: Engine) -> None:
    first, second = [live("always", 1), live("a", 1)], [live("always", 2), live("b", 1.5)]
    answers = [first, second, [live("always", 3), live("a", 3)]]
    for order in permutations(answers):
        emptied(empty_engine)
        arrived(empty_engine, *order)
        assert standing(empty_engine) == {record.id for record in answers[-1]}


def test_a_service_that_is_there_twice_in_an_answer_counts_once_the_newest(empty_engine: Engine) -> None:
    rows = arrived(empty_engine, [live(hours=1), live(hours=3), live(hours=2), live(hours=3)])
    assert rows[0] == {"new": 3, "unchanged": 0, "superseded": 2, "withdrawn": 0}
    assert standing(empty_engine) == {live(hours=3).id}


def test_a_service_that_moves_to_another_corridor_touches_both(empty_engine: Engine) -> None:
    arrived(empty_engine, [live()], [live(hours=1, corridor="GBR-IND")])
    with reading(empty_engine) as connection:
        newest = versions.corridor_newest_versions(connection)
        assert corridors.ids(connection) == ["GBR-IND", "GBR-PHL"]
    assert {corridor: version.version for corridor, version in newest.items()} == {"GBR-IND": 2, "GBR-PHL": 2}


def test_services_providers_and_spellings_are_kept_as_those_of_surveys(empty_engine: Engine) -> None:
    arrived(empty_engine, [live("a", name="SWIFT CASH"), live("b", name="Swift Cash"), live("c", name="Other Pay")])
    with reading(empty_engine) as connection:
        assert providers.names(connection) == {"other-pay": "Other Pay", "swift-cash": "Swift Cash"}
        spelled = {(each.source, each.published) for each in providers.spellings(connection)}
    assert spelled == {("wise", "SWIFT CASH"), ("wise", "Swift Cash"), ("wise", "Other Pay")}


QUOTE = st.builds(
    live,
    st.sampled_from(["a", "b", "c"]),
    st.integers(0, 4),
    fee=st.sampled_from(["1", "2"]),
    scope=st.sampled_from([SCOPE, "other"]),
)
ANSWERS = st.lists(
    st.builds(reading_of, st.lists(QUOTE, max_size=5))
    | st.builds(reading_of, st.lists(QUOTE, min_size=1, max_size=5), refused=st.just((REFUSED,))),
    min_size=1,
    max_size=8,
)


@PROPERTY
@given(ANSWERS)
def test_whatever_arrives_the_index_holds_what_is_current_one_for_each_service(
    empty_engine: Engine, answers: list[LiveReading]
) -> None:
    emptied(empty_engine)
    for answer in answers:
        with writing(empty_engine) as connection:
            arrive(connection, answer, source=sources()["wise"])
            check_index(connection, answers)


def check_index(connection: Connection, answers: Sequence[LiveReading]) -> None:
    """The index is what `is_current` says; no quote that was not withdrawn is newer than its service's current one."""
    index = index_of(connection)
    assert {each.quote_id for each in index.values()} == current_ids(connection)
    offered = {record.id: record for answer in answers for record in answer.quotes}
    for service, current in index.items():
        newer = [
            record
            for record in offered.values()
            if (record.source_key, record.tier) == service and record.observed_at > current.observed_at
        ]
        stored = [record for record in newer if is_stored(connection, record)]
        if stored:
            newest = max(stored, key=lambda record: record.observed_at).observed_at
            last = [record for record in stored if record.observed_at == newest]
            changes = [c.change for record in last for c in observations.changes_of(connection, quote_id(record))]
            assert Change.WITHDRAWN in changes


@PROPERTY
@given(
    st.lists(st.sets(st.sampled_from("abc"), max_size=3), min_size=1, max_size=5, unique_by=id),
    st.randoms(use_true_random=False),
)
def test_complete_answers_end_alike_in_any_order(
    empty_engine: Engine, held: list[set[str]], chance: random.Random
) -> None:
    always = ("x", "y", "z")  # so many that no answer has suspiciously few
    answers = [[live(key, n) for key in (*always, *sorted(keys))] for n, keys in enumerate(held)]
    expected = {record.id for record in answers[-1]}
    shuffled = answers.copy()
    chance.shuffle(shuffled)
    emptied(empty_engine)
    arrived(empty_engine, *shuffled)
    assert standing(empty_engine) == expected
    arrived(empty_engine, *shuffled)
    assert standing(empty_engine) == expected


def emptied(engine: Engine) -> None:
    with writing(engine) as connection:
        for table in reversed(METADATA.sorted_tables):
            connection.execute(delete(table))


def quote_id(record: LiveRecord) -> UUID:
    return UUID(bytes=record.id)


def is_stored(connection: Connection, record: LiveRecord) -> bool:
    return bool(quotes.stored(connection, [quotes.Place(record.corridor, record.observed_at, record.id)]))
