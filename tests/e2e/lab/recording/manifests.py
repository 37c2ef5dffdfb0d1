"""The manifests that recordings start from."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]
NAME = "model-api"
IMAGE = "registry.example/model-api"


def template(version: str = "1", **annotations: str) -> Object:
    """A pod template with two containers; annotations tell the lab how its pods behave."""
    meta: Object = {"labels": {"app": NAME}}
    if annotations:
        meta["annotations"] = {f"lab.mlcd.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}
    containers = [
        {"name": "server", "image": f"{IMAGE}:{version}", "env": [{"name": "MODEL", "value": f"churn-{version}"}]},
        {"name": "proxy", "image": "registry.example/proxy:7"},
    ]
    return {"metadata": meta, "spec": {"containers": containers}}


def rollout(strategy: Object, replicas: int = 5, pods: Object | None = None, **spec: Any) -> Object:
    """A Rollout of the strategy, with short deadlines nowhere unless given."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": NAME},
        "spec": {
            "replicas": replicas,
            "revisionHistoryLimit": 5,
            "selector": {"matchLabels": {"app": NAME}},
            "template": pods or template(),
            "strategy": strategy,
            **spec,
        },
    }


def canary(
    *steps: Object, replicas: int = 5, pods: Object | None = None, canary: Object | None = None, **spec: Any
) -> Object:
    """A canary Rollout: its steps, further fields of the canary strategy, further fields of the spec."""
    return rollout({"canary": {"steps": list(steps), **(canary or {})}}, replicas=replicas, pods=pods, **spec)


def blue_green(replicas: int = 3, pods: Object | None = None, spec: Object | None = None, **fields: Any) -> Object:
    """A blue/green Rollout between the Services active and preview."""
    strategy = {"blueGreen": {"activeService": "active", "previewService": "preview", **fields}}
    return rollout(strategy, replicas=replicas, pods=pods, **(spec or {}))


def deployment(replicas: int = 3, pods: Object | None = None, cause: str = "", **spec: Any) -> Object:
    """A plain Deployment, with a change cause if given."""
    meta: Object = {"name": NAME}
    if cause:
        meta["annotations"] = {"kubernetes.io/change-cause": cause}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta,
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": NAME}},
            "template": pods or template(),
            **spec,
        },
    }


def service(name: str) -> Object:
    """A Service in front of all pods; the controller narrows it down."""
    spec = {"selector": {"app": NAME}, "ports": [{"port": 80, "targetPort": 8080}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def analysis_template(name: str, *metrics: Object, **spec: Any) -> Object:
    """An AnalysisTemplate of the metrics."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisTemplate",
        "metadata": {"name": name},
        "spec": {"metrics": list(metrics), **spec},
    }


def web_metric(name: str, url: str, **fields: Any) -> Object:
    """A metric read from the recorder's server: 1 succeeds, 0 fails, anything else is inconclusive."""
    return {
        "name": name,
        "successCondition": "result == 1",
        "failureCondition": "result == 0",
        "provider": {"web": {"url": url, "jsonPath": "{$.value}"}},
        **fields,
    }


def analysis_step(*templates: str) -> Object:
    """A step that runs the analysis templates."""
    return {"analysis": {"templates": [{"templateName": each} for each in templates]}}


def ingress() -> Object:
    """The Ingress that the nginx router copies for the canary."""
    backend = {"service": {"name": "stable", "port": {"number": 80}}}
    rule = {"host": "model.example", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": NAME},
        "spec": {"ingressClassName": "nginx", "rules": [rule]},
    }


def nginx(**fields: Any) -> Object:
    """Fields of a canary that nginx shares the traffic for."""
    routing = {"nginx": {"stableIngress": NAME}}
    if "maxTrafficWeight" in fields:
        routing["maxTrafficWeight"] = fields.pop("maxTrafficWeight")
    return {"canaryService": "canary", "stableService": "stable", "trafficRouting": routing, **fields}


def virtual_service(stable: str = "stable", canary: str = "canary") -> Object:
    """The VirtualService that Argo's istio router edits."""
    route = [{"destination": {"host": stable}, "weight": 100}, {"destination": {"host": canary}, "weight": 0}]
    return {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "VirtualService",
        "metadata": {"name": NAME},
        "spec": {"hosts": [NAME], "http": [{"name": "primary", "route": route}]},
    }


def istio(*managed: str, **fields: Any) -> Object:
    """Fields of a canary that istio shares the traffic for, with the managed routes' names."""
    routing: Object = {"istio": {"virtualService": {"name": NAME, "routes": ["primary"]}}}
    if managed:
        routing["managedRoutes"] = [{"name": each} for each in managed]
    return {"canaryService": "canary", "stableService": "stable", "trafficRouting": routing, **fields}
