"""A partner and what it pushes, for tests: items that are accepted unless a test says otherwise."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine

from app import reference
from app.db import writing
from app.domain.partners import GivenProvider, Partner, PartnerKind
from app.domain.vocabulary import ProviderType
from app.push.batch import Pushed, Pusher, push, read_batch
from app.store import partners

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PARTNER = Partner(
    id="example",
    name="Example Transfer Ltd",
    kind=PartnerKind.PROVIDER,
    providers={"example-transfer": GivenProvider("Example Transfer", ProviderType.MONEY_TRANSFER_OPERATOR)},
)
AGGREGATOR = Partner(id="prices", name="Prices Everywhere", kind=PartnerKind.AGGREGATOR)


def item(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return an item as API.md shows it, with some fields otherwise; those that are ``...`` are left out."""
    whole = {
        "external_id": "GBPPHP-cash-agent",
        "provider": "example-transfer",
        "corridor": "GBR-PHL",
        "sending_currency": "GBP",
        "receiving_currency": "PHP",
        "payment_instruments": ["cash"],
        "access_points": ["agent"],
        "receiving_methods": ["cash"],
        "transfer_speed": "under_1_hour",
        "customer": "returning",
        "fee_mode": "on_top",
        "offered_rate": "77.1",
        "observed_at": "2026-11-24T09:00:00Z",
        "valid_until": "2026-11-24T21:00:00Z",
        "min_amount": 1,
        "max_amount": 800,
        "fee": {
            "kind": "schedule",
            "bands": [
                {"from": 0, "fixed": 2.9, "percent": 0},
                {"from": 100, "fixed": 1.9, "percent": 1, "minimum": 2.9, "maximum": 20},
            ],
        },
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not ...}


def body(*items: Any) -> bytes:  # noqa: ANN401 - JSON
    """Return the body of a push."""
    return json.dumps({"quotes": list(items)}).encode()


def known(engine: Engine, *these: Partner) -> None:
    """Let partners be known to a database."""
    with writing(engine) as connection:
        for partner in these or (PARTNER,):
            partners.add(connection, partner, NOW)


def nothing_more(_connection: Connection, _pushed: Pushed) -> None:
    """Answer nobody."""


def pushed(  # noqa: PLR0913 - what is pushed, by whom and how
    engine: Engine,
    items: Sequence[Any],
    *,
    partner: Partner = PARTNER,
    now: datetime = NOW,
    public_id: str = "imp_test",
    is_atomic: bool = False,
) -> Pushed:
    """Push items; return what became of them."""
    by = Pusher(partner=partner, key_id="key", request_id="request", now=now)
    batch = read_batch(body(*items))
    geography = reference.load()
    return push(
        engine, batch, by=by, geography=geography, public_id=public_id, is_atomic=is_atomic, answer=nothing_more
    )
