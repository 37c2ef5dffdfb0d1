"""The wheel holds all that the program needs, and runs where nothing but it and its dependencies is."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from mlcd_tui import __version__

ROOT = Path(__file__).parent.parent


def _run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    ended = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built without network, by the backend that is installed."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    _run(sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of a fresh environment: this checkout is not in it, the dependencies are lent from here."""
    folder = tmp_path_factory.mktemp("fresh")
    _run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    options = ("--quiet", "--no-deps", "--no-index", "--disable-pip-version-check")
    python = folder / "bin" / "python"
    _run(sys.executable, "-m", "pip", "--python", python, "install", *options, wheel, cwd=folder)
    # Lent afterwards, so that pip does not see the editable installation here. A path that comes from a .pth file has
    # its own .pth files left alone: the checkout stays out.
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "lent.pth").write_text(sysconfig.get_path("purelib"), "utf-8")
    return folder / "bin"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MLCD_", "VIRTUAL_"))}
    return {**kept, "MLCD_CONFIG_DIR": str(tmp_path), "MLCD_STATE_DIR": str(tmp_path)}


def test_wheel_holds_the_data_and_nothing_of_the_tests(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "mlcd_tui/py.typed" in names
    for folder in ("themes", "sample_configs"):
        there = {f"mlcd_tui/_data/{folder}/{path.name}" for path in (ROOT / folder).iterdir() if path.is_file()}
        assert len(there) >= 2
        assert there <= names
    styles = {str(path.relative_to(ROOT)) for path in (ROOT / "mlcd_tui").rglob("*.tcss")}
    assert styles
    assert styles <= names
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "mlcd_tui").rglob("*.py")}
    assert modules <= names
    assert not [name for name in names if name.startswith("tests") or "__pycache__" in name]


def test_wheel_says_what_it_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())
        scripts = archive.read(name.replace("METADATA", "entry_points.txt")).decode()
    assert (metadata["Name"], metadata["Version"]) == ("mlcd-tui", __version__)
    assert metadata["Requires-Python"] == ">=3.11"
    assert {"mlcd-tui", "kubectl-mlcd"} <= {line.partition(" = ")[0] for line in scripts.splitlines()}


def test_installed_program_runs_and_finds_its_data(installed: Path, env: dict[str, str], tmp_path: Path) -> None:
    python = installed / "python"
    assert __version__ in _run(python, "-m", "mlcd_tui", "--version", cwd=tmp_path, env=env)
    assert "Usage: kubectl mlcd" in _run(installed / "kubectl-mlcd", "--help", cwd=tmp_path, env=env)
    assert "fraud-scorer" in _run(installed / "mlcd-tui", "--demo", "rollouts", "list", cwd=tmp_path, env=env)
    script = (
        "import mlcd_tui\nfrom mlcd_tui.config.paths import packaged\nfrom mlcd_tui.config.themes import load_all\n"
        "print(mlcd_tui.__file__)\nprint(packaged('sample_configs') / 'config.toml')\nprint(*sorted(load_all()[0]))"
    )
    module, sample, themes = _run(python, "-c", script, cwd=tmp_path, env=env).splitlines()
    assert module.startswith(str(installed.parent))
    assert Path(sample).is_file()
    assert sample.startswith(str(installed.parent))
    assert {path.stem for path in (ROOT / "themes").glob("*.toml")} <= set(themes.split())
