"""A crowd: as many rollouts as you like, changing as often as you like, moved by no controller; for tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlcd_tui.demo.controllers.argo.parts import HASH, REVISION, safe_hash
from mlcd_tui.demo.controllers.argo.rollout import INSTANCE
from mlcd_tui.demo.kinds import ROLLOUTS
from mlcd_tui.demo.scenarios._build import ground, pods
from mlcd_tui.demo.store import Store

Object = dict[str, Any]

_STEPS = [{"setWeight": 20}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "10m"}}, {"setWeight": 80}]
_PHASES = (("Healthy", ""), ("Healthy", ""), ("Progressing", "more replicas need to be updated"))
_PAUSED = ("Paused", "CanaryPauseStep")
_TEAMS = ("ads", "payments", "recs", "search", "vision")


def crowd(count: int, changes_per_second: float = 0.0) -> Callable[[Store], None]:
    """A scenario of `count` rollouts of which so many change each second."""

    def start(store: Store) -> None:
        names = [(_TEAMS[number % len(_TEAMS)], f"model-{number:05}") for number in range(count)]
        ground(store, _TEAMS)
        for namespace, name in names:
            store.create(ROLLOUTS, _rollout(store, namespace, name))
        if changes_per_second > 0 and names:
            _keep_changing(store, names, changes_per_second)

    return start


def _keep_changing(store: Store, names: list[tuple[str, str]], rate: float) -> None:
    # in bursts at high rates: a timer per change would cost more than the change
    burst = max(1, round(rate / 50))

    def change() -> None:
        for _ in range(burst):
            namespace, name = store.random.choice(names)
            item = store.copy(ROLLOUTS, namespace, name)
            item["status"] = _status(store, item["status"]["stableRS"])
            store.update(ROLLOUTS, item, "status")
        store.clock.after(burst / rate, change)

    store.clock.after(burst / rate, change)


def _rollout(store: Store, namespace: str, name: str) -> Object:
    stable = safe_hash(name)
    spec = {
        "replicas": 5,
        "selector": {"matchLabels": {"app": name}},
        "strategy": {"canary": {"steps": _STEPS, "canaryService": f"{name}-canary", "stableService": f"{name}-stable"}},
        "template": pods(name, f"v{store.random.randint(1, 40)}"),
    }
    labels = {"app": name, INSTANCE: "none", HASH: stable}
    meta = {"name": name, "namespace": namespace, "labels": labels, "annotations": {REVISION: "7"}}
    return {"metadata": meta, "spec": spec, "status": _status(store, stable)}


def _status(store: Store, stable: str) -> Object:
    step = store.random.randint(0, len(_STEPS))
    done = step == len(_STEPS)
    phase, message = _PHASES[0] if done else store.random.choice((*_PHASES[2:], _PAUSED))
    status: Object = {
        "phase": phase,
        "message": message,
        "currentStepIndex": step,
        "stableRS": stable,
        "currentPodHash": stable if done else safe_hash([stable, step]),
        "observedGeneration": "1",
        "replicas": 5,
        "updatedReplicas": 5 if done else step,
        "readyReplicas": store.random.randint(4, 5),
        "availableReplicas": store.random.randint(4, 5),
        "canary": {},
        "blueGreen": {},
    }
    if phase == "Paused":
        pause = {"reason": "CanaryPauseStep", "startTime": store.clock.text()}
        status |= {"controllerPause": True, "pauseConditions": [pause]}
    return {name: value for name, value in status.items() if value != ""}


SCENARIO = crowd(1000, changes_per_second=20)
