"""The quotes of a file count for its partner's day: whole files or nothing of them, and only what was stored."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from app import reference
from app.api.limits import Limits
from app.db import reading
from app.observability import Metrics
from app.push.files import FileWorld, work_off
from app.settings import Settings
from app.store import quotes
from app.store.import_jobs import Job, JobState
from tests.push.pushing import NOW, PARTNER, known
from tests.push.test_files import many, received

QUOTA = 5


@pytest.fixture
def limits(tmp_path: Path) -> Limits:
    plans = {"standard": {"quotes_per_day": QUOTA}}
    settings = Settings.model_validate({"data_dir": tmp_path, "limits_enabled": True, "plans": plans})
    return Limits(settings, metrics=Metrics(), clock=lambda: NOW)


@pytest.fixture
def world(empty_engine: Engine, tmp_path: Path, limits: Limits) -> FileWorld:
    known(empty_engine)
    return FileWorld(
        engine=empty_engine,
        data_dir=tmp_path,
        geography=reference.load(),
        clock=lambda: NOW,
        most_bytes=2**30,
        quota=limits.of_partner,
    )


def imported(world: FileWorld, body: bytes, number: int) -> Job:
    job = work_off(world, received(world, body, job_id=f"imp_{number:026}"))
    assert job is not None
    return job


def left(limits: Limits, *, is_sandbox: bool = False) -> int:
    return limits.of_partner(PARTNER, is_sandbox=is_sandbox).standings()[-1].remaining


def test_files_use_up_the_quota_of_the_day(world: FileWorld, limits: Limits) -> None:
    assert imported(world, many(3), 1).state is JobState.DONE
    assert left(limits) == 2
    refused = imported(world, many(3, start=3), 2)
    assert refused.state is JobState.FAILED
    assert refused.failure is not None
    assert refused.failure["code"] == "too-many-quotes"
    assert refused.failure["detail"].startswith("5 quotes a day are allowed, and 2 are left.")
    assert left(limits) == 2
    assert imported(world, many(2, start=3), 3).state is JobState.DONE
    assert left(limits) == 0
    with reading(world.engine) as connection:
        assert connection.execute(select(func.count()).select_from(quotes.quotes)).scalar_one() == 5


def test_a_file_that_cannot_be_used_costs_nothing(world: FileWorld, limits: Limits) -> None:
    assert imported(world, b"", 1).state is JobState.FAILED
    assert left(limits) == QUOTA


def test_an_import_that_is_ended_with_its_process_costs_nothing_until_it_begins_again(
    world: FileWorld, limits: Limits
) -> None:
    waiting = imported(replace(world, is_ending=lambda: True), many(3), 1)
    assert waiting.state is JobState.WAITING
    assert left(limits) == QUOTA
    done = work_off(world, waiting.file.id)
    assert done is not None
    assert done.state is JobState.DONE
    assert left(limits) == QUOTA - 3


def test_a_rehearsal_has_a_quota_of_its_own(world: FileWorld, limits: Limits) -> None:
    rehearsing = replace(world, quota=partial(limits.of_partner, is_sandbox=True))
    assert imported(rehearsing, many(4), 1).state is JobState.DONE
    assert (left(limits), left(limits, is_sandbox=True)) == (QUOTA, 1)
