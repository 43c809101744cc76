"""The integrator's guides, followed literally: a shell types them against a server, and a quote ends up ranked."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.settings import Settings
from tests.api.test_server import serving

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "partners" / "first-quote.md"
SERVE = "threepercent serve"
MARK = "--- "


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_first_quote_is_in_a_ranking_when_the_guide_was_followed(settings: Settings, tmp_path: Path) -> None:
    typed = [block for block in blocks(GUIDE, "sh") if block.strip() != SERVE]
    assert len(typed) == len(blocks(GUIDE, "sh")) - 1 == 8, "one block starts the server, and is for another terminal"
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    with serving(settings, THREEPERCENT_LOG_LEVEL="error") as server:
        address = f"http://{server.host}:{server.port}"
        script = f"\necho '{MARK}'\n".join(typed).replace("http://127.0.0.1:8000", address)
        done = type_in(script, tmp_path, settings)
    assert done.returncode == 0, done.stderr
    *_, rehearsed, pushed, compared, listed, by_python = said(done.stdout)
    (would_be,), (is_now,) = (json.loads(part)["quotes"] for part in (rehearsed, pushed))
    assert (would_be["outcome"], is_now["outcome"]) == ("accepted", "accepted")
    (offer,) = [each for each in json.loads(compared)["offers"] if is_now["quote_id"] in each["quote_ids"]]
    assert offer["provider"]["id"] == "example-transfer"
    assert offer["rank"] >= 1
    assert offer["rank"] == would_be["preview"]["rank"]
    (own,) = json.loads(listed)["quotes"]
    assert (own["external_id"], own["status"]) == ("GBPPHP-cash-agent", "shown")
    assert re.search(rf"It ranks {offer['rank']} of \d+ at ", by_python)
    assert server.errors == []


def type_in(script: str, folder: Path, settings: Settings) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "THREEPERCENT_DATA_DIR": str(settings.data_dir),
    }
    bash = shutil.which("bash")
    assert bash is not None
    return subprocess.run(
        [bash, "-eu", "-o", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def said(output: str) -> list[str]:
    """What each block printed."""
    return [part.strip() for part in output.split(MARK)]


def test_the_guide_shows_the_example_as_it_is() -> None:
    (shown,) = blocks(GUIDE, "python")
    assert shown == (ROOT / "examples" / "python" / "first_quote.py").read_text("utf-8")


def test_the_guides_lead_to_each_other() -> None:
    pages = sorted((ROOT / "docs" / "partners").glob("*.md"))
    assert [page.name for page in pages] == ["first-quote.md", "go-live.md", "life-of-a-quote.md"]
    for page in pages:
        assert any(f"({page.name})" in other.read_text("utf-8") for other in pages if other != page), page


def sample(name: str) -> Any:  # noqa: ANN401 - any JSON
    return json.loads((ROOT / "docs" / "partners" / "requests" / name).read_text("utf-8"))
