"""Batches of pushed items: what is accepted is shown, once, and the newest of a service stands."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from app.db import reading
from app.domain.verdicts import Outcome
from app.store import imports, live_quotes, quarantine, quotes, versions
from tests.push.pushing import NOW, item, known, pushed


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
