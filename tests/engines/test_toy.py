"""One file makes an engine: the toy is announced by another distribution's entry point, and nothing else is touched."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from mlcd_tui.demo.cluster import DemoCluster
from mlcd_tui.demo.kinds import CONFIGMAPS
from mlcd_tui.demo.server import DemoServer

ROOT = Path(__file__).parents[2]
MAPPED = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "alpha", "namespace": "default", "labels": {"toy.example/rollout": "yes"}},
    "data": {"version": "v1"},
}


def _announce(folder: Path) -> None:
    """A distribution as pip leaves it, with an entry point for the toy."""
    info = folder / "toy_engine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-engine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[mlcd_tui.engines]\ntoy = tests.engines.toy:ENGINE\n")


def _run(cluster: DemoCluster, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {
        **os.environ,
        "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
        "KUBECONFIG": str(cluster.kubeconfig),
        "MLCD_STATE_DIR": str(folder / "state"),
        "MLCD_CONFIG_DIR": str(folder / "config"),
    }
    command = [sys.executable, "-m", "mlcd_tui", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environ, timeout=60, check=False)


def _make(server: DemoServer) -> None:
    server.store.create(CONFIGMAPS, MAPPED)


def test_a_toy_engine_is_listed_planned_and_carried_out(tmp_path: Path) -> None:
    _announce(tmp_path)
    with DemoCluster("empty") as cluster:
        cluster.call(_make)
        listed = _run(cluster, tmp_path, "rollouts", "list")
        assert "alpha" in listed.stdout, listed.stderr
        planned = _run(cluster, tmp_path, "rollouts", "restart", "default/alpha", "--dry-run")
        assert "Restart the toy" in planned.stdout
        done = _run(cluster, tmp_path, "rollouts", "restart", "default/alpha", "--yes")
        assert (done.returncode, "done: restarted" in done.stdout) == (0, True), done.stderr
        refused = _run(cluster, tmp_path, "rollouts", "promote", "default/alpha", "--yes")
        assert (refused.returncode, "A toy can only be restarted" in refused.stderr) == (3, True)
        checked = _run(cluster, tmp_path, "doctor")
        assert "Toys: found" in checked.stdout
