"""The bricks of stories: namespaces, nodes, services, templates, rollouts of model servers, and acts in time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mlcd_tui.demo.controllers.argo.parts import fully_promoted, status_of
from mlcd_tui.demo.kinds import ANALYSISTEMPLATES, DEPLOYMENTS, INGRESSES, NAMESPACES, NODES, ROLLOUTS, SERVICES, Kind
from mlcd_tui.demo.store import Change, Store

Object = dict[str, Any]

REGISTRY = "registry.acme.example/ml"
DAY = 1440.0
"""Minutes of a day: stories count in minutes from the moment that the demo is opened."""


def ground(store: Store, namespaces: Iterable[str]) -> None:
    """Namespaces and nodes."""
    for name in ("default", "kube-system", *namespaces):
        labels = {"kubernetes.io/metadata.name": name}
        store.create(NAMESPACES, {"metadata": {"name": name, "labels": labels}, "status": {"phase": "Active"}})
    capacity = {"cpu": "64", "memory": "512Gi", "nvidia.com/gpu": "8", "pods": "250"}
    for number in range(3):
        name = f"gpu-{number}"
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastTransitionTime": store.clock.text()}
        info = {"kubeletVersion": "v1.35.0", "architecture": "amd64", "operatingSystem": "linux"}
        status = {"conditions": [ready], "capacity": capacity, "allocatable": capacity, "nodeInfo": info}
        labels = {"kubernetes.io/hostname": name}
        store.create(NODES, {"metadata": {"name": name, "labels": labels}, "status": status})


def service(store: Store, namespace: str, name: str, selector: Object, labels: Object | None = None) -> None:
    """A Service in front of the pods of an app."""
    chance = store.chance(namespace)
    spec = {
        "type": "ClusterIP",
        "clusterIP": f"10.96.{chance.randint(0, 255)}.{chance.randint(2, 254)}",
        "selector": selector,
        "ports": [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}],
    }
    meta = {"name": name, "namespace": namespace, "labels": labels or selector}
    store.create(SERVICES, {"metadata": meta, "spec": spec})


def ingress(store: Store, namespace: str, name: str, service_name: str) -> None:
    """An Ingress that a routed canary splits."""
    backend = {"service": {"name": service_name, "port": {"number": 80}}}
    paths = [{"path": f"/v2/models/{name}", "pathType": "Prefix", "backend": backend}]
    spec = {"ingressClassName": "nginx", "rules": [{"host": "models.acme.example", "http": {"paths": paths}}]}
    store.create(INGRESSES, {"metadata": {"name": name, "namespace": namespace}, "spec": spec})


def pods(app: str, tag: str, labels: Object | None = None, annotations: Object | None = None) -> Object:
    """The pod template of a model server."""
    container = {
        "name": "server",
        "image": f"{REGISTRY}/{app}:{tag}",
        "args": ["serve", f"--model=/models/{app}", "--protocol=oip-v2"],
        "ports": [{"containerPort": 8080, "name": "http"}, {"containerPort": 9090, "name": "metrics"}],
        "env": [{"name": "MODEL_NAME", "value": app}, {"name": "MODEL_VERSION", "value": tag}],
        "resources": {"requests": {"cpu": "2", "memory": "8Gi"}, "limits": {"memory": "16Gi"}},
        "readinessProbe": {"httpGet": {"path": f"/v2/models/{app}/ready", "port": 8080}},
    }
    meta: Object = {"labels": {"app": app, **(labels or {})}}
    if annotations:
        meta["annotations"] = annotations
    return {"metadata": meta, "spec": {"containers": [container]}}


def prometheus(name: str, query: str, condition: str, **more: Any) -> Object:
    """One metric of an analysis."""
    source = {"prometheus": {"address": "http://prometheus.monitoring:9090", "query": query}}
    return {"name": name, "successCondition": condition, "provider": source, **more}


class Story:
    """Acts on a store at minutes before and after the moment that the demo is opened."""

    def __init__(self, store: Store, minutes_back: float) -> None:
        self.store = store
        self._opened = store.clock.now()
        store.clock.go_back(minutes_back * 60)

    def at(self, minute: float, act: Callable[[], object]) -> None:
        """Does `act` at that minute; negative ones have passed when the demo opens."""
        self.store.clock.after(self._opened + minute * 60 - self.store.clock.now(), act)

    def change(self, kind: Kind, namespace: str, name: str, edit: Callable[[Object], object]) -> None:
        """Edits the main part of an object, as a person or a pipeline does."""
        item = self.store.copy(kind, namespace, name)
        edit(item)
        self.store.update(kind, item)

    def status(self, namespace: str, name: str, **fields: Any) -> None:
        """Patches the status of a rollout; None removes a field."""
        item = self.store.copy(ROLLOUTS, namespace, name)
        status = {**status_of(item), **fields}
        item["status"] = {field: value for field, value in status.items() if value is not None}
        self.store.update(ROLLOUTS, item, "status")

    def promote(self, namespace: str, name: str) -> None:
        """Lifts the pause, as `promote` does."""
        self.status(namespace, name, pauseConditions=None)

    def release(self, namespace: str, name: str, tag: str, annotations: Object | None = None) -> None:
        """Brings a new version."""

        def edit(item: Object) -> None:
            app = item["spec"]["template"]["metadata"]["labels"]["app"]
            labels = item["spec"]["template"]["metadata"]["labels"]
            item["spec"]["template"] = pods(app, tag, labels, annotations)

        kind = ROLLOUTS if self.store.find(ROLLOUTS, namespace, name) else DEPLOYMENTS
        self.change(kind, namespace, name, edit)

    def rollout(
        self,
        namespace: str,
        app: str,
        strategy: Object,
        versions: Sequence[tuple[float, str]],
        *,
        replicas: int = 3,
        owner: str = "",
        spec: Object | None = None,
    ) -> None:
        """A rollout with its Services, whose versions came at these minutes."""
        for name in _services_of(strategy):
            service(self.store, namespace, name, {"app": app})
        if route := (strategy.get("canary") or {}).get("trafficRouting", {}).get("nginx"):
            ingress(self.store, namespace, route["stableIngress"], strategy["canary"]["stableService"])
        body = {
            "replicas": replicas,
            "revisionHistoryLimit": 5,
            "selector": {"matchLabels": {"app": app}},
            "strategy": strategy,
            "template": pods(app, versions[0][1]),
            **(spec or {}),
        }
        labels = {"app": app, "team": owner or namespace}
        meta = {"name": app, "namespace": namespace, "labels": labels}
        self.at(versions[0][0], lambda: self.store.create(ROLLOUTS, {"metadata": meta, "spec": body}))
        for minute, tag in versions[1:]:
            self.at(minute, lambda tag=tag: self.release(namespace, app, tag))  # type: ignore[misc]

    def deployment(
        self, namespace: str, name: str, template: Object, spec: Object, labels: Object, since: float
    ) -> None:
        """A Deployment that came at that minute."""
        selector = {"matchLabels": template["metadata"]["labels"]}
        body = {"selector": selector, "template": template, **spec}
        meta = {"name": name, "namespace": namespace, "labels": labels}
        self.at(since, lambda: self.store.create(DEPLOYMENTS, {"metadata": meta, "spec": body}))

    def template(self, namespace: str, name: str, *metrics: Object) -> None:
        """An AnalysisTemplate."""
        spec = {"args": [{"name": "service"}], "metrics": list(metrics)}
        self.store.create(ANALYSISTEMPLATES, {"metadata": {"name": name, "namespace": namespace}, "spec": spec})

    def cycle(self, kind: Kind, namespace: str, name: str, tags: Callable[[int], str], rest: float) -> None:
        """Brings the next version whenever the last one has been in place for `rest` seconds, for ever."""
        number, waiting = 0, False

        def release() -> None:
            nonlocal number, waiting
            number, waiting = number + 1, False
            self.release(namespace, name, tags(number))

        def changed(change: Change) -> None:
            nonlocal waiting
            meta = change.item["metadata"]
            if (meta["namespace"], meta["name"]) != (namespace, name) or waiting or change.type == "DELETED":
                return
            if _settled(kind, change.item):
                waiting = True
                self.store.clock.after(rest, release)

        self.at(-0.01, lambda: self.store.listen(kind, changed))


def _settled(kind: Kind, item: Object) -> bool:
    status = status_of(item)
    if kind is ROLLOUTS:
        return status.get("phase") == "Healthy" and fully_promoted(item)
    total = item["spec"]["replicas"]
    return all(status.get(field) == total for field in ("replicas", "updatedReplicas", "availableReplicas"))


def _services_of(strategy: Object) -> list[str]:
    names = ("stableService", "canaryService", "activeService", "previewService")
    parts = [part for part in strategy.values() if isinstance(part, dict)]
    return [part[name] for part in parts for name in names if name in part]
