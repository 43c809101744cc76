"""Whatever partners, reviewers and the operator do, in any order, the product says what the plain model says.

``make model`` runs it at full size, on both databases.
"""

import os
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Engine, inspect, text

from app.db import is_sqlite, writing
from tests.model.machine import Machine

RUNS = int(os.environ.get("THREEPERCENT_TEST_MODEL_RUNS", "20"))
STEPS = int(os.environ.get("THREEPERCENT_TEST_MODEL_STEPS", "50"))


def empty(engine: Engine) -> None:
    """Take everything out of a database but its shape."""
    names = [name for name in inspect(engine).get_table_names() if name != "alembic_version"]
    with writing(engine) as connection:
        if is_sqlite(engine):
            connection.execute(text("PRAGMA defer_foreign_keys = ON"))
            for name in names:
                connection.execute(text(f'DELETE FROM "{name}"'))
        else:
            connection.execute(text(f"TRUNCATE {', '.join(names)}"))


def test_the_product_and_the_plain_model_agree(empty_engine: Engine, tmp_path: Path) -> None:
    class World(Machine):
        engine = empty_engine
        folder = tmp_path

        def __init__(self) -> None:
            empty(empty_engine)
            super().__init__()

    Machine.done.clear()
    run_state_machine_as_test(
        World,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
    print(dict(Machine.done))  # noqa: T201 - the figures that make model keeps
    assert Machine.done["replay"] >= RUNS
