"""The bricks of stories: namespaces, nodes, services, templates and rollouts of model servers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mlcd_tui.demo.kinds import NAMESPACES, NODES, SERVICES
from mlcd_tui.demo.store import Store

Object = dict[str, Any]

REGISTRY = "registry.acme.example/ml"


def ground(store: Store, namespaces: Iterable[str]) -> None:
    """Namespaces and nodes."""
    for name in ("default", "kube-system", *namespaces):
        labels = {"kubernetes.io/metadata.name": name}
        store.create(NAMESPACES, {"metadata": {"name": name, "labels": labels}, "status": {"phase": "Active"}})
    for number in range(3):
        name = f"gpu-{number}"
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastTransitionTime": store.clock.text()}
        store.create(
            NODES,
            {
                "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
                "status": {
                    "conditions": [ready],
                    "capacity": {"cpu": "64", "memory": "512Gi", "nvidia.com/gpu": "8", "pods": "250"},
                    "allocatable": {"cpu": "64", "memory": "512Gi", "nvidia.com/gpu": "8", "pods": "250"},
                    "nodeInfo": {"kubeletVersion": "v1.33.0", "architecture": "amd64", "operatingSystem": "linux"},
                },
            },
        )


def service(store: Store, namespace: str, name: str, app: str) -> None:
    """A Service in front of the pods of an app."""
    spec = {
        "type": "ClusterIP",
        "clusterIP": f"10.96.{store.random.randint(0, 255)}.{store.random.randint(2, 254)}",
        "selector": {"app": app},
        "ports": [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}],
    }
    store.create(SERVICES, {"metadata": {"name": name, "namespace": namespace, "labels": {"app": app}}, "spec": spec})
