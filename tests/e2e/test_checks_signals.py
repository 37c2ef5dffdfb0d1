"""`mlcd-tui checks run` is ended by a signal: its containers go first, on a real Docker Engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from mlcd_tui.checks.runner.belongings import OURS, OWNER, SESSION, sweep
from mlcd_tui.checks.runner.engine import Engine, connect
from tests.e2e.command import PROGRAM

LONG = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"


def of(engine: Engine, pid: int) -> list[str]:
    """All that a process has on an engine."""
    wanted = {"label": f"{OWNER}={OURS}"}
    found = [(one["Id"], one.get("Labels")) for one in engine.api.containers(all=True, filters=wanted)]
    found += [(one["Name"], one.get("Labels")) for one in engine.api.volumes(filters=wanted).get("Volumes") or ()]
    found += [(one["Id"], one.get("Labels")) for one in engine.api.networks(filters=wanted)]
    return [name for name, labels in found if f":{pid}:" in (labels or {}).get(SESSION, "")]


def started(folder: Path, image: str, address: str, *before: str) -> subprocess.Popen[str]:
    """The command on a plan of two checks without an end."""
    check = {"kind": "tests", "parser": "junit", "report": "/out/j.xml", "command": ["python3", "-c", LONG]}
    limits = {"cpus": 0.2}
    checks = [{"name": name, "limits": limits, **check} for name in ("one", "two")]
    plan = {"apiVersion": "mlcd.dev/v1", "kind": "CheckPlan", "image": image, "checks": checks}
    (folder / "checks.yaml").write_text(json.dumps(plan))
    places = {f"MLCD_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "STATE")}
    return subprocess.Popen(
        [*before, PROGRAM, "checks", "run", "--plan", str(folder / "checks.yaml"), "--logs"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **places, "DOCKER_HOST": address},
    )


def up(process: subprocess.Popen[str]) -> None:
    """Both containers run."""
    assert process.stderr is not None
    said = 0
    while said < 2:
        line = process.stderr.readline()
        assert line, "it ended before its checks ran"
        said += line.endswith(": up\n")


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_leaves_nothing_on_the_engine(
    docker_host: str, docker_base: str, tmp_path: Path, name: str, code: int
) -> None:
    engine = connect(docker_host)
    process = started(tmp_path, docker_base, docker_host)
    try:
        up(process)
        assert len(of(engine, process.pid)) >= 4  # two containers, two volumes
        process.send_signal(getattr(signal, name))
        out, err = process.communicate(timeout=60)
        assert process.returncode == code
        assert of(engine, process.pid) == []
        (told,) = [line for line in err.splitlines() if name in line]
        assert told == (
            f"mlcd-tui: {name}: the checks are called off and their containers removed; nothing is kept of this run."
        )
        assert out == ""
        assert "Traceback" not in err
    finally:
        process.kill()
        process.wait(10)
        engine.close()


def test_a_second_signal_is_not_waited_for_and_the_next_start_cleans_up(
    docker_host: str, docker_base: str, tmp_path: Path
) -> None:
    engine = connect(docker_host)
    process = started(tmp_path, docker_base, docker_host)
    try:
        up(process)
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        assert process.stderr.readline().startswith("mlcd-tui: SIGTERM: ")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        assert process.returncode == 143
        sweep(engine)
        assert of(engine, process.pid) == []
    finally:
        process.kill()
        process.wait(10)
        engine.close()


def test_one_that_is_told_to_ignore_hangups_goes_on(docker_host: str, docker_base: str, tmp_path: Path) -> None:
    process = started(tmp_path, docker_base, docker_host, "nohup")
    try:
        up(process)
        process.send_signal(signal.SIGHUP)
        time.sleep(1)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        assert process.returncode == 143
    finally:
        process.kill()
        process.wait(10)
