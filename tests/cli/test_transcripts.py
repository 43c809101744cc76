"""What a person sees, to the letter, over the demonstration data of ``make run``.

After a change that is meant: THREEPERCENT_TEST_WRITE_TRANSCRIPTS=1 make test TESTS=tests/cli, then read the difference.
"""

import os
from pathlib import Path

import pytest

from tests.cli.conftest import Run

TRANSCRIPTS = Path(__file__).parent / "transcripts"
COMMANDS = {
    "compare": "compare GBR-PHL --amount 120 --basis survey",
    "compare-filtered": "compare gb-ph --amount 200 --basis survey --receiving-method cash "
    "--max-transfer-speed same_day --excluded",
    "corridors": "corridors --sort smart --limit 15",
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_transcript_is_what_is_printed(threepercent: Run, name: str) -> None:
    result = threepercent(*COMMANDS[name].split())
    assert result.exit_code == 0, result.stderr
    transcript = f"$ threepercent {COMMANDS[name]}\n{result.stdout}"
    path = TRANSCRIPTS / f"{name}.txt"
    if os.environ.get("THREEPERCENT_TEST_WRITE_TRANSCRIPTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(transcript, encoding="utf-8")
    assert transcript == path.read_text("utf-8")
