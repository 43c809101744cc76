"""In a sandbox, external ids that begin with a magic word force each answer; elsewhere they are names like others."""

import pytest
from sqlalchemy import Engine

from app import reference
from app.domain.verdicts import Outcome
from app.push.batch import Pusher, read_batch, weigh
from tests.push.pushing import NOW, PARTNER, body, item

EXPECTED = {
    "magic-accept-1": Outcome.ACCEPTED,
    "magic-flag-1": Outcome.ACCEPTED,
    "magic-quarantine-1": Outcome.QUARANTINED,
    "magic-reject-1": Outcome.REJECTED,
    "magic-duplicate-1": Outcome.DUPLICATE,
}


@pytest.mark.parametrize("is_sandbox", [True, False])
def test_magic_ids_force_each_answer_in_the_sandbox_alone(engine: Engine, *, is_sandbox: bool) -> None:
    by = Pusher(partner=PARTNER, key_id=None, request_id=None, now=NOW, is_sandbox=is_sandbox)
    batch = read_batch(body(*(item(external_id=external_id) for external_id in EXPECTED)))
    weighed = weigh(engine, batch, by=by, geography=reference.load())
    assert [one.outcome for one in weighed] == (
        list(EXPECTED.values()) if is_sandbox else [Outcome.ACCEPTED] * len(EXPECTED)
    )
    if is_sandbox:
        assert [finding.rule for finding in weighed[1].findings] == ["magic"]
