"""What the simulated cluster's own failures do: nothing to the terminal, nothing to its other objects."""

from __future__ import annotations

import subprocess
import sys

STORY = """
import time
from mlcd_tui.demo.cluster import DemoCluster
from mlcd_tui.demo.kinds import ANALYSISRUNS, REPLICASETS, ROLLOUTS, NAMESPACES

def rollout(name, **spec):
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "c:1"}]}}
    base = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template, "strategy": {"canary": {}}}
    return {"metadata": {"name": name, "namespace": "odd"}, "spec": {**base, **spec}}

def fill(server):
    store = server.store
    store.start_seconds = (0.0, 0.0)
    store.create(NAMESPACES, {"metadata": {"name": "odd"}})
    store.create(ROLLOUTS, rollout("a", strategy={"canary": {"steps": [{"setWeight": "ten"}]}}))
    store.create(ROLLOUTS, rollout("b", replicas="many"))
    store.create(ANALYSISRUNS, {"metadata": {"name": "c", "namespace": "odd"}, "spec": {"metrics": 5}})
    web = {"name": "m", "provider": {"web": {}}}
    store.create(ANALYSISRUNS, {"metadata": {"name": "d", "namespace": "odd"}, "spec": {"metrics": [web]}})
    store.create(REPLICASETS, {"metadata": {"name": "e", "namespace": "odd"}, "spec": {"replicas": "x"}})
    store.create(ROLLOUTS, rollout("z"))

with DemoCluster("empty") as demo:
    demo.call(fill)
    for _ in range(200):
        time.sleep(0.02)
        found = demo.call(lambda server: server.store.get(ROLLOUTS, "odd", "z"))
        if found.get("status", {}).get("phase") == "Healthy":
            print("healthy")
            break
"""


def test_objects_that_no_controller_understands_disturb_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", STORY], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "healthy\n", "")
