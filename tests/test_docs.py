"""Documentation is tested like code: complete, true, and its examples run."""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.api.contract import document
from app.cli import COMMANDS, load
from app.domain.vocabulary import Caution, Exclusion
from app.main import create_app
from app.settings import PREFIX, TEST_PREFIX, Settings
from tests.cli.conftest import Run, demonstration, threepercent  # noqa: F401 - fixtures

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def text(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def code_blocks(path: Path, *languages: str) -> Iterator[str]:
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        if language in languages:
            yield block


def example_lines(start: str) -> list[str]:
    """Every line of a shell example that starts with a command, without its prompt and comment."""
    lines = [
        line.removeprefix("$ ").split("   #")[0].strip()
        for page in PAGES
        for block in code_blocks(page, "sh", "console")
        for line in block.splitlines()
    ]
    return sorted(
        {line.removeprefix(".venv/bin/") for line in lines if line.removeprefix(".venv/bin/").startswith(start)}
    )


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize("page", ["docs/operating.md", "README.md"])
def test_every_setting_is_documented_with_its_default(page: str) -> None:
    for name in Settings.model_fields:
        row = re.search(rf"^\| `{PREFIX}{name.upper()}` \| (.+?) \|", text(page), re.MULTILINE)
        assert row is not None, name
    defaults = Settings()
    operating = text("docs/operating.md")
    for name in ("data_dir", "database_url", "log_level", "log_format", "import_memory_bytes"):
        assert f"| `{PREFIX}{name.upper()}` | `{getattr(defaults, name)}` |" in operating


def test_no_page_names_a_setting_that_is_none() -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for page in PAGES:
        named = set(re.findall(rf"\b{PREFIX}[A-Z0-9_]+\b", page.read_text("utf-8")))
        assert {name for name in named if not name.startswith(TEST_PREFIX)} <= known, page


# ---------------------------------------------------------------- the command line


def commands() -> Iterator[tuple[str, Any]]:
    for name in COMMANDS:
        loaded = load(name)
        inner = getattr(loaded, "commands", None)
        if inner is None:
            yield name, loaded
        else:
            if loaded.invoke_without_command:
                yield name, loaded
            yield from ((f"{name} {sub}", command) for sub, command in inner.items())


def section_of(command: str, sections: list[str]) -> str:
    """Return the section whose heading names a command, or the one that it belongs to."""
    first = command.partition(" ")[0]
    return next(section for section in sections if first in re.findall(r"[a-z-]+", section.partition("\n")[0]))


def test_every_command_and_option_is_documented() -> None:
    page = text("docs/command-line.md")
    missing = [
        name
        for name, _ in commands()
        if not re.search(rf"(^## .*\b{name}\b|`(threepercent )?{name}\b)", page, re.MULTILINE)
    ]
    assert missing == []
    sections = page.split("\n## ")[1:]
    assert [
        f"{name} {option}"
        for name, command in commands()
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("--")
        and option != "--help"
        and not re.search(rf"`{option}(?![a-z-])", section_of(name, sections))
    ] == []


def test_every_documented_command_exists_with_its_options() -> None:
    known = dict(commands())
    lines = example_lines("threepercent ")
    assert len(lines) > 10
    for line in lines:
        words = shlex.split(line)[1:]
        if words[0].startswith("--"):
            continue
        name = next((" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in known), None)
        assert name is not None, line
        options = {
            option for parameter in known[name].params for option in (*parameter.opts, *parameter.secondary_opts)
        }
        given = {word.split("=")[0] for word in words if word.startswith("--")}
        assert given <= options, line


@pytest.mark.parametrize(
    "line", [line for name in ("compare", "corridors", "sources") for line in example_lines(f"threepercent {name}")]
)
def test_examples_that_only_read_run(threepercent: Run, line: str) -> None:  # noqa: F811 - the fixture
    period = {"2013-Q3": "2016-Q1"}  # the demonstration data have other quarters than the survey
    words = [period.get(word, word) for word in shlex.split(line)[1:]]
    result = threepercent(*words)
    assert result.exit_code == 0, result.output


def test_the_readme_works_as_typed(demonstration: Path, tmp_path: Path) -> None:  # noqa: F811 - the fixture
    """One shell types every line of it, in its order, in a folder as ``make run`` leaves it."""
    not_typed = (
        "make ",
        "curl ",
        ".venv/bin/threepercent serve",
        ".venv/bin/threepercent import",
        ".venv/bin/threepercent fetch",
        ".venv/bin/threepercent refresh",
        "threepercent import",
    )
    lines = [
        line if language == "sh" else line.removeprefix("$ ")
        for language, block in re.findall(r"^```(sh|console)\n(.*?)^```", text("README.md"), re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
        if (language == "sh" or line.startswith("$ ")) and not line.startswith(not_typed)
    ]
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    (tmp_path / "var").mkdir()
    for name in ("demo.db", "threepercent.db"):  # the second stands for a database of real prices
        shutil.copyfile(demonstration / "threepercent.db", tmp_path / "var" / name)
    typed = "\n".join(lines).replace("2013-Q3", "2016-Q1")  # a quarter that the demonstration data have
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "COLUMNS": "120"}
    done = subprocess.run(
        ["/bin/sh", "-eu", "-c", typed], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert text("tests/cli/transcripts/compare.txt").partition("\n")[2] in done.stdout
    assert "threepercent --help" in lines


def test_the_readme_shows_a_real_answer() -> None:
    shown = re.search(r"<!-- transcript: (\S+) -->\n```console\n(.*?)```", text("README.md"), re.DOTALL)
    assert shown is not None
    assert shown[2] == text(shown[1])


# ---------------------------------------------------------------- the API


def test_every_call_is_documented() -> None:
    paths = document(create_app(Settings()))["paths"]
    calls = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    documented = set(re.findall(r"`((?:GET|POST|PUT|DELETE) /[^`?]*)`", text("docs/api.md")))
    assert sorted(calls - documented) == []
    assert sorted(documented - calls) == []


def test_examples_of_calls_are_answered(demonstration: Path) -> None:  # noqa: F811 - the fixture
    calls = [shlex.split(line)[1] for line in example_lines("curl ") if "127.0.0.1" in line]
    assert len(calls) > 5
    with TestClient(create_app(Settings(data_dir=demonstration))) as client:
        for url in calls:
            assert client.get(url.removeprefix("http://127.0.0.1:8000")).status_code == 200, url


def test_every_reason_and_caution_is_explained() -> None:
    page = text("docs/methodology.md")
    rows = " ".join(re.findall(r"^\| (`.+?`) \|", page, re.MULTILINE))
    assert [word for word in (*Exclusion, *Caution) if f"`{word}`" not in rows] == []


# ---------------------------------------------------------------- make, dependencies, links


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", MAKEFILE, re.MULTILINE))
    assert {"run", "test", "check", "fix", "bench", "fuzz", "openapi", "migration", "mutation", "lock"} <= targets
    for page in PAGES:
        code = "\n".join([*code_blocks(page, "sh"), *re.findall(r"`(make [^`]+)`", page.read_text("utf-8"))])
        named = set(re.findall(r"^make ([a-z]+)", code, re.MULTILINE))
        assert named <= targets, page


def test_the_readme_begins_with_the_two_commands() -> None:
    first = next(code_blocks(ROOT / "README.md", "sh"))
    assert [line.split("#")[0].strip() for line in first.splitlines()] == ["make run", "make test"]


def test_ci_runs_the_test_command_of_the_readme_and_all_of_check() -> None:
    ci = text(".ci/run")
    check = re.search(r"^check: (.+?) ##", MAKEFILE, re.MULTILINE)
    assert check is not None
    assert set(check[1].split()) <= {
        word for line in re.findall(r"^make (.+)$", ci, re.MULTILINE) for word in line.split()
    }


def test_every_dependency_that_ships_has_its_line() -> None:
    page = text("docs/decisions/dependencies.md")
    extras = [name for group in PROJECT["project"]["optional-dependencies"].values() for name in group]
    shipped = [re.split(r"[\[<>=;~ ]", name)[0] for name in [*PROJECT["project"]["dependencies"], *extras]]
    assert [name for name in shipped if f"| `{name}` |" not in page] == []
    listed = set(re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE))
    assert listed == set(shipped)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-build.txt"])
def test_locks_have_hashes_and_name_no_index(name: str) -> None:
    lock = text(name)
    pinned = re.findall(r"^[a-z0-9._-]+==", lock, re.MULTILINE)
    hashed = re.findall(r"^[a-z0-9._-]+==[^\n]*\\\n    --hash=sha256:", lock, re.MULTILINE)
    assert len(pinned) == len(hashed) > 0
    assert "://" not in lock
    assert not re.search(r"^-", lock, re.MULTILINE)


def test_what_runs_is_locked_to_the_same_versions_everywhere() -> None:
    def versions(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text(name), re.MULTILINE))

    development = versions("requirements-dev.txt")
    assert versions("requirements.txt").items() <= development.items()
    for name in PROJECT["project"]["dependencies"]:
        assert re.split(r"[\[<>=;~ ]", name)[0] in development


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{page.name}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_every_decision_is_listed() -> None:
    index = text("docs/decisions/README.md")
    pages = {page.name for page in (DOCS / "decisions").glob("*.md")} - {"README.md"}
    assert [page for page in pages if f"({page})" not in index] == []


def test_every_room_of_the_house_is_drawn() -> None:
    drawn = text("ARCHITECTURE.md")
    rooms = {
        path.name + ("/" if path.is_dir() else "")
        for path in (ROOT / "app").iterdir()
        if path.stem not in {"__init__", "__pycache__"} and (path.suffix == ".py" or (path / "__init__.py").exists())
    }
    assert [room for room in rooms if not re.search(rf"^  {re.escape(room)}\s", drawn, re.MULTILINE)] == []


def test_the_changelog_has_room_for_what_comes() -> None:
    assert "## [Unreleased]" in text("CHANGELOG.md")


def test_the_release_has_one_number() -> None:
    version = PROJECT["project"]["version"]
    assert f"threepercent:{version}" in text("compose.yaml")
