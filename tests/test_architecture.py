"""The house stands as ARCHITECTURE.md draws it, and the checks that say so fail when they should."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
APP = ROOT / "app"
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")

CLOCKS = {"now", "utcnow", "today"}  # of datetime and date
MAY_READ_THE_CLOCK = {"api", "cli", "main", "observability", "web"}
MODULE_LINES_ALARM = 400
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "constants", "common", "misc"}
FORBIDDEN_SUFFIXES = ("Repository", "Manager", "UnitOfWork", "Factory")  # a service is a word of the field


def modules(folder: Path = APP) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*.py")) if "__pycache__" not in path.parts)


def room(path: Path) -> str:
    return path.relative_to(APP).parts[0].removesuffix(".py")


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def where(path: Path, node: ast.expr | ast.stmt) -> str:
    return f"{path.relative_to(ROOT)}:{node.lineno}"


# ---------------------------------------------------------------- the contracts, and that they bite


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package and its contracts, in which a wrong import may be planted."""
    copy = tmp_path_factory.mktemp("house")
    shutil.copytree(APP, copy / "app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def check_imports(house: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(house), "COLUMNS": "200"}
    command = [str(LINT_IMPORTS), "--no-cache", "--config", "pyproject.toml"]
    return subprocess.run(command, cwd=house, env=environment, capture_output=True, text=True, check=False)


def test_the_contracts_hold(house: Path) -> None:
    result = check_imports(house)
    assert result.returncode == 0, result.stdout + result.stderr
    assert " 0 broken" in result.stdout


@pytest.mark.parametrize(
    ("module", "planted", "broken"),
    [
        ("domain/costs.py", "import app.store.quotes", "Imports point from the mouths to the domain"),
        ("domain/money.py", "import sqlalchemy", "The domain knows nobody"),
        ("domain/ranking.py", "import time", "The domain knows nobody"),
        ("store/quotes.py", "import app.sources.rpw", "Imports point from the mouths to the domain"),
        ("sources/rpw.py", "import app.store.quotes", "Imports point from the mouths to the domain"),
        ("sources/rpw.py", "import sqlalchemy", "Sources turn bytes into records"),
        ("board/live.py", "import app.ingest", "Imports point from the mouths to the domain"),
        ("compare/live.py", "import fastapi", "Verbs and adapters know no web framework"),
        ("reference/__init__.py", "import app.db", "Imports point from the mouths to the domain"),
    ],
)
def test_a_planted_wrong_import_breaks_a_contract(house: Path, module: str, planted: str, broken: str) -> None:
    path = house / "app" / module
    sound = path.read_text(encoding="utf-8")
    path.write_text(f"{sound}\n{planted}\n", encoding="utf-8")
    try:
        result = check_imports(house)
    finally:
        path.write_text(sound, encoding="utf-8")
    assert result.returncode == 1, result.stdout + result.stderr
    kept_or_broken = [line for line in result.stdout.splitlines() if broken in line]
    assert any("BROKEN" in line for line in kept_or_broken), result.stdout


def test_a_room_nobody_drew_is_noticed(house: Path) -> None:
    extra = house / "app" / "attic.py"
    extra.write_text('"""A room that no contract names."""\n', encoding="utf-8")
    try:
        result = check_imports(house)
    finally:
        extra.unlink()
    assert result.returncode == 1
    assert "attic" in result.stdout


# ---------------------------------------------------------------- what no import shows


def test_the_domain_imports_only_itself_and_the_standard_library() -> None:
    found = []
    for path in modules(APP / "domain"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{where(path, node)}: imports are absolute here"
                names = [node.module or ""]
            else:
                continue
            found += [
                f"{where(path, node)}: {name}"
                for name in names
                if not name.startswith("app.domain") and name.split(".")[0] not in sys.stdlib_module_names
            ]
    assert found == []


def test_the_domain_has_no_floats() -> None:
    found = [
        where(path, node)
        for path in modules(APP / "domain")
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Name) and node.id == "float")
    ]
    assert found == []


def test_the_domain_neither_opens_nor_prints() -> None:
    found = [
        where(path, node)
        for path in modules(APP / "domain")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"open", "print", "input"}
    ]
    assert found == []


def test_only_the_mouths_read_the_clock() -> None:
    found = [
        where(path, node)
        for path in modules()
        if room(path) not in MAY_READ_THE_CLOCK
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CLOCKS
        and ast.unparse(node.func.value).split(".")[-1] in {"datetime", "date"}
    ]
    assert found == [], "time is an argument: pass `now`"


def test_only_the_settings_read_the_environment() -> None:
    found = [
        where(path, node)
        for path in modules()
        if room(path) != "settings"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv", "os.environb"}
    ]
    assert found == []


def test_only_sessions_leases_and_imports_commit() -> None:
    found = [
        where(path, node)
        for path in modules(APP / "store")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    ]
    assert found == [], "the store never commits"


def test_modules_are_read_at_one_sitting() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in modules()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MODULE_LINES_ALARM
    }
    assert long == {}, "split along ideas"


def test_no_drawer_for_odds_and_ends() -> None:
    named = [str(path.relative_to(ROOT)) for path in APP.rglob("*") if path.stem in FORBIDDEN_NAMES]
    classes = [
        f"{where(path, node)}: {node.name}"
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef) and node.name.endswith(FORBIDDEN_SUFFIXES)
    ]
    assert named + classes == []


def test_every_module_opens_with_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in modules()
        if path.read_text(encoding="utf-8").strip() and ast.get_docstring(tree(path)) is None
    ]
    assert silent == []
