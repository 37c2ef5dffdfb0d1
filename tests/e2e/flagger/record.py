"""Make tests/fixtures/flagger again: tests/e2e/lab/run.sh .venv/bin/python -m tests.e2e.flagger.record [PLAY…]."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mlcd_tui.domain.hook_approval import Hook
from tests.e2e.flagger.hooks import Hooks, hook_server
from tests.e2e.flagger.process import flagger, gate
from tests.e2e.flagger.stage import FlaggerStage, canary, hook
from tests.e2e.lab.api import LabApi
from tests.e2e.lab.recording.manifests import NAME, template

FIXTURES = Path(__file__).parents[2] / "fixtures" / "flagger"


@dataclass(frozen=True, slots=True)
class Take:
    """What a play has at hand."""

    stage: FlaggerStage
    gate: str
    hooks: Hooks

    def record(self, name: str) -> None:
        """Keep this moment."""
        self.stage.record(FIXTURES / name)


def bluegreen(take: Take) -> None:
    """Copied traffic, two gates, to the end."""
    stage = take.stage
    gates = [hook(kind, take.gate) for kind in ("confirm-rollout", "confirm-promotion", "rollback")]
    stage.create(canary(*gates, iterations=3, mirror=True), template("1", ready_after="15s"))
    stage.phase("Initializing")
    take.record("bluegreen-initializing")
    stage.phase("Initialized")
    take.record("bluegreen-initialized")
    stage.release(template("2"))
    stage.phase("Waiting")
    take.record("bluegreen-waiting")
    stage.approve(Hook.CONFIRM_ROLLOUT)
    stage.phase("Progressing", iterations=2)
    take.record("bluegreen-mirroring")
    stage.phase("WaitingPromotion")
    take.record("bluegreen-waiting-promotion")
    stage.approve(Hook.CONFIRM_PROMOTION)
    stage.until(lambda c: c["status"].get("iterations") == 4, "all traffic on the canary")
    take.record("bluegreen-all-to-canary")
    stage.phase("Promoting")
    take.record("bluegreen-promoting")
    stage.phase("Finalising")
    take.record("bluegreen-finalising")
    stage.phase("Succeeded")
    take.record("bluegreen-succeeded")


def steps(take: Take) -> None:
    """Weights step by step, each approved; rolled back at the end."""
    stage = take.stage
    gates = [hook(kind, take.gate) for kind in ("confirm-traffic-increase", "confirm-promotion", "rollback")]
    stage.start(canary(*gates, stepWeights=[20, 60]))
    stage.release(template("2"))
    stage.event("waiting for traffic increase approval")
    take.record("canary-first-step")
    stage.approve(Hook.CONFIRM_TRAFFIC_INCREASE)
    stage.phase("Progressing", canaryWeight=20)
    take.record("canary-20")
    time.sleep(25)
    take.record("canary-20-waiting")
    stage.approve(Hook.CONFIRM_TRAFFIC_INCREASE)
    stage.phase("Progressing", canaryWeight=60)
    stage.approve(Hook.CONFIRM_TRAFFIC_INCREASE)  # it is asked once more before the promotion
    stage.phase("WaitingPromotion")
    take.record("canary-waiting-promotion")
    stage.approve(Hook.ROLLBACK)
    stage.phase("Failed")
    take.record("canary-rolled-back")


def failing(take: Take) -> None:
    """A check of somebody else's fails until the threshold."""
    stage = take.stage
    take.hooks.opened.add("/accept")
    stage.start(canary(hook("rollout", take.hooks.url("/accept"), "acceptance"), stepWeight=25, maxWeight=50))
    stage.release(template("2"))
    stage.phase("Progressing", canaryWeight=25)
    take.hooks.opened.discard("/accept")
    stage.phase("Progressing", failedChecks=1)
    take.record("canary-failing")
    stage.phase("Failed")
    take.record("canary-failed")


def suspended(take: Take) -> None:
    """Held at a weight, then promoted without analysis."""
    stage = take.stage
    stage.start(canary(stepWeight=20, maxWeight=60))
    stage.release(template("2"))
    stage.phase("Progressing", canaryWeight=20)
    stage.merge({"spec": {"suspend": True}})
    stage.event("object is suspended")
    take.record("canary-suspended")
    stage.merge({"spec": {"suspend": False, "skipAnalysis": True}})
    stage.phase("Succeeded")
    take.record("canary-skipped")


def ab(take: Take) -> None:
    """Only requests with a header; on Gateway API Flagger 1.36.1 cannot do it without a timeout of the Service."""
    stage = take.stage
    made = canary(iterations=3, match=[{"headers": {"x-canary": {"exact": "yes"}}}])
    made["spec"]["service"]["timeout"] = "15s"
    stage.start(made)
    stage.release(template("2"))
    stage.phase("Progressing", iterations=2)
    take.record("ab-progressing")
    stage.phase("Promoting", "Finalising", "Succeeded")


def not_ready(take: Take) -> None:
    """The new version never gets ready."""
    stage = take.stage
    stage.start(canary(stepWeight=50, maxWeight=50))
    stage.release(template("2", pod="never-ready"))
    stage.event("canary deployment model-api")
    take.record("canary-not-ready")


def foreign(take: Take) -> None:
    """Gates that are not ours, all shut."""
    stage = take.stage
    shut = [hook(kind, take.hooks.url(f"/shut/{kind}")) for kind in ("confirm-traffic-increase", "rollback")]
    stage.start(canary(*shut, stepWeight=50, maxWeight=50))
    stage.release(template("2"))
    stage.event("waiting for traffic increase approval")
    time.sleep(12)  # a tick later the fleet knows it too, which sees no events
    take.record("canary-foreign-gate")


def terminated(take: Take) -> None:
    """Deleted, with all set back as it was; a finalizer of the play's own keeps it for the look."""
    stage = take.stage
    made = canary(stepWeight=50, maxWeight=50, spec={"revertOnDeletion": True})
    made["metadata"]["finalizers"] = ["lab.mlcd.dev/look"]
    stage.start(made)
    stage.api.delete("Canary", stage.namespace, NAME)
    stage.phase("Terminating", "Terminated")
    take.record("terminating")
    stage.merge({"metadata": {"finalizers": []}})


PLAYS: tuple[Callable[[Take], None], ...] = (bluegreen, steps, failing, suspended, ab, not_ready, foreign, terminated)


def _record(api: LabApi, play: Callable[[Take], None], gate_at: str, hooks: Hooks) -> str:
    namespace = f"rec-flagger-{play.__name__.replace('_', '-')}"
    began = time.monotonic()
    api.create_namespace(namespace)
    try:
        play(Take(FlaggerStage(api, namespace), gate_at, hooks))
    except (RuntimeError, TimeoutError) as error:
        return f"FAILED {play.__name__}: {error}"
    finally:
        api.delete("Namespace", "", namespace)
    return f"{play.__name__} ({time.monotonic() - began:.0f} s)"


def main(wanted: list[str]) -> int:
    """Record the moments of the wanted plays, or of all."""
    plays = [play for play in PLAYS if not wanted or play.__name__ in wanted]
    kubeconfig = Path(os.environ["MLCD_E2E_KUBECONFIG"])
    failed = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        LabApi(kubeconfig) as api,
        hook_server() as hooks,
        flagger(kubeconfig, Path(folder)),
        gate(kubeconfig, Path(folder)) as gate_at,
        ThreadPoolExecutor(len(PLAYS)) as pool,
    ):
        for future in [pool.submit(_record, api, play, gate_at, hooks) for play in plays]:
            line = future.result()
            failed += line.startswith("FAILED")
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
