"""An answer is kept, read, judged and stored whole, or leaves nothing but the record that it failed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, func, select

from app.archive import ArchiveError, content_hash, keep, keep_bytes, kept
from app.db import reading
from app.domain.file_errors import SourceError, SyntheticMix, WrongLayout
from app.ingest.answers import Taken, take
from app.sources.source import Ask, Source, sources
from app.store import imports, rates, versions
from app.store.imports import ImportStatus

NOW = datetime(2024, 6, 28, 15, tzinfo=UTC)
ECB, DEMO, FRANKFURTER = (sources()[key] for key in ("ecb", "demo_rates", "frankfurter"))
WISE = sources()["wise"]
COMPARISON = (Path(__file__).parents[1] / "sources" / "recorded" / "wise_v4_gbp_php.json").read_text("utf-8")
COLLECTED = datetime(2026, 11, 23, 13, 6, tzinfo=UTC)
TABLE = "Date,USD,GBP,\n2024-06-28,1.0705,0.84638,\n2024-06-27,1.0696,N/A,\n"


class Taker:
    """Takes answers, each a minute after the other."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder
        self.now = NOW

    def __call__(self, body: str, target: str = "history", source: Source = ECB, **more: Any) -> Taken:  # noqa: ANN401
        self.now += timedelta(minutes=1)
        ask, now = Ask(target, ""), self.now
        return take(self.engine, source, ask, body.encode(), data_dir=self.folder, now=now, public_sources=(), **more)

    def values(self) -> dict[tuple[str, str], str]:
        with reading(self.engine) as connection:
            found = rates.recent(connection, datetime(2000, 1, 1, tzinfo=UTC).date())
        return {(one.day.isoformat(), one.quote): str(one.value) for one in found}

    def imports(self) -> list[imports.Import]:
        with reading(self.engine) as connection:
            return imports.listed(connection)

    def version(self) -> int | None:
        with reading(self.engine) as connection:
            newest = versions.newest_version(connection)
        return None if newest is None else newest.version


@pytest.fixture
def taker(empty_engine: Engine, tmp_path: Path) -> Taker:
    return Taker(empty_engine, tmp_path)


def test_an_answer_is_stored_with_its_bytes_its_counts_and_a_dataset_version(taker: Taker) -> None:
    taken = taker(TABLE)
    assert (taken.outcome, taken.dataset_version, taken.rows, taken.refused) == ("stored", 1, 3, [])
    assert taken.counts == {"not_published": 1, "new": 3, "corrected": 0, "unchanged": 0}
    with kept(taken.content_hash, taker.folder) as file:
        assert file.read() == TABLE.encode()
    (found,) = taker.imports()
    assert (found.id, found.status, found.dataset_version) == (taken.import_id, ImportStatus.COMMITTED, 1)
    assert (found.file.identity.source, found.file.layout, found.file.is_synthetic) == ("ecb", "history", False)
    assert found.counts["records_accepted"] == 3
    assert found.counts["counts"]["not_published"] == 1


def test_the_same_bytes_again_change_nothing_and_are_not_even_recorded(taker: Taker) -> None:
    first, again = taker(TABLE), taker(TABLE)
    assert (again.outcome, again.import_id, again.dataset_version) == ("unchanged", first.import_id, None)
    assert (again.rows, taker.version(), len(taker.imports())) == (3, 1, 1)


def test_other_bytes_that_say_the_same_raise_no_dataset_version(taker: Taker) -> None:
    taker(TABLE)
    taken = taker(TABLE.replace("1.0705", "1.07050"))
    assert (taken.outcome, taken.dataset_version, taken.counts["unchanged"]) == ("stored", None, 3)
    assert taker.version() == 1


def test_a_correction_is_counted_and_the_old_answer_again_is_a_correction_back(taker: Taker) -> None:
    taker(TABLE)
    taken = taker(TABLE.replace("0.84638", "0.84639"))
    assert (taken.dataset_version, taken.counts["corrected"], taken.counts["unchanged"]) == (2, 1, 2)
    assert taker.values()["2024-06-28", "GBP"] == "0.84639"
    back = taker(TABLE)
    assert (back.outcome, back.dataset_version, back.counts["corrected"]) == ("stored", 3, 1)
    assert taker.values()["2024-06-28", "GBP"] == "0.84638"


def test_what_another_target_changed_since_is_seen(taker: Taker) -> None:
    taker(TABLE)
    assert taker(TABLE.replace("0.84638", "0.84639"), "daily").dataset_version == 2
    again = taker(TABLE)
    assert (again.outcome, again.counts["corrected"]) == ("stored", 1)


def test_an_answer_that_cannot_be_used_leaves_the_last_good_one_and_a_failed_import(taker: Taker) -> None:
    taker(TABLE)
    with pytest.raises(WrongLayout):
        taker("<html>We are sorry</html>")
    assert (len(taker.values()), taker.version()) == (3, 1)
    failed, _ = taker.imports()
    assert failed.status is ImportStatus.FAILED
    assert failed.failure is not None
    assert failed.failure["code"] == "wrong-layout"
    with kept(failed.file.identity.file_hash, taker.folder) as file:
        assert file.read() == b"<html>We are sorry</html>"
    assert taker(TABLE).outcome == "unchanged"


def test_what_is_done_beside_an_answer_stands_and_falls_with_it(taker: Taker) -> None:
    seen: list[Taken] = []

    def look(connection: Connection, taken: Taken) -> None:
        assert connection.execute(select(func.count()).select_from(rates.fixings)).scalar_one() == 3
        seen.append(taken)

    taken = taker(TABLE, on_stored=look)
    again = taker(TABLE, on_stored=look)
    assert seen == [taken, again]

    def fail(_connection: Connection, _taken: Taken) -> None:
        raise RuntimeError("the lease is lost")

    with pytest.raises(RuntimeError, match="lease"):
        taker(TABLE.replace("0.84638", "0.84639"), on_stored=fail)
    assert taker.values()["2024-06-28", "GBP"] == "0.84638"
    assert (taker.version(), len(taker.imports())) == (1, 1)


def test_a_dry_run_tells_what_it_would_do_and_does_nothing(taker: Taker) -> None:
    def never(_connection: Connection, _taken: Taken) -> None:
        raise AssertionError("a dry run writes nothing beside itself")

    taken = taker(TABLE, is_dry_run=True, on_stored=never)
    assert (taken.import_id, taken.rows, taken.counts["new"]) == (None, 3, 3)
    assert (taker.values(), taker.imports(), taker.version()) == ({}, [], None)
    assert not (taker.folder / "archive").exists()
    with pytest.raises(SourceError):
        taker("<html/>", is_dry_run=True)
    assert taker.imports() == []


def test_invented_and_real_rates_never_meet(taker: Taker) -> None:
    invented = "Date,USD,synthetic\n2024-06-28,1.1,yes\n"
    taker(TABLE)
    with pytest.raises(SyntheticMix):
        taker(invented, "file", DEMO)
    assert [one.status for one in taker.imports()] == [ImportStatus.FAILED, ImportStatus.COMMITTED]


def test_real_rates_do_not_follow_invented_ones_either(taker: Taker) -> None:
    assert taker("Date,USD,synthetic\n2024-06-28,1.1,yes\n", "file", DEMO).dataset_version == 1
    with pytest.raises(SyntheticMix):
        taker(TABLE)
    assert taker.values() == {("2024-06-28", "USD"): "1.1"}


def test_institutions_alone_are_an_answer_too(taker: Taker) -> None:
    body = '[{"key": "BSP", "name": "Bangko Sentral ng Pilipinas", "pivot_currency": "PHP", "currencies": []}]'
    assert taker(body, "providers", FRANKFURTER).rows == 1
    other = body.replace("[]", '["USD"]')
    assert (taker(other, "providers", FRANKFURTER).dataset_version, taker.version()) == (None, 1)
    with reading(taker.engine) as connection:
        assert list(rates.institutions(connection)) == ["bsp"]


# ---------------------------------------------------------------- what is refused only for now


def test_prices_that_a_late_clock_takes_for_the_future_are_an_error_and_are_taken_later(taker: Taker) -> None:
    taker.now = COLLECTED - timedelta(hours=1)
    with pytest.raises(SourceError, match="not one of its 8 quotes can be used"):
        taker(COMPARISON, "pair", WISE)
    taker.now = COLLECTED
    assert taker(COMPARISON, "pair", WISE).rows == 8
    assert taker(COMPARISON, "pair", WISE).outcome == "unchanged"


def test_an_answer_of_which_a_part_was_refused_for_now_is_read_again(taker: Taker) -> None:
    taker.now = COLLECTED - timedelta(minutes=20)
    first = taker(COMPARISON, "pair", WISE)
    assert (first.outcome, first.rows, len(first.refused), first.is_final) == ("stored", 3, 5, False)
    taker.now = COLLECTED
    again = taker(COMPARISON, "pair", WISE)
    assert (again.outcome, again.rows, again.counts["new"], again.is_final) == ("stored", 8, 5, True)
    assert taker(COMPARISON, "pair", WISE).outcome == "unchanged"


def test_rates_of_a_day_that_has_not_begun_are_taken_when_it_has(taker: Taker) -> None:
    body = TABLE + "2024-06-30,1.0710,0.84,\n"
    assert not taker(body).is_final
    taker.now += timedelta(days=1)
    assert taker(body).counts["new"] == 2


# ---------------------------------------------------------------- the archive


def test_bytes_are_kept_as_a_file_of_them_would_be(tmp_path: Path) -> None:
    file = tmp_path / "rates.csv"
    file.write_bytes(TABLE.encode())
    assert keep_bytes(TABLE.encode(), tmp_path / "a") == keep(file, tmp_path / "b") == content_hash(file)
    inside = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.gz")]
    assert inside == [path.relative_to(tmp_path / "b") for path in (tmp_path / "b").rglob("*.gz")]


def test_bytes_that_cannot_be_kept_are_an_error_that_says_where(taker: Taker) -> None:
    (taker.folder / "archive").write_text("in the way")
    with pytest.raises(ArchiveError, match="archive"):
        taker(TABLE)
    assert [one.failure["code"] for one in taker.imports() if one.failure] == ["archive-error"]
