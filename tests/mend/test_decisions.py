"""A quote that waits is shown once it is accepted, never once it is refused, and nobody decides about their own."""

import json
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select

from app.db import reading
from app.domain.partners import Partner, PartnerKind
from app.domain.review_errors import AlreadyDecided, OwnQuote, UnknownQuarantined
from app.domain.verdicts import Outcome
from app.mend.acts import Hand
from app.mend.decisions import decide
from app.store import audit, live_quotes, observations, quarantine, versions
from app.store.quarantine import Quarantined, WaitingStatus, Wanted
from app.store.quotes import quotes
from tests.mend.pushes import hand
from tests.push.pushing import NOW, PARTNER, item, known, pushed

REVIEWER = "operator"
NOBODY = UUID(int=8 << 76 | 2 << 62)
WAITS = item(corridor="GBR-IND", receiving_currency="KES", external_id="strange")
"""Nobody in India is paid in Kenyan shillings: that waits for a person."""


def waiting(engine: Engine, status: WaitingStatus | None = WaitingStatus.WAITING) -> list[Quarantined]:
    with reading(engine) as connection:
        return quarantine.listed(connection, Wanted(status=status), limit=100)


def standing(engine: Engine, corridor: str = "GBR-IND") -> list[bytes]:
    with reading(engine) as connection:
        return [quote.id.bytes for quote in live_quotes.current(connection, [corridor])]


def by(hours: float = 28, reason: str = "their page says so", actor: str = "key:reviewer") -> Hand:
    return hand(hours, reason, actor)


def test_a_quote_that_waits_is_in_no_answer_until_it_is_accepted(empty_engine: Engine) -> None:
    known(empty_engine)
    answer = pushed(empty_engine, [WAITS])
    assert [one.outcome for one in answer.items] == [Outcome.QUARANTINED]
    assert standing(empty_engine) == []
    (one,) = waiting(empty_engine)
    decided = decide(empty_engine, [one.quote_id], by(), is_accepted=True, reviewer=REVIEWER)
    assert standing(empty_engine) == [one.quote_id.bytes]
    assert decided.dataset_version is not None
    with reading(empty_engine) as connection:
        newest = versions.newest_version(connection, {PARTNER.source})
        touched = versions.corridor_newest_versions(connection)
        stored = observations.find(connection, one.quote_id)
    assert newest is not None
    assert (newest.version, newest.import_id, newest.reason) == (decided.dataset_version, None, "decision")
    assert touched["GBR-IND"].version == newest.version
    assert stored is not None


def test_an_accepted_quote_keeps_its_import_its_place_and_what_was_found(empty_engine: Engine) -> None:
    known(empty_engine)
    pushed(empty_engine, [item(), WAITS])
    (one,) = waiting(empty_engine)
    decide(empty_engine, [one.quote_id], by(), is_accepted=True)
    with reading(empty_engine) as connection:
        stored = connection.execute(select(quotes).where(quotes.c.id == one.quote_id)).one()
    assert (stored.import_id, stored.place_row) == (one.import_id, 1)
    assert "currency_not_of_corridor" in stored.flags


def test_a_refused_quote_is_never_shown_and_the_same_is_a_duplicate_later(empty_engine: Engine) -> None:
    known(empty_engine)
    pushed(empty_engine, [WAITS])
    (one,) = waiting(empty_engine)
    decided = decide(empty_engine, [one.quote_id], by(reason="no such service"), is_accepted=False)
    assert decided.dataset_version is None
    assert standing(empty_engine) == []
    (again,) = pushed(empty_engine, [WAITS], public_id="imp_2").items
    assert (again.outcome, again.standing) == (Outcome.DUPLICATE, "refused")


def test_a_decision_is_recorded_with_who_when_and_why_and_in_the_audit_log(empty_engine: Engine) -> None:
    known(empty_engine)
    pushed(empty_engine, [WAITS])
    (one,) = waiting(empty_engine)
    reviewer = by()
    decide(empty_engine, [one.quote_id], reviewer, is_accepted=False)
    (kept,) = waiting(empty_engine, WaitingStatus.REFUSED)
    assert (kept.decided_by, kept.decision_reason) == ("key:reviewer", "their page says so")
    assert kept.decided_at == reviewer.clock()
    with reading(empty_engine) as connection:
        entry = audit.newest(connection, 1)[0].act
        assert audit.verify(connection) is None
    assert (entry.action, entry.actor, entry.subject) == ("quarantine_refused", "key:reviewer", str(one.quote_id))
    assert json.loads(entry.detail) == {
        "external_id": "strange",
        "partner": PARTNER.id,
        "reason": "their page says so",
        "rules": ["currency-not-of-corridor", "rate-unchecked"],
    }


def test_nobody_decides_about_their_own_and_nothing_happens(empty_engine: Engine) -> None:
    known(empty_engine)
    pushed(empty_engine, [WAITS])
    (one,) = waiting(empty_engine)
    for is_dry_run in (True, False):
        with pytest.raises(OwnQuote):
            decide(empty_engine, [one.quote_id], by(), is_accepted=True, reviewer=PARTNER.id, is_dry_run=is_dry_run)
    assert waiting(empty_engine) == [one]


def test_a_second_decision_and_one_about_nothing_are_refused(empty_engine: Engine) -> None:
    known(empty_engine)
    pushed(empty_engine, [WAITS])
    (one,) = waiting(empty_engine)
    decide(empty_engine, [one.quote_id], by(), is_accepted=True)
    with pytest.raises(AlreadyDecided, match="it was accepted"):
        decide(empty_engine, [one.quote_id], by(), is_accepted=False)
    with pytest.raises(UnknownQuarantined):
        decide(empty_engine, [NOBODY], by(), is_accepted=True)


def test_of_several_all_are_decided_or_none(empty_engine: Engine) -> None:
    known(empty_engine)
    pushed(empty_engine, [WAITS, {**WAITS, "external_id": "stranger"}])
    first, second = waiting(empty_engine)
    with pytest.raises(UnknownQuarantined):
        decide(empty_engine, [first.quote_id, NOBODY], by(), is_accepted=True)
    assert standing(empty_engine) == []
    decide(empty_engine, [first.quote_id, second.quote_id], by(), is_accepted=True)
    assert sorted(standing(empty_engine)) == sorted([first.quote_id.bytes, second.quote_id.bytes])


def test_quotes_of_two_partners_are_accepted_in_versions_of_their_own(empty_engine: Engine) -> None:
    other = Partner(id="other", name="Other", kind=PartnerKind.PROVIDER, providers=PARTNER.providers)
    known(empty_engine, PARTNER, other)
    pushed(empty_engine, [WAITS])
    pushed(empty_engine, [WAITS], partner=other, public_id="imp_2")
    decide(empty_engine, [one.quote_id for one in waiting(empty_engine)], by(), is_accepted=True)
    with reading(empty_engine) as connection:
        newest = [versions.newest_version(connection, {one.source}) for one in (PARTNER, other)]
    assert sorted(one.version for one in newest if one is not None) == [1, 2]


def test_one_that_something_newer_overtook_is_stored_and_not_current(empty_engine: Engine) -> None:
    known(empty_engine)
    pushed(empty_engine, [WAITS])
    newer = item(
        corridor="GBR-IND", receiving_currency="INR", external_id="strange", observed_at="2026-11-24T10:00:00Z"
    )
    pushed(empty_engine, [newer], public_id="imp_2")
    before = standing(empty_engine)
    (one,) = waiting(empty_engine)
    decide(empty_engine, [one.quote_id], by(), is_accepted=True)
    assert standing(empty_engine) == before
    assert len(before) == 1


def test_a_dry_run_says_what_would_be_decided_and_changes_nothing(empty_engine: Engine) -> None:
    known(empty_engine)
    pushed(empty_engine, [WAITS])
    (one,) = waiting(empty_engine)
    told = decide(empty_engine, [one.quote_id], by(), is_accepted=True, is_dry_run=True)
    assert ([each.quote_id for each in told.quotes], told.status) == ([one.quote_id], WaitingStatus.ACCEPTED)
    assert waiting(empty_engine) == [one]


def test_what_waits_is_counted_and_listed_page_by_page(empty_engine: Engine) -> None:
    known(empty_engine)
    pushed(empty_engine, [{**WAITS, "external_id": f"strange-{nth}"} for nth in range(5)])
    everything = waiting(empty_engine)
    with reading(empty_engine) as connection:
        assert quarantine.count(connection, Wanted(partner=PARTNER.id)) == 5
        assert quarantine.count(connection, Wanted(corridor="GBR-PHL")) == 0
        found: list[Quarantined] = []
        while page := quarantine.listed(
            connection,
            Wanted(status=WaitingStatus.WAITING),
            after=(found[-1].recorded_at, found[-1].quote_id) if found else None,
            limit=2,
        ):
            found += page
    assert found == everything
    assert all(one.recorded_at == NOW for one in found)


def test_what_was_refused_is_kept_for_thirty_days(empty_engine: Engine) -> None:
    known(empty_engine)

    def kept() -> int:
        with reading(empty_engine) as connection:
            return int(connection.execute(select(func.count()).select_from(quarantine.rejected_items)).scalar_one())

    pushed(empty_engine, [{"nothing": 1}])
    pushed(empty_engine, [{"nothing": 2}], now=NOW + timedelta(days=30), public_id="imp_2")
    assert kept() == 2
    pushed(empty_engine, [{"nothing": 3}], now=NOW + timedelta(days=30, seconds=1), public_id="imp_3")
    assert kept() == 2
