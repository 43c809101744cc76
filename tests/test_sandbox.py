"""Sandboxes: a partner's own database of the day, which nobody else sees and nobody keeps."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app import reference, sandbox
from app.db import check_integrity, check_schema, reading, sqlite_file, writing
from app.domain.partners import GivenProvider, Partner, PartnerKind
from app.domain.rates import ReferenceRate
from app.domain.vocabulary import ProviderType
from app.sandbox import Sandboxes, SandboxNotReadyError
from app.store.partners import partner_providers, partners
from app.store.versions import DatasetVersion, Touched, newest_version, next_version, record_version

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
GIVEN = {"example-transfer": GivenProvider("Example Transfer", ProviderType.MONEY_TRANSFER_OPERATOR)}
EXAMPLE = Partner(id="example", name="Example", kind=PartnerKind.PROVIDER, providers=GIVEN)
OTHER = Partner(id="other", name="Other", kind=PartnerKind.AGGREGATOR)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sandboxes")


@pytest.fixture
def sandboxes(data_dir: Path) -> Iterator[Sandboxes]:
    opened = Sandboxes(data_dir, reference.load())
    yield opened
    opened.close()


def test_a_sandbox_has_the_survey_rates_and_live_prices_of_the_day(sandboxes: Sandboxes) -> None:
    board = sandboxes.of(EXAMPLE, NOW).board
    assert board.is_synthetic is True
    assert "GBR-PHL" in board.periods
    assert "GBR-PHL" in board.live_quotes
    rate = board.rates.at("GBP", "PHP", NOW)
    assert isinstance(rate, ReferenceRate)
    assert rate.day == NOW.date() - timedelta(days=1)
    assert board.committed_at == NOW.replace(hour=0)


def test_a_sandbox_knows_its_partner_and_the_providers_it_was_given(sandboxes: Sandboxes) -> None:
    found = sandboxes.of(EXAMPLE, NOW)
    assert found.partner == EXAMPLE
    with reading(found.engine) as connection:
        assert connection.execute(select(partners.c.id)).scalars().all() == [EXAMPLE.id]


def test_a_provider_given_later_is_known_at_once_and_those_that_an_aggregator_named_in_the_sandbox_stay(
    sandboxes: Sandboxes,
) -> None:
    found = sandboxes.of(OTHER, NOW)
    with writing(found.engine) as connection:
        row = {"partner": OTHER.id, "provider": "named-here", "provider_name": "Named here", "provider_type": "bank"}
        connection.execute(partner_providers.insert(), row)
    assert set(sandboxes.of(OTHER, NOW).partner.providers) == {"named-here"}
    given = replace(OTHER, providers=GIVEN)
    assert set(sandboxes.of(given, NOW).partner.providers) == {"named-here", "example-transfer"}


def test_a_provider_that_was_taken_away_is_gone_in_the_sandbox_too(sandboxes: Sandboxes) -> None:
    sandboxes.of(EXAMPLE, NOW)
    assert sandboxes.of(replace(EXAMPLE, providers={}), NOW).partner.providers == {}
    assert sandboxes.of(EXAMPLE, NOW).partner == EXAMPLE


def touch(found: sandbox.Sandbox, corridor: str) -> None:
    with writing(found.engine) as connection:
        version = DatasetVersion(next_version(connection), NOW, None, "a test")
        record_version(connection, version, brought_by="demo", touched=[Touched(corridor, None)])


def test_what_one_partner_changes_another_does_not_see(sandboxes: Sandboxes) -> None:
    mine, theirs = sandboxes.of(EXAMPLE, NOW), sandboxes.of(OTHER, NOW)
    touch(mine, "GBR-PHL")
    assert sandboxes.of(EXAMPLE, NOW).board.dataset_version == mine.board.dataset_version + 1
    assert sandboxes.of(OTHER, NOW).board is theirs.board


def test_what_did_not_change_is_in_memory_once_for_all_partners(sandboxes: Sandboxes) -> None:
    mine, theirs = sandboxes.of(EXAMPLE, NOW).board, sandboxes.of(OTHER, NOW).board
    assert mine.rounds.entries["GBR-IND"] is theirs.rounds.entries["GBR-IND"]
    assert mine.live_quotes["GBR-IND"] is theirs.live_quotes["GBR-IND"]
    assert mine.rates is theirs.rates


def test_two_processes_share_a_partners_sandbox(sandboxes: Sandboxes, data_dir: Path) -> None:
    elsewhere = Sandboxes(data_dir, reference.load())
    before = elsewhere.of(EXAMPLE, NOW).board.dataset_version
    touch(sandboxes.of(EXAMPLE, NOW), "GBR-PHL")
    assert elsewhere.of(EXAMPLE, NOW).board.dataset_version == before + 1
    elsewhere.close()


def test_a_sandbox_is_a_whole_database_of_this_release(sandboxes: Sandboxes) -> None:
    engine = sandboxes.of(EXAMPLE, NOW).engine
    check_schema(engine)
    assert check_integrity(engine) == []


def test_at_midnight_all_is_as_it_was_and_yesterday_is_deleted(tmp_path: Path) -> None:
    opened = Sandboxes(tmp_path, reference.load())
    yesterday = opened.of(EXAMPLE, NOW)
    touch(yesterday, "GBR-PHL")
    today = opened.of(EXAMPLE, NOW + timedelta(days=1))
    assert today.board.dataset_version == yesterday.board.dataset_version
    assert today.board.committed_at == datetime(2026, 11, 25, tzinfo=UTC)
    assert not sqlite_file(yesterday.engine).exists()
    assert sqlite_file(today.engine).exists()
    opened.close()


def test_whoever_comes_first_makes_it_and_everybody_else_waits(tmp_path: Path) -> None:
    made = []
    opened = [Sandboxes(tmp_path, reference.load()) for _ in range(4)]

    def ask(sandboxes: Sandboxes) -> None:
        with reading(sandboxes.of(EXAMPLE, NOW).engine) as connection:
            made.append((newest_version(connection), connection.execute(select(func.count(partners.c.id))).scalar()))

    threads = [threading.Thread(target=ask, args=(each,)) for each in opened]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert len(set(made)) == 1
    for each in opened:
        each.close()


def test_so_many_wait_for_the_days_data_and_the_rest_have_to_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    make = sandbox.make_demonstration

    def made_slowly(file: Path, day: date) -> None:
        begun.set()
        assert go_on.wait(30)
        make(file, day)

    monkeypatch.setattr(sandbox, "make_demonstration", made_slowly)
    monkeypatch.setattr(sandbox, "MOST_WAITING", 1)
    opened = Sandboxes(tmp_path, reference.load())
    first = threading.Thread(target=opened.of, args=(EXAMPLE, NOW))
    first.start()
    assert begun.wait(30)
    with pytest.raises(SandboxNotReadyError):
        opened.of(OTHER, NOW)
    go_on.set()
    first.join()
    assert opened.of(OTHER, NOW).board.dataset_version > 0
    opened.close()


def test_a_worker_holds_so_many_sandboxes_and_no_more(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "MOST_OPEN", 2)
    opened = Sandboxes(data_dir, reference.load())
    for number in range(5):
        opened.of(replace(OTHER, id=f"other-{number}"), NOW)
    assert len(opened._open) == 2
    assert opened.of(replace(OTHER, id="other-0"), NOW).board.dataset_version > 0
    opened.close()


def test_the_data_of_a_day_are_a_function_of_the_day(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("one.db", "two.db")]
    for file in files:
        sandbox.make_demonstration(file, NOW.date())
    assert files[0].read_bytes() == files[1].read_bytes()
