"""The rules of the house that a linter does not know: sizes, names, signs on the doors, what an import costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mlcd_tui"
SOURCES = sorted(PACKAGE.rglob("*.py"))
EVERYTHING = sorted([*SOURCES, *(ROOT / "tests").rglob("*.py")])

MOST_LINES = 400
MOST_FUNCTION_LINES = 50
FORBIDDEN_NAMES = ("util", "helper", "common", "manager", "misc")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    too_long = {_name(p): n for p in EVERYTHING if (n := len(p.read_text().splitlines())) > MOST_LINES}
    assert too_long == {}


def test_no_function_is_longer_than_a_screen() -> None:
    too_long = {
        f"{_name(path)}:{node.name}": length
        for path in EVERYTHING
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > MOST_FUNCTION_LINES
    }
    assert too_long == {}


def test_file_names_say_what_is_inside() -> None:
    vague = [_name(path) for path in SOURCES if any(word in path.stem for word in FORBIDDEN_NAMES)]
    assert vague == []


def test_every_room_has_a_sign() -> None:
    unsigned = [
        _name(init)
        for init in PACKAGE.rglob("__init__.py")
        if init.parent != PACKAGE and not ast.get_docstring(ast.parse(init.read_text()))
    ]
    assert unsigned == []
    rooms = [path for path in PACKAGE.iterdir() if path.is_dir() and (path / "__init__.py").exists()]
    silent = [
        p.name
        for p in rooms
        if "May import:" not in (ast.get_docstring(ast.parse((p / "__init__.py").read_text())) or "")
    ]
    assert silent == []


def test_engines_are_never_told_apart_by_name() -> None:
    """A comparison with an engine's name outside its own module is a crossroads in the making."""
    names = {path.stem for path in (PACKAGE / "engines").iterdir() if not path.name.startswith("_")}
    found = [
        f"{_name(path)}:{node.lineno}"
        for path in SOURCES
        if "engines" not in path.parts and "demo" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Compare)
        and any(isinstance(c, ast.Constant) and c.value in names for c in (node.left, *node.comparators))
        and "engine" in ast.unparse(node)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("module", "without"),
    [
        ("mlcd_tui.session.live", ("textual", "rich", "docker", "kubernetes", "httpx")),
        ("mlcd_tui.cli.main", ("textual", "rich", "docker", "kubernetes", "httpx", "msgspec")),
        ("mlcd_tui.ui.app", ("docker", "kubernetes", "httpx", "mlcd_tui.cluster", "mlcd_tui.engines")),
        ("mlcd_tui.cluster.client", ("textual", "kubernetes", "docker")),
    ],
)
def test_importing_costs_only_what_it_must(module: str, without: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(sorted(set({without!r}) & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert shown.stdout.strip() == "[]"
