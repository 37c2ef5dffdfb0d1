"""One file makes a format or a source: toys are announced by another distribution, and nothing else is touched."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def announced(tmp_path: Path) -> Path:
    """A distribution as pip leaves it, with entry points for the toys."""
    info = tmp_path / "toy_models-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-models\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[mlcd_tui.package_formats]\ntoy = tests.packages.toy:FORMAT\n"
        "[mlcd_tui.package_sources]\ntoy = tests.packages.toy:SOURCE\n"
    )
    return tmp_path


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {
        **os.environ,
        "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
        "MLCD_STATE_DIR": str(folder / "state"),
        "MLCD_CONFIG_DIR": str(folder / "config"),
    }
    command = [sys.executable, "-m", "mlcd_tui", "packages", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environ, timeout=60, check=False)


def test_a_toy_source_is_listed_and_its_toy_format_read(announced: Path) -> None:
    shown = _run(announced, "show", "toy:churn")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("churn 7\n")
    listed = _run(announced, "list", "toy:")
    assert "toy:churn" in listed.stdout, listed.stderr


def test_a_toy_format_is_found_in_the_sources_of_the_house_and_named_where_nothing_is(announced: Path) -> None:
    folder = announced / "models"
    folder.mkdir()
    nothing = _run(announced, "show", str(folder))
    assert "Toy model" in nothing.stderr
    (folder / "churn.toy").write_text("churn 8")
    assert _run(announced, "show", str(folder)).stdout.startswith("churn 8\n")
    assert "toy:churn" in _run(announced, "show", "nonsense:").stderr, "its address is among the examples"


def test_a_plug_in_that_does_not_load_is_told_and_takes_no_other_down(announced: Path) -> None:
    info = announced / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[mlcd_tui.package_formats]\nbad = nowhere_to_be_found:FORMAT\n"
        "[mlcd_tui.package_sources]\nworse = nowhere_to_be_found:SOURCE\n"
    )
    shown = _run(announced, "show", "toy:churn")
    assert shown.stdout.startswith("churn 7\n"), shown.stderr
    assert "bad of mlcd_tui.package_formats does not load" in shown.stdout
    refused = _run(announced, "show", "nonsense:")
    assert refused.returncode == 2
    assert "worse of mlcd_tui.package_sources does not load" in refused.stderr
