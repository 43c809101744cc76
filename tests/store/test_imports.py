"""Imports are recognised by what was read and how; dataset versions follow one another."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from app.db import reading, writing
from app.store import corridors, imports, providers, versions
from app.store.imports import FileIdentity, ImportFile, ImportStatus
from app.store.providers import Spelling
from app.store.versions import DatasetVersion, Touched
from tests.store.records import NOON, quoted, store

IDENTITY = FileIdentity(source="rpw", file_hash="f1", labels_hash="l1", corrections_hash="c1")
FILE = ImportFile(identity=IDENTITY, file_name="survey.xlsx", layout="old", is_synthetic=False)


def test_a_finished_import_is_recognised_by_all_four_parts(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        store(connection, [quoted()])
    with reading(empty_engine) as connection:
        found = imports.find_finished(connection, IDENTITY)
        others = [
            imports.find_finished(connection, replace(IDENTITY, **{part: "other"}))
            for part in ("source", "file_hash", "labels_hash", "corrections_hash")
        ]
    assert found is not None
    assert found.dataset_version == 1
    assert found.counts == {"rows": 1}
    assert found.file.identity == IDENTITY
    assert others == [None] * 4


def test_running_and_failed_imports_are_not_taken_for_finished(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        running = imports.start(connection, FILE, started_at=NOON)
        failed = imports.start(connection, FILE, started_at=NOON)
        failure = {"code": "wrong-layout", "detail": "no column cc1 in “Dataset”"}
        imports.fail(connection, failed, finished_at=NOON + timedelta(seconds=3), failure=failure)
    with reading(empty_engine) as connection:
        assert imports.find_finished(connection, IDENTITY) is None
        assert imports.is_synthetic(connection) is None
        assert imports.count(connection) == 2
        newest, oldest = imports.listed(connection)
        assert imports.find(connection, 99) is None
    assert (oldest.id, oldest.status, oldest.finished_at) == (running, ImportStatus.RUNNING, None)
    assert (newest.id, newest.status, newest.failure) == (failed, ImportStatus.FAILED, failure)
    assert newest.finished_at == NOON + timedelta(seconds=3)


def test_a_database_says_whether_its_data_are_invented(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        store(connection, [quoted()], is_synthetic=True)
    with reading(empty_engine) as connection:
        assert imports.is_synthetic(connection) is True


def test_versions_count_up_and_never_go_back_in_time(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        assert versions.newest_version(connection) is None
        assert versions.next_version(connection) == 1
        first = store(connection, [quoted("1")], at=NOON)
        second = store(connection, [quoted("2")], at=NOON - timedelta(hours=1))
    assert (first.version, second.version) == (1, 2)
    assert second.committed_at == NOON
    with reading(empty_engine) as connection:
        assert versions.newest_version(connection) == second
        assert versions.find_version(connection, 1) == first
        assert versions.find_version(connection, 3) is None


def test_a_version_is_recorded_under_the_time_at_which_its_work_ended(empty_engine: Engine) -> None:
    ended = NOON + timedelta(minutes=5)
    with writing(empty_engine) as connection:
        import_id = imports.start(connection, FILE, started_at=NOON)
        begun = DatasetVersion(versions.next_version(connection), NOON, import_id, "long")
        recorded = versions.record_version(connection, begun, brought_by="rpw", touched=(), clock=lambda: ended)
        assert recorded.committed_at == ended
        late = DatasetVersion(versions.next_version(connection), NOON, import_id, "short")
        recorded = versions.record_version(connection, late, brought_by="rpw", touched=(), clock=lambda: NOON)
        assert recorded.committed_at == ended


def test_an_act_without_an_import_is_its_sources_or_everybodys(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        theirs = DatasetVersion(versions.next_version(connection), NOON, None, "withdrawal")
        versions.record_version(connection, theirs, brought_by="wise", touched=())
        assert versions.newest_version(connection, ["rpw"]) is None
        ours = DatasetVersion(versions.next_version(connection), NOON, None, "notice")
        versions.record_version(connection, ours, brought_by=versions.EVERYBODY, touched=())
        assert versions.newest_version(connection, ["rpw"]) == ours


def test_what_fails_leaves_nothing_and_the_next_goes_on(empty_engine: Engine) -> None:
    def interrupted() -> None:
        with writing(empty_engine) as connection:
            store(connection, [quoted("1")])
            raise RuntimeError("planted")

    with pytest.raises(RuntimeError, match="planted"):
        interrupted()
    with reading(empty_engine) as connection:
        assert imports.count(connection) == 0
        assert corridors.ids(connection) == []
        assert versions.newest_version(connection) is None
    with writing(empty_engine) as connection:
        assert store(connection, [quoted("1")]).version == 1


def test_a_version_of_quotes_without_quarters_touches_its_corridors(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        import_id = imports.start(connection, FILE, started_at=NOON)
        corridors.add(connection, ["GBR-PHL"])
        version = DatasetVersion(versions.next_version(connection), NOON, import_id, "live")
        versions.record_version(connection, version, brought_by="wise", touched=[Touched("GBR-PHL", None)] * 2)
        assert versions.corridor_newest_versions(connection) == {"GBR-PHL": version}


def test_the_same_version_twice_is_refused(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        version = store(connection, [quoted()])
    with pytest.raises(IntegrityError), writing(empty_engine) as connection:
        versions.record_version(connection, version, brought_by="rpw", touched=[])


def test_a_spelling_needs_its_provider_and_keeps_its_first_meaning(empty_engine: Engine) -> None:
    with pytest.raises(IntegrityError), writing(empty_engine) as connection:
        providers.add_spellings(connection, [Spelling("rpw", "Nobody", "nobody")], dataset_version=1)
    with writing(empty_engine) as connection:
        assert providers.add_providers(connection, [("b", "B"), ("a", "A"), ("a", "A again")]) == 2
        assert providers.add_providers(connection, [("a", "Other"), ("c", "C")]) == 1
        spellings = [Spelling("rpw", "b B", "b"), Spelling("rpw", "a  A", "a"), Spelling("rpw", "a  A", "b")]
        assert providers.add_spellings(connection, spellings, dataset_version=1) == 2
        assert providers.names(connection) == {"a": "A", "b": "B", "c": "C"}
        assert providers.spellings(connection) == [Spelling("rpw", "a  A", "a"), Spelling("rpw", "b B", "b")]


def test_corridors_know_their_two_countries(empty_engine: Engine) -> None:
    with writing(empty_engine) as connection:
        assert corridors.add(connection, ["GBR-PHL", "ARE-IND"]) == 2
        assert corridors.add(connection, ["GBR-PHL"]) == 0
        rows = connection.execute(select(corridors.corridors).order_by(corridors.corridors.c.id)).all()
    assert rows == [("ARE-IND", "ARE", "IND"), ("GBR-PHL", "GBR", "PHL")]
