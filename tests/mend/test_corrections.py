"""A correction stands in the place of what was wrong, from its observation on; the past shows the error still."""

import json
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from app import reference
from app.db import reading
from app.domain.errors import UnknownQuote
from app.domain.partners import GivenProvider, Partner, PartnerKind
from app.domain.push_errors import ConditionFailed, CorrectionRefused, QuoteReplaced
from app.domain.vocabulary import ProviderType
from app.mend.corrections import Corrected, Correction, correct
from app.mend.imports import withdraw_import
from app.mend.withdrawals import withdraw
from app.push.batch import Batch, Pushed, Pusher, push
from app.store import audit, corrections, imports, observations, quarantine
from app.store.corrections import Kind, Wanted
from app.store.quarantine import WaitingStatus
from app.store.quotes import Change
from app.store.withdrawals import Selection
from tests.mend.pushes import hand, public_id, standing
from tests.store.live_records import at

GIVEN = {"swift-cash": GivenProvider("Swift Cash", ProviderType.MONEY_TRANSFER_OPERATOR)}
PARTNER = Partner(id="swift", name="Swift Cash", kind=PartnerKind.PROVIDER, providers=GIVEN)
OTHER = Partner(id="other", name="Other", kind=PartnerKind.PROVIDER, providers=GIVEN)
NOW = 30.0


def item(hours: float = 0, fee: str = "1.99", rate: str = "78.5", key: str = "cash", **other: object) -> bytes:
    observed_at = at(hours).isoformat().replace("+00:00", "Z")
    whole: dict[str, Any] = {
        "external_id": key,
        "provider": "swift-cash",
        "corridor": "GBR-PHL",
        "sending_currency": "GBP",
        "receiving_currency": "PHP",
        "payment_instruments": ["cash"],
        "access_points": ["agent"],
        "receiving_methods": ["cash"],
        "transfer_speed": "under_1_hour",
        "customer": "returning",
        "fee_mode": "on_top",
        "fee": {"kind": "amount", "amount": fee, "at_amount": "150"},
        "offered_rate": rate,
        "observed_at": observed_at,
    }
    return json.dumps(whole | other).encode()


class Desk:
    """A partner that pushes and corrects."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.pushes = 0

    def by(self, partner: Partner = PARTNER) -> Pusher:
        return Pusher(partner=partner, key_id="k1", request_id="r1", now=at(NOW))

    def push(self, *items: bytes) -> list[UUID]:
        self.pushes += 1
        pushed: list[Pushed] = []
        push(
            self.engine,
            Batch(items=items, content_hash="f0"),
            by=self.by(),
            geography=reference.load(),
            public_id=public_id(self.pushes),
            answer=lambda _, done: pushed.append(done),
        )
        return [UUID(bytes=one.quote_id) for one in pushed[-1].items if one.quote_id]

    def correct(
        self, quote_id: UUID, whole: bytes, *, partner: Partner = PARTNER, is_as_seen: bool = True, dry: bool = False
    ) -> Corrected:
        self.pushes += 1
        correction = Correction(
            quote_id=quote_id,
            item=whole,
            content_hash=sha256(whole).hexdigest(),
            public_id=public_id(self.pushes),
        )
        return correct(
            self.engine,
            correction,
            hand(NOW, "the fee was mistyped", "key:k1"),
            by=self.by(partner),
            geography=reference.load(),
            is_as_seen=lambda _: is_as_seen,
            is_dry_run=dry,
        )

    def standing(self) -> dict[str, UUID]:
        with reading(self.engine) as connection:
            return {key: UUID(bytes=id_) for key, id_ in standing(connection).items()}


@pytest.fixture
def desk(empty_engine: Engine) -> Desk:
    return Desk(empty_engine)


def test_a_correction_stands_in_the_place_of_what_was_wrong(desk: Desk) -> None:
    (wrong,) = desk.push(item(fee="9.99"))
    corrected = desk.correct(wrong, item(fee="1.99"))
    successor = UUID(bytes=corrected.successor.id)
    assert desk.standing() == {"cash": successor}
    assert corrected.successor.observed_at == int(at(0).timestamp()) * 1_000_000
    with reading(desk.engine) as connection:
        found = observations.find(connection, wrong)
        told = corrections.listed(connection, Wanted(), limit=10)
        logged = audit.head(connection)
        own = imports.find_pushed(connection, public_id(2))
    assert found is not None
    assert (found.observation.is_current, found.superseded_by) == (False, successor)
    assert (found.changes[-1].change, found.changes[-1].reason) == (Change.CORRECTED, "the fee was mistyped")
    assert [(row.kind, row.quote_id, row.successor_id, row.quotes, row.reason) for row in told] == [
        (Kind.CORRECTED, wrong, successor, 1, "the fee was mistyped")
    ]
    assert logged is not None
    assert (logged.act.actor, logged.act.action, logged.act.subject) == ("key:k1", "quote_corrected", str(wrong))
    assert own is not None
    assert own.dataset_version == corrected.dataset_version == 2


def test_a_newer_quote_supersedes_a_correction_like_any_other(desk: Desk) -> None:
    (wrong,) = desk.push(item(fee="9.99"))
    desk.correct(wrong, item(fee="1.99"))
    (newer,) = desk.push(item(1))
    assert desk.standing() == {"cash": newer}


def test_what_was_superseded_by_an_error_returns_when_its_correction_is_withdrawn(desk: Desk) -> None:
    (before,) = desk.push(item(0))
    (wrong,) = desk.push(item(1, fee="2.50"))
    corrected = desk.correct(wrong, item(1, fee="2.05"))
    successor = UUID(bytes=corrected.successor.id)
    withdraw(desk.engine, Selection(source=PARTNER.source, quote_ids=(successor,)), hand())
    assert desk.standing() == {"cash": before}, "and not what was corrected"


def test_taking_back_the_batch_of_an_error_leaves_its_correction(desk: Desk) -> None:
    (wrong,) = desk.push(item(fee="9.99"))
    corrected = desk.correct(wrong, item(fee="1.99"))
    with reading(desk.engine) as connection:
        batch = imports.find_pushed(connection, public_id(1))
    assert batch is not None
    withdraw_import(desk.engine, batch, hand())
    assert desk.standing() == {"cash": UUID(bytes=corrected.successor.id)}


def test_a_correction_may_be_corrected_back(desk: Desk) -> None:
    (first,) = desk.push(item(fee="1.99"))
    second = UUID(bytes=desk.correct(first, item(fee="2.99")).successor.id)
    back = desk.correct(second, item(fee="1.99"))
    assert UUID(bytes=back.successor.id) == first
    assert desk.standing() == {"cash": first}
    with reading(desk.engine) as connection:
        one = observations.find(connection, first)
    assert one is not None
    assert one.observation.is_current


def test_what_jumps_beside_the_price_that_was_wrong_is_no_reason_against_a_correction(desk: Desk) -> None:
    (wrong,) = desk.push(item(rate="30"))
    desk.push(item(1, rate="78.5"))
    assert desk.standing() == {"cash": wrong}, "pushed, it waits for a person"
    corrected = desk.correct(wrong, item(rate="78.5"))
    assert desk.standing() == {"cash": UUID(bytes=corrected.successor.id)}


def test_only_what_stands_can_be_corrected_and_its_successor_is_named(desk: Desk) -> None:
    (wrong,) = desk.push(item(0))
    (newer,) = desk.push(item(1))
    with pytest.raises(QuoteReplaced, match=str(newer)) as replaced:
        desk.correct(wrong, item(0, fee="2"))
    assert replaced.value.successor == str(newer)
    withdraw(desk.engine, Selection(source=PARTNER.source, source_keys=("cash",)), hand())
    with pytest.raises(QuoteReplaced, match=r"withdrawn\. Push a new one"):
        desk.correct(newer, item(1, fee="2"))


def test_another_partners_quote_is_as_unknown_as_none(desk: Desk) -> None:
    (ours,) = desk.push(item(0))
    for quote_id in (ours, UUID(int=2**100)):
        with pytest.raises(UnknownQuote):
            desk.correct(quote_id, item(0, fee="2"), partner=OTHER)


def test_what_changed_since_it_was_read_is_not_corrected(desk: Desk) -> None:
    (ours,) = desk.push(item(0))
    with pytest.raises(ConditionFailed):
        desk.correct(ours, item(0, fee="2"), is_as_seen=False)
    assert desk.standing() == {"cash": ours}


@pytest.mark.parametrize(
    ("whole", "rule", "pointer"),
    [
        (item(0, key="card", fee="2"), "another-service", "/external_id"),
        (item(0.5, fee="2"), "another-time", "/observed_at"),
        (item(0), "says-the-same", ""),
        (item(0, provider="nobody"), "provider-not-yours", "/provider"),
        (item(0, sending_currency="PHP", receiving_currency="GBP"), "currencies-swapped", "/sending_currency"),
        (item(0, fee="-1"), "invalid-item", "/fee/amount"),
        (b"[]", "invalid-item", ""),
    ],
)
def test_what_cannot_stand_is_refused_with_its_reason(desk: Desk, whole: bytes, rule: str, pointer: str) -> None:
    (ours,) = desk.push(item(0))
    with pytest.raises(CorrectionRefused) as refused:
        desk.correct(ours, whole)
    assert (refused.value.findings[0].rule, refused.value.findings[0].pointer) == (rule, pointer)
    assert desk.standing() == {"cash": ours}
    with reading(desk.engine) as connection:
        assert audit.head(connection) is None
        assert imports.find_pushed(connection, public_id(2)) is None


def test_a_dry_run_judges_and_stores_nothing(desk: Desk) -> None:
    (ours,) = desk.push(item(0))
    would = desk.correct(ours, item(0, fee="2"), dry=True)
    assert (would.dataset_version, would.public_id) == (None, None)
    assert desk.standing() == {"cash": ours}
    with reading(desk.engine) as connection:
        assert imports.find_pushed(connection, public_id(2)) is None


def test_what_waits_in_quarantine_is_taken_back_with_its_batch_and_cannot_be_corrected(desk: Desk) -> None:
    waiting, standing_one = desk.push(item(fee="149"), item(key="card"))
    assert desk.standing() == {"card": standing_one}
    with pytest.raises(QuoteReplaced, match="put into quarantine"):
        desk.correct(waiting, item(fee="2"))
    by_key = Selection(source=PARTNER.source, source_keys=("cash",))
    would = withdraw(desk.engine, by_key, hand(), is_dry_run=True)
    assert [one.quote_id for one in would.waiting] == [waiting]
    with reading(desk.engine) as connection:
        batch = imports.find_pushed(connection, public_id(1))
    assert batch is not None
    taken_back = withdraw_import(desk.engine, batch, hand()).withdrawn
    assert (len(taken_back.quotes), len(taken_back.waiting)) == (1, 1)
    assert desk.standing() == {}
    with reading(desk.engine) as connection:
        found = quarantine.find(connection, waiting)
    assert found is not None
    assert (found.status, found.decided_by, found.decision_reason) == (
        WaitingStatus.WITHDRAWN,
        "cli:ada",
        "sent by mistake",
    )


def test_what_waits_is_meant_by_the_times_that_name_it(desk: Desk) -> None:
    desk.push(item(1, fee="149"))
    for selection, number in (
        (Selection(source=PARTNER.source, observed_from=at(1), observed_until=at(2)), 1),
        (Selection(source=PARTNER.source, observed_from=at(2)), 0),
        (Selection(source=PARTNER.source, observed_until=at(1)), 0),
        (Selection(source=PARTNER.source, sent_from=at(NOW)), 1),
        (Selection(source=PARTNER.source, sent_until=at(NOW)), 0),
        (Selection(source=PARTNER.source, corridor="GBR-IND"), 0),
        (Selection(source=PARTNER.source, source_keys=("card",)), 0),
        (Selection(source=PARTNER.source, quote_ids=(UUID(int=1),)), 0),
    ):
        assert len(withdraw(desk.engine, selection, hand(), is_dry_run=True).waiting) == number
