"""Make the recorded objects of tests/fixtures again: tests/e2e/lab/run.sh .venv/bin/python -m tests.e2e.lab.record [STATE…]."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.e2e.lab.api import LabApi
from tests.e2e.lab.recording import (
    analysis_states,
    bluegreen_states,
    canary_states,
    deployment_states,
    traffic_states,
    unattended_states,
)
from tests.e2e.lab.recording.metrics import metrics_server
from tests.e2e.lab.recording.stage import DEPLOYMENT_STATES, ROLLOUT_STATES, Play, Stage

FIXTURES = Path(__file__).parents[2] / "fixtures"
# Importing them registers their states.
ROOMS = (analysis_states, bluegreen_states, canary_states, deployment_states, traffic_states, unattended_states)
AT_ONCE = 6


def record(api: LabApi, kind: str, name: str, play: Play, metrics: str) -> str:
    """Play one state in a namespace of its own and write it; the answer is a line for the terminal, with a failure in it."""
    began = time.monotonic()
    folder = FIXTURES / ("argo" if kind == "Rollout" else "deployment") / name
    # The namespace stands in the recordings, so it is named like the state; an earlier run's must have gone.
    namespace = f"rec-{name}" if kind == "Rollout" else f"rec-deployment-{name}"
    api.create_namespace(namespace)
    stage = Stage(api, namespace, metrics, kind)
    try:
        play(stage)
        stage.settle()
        stage.record(folder)
    except (RuntimeError, TimeoutError) as error:
        return f"FAILED {name}: {error}"
    finally:
        api.delete("Namespace", "", namespace)
    return f"{name} ({time.monotonic() - began:.0f} s)"


def main(wanted: list[str]) -> int:
    """Record the wanted states, or all."""
    plays = [("Rollout", *each) for each in ROLLOUT_STATES.items()] + [
        ("Deployment", *each) for each in DEPLOYMENT_STATES.items()
    ]
    chosen = [(kind, name, play) for kind, name, play in plays if not wanted or name in wanted]
    failed = 0
    with (
        LabApi(Path(os.environ["MLCD_E2E_KUBECONFIG"])) as api,
        metrics_server() as metrics,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        for future in [pool.submit(record, api, *each, metrics) for each in chosen]:
            line = future.result()
            failed += line.startswith("FAILED")
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
