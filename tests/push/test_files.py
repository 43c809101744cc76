"""A partner's file is taken in once: whole or not at all, begun again where it was killed, and judged like a push."""

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from typer.testing import CliRunner

from app import archive, reference
from app.cli import app
from app.db import claim, reading, transact, writing
from app.domain.partners import Partner
from app.domain.verdicts import Outcome, findings_from
from app.push import files
from app.push.batch import Taking
from app.push.files import ITEMS_AT_ONCE, MOST_ATTEMPTS, FileWorld, work_off
from app.push.progress import Progress, forget, tell, told
from app.push.recording import outcomes_of
from app.sources.partner_files import PartnerFile
from app.store import import_jobs, imports, live_quotes, partners, quarantine, quotes, usage
from app.store.import_jobs import Job, JobState, ReceivedFile
from tests.push.pushing import NOW, PARTNER, item, known

NDJSON, CSV = "application/x-ndjson", "text/csv"
JOB = "imp_" + "a" * 26


@pytest.fixture
def world(empty_engine: Engine, tmp_path: Path) -> FileWorld:
    known(empty_engine)
    return FileWorld(
        engine=empty_engine, data_dir=tmp_path, geography=reference.load(), clock=lambda: NOW, most_bytes=2**30
    )


def lines(*items: dict[str, Any] | bytes) -> bytes:
    return b"".join(each if isinstance(each, bytes) else json.dumps(each).encode() + b"\n" for each in items)


def many(count: int, start: int = 0) -> bytes:
    return lines(*(item(external_id=f"service-{number}") for number in range(start, start + count)))


def received(
    world: FileWorld, body: bytes, media_type: str = NDJSON, job_id: str = JOB, partner: Partner = PARTNER
) -> str:
    file = ReceivedFile(
        id=job_id,
        partner=partner.id,
        key_id="key",
        request_id="request",
        file_hash=archive.keep_bytes(body, world.data_dir),
        media_type=media_type,
        size_bytes=len(body),
        received_at=NOW - timedelta(minutes=1),
    )
    with writing(world.engine) as connection:
        import_jobs.add(connection, file)
    return job_id


def run_of(world: FileWorld, job_id: str = JOB) -> imports.Import:
    with reading(world.engine) as connection:
        found = imports.find_pushed(connection, job_id)
    assert found is not None
    return found


def stored(world: FileWorld) -> tuple[int, int]:
    """How many quotes are stored, and how many are current."""
    with reading(world.engine) as connection:
        tables = (quotes.quotes, live_quotes.live_quotes)
        all_of, current = (connection.execute(select(func.count()).select_from(each)).scalar_one() for each in tables)
        return int(all_of), int(current)


def worked_off(world: FileWorld, job_id: str = JOB) -> Job:
    job = work_off(world, job_id)
    assert job is not None
    return job


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_is_one_import_in_as_many_parts_as_it_takes(world: FileWorld, pack: Callable[[bytes], bytes]) -> None:
    count = ITEMS_AT_ONCE + 3
    job = worked_off(world, received(world, pack(many(count))))
    run = run_of(world)
    assert (job.state, job.import_id, job.failure) == (JobState.DONE, run.id, None)
    assert stored(world) == (count, count)
    assert outcomes_of(run.counts)[Outcome.ACCEPTED] == count
    assert run.dataset_version == 1
    assert run.pushed_by == imports.PushedBy(public_id=JOB, partner=PARTNER.id, key_id="key", request_id="request")
    with reading(world.engine) as connection:
        places = connection.execute(select(quotes.quotes.c.place_row).order_by(quotes.quotes.c.place_row)).scalars()
        assert list(places) == list(range(count))
        assert usage.listed(connection, PARTNER.id, NOW.date())[0].quotes == count


def test_each_item_is_judged_by_itself_and_the_refused_are_told_with_their_places(world: FileWorld) -> None:
    body = lines(item(), b"no JSON\n", item(external_id="other", corridor="GBR-GBR"), item())
    worked_off(world, received(world, body))
    run = run_of(world)
    assert outcomes_of(run.counts) == {
        Outcome.ACCEPTED: 1,
        Outcome.DUPLICATE: 1,
        Outcome.QUARANTINED: 0,
        Outcome.REJECTED: 2,
    }
    with reading(world.engine) as connection:
        refused = quarantine.rejected(connection, run.id, after=-1, limit=10)
        behind = quarantine.rejected(connection, run.id, after=1, limit=10)
    assert [(each.place, each.external_id) for each in refused] == [(1, None), (2, "other")]
    assert all(findings_from(each.findings) for each in refused)
    assert behind == refused[1:]


def test_a_table_is_taken_like_lines(world: FileWorld) -> None:
    header = (
        "external_id,provider,corridor,sending_currency,receiving_currency,payment_instruments,access_points,"
        "receiving_methods,transfer_speed,customer,fee_mode,fee.kind,fee.percent,offered_rate,observed_at"
    )
    row = (
        "{},example-transfer,GBR-PHL,GBP,PHP,cash;debit_card,agent,cash,under_1_hour,returning,on_top,percent,1.5,77.1,"
        "2026-11-24T09:00:00Z"
    )
    table = "\r\n".join([header, row.format("one"), row.format("two"), row.format("one"), row.format("bad id !")])
    worked_off(world, received(world, table.encode(), CSV))
    outcomes = outcomes_of(run_of(world).counts)
    assert (outcomes[Outcome.ACCEPTED], outcomes[Outcome.DUPLICATE], outcomes[Outcome.REJECTED]) == (2, 1, 1)


def test_the_same_item_in_another_part_is_a_duplicate_and_another_price_then_is_a_contradiction(
    world: FileWorld,
) -> None:
    again, other = item(external_id="service-0"), item(external_id="service-1", offered_rate="70")
    worked_off(world, received(world, many(ITEMS_AT_ONCE) + lines(again, other)))
    run = run_of(world)
    outcomes = outcomes_of(run.counts)
    assert (outcomes[Outcome.ACCEPTED], outcomes[Outcome.DUPLICATE], outcomes[Outcome.REJECTED]) == (
        ITEMS_AT_ONCE,
        1,
        1,
    )
    with reading(world.engine) as connection:
        [refused] = quarantine.rejected(connection, run.id, after=-1, limit=10)
    assert [finding.rule for finding in findings_from(refused.findings)] == ["contradicts-item"]


@pytest.mark.parametrize(
    ("body", "media_type", "code", "said"),
    [
        (many(3) + b"x" * 70_000, NDJSON, "unreadable-file", "Row 4: is longer than 64 KiB"),
        (b"nothing,we,know\n1,2,3\n", CSV, "wrong-layout", "column"),
        (b"\n\n", NDJSON, "unreadable-file", "Holds no quotes."),
        (gzip.compress(many(2000))[:-20], NDJSON, "unreadable-file", "packed"),
        (gzip.compress((b"x" * 60_000 + b"\n") * 70), NDJSON, "file-too-large", "200 times"),
        (gzip.compress(b"\n" * 2**22), NDJSON, "unreadable-file", "empty lines"),
    ],
)
def test_a_file_that_cannot_be_trusted_fails_and_leaves_nothing(
    world: FileWorld, body: bytes, media_type: str, code: str, said: str
) -> None:
    job = worked_off(world, received(world, body, media_type))
    assert job.state is JobState.FAILED
    assert job.failure is not None
    assert job.failure["code"] == code
    assert said in job.failure["detail"]
    assert stored(world) == (0, 0)
    with reading(world.engine) as connection:
        assert imports.count(connection) == 0


def test_a_job_is_done_once(world: FileWorld) -> None:
    received(world, many(3))
    assert worked_off(world).state is JobState.DONE
    before = run_of(world)
    assert worked_off(world).state is JobState.DONE
    assert run_of(world) == before
    assert stored(world) == (3, 3)


def test_of_two_workers_one_is_told_that_the_other_is_at_it(world: FileWorld) -> None:
    received(world, many(3))
    with claim(world.engine, f"import/{JOB}") as is_ours:
        assert is_ours
        assert work_off(world, JOB) is None
    assert worked_off(world).state is JobState.DONE


def test_what_a_lost_claim_lets_two_workers_begin_is_stored_once(world: FileWorld) -> None:
    """PostgreSQL ends a claim with its connection, while its worker goes on."""
    received(world, many(3))
    job = transact(world.engine, lambda connection: files._begun(connection, JOB))
    assert job is not None
    assert worked_off(world).state is JobState.DONE  # the other's whole work
    files._attempt(world, job)
    assert stored(world) == (3, 3)


def test_a_failure_in_the_middle_leaves_nothing_and_the_file_is_begun_again(
    world: FileWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    received(world, many(ITEMS_AT_ONCE + 5))
    whole = files.taken

    def breaks(file: PartnerFile, taking: Taking) -> Iterator[Any]:
        yield next(whole(file, taking))
        raise RuntimeError("in the middle")

    monkeypatch.setattr(files, "taken", breaks)
    with pytest.raises(RuntimeError, match="middle"):
        work_off(world, JOB)
    assert stored(world) == (0, 0)
    with reading(world.engine) as connection:
        job = import_jobs.find(connection, JOB)
    assert job is not None
    assert (job.state, job.attempts) == (JobState.RUNNING, 1)
    monkeypatch.setattr(files, "taken", whole)
    assert worked_off(world).state is JobState.DONE
    assert stored(world) == (ITEMS_AT_ONCE + 5,) * 2


def test_a_file_that_ends_its_process_again_and_again_is_given_up(
    world: FileWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    received(world, many(3))

    def dies(*_arguments: object) -> Iterator[Any]:
        raise MemoryError

    monkeypatch.setattr(files, "taken", dies)
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(MemoryError):
            work_off(world, JOB)
    job = worked_off(world)
    assert job.state is JobState.FAILED
    assert job.failure is not None
    assert job.failure["code"] == "given-up"
    with reading(world.engine) as connection:
        assert import_jobs.open_jobs(connection) == []


def test_a_file_out_of_reach_waits_and_is_not_counted_against_it(world: FileWorld) -> None:
    received(world, many(3))
    [kept] = (world.data_dir / "archive").glob("*/*")
    away = kept.with_suffix(".away")
    kept.rename(away)
    for _ in range(MOST_ATTEMPTS + 1):
        with pytest.raises(FileNotFoundError):
            work_off(world, JOB)
    away.rename(kept)
    assert worked_off(world).state is JobState.DONE


def test_a_process_that_ends_puts_the_file_back(world: FileWorld) -> None:
    received(world, many(3))
    ending = FileWorld(
        engine=world.engine,
        data_dir=world.data_dir,
        geography=world.geography,
        clock=world.clock,
        most_bytes=world.most_bytes,
        is_ending=lambda: True,
    )
    for _ in range(MOST_ATTEMPTS + 1):
        assert worked_off(ending).state is JobState.WAITING
    assert worked_off(world).state is JobState.DONE


def test_a_partner_that_was_ended_meanwhile_brings_nothing(world: FileWorld) -> None:
    received(world, many(3))
    with writing(world.engine) as connection:
        partners.end(connection, PARTNER.id, NOW)
    job = worked_off(world)
    assert job.failure is not None
    assert job.failure["code"] == "partner-ended"
    assert stored(world) == (0, 0)


def test_jobs_are_listed_in_their_order(world: FileWorld) -> None:
    ids = [f"imp_{letter * 26}" for letter in "cab"]
    for job_id in ids:
        received(world, many(1), job_id=job_id)
    with reading(world.engine) as connection:
        assert [job.file.id for job in import_jobs.open_jobs(connection)] == sorted(ids)
        first, second = import_jobs.listed(connection, PARTNER.id, limit=2)
        assert [first.file.id, second.file.id] == sorted(ids, reverse=True)[:2]
        rest = import_jobs.listed(connection, PARTNER.id, limit=2, after=(second.file.received_at, second.file.id))
        assert [job.file.id for job in rest] == [min(ids)]
        assert import_jobs.listed(connection, "somebody-else", limit=2) == []


def test_progress_is_told_beside_the_database_and_forgotten_at_the_end(tmp_path: Path, world: FileWorld) -> None:
    assert told(tmp_path, JOB) == Progress()
    said = Progress(bytes_read=5, outcomes={Outcome.ACCEPTED: 2})
    tell(tmp_path, JOB, said)
    assert told(tmp_path, JOB) == said
    forget(tmp_path, JOB)
    assert told(tmp_path, JOB) == Progress()
    with suppress(OSError):
        tell(tmp_path / "nowhere", JOB, said)
    received(world, many(3))
    worked_off(world)
    assert told(world.data_dir, JOB) == Progress()


def test_what_a_push_came_to_is_told_on_the_command_line(world: FileWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    received(world, many(3) + b"no JSON\n")
    worked_off(world)
    monkeypatch.setenv("THREEPERCENT_DATABASE_URL", world.engine.url.render_as_string(hide_password=False))
    result = CliRunner().invoke(app, ["imports", "show", str(run_of(world).id)])
    assert result.exit_code == 0, result.output
    assert "Accepted                 3" in result.output
    assert "Refused                  1" in result.output
